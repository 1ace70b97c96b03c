"""Issues by cause: one code in one column, how many rows it stands for, its first places, and the fix.

Whatever shows issues to a person shows them in this grouping: the terminal, the page, the reply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import CATALOGUE
from pipeline.language import say
from pipeline.report.issue_table import spoken

_EXPECTED = ("E601", "E602", "E603", "E604")
"""What was expected and is not so: nothing else matters until that is settled."""
_OF_FILE = (
    *_EXPECTED,
    "E101",
    "E102",
    "E103",
    "E104",
    "E105",
    "E107",
    "E113",
    "E340",
    "E352",
    "W101",
    "W105",
    "W412",
)
_OF_ROWS = 2
_ORDER = ("rank", "rows_sum", "code", "column")


@dataclass(frozen=True)
class Cause:
    """One cause.

    Attributes:
        code: of the catalogue.
        title: what is wrong, with the column where there is one.
        rows: how many rows it stands for; 0 where it is about a file or a header.
        fix: what to do, when it is the same everywhere; else empty, and each place has its own.
        places: the first issues, as rows of `issue_table`.
        more: issues that are not among the places.
    """

    code: str
    title: str
    rows: int
    fix: str
    places: list[dict[str, Any]]
    more: int


@dataclass(frozen=True)
class Causes:
    """The first causes, and how many there are besides."""

    shown: list[Cause]
    more: int

    def __iter__(self) -> Iterator[Cause]:
        return iter(self.shown)


def by_cause(issues: pa.Table, most: int, places: int) -> Causes:
    """Issues by cause: what was expected of the file first, what is wrong with it next, then the commonest.

    Args:
        issues: as `issue_table` gives them.
        most: causes to show.
        places: to show of each.
    """
    groups = issues.group_by(["code", "column"]).aggregate([("rows", "sum")])
    ranks = (pc.invert(pc.is_in(groups["code"], value_set=pa.array(own))) for own in (_EXPECTED, _OF_FILE))
    rank = pc.add(*(pc.cast(each, pa.int8()) for each in ranks))
    groups = groups.append_column("rank", rank).sort_by(
        [(each, "descending" if each == "rows_sum" else "ascending") for each in _ORDER]
    )
    shown = [_cause(each, issues, places) for each in groups.slice(0, most).to_pylist()]
    return Causes(shown, len(groups) - len(shown))


def _cause(group: Mapping[str, Any], issues: pa.Table, places: int) -> Cause:
    mine = pc.and_(pc.equal(issues["code"], group["code"]), pc.equal(issues["column"], group["column"]))
    some, kind = issues.filter(mine), CATALOGUE[group["code"]]
    first = some.slice(0, places)
    return Cause(
        kind.code,
        f"{say(kind.title)} ({spoken(group['column'])})" if group["column"] else say(kind.title),
        group["rows_sum"] if group["rank"] == _OF_ROWS else 0,
        some["fix"][0].as_py() if len(pc.unique(some["fix"])) == 1 else "",
        first.to_pylist(),
        len(some) - len(first),
    )


def place(issue: Mapping[str, Any]) -> str:
    """Where an issue is, as one would say it: file, sheet and cell, or the row.

    Args:
        issue: a row of `issue_table`.
    """
    where = issue["file"] if issue["sheet"] in ("", issue["file"]) else f"{issue['file']} {issue['sheet']}"
    if issue["cell"]:
        return f"{where} {issue['cell']}"
    return say("{where} row {row}", where=where, row=str(issue["row"])) if issue["row"] else str(where)


def place_of(issue: Mapping[str, Any]) -> str:
    """Where an issue is, and of which invoice.

    Args:
        issue: a row of `issue_table`.
    """
    ref = whose(issue)
    return say("{place}, invoice {ref}", place=place(issue), ref=ref) if ref else place(issue)


def whose(issue: Mapping[str, Any]) -> str:
    """The reference of the invoice an issue is about; empty where the message names it already.

    Args:
        issue: a row of `issue_table`.
    """
    ref = issue["invoice_ref"]
    return ref if ref and f'"{ref}"' not in issue["message"] else ""
