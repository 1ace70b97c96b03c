"""`reply.txt`: a short text to the person who prepared the file, to be sent beside the marked workbook.

Input: the summary and the issues. Output: plain text in the language in use: what was accepted, what must be
corrected and where, and how to go on. It names nothing that only the operator of the program knows.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.language import counted, figure, say
from pipeline.report.causes import Cause, by_cause, place_of
from pipeline.report.terminal import count_of, sentence, visible
from schemas.currencies import NO_CURRENCY

NAME = "reply.txt"
_CAUSES = 20
_PLACES = 5
_WIDTH = 78
_INDENT = "     "


def reply(summary: Mapping[str, Any], issues: pa.Table) -> str:
    """The text.

    Args:
        summary: as `summary.json` has it, with the copies that were made.
        issues: as `issue_table` gives them.
    """
    lines = [
        *_opening(summary),
        *_found(issues, "error", say("What must be corrected")),
        *_found(issues, "warning", say("What you should know")),
        *_how_to_go_on(summary),
    ]
    return "\n".join(part for line in lines for part in _wrapped(visible(line))) + "\n"


def _wrapped(line: str) -> Sequence[str]:
    """A line no wider than a mail; a point of a list goes on under its first word."""
    indent = len(line) - len(line.lstrip(" 0123456789.-"))
    return textwrap.wrap(
        line, _WIDTH, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    ) or [""]


def _opening(summary: Mapping[str, Any]) -> Iterator[str]:
    """What was read, and what became of it."""
    names = ", ".join(dict.fromkeys(each["name"] for each in summary["sources"]))
    yield from (say("Hello,"), "", say("we have read {files}.", files=names))
    yield sentence(summary["verdict"], summary["invoices"], summary.get("control"))
    if summary["verdict"] == "unbalanced":
        return
    if sums := _sums(summary, "accepted"):
        yield say("Accepted: {sums}.", sums=sums)
    if sums := _sums(summary, "rejected"):
        yield say("To be corrected: {sums}.", sums=sums)
    unread = summary["items"]["amount_unread"]
    if unread:
        yield counted(
            unread,
            "The amount of {count} item is unknown and not in these sums.",
            "The amount of {count} items is unknown and not in these sums.",
        )


def _sums(summary: Mapping[str, Any], share: str) -> str:
    """Invoices and money of a share; empty when there is nothing of it."""
    count = summary["invoices"][share]
    money = [
        f"{figure(Decimal(sums[share]))} {say('without a currency') if currency == NO_CURRENCY else currency}"
        for currency, sums in summary["money"].items()
        if Decimal(sums[share])
    ]
    return ", ".join([count_of(count, "invoice"), *money]) if count or money else ""


def _found(issues: pa.Table, level: str, heading: str) -> Iterator[str]:
    """The causes of a level, numbered, each with its places and what to do."""
    some = by_cause(issues.filter(pc.equal(issues["level"], level)), _CAUSES, _PLACES)
    if not some.shown:
        return
    yield from ("", heading, "")
    for number, cause in enumerate(some, 1):
        yield from _cause(number, cause)
    if some.more:
        yield counted(some.more, "… and {count} more cause.", "… and {count} more causes.")


def _cause(number: int, cause: Cause) -> Iterator[str]:
    rows = f": {count_of(cause.rows, 'row')}" if cause.rows else ""
    yield f"{number:3}. {cause.title}{rows}"
    for each in cause.places:
        yield f"{_INDENT}- {place_of(each)}: {each['message']}"
        if not cause.fix:
            yield f"{_INDENT}  {say('What to do: {fix}', fix=each['fix'])}"
    if cause.more:
        yield _INDENT + counted(cause.more, "- … and {count} more row", "- … and {count} more rows")
    if cause.fix:
        yield f"{_INDENT}{say('What to do: {fix}', fix=cause.fix)}"


def _how_to_go_on(summary: Mapping[str, Any]) -> Iterator[str]:
    """Which file to correct, and that nothing is billed twice."""
    yield ""
    if not summary["issues"]:
        yield say("Nothing has to be corrected.")
        return
    marked, rejected = (_files(summary, holds) for holds in ("all", "rejected"))
    if marked:
        yield counted(
            len(marked),
            "Enclosed is {files}: your own sheets, every fault colored and commented, and a list of all of them.",
            "Enclosed are {files}: your own sheets, every fault colored and commented, and a list of all of them.",
            files=", ".join(marked),
        )
        yield say("Please correct it there, or in your own file, and send the whole back.")
    else:
        yield say("Please correct it in your own file and send the whole back.")
    if rejected:
        yield say(
            "If you prefer to see only what was rejected, correct {file} and send that back instead.",
            file=rejected[0],
        )
    if summary["invoices"]["accepted"] and summary["command"] == "run":
        yield say("What is accepted already is skipped then; nothing is billed twice.")


def _files(summary: Mapping[str, Any], holds: str) -> Sequence[str]:
    """The copies that were made."""
    copies = summary.get("copies", ())
    return [each["file"] for each in copies if each["file"] and each["holds"] == holds]
