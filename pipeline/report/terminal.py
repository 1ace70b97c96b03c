"""What a person sees in the terminal: the verdict, the money, the causes, and where the reports lie.

Plain text without colour. Lines are wrapped only when the width of a terminal is given, so that what goes
into a file or a pipe can be searched line by line.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.assessment import format_run_argument
from pipeline.i18n import format_number, translate, translate_count
from pipeline.report.causes import IssueGroup, describe_place_and_invoice, group_issues
from schemas.currencies import NO_CURRENCY

SHARES = ("in", "accepted", "rejected", "skipped")
COUNTED_RECORDS = ("invoices", "items")
_MAX_CAUSES = 25
_MAX_PLACES = 3
_INDENT = " " * 8
_MIN_WIDTH = 60
_MAX_ACCOUNTS = 3
IGNORED_NOUNS = {"example": "example", "note": "note", "total": "totals", "blank": "blank"}


def render_report(summary: Mapping[str, Any], issues: pa.Table, width: int = 0) -> str:
    """The report of a check or run.

    Args:
        summary: as `summary.json` has it.
        issues: as `issue_table` gives them.
        width: of the terminal in characters; 0 wraps nothing.
    """
    lines = [*_render_heading(summary), "", *_render_balance(summary), "", *_render_details(summary)]
    headings = {"error": translate("What must be corrected"), "warning": translate("What you should know")}
    for level, heading in headings.items():
        matching = issues.filter(pc.equal(issues["level"], level))
        if len(matching):
            lines += ["", heading, *render_causes(matching)]
    return (
        "\n".join(wrap_lines(map(replace_unprintable, [*lines, *_render_next_steps(summary)]), width)) + "\n"
    )


def wrap_lines(lines: Iterable[str], width: int) -> Iterator[str]:
    """Lines no longer than a terminal is wide; what continues a line stands under it, a little to the right.

    Args:
        lines: as they would be without a terminal.
        width: in characters; 0, or less than anybody can read, leaves them as they are.
    """
    for line in lines:
        if width < _MIN_WIDTH or len(line) <= width:
            yield line
            continue
        indent = len(line) - len(line.lstrip()) + 2
        yield from textwrap.wrap(
            line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
        )


def align_columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as lines, each column as wide as its widest cell.

    Args:
        rows: of equal length, the headings among them.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    return "".join(f"{line}\n" for line in lines)


def replace_unprintable(text: str) -> str:
    """A text that does nothing to a terminal, whatever a cell or a file's name holds.

    Args:
        text: a line; what cannot be seen in it becomes a replacement character.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\xa0" else "\ufffd" for character in text
    )


def format_count(count: int, singular: str, plural: str = "") -> str:
    """A number with its noun, as the language in use has it: `1 row`, `2,000 rows`.

    Args:
        count: how many.
        singular: the noun for one.
        plural: the noun for more; without it an s is put to the noun for one.
    """
    return translate_count(count, f"{{count}} {singular}", f"{{count}} {plural or singular + 's'}")


def _render_heading(summary: Mapping[str, Any]) -> Iterator[str]:
    """The verdict and the files, and the same as a sentence with numbers."""
    names = ", ".join(source["name"] for source in summary["sources"])
    yield f"{translate(summary['verdict'].upper())}  {names}"
    yield describe_verdict(summary["verdict"], summary["invoices"], summary.get("control"))
    if summary["command"] == "check":
        yield translate("This was a check: nothing was changed.")
    yield from list_alerts(summary)


def list_alerts(summary: Mapping[str, Any]) -> Iterator[str]:
    """What must not be overlooked: it stands at the top.

    Args:
        summary: as `summary.json` has it.
    """
    charged = summary["warnings"].get("W806", 0)
    if charged:
        yield translate_count(
            charged,
            "Attention: {count} invoice is posted with auto pay: money will be taken from the customer.",
            "Attention: {count} invoices are posted with auto pay: money will be taken from the customers.",
        )


def describe_verdict(
    verdict: str, invoices: Mapping[str, int], control: Mapping[str, Any] | None = None
) -> str:
    """The verdict in one sentence with numbers.

    Args:
        verdict: as the summary has it.
        invoices: the invoices that came in and what became of them.
        control: the control totals, as the summary has them.
    """
    if verdict == "unbalanced" and control and not control["holds"]:
        return translate("Nothing is prepared: what was read is not what its preparer expected.")
    if verdict == "unbalanced":
        return translate(
            "The books do not balance: nothing was prepared. This is a fault of the program; report it."
        )
    if verdict == "duplicate":
        return translate("Nothing is left to do: every invoice was accepted before.")
    if not invoices["in"]:
        return translate("Nothing is accepted: no invoice was found.")
    if not invoices["skipped"] and invoices["in"] in (invoices["accepted"], invoices["rejected"]):
        return translate(
            "Every invoice is accepted." if invoices["accepted"] else "Every invoice is rejected."
        )
    parts = [
        translate_count(invoices["accepted"], "{count} is accepted", "{count} are accepted"),
        translate_count(invoices["rejected"], "{count} is rejected", "{count} are rejected"),
    ]
    if invoices["skipped"]:
        parts.append(
            translate_count(
                invoices["skipped"], "{count} was accepted before", "{count} were accepted before"
            )
        )
    return translate_count(
        invoices["in"], "Of {count} invoice {parts}.", "Of {count} invoices {parts}.", parts=", ".join(parts)
    )


def _render_balance(summary: Mapping[str, Any]) -> Iterator[str]:
    """The identity as a table: in = accepted + rejected + skipped, a row for each currency."""
    rows = [["", *map(translate, SHARES)]]
    rows += [
        [translate(what), *(format_number(summary[what][share]) for share in SHARES)]
        for what in COUNTED_RECORDS
    ]
    sheets = summary["sheets"]
    rows += [
        [translate(name), *(format_number(counts[share]) for share in SHARES)]
        for name, counts in sheets.items()
    ]
    rows += [_make_money_row(currency, sums) for currency, sums in summary["money"].items()]
    for name, counts in sheets.items():
        suffix = f" {translate(name)}"
        rows += [_make_money_row(currency, sums, suffix) for currency, sums in counts["on_top"].items()]
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for first, *cells in rows:
        numbers = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "   ".join([first.ljust(widths[0]), *numbers])
    yield from list_unread_amounts(summary)
    yield from (
        translate("Does not balance: {what}", what=difference) for difference in summary["differences"]
    )
    yield from describe_control_totals(summary.get("control"))


def list_unread_amounts(summary: Mapping[str, Any]) -> Iterator[str]:
    """What is not in the sums, because its amount could not be read.

    Args:
        summary: as `summary.json` has it.
    """
    count = summary["items"]["amount_unread"]
    if count:
        yield translate_count(
            count,
            "The amount of {count} item is unknown and not in these sums.",
            "The amount of {count} items is unknown and not in these sums.",
        )
    for name, counts in summary["sheets"].items():
        if counts["amount_unread"]:
            yield translate(
                "The amount of {count} of the {sheet} is unknown and not in these sums.",
                count=format_number(counts["amount_unread"]), sheet=translate(name),
            )  # fmt: skip


def describe_control_totals(control: Mapping[str, Any] | None) -> Iterator[str]:
    """Whether what was read is what was expected; the differences themselves are told as issues.

    Args:
        control: of the summary; nothing is told of none.
    """
    control = control or {}
    totals = control.get("totals", ())
    agreeing = sum(total["holds"] for total in totals)
    if totals:
        yield translate_count(
            len(totals),
            "Control totals: {agree} of {count} agrees.",
            "Control totals: {agree} of {count} agree.",
            agree=format_number(agreeing),
        )
    elif control.get("missing") == "recommended":
        yield translate(
            "No control totals: a CSV file that was cut short may pass unnoticed. Give them with"
            " --expect-count and --expect-total, or in a control file."
        )


def _make_money_row(currency: str, sums: Mapping[str, str], suffix: str = "") -> list[str]:
    """Sums of money as a row of the table."""
    name = translate("no currency") if currency == NO_CURRENCY else currency
    return [f"{name}{suffix}", *(format_number(Decimal(sums[share])) for share in SHARES)]


def _render_details(summary: Mapping[str, Any]) -> Iterator[str]:
    unbalanced = summary["verdict"] == "unbalanced"
    yield _describe_requests(summary["command"], 0 if unbalanced else summary["requests"], summary["target"])
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


def describe_ignored_rows(ignored: Mapping[str, int]) -> str:
    """The rows that are no data, in a sentence; empty when there are none.

    Args:
        ignored: how many, by what they are, of the summary.
    """
    rows = [
        f"{format_number(count)} {translate(IGNORED_NOUNS.get(name, name))}"
        for name, count in ignored.items()
        if count
    ]
    return translate("Rows left out, because they are no data: {rows}.", rows=", ".join(rows)) if rows else ""


def describe_billing(plan: Mapping[str, Any]) -> Iterator[str]:
    """What is billed, in sentences: to whom, of when, and the largest.

    Args:
        plan: of the summary; nothing is told of none.
    """
    if not plan["invoices"]:
        return
    accounts, new_accounts = format_count(plan["accounts"], "account"), plan["new_accounts"]
    dates = plan["invoice_dates"] or {"first": "", "last": ""}  # a target may have no invoice date
    first, last = dates["first"], dates["last"]
    if not plan["accounts"]:
        pass  # a change of what is there bills nobody anew
    elif not first:
        yield translate("Billed: {accounts}.", accounts=accounts)
    elif first == last:
        yield translate("Billed: {accounts}, dated {date}.", accounts=accounts, date=first)
    else:
        yield translate(
            "Billed: {accounts}, dated {first} to {last}.", accounts=accounts, first=first, last=last
        )
    if new_accounts["count"]:
        first_accounts = ", ".join(new_accounts["first"][:_MAX_ACCOUNTS]) + (
            " …" if new_accounts["count"] > _MAX_ACCOUNTS else ""
        )
        yield translate_count(
            new_accounts["count"],
            "{count} account was never billed from this ledger: {accounts}.",
            "{count} accounts were never billed from this ledger: {accounts}.",
            accounts=first_accounts,
        )
    largest_by_currency = {
        invoice["currency"]: invoice for invoice in reversed(plan["largest"])
    }  # the largest of each currency
    amounts = (
        f"{invoice['invoice_ref']} ({format_number(Decimal(invoice['amount']))} {currency})"
        for currency, invoice in reversed(largest_by_currency.items())
    )
    yield translate("The largest: {invoices}.", invoices=", ".join(amounts))


def _describe_requests(command: str, count: int, target: str) -> str:
    """What would be prepared, or was."""
    if not count:
        return translate(
            "A run would prepare no request." if command == "check" else "No request was prepared."
        )
    if command == "check":
        return translate_count(
            count,
            "A run would prepare {count} request for {target}.",
            "A run would prepare {count} requests for {target}.",
            target=target,
        )
    return translate_count(
        count,
        "{count} request for {target} was prepared; nothing has been sent.",
        "{count} requests for {target} were prepared; nothing has been sent.",
        target=target,
    )


def render_causes(issues: pa.Table) -> Iterator[str]:
    """Issues by cause: code, title, places, fix.

    Args:
        issues: as `issue_table` gives them.
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
    """Where the reports lie, and how to take a run back; for a check, how to get all of them."""
    if summary["run_folder"]:
        yield from ("", translate("Reports: {folder}", folder=summary["run_folder"]))
    elif summary["command"] == "check" and (summary["issues"] or summary["warnings"]):
        yield from ("", translate("Every issue, one a line, as issues.csv: check again with --report DIR."))
    if summary["run_id"] and summary["invoices"]["accepted"]:
        yield translate("To withdraw it: invoice-import discard {run}", run=_name_run(summary))


def _name_run(summary: Mapping[str, Any]) -> str:
    """A run as `discard` takes it, with its workspace where that is not the default one."""
    return format_run_argument(summary["run_id"], Path(summary["run_folder"]).parent.parent)
