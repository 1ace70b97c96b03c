"""Writer of CSV that is safe to open: formula injection is escaped.

In: Arrow columns.
Out: UTF-8, written by whole columns.
Never: loops over cells, which would take minutes for a million items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow import formula_guard, money
from schemas.arrow.columns import ArrowColumn, Texts, merge_chunks
from schemas.arrow.text_bytes import find_characters, get_text_bytes

_NEEDS_QUOTES = '",\r\n'
_BATCH_ROWS = 25_000


def write_csv(columns: Mapping[str, ArrowColumn], file: BinaryIO, header: bool = True) -> None:
    """Write columns as CSV in UTF-8; null is an empty cell.

    Args:
        columns: Arrow arrays of one length, dictionary-encoded where they repeat.
        file: open for writing.
        header: whether the first line has the names.
    """
    if header:
        file.write((",".join(columns) + "\n").encode())
    groups = list(_join_neighbours([_format_column(merge_chunks(column)) for column in columns.values()]))
    rows = len(next(iter(columns.values())))
    for start in range(0, rows, _BATCH_ROWS):
        *leading, last = (_format_batch(column, width, start) for column, width in groups)
        ended_cells = pc.binary_join_element_wise(last, "\n", "", null_handling="replace")
        lines = pc.binary_join_element_wise(*leading, ended_cells, ",", null_handling="replace")
        # the lines lie one after the other in Arrow's buffer, which is written as it is
        file.write(get_text_bytes(lines).data)


def _format_column(values: ArrowColumn) -> ArrowColumn:
    """Format the cells of a column; each day and each value of a dictionary is formatted once."""
    if pa.types.is_date32(values.type):
        values = values.dictionary_encode()
    if isinstance(values, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(values.indices, _format_cells(values.dictionary), safe=False)
    return values


def _format_cells(values: ArrowColumn) -> Texts:
    if pa.types.is_decimal(values.type):
        return money.format_plain(values)
    if not pa.types.is_string(values.type):
        return pc.cast(values, pa.string())
    texts = formula_guard.escape_formulas(values)
    special = find_characters(texts, _NEEDS_QUOTES)
    if not special:
        return texts
    # only if there are quotes to double: the column was searched for them already
    escaped = pc.replace_substring(texts, '"', '""') if '"' in special else texts
    return pc.binary_join_element_wise('"', escaped, '"', "")


def _join_neighbours(columns: list[ArrowColumn]) -> Iterator[tuple[ArrowColumn, int]]:
    """Join neighbours with the same indices, so that their texts are taken once; yield how many are one."""
    index = 0
    while index < len(columns):
        column, width = columns[index], 1
        while index + width < len(columns) and _has_same_indices(column, columns[index + width]):
            width += 1
        if width > 1:
            texts = [pc.fill_null(neighbour.dictionary, "") for neighbour in columns[index : index + width]]
            joined = pc.binary_join_element_wise(*texts, ",")
            column = pa.DictionaryArray.from_arrays(column.indices, joined, safe=False)
        yield column, width
        index += width


def _has_same_indices(left: ArrowColumn, right: ArrowColumn) -> bool:
    if not (isinstance(left, pa.DictionaryArray) and isinstance(right, pa.DictionaryArray)):
        return False
    left_indices, right_indices = left.indices, right.indices
    return (
        len(left.dictionary) == len(right.dictionary)
        and left_indices.offset == right_indices.offset
        # the same memory: comparing addresses spares a comparison of all indices
        and [buffer and buffer.address for buffer in left_indices.buffers()]
        == [buffer and buffer.address for buffer in right_indices.buffers()]
    )


def _format_batch(values: ArrowColumn, width: int, start: int) -> Texts:
    """Format some rows of a column; a null leaves its cell empty, in a group all its cells."""
    batch = values.slice(start, _BATCH_ROWS)
    texts = (
        pc.take(batch.dictionary, batch.indices)
        if isinstance(batch, pa.DictionaryArray)
        else _format_cells(batch)
    )
    # a group of cells that is null needs the commas between them
    return pc.fill_null(texts, "," * (width - 1)) if width > 1 else texts
