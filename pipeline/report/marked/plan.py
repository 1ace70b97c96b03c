"""What is said about a file, before it is known how: marks on cells, words beside rows, and the causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.issues import Level

Place = tuple[int, int]
"""Row and column of a cell, counted from 0."""


class Beside(NamedTuple):
    """What stands beside a row: what became of it, and why."""

    status: str
    reason: str


@dataclass
class Note:
    """What is said of one cell: the worst level, and a paragraph an issue."""

    level: Level
    said: list[str]


@dataclass
class SheetMarks:
    """What is said in one sheet.

    Attributes:
        part: the part of the package.
        name: the sheet's name.
        header: the row of the header, counted from 0.
        columns: where status and reason go, counted from 0.
        ours: these columns stand there already, from an earlier marking.
        notes: by cell.
        beside: by row, counted from 0.
    """

    part: str
    name: str
    header: int
    columns: tuple[int, int]
    ours: bool
    notes: dict[Place, Note] = field(default_factory=dict)
    beside: dict[int, Beside] = field(default_factory=dict)


class Line(NamedTuple):
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


class CauseLine(NamedTuple):
    """One cause: its code and title, what is to be done, and how much it stands for."""

    code: str
    title: str
    fix: str
    faults: int
    invoices: int


@dataclass(frozen=True)
class Listing:
    """The Issues sheet: a sentence or two, the causes, and each issue.

    Attributes:
        sentences: what became of the invoices, and what explains it.
        causes: the commonest first.
        lines: the issues, those of a cause together.
    """

    sentences: tuple[str, ...]
    causes: tuple[CauseLine, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class BookMarks:
    """All that is said in one workbook.

    Attributes:
        sheets: by part.
        listing: of the Issues sheet.
        our_sheets: parts of Issues sheets that an earlier marking added.
    """

    sheets: Mapping[str, SheetMarks]
    listing: Listing
    our_sheets: tuple[str, ...] = ()
