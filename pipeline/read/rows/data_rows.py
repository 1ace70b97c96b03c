"""Data rows: the rows below a header without notes, totals and blank rows, with trimmed values.

In: a sheet that is bound to a table.
Out: its columns by field, the address of each row, and the number of rows left out, by reason.
Never: drops a row that holds an item or an invoice, or changes more of a value than the blanks around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask, Positions
from pipeline.model.sheets import Addresses
from pipeline.process import open_thread_pool
from pipeline.read.layout.bound_sheet import BoundSheet
from pipeline.read.rows import visibility
from pipeline.read.rows.totals_rows import SheetTotalsRow, find_totals_rows, read_totals_rows
from schemas.arrow import formula_guard
from schemas.arrow.columns import Texts, merge_chunks
from schemas.arrow.text_bytes import get_edge_bytes, keep_rows, replace_rows
from schemas.cell_kinds import CellKind
from schemas.tables.common import EXAMPLE_REF, NOTE_MARK

IGNORED_KINDS = ("example", "note", "total", "blank")
"""Reasons for which a row is left out."""
_APOSTROPHE = ord(formula_guard.APOSTROPHE)
_BLANK, _LAST_ASCII, _LAST_NON_BLANK_START = ord(" "), 0x7F, 0xC1
"""A text may begin with a blank if its first byte is at most the first or above the third, and end with one
if its last byte is at most the first or above the second."""


@dataclass(frozen=True)
class TrimmedBlanks:
    """Blanks that were removed in a column: in how many rows, in which row first, and its trimmed value."""

    count: int
    first_row: int
    value: str


@dataclass(frozen=True, kw_only=True)
class DataRows:
    """The data rows of one sheet.

    Attributes:
        sheet: the sheet.
        columns: by field, the trimmed texts.
        kinds: by field, where a column holds more than text.
        row_numbers: per row its number, as Excel shows it.
        is_data: which rows below the header are data.
        ignored: number of rows left out, by reason, see `IGNORED_KINDS`.
        trimmed: by field, the blanks that were removed.
        ragged: positions of rows with too many or too few cells, and the number of cells of each.
        markers: marker header to the column that marks where rows of a table start.
        is_hidden: per row whether it is hidden.
        displayed: by field, the displayed text where a cell displays another number than it stores.
        merged: by field, the merged range that covers a cell.
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
    displayed: Mapping[str, Texts] = field(default_factory=dict)
    merged: Mapping[str, Texts] = field(default_factory=dict)
    totals: Sequence[SheetTotalsRow] = ()
    addresses: Mapping[str, Addresses] = field(default_factory=dict)


class _TrimmedColumns(NamedTuple):
    """The cells below the header, by column index; of columns that are notes none."""

    texts: dict[int, pa.ChunkedArray]
    masks: dict[int, Mask | None]  # rows that had blanks; None without any


def extract_rows(sheet: BoundSheet) -> DataRows:
    """Extract the data rows of a sheet.

    Args:
        sheet: the sheet, bound to its table.
    """
    grid, start = sheet.grid, sheet.start
    texts, trimmed_masks = _trim_columns(sheet)
    kinds = {index: column_kinds[start:] for index, column_kinds in grid.kinds.items() if index in texts}
    ignored = _find_ignored(sheet, texts, kinds, len(grid) - start)
    is_data = np.ones(len(grid) - start, np.bool_)
    for is_ignored in ignored.values():
        is_data &= ~is_ignored
    counts = {name: int(mask.sum()) for name, mask in ignored.items()}
    # titles above the header and rows below the last cell count as blank
    counts["blank"] += sheet.header_index + grid.blank_after
    columns = {column.field: keep_rows(texts[column.index], is_data) for column in sheet.columns}
    return DataRows(
        sheet=sheet,
        columns=columns,
        kinds=_select_kinds(sheet, kinds, is_data),
        row_numbers=grid.row_numbers[start:][is_data],
        is_data=is_data,
        ignored=counts,
        trimmed=_find_trimmed_blanks(sheet, trimmed_masks, is_data, columns),
        ragged=_find_ragged(sheet, is_data),
        markers={name: keep_rows(texts[index], is_data) for name, index in sheet.markers.items()},
        is_hidden=visibility.find_hidden_rows(sheet, is_data),
        displayed=visibility.find_displayed(sheet, is_data),
        merged=visibility.find_merged(sheet, is_data),
        totals=list(read_totals_rows(sheet, ignored["total"], texts, kinds, is_data)),
    )


def _trim_columns(sheet: BoundSheet) -> _TrimmedColumns:
    """Trim the columns below the header in several threads."""
    grid = sheet.grid
    indices = [index for index in range(len(grid.columns)) if index not in sheet.note_indices]
    with open_thread_pool() as pool:
        trimmed = list(pool.map(lambda index: _trim_column(grid.columns[index].slice(sheet.start)), indices))
    return _TrimmedColumns(
        {index: column for index, (column, _) in zip(indices, trimmed, strict=True)},
        {index: is_trimmed for index, (_, is_trimmed) in zip(indices, trimmed, strict=True)},
    )


def _trim_column(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, Mask | None]:
    """Remove the blanks around a column's values, and return the rows where some were removed.

    The apostrophe that guards a text against being run as a formula is removed as well, and not reported.
    """
    parts = [_trim_chunk(chunk) for chunk in column.chunks]
    # a column without chunks still needs an array to join
    is_trimmed = np.concatenate([np.zeros(0, np.bool_), *(mask for _, mask in parts)])
    trimmed = pa.chunked_array([chunk for chunk, _ in parts], column.type)
    return trimmed, is_trimmed if is_trimmed.any() else None


def _trim_chunk(chunk: Texts) -> tuple[Texts, Mask]:
    """Trim a chunk, see `_trim_column`."""
    # Trimming builds every value anew, so it gets only those whose first or last byte may be of a blank.
    is_suspicious, is_trimmed = _find_trimmable(chunk), np.zeros(len(chunk), np.bool_)
    if not is_suspicious.any():
        return chunk, is_trimmed
    suspicious = chunk.filter(pa.array(is_suspicious))
    trimmed = pc.utf8_trim_whitespace(suspicious)
    # trimming only takes away, so the lengths tell
    is_shorter = pc.not_equal(pc.binary_length(suspicious), pc.binary_length(trimmed))
    is_trimmed[is_suspicious] = is_shorter.to_numpy(zero_copy_only=False)
    unescaped = formula_guard.unescape_formulas(trimmed)
    is_changed = pc.not_equal(unescaped, suspicious)
    rows = np.flatnonzero(is_suspicious)[is_changed.to_numpy(zero_copy_only=False)]
    return replace_rows(chunk, rows, unescaped.filter(is_changed)) if len(rows) else chunk, is_trimmed


def _find_trimmable(chunk: Texts) -> Mask:
    """Return the values whose first or last byte may be part of a blank, or that begin with an apostrophe."""
    first_bytes, last_bytes = get_edge_bytes(chunk)
    may_start_blank = (first_bytes <= _BLANK) | (first_bytes > _LAST_NON_BLANK_START)
    may_end_blank = (last_bytes <= _BLANK) | (last_bytes > _LAST_ASCII)
    # Both bytes are 0 where a value is empty, which is the most frequent value that has nothing to trim.
    is_filled = (first_bytes | last_bytes) > 0
    return np.asarray((may_start_blank | may_end_blank | (first_bytes == _APOSTROPHE)) & is_filled)


def _find_ignored(
    sheet: BoundSheet,
    texts: Mapping[int, pa.ChunkedArray],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
    size: int,
) -> dict[str, Mask]:
    """Return the rows that are not data by reason, each row under one reason only."""
    first_cells, is_blank = _find_first_cells(texts, size)
    starts_with_mark = pc.starts_with(first_cells, NOTE_MARK).to_numpy(zero_copy_only=False)
    is_note = _find_note_rows(sheet, texts, starts_with_mark)
    is_example = np.zeros(size, np.bool_)
    if sheet.key_index is not None:
        # a note may quote the example: each row counts once
        is_example = pc.equal(texts[sheet.key_index], EXAMPLE_REF).to_numpy() & ~is_note
    is_total = find_totals_rows(sheet, first_cells, texts, kinds)
    is_total &= ~(is_note | is_example | is_blank)
    return {"example": is_example, "note": is_note, "total": is_total, "blank": is_blank}


def _find_note_rows(sheet: BoundSheet, texts: Mapping[int, pa.ChunkedArray], is_marked: Mask) -> Mask:
    """Return, of the rows whose first cell has the mark of a note, those without a further filled field."""
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


def _find_first_cells(texts: Mapping[int, pa.ChunkedArray], size: int) -> tuple[Texts, Mask]:
    """Return the text of each row's first filled cell, and the rows without one."""
    columns = iter(texts.values())
    first_cells = merge_chunks(next(columns, pa.chunked_array([pa.repeat(pa.scalar("", pa.string()), size)])))
    # Only the rows whose first column is blank need the others: few, except in a sheet with gaps.
    rows = np.flatnonzero(pc.binary_length(first_cells).to_numpy() == 0)
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
    """Return the cell kinds of the fields whose data rows hold more than text."""
    selected = {}
    for column in sheet.columns:
        if column.index in kinds:
            column_kinds = kinds[column.index][is_data]
            if (column_kinds > CellKind.TEXT).any():
                selected[column.field] = column_kinds
    return selected


def _find_trimmed_blanks(
    sheet: BoundSheet,
    trimmed_masks: Mapping[int, Mask | None],
    is_data: Mask,
    columns: Mapping[str, pa.ChunkedArray],
) -> dict[str, TrimmedBlanks]:
    """Return by field where blanks around a value were removed; a cell of blanks alone is not reported."""
    by_field = {}
    for column in sheet.columns:
        is_trimmed = trimmed_masks[column.index]
        if is_trimmed is None:
            continue
        texts = columns[column.field]
        rows = np.flatnonzero(is_trimmed[is_data] & (pc.binary_length(texts).to_numpy() > 0))
        if len(rows):
            first_row = int(rows[0])
            by_field[column.field] = TrimmedBlanks(len(rows), first_row, texts[first_row].as_py())
    return by_field


def _find_ragged(sheet: BoundSheet, is_data: Mask) -> tuple[Positions, npt.NDArray[np.int32]]:
    if sheet.grid.cell_counts is None:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    cell_counts = sheet.grid.cell_counts[sheet.start :][is_data]
    rows = np.flatnonzero(cell_counts != sheet.grid.width).astype(np.int64)
    return rows, cell_counts[rows]
