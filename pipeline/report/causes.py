"""Issues grouped by code and column, with the number of rows, the first places and the fix.

In: the table of issues.
Out: `IssueGroups` of bounded size; where an issue is, as part of a sentence.
Never: lets many rows of one cause crowd out another.

The terminal, the HTML report and the reply all show issues in these groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.issues import CATALOGUE, Scope
from pipeline.report.issue_table import strip_required_mark

_ROW_RANK = 2
_RANKS = {Scope.CONTROL: 0, Scope.FILE: 1, Scope.SHEET: 1}
"""Order of the groups: control totals first, as nothing else matters until they agree; files; rows."""

_ORDER = ("rank", "rows_sum", "code", "column")


@dataclass(frozen=True)
class IssueGroup:
    """The issues of one code in one column.

    Attributes:
        code: of the catalogue.
        title: what is wrong, with the column where there is one.
        rows: how many rows have it; 0 where it is about a file, a sheet or a header.
        fix: what to do if it is the same everywhere; else empty, as each place has its own.
        places: the first issues, as rows of `issue_table`.
        more: the number of issues that are not among the places.
    """

    code: str
    title: str
    rows: int
    fix: str
    places: list[dict[str, Any]]
    more: int


@dataclass(frozen=True)
class IssueGroups:
    """The first groups, and the number of those that are not shown."""

    shown: list[IssueGroup]
    more: int

    def __iter__(self) -> Iterator[IssueGroup]:
        return iter(self.shown)


def group_issues(issues: pa.Table, limit: int, place_limit: int) -> IssueGroups:
    """Group issues: those of control totals first, those of files next, then those with the most rows.

    Args:
        issues: as `issue_table` gives them.
        limit: the number of groups to show.
        place_limit: the number of issues to show of each group.
    """
    groups = issues.group_by(["code", "column"]).aggregate([("rows", "sum")])
    ranks = [_RANKS.get(CATALOGUE[code].scope, _ROW_RANK) for code in groups["code"].to_pylist()]
    groups = groups.append_column("rank", pa.array(ranks, pa.int8())).sort_by(
        [(key, "descending" if key == "rows_sum" else "ascending") for key in _ORDER]
    )
    shown = [_build_group(group, issues, place_limit) for group in groups.slice(0, limit).to_pylist()]
    return IssueGroups(shown, len(groups) - len(shown))


def _build_group(group: Mapping[str, Any], issues: pa.Table, place_limit: int) -> IssueGroup:
    is_member = pc.and_(pc.equal(issues["code"], group["code"]), pc.equal(issues["column"], group["column"]))
    members, kind = issues.filter(is_member), CATALOGUE[group["code"]]
    first = members.slice(0, place_limit)
    title = translate(kind.title)
    if group["column"]:
        title = f"{title} ({strip_required_mark(group['column'])})"
    return IssueGroup(
        kind.code,
        title,
        group["rows_sum"] if group["rank"] == _ROW_RANK else 0,
        # one fix for all is said once, under the group
        members["fix"][0].as_py() if len(pc.unique(members["fix"])) == 1 else "",
        first.to_pylist(),
        len(members) - len(first),
    )


def describe_place(issue: Mapping[str, Any]) -> str:
    """Return where an issue is: file, sheet and cell, or file, sheet and row.

    Args:
        issue: a row of `issue_table`.
    """
    sheet = issue["file"] if issue["sheet"] in ("", issue["file"]) else f"{issue['file']} {issue['sheet']}"
    if issue["cell"]:
        return f"{sheet} {issue['cell']}"
    return translate("{where} row {row}", where=sheet, row=str(issue["row"])) if issue["row"] else str(sheet)


def describe_place_and_invoice(issue: Mapping[str, Any]) -> str:
    """Return where an issue is, and the reference of its invoice.

    Args:
        issue: a row of `issue_table`.
    """
    place, ref = describe_place(issue), get_unmentioned_reference(issue)
    return translate("{place}, invoice {ref}", place=place, ref=ref) if ref else place


def get_unmentioned_reference(issue: Mapping[str, Any]) -> str:
    """Return the reference of an issue's invoice; empty if the message names it already.

    Args:
        issue: a row of `issue_table`.
    """
    ref = issue["invoice_ref"]
    return ref if ref and f'"{ref}"' not in issue["message"] else ""
