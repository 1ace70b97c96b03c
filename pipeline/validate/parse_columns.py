"""Typed columns from cells as text; each distinct value of a repetitive column is parsed once.

In: a raw table; then its cells with those that failed a check.
Out: cells as text with columns of what each held; the typed frame.
Never: parses a text that failed a check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask
from pipeline.model.sheets import RawTable
from pipeline.process import open_thread_pool
from schemas.arrow.columns import ArrowColumn, Texts
from schemas.arrow.frames import arrow_column, to_series
from schemas.cell_facts import KIND_SUFFIX, MERGED_SUFFIX, SHOWN_SUFFIX
from schemas.fields import Field, Kind, Table
from schemas.notation import percents
from schemas.notation.dates import DateNotation
from schemas.notation.numbers import NumberNotation
from schemas.notation.parsing import normalize_choices, parse_texts

MARK_SUFFIX = ":mark"
"""`amount:mark` holds the currency mark of each cell of `amount`; it exists if any cell has one."""


def prepare_cells(raw: RawTable, table: Table, numbers: NumberNotation) -> pd.DataFrame:
    """Return a table's cells as text, numbers in their plain form, with columns of what each cell held.

    Args:
        raw: as read.
        table: its declaration.
        numbers: how texts write numbers.
    """
    columns = {name + KIND_SUFFIX: to_series(pa.array(kinds)) for name, kinds in raw.kinds.items()}
    for texts_by_field, suffix in ((raw.merged, MERGED_SUFFIX), (raw.displayed, SHOWN_SUFFIX)):
        columns |= {name + suffix: to_series(texts) for name, texts in texts_by_field.items()}
    for name in raw.fields:
        if table[name].kind in (Kind.NUMBER, Kind.MONEY):
            written = numbers.normalize(arrow_column(raw.frame[name]), raw.kinds.get(name))
            columns[name] = to_series(written.texts)
            if table[name].is_share:
                columns |= _convert_percents(name, raw, columns, numbers)
            if written.currency_marks is not None:
                columns[name + MARK_SUFFIX] = to_series(written.currency_marks)
    return raw.frame.assign(**columns)


def _convert_percents(
    name: str, raw: RawTable, columns: Mapping[str, pd.Series[Any]], numbers: NumberNotation
) -> dict[str, pd.Series[Any]]:
    """Return a column of shares with percents as numbers; 19% shown for 0.19 counts as the same."""
    cells = arrow_column(raw.frame[name])
    converted = {name: to_series(percents.normalize_percents(cells, arrow_column(columns[name]), numbers))}
    if name in raw.displayed:
        converted[name + SHOWN_SUFFIX] = to_series(percents.drop_equal_percents(raw.displayed[name], cells))
    return converted


def parse_table(
    table: Table, cells: pd.DataFrame, unreadable: Mapping[str, Mask], dates: DateNotation
) -> pd.DataFrame:
    """Return the typed frame of a table, its columns parsed in parallel.

    Args:
        table: its declaration.
        cells: as text, repetitive columns dictionary-encoded.
        unreadable: per field a mask of the rows whose cell could not be read.
        dates: how text dates are written.

    Returns:
        The fields found, in the order of the sheet; a blank or unreadable cell is null.
    """
    # a name with a colon is that of a column of facts
    names = [str(name) for name in cells.columns if ":" not in str(name)]

    def parse_column(name: str) -> pd.Series[Any]:
        return to_series(_parse_cells(table[name], arrow_column(cells[name]), unreadable.get(name), dates))

    with open_thread_pool() as pool:
        return pd.DataFrame(dict(zip(names, pool.map(parse_column, names), strict=True)), index=cells.index)


def _parse_cells(field: Field, cells: Texts, unreadable: Mask | None, dates: DateNotation) -> ArrowColumn:
    if not isinstance(cells, pa.DictionaryArray):
        is_null = pc.equal(cells, "")
        if unreadable is not None:
            is_null = pc.or_(is_null, pa.array(unreadable))
        return _parse_texts(field, pc.if_else(is_null, None, cells), dates)
    indices = cells.indices.to_numpy()
    distinct = cells.dictionary
    is_null = pc.equal(distinct, "").to_numpy(zero_copy_only=False)[indices]
    if unreadable is not None:
        is_null = is_null | unreadable
    # an unreadable text must not reach the parser, and only rows that become null anyway have it
    readable = np.zeros(len(distinct), bool)
    readable[indices[~is_null]] = True
    values = _parse_texts(field, pc.if_else(pa.array(readable), distinct, None), dates)
    kept = pa.array(indices, pa.int32(), mask=is_null)
    if pa.types.is_string(values.type):
        return pa.DictionaryArray.from_arrays(kept, values)
    return pc.take(values, kept)


def _parse_texts(field: Field, texts: Texts, dates: DateNotation) -> ArrowColumn:
    if field.kind is Kind.CHOICE:
        return normalize_choices(texts, field.choices)
    return parse_texts(field.kind, texts, dates)
