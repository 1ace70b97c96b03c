"""Stage 1, in the child: what a scan of a sheet's XML finds, and how cells are named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.read.files.limits import MAX_COLUMNS

_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")
_TRUE_WORDS = {"1", "true", "on"}


@dataclass(frozen=True)
class Overlay:
    """A cell the parser shows as empty: its place counted from 0, its kind and its text."""

    row: int
    column: int
    kind: int
    text: str


class XmlCell(NamedTuple):
    """A cell with a value: its place counted from 0, its type in the XML, and the value as it is written."""

    row: int
    column: int
    type: str
    value: str


@dataclass
class SheetFacts:
    """What stands in a sheet.

    Attributes:
        rows: rows that stand in the file, as Excel shows them, in the order of the file.
        valued_rows: those of them with a value.
        value_count: how many cells hold a value, an empty text included; each counts, whatever its address.
        cells: cells with a value that cannot be an empty text; only the exact scan tells.
        overlays: error cells and formulas without a stored value.
        calculated: formulas with a stored value, as if they had none; only the exact scan tells.
        has_formulas: there are any.
        hidden_rows: rows that are not shown.
        hidden_columns: positions of columns that are not shown.
        is_filtered: a filter is set.
        merges: first and last row, first and last column of merged cells.
        styled: row, column and style of each cell that has one; only the exact scan tells.
    """

    rows: list[int] = field(default_factory=list)
    valued_rows: list[int] = field(default_factory=list)
    value_count: int = 0
    cells: list[XmlCell] | None = None
    overlays: list[Overlay] = field(default_factory=list)
    calculated: list[Overlay] = field(default_factory=list)
    has_formulas: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    is_filtered: bool = False
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    styled: list[tuple[int, int, int]] | None = None

    def record_hidden_row(self, row: int, attributes: Mapping[str, str]) -> None:
        """Note a row that is not shown."""
        height = attributes.get("ht", "")
        if attributes.get("hidden", "") in _TRUE_WORDS or (height and not height.strip("0.")):
            self.hidden_rows.add(row)

    def record_hidden_columns(self, attributes: Mapping[str, str]) -> None:
        """Note columns that are not shown."""
        width = attributes.get("width", "")
        if attributes.get("hidden", "") in _TRUE_WORDS or (width and not width.strip("0.")):
            first, last = int(attributes["min"]), int(attributes["max"])
            self.hidden_columns.update(range(first - 1, min(last, MAX_COLUMNS)))

    def record_merged_range(self, reference: str) -> None:
        """Note merged cells."""
        if match := _RANGE.fullmatch(reference):
            first, top, last, bottom = match.groups()
            left, right = parse_column_letters(first), parse_column_letters(last or first)
            self.merges.append((int(top), int(bottom or top), left, right))


def parse_column_letters(letters: str) -> int:
    """Position of a column: A is 0, AA is 26."""
    position = 0
    for letter in letters.upper():
        position = position * 26 + ord(letter) - 64
    return position - 1
