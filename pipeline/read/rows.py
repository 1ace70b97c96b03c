"""Stage 1: a sheet below its header -> the rows that are data, each value without blanks around it.

In: a sheet that feeds a table.
Out: its fields' columns, the address of each row, and the count of every row that is left out, by name.
Never: drops a row that carries an item or an invoice, or changes a value except for blanks around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.language import threads
from pipeline.model import Addresses, Mask, Positions
from pipeline.read import totals, unseen
from pipeline.read.placed import Placed
from schemas import inert
from schemas.cells import CellKind
from schemas.columns import whole
from schemas.tables import EXAMPLE_REF, NOTE_MARK
from schemas.texts import edges, left, replaced

IGNORED = ("example", "note", "total", "blank")
_APOSTROPHE = ord(inert.APOSTROPHE)
_BLANK, _ASCII, _LATIN = ord(" "), 0x7F, 0xC1
"""Bytes up to the first, as the end of a text beyond the second, and as its beginning beyond the third."""


@dataclass(frozen=True)
class Trimmed:
    """Blanks that were removed in a column: in how many rows, and where first."""

    count: int
    first: int
    value: str


@dataclass(frozen=True)
class Body:
    """The data rows of one sheet.

    Attributes:
        placed: the sheet.
        columns: by field.
        kinds: by field, where a column holds more than text.
        rows: as Excel shows them.
        kept: which rows below the header are data.
        ignored: rows left out, by name.
        trimmed: by field.
        ragged: positions of rows with too many or too few cells, and how many each has.
        markers: the columns that mark where rows of a table start, by their header.
        hidden: the rows that are hidden.
        shown: by field, what a cell shows instead of what it holds.
        merged: by field, the merged cells that swallow a cell.
        totals: the totals rows.
        addresses: by field, where several rows of the sheet hold the value of one.
    """

    placed: Placed
    columns: Mapping[str, pa.ChunkedArray]
    kinds: Mapping[str, npt.NDArray[np.uint8]]
    rows: npt.NDArray[np.int32]
    kept: Mask
    ignored: Mapping[str, int]
    trimmed: Mapping[str, Trimmed]
    ragged: tuple[Positions, npt.NDArray[np.int32]]
    markers: Mapping[str, pa.ChunkedArray] = field(default_factory=dict)
    hidden: Mask = field(default_factory=lambda: np.zeros(0, np.bool_))
    shown: Mapping[str, pa.Array] = field(default_factory=dict)
    merged: Mapping[str, pa.Array] = field(default_factory=dict)
    totals: Sequence[totals.TotalsRow] = ()
    addresses: Mapping[str, Addresses] = field(default_factory=dict)


def body(placed: Placed) -> Body:
    """The data rows of a sheet."""
    grid, start = placed.grid, placed.header + 1
    used = [index for index in range(len(grid.columns)) if index not in placed.notes]
    with threads() as side_by_side:
        done = list(side_by_side.map(lambda index: _trim(grid.columns[index].slice(start)), used))
    texts = {index: column for index, (column, _) in zip(used, done, strict=True)}
    changed = {index: rows for index, (_, rows) in zip(used, done, strict=True)}
    kinds = {index: each[start:] for index, each in grid.kinds.items() if index in texts}
    ignored = _ignored(placed, texts, kinds, len(grid) - start)
    kept = np.ones(len(grid) - start, np.bool_)
    for mask in ignored.values():
        kept &= ~mask
    counts = {name: int(mask.sum()) for name, mask in ignored.items()}
    counts["blank"] += placed.header + grid.blank_after
    columns = {each.field: left(texts[each.index], kept) for each in placed.columns}
    trimmed = {each.field: _first(changed[each.index], kept, columns[each.field]) for each in placed.columns}
    return Body(
        placed, columns, _kinds(placed, kinds, kept), grid.rows[start:][kept], kept, counts,
        {name: each for name, each in trimmed.items() if each}, _ragged(placed, kept),
        {name: left(texts[index], kept) for name, index in placed.markers.items()},
        unseen.hidden_rows(placed, kept), unseen.shown(placed, kept), unseen.merged(placed, kept),
        list(totals.totals_rows(placed, ignored["total"], texts, kinds, kept)),
    )  # fmt: skip


def _trim(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, Mask | None]:
    """A column without blanks around its values, and the rows where some were removed.

    An apostrophe that was written to keep a text from being run is gone as well, without a word.
    """
    parts = [_trimmed(each) for each in column.chunks]
    shorter = np.concatenate([np.zeros(0, np.bool_), *(each for _, each in parts)])
    return pa.chunked_array([each for each, _ in parts], column.type), shorter if shorter.any() else None


def _trimmed(chunk: pa.Array) -> tuple[pa.Array, Mask]:
    """As `_trim`; only values that begin or end with what may be part of a blank are looked at closely."""
    some, shorter = _suspicious(chunk), np.zeros(len(chunk), np.bool_)
    if not some.any():
        return chunk, shorter
    few = chunk.filter(pa.array(some))
    trimmed = pc.utf8_trim_whitespace(few)
    shorter[some] = pc.not_equal(pc.binary_length(few), pc.binary_length(trimmed)).to_numpy(
        zero_copy_only=False
    )
    told = inert.as_read(trimmed)
    other = pc.not_equal(told, few)
    rows = np.flatnonzero(some)[other.to_numpy(zero_copy_only=False)]
    return replaced(chunk, rows, told.filter(other)) if len(rows) else chunk, shorter


def _suspicious(chunk: pa.Array) -> Mask:
    """Which values begin or end with a byte that may belong to a blank, or begin with an apostrophe."""
    first, last = edges(chunk)
    starts = (first <= _BLANK) | (first > _LATIN) | (first == _APOSTROPHE)
    return np.asarray((starts | (last <= _BLANK) | (last > _ASCII)) & ((first | last) > 0))


def _ignored(
    placed: Placed,
    texts: Mapping[int, pa.ChunkedArray],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
    size: int,
) -> dict[str, Mask]:
    """Rows that are no data, by name; each under one name only."""
    first, blank = _first_cells(texts, size)
    note = _notes(placed, texts, pc.starts_with(first, NOTE_MARK).to_numpy(zero_copy_only=False))
    key = next((each.index for each in placed.columns if each.field == placed.table.key[0]), None)
    example = np.zeros(size, np.bool_)
    if key is not None:
        example = pc.equal(texts[key], EXAMPLE_REF).to_numpy() & ~note
    total = totals.found(placed, first, texts, kinds) & ~(note | example | blank)
    return {"example": example, "note": note, "total": total, "blank": blank}


def _notes(placed: Placed, texts: Mapping[int, pa.ChunkedArray], marked: Mask) -> Mask:
    """Of the rows whose first cell bears the mark those in which no further field is filled."""
    rows = np.flatnonzero(marked)
    if not len(rows):
        return marked
    fields = {each.index for each in placed.columns}
    begun, further = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    for index in sorted(texts):
        filled = pc.binary_length(texts[index].take(pa.array(rows))).to_numpy() > 0
        if index in fields:
            further |= begun & filled
        begun |= filled
    notes = np.zeros(len(marked), np.bool_)
    notes[rows[~further]] = True
    return notes


def _first_cells(texts: Mapping[int, pa.ChunkedArray], size: int) -> tuple[pa.Array, Mask]:
    """The first cell with something in it, a row; and the rows without one."""
    columns = iter(texts.values())
    first = whole(next(columns, pa.chunked_array([pa.repeat(pa.scalar("", pa.string()), size)])))
    rows = np.flatnonzero(pc.binary_length(first).to_numpy() == 0)  # few, but in a sheet with gaps
    found = pa.repeat(pa.scalar("", pa.string()), len(rows))
    for column in columns:
        lacking = np.flatnonzero(pc.binary_length(found).to_numpy() == 0)
        if not len(lacking):
            break
        found = replaced(found, lacking, whole(column.take(pa.array(rows[lacking]))))
    blank = np.zeros(size, np.bool_)
    blank[rows[pc.binary_length(found).to_numpy() == 0]] = True
    return replaced(first, rows, found), blank


def _kinds(
    placed: Placed, kinds: Mapping[int, npt.NDArray[np.uint8]], kept: Mask
) -> dict[str, npt.NDArray[np.uint8]]:
    found = {each.field: kinds[each.index][kept] for each in placed.columns if each.index in kinds}
    return {name: each for name, each in found.items() if (each > CellKind.TEXT).any()}


def _first(changed: Mask | None, kept: Mask, column: pa.ChunkedArray) -> Trimmed | None:
    """Where blanks around a value were removed; a cell of nothing but blanks is not worth a word."""
    if changed is None:
        return None
    rows = np.flatnonzero(changed[kept] & (pc.binary_length(column).to_numpy() > 0))
    return Trimmed(len(rows), int(rows[0]), column[int(rows[0])].as_py()) if len(rows) else None


def _ragged(placed: Placed, kept: Mask) -> tuple[Positions, npt.NDArray[np.int32]]:
    if placed.grid.cells is None:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    cells = placed.grid.cells[placed.header + 1 :][kept]
    rows = np.flatnonzero(cells != placed.grid.width).astype(np.int64)
    return rows, cells[rows]
