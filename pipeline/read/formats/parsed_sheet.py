"""Stage 1, in the child: a sheet on its way out, and a builder for readers that meet one cell after the other.

In: cells with their place, as Python values.
Out: `Taken`: whole columns of text, the kinds of their cells, and what the sheet hides, merges, and shows.
Never: knows a file format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.read.files.limits import MAX_COLUMNS, MAX_ROWS, ReadLimits
from pipeline.read.files.refusals import Refusal
from pipeline.read.formats.cell_values import KindCodes, convert_column
from pipeline.spreadsheet.number_formats import NumberFormat
from pipeline.spreadsheet.references import to_column_letters
from schemas.cell_kinds import CellKind

MergedRange = tuple[int, int, int, int]


@dataclass
class ParsedSheet:
    """A sheet as its file holds it; `Grid` says what the attributes mean.

    Attributes:
        name: the sheet's.
        part: of the package.
        texts: columns from A, all from row 1 to the last row with something in it.
        kinds: by column.
        rows: numbers of the rows that stand in the file, ascending.
        displayed: by column, where a number shows as another.
        hidden: the sheet is.
        hidden_rows: numbers of rows.
        hidden_columns: positions of columns.
        filtered: a filter is set.
        merges: first and last row, first and last column.
        notes: how it was read.
    """

    name: str
    part: str
    texts: list[pa.Array]
    kinds: Mapping[int, KindCodes]
    rows: npt.NDArray[np.int64]
    displayed: Mapping[int, pa.Array] = field(default_factory=dict)
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    filtered: bool = False
    merges: list[MergedRange] = field(default_factory=list)
    notes: str = ""

    @property
    def height(self) -> int:
        """The last row with something in it."""
        return len(self.texts[0]) if self.texts else 0


def encode_sheet(sheet: ParsedSheet) -> tuple[dict[str, Any], pa.Table]:
    """What goes to the parent: facts as JSON, and the rows that stand in the file as a table."""
    filled_rows = sheet.rows[sheet.rows <= sheet.height]
    table = pa.table(
        {f"c{position}": text for position, text in enumerate(sheet.texts)}
        | {f"k{position}": kinds for position, kinds in sheet.kinds.items()}
        | {f"s{position}": displayed for position, displayed in sheet.displayed.items()}
    )
    if len(filled_rows) < sheet.height:
        table = table.take(pa.array(filled_rows - 1))
    description = {
        "name": sheet.name, "part": sheet.part, "columns": len(sheet.texts), "notes": sheet.notes,
        "blank_after": len(sheet.rows) - len(filled_rows), "hidden": sheet.hidden, "filtered": sheet.filtered,
        "hidden_columns": sorted(position for position in sheet.hidden_columns if position < len(sheet.texts)),
        "merges": _trim_merges(sheet),
    }  # fmt: skip
    table = table.append_column("row", pa.array(filled_rows, pa.int32()))
    if sheet.hidden_rows:
        is_hidden = np.isin(filled_rows, np.fromiter(sheet.hidden_rows, np.int64, len(sheet.hidden_rows)))
        table = table.append_column("hidden", pa.array(is_hidden)) if is_hidden.any() else table
    return description, table


def _trim_merges(sheet: ParsedSheet) -> list[MergedRange]:
    """Merged cells as far as the sheet goes."""
    height, width = sheet.height, len(sheet.texts)
    return [
        (top, min(bottom, height), left, min(right, width - 1))
        for top, bottom, left, right in sheet.merges
        if top <= height and left < width
    ]


class _ColumnCells:
    """The cells of a column that hold something."""

    __slots__ = ("formats", "rows", "values")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.values: list[Any] = []
        self.formats: dict[int, NumberFormat] = {}


class SheetBuilder:
    """Takes cells in the order of rows; row and column count from 0."""

    def __init__(self, name: str, limits: ReadLimits) -> None:
        """Refuse, in the file's name, what lies too far out."""
        self._name, self._area = name, limits.area
        self._columns: dict[int, _ColumnCells] = {}
        self._height = self._width = 0

    def add_cell(self, row: int, column: int, value: Any, number_format: NumberFormat | None = None) -> None:
        """A cell that holds a value; with the format when that shows numbers otherwise."""
        if row >= self._height or column >= self._width:
            self.require_room(row, column)
        cells = self._columns.get(column)
        if cells is None:
            cells = self._columns[column] = _ColumnCells()
        if number_format is not None:
            cells.formats[len(cells.values)] = number_format
        cells.rows.append(row)
        cells.values.append(value)

    def require_room(self, row: int, column: int) -> None:
        """Make room up to a cell, or refuse: asked before cells are repeated."""
        self._height, self._width = max(self._height, row + 1), max(self._width, column + 1)
        is_beyond = self._height > MAX_ROWS or self._width > MAX_COLUMNS
        if is_beyond or self._height * self._width > self._area:
            raise Refusal.FAR_OUT(self._name, cell=f"{to_column_letters(column)}{row + 1}")

    def finish(self, name: str, part: str, rows: set[int] | None = None) -> ParsedSheet:
        """The sheet; `rows` are those that stand in the file besides those with cells."""
        texts, kinds, displayed = [], {}, {}
        empty = pa.repeat(pa.scalar("", pa.string()), self._height)
        for position in range(self._width):
            cells = self._columns.get(position)
            if cells is None:
                texts.append(empty)
                continue
            text, kind = convert_column(cells.values)
            if cells.formats and (displayed_texts := render_displayed(text, kind, cells.formats)) is not None:
                displayed[position] = self._spread_texts(cells.rows, displayed_texts)
            if kind is not None:
                kinds[position] = np.zeros(self._height, np.uint8)
                kinds[position][cells.rows] = kind
            texts.append(self._spread_texts(cells.rows, text))
        filled = {row + 1 for cells in self._columns.values() for row in cells.rows}
        return ParsedSheet(
            name, part, texts, kinds, np.array(sorted(filled | (rows or set())), np.int64), displayed
        )

    def _spread_texts(self, rows: list[int], texts: pa.Array) -> pa.Array:
        """Texts at their rows, "" elsewhere."""
        if len(texts) == self._height:
            return texts
        indices = np.full(self._height, len(texts), np.int64)
        indices[rows] = np.arange(len(texts))
        return pa.concat_arrays([texts, pa.array([""])]).take(pa.array(indices))


def render_displayed(
    texts: pa.Array, kinds: KindCodes | None, formats: Mapping[int, NumberFormat]
) -> pa.Array | None:
    """What the cells show, where that is another number; None when all show what they hold."""
    if kinds is None:
        return None
    rendered: dict[tuple[str, NumberFormat], str] = {}
    displayed = [""] * len(texts)
    values = texts.to_pylist()
    for index, number_format in formats.items():
        if kinds[index] == CellKind.NUMBER:
            key = (values[index], number_format)
            if key not in rendered:
                rendered[key] = number_format.render(values[index])
            displayed[index] = rendered[key]
    return pa.array(displayed, pa.string()) if any(rendered.values()) else None
