"""Stage 1: what the person who looks at a sheet sees otherwise than it is: hidden, merged, or shown as another.

In: a sheet that feeds a table, and which of its rows are data.
Out: by field the merged cells that swallow a cell, and what a cell shows; the rows and columns that are hidden.
Never: fills a merged cell, leaves a hidden row out, or takes what a cell shows for what it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask
from pipeline.model.sheets import SheetColumn
from pipeline.read.layout.bound_sheet import BoundSheet
from pipeline.spreadsheet.references import to_column_letters


class _MergedCells(NamedTuple):
    """Merged cells: their name, the rows as positions in the grid (last exclusive), and the columns."""

    name: str
    start: int
    stop: int
    left: int
    right: int


def find_hidden_rows(sheet: BoundSheet, is_data: Mask) -> Mask:
    """The data rows that are hidden by hand or by a filter."""
    is_hidden = sheet.grid.hidden_rows
    return (
        np.zeros(int(is_data.sum()), np.bool_)
        if is_hidden is None
        else is_hidden[sheet.header_index + 1 :][is_data]
    )


def find_hidden_columns(sheet: BoundSheet) -> list[SheetColumn]:
    """The columns of fields that are hidden, as they stand in the file."""
    return [
        file_column
        for column, file_column in zip(sheet.columns, sheet.file_columns, strict=True)
        if column.index in sheet.grid.hidden_columns
    ]


def find_displayed(sheet: BoundSheet, is_data: Mask) -> dict[str, pa.Array]:
    """By field, what the cells show that show another number than they hold; "" for all others."""
    displayed = {}
    for column in sheet.columns:
        if column.index in sheet.grid.displayed:
            texts = sheet.grid.displayed[column.index].slice(sheet.header_index + 1).filter(pa.array(is_data))
            displayed[column.field] = texts.combine_chunks()
    return _drop_blank_fields(displayed)


def find_merged(sheet: BoundSheet, is_data: Mask) -> dict[str, pa.Array]:
    """By field, the merged cells (`B4:B6`) that swallow a cell, so that it shows what another holds.

    Of a key over several rows the first cell is told as well: the rows below seem to be its invoice's, which would
    otherwise go on without them.
    """
    merges, key = list(_iter_merged_cells(sheet)), sheet.table.key
    if not merges:
        return {}
    names = pa.array(["", *(merge.name for merge in merges)])
    merged_names = {}
    for column, file_column in zip(sheet.columns, sheet.file_columns, strict=True):
        merge_numbers = np.zeros(len(sheet.grid), np.int64)
        for number, merge in enumerate(merges, 1):
            if merge.left <= file_column.index <= merge.right:
                includes_first = file_column.index != merge.left or (
                    column.field in key and merge.stop - merge.start > 1
                )
                merge_numbers[merge.start + (not includes_first) : merge.stop] = number
        if merge_numbers.any():
            merged_names[column.field] = names.take(
                pa.array(merge_numbers[sheet.header_index + 1 :][is_data])
            )
    return _drop_blank_fields(merged_names)


def _iter_merged_cells(sheet: BoundSheet) -> Iterator[_MergedCells]:
    """The merged cells below the header that show anything."""
    grid = sheet.grid
    columns = {file_index: index for index, (_, file_index) in grid.origins.items()} or {
        file_index: file_index for file_index in range(grid.width)
    }
    for top, bottom, left, right in grid.merges.tolist():
        start, stop = np.searchsorted(grid.row_numbers, [top, bottom + 1]).tolist()
        if left not in columns or start >= stop or stop <= sheet.header_index + 1:
            continue
        if int(grid.row_numbers[start]) == top and grid.columns[columns[left]][start].as_py():
            name = f"{to_column_letters(left)}{top}:{to_column_letters(right)}{bottom}"
            yield _MergedCells(name, start, stop, left, right)


def _drop_blank_fields(by_field: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    return {name: texts for name, texts in by_field.items() if pc.any(pc.not_equal(texts, "")).as_py()}
