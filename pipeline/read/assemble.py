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

from pipeline.language import threads
from pipeline.model import Addresses, Mask, RawTable, Sheet, Total
from pipeline.read.remarks import starts
from pipeline.read.rows import Body
from schemas.cells import ERRORS, CellKind
from schemas.columns import cells_of, compact
from schemas.fields import Table
from schemas.texts import begins

_FIRST = "".join({each[0] for each in ERRORS})
"""What an error begins with: a column without it is not compared with them all."""


def raw_table(table: Table, bodies: Sequence[Body]) -> RawTable:
    """All sheets of a table, one after the other; a field that only some have is blank in the others."""
    sheets = tuple(
        Sheet(
            p.source,
            p.grid.name,
            p.grid.part,
            p.shown_columns,
            int(p.grid.rows[p.header]),
            p.note_columns,
            p.grid.width,
        )
        for p in (each.placed for each in bodies)
    )
    sizes = [len(each.rows) for each in bodies]
    fields = [f.name for f in table if any(f.name in each.columns for each in bodies)]
    frame = pd.DataFrame(
        dict(zip(fields, _columns(fields, bodies), strict=True)),
        index=pd.RangeIndex(sum(sizes)),
        copy=False,
    )
    failed = {name: _failed(cells_of(frame[name])) for name in fields}
    kinds = {
        name: np.concatenate([_kinds(name, each) for each in bodies])
        for name in fields
        if any(name in each.kinds for each in bodies) or failed[name] is not None
    }
    for name, mask in failed.items():
        if mask is not None:
            kinds[name][mask] = CellKind.ERROR
    return RawTable(
        table.name, frame, kinds, sheets,
        np.repeat(np.arange(len(bodies), dtype=np.int16), sizes),
        np.concatenate([np.empty(0, np.int32), *(each.rows for each in bodies)]),
        np.concatenate(
            [np.empty(0, np.int64), *(own.ragged[0] + at for at, own in zip(starts(bodies), bodies, strict=True))]
        ),
        _told([each.shown for each in bodies], sizes),
        _told([each.merged for each in bodies], sizes),
        _addresses(bodies),
    )  # fmt: skip


def _told(parts: Sequence[Mapping[str, pa.Array]], sizes: Sequence[int]) -> dict[str, pa.Array]:
    """By field, what is told of its cells, all sheets in one piece."""
    return {
        name: pa.concat_arrays(
            [
                each[name] if name in each else pa.repeat(pa.scalar("", pa.string()), size)
                for each, size in zip(parts, sizes, strict=True)
            ]
        )
        for name in {name for each in parts for name in each}
    }


def _addresses(bodies: Sequence[Body]) -> dict[str, Addresses]:
    """By field, the rows that hold its value, all sheets together; a sheet that is not flat has one each."""
    names = {name for each in bodies for name in each.addresses}
    return {name: _joined([each.addresses.get(name) or _alone(each) for each in bodies]) for name in names}


def _alone(own: Body) -> Addresses:
    return Addresses(np.arange(len(own.rows) + 1), own.rows)


def _joined(parts: Sequence[Addresses]) -> Addresses:
    sizes = np.concatenate([np.diff(each.starts) for each in parts])
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    return Addresses(starts, np.concatenate([each.rows for each in parts]))


def totals_of(name: str, bodies: Sequence[Body]) -> Iterator[Total]:
    """The totals rows of a table's sheets, with the rows that they may be the sums of."""
    for sheet, (start, each) in enumerate(zip(starts(bodies), bodies, strict=True)):
        above = 0
        for row in each.totals:
            yield Total(name, sheet, row.row, start + above, start, start + row.above, row.cells)
            above = row.above


def _columns(fields: Sequence[str], bodies: Sequence[Body]) -> Iterator[Any]:
    """The cells of some fields as columns of a frame, some side by side."""
    with threads() as side_by_side:
        for each in side_by_side.map(lambda name: _column(name, bodies), fields):
            yield pd.arrays.ArrowExtensionArray(each)


def _column(name: str, bodies: Iterable[Body]) -> pa.ChunkedArray:
    """A field's cells in one piece, encoded where they repeat."""
    chunks: list[pa.Array] = []
    for each in bodies:
        if name in each.columns:
            chunks += each.columns[name].chunks
        else:
            chunks.append(pa.repeat(pa.scalar("", pa.string()), len(each.rows)))
    return pa.chunked_array([compact(pa.chunked_array(chunks, pa.string()))])


def _failed(cells: pa.Array) -> Mask | None:
    """Cells that hold an error as a text, as an export or a copy of values leaves it; None without any."""
    coded = isinstance(cells, pa.DictionaryArray)
    texts = cells.dictionary if coded else cells
    if not begins(texts, _FIRST).any():
        return None
    hits = pc.is_in(texts, value_set=pa.array(ERRORS))
    mask: Mask = (hits.take(cells.indices) if coded else hits).to_numpy(zero_copy_only=False)
    return mask if mask.any() else None


def _kinds(name: str, own: Body) -> npt.NDArray[np.uint8]:
    if name in own.kinds:
        return own.kinds[name]
    if name not in own.columns:
        return np.zeros(len(own.rows), np.uint8)
    plain: npt.NDArray[np.uint8] = (pc.binary_length(own.columns[name]).to_numpy() > 0).astype(np.uint8)
    return plain
