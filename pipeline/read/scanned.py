"""Stage 1, in the child: what a scan of a sheet's XML finds, and how cells are named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.read.limits import MAX_COLUMNS

_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")
_TRUE = {"1", "true", "on"}


@dataclass(frozen=True)
class Overlay:
    """A cell the parser shows as empty: its place counted from 0, its kind and its text."""

    row: int
    column: int
    kind: int
    text: str


class Cell(NamedTuple):
    """A cell with a value: its place counted from 0, its type in the XML, and the value as it is written."""

    row: int
    column: int
    type: str
    value: str


@dataclass
class Scan:
    """What stands in a sheet.

    Attributes:
        rows: rows that stand in the file, as Excel shows them, in the order of the file.
        valued: those of them with a value.
        values: how many cells hold a value, an empty text included; each counts, whatever its address.
        cells: cells with a value that cannot be an empty text; only the exact scan tells.
        overlays: error cells and formulas without a stored value.
        calculated: formulas with a stored value, as if they had none; only the exact scan tells.
        formulas: there are any.
        hidden_rows: rows that are not shown.
        hidden_columns: positions of columns that are not shown.
        filtered: a filter is set.
        merges: first and last row, first and last column of merged cells.
        styled: row, column and style of each cell that has one; only the exact scan tells.
    """

    rows: list[int] = field(default_factory=list)
    valued: list[int] = field(default_factory=list)
    values: int = 0
    cells: list[Cell] | None = None
    overlays: list[Overlay] = field(default_factory=list)
    calculated: list[Overlay] = field(default_factory=list)
    formulas: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    filtered: bool = False
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    styled: list[tuple[int, int, int]] | None = None

    def row_hidden(self, row: int, attributes: Mapping[str, str]) -> None:
        """Note a row that is not shown."""
        height = attributes.get("ht", "")
        if attributes.get("hidden", "") in _TRUE or (height and not height.strip("0.")):
            self.hidden_rows.add(row)

    def columns_hidden(self, attributes: Mapping[str, str]) -> None:
        """Note columns that are not shown."""
        width = attributes.get("width", "")
        if attributes.get("hidden", "") in _TRUE or (width and not width.strip("0.")):
            first, last = int(attributes["min"]), int(attributes["max"])
            self.hidden_columns.update(range(first - 1, min(last, MAX_COLUMNS)))

    def merged(self, reference: str) -> None:
        """Note merged cells."""
        if found := _RANGE.fullmatch(reference):
            first, top, last, bottom = found.groups()
            left, right = column_index(first), column_index(last or first)
            self.merges.append((int(top), int(bottom or top), left, right))


def column_index(letters: str) -> int:
    """Position of a column: A is 0, AA is 26."""
    position = 0
    for letter in letters.upper():
        position = position * 26 + ord(letter) - 64
    return position - 1
