"""Raw tables: the data rows of a table's sheets, joined one sheet after the other.

In: the data rows of each sheet.
Out: a `RawTable`, and its totals rows with the rows that each may be the sum of.
Never: leaves a row out, or reports anything about one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask, Positions
from pipeline.model.sheets import Addresses, RawTable, SourceSheet, TotalsRow
from pipeline.process import open_thread_pool
from pipeline.read.layout.bound_sheet import BoundSheet
from pipeline.read.rows.data_rows import DataRows
from pipeline.read.rows.row_issues import compute_row_offsets
from schemas.arrow.columns import Texts, encode_repeats
from schemas.arrow.frames import arrow_column
from schemas.arrow.text_bytes import match_first_characters
from schemas.cell_kinds import ERROR_TEXTS, CellKind
from schemas.fields import Table

_ERROR_FIRST_CHARACTERS = "".join({error[0] for error in ERROR_TEXTS})
"""First characters of error texts: a column without one of them is not compared with all errors."""


def build_raw_table(table: Table, blocks: Sequence[DataRows]) -> RawTable:
    """Join the sheets of a table; a field that only some of them have is blank in the others.

    Args:
        table: its declaration.
        blocks: the data rows of its sheets, in the order of the files.
    """
    sizes = [len(block.row_numbers) for block in blocks]
    found_names: set[str] = set()
    for block in blocks:
        found_names |= set(block.columns)
    fields = [field.name for field in table if field.name in found_names]
    frame = pd.DataFrame(
        dict(zip(fields, _iter_columns(fields, blocks), strict=True)),
        index=pd.RangeIndex(sum(sizes)),
        copy=False,  # pandas would copy each column of a dictionary
    )
    return RawTable(
        name=table.name,
        frame=frame,
        kinds=_join_kinds(frame, blocks),
        sheets=tuple(_describe_sheet(block.sheet) for block in blocks),
        sheet_indices=np.repeat(np.arange(len(blocks), dtype=np.int16), sizes),
        # the empty array gives the type where there is no sheet
        row_numbers=np.concatenate([np.empty(0, np.int32), *(block.row_numbers for block in blocks)]),
        ragged_rows=_join_ragged(blocks),
        displayed=_join_by_field([block.displayed for block in blocks], sizes),
        merged=_join_by_field([block.merged for block in blocks], sizes),
        addresses=_join_addresses(blocks),
    )


def _describe_sheet(sheet: BoundSheet) -> SourceSheet:
    return SourceSheet(
        source=sheet.source,
        name=sheet.grid.name,
        part=sheet.grid.part,
        columns=sheet.file_columns,
        header_row=int(sheet.grid.row_numbers[sheet.header_index]),
        notes=sheet.note_columns,
        width=sheet.grid.width,
    )


def _join_kinds(frame: pd.DataFrame, blocks: Sequence[DataRows]) -> dict[str, npt.NDArray[np.uint8]]:
    """Return the cell kinds of the fields that hold more than text, error texts marked as errors."""
    joined: dict[str, npt.NDArray[np.uint8]] = {}
    for column in frame.columns:
        name = str(column)
        is_error = _find_error_texts(arrow_column(frame[name]))
        if is_error is None and not any(name in block.kinds for block in blocks):
            continue
        joined[name] = np.concatenate([_get_kinds(name, block) for block in blocks])
        if is_error is not None:
            joined[name][is_error] = CellKind.ERROR
    return joined


def _join_ragged(blocks: Sequence[DataRows]) -> Positions:
    offsets = compute_row_offsets(blocks)
    parts = [block.ragged[0] + offset for offset, block in zip(offsets, blocks, strict=True)]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _join_by_field(parts: Sequence[Mapping[str, Texts]], sizes: Sequence[int]) -> dict[str, Texts]:
    """Join each field's texts over all sheets; "" in the rows of a sheet that has none for it."""
    names: set[str] = set()
    for part in parts:
        names |= set(part)
    return {name: _join_texts(name, parts, sizes) for name in names}


def _join_texts(name: str, parts: Sequence[Mapping[str, Texts]], sizes: Sequence[int]) -> Texts:
    blank = pa.scalar("", pa.string())
    texts = [
        part[name] if name in part else pa.repeat(blank, size)
        for part, size in zip(parts, sizes, strict=True)
    ]
    return pa.concat_arrays(texts)


def _join_addresses(blocks: Sequence[DataRows]) -> dict[str, Addresses]:
    """Join the addresses of each field that a flat sheet repeats; elsewhere a row has only its own."""
    names: set[str] = set()
    for block in blocks:
        names |= set(block.addresses)
    joined = {}
    for name in names:
        parts = [block.addresses.get(name) or _make_own_addresses(block) for block in blocks]
        joined[name] = _concat_addresses(parts)
    return joined


def _make_own_addresses(block: DataRows) -> Addresses:
    return Addresses(np.arange(len(block.row_numbers) + 1), block.row_numbers)


def _concat_addresses(parts: Sequence[Addresses]) -> Addresses:
    sizes = np.concatenate([np.diff(part.starts) for part in parts])
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    return Addresses(starts, np.concatenate([part.rows for part in parts]))


def collect_totals(name: str, blocks: Sequence[DataRows]) -> Iterator[TotalsRow]:
    """Yield the totals rows of a table's sheets, each with the rows it may be the sum of.

    Args:
        name: the table's name.
        blocks: the data rows of its sheets.
    """
    for sheet, (start, block) in enumerate(zip(compute_row_offsets(blocks), blocks, strict=True)):
        rows_above = 0
        for totals_row in block.totals:
            yield TotalsRow(
                table=name,
                sheet=sheet,
                row_number=totals_row.row_number,
                start_since_total=start + rows_above,
                start_since_header=start,
                stop=start + totals_row.rows_above,
                cells=totals_row.cells,
            )
            rows_above = totals_row.rows_above


def _iter_columns(
    fields: Sequence[str], blocks: Sequence[DataRows]
) -> Iterator[pd.arrays.ArrowExtensionArray]:
    """Yield the frame's columns in the order of the fields, encoded in several threads."""
    with open_thread_pool() as pool:
        for column in pool.map(lambda name: _join_column(name, blocks), fields):
            yield pd.arrays.ArrowExtensionArray(column)


def _join_column(name: str, blocks: Iterable[DataRows]) -> pa.ChunkedArray:
    """Join a field's cells into one chunk, dictionary-encoded where values repeat."""
    chunks: list[Texts] = []
    for block in blocks:
        if name in block.columns:
            chunks += block.columns[name].chunks
        else:
            chunks.append(pa.repeat(pa.scalar("", pa.string()), len(block.row_numbers)))
    return pa.chunked_array([encode_repeats(pa.chunked_array(chunks, pa.string()))])


def _find_error_texts(cells: Texts) -> Mask | None:
    """Return the cells with an error as text, as CSV exports and pasted values have it; None if none."""
    is_encoded = isinstance(cells, pa.DictionaryArray)
    # of what repeats only the distinct values are looked at
    texts = cells.dictionary if is_encoded else cells
    if not match_first_characters(texts, _ERROR_FIRST_CHARACTERS).any():
        return None
    is_error = pc.is_in(texts, value_set=pa.array(ERROR_TEXTS))
    mask: Mask = (is_error.take(cells.indices) if is_encoded else is_error).to_numpy(zero_copy_only=False)
    return mask if mask.any() else None


def _get_kinds(name: str, block: DataRows) -> npt.NDArray[np.uint8]:
    """Return a field's cell kinds; where the block names none, text where a cell is filled."""
    if name in block.kinds:
        return block.kinds[name]
    if name not in block.columns:
        return np.zeros(len(block.row_numbers), np.uint8)
    # False and True are the numbers of CellKind.BLANK and CellKind.TEXT, so the cast already gives kinds.
    text_kinds: npt.NDArray[np.uint8] = (pc.binary_length(block.columns[name]).to_numpy() > 0).astype(
        np.uint8
    )
    return text_kinds
