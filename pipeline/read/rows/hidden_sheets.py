"""Hidden sheets: whether a hidden sheet with the headers of a table is read, left out, or an error.

In: the data rows of the visible sheets and of the hidden ones.
Out: the hidden sheets that are read, where the setting says so, and an issue for each hidden sheet.
Never: adds a hidden sheet to a visible one, or leaves one out silently that alone has rows of its table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow.compute as pc

from pipeline.i18n import fill_placeholders, translate
from pipeline.issues import SheetIssue
from pipeline.read.files.options import HIDDEN_IS_IGNORED, HIDDEN_IS_READ
from pipeline.read.layout.assign_sheets import SourceGroups, make_left_out_issue
from pipeline.read.rows.data_rows import DataRows
from schemas.fields import Table

_MIN_KNOWN_COLUMNS = 2
"""A sheet with fewer known columns only has the name of a table, like a list for drop-downs."""


@dataclass
class HiddenSheets:
    """The decisions about hidden sheets.

    Attributes:
        included: sheets that feed their table like visible ones.
        issues: one issue per hidden sheet.
        withheld: names of the tables whose only rows are in a hidden sheet that is not read.
    """

    included: list[DataRows] = field(default_factory=list)
    issues: list[SheetIssue] = field(default_factory=list)
    withheld: set[str] = field(default_factory=set)


def decide_hidden_sheets(
    hidden: Iterable[DataRows],
    visible: Sequence[DataRows],
    tables: Mapping[str, Table],
    files: SourceGroups,
    setting: str,
) -> HiddenSheets:
    """Decide about each hidden sheet by whether a visible one of its group has rows of the same table.

    Args:
        hidden: the rows of hidden sheets; a sheet without content is skipped.
        visible: the rows of visible sheets that feed a table.
        tables: the requested tables.
        files: the names and groups of the source files.
        setting: the treatment of hidden sheets, one of `HIDDEN_SHEET_CHOICES`.
    """
    decider = _HiddenSheetDecider(tables, files, setting)
    for rows in visible:
        if len(rows.row_numbers):
            decider.fed |= dict.fromkeys(decider.list_fed_keys(rows), "")
    for rows in filter(_has_content, hidden):
        decider.decide(rows)
    return decider.decision


@dataclass
class _HiddenSheetDecider:
    """The decisions so far.

    Attributes:
        tables: the requested tables.
        files: the names and groups of the source files.
        setting: the treatment of hidden sheets.
        fed: group and table name to the hidden sheet that feeds the table; "" where a visible one does.
        decision: the result.
    """

    tables: Mapping[str, Table]
    files: SourceGroups
    setting: str
    fed: dict[tuple[int, str], str] = field(default_factory=dict)
    decision: HiddenSheets = field(default_factory=HiddenSheets)

    def list_fed_keys(self, rows: DataRows) -> list[tuple[int, str]]:
        """Return group and name of the tables that a sheet feeds; of a flat sheet they are two."""
        group = self.files.groups[rows.sheet.source]
        return [(group, table.name) for table in (rows.sheet.table, rows.sheet.flat_parent) if table]

    def decide(self, rows: DataRows) -> None:
        """Decide about one hidden sheet."""
        fed_keys = self.list_fed_keys(rows)
        rivals = [self.fed[fed_key] for fed_key in fed_keys if fed_key in self.fed]
        is_supported = any(table in self.tables for _, table in fed_keys)
        if self.setting == HIDDEN_IS_IGNORED:
            self._leave_out(rows, translate("it is hidden, and the settings leave hidden sheets out"))
        elif not is_supported:
            self.decision.issues.append(self._make_issue("E340", rows, {}))
        # a name is a hidden sheet that was read; "" is a visible one, beside which a hidden one is left out
        elif any(rivals):
            self.decision.issues.append(self._make_ambiguous_issue(rows, rivals))
        elif rivals or len(rows.sheet.columns) < _MIN_KNOWN_COLUMNS:
            self._leave_out(rows, translate("it is hidden"))
        else:
            self._include_or_withhold(rows, fed_keys)

    def _include_or_withhold(self, rows: DataRows, fed_keys: Sequence[tuple[int, str]]) -> None:
        """Decide about a sheet that alone has rows of its table."""
        facts = {"table": rows.sheet.table.label}
        if self.setting == HIDDEN_IS_READ:
            self.fed |= dict.fromkeys(fed_keys, rows.sheet.grid.name)
            self.decision.included.append(rows)
            self.decision.issues.append(self._make_issue("W105", rows, facts))
        else:
            self.decision.withheld.update(table for _, table in fed_keys)
            self.decision.issues.append(self._make_issue("E113", rows, facts))

    def _leave_out(self, rows: DataRows, reason: str) -> None:
        sheet = rows.sheet
        issue = make_left_out_issue(sheet.grid, sheet.table, self.files.names[sheet.source], reason)
        self.decision.issues.append(issue)

    def _make_ambiguous_issue(self, rows: DataRows, rivals: Sequence[str]) -> SheetIssue:
        """Return the issue of a second hidden sheet with rows of a table of which one was read."""
        template = translate("the sheet {name}")
        names = dict.fromkeys(filter(None, rivals))
        rival_names = ", ".join(fill_placeholders(template, {"name": name}) for name in names)
        return self._make_issue("E107", rows, {"table": rows.sheet.table.label, "others": rival_names})

    def _make_issue(self, code: str, rows: DataRows, facts: Mapping[str, str]) -> SheetIssue:
        name = rows.sheet.grid.name
        return SheetIssue(code, self.files.names[rows.sheet.source], name, value=name, facts=facts)


def _has_content(rows: DataRows) -> bool:
    """Return whether any row has content; a sheet as the template gives it has none."""
    required_field = rows.sheet.table.ignored_without
    if not required_field:
        return len(rows.row_numbers) > 0
    if required_field not in rows.columns:
        return False
    return bool(pc.any(pc.not_equal(rows.columns[required_field], "")).as_py())
