"""The report in the terminal: the verdict, the money, the causes, and where the reports lie.

In: the summary and the issues.
Out: plain text in the language in use. Lines are broken only where the width of a terminal is given, so that
what goes into a file or a pipe can be searched line by line.
Never: color.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.assessment import format_run_argument
from pipeline.i18n import format_number, translate, translate_count
from pipeline.report.causes import IssueGroup, describe_place_and_invoice, group_issues
from pipeline.report.sentences import (
    COUNTED_RECORDS,
    SHARES,
    describe_billing,
    describe_control_totals,
    describe_ignored_rows,
    describe_requests,
    describe_verdict,
    list_alerts,
    list_unread_amounts,
)
from pipeline.report.text_layout import format_count, replace_unprintable, wrap_lines
from schemas.currencies import NO_CURRENCY

_MAX_CAUSES = 25
_MAX_PLACES = 3
_INDENT = " " * 8


def render_report(summary: Mapping[str, Any], issues: pa.Table, width: int = 0) -> str:
    """Render the report of a check or run.

    Args:
        summary: as `summary.json` has it.
        issues: as `make_issue_table` gives them.
        width: of the terminal in characters; 0 wraps nothing.
    """
    lines = [*_render_heading(summary), "", *_render_balance(summary), "", *_render_details(summary)]
    headings = {"error": translate("What must be corrected"), "warning": translate("What you should know")}
    for level, heading in headings.items():
        matching = issues.filter(pc.equal(issues["level"], level))
        if len(matching):
            lines += ["", heading, *render_causes(matching)]
    lines += _render_next_steps(summary)
    return "\n".join(wrap_lines(map(replace_unprintable, lines), width)) + "\n"


def _render_heading(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield the verdict and the files, and the verdict again as a sentence with numbers."""
    names = ", ".join(source["name"] for source in summary["sources"])
    yield f"{translate(summary['verdict'].upper())}  {names}"
    yield describe_verdict(summary["verdict"], summary["invoices"], summary.get("control"))
    if summary["command"] == "check":
        yield translate("This was a check: nothing was changed.")
    yield from list_alerts(summary)


def _render_balance(summary: Mapping[str, Any]) -> Iterator[str]:
    """Show that everything that came in is accepted, rejected or skipped, with a row for each currency."""
    rows = [["", *map(translate, SHARES)], *_make_count_rows(summary), *_make_money_rows(summary)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *cells in rows:
        numbers = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "   ".join([first.ljust(widths[0]), *numbers])
    yield from list_unread_amounts(summary)
    yield from (
        translate("Does not balance: {what}", what=difference) for difference in summary["differences"]
    )
    yield from describe_control_totals(summary.get("control"))


def _make_count_rows(summary: Mapping[str, Any]) -> Iterator[list[str]]:
    counts_by_name = {name: summary[name] for name in COUNTED_RECORDS} | summary["sheets"]
    for name, counts in counts_by_name.items():
        yield [translate(name), *(format_number(counts[share]) for share in SHARES)]


def _make_money_rows(summary: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield a row for each currency, then for what discounts and taxes add to it."""
    for currency, sums in summary["money"].items():
        yield _make_money_row(currency, sums)
    for name, counts in summary["sheets"].items():
        for currency, sums in counts["on_top"].items():
            yield _make_money_row(currency, sums, f" {translate(name)}")


def _make_money_row(currency: str, sums: Mapping[str, str], suffix: str = "") -> list[str]:
    """Return sums of money as a row of the table."""
    name = translate("no currency") if currency == NO_CURRENCY else currency
    return [f"{name}{suffix}", *(format_number(Decimal(sums[share])) for share in SHARES)]


def _render_details(summary: Mapping[str, Any]) -> Iterator[str]:
    unbalanced = summary["verdict"] == "unbalanced"
    yield describe_requests(summary["command"], 0 if unbalanced else summary["requests"], summary["target"])
    if not unbalanced:
        yield from describe_billing(summary["plan"])
    yield from filter(None, (describe_ignored_rows(summary["ignored_rows"]),))
    if summary["permissions"]:
        names = ", ".join(summary["permissions"])
        yield translate("Who sends it needs these permissions in the billing system: {names}.", names=names)
    catalog = summary["catalog"]
    if catalog:
        charges = format_count(catalog["charges"], "charge")
        yield translate("Catalog: {name} with {charges}.", name=catalog["sha256"][:12], charges=charges)
    else:
        yield translate("Catalog: none is loaded.")
    accounts = summary["accounts"]
    if accounts:
        account_count = format_count(accounts["accounts"], "account")
        yield translate(
            "Accounts: {name} with {accounts}.", name=accounts["sha256"][:12], accounts=account_count
        )
    else:
        yield translate("Accounts: no list is loaded, so no account was checked.")


def render_causes(issues: pa.Table) -> Iterator[str]:
    """Render issues by cause: code, title, places, fix.

    Args:
        issues: as `make_issue_table` gives them.
    """
    grouped = group_issues(issues, _MAX_CAUSES, _MAX_PLACES)
    for cause in grouped:
        yield from _render_cause(cause)
    if grouped.more:
        more = translate_count(
            grouped.more,
            "… and {count} more cause, all of them in issues.csv",
            "… and {count} more causes, all of them in issues.csv",
        )
        yield f"  {more}"


def _render_cause(cause: IssueGroup) -> Iterator[str]:
    yield f"  {cause.code}  {cause.title}" + (f": {format_count(cause.rows, 'row')}" if cause.rows else "")
    for issue in cause.places:
        repeats = issue["rows"] - 1
        more = (
            f" ({translate_count(repeats, 'and {count} more row', 'and {count} more rows')})"
            if repeats
            else ""
        )
        yield f"{_INDENT}{describe_place_and_invoice(issue)}: {issue['message']}{more}"
        if not cause.fix:
            yield f"{_INDENT}  {translate('Fix: {fix}', fix=issue['fix'])}"
    if cause.more:
        more = translate("… and {count} more, all of them in issues.csv", count=format_number(cause.more))
        yield f"{_INDENT}{more}"
    if cause.fix:
        yield f"{_INDENT}{translate('Fix: {fix}', fix=cause.fix)}"


def _render_next_steps(summary: Mapping[str, Any]) -> Iterator[str]:
    """Say where the reports lie and how to withdraw a run; after a check, how to get all issues."""
    if summary["run_folder"]:
        yield from ("", translate("Reports: {folder}", folder=summary["run_folder"]))
    elif summary["command"] == "check" and (summary["issues"] or summary["warnings"]):
        yield from ("", translate("Every issue, one a line, as issues.csv: check again with --report DIR."))
    if summary["run_id"] and summary["invoices"]["accepted"]:
        yield translate("To withdraw it: invoice-import discard {run}", run=_name_run(summary))


def _name_run(summary: Mapping[str, Any]) -> str:
    """Return a run as `discard` takes it, with its workspace where that is not the default one."""
    # a run's folder lies in `runs`, and that in the workspace
    return format_run_argument(summary["run_id"], Path(summary["run_folder"]).parent.parent)
