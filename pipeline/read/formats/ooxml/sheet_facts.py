"""The facts that a scan of a sheet's XML finds: which rows exist, which hold values, what is hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.read.files.limits import MAX_COLUMNS
from pipeline.spreadsheet.references import parse_column_letters
from pipeline.spreadsheet.xml_bytes import TRUE_WORDS

_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")


@dataclass(frozen=True)
class Overlay:
    """A cell to put over what the parser gives as empty: its position from 0, its kind and its text."""

    row: int
    column: int
    kind: int
    text: str


class XmlCell(NamedTuple):
    """A cell with a value: its position from 0, its type in the XML, and the value as it is written."""

    row: int
    column: int
    type: str
    value: str


@dataclass(kw_only=True)
class SheetFacts:
    """What a sheet's XML holds.

    Attributes:
        rows: numbers of the rows in the file, as Excel shows them, in the order of the file.
        valued_rows: those of them with a value.
        value_count: how many cells hold a value, an empty text included; each counts, whatever its address.
        cells: cells with a value that cannot be an empty text; the fast scan does not tell: None.
        overlays: error cells and formulas without a stored value.
        calculated: formulas with a stored value, as if they had none; the fast scan lists none.
        has_formulas: there are any.
        hidden_rows: rows that are not shown.
        hidden_columns: positions of columns that are not shown.
        is_filtered: a filter is set.
        merges: first and last row, first and last column of merged cells.
        styled: row, column and style of each cell that has one; the fast scan does not tell: None.
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
        """Record a row that is hidden, or has no height."""
        height = attributes.get("ht", "")
        # no height at all (`0`, `0.0`) hides a row as well
        if attributes.get("hidden", "") in TRUE_WORDS or (height and not height.strip("0.")):
            self.hidden_rows.add(row)

    def record_hidden_columns(self, attributes: Mapping[str, str]) -> None:
        """Record columns that are hidden, or have no width."""
        width = attributes.get("width", "")
        if attributes.get("hidden", "") in TRUE_WORDS or (width and not width.strip("0.")):
            first, last = int(attributes["min"]), int(attributes["max"])
            # to hide all that follows, the last position may lie beyond the last column
            self.hidden_columns.update(range(first - 1, min(last, MAX_COLUMNS)))

    def record_merged_range(self, reference: str) -> None:
        """Record merged cells."""
        if match := _RANGE.fullmatch(reference):
            first, top, last, bottom = match.groups()
            left, right = parse_column_letters(first), parse_column_letters(last or first)
            self.merges.append((int(top), int(bottom or top), left, right))
