"""Hidden, merged and rounded cells: where a sheet shows something other than it stores.

In: a bound sheet, and which of its rows are data.
Out: by field the merged ranges that cover a cell and the displayed texts; the hidden rows and columns.
Never: fills a merged cell, leaves a hidden row out, or reads a displayed text as the cell's value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask, Positions
from pipeline.model.sheets import SheetColumn
from pipeline.read.grid import Grid
from pipeline.read.layout.bound_sheet import BoundSheet
from pipeline.spreadsheet.references import to_column_letters
from schemas.arrow.columns import Texts


class _MergedCells(NamedTuple):
    """A merged range: its name, the rows of the grid (`stop` exclusive), and the columns of the file."""

    name: str
    start: int
    stop: int
    left: int
    right: int


def find_hidden_rows(sheet: BoundSheet, is_data: Mask) -> Mask:
    """Return which data rows are hidden by hand or by a filter.

    Args:
        sheet: the sheet.
        is_data: which rows below the header are data.
    """
    is_hidden = sheet.grid.hidden_rows
    if is_hidden is None:
        return np.zeros(int(is_data.sum()), np.bool_)
    return is_hidden[sheet.start :][is_data]


def find_hidden_columns(sheet: BoundSheet) -> list[SheetColumn]:
    """Return the bound columns that are hidden, with header and index as in the file."""
    return [
        file_column
        for column, file_column in zip(sheet.columns, sheet.file_columns, strict=True)
        if column.index in sheet.grid.hidden_columns
    ]


def find_displayed(sheet: BoundSheet, is_data: Mask) -> dict[str, Texts]:
    """Return by field the texts of cells that display another number than they store; "" for all others.

    Args:
        sheet: the sheet.
        is_data: which rows below the header are data.
    """
    displayed = {}
    for column in sheet.columns:
        if column.index in sheet.grid.displayed:
            texts = sheet.grid.displayed[column.index].slice(sheet.start).filter(pa.array(is_data))
            displayed[column.field] = texts.combine_chunks()
    return _drop_blank_fields(displayed)


def find_merged(sheet: BoundSheet, is_data: Mask) -> dict[str, Texts]:
    """Return by field the merged range (`B4:B6`) that covers a cell and displays the value of another.

    Of a key that is merged over several rows the first cell is included: the rows below seem to belong to its
    invoice, which would otherwise be accepted without them.

    Args:
        sheet: the sheet.
        is_data: which rows below the header are data.
    """
    merges = list(_iter_merged_cells(sheet))
    if not merges:
        return {}
    names = pa.array(["", *(merge.name for merge in merges)])
    merged_names = {}
    for column, file_column in zip(sheet.columns, sheet.file_columns, strict=True):
        is_key = column.field in sheet.table.key
        merge_numbers = _number_merged_rows(sheet.grid, merges, file_column.index, is_key)
        if merge_numbers.any():
            merged_names[column.field] = names.take(pa.array(merge_numbers[sheet.start :][is_data]))
    return _drop_blank_fields(merged_names)


def _number_merged_rows(grid: Grid, merges: Sequence[_MergedCells], index: int, is_key: bool) -> Positions:
    """Return per row of a column the number of the merged range that covers it, from 1; 0 without one."""
    merge_numbers = np.zeros(len(grid), np.int64)
    for number, merge in enumerate(merges, 1):
        if merge.left <= index <= merge.right:
            includes_first = index != merge.left or (is_key and merge.stop - merge.start > 1)
            # a boolean counts 0 or 1: without the first row the span starts one further down
            merge_numbers[merge.start + (not includes_first) : merge.stop] = number
    return merge_numbers


def _iter_merged_cells(sheet: BoundSheet) -> Iterator[_MergedCells]:
    """Yield the merged ranges below the header that display a value."""
    grid = sheet.grid
    columns = _map_file_columns(grid)
    for top, bottom, left, right in grid.merges.tolist():
        # looked up by number, since a grid lacks the rows that the file does not have
        start, stop = np.searchsorted(grid.row_numbers, [top, bottom + 1]).tolist()
        if left not in columns or start >= stop or stop <= sheet.start:
            continue
        # The value is in the first row: a range whose first row is blank displays nothing.
        if int(grid.row_numbers[start]) == top and grid.columns[columns[left]][start].as_py():
            name = f"{to_column_letters(left)}{top}:{to_column_letters(right)}{bottom}"
            yield _MergedCells(name, start, stop, left, right)


def _map_file_columns(grid: Grid) -> dict[int, int]:
    """Return the column index in the file to that in the grid, which differ where a mapping was applied."""
    if grid.origins:
        return {file_index: index for index, (_, file_index) in grid.origins.items()}
    return {index: index for index in range(grid.width)}


def _drop_blank_fields(by_field: Mapping[str, Texts]) -> dict[str, Texts]:
    return {name: texts for name, texts in by_field.items() if pc.any(pc.not_equal(texts, "")).as_py()}
