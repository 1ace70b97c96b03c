"""From cells as text to typed columns; each distinct value of a repetitive column is read once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Mask, RawTable
from schemas.columns import cells_of, series
from schemas.fields import Field, Kind, Table
from schemas.frames import KIND_SUFFIX
from schemas.kinds import DateFormat, canonical_choice, parse

_SAMPLE = 20_000
_REPETITIVE = 0.25


def encoded(raw: RawTable) -> pd.DataFrame:
    """A table's cells, repetitive columns dictionary-encoded, and beside them what each cell held."""
    columns = {str(name): series(_encoded(cells_of(raw.frame[name]))) for name in raw.frame}
    held = {name + KIND_SUFFIX: series(pa.array(kinds)) for name, kinds in raw.kinds.items()}
    return pd.DataFrame(columns | held, index=pd.RangeIndex(len(raw)))


def _encoded(cells: Any) -> Any:
    sample = cells.slice(0, _SAMPLE)
    if len(pc.unique(sample)) > _REPETITIVE * len(sample):
        return cells
    return cells.dictionary_encode()


def frame(table: Table, cells: pd.DataFrame, unread: Mapping[str, Mask], dates: DateFormat) -> pd.DataFrame:
    """The typed frame of a table.

    Args:
        table: its declaration.
        cells: as `encoded` gives them.
        unread: per field, the rows whose cell cannot be read.
        dates: how text dates are written.

    Returns:
        The fields found, in the order of the sheet; blank or unread is null.
    """
    columns = {
        str(name): series(_typed(table[str(name)], cells_of(cells[name]), unread.get(str(name)), dates))
        for name in cells
        if not str(name).endswith(KIND_SUFFIX)
    }
    return pd.DataFrame(columns, index=cells.index)


def _typed(field: Field, cells: Any, unread: Mask | None, dates: DateFormat) -> Any:
    if not isinstance(cells, pa.DictionaryArray):
        bad = pc.equal(cells, "") if unread is None else pc.or_(pc.equal(cells, ""), pa.array(unread))
        return _values(field, pc.if_else(bad, None, cells), dates)
    indices = cells.indices.to_numpy()
    distinct = cells.dictionary
    bad = pc.equal(distinct, "").to_numpy(zero_copy_only=False)[indices]
    if unread is not None:
        bad = bad | unread
    readable = np.zeros(len(distinct), bool)
    readable[indices[~bad]] = True
    values = _values(field, pc.if_else(pa.array(readable), distinct, None), dates)
    kept = pa.array(indices, pa.int32(), mask=bad)
    if pa.types.is_string(values.type):
        return pa.DictionaryArray.from_arrays(kept, values)
    return pc.take(values, kept)


def _values(field: Field, texts: Any, dates: DateFormat) -> Any:
    if field.kind is Kind.CHOICE:
        return canonical_choice(texts, field.choices)
    return parse(field.kind, texts, dates)
