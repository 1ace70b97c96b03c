"""From cells as text to typed columns; each distinct value of a repetitive column is read once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.language import threads
from pipeline.model import Mask, RawTable
from schemas import shares
from schemas.beside import KIND_SUFFIX, MERGED_SUFFIX, SHOWN_SUFFIX
from schemas.columns import cells_of, series
from schemas.dates import DateFormat
from schemas.fields import Field, Kind, Table
from schemas.kinds import canonical_choice, parse
from schemas.numbers import NumberFormat

MARK_SUFFIX = ":mark"
"""Beside a column of numbers, `amount:mark` tells which currency stands in the cell, where any does."""


def prepared(raw: RawTable, table: Table, numbers: NumberFormat) -> pd.DataFrame:
    """A table's cells as text, numbers in the plain form, and beside them what each cell held.

    Args:
        raw: as read.
        table: its declaration.
        numbers: how texts write numbers.
    """
    made = {name + KIND_SUFFIX: series(pa.array(kinds)) for name, kinds in raw.kinds.items()}
    for told, suffix in ((raw.merged, MERGED_SUFFIX), (raw.shown, SHOWN_SUFFIX)):
        made |= {name + suffix: series(texts) for name, texts in told.items()}
    for name in raw.fields:
        if table[name].kind in (Kind.NUMBER, Kind.MONEY):
            written = numbers.read(cells_of(raw.frame[name]), raw.kinds.get(name))
            made[name] = series(written.texts)
            if table[name].share:
                made |= _share(name, raw, made, numbers)
            if written.marks is not None:
                made[name + MARK_SUFFIX] = series(written.marks)
    return raw.frame.assign(**made)


def _share(
    name: str, raw: RawTable, made: Mapping[str, pd.Series[Any]], numbers: NumberFormat
) -> dict[str, pd.Series[Any]]:
    """A column that is a share, with its percents as numbers; a cell that shows 19% for 0.19 shows what it holds."""
    cells = cells_of(raw.frame[name])
    told = {name: series(shares.read(cells, cells_of(made[name]), numbers))}
    if name in raw.shown:
        told[name + SHOWN_SUFFIX] = series(shares.seen(raw.shown[name], cells))
    return told


def frame(table: Table, cells: pd.DataFrame, unread: Mapping[str, Mask], dates: DateFormat) -> pd.DataFrame:
    """The typed frame of a table.

    Args:
        table: its declaration.
        cells: as text, repetitive columns dictionary-encoded.
        unread: per field, the rows whose cell cannot be read.
        dates: how text dates are written.

    Returns:
        The fields found, in the order of the sheet; blank or unread is null.
    """
    names = [str(name) for name in cells.columns if ":" not in str(name)]

    def typed(name: str) -> pd.Series[Any]:
        return series(_typed(table[name], cells_of(cells[name]), unread.get(name), dates))

    with threads() as side_by_side:
        return pd.DataFrame(dict(zip(names, side_by_side.map(typed, names), strict=True)), index=cells.index)


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
