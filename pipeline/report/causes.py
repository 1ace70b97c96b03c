"""Issues by cause: one code in one column, how many rows it stands for, its first places, and the fix.

Whatever shows issues to a person shows them in this grouping: the terminal, the page, the reply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.issues import CATALOGUE
from pipeline.report.issue_table import strip_required_mark

_CONTROL_CODES = ("E601", "E602", "E603", "E604")
"""What was expected and is not so: nothing else matters until that is settled."""
_FILE_CODES = (
    *_CONTROL_CODES,
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
_ROW_RANK = 2
_ORDER = ("rank", "rows_sum", "code", "column")


@dataclass(frozen=True)
class IssueGroup:
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
class IssueGroups:
    """The first causes, and how many there are besides."""

    shown: list[IssueGroup]
    more: int

    def __iter__(self) -> Iterator[IssueGroup]:
        return iter(self.shown)


def group_issues(issues: pa.Table, limit: int, place_limit: int) -> IssueGroups:
    """Issues by cause: what was expected of the file first, what is wrong with it next, then the commonest.

    Args:
        issues: as `issue_table` gives them.
        limit: causes to show.
        place_limit: to show of each.
    """
    groups = issues.group_by(["code", "column"]).aggregate([("rows", "sum")])
    ranks = (
        pc.invert(pc.is_in(groups["code"], value_set=pa.array(codes)))
        for codes in (_CONTROL_CODES, _FILE_CODES)
    )
    rank = pc.add(*(pc.cast(mask, pa.int8()) for mask in ranks))
    groups = groups.append_column("rank", rank).sort_by(
        [(key, "descending" if key == "rows_sum" else "ascending") for key in _ORDER]
    )
    shown = [_build_group(group, issues, place_limit) for group in groups.slice(0, limit).to_pylist()]
    return IssueGroups(shown, len(groups) - len(shown))


def _build_group(group: Mapping[str, Any], issues: pa.Table, place_limit: int) -> IssueGroup:
    is_member = pc.and_(pc.equal(issues["code"], group["code"]), pc.equal(issues["column"], group["column"]))
    members, kind = issues.filter(is_member), CATALOGUE[group["code"]]
    first = members.slice(0, place_limit)
    return IssueGroup(
        kind.code,
        f"{translate(kind.title)} ({strip_required_mark(group['column'])})"
        if group["column"]
        else translate(kind.title),
        group["rows_sum"] if group["rank"] == _ROW_RANK else 0,
        members["fix"][0].as_py() if len(pc.unique(members["fix"])) == 1 else "",
        first.to_pylist(),
        len(members) - len(first),
    )


def describe_place(issue: Mapping[str, Any]) -> str:
    """Where an issue is, as one would say it: file, sheet and cell, or the row.

    Args:
        issue: a row of `issue_table`.
    """
    sheet = issue["file"] if issue["sheet"] in ("", issue["file"]) else f"{issue['file']} {issue['sheet']}"
    if issue["cell"]:
        return f"{sheet} {issue['cell']}"
    return translate("{where} row {row}", where=sheet, row=str(issue["row"])) if issue["row"] else str(sheet)


def describe_place_and_invoice(issue: Mapping[str, Any]) -> str:
    """Where an issue is, and of which invoice.

    Args:
        issue: a row of `issue_table`.
    """
    ref = get_unmentioned_reference(issue)
    return (
        translate("{place}, invoice {ref}", place=describe_place(issue), ref=ref)
        if ref
        else describe_place(issue)
    )


def get_unmentioned_reference(issue: Mapping[str, Any]) -> str:
    """The reference of the invoice an issue is about; empty where the message names it already.

    Args:
        issue: a row of `issue_table`.
    """
    ref = issue["invoice_ref"]
    return ref if ref and f'"{ref}"' not in issue["message"] else ""
