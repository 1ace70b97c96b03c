"""Stage 1: the bodies of one table -> its rows, all sheets one after the other.

In: what each sheet holds.
Out: a `RawTable`, and its totals rows by the rows that they may be the sums of.
Never: leaves a row out, or says anything of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import open_thread_pool
from pipeline.model import Addresses, Mask, RawTable, SourceSheet, TotalsRow
from pipeline.read.rows.data_rows import DataRows
from pipeline.read.rows.row_issues import compute_row_offsets
from schemas.arrow.columns import arrow_column, encode_repeats
from schemas.arrow.text_bytes import match_first_characters
from schemas.cell_kinds import ERROR_TEXTS, CellKind
from schemas.fields import Table

_ERROR_FIRST_CHARACTERS = "".join({error[0] for error in ERROR_TEXTS})
"""What an error begins with: a column without it is not compared with them all."""


def build_raw_table(table: Table, blocks: Sequence[DataRows]) -> RawTable:
    """All sheets of a table, one after the other; a field that only some have is blank in the others."""
    sheets = tuple(
        SourceSheet(
            bound.source,
            bound.grid.name,
            bound.grid.part,
            bound.file_columns,
            int(bound.grid.row_numbers[bound.header_index]),
            bound.note_columns,
            bound.grid.width,
        )
        for bound in (block.sheet for block in blocks)
    )
    sizes = [len(block.row_numbers) for block in blocks]
    fields = [field.name for field in table if any(field.name in block.columns for block in blocks)]
    frame = pd.DataFrame(
        dict(zip(fields, _iter_columns(fields, blocks), strict=True)),
        index=pd.RangeIndex(sum(sizes)),
        copy=False,
    )
    error_masks = {name: _find_error_texts(arrow_column(frame[name])) for name in fields}
    kinds = {
        name: np.concatenate([_get_kinds(name, block) for block in blocks])
        for name in fields
        if any(name in block.kinds for block in blocks) or error_masks[name] is not None
    }
    for name, mask in error_masks.items():
        if mask is not None:
            kinds[name][mask] = CellKind.ERROR
    return RawTable(
        table.name, frame, kinds, sheets,
        np.repeat(np.arange(len(blocks), dtype=np.int16), sizes),
        np.concatenate([np.empty(0, np.int32), *(block.row_numbers for block in blocks)]),
        np.concatenate(
            [np.empty(0, np.int64), *(block.ragged[0] + start for start, block in zip(compute_row_offsets(blocks), blocks, strict=True))]
        ),
        _join_by_field([block.displayed for block in blocks], sizes),
        _join_by_field([block.merged for block in blocks], sizes),
        _join_addresses(blocks),
    )  # fmt: skip


def _join_by_field(parts: Sequence[Mapping[str, pa.Array]], sizes: Sequence[int]) -> dict[str, pa.Array]:
    """By field, what is told of its cells, all sheets in one piece."""
    return {
        name: pa.concat_arrays(
            [
                part[name] if name in part else pa.repeat(pa.scalar("", pa.string()), size)
                for part, size in zip(parts, sizes, strict=True)
            ]
        )
        for name in {name for part in parts for name in part}
    }


def _join_addresses(blocks: Sequence[DataRows]) -> dict[str, Addresses]:
    """By field, the rows that hold its value, all sheets together; a sheet that is not flat has one each."""
    names = {name for block in blocks for name in block.addresses}
    return {
        name: _concat_addresses([block.addresses.get(name) or _make_own_addresses(block) for block in blocks])
        for name in names
    }


def _make_own_addresses(block: DataRows) -> Addresses:
    return Addresses(np.arange(len(block.row_numbers) + 1), block.row_numbers)


def _concat_addresses(parts: Sequence[Addresses]) -> Addresses:
    sizes = np.concatenate([np.diff(part.starts) for part in parts])
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    return Addresses(starts, np.concatenate([part.rows for part in parts]))


def collect_totals(name: str, blocks: Sequence[DataRows]) -> Iterator[TotalsRow]:
    """The totals rows of a table's sheets, with the rows that they may be the sums of."""
    for sheet, (start, block) in enumerate(zip(compute_row_offsets(blocks), blocks, strict=True)):
        rows_above = 0
        for totals_row in block.totals:
            yield TotalsRow(
                name,
                sheet,
                totals_row.row_number,
                start + rows_above,
                start,
                start + totals_row.rows_above,
                totals_row.cells,
            )
            rows_above = totals_row.rows_above


def _iter_columns(fields: Sequence[str], blocks: Sequence[DataRows]) -> Iterator[Any]:
    """The cells of some fields as columns of a frame, some side by side."""
    with open_thread_pool() as pool:
        for column in pool.map(lambda name: _join_column(name, blocks), fields):
            yield pd.arrays.ArrowExtensionArray(column)


def _join_column(name: str, blocks: Iterable[DataRows]) -> pa.ChunkedArray:
    """A field's cells in one piece, encoded where they repeat."""
    chunks: list[pa.Array] = []
    for block in blocks:
        if name in block.columns:
            chunks += block.columns[name].chunks
        else:
            chunks.append(pa.repeat(pa.scalar("", pa.string()), len(block.row_numbers)))
    return pa.chunked_array([encode_repeats(pa.chunked_array(chunks, pa.string()))])


def _find_error_texts(cells: pa.Array) -> Mask | None:
    """Cells that hold an error as a text, as an export or a copy of values leaves it; None without any."""
    is_encoded = isinstance(cells, pa.DictionaryArray)
    texts = cells.dictionary if is_encoded else cells
    if not match_first_characters(texts, _ERROR_FIRST_CHARACTERS).any():
        return None
    is_error = pc.is_in(texts, value_set=pa.array(ERROR_TEXTS))
    mask: Mask = (is_error.take(cells.indices) if is_encoded else is_error).to_numpy(zero_copy_only=False)
    return mask if mask.any() else None


def _get_kinds(name: str, block: DataRows) -> npt.NDArray[np.uint8]:
    if name in block.kinds:
        return block.kinds[name]
    if name not in block.columns:
        return np.zeros(len(block.row_numbers), np.uint8)
    text_kinds: npt.NDArray[np.uint8] = (pc.binary_length(block.columns[name]).to_numpy() > 0).astype(
        np.uint8
    )
    return text_kinds
