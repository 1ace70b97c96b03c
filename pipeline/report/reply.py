"""`reply.txt`: a short text to the person who prepared the file, to send with the marked workbook.

In: the summary and the issues.
Out: plain text in the language in use: what was accepted, what must be corrected and where, and how to go on.
Never: anything that only the operator of the program knows.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import format_number, translate, translate_count
from pipeline.report.causes import IssueGroup, describe_place_and_invoice, group_issues
from pipeline.report.sentences import describe_verdict
from pipeline.report.text_layout import format_count, replace_unprintable
from schemas.currencies import NO_CURRENCY

REPLY_NAME = "reply.txt"
_MAX_CAUSES = 20
_MAX_PLACES = 5
_WIDTH = 78
_INDENT = "     "


def render_reply(summary: Mapping[str, Any], issues: pa.Table) -> str:
    """Render the text.

    Args:
        summary: as `summary.json` has it, with the copies that were made.
        issues: as `make_issue_table` gives them.
    """
    lines = [
        *_describe_outcome(summary),
        *_list_causes(issues, "error", translate("What must be corrected")),
        *_list_causes(issues, "warning", translate("What you should know")),
        *_describe_next_steps(summary),
    ]
    wrapped: list[str] = []
    for line in lines:
        wrapped += _wrap_line(replace_unprintable(line))
    return "\n".join(wrapped) + "\n"


def _wrap_line(line: str) -> Sequence[str]:
    """Break a line at the width of a mail; a point of a list goes on under its first word."""
    # what may precede the first word of a point: its number, its dash and blanks
    indent = len(line) - len(line.lstrip(" 0123456789.-"))
    return textwrap.wrap(
        line, _WIDTH, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    ) or [""]


def _describe_outcome(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was read, and what became of it."""
    names = ", ".join(dict.fromkeys(source["name"] for source in summary["sources"]))
    yield from (translate("Hello,"), "", translate("we have read {files}.", files=names))
    yield describe_verdict(summary["verdict"], summary["invoices"], summary.get("control"))
    if summary["verdict"] == "unbalanced":
        return
    if sums := _describe_share(summary, "accepted"):
        yield translate("Accepted: {sums}.", sums=sums)
    if sums := _describe_share(summary, "rejected"):
        yield translate("To be corrected: {sums}.", sums=sums)
    unread = summary["items"]["amount_unread"]
    if unread:
        yield translate_count(
            unread,
            "The amount of {count} item is unknown and not in these sums.",
            "The amount of {count} items is unknown and not in these sums.",
        )


def _describe_share(summary: Mapping[str, Any], share: str) -> str:
    """Return invoices and money of a share; empty when there is nothing of it."""
    count = summary["invoices"][share]
    money = []
    for currency, sums in summary["money"].items():
        name = translate("without a currency") if currency == NO_CURRENCY else currency
        if amount := Decimal(sums[share]):
            money.append(f"{format_number(amount)} {name}")
    return ", ".join([format_count(count, "invoice"), *money]) if count or money else ""


def _list_causes(issues: pa.Table, level: str, heading: str) -> Iterator[str]:
    """List the causes of a level, numbered, each with its places and what to do."""
    causes = group_issues(issues.filter(pc.equal(issues["level"], level)), _MAX_CAUSES, _MAX_PLACES)
    if not causes.shown:
        return
    yield from ("", heading, "")
    for number, cause in enumerate(causes, 1):
        yield from _describe_cause(number, cause)
    if causes.more:
        yield translate_count(causes.more, "… and {count} more cause.", "… and {count} more causes.")


def _describe_cause(number: int, cause: IssueGroup) -> Iterator[str]:
    rows = f": {format_count(cause.rows, 'row')}" if cause.rows else ""
    yield f"{number:3}. {cause.title}{rows}"
    for issue in cause.places:
        yield f"{_INDENT}- {describe_place_and_invoice(issue)}: {issue['message']}"
        if not cause.fix:
            yield f"{_INDENT}  {translate('What to do: {fix}', fix=issue['fix'])}"
    if cause.more:
        yield _INDENT + translate_count(cause.more, "- … and {count} more row", "- … and {count} more rows")
    if cause.fix:
        yield f"{_INDENT}{translate('What to do: {fix}', fix=cause.fix)}"


def _describe_next_steps(summary: Mapping[str, Any]) -> Iterator[str]:
    """Say which file to correct, and that nothing is billed twice."""
    yield ""
    if not summary["issues"]:
        yield translate("Nothing has to be corrected.")
        return
    marked, rejected = (_list_copies(summary, holds) for holds in ("all", "rejected"))
    if marked:
        yield translate_count(
            len(marked),
            "Enclosed is {files}: your own sheets, every fault colored and commented,"
            " and a list of all of them.",
            "Enclosed are {files}: your own sheets, every fault colored and commented,"
            " and a list of all of them.",
            files=", ".join(marked),
        )
        yield translate("Please correct it there, or in your own file, and send the whole back.")
    else:
        yield translate("Please correct it in your own file and send the whole back.")
    if rejected:
        yield translate(
            "If you prefer to see only what was rejected, correct {file} and send that back instead.",
            file=rejected[0],
        )
    if summary["invoices"]["accepted"] and summary["command"] == "run":
        yield translate("What is accepted already is skipped then; nothing is billed twice.")


def _list_copies(summary: Mapping[str, Any], holds: str) -> Sequence[str]:
    """List the copies that were made."""
    copies = summary.get("copies", ())
    return [workbook["file"] for workbook in copies if workbook["file"] and workbook["holds"] == holds]
