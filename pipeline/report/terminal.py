"""What a person sees in the terminal: the verdict, the money, the causes, and where the reports lie.

Plain text without colour. Lines are wrapped only when the width of a terminal is given, so that what goes
into a file or a pipe can be searched line by line.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.language import counted, figure, say
from pipeline.line import run_named
from pipeline.report.causes import Cause, by_cause, place_of
from schemas.currencies import NO_CURRENCY

SHARES = ("in", "accepted", "rejected", "skipped")
COUNTED = ("invoices", "items")
_MOST_CAUSES = 25
_PLACES = 3
_INDENT = " " * 8
_LEAST_WIDTH = 60
_NAMED = 3
IGNORED = {"example": "example", "note": "note", "total": "totals", "blank": "blank"}


def told(summary: Mapping[str, Any], issues: pa.Table, width: int = 0) -> str:
    """The report of a check or run.

    Args:
        summary: as `summary.json` has it.
        issues: as `issue_table` gives them.
        width: of the terminal in characters; 0 wraps nothing.
    """
    lines = [*_verdict(summary), "", *_books(summary), "", *_details(summary)]
    headings = {"error": say("What must be corrected"), "warning": say("What you should know")}
    for level, heading in headings.items():
        some = issues.filter(pc.equal(issues["level"], level))
        if len(some):
            lines += ["", heading, *causes(some)]
    return "\n".join(wrapped(map(visible, [*lines, *_where(summary)]), width)) + "\n"


def wrapped(lines: Iterable[str], width: int) -> Iterator[str]:
    """Lines no longer than a terminal is wide; what continues a line stands under it, a little to the right.

    Args:
        lines: as they would be without a terminal.
        width: in characters; 0, or less than anybody can read, leaves them as they are.
    """
    for line in lines:
        if width < _LEAST_WIDTH or len(line) <= width:
            yield line
            continue
        indent = len(line) - len(line.lstrip()) + 2
        yield from textwrap.wrap(
            line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
        )


def visible(text: str) -> str:
    """A text that does nothing to a terminal, whatever a cell or a file's name holds.

    Args:
        text: a line; what cannot be seen in it becomes a replacement character.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\xa0" else "\ufffd" for each in text)


def count_of(count: int, one: str, many: str = "") -> str:
    """A number with its noun, as the language in use has it: `1 row`, `2,000 rows`.

    Args:
        count: how many.
        one: the noun for one.
        many: the noun for more; without it an s is put to the noun for one.
    """
    return counted(count, f"{{count}} {one}", f"{{count}} {many or one + 's'}")


def _verdict(summary: Mapping[str, Any]) -> Iterator[str]:
    """The verdict and the files, and the same as a sentence with numbers."""
    names = ", ".join(each["name"] for each in summary["sources"])
    yield f"{say(summary['verdict'].upper())}  {names}"
    yield sentence(summary["verdict"], summary["invoices"], summary.get("control"))
    if summary["command"] == "check":
        yield say("This was a check: nothing was changed.")
    yield from alerts(summary)


def alerts(summary: Mapping[str, Any]) -> Iterator[str]:
    """What must not be overlooked: it stands at the top.

    Args:
        summary: as `summary.json` has it.
    """
    charged = summary["warnings"].get("W806", 0)
    if charged:
        yield counted(
            charged,
            "Attention: {count} invoice is posted with auto pay: money will be taken from the customer.",
            "Attention: {count} invoices are posted with auto pay: money will be taken from the customers.",
        )


def sentence(verdict: str, books: Mapping[str, int], control: Mapping[str, Any] | None = None) -> str:
    """The verdict in one sentence with numbers.

    Args:
        verdict: as the summary has it.
        books: the invoices that came in and what became of them.
        control: the control totals, as the summary has them.
    """
    if verdict == "unbalanced" and control and not control["holds"]:
        return say("Nothing is prepared: what was read is not what its preparer expected.")
    if verdict == "unbalanced":
        return say(
            "The books do not balance: nothing was prepared. This is a fault of the program; report it."
        )
    if verdict == "duplicate":
        return say("Nothing is left to do: every invoice was accepted before.")
    if not books["in"]:
        return say("Nothing is accepted: no invoice was found.")
    if not books["skipped"] and books["in"] in (books["accepted"], books["rejected"]):
        return say("Every invoice is accepted." if books["accepted"] else "Every invoice is rejected.")
    parts = [
        counted(books["accepted"], "{count} is accepted", "{count} are accepted"),
        counted(books["rejected"], "{count} is rejected", "{count} are rejected"),
    ]
    if books["skipped"]:
        parts.append(counted(books["skipped"], "{count} was accepted before", "{count} were accepted before"))
    return counted(
        books["in"], "Of {count} invoice {parts}.", "Of {count} invoices {parts}.", parts=", ".join(parts)
    )


def _books(summary: Mapping[str, Any]) -> Iterator[str]:
    """The identity as a table: in = accepted + rejected + skipped, a row for each currency."""
    rows = [["", *map(say, SHARES)]]
    rows += [[say(what), *(figure(summary[what][share]) for share in SHARES)] for what in COUNTED]
    sheets = summary["sheets"]
    rows += [[say(name), *(figure(each[share]) for share in SHARES)] for name, each in sheets.items()]
    rows += [_sum(currency, sums) for currency, sums in summary["money"].items()]
    for name, each in sheets.items():
        more = f" {say(name)}"
        rows += [_sum(currency, sums, more) for currency, sums in each["on_top"].items()]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for first, *cells in rows:
        numbers = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "   ".join([first.ljust(widths[0]), *numbers])
    yield from unread(summary)
    yield from (say("Does not balance: {what}", what=each) for each in summary["differences"])
    yield from control_told(summary.get("control"))


def unread(summary: Mapping[str, Any]) -> Iterator[str]:
    """What is not in the sums, because its amount could not be read.

    Args:
        summary: as `summary.json` has it.
    """
    count = summary["items"]["amount_unread"]
    if count:
        yield counted(
            count,
            "The amount of {count} item is unknown and not in these sums.",
            "The amount of {count} items is unknown and not in these sums.",
        )
    for name, each in summary["sheets"].items():
        if each["amount_unread"]:
            yield say(
                "The amount of {count} of the {sheet} is unknown and not in these sums.",
                count=figure(each["amount_unread"]), sheet=say(name),
            )  # fmt: skip


def control_told(control: Mapping[str, Any] | None) -> Iterator[str]:
    """Whether what was read is what was expected; the differences themselves are told as issues.

    Args:
        control: of the summary; nothing is told of none.
    """
    control = control or {}
    totals = control.get("totals", ())
    agree = sum(each["holds"] for each in totals)
    if totals:
        yield counted(
            len(totals),
            "Control totals: {agree} of {count} agrees.",
            "Control totals: {agree} of {count} agree.",
            agree=figure(agree),
        )
    elif control.get("missing") == "recommended":
        yield say(
            "No control totals: a CSV file that was cut short may pass unnoticed. Give them with"
            " --expect-count and --expect-total, or in a control file."
        )


def _sum(currency: str, sums: Mapping[str, str], more: str = "") -> list[str]:
    """Sums of money as a row of the table."""
    name = say("no currency") if currency == NO_CURRENCY else currency
    return [f"{name}{more}", *(figure(Decimal(sums[share])) for share in SHARES)]


def _details(summary: Mapping[str, Any]) -> Iterator[str]:
    unbalanced = summary["verdict"] == "unbalanced"
    yield _plan(summary["command"], 0 if unbalanced else summary["requests"], summary["target"])
    if not unbalanced:
        yield from plan_told(summary["plan"])
    yield from filter(None, (left_out(summary["ignored_rows"]),))
    if summary["permissions"]:
        names = ", ".join(summary["permissions"])
        yield say("Who sends it needs these permissions in the billing system: {names}.", names=names)
    catalog = summary["catalog"]
    if catalog:
        known = count_of(catalog["charges"], "charge")
        yield say("Catalog: {name} with {charges}.", name=catalog["sha256"][:12], charges=known)
    else:
        yield say("Catalog: none is loaded.")
    accounts = summary["accounts"]
    if accounts:
        listed = count_of(accounts["accounts"], "account")
        yield say("Accounts: {name} with {accounts}.", name=accounts["sha256"][:12], accounts=listed)
    else:
        yield say("Accounts: no list is loaded, so no account was checked.")


def left_out(ignored: Mapping[str, int]) -> str:
    """The rows that are no data, in a sentence; empty when there are none.

    Args:
        ignored: how many, by what they are, of the summary.
    """
    rows = [f"{figure(count)} {say(IGNORED.get(name, name))}" for name, count in ignored.items() if count]
    return say("Rows left out, because they are no data: {rows}.", rows=", ".join(rows)) if rows else ""


def plan_told(plan: Mapping[str, Any]) -> Iterator[str]:
    """What is billed, in sentences: to whom, of when, and the largest.

    Args:
        plan: of the summary; nothing is told of none.
    """
    if not plan["invoices"]:
        return
    accounts, new = count_of(plan["accounts"], "account"), plan["new_accounts"]
    dates = plan["invoice_dates"] or {"first": "", "last": ""}  # a target may have no invoice date
    first, last = dates["first"], dates["last"]
    if not plan["accounts"]:
        pass  # a change of what is there bills nobody anew
    elif not first:
        yield say("Billed: {accounts}.", accounts=accounts)
    elif first == last:
        yield say("Billed: {accounts}, dated {date}.", accounts=accounts, date=first)
    else:
        yield say("Billed: {accounts}, dated {first} to {last}.", accounts=accounts, first=first, last=last)
    if new["count"]:
        some = ", ".join(new["first"][:_NAMED]) + (" …" if new["count"] > _NAMED else "")
        yield counted(
            new["count"],
            "{count} account was never billed from this ledger: {accounts}.",
            "{count} accounts were never billed from this ledger: {accounts}.",
            accounts=some,
        )
    first_of = {each["currency"]: each for each in reversed(plan["largest"])}  # the largest of each currency
    told = (
        f"{each['invoice_ref']} ({figure(Decimal(each['amount']))} {currency})"
        for currency, each in reversed(first_of.items())
    )
    yield say("The largest: {invoices}.", invoices=", ".join(told))


def _plan(command: str, count: int, target: str) -> str:
    """What would be prepared, or was."""
    if not count:
        return say("A run would prepare no request." if command == "check" else "No request was prepared.")
    if command == "check":
        return counted(
            count,
            "A run would prepare {count} request for {target}.",
            "A run would prepare {count} requests for {target}.",
            target=target,
        )
    return counted(
        count,
        "{count} request for {target} was prepared; nothing has been sent.",
        "{count} requests for {target} were prepared; nothing has been sent.",
        target=target,
    )


def causes(issues: pa.Table) -> Iterator[str]:
    """Issues by cause: code, title, places, fix.

    Args:
        issues: as `issue_table` gives them.
    """
    grouped = by_cause(issues, _MOST_CAUSES, _PLACES)
    for each in grouped:
        yield from _cause(each)
    if grouped.more:
        more = counted(
            grouped.more,
            "… and {count} more cause, all of them in issues.csv",
            "… and {count} more causes, all of them in issues.csv",
        )
        yield f"  {more}"


def _cause(cause: Cause) -> Iterator[str]:
    yield f"  {cause.code}  {cause.title}" + (f": {count_of(cause.rows, 'row')}" if cause.rows else "")
    for each in cause.places:
        others = each["rows"] - 1
        more = f" ({counted(others, 'and {count} more row', 'and {count} more rows')})" if others else ""
        yield f"{_INDENT}{place_of(each)}: {each['message']}{more}"
        if not cause.fix:
            yield f"{_INDENT}  {say('Fix: {fix}', fix=each['fix'])}"
    if cause.more:
        more = say("… and {count} more, all of them in issues.csv", count=figure(cause.more))
        yield f"{_INDENT}{more}"
    if cause.fix:
        yield f"{_INDENT}{say('Fix: {fix}', fix=cause.fix)}"


def _where(summary: Mapping[str, Any]) -> Iterator[str]:
    """Where the reports lie, and how to take a run back; for a check, how to get all of them."""
    if summary["run_folder"]:
        yield from ("", say("Reports: {folder}", folder=summary["run_folder"]))
    elif summary["command"] == "check" and (summary["issues"] or summary["warnings"]):
        yield from ("", say("Every issue, one a line, as issues.csv: check again with --report DIR."))
    if summary["run_id"] and summary["invoices"]["accepted"]:
        yield say("To withdraw it: invoice-import discard {run}", run=_named(summary))


def _named(summary: Mapping[str, Any]) -> str:
    """A run as `discard` takes it, with its workspace where that is not the default one."""
    return run_named(summary["run_id"], Path(summary["run_folder"]).parent.parent)
