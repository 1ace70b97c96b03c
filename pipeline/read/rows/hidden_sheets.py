"""Stage 1: what becomes of sheets that nobody sees, though their headers say that they would feed a table.

In: the rows of the visible sheets and those of the hidden ones.
Out: the hidden sheets that are read, where the setting says so, and what is told of the others.
Never: adds a hidden sheet to a visible one, or leaves one out without a word that alone has rows of its table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow.compute as pc

from pipeline.i18n import fill_placeholders, translate
from pipeline.issues import SheetIssue
from pipeline.read.files.options import HIDDEN_IS_IGNORED, HIDDEN_IS_READ
from pipeline.read.layout.assign_sheets import report_left_out
from pipeline.read.rows.data_rows import DataRows
from schemas.fields import Table

_MIN_KNOWN_COLUMNS = 2
"""A sheet with fewer columns that are known has only the name of a table, like a list for drop-downs."""


@dataclass
class HiddenSheets:
    """What became of hidden sheets.

    Attributes:
        included: those that feed their table like any other.
        issues: what is told of all of them.
        withheld: the tables, by name, whose rows stand in a hidden sheet alone and are not read.
    """

    included: list[DataRows] = field(default_factory=list)
    issues: list[SheetIssue] = field(default_factory=list)
    withheld: set[str] = field(default_factory=set)


def decide_hidden_sheets(
    hidden: Iterable[DataRows],
    visible: Sequence[DataRows],
    tables: Mapping[str, Table],
    source_names: Sequence[str],
    groups: Sequence[int],
    setting: str,
) -> HiddenSheets:
    """Judge each hidden sheet by whether a visible one of its workbook has rows of the same table.

    Args:
        hidden: the rows of sheets that nobody sees; a sheet without any is of no consequence.
        visible: the rows of those that feed a table.
        tables: the tables wanted.
        source_names: of the files.
        groups: of the files; a workbook is a group of its own.
        setting: what a hidden sheet is, one of `HIDDEN_SHEETS`.
    """
    decision = HiddenSheets()
    fed = {
        (groups[rows.sheet.source], table): ""
        for rows in visible
        if len(rows.row_numbers)
        for table in _list_fed_tables(rows)
    }
    for rows in filter(_has_content, hidden):
        source, sheet_name = source_names[rows.sheet.source], rows.sheet.grid.name
        fed_keys = [(groups[rows.sheet.source], table) for table in _list_fed_tables(rows)]
        rivals = [fed[fed_key] for fed_key in fed_keys if fed_key in fed]
        if setting == HIDDEN_IS_IGNORED:
            reason = translate("it is hidden, and the settings leave hidden sheets out")
            decision.issues.append(report_left_out(rows.sheet.grid, rows.sheet.table, source, reason))
        elif not any(table in tables for _, table in fed_keys):
            decision.issues.append(SheetIssue("E340", source, sheet_name, value=sheet_name))
        elif any(rivals):
            decision.issues.append(_make_ambiguous_issue(rows, source, rivals))
        elif rivals or len(rows.sheet.columns) < _MIN_KNOWN_COLUMNS:
            decision.issues.append(
                report_left_out(rows.sheet.grid, rows.sheet.table, source, translate("it is hidden"))
            )
        elif setting == HIDDEN_IS_READ:
            fed |= dict.fromkeys(fed_keys, sheet_name)
            decision.included.append(rows)
            decision.issues.append(_make_sheet_issue("W105", rows, source))
        else:
            decision.withheld.update(table for _, table in fed_keys)
            decision.issues.append(_make_sheet_issue("E113", rows, source))
    return decision


def _list_fed_tables(rows: DataRows) -> Collection[str]:
    """The tables that a sheet feeds, by name."""
    return [table.name for table in (rows.sheet.table, rows.sheet.flat_parent) if table]


def _has_content(rows: DataRows) -> bool:
    """Whether any row says something: not so a sheet that was left as the template gave it."""
    field = rows.sheet.table.ignored_without
    if not field:
        return len(rows.row_numbers) > 0
    return field in rows.columns and bool(pc.any(pc.not_equal(rows.columns[field], "")).as_py())


def _make_sheet_issue(code: str, rows: DataRows, source: str) -> SheetIssue:
    name, facts = rows.sheet.grid.name, {"table": rows.sheet.table.label}
    return SheetIssue(code, source, name, value=name, facts=facts)


def _make_ambiguous_issue(rows: DataRows, source: str, rivals: Sequence[str]) -> SheetIssue:
    """A second hidden sheet of a table of which one was read."""
    template = translate("the sheet {name}")
    rival_names = ", ".join(
        fill_placeholders(template, {"name": name}) for name in dict.fromkeys(filter(None, rivals))
    )
    facts = {"table": rows.sheet.table.label, "others": rival_names}
    return SheetIssue("E107", source, rows.sheet.grid.name, value=rows.sheet.grid.name, facts=facts)
