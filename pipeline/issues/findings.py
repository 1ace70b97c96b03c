"""Issues as values: columns of issues of one code, single issues of sheets, and what a stage reports.

An issue is a fault in the user's data, with the place where it was found. A million rows may have a million
faults, so issues travel as `Findings`: all issues of one code in one column, as parallel arrays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.issues.catalogue import CATALOGUE
from pipeline.issues.types import Level
from pipeline.model.indices import Positions
from schemas.arrow.columns import Texts

IssueFacts = Mapping[str, str | Texts]
"""By placeholder what fills it: one text for all issues, or one text per issue."""


@dataclass(frozen=True)
class _Coded:
    """Whatever has a code of the catalogue.

    Attributes:
        code: of the catalogue.
    """

    code: str

    @property
    def level(self) -> Level:
        """Return the level of the code."""
        return CATALOGUE[self.code].level


@dataclass(frozen=True)
class Findings(_Coded):
    """All issues of one code in one column: parallel arrays with one entry per issue.

    Attributes:
        code: of the catalogue.
        table: the table's name.
        field: the field's name; empty when the row as a whole is meant.
        rows: row numbers in the table's frame, ascending.
        values: the cells' values as a person sees them; None takes them from the raw sheet.
        facts: what fills the placeholders of the template.
        row_counts: how many rows each issue stands for; None means one row per issue.
    """

    table: str
    field: str
    rows: Positions
    values: Texts | None = None
    facts: IssueFacts = dataclasses.field(default_factory=dict)
    row_counts: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def affected_rows(self) -> int:
        """The number of rows that the issues stand for."""
        return len(self) if self.row_counts is None else int(self.row_counts.sum())


@dataclass(frozen=True)
class SheetIssue(_Coded):
    """An issue of a file, a sheet or a header, which is no row of a frame.

    Attributes:
        code: of the catalogue.
        source: the file's name.
        sheet: the sheet's name; empty when the whole file is meant.
        row: the row number as Excel shows it; 0 when no row is meant.
        column: the column's letter; empty when no column is meant.
        value: the header or cell as a person sees it.
        facts: what fills the placeholders of the template; `header` is the column's header if it is not the
            value.
    """

    source: str
    sheet: str = ""
    row: int = 0
    column: str = ""
    value: str = ""
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Issues:
    """Everything that a stage reports.

    Attributes:
        findings: issues in rows of tables.
        sheet_issues: issues of files, sheets and headers.
    """

    findings: tuple[Findings, ...] = ()
    sheet_issues: tuple[SheetIssue, ...] = ()

    def __add__(self, issues: Issues) -> Issues:
        return Issues(self.findings + issues.findings, self.sheet_issues + issues.sheet_issues)

    def count_by_code(self, level: Level) -> dict[str, int]:
        """Count the issues of a level by code, ordered by code; each row that an issue stands for counts."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            if finding.level is level and finding.affected_rows:
                counts[finding.code] = counts.get(finding.code, 0) + finding.affected_rows
        for issue in self.sheet_issues:
            if issue.level is level:
                counts[issue.code] = counts.get(issue.code, 0) + 1
        return dict(sorted(counts.items()))

    @property
    def errors(self) -> list[Findings | SheetIssue]:
        """The errors, of rows and of sheets."""
        issues: list[Findings | SheetIssue] = [*self.findings, *self.sheet_issues]
        return [issue for issue in issues if issue.level is Level.ERROR]

    def select_errors_in(self, table: str) -> Iterator[Findings]:
        """Yield the errors in rows of a table."""
        for finding in self.findings:
            if finding.table == table and finding.level is Level.ERROR:
                yield finding


def collect_findings(findings: Sequence[Findings | None]) -> Issues:
    """Return the findings that hold any issue."""
    return Issues(tuple(finding for finding in findings if finding is not None and len(finding)))
