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

from pipeline.read import refuse
from pipeline.read.cells import Kinds, column_of
from pipeline.read.limits import MAX_COLUMNS, MAX_ROWS, ReadLimits
from pipeline.read.number_format import NumberFormat
from schemas.cells import CellKind, column_letters

Merge = tuple[int, int, int, int]


@dataclass
class Taken:
    """A sheet as its file holds it; `Grid` says what the attributes mean.

    Attributes:
        name: the sheet's.
        part: of the package.
        texts: columns from A, all from row 1 to the last row with something in it.
        kinds: by column.
        rows: numbers of the rows that stand in the file, ascending.
        shown: by column, where a number shows as another.
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
    kinds: Mapping[int, Kinds]
    rows: npt.NDArray[np.int64]
    shown: Mapping[int, pa.Array] = field(default_factory=dict)
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    filtered: bool = False
    merges: list[Merge] = field(default_factory=list)
    notes: str = ""

    @property
    def height(self) -> int:
        """The last row with something in it."""
        return len(self.texts[0]) if self.texts else 0


def framed(sheet: Taken) -> tuple[dict[str, Any], pa.Table]:
    """What goes to the parent: facts as JSON, and the rows that stand in the file as a table."""
    within = sheet.rows[sheet.rows <= sheet.height]
    table = pa.table(
        {f"c{at}": text for at, text in enumerate(sheet.texts)}
        | {f"k{at}": kinds for at, kinds in sheet.kinds.items()}
        | {f"s{at}": shown for at, shown in sheet.shown.items()}
    )
    if len(within) < sheet.height:
        table = table.take(pa.array(within - 1))
    about = {
        "name": sheet.name, "part": sheet.part, "columns": len(sheet.texts), "notes": sheet.notes,
        "blank_after": len(sheet.rows) - len(within), "hidden": sheet.hidden, "filtered": sheet.filtered,
        "hidden_columns": sorted(each for each in sheet.hidden_columns if each < len(sheet.texts)),
        "merges": _within(sheet),
    }  # fmt: skip
    table = table.append_column("row", pa.array(within, pa.int32()))
    if sheet.hidden_rows:
        mask = np.isin(within, np.fromiter(sheet.hidden_rows, np.int64, len(sheet.hidden_rows)))
        table = table.append_column("hidden", pa.array(mask)) if mask.any() else table
    return about, table


def _within(sheet: Taken) -> list[Merge]:
    """Merged cells as far as the sheet goes."""
    height, width = sheet.height, len(sheet.texts)
    return [
        (top, min(bottom, height), left, min(right, width - 1))
        for top, bottom, left, right in sheet.merges
        if top <= height and left < width
    ]


class _Column:
    """The cells of a column that hold something."""

    __slots__ = ("rows", "shown", "values")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.values: list[Any] = []
        self.shown: dict[int, NumberFormat] = {}


class Builder:
    """Takes cells in the order of rows; row and column count from 0."""

    def __init__(self, name: str, limits: ReadLimits) -> None:
        """Refuse, in the file's name, what lies too far out."""
        self._name, self._area = name, limits.area
        self._columns: dict[int, _Column] = {}
        self._height = self._width = 0

    def put(self, row: int, column: int, value: Any, form: NumberFormat | None = None) -> None:
        """A cell that holds a value; with the format when that shows numbers otherwise."""
        if row >= self._height or column >= self._width:
            self.reach(row, column)
        own = self._columns.get(column)
        if own is None:
            own = self._columns[column] = _Column()
        if form is not None:
            own.shown[len(own.values)] = form
        own.rows.append(row)
        own.values.append(value)

    def reach(self, row: int, column: int) -> None:
        """Make room up to a cell, or refuse: asked before cells are repeated."""
        self._height, self._width = max(self._height, row + 1), max(self._width, column + 1)
        beyond = self._height > MAX_ROWS or self._width > MAX_COLUMNS
        if beyond or self._height * self._width > self._area:
            raise refuse.FAR_OUT(self._name, cell=f"{column_letters(column)}{row + 1}")

    def finish(self, name: str, part: str, rows: set[int] | None = None) -> Taken:
        """The sheet; `rows` are those that stand in the file besides those with cells."""
        texts, kinds, shown = [], {}, {}
        empty = pa.repeat(pa.scalar("", pa.string()), self._height)
        for at in range(self._width):
            own = self._columns.get(at)
            if own is None:
                texts.append(empty)
                continue
            text, kind = column_of(own.values)
            if own.shown and (told := seen(text, kind, own.shown)) is not None:
                shown[at] = self._spread(own.rows, told)
            if kind is not None:
                kinds[at] = np.zeros(self._height, np.uint8)
                kinds[at][own.rows] = kind
            texts.append(self._spread(own.rows, text))
        filled = {row + 1 for own in self._columns.values() for row in own.rows}
        return Taken(name, part, texts, kinds, np.array(sorted(filled | (rows or set())), np.int64), shown)

    def _spread(self, rows: list[int], texts: pa.Array) -> pa.Array:
        """Texts at their rows, "" elsewhere."""
        if len(texts) == self._height:
            return texts
        places = np.full(self._height, len(texts), np.int64)
        places[rows] = np.arange(len(texts))
        return pa.concat_arrays([texts, pa.array([""])]).take(pa.array(places))


def seen(texts: pa.Array, kinds: Kinds | None, forms: Mapping[int, NumberFormat]) -> pa.Array | None:
    """What the cells show, where that is another number; None when all show what they hold."""
    if kinds is None:
        return None
    known: dict[tuple[str, NumberFormat], str] = {}
    told = [""] * len(texts)
    values = texts.to_pylist()
    for at, form in forms.items():
        if kinds[at] == CellKind.NUMBER:
            key = (values[at], form)
            if key not in known:
                known[key] = form.shown(values[at])
            told[at] = known[key]
    return pa.array(told, pa.string()) if any(known.values()) else None
