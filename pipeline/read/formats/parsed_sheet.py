"""A parsed sheet, and the builder for parsers that meet one cell after the other.

In: cells with their place, as Python values.
Out: `ParsedSheet`: whole columns of text, the kinds of their cells, what the sheet hides and merges.
Never: knows a file format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.read.files.limits import MAX_COLUMNS, MAX_ROWS, ReadLimits
from pipeline.read.files.refusals import Refusal
from pipeline.read.formats.cell_values import KindCodes, convert_column
from pipeline.read.grid import Grid
from pipeline.spreadsheet.number_formats import NumberFormat
from pipeline.spreadsheet.references import format_reference
from schemas.cell_kinds import CellKind

if TYPE_CHECKING:
    from schemas.arrow.columns import Texts  # imports pandas, which the worker must not

MergedRange = tuple[int, int, int, int]


@dataclass(kw_only=True)
class ParsedSheet:
    """A sheet as its file holds it; `Grid` says what the attributes mean.

    Attributes:
        name: the sheet's.
        part: of the package.
        texts: columns from A, all from row 1 to the last row with something in it.
        kinds: by column.
        rows: numbers of the rows that the file has, ascending.
        displayed: by column, where a number shows as another.
        is_hidden: the person who opens the file does not see the sheet.
        hidden_rows: numbers of rows.
        hidden_columns: positions of columns.
        is_filtered: a filter is set.
        merges: first and last row, first and last column.
        notes: how it was read.
    """

    name: str
    part: str
    texts: list[Texts]
    kinds: Mapping[int, KindCodes]
    rows: npt.NDArray[np.int64]
    displayed: Mapping[int, Texts] = field(default_factory=dict)
    is_hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    is_filtered: bool = False
    merges: list[MergedRange] = field(default_factory=list)
    notes: str = ""

    @property
    def height(self) -> int:
        """The number of the last row with something in it."""
        return len(self.texts[0]) if self.texts else 0

    def to_grid(self) -> Grid:
        """Return the rows that the file has as a grid."""
        # rows below the last cell are only counted, as blank ones
        filled_rows = self.rows[self.rows <= self.height]
        texts, kinds, displayed = self.texts, self.kinds, self.displayed
        if len(filled_rows) < self.height:
            indices = filled_rows - 1
            arrow_indices = pa.array(indices)
            texts = [column.take(arrow_indices) for column in texts]
            kinds = {position: column[indices] for position, column in kinds.items()}
            displayed = {position: column.take(arrow_indices) for position, column in displayed.items()}
        return Grid(
            name=self.name,
            part=self.part,
            columns=tuple(pa.chunked_array([column]) for column in texts),
            row_numbers=filled_rows.astype(np.int32),
            kinds=kinds,
            blank_after=len(self.rows) - len(filled_rows),
            notes=self.notes,
            is_hidden=self.is_hidden,
            hidden_rows=self._find_hidden(filled_rows),
            hidden_columns=frozenset(column for column in self.hidden_columns if column < len(self.texts)),
            is_filtered=self.is_filtered,
            # an empty list has no second dimension
            merges=np.array(_trim_merges(self), np.int32).reshape(-1, 4),
            displayed={position: pa.chunked_array([column]) for position, column in displayed.items()},
        )

    def _find_hidden(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_] | None:
        """Return which of some rows are hidden; None when none is."""
        if not self.hidden_rows:
            return None
        is_hidden = np.isin(rows, np.fromiter(self.hidden_rows, np.int64, len(self.hidden_rows)))
        return is_hidden if is_hidden.any() else None


def _trim_merges(sheet: ParsedSheet) -> list[MergedRange]:
    """Return the merged cells as far as the sheet goes."""
    height, width = sheet.height, len(sheet.texts)
    return [
        (top, min(bottom, height), left, min(right, width - 1))
        for top, bottom, left, right in sheet.merges
        if top <= height and left < width
    ]


class _ColumnCells:
    """The cells of a column that hold something, in the order of rows."""

    __slots__ = ("formats", "rows", "values")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.values: list[Any] = []
        self.formats: dict[int, NumberFormat] = {}


class SheetBuilder:
    """Builds a sheet of cells in the order of rows; row and column count from 0."""

    def __init__(self, name: str, limits: ReadLimits) -> None:
        """Build sheets of the file `name`, whose cells lie within the limits."""
        self._name, self._area = name, limits.area
        self._columns: dict[int, _ColumnCells] = {}
        self._height = self._width = 0

    def add_cell(self, row: int, column: int, value: Any, number_format: NumberFormat | None = None) -> None:
        """Add a cell that holds a value; with its format where that may display another number."""
        if row >= self._height or column >= self._width:
            self.require_room(row, column)
        cells = self._columns.get(column)
        if cells is None:
            cells = self._columns[column] = _ColumnCells()
        if number_format is not None:
            # by its place among the cells of the column, not by the row
            cells.formats[len(cells.values)] = number_format
        cells.rows.append(row)
        cells.values.append(value)

    def require_room(self, row: int, column: int) -> None:
        """Make room up to a cell, or refuse: asked before cells are repeated."""
        self._height, self._width = max(self._height, row + 1), max(self._width, column + 1)
        is_beyond = self._height > MAX_ROWS or self._width > MAX_COLUMNS
        if is_beyond or self._height * self._width > self._area:
            raise Refusal.FAR_OUT(self._name, cell=format_reference(row, column))

    def finish(self, name: str, part: str, rows: set[int] | None = None) -> ParsedSheet:
        """Return the sheet.

        Args:
            name: the sheet's.
            part: of the package.
            rows: numbers of further rows that the file has without cells.
        """
        texts, kinds, displayed = [], {}, {}
        empty = pa.repeat(pa.scalar("", pa.string()), self._height)
        for position in range(self._width):
            cells = self._columns.get(position)
            if cells is None:
                texts.append(empty)
                continue
            text, kind = convert_column(cells.values)
            if cells.formats and (displayed_texts := render_displayed(text, kind, cells.formats)) is not None:
                displayed[position] = self._fill_column(cells.rows, displayed_texts)
            if kind is not None:
                kinds[position] = np.zeros(self._height, np.uint8)
                kinds[position][cells.rows] = kind
            texts.append(self._fill_column(cells.rows, text))
        filled: set[int] = set()
        for cells in self._columns.values():
            filled.update(row + 1 for row in cells.rows)
        return ParsedSheet(
            name=name,
            part=part,
            texts=texts,
            kinds=kinds,
            rows=np.array(sorted(filled | (rows or set())), np.int64),
            displayed=displayed,
        )

    def _fill_column(self, rows: list[int], texts: Texts) -> Texts:
        """Return a whole column: texts at their rows, "" elsewhere."""
        if len(texts) == self._height:  # every row has a cell
            return texts
        # one take instead of a list of strings: rows without a cell point at the "" behind the last text
        indices = np.full(self._height, len(texts), np.int64)
        indices[rows] = np.arange(len(texts))
        return pa.concat_arrays([texts, pa.array([""])]).take(pa.array(indices))


def render_displayed(
    texts: Texts, kinds: KindCodes | None, formats: Mapping[int, NumberFormat]
) -> Texts | None:
    """Return what cells display where that is another number, "" elsewhere; None when none does.

    Args:
        texts: the values of a column.
        kinds: their kinds; None when none is a number.
        formats: the formats that may alter numbers, by index.
    """
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
