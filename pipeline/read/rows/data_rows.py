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

from pipeline.model.indices import Mask, Positions
from pipeline.model.sheets import Addresses
from pipeline.process import open_thread_pool
from pipeline.read.layout.bound_sheet import BoundSheet
from pipeline.read.rows import totals_rows, visibility
from schemas.arrow import formula_guard
from schemas.arrow.columns import merge_chunks
from schemas.arrow.text_bytes import get_edge_bytes, keep_rows, replace_rows
from schemas.cell_kinds import CellKind
from schemas.tables.common import EXAMPLE_REF, NOTE_MARK

IGNORED_KINDS = ("example", "note", "total", "blank")
_APOSTROPHE = ord(formula_guard.APOSTROPHE)
_BLANK, _LAST_ASCII, _LAST_NON_BLANK_START = ord(" "), 0x7F, 0xC1
"""Bytes up to the first, as the end of a text beyond the second, and as its beginning beyond the third."""


@dataclass(frozen=True)
class TrimmedBlanks:
    """Blanks that were removed in a column: in how many rows, and where first."""

    count: int
    first_row: int
    value: str


@dataclass(frozen=True)
class DataRows:
    """The data rows of one sheet.

    Attributes:
        sheet: the sheet.
        columns: by field.
        kinds: by field, where a column holds more than text.
        row_numbers: as Excel shows them.
        is_data: which rows below the header are data.
        ignored: rows left out, by name.
        trimmed: by field.
        ragged: positions of rows with too many or too few cells, and how many each has.
        markers: the columns that mark where rows of a table start, by their header.
        is_hidden: the rows that are hidden.
        displayed: by field, what a cell shows instead of what it holds.
        merged: by field, the merged cells that swallow a cell.
        totals: the totals rows.
        addresses: by field, where several rows of the sheet hold the value of one.
    """

    sheet: BoundSheet
    columns: Mapping[str, pa.ChunkedArray]
    kinds: Mapping[str, npt.NDArray[np.uint8]]
    row_numbers: npt.NDArray[np.int32]
    is_data: Mask
    ignored: Mapping[str, int]
    trimmed: Mapping[str, TrimmedBlanks]
    ragged: tuple[Positions, npt.NDArray[np.int32]]
    markers: Mapping[str, pa.ChunkedArray] = field(default_factory=dict)
    is_hidden: Mask = field(default_factory=lambda: np.zeros(0, np.bool_))
    displayed: Mapping[str, pa.Array] = field(default_factory=dict)
    merged: Mapping[str, pa.Array] = field(default_factory=dict)
    totals: Sequence[totals_rows.SheetTotalsRow] = ()
    addresses: Mapping[str, Addresses] = field(default_factory=dict)


def extract_rows(sheet: BoundSheet) -> DataRows:
    """The data rows of a sheet."""
    grid, start = sheet.grid, sheet.header_index + 1
    used = [index for index in range(len(grid.columns)) if index not in sheet.note_indices]
    with open_thread_pool() as pool:
        trimmed_columns = list(pool.map(lambda index: _trim_column(grid.columns[index].slice(start)), used))
    texts = {index: column for index, (column, _) in zip(used, trimmed_columns, strict=True)}
    trimmed_masks = {index: is_trimmed for index, (_, is_trimmed) in zip(used, trimmed_columns, strict=True)}
    kinds = {index: column_kinds[start:] for index, column_kinds in grid.kinds.items() if index in texts}
    ignored = _find_ignored(sheet, texts, kinds, len(grid) - start)
    is_data = np.ones(len(grid) - start, np.bool_)
    for mask in ignored.values():
        is_data &= ~mask
    counts = {name: int(mask.sum()) for name, mask in ignored.items()}
    counts["blank"] += sheet.header_index + grid.blank_after
    columns = {column.field: keep_rows(texts[column.index], is_data) for column in sheet.columns}
    trimmed = {
        column.field: _find_first_trimmed(trimmed_masks[column.index], is_data, columns[column.field])
        for column in sheet.columns
    }
    return DataRows(
        sheet, columns, _select_kinds(sheet, kinds, is_data), grid.row_numbers[start:][is_data], is_data, counts,
        {name: blanks for name, blanks in trimmed.items() if blanks}, _find_ragged(sheet, is_data),
        {name: keep_rows(texts[index], is_data) for name, index in sheet.markers.items()},
        visibility.find_hidden_rows(sheet, is_data), visibility.find_displayed(sheet, is_data), visibility.find_merged(sheet, is_data),
        list(totals_rows.read_totals_rows(sheet, ignored["total"], texts, kinds, is_data)),
    )  # fmt: skip


def _trim_column(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, Mask | None]:
    """A column without blanks around its values, and the rows where some were removed.

    An apostrophe that was written to keep a text from being run is gone as well, without a word.
    """
    parts = [_trim_chunk(chunk) for chunk in column.chunks]
    is_trimmed = np.concatenate([np.zeros(0, np.bool_), *(mask for _, mask in parts)])
    return pa.chunked_array(
        [trimmed for trimmed, _ in parts], column.type
    ), is_trimmed if is_trimmed.any() else None


def _trim_chunk(chunk: pa.Array) -> tuple[pa.Array, Mask]:
    """As `_trim`; only values that begin or end with what may be part of a blank are looked at closely."""
    is_suspicious, is_trimmed = _find_trimmable(chunk), np.zeros(len(chunk), np.bool_)
    if not is_suspicious.any():
        return chunk, is_trimmed
    suspicious = chunk.filter(pa.array(is_suspicious))
    trimmed = pc.utf8_trim_whitespace(suspicious)
    is_trimmed[is_suspicious] = pc.not_equal(
        pc.binary_length(suspicious), pc.binary_length(trimmed)
    ).to_numpy(zero_copy_only=False)
    unescaped = formula_guard.unescape_formulas(trimmed)
    is_changed = pc.not_equal(unescaped, suspicious)
    rows = np.flatnonzero(is_suspicious)[is_changed.to_numpy(zero_copy_only=False)]
    return replace_rows(chunk, rows, unescaped.filter(is_changed)) if len(rows) else chunk, is_trimmed


def _find_trimmable(chunk: pa.Array) -> Mask:
    """Which values begin or end with a byte that may belong to a blank, or begin with an apostrophe."""
    first_bytes, last_bytes = get_edge_bytes(chunk)
    may_start_blank = (
        (first_bytes <= _BLANK) | (first_bytes > _LAST_NON_BLANK_START) | (first_bytes == _APOSTROPHE)
    )
    return np.asarray(
        (may_start_blank | (last_bytes <= _BLANK) | (last_bytes > _LAST_ASCII))
        & ((first_bytes | last_bytes) > 0)
    )


def _find_ignored(
    sheet: BoundSheet,
    texts: Mapping[int, pa.ChunkedArray],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
    size: int,
) -> dict[str, Mask]:
    """Rows that are no data, by name; each under one name only."""
    first_cells, is_blank = _find_first_cells(texts, size)
    is_note = _find_note_rows(
        sheet, texts, pc.starts_with(first_cells, NOTE_MARK).to_numpy(zero_copy_only=False)
    )
    key_index = next((column.index for column in sheet.columns if column.field == sheet.table.key[0]), None)
    is_example = np.zeros(size, np.bool_)
    if key_index is not None:
        is_example = pc.equal(texts[key_index], EXAMPLE_REF).to_numpy() & ~is_note
    is_total = totals_rows.find_totals_rows(sheet, first_cells, texts, kinds) & ~(
        is_note | is_example | is_blank
    )
    return {"example": is_example, "note": is_note, "total": is_total, "blank": is_blank}


def _find_note_rows(sheet: BoundSheet, texts: Mapping[int, pa.ChunkedArray], is_marked: Mask) -> Mask:
    """Of the rows whose first cell bears the mark those in which no further field is filled."""
    rows = np.flatnonzero(is_marked)
    if not len(rows):
        return is_marked
    field_indices = {column.index for column in sheet.columns}
    has_value, has_further_field = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    for index in sorted(texts):
        is_filled = pc.binary_length(texts[index].take(pa.array(rows))).to_numpy() > 0
        if index in field_indices:
            has_further_field |= has_value & is_filled
        has_value |= is_filled
    is_note = np.zeros(len(is_marked), np.bool_)
    is_note[rows[~has_further_field]] = True
    return is_note


def _find_first_cells(texts: Mapping[int, pa.ChunkedArray], size: int) -> tuple[pa.Array, Mask]:
    """The first cell with something in it, a row; and the rows without one."""
    columns = iter(texts.values())
    first_cells = merge_chunks(next(columns, pa.chunked_array([pa.repeat(pa.scalar("", pa.string()), size)])))
    rows = np.flatnonzero(pc.binary_length(first_cells).to_numpy() == 0)  # few, but in a sheet with gaps
    first_texts = pa.repeat(pa.scalar("", pa.string()), len(rows))
    for column in columns:
        lacking = np.flatnonzero(pc.binary_length(first_texts).to_numpy() == 0)
        if not len(lacking):
            break
        first_texts = replace_rows(first_texts, lacking, merge_chunks(column.take(pa.array(rows[lacking]))))
    is_blank = np.zeros(size, np.bool_)
    is_blank[rows[pc.binary_length(first_texts).to_numpy() == 0]] = True
    return replace_rows(first_cells, rows, first_texts), is_blank


def _select_kinds(
    sheet: BoundSheet, kinds: Mapping[int, npt.NDArray[np.uint8]], is_data: Mask
) -> dict[str, npt.NDArray[np.uint8]]:
    by_field = {
        column.field: kinds[column.index][is_data] for column in sheet.columns if column.index in kinds
    }
    return {
        name: column_kinds for name, column_kinds in by_field.items() if (column_kinds > CellKind.TEXT).any()
    }


def _find_first_trimmed(
    is_trimmed: Mask | None, is_data: Mask, column: pa.ChunkedArray
) -> TrimmedBlanks | None:
    """Where blanks around a value were removed; a cell of nothing but blanks is not worth a word."""
    if is_trimmed is None:
        return None
    rows = np.flatnonzero(is_trimmed[is_data] & (pc.binary_length(column).to_numpy() > 0))
    return TrimmedBlanks(len(rows), int(rows[0]), column[int(rows[0])].as_py()) if len(rows) else None


def _find_ragged(sheet: BoundSheet, is_data: Mask) -> tuple[Positions, npt.NDArray[np.int32]]:
    if sheet.grid.cell_counts is None:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    cell_counts = sheet.grid.cell_counts[sheet.header_index + 1 :][is_data]
    rows = np.flatnonzero(cell_counts != sheet.grid.width).astype(np.int64)
    return rows, cell_counts[rows]
