"""Stage 1, in the child: a Parquet file -> one sheet, every value as the text that says it exactly.

In: the bytes of the file.
Out: a `Taken`; row 1 is the header, row n + 1 the n-th record.
Never: rounds a decimal, or takes a nested value for a cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import SourceError
from pipeline.read import refuse
from pipeline.read.cells import Kinds, number_text
from pipeline.read.limits import ReadLimits
from pipeline.read.taken import Taken
from schemas.cells import CellKind

MAGIC = b"PAR1"


class _Sort(NamedTuple):
    """Values of some types: what they are as cells, and each as text."""

    holds: Callable[[Any], bool]
    kind: CellKind
    text: Callable[[Any], str]


def _decimal_text(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment_text(value: datetime) -> str:
    return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")


_SORTS = (
    _Sort(pa.types.is_integer, CellKind.TEXT, str),  # no digit of it was lost, as in a number cell of a sheet
    _Sort(pa.types.is_floating, CellKind.NUMBER, number_text),
    _Sort(pa.types.is_decimal, CellKind.NUMBER, _decimal_text),
    _Sort(pa.types.is_boolean, CellKind.BOOLEAN, lambda value: "TRUE" if value else "FALSE"),
    _Sort(pa.types.is_date, CellKind.DATE, date.isoformat),
    _Sort(pa.types.is_timestamp, CellKind.DATE, _moment_text),
    _Sort(pa.types.is_time, CellKind.TIME, lambda value: time.isoformat(value, "seconds")),
)


def sheets(name: str, data: bytes, limits: ReadLimits) -> Iterator[Taken]:
    """The one sheet of a Parquet file.

    Args:
        name: the file's name, for sentences.
        data: its bytes.
        limits: how much it may take.

    Raises:
        SourceError: it is damaged or too large, or a column holds no plain values.
    """
    table = _table(name, data, limits)
    texts, kinds = [], {}
    for at, (label, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        values, kind = _cells(name, label, column)
        texts.append(pa.concat_arrays([pa.array([label], pa.string()), values]))
        if kind is not CellKind.TEXT:
            kinds[at] = _kinds(texts[at], kind)
    rows = np.arange(1, len(table) + 2, dtype=np.int64)
    yield Taken(name, "", texts, kinds, rows if texts else rows[:0], notes="Parquet")


def _table(name: str, data: bytes, limits: ReadLimits) -> Any:
    import pyarrow.parquet  # noqa: PLC0415 - only who hands one in waits for it

    try:
        file = pyarrow.parquet.ParquetFile(pa.BufferReader(data))
        about = file.metadata
        unpacked = sum(about.row_group(each).total_byte_size for each in range(about.num_row_groups))
        if (about.num_rows + 1) * len(file.schema_arrow) > limits.area or unpacked > limits.unpacked:
            raise _too_large(name, about.num_rows)
        return file.read()
    except MemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise refuse.DAMAGED_PARQUET(name) from error


def _too_large(name: str, rows: int) -> SourceError:
    return refuse.TOO_MANY_ROWS(name, rows=rows)


def _cells(name: str, label: str, column: Any) -> tuple[Any, CellKind]:
    """A column as text, "" where it holds nothing, and what its values are as cells."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if _is_text(column.type) or pa.types.is_null(column.type):
        return _one(pc.fill_null(column.cast(pa.string()), "")), CellKind.TEXT
    sort = next((each for each in _SORTS if each.holds(column.type)), None)
    if sort is None:
        raise refuse.NO_CELLS(name, label=label, what=column.type)
    coded = _one(_local(column)).dictionary_encode()
    texts = pa.array([sort.text(each) for each in coded.dictionary.to_pylist()], pa.string())
    return pc.fill_null(texts.take(coded.indices), ""), sort.kind


def _is_text(kind: Any) -> bool:
    return any(each(kind) for each in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def _local(column: Any) -> Any:
    """Points in time by the clock of their zone, no finer than Python tells them."""
    if not pa.types.is_timestamp(column.type):
        return column
    here = pc.local_timestamp(column) if column.type.tz else column
    return here.cast(pa.timestamp("us"), safe=False)


def _one(column: Any) -> Any:
    whole = column.combine_chunks()
    return whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)


def _kinds(texts: Any, kind: CellKind) -> Kinds:
    """The kind of each cell, the header's first; what is no number of a column of numbers is an error."""
    kinds = np.full(len(texts), kind, np.uint8)
    kinds[pc.equal(texts, "").to_numpy(zero_copy_only=False)] = CellKind.BLANK
    if kind is CellKind.NUMBER:
        nowhere = pc.is_in(
            texts, value_set=pa.array([number_text(each) for each in (math.nan, math.inf, -math.inf)])
        )
        kinds[nowhere.to_numpy(zero_copy_only=False)] = CellKind.ERROR
    kinds[0] = CellKind.TEXT
    return kinds
