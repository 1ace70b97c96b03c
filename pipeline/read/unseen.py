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

from pipeline.model import Column, Mask
from pipeline.read.placed import Placed
from schemas.cells import column_letters


class _Merge(NamedTuple):
    """Merged cells: their name, the rows as positions in the grid (last exclusive), and the columns."""

    name: str
    start: int
    stop: int
    left: int
    right: int


def hidden_rows(placed: Placed, kept: Mask) -> Mask:
    """The data rows that are hidden by hand or by a filter."""
    hidden = placed.grid.hidden_rows
    return np.zeros(int(kept.sum()), np.bool_) if hidden is None else hidden[placed.header + 1 :][kept]


def hidden_columns(placed: Placed) -> list[Column]:
    """The columns of fields that are hidden, as they stand in the file."""
    return [
        shown
        for own, shown in zip(placed.columns, placed.shown_columns, strict=True)
        if own.index in placed.grid.hidden_columns
    ]


def shown(placed: Placed, kept: Mask) -> dict[str, pa.Array]:
    """By field, what the cells show that show another number than they hold; "" for all others."""
    found = {}
    for each in placed.columns:
        if each.index in placed.grid.shown:
            texts = placed.grid.shown[each.index].slice(placed.header + 1).filter(pa.array(kept))
            found[each.field] = texts.combine_chunks()
    return _with_any(found)


def merged(placed: Placed, kept: Mask) -> dict[str, pa.Array]:
    """By field, the merged cells (`B4:B6`) that swallow a cell, so that it shows what another holds.

    Of a key over several rows the first cell is told as well: the rows below seem to be its invoice's, which would
    otherwise go on without them.
    """
    merges, ties = list(_merges(placed)), placed.table.key
    if not merges:
        return {}
    names = pa.array(["", *(each.name for each in merges)])
    found = {}
    for own, there in zip(placed.columns, placed.shown_columns, strict=True):
        number = np.zeros(len(placed.grid), np.int64)
        for at, each in enumerate(merges, 1):
            if each.left <= there.index <= each.right:
                told = there.index != each.left or (own.field in ties and each.stop - each.start > 1)
                number[each.start + (not told) : each.stop] = at
        if number.any():
            found[own.field] = names.take(pa.array(number[placed.header + 1 :][kept]))
    return _with_any(found)


def _merges(placed: Placed) -> Iterator[_Merge]:
    """The merged cells below the header that show anything."""
    grid = placed.grid
    columns = {at: index for index, (_, at) in grid.origins.items()} or {at: at for at in range(grid.width)}
    for top, bottom, left, right in grid.merges.tolist():
        start, stop = np.searchsorted(grid.rows, [top, bottom + 1]).tolist()
        if left not in columns or start >= stop or stop <= placed.header + 1:
            continue
        if int(grid.rows[start]) == top and grid.columns[columns[left]][start].as_py():
            name = f"{column_letters(left)}{top}:{column_letters(right)}{bottom}"
            yield _Merge(name, start, stop, left, right)


def _with_any(found: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    return {name: texts for name, texts in found.items() if pc.any(pc.not_equal(texts, "")).as_py()}
