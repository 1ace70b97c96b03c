"""What is said about a file, before it is known how: marks on cells, words beside rows, and the causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.issues import Level
from pipeline.spreadsheet.references import CellPosition


class RowStatus(NamedTuple):
    """What stands beside a row: what became of it, and why."""

    status: str
    reason: str


@dataclass
class CellNote:
    """What is said of one cell: the worst level, and a paragraph an issue."""

    level: Level
    paragraphs: list[str]


@dataclass
class SheetAnnotations:
    """What is said in one sheet.

    Attributes:
        part: the part of the package.
        name: the sheet's name.
        header: the row of the header, counted from 0.
        columns: where status and reason go, counted from 0.
        has_status_columns: these columns stand there already, from an earlier marking.
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


class IssueEntry(NamedTuple):
    """One issue in the list: its cause, its place, and what is said of it.

    Attributes:
        place: the cell as one would say it.
        sheet: name of the sheet that a link leads to; empty without a link.
        cell: address in that sheet.
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
    """One cause: its code and title, what is to be done, and how much it stands for."""

    code: str
    title: str
    fix: str
    faults: int
    invoices: int


@dataclass(frozen=True)
class IssueList:
    """The Issues sheet: a sentence or two, the causes, and each issue.

    Attributes:
        sentences: what became of the invoices, and what explains it.
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
