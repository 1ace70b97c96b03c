"""Records of what is said about a workbook: notes on cells, a status for each row, a list of issues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.issues import Level
from pipeline.spreadsheet.references import CellPosition


class RowStatus(NamedTuple):
    """What became of a row, and why.

    Attributes:
        status: one of `ROW_STATES`, not translated.
        reason: the messages of its issues; "" where there is nothing to say.
    """

    status: str
    reason: str


@dataclass
class CellNote:
    """What is said of one cell.

    Attributes:
        level: the worst of its issues.
        paragraphs: one for each issue.
    """

    level: Level
    paragraphs: list[str]


@dataclass(kw_only=True)
class SheetAnnotations:
    """What is said in one sheet.

    Attributes:
        part: of the package.
        name: of the sheet.
        header: the row of the header, counted from 0.
        columns: where status and reason go, counted from 0.
        has_status_columns: these columns are there already, from an earlier marking.
        notes: by cell.
        statuses: by row, counted from 0.
    """

    part: str
    name: str
    header: int
    columns: tuple[int, int]
    has_status_columns: bool
    notes: dict[CellPosition, CellNote] = field(default_factory=dict)
    statuses: dict[int, RowStatus] = field(default_factory=dict)

    def add_note(self, position: CellPosition, level: Level, paragraph: str) -> None:
        """Say something of a cell, once.

        Args:
            position: of the cell.
            level: an error outweighs a warning that is there.
            paragraph: what is said.
        """
        note = self.notes.setdefault(position, CellNote(level, []))
        if level is Level.ERROR:
            note.level = level
        if paragraph not in note.paragraphs:
            note.paragraphs.append(paragraph)


@dataclass(frozen=True, kw_only=True)
class IssueEntry:
    """One issue in the list.

    Attributes:
        code: of the catalogue.
        place: the cell as a sentence names it, like `Invoices C3`.
        sheet: name of the sheet that a link leads to; empty without a link.
        cell: reference in that sheet.
        invoice: the reference of its invoice.
        value: what the cell holds.
        message: what is wrong.
        fix: what to do.
    """

    code: str
    place: str
    sheet: str
    cell: str
    invoice: str
    value: str
    message: str
    fix: str


class CauseEntry(NamedTuple):
    """One cause in the list.

    Attributes:
        code: of the catalogue.
        title: what is wrong, with the column.
        fix: what to do.
        faults: the number of rows that have it.
        invoices: the number of invoices that have it.
    """

    code: str
    title: str
    fix: str
    faults: int
    invoices: int


@dataclass(frozen=True)
class IssueList:
    """The content of the Issues sheet.

    Attributes:
        sentences: what became of the invoices, what explains it, and how to go on.
        causes: the commonest first.
        entries: the issues, those of a cause together.
    """

    sentences: tuple[str, ...]
    causes: tuple[CauseEntry, ...]
    entries: tuple[IssueEntry, ...]


@dataclass(frozen=True)
class WorkbookAnnotations:
    """All that is said in one workbook.

    Attributes:
        sheets: by part.
        issue_list: of the Issues sheet.
        issues_sheets: parts of Issues sheets that an earlier marking added.
    """

    sheets: Mapping[str, SheetAnnotations]
    issue_list: IssueList
    issues_sheets: tuple[str, ...] = ()
