"""The parser of Parquet files: one sheet, every value as the text that says it exactly.

In: the bytes of the file.
Out: a `Grid`; row 1 is the header, row n + 1 the n-th record.
Never: rounds a decimal, or takes a nested value for a cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import SourceError
from pipeline.read.files.limits import ReadLimits
from pipeline.read.files.refusals import Refusal
from pipeline.read.formats import FormatInput
from pipeline.read.formats.cell_values import KindCodes, format_cell_number
from pipeline.read.formats.parsed_sheet import ParsedSheet
from pipeline.read.grid import Grid
from schemas.cell_kinds import CellKind

if TYPE_CHECKING:
    from schemas.arrow.columns import ArrowColumn, Texts  # imports pandas, which the worker must not


class _ValueSort(NamedTuple):
    """Values of some types: what they are as cells, and each as text."""

    matches: Callable[[Any], bool]
    kind: CellKind
    to_text: Callable[[Any], str]


def _format_decimal(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _format_timestamp(value: datetime) -> str:
    return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")


_VALUE_SORTS = (
    # text, since no digit of an integer was lost, as those beyond the 15th of a number cell are
    _ValueSort(pa.types.is_integer, CellKind.TEXT, str),
    _ValueSort(pa.types.is_floating, CellKind.NUMBER, format_cell_number),
    _ValueSort(pa.types.is_decimal, CellKind.NUMBER, _format_decimal),
    _ValueSort(pa.types.is_boolean, CellKind.BOOLEAN, lambda value: "TRUE" if value else "FALSE"),
    _ValueSort(pa.types.is_date, CellKind.DATE, date.isoformat),
    _ValueSort(pa.types.is_timestamp, CellKind.DATE, _format_timestamp),
    _ValueSort(pa.types.is_time, CellKind.TIME, lambda value: time.isoformat(value, "seconds")),
)


def read_parquet_sheet(file: FormatInput) -> Iterator[Grid]:
    """Read the one sheet of a Parquet file.

    Raises:
        SourceError: it is damaged or too large, or a column holds no plain values.
    """
    table = _read_table(file.name, file.data, file.limits)
    texts, kinds = [], {}
    for position, (label, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        values, kind = _convert_column(file.name, label, column)
        # the label becomes row 1, so that the grid looks like that of any other file
        texts.append(pa.concat_arrays([pa.array([label], pa.string()), values]))
        if kind is not CellKind.TEXT:
            kinds[position] = _build_kinds(texts[position], kind)
    rows = np.arange(1, len(table) + 2, dtype=np.int64)
    sheet = ParsedSheet(
        name=file.name,
        part="",
        texts=texts,
        kinds=kinds,
        # without columns there is no header row either
        rows=rows if texts else rows[:0],
        notes="Parquet",
    )
    yield sheet.to_grid()


def _read_table(name: str, data: bytes, limits: ReadLimits) -> Any:
    import pyarrow.parquet  # noqa: PLC0415 - only who hands one in waits for it

    try:
        file = pyarrow.parquet.ParquetFile(pa.BufferReader(data))
        metadata = file.metadata
        # what the metadata says, before anything is unpacked
        unpacked_bytes = sum(
            metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups)
        )
        if (metadata.num_rows + 1) * len(file.schema_arrow) > limits.area or unpacked_bytes > limits.unpacked:
            raise _report_too_many_rows(name, metadata.num_rows)
        return file.read()
    except MemoryError:  # Arrow's own is an ArrowException too, but no damage
        raise
    except (pa.ArrowException, OSError) as error:
        raise Refusal.DAMAGED_PARQUET(name) from error


def _report_too_many_rows(name: str, rows: int) -> SourceError:
    return Refusal.TOO_MANY_ROWS(name, rows=rows)


def _convert_column(name: str, label: str, column: ArrowColumn) -> tuple[Texts, CellKind]:
    """Convert a column to text, "" where it holds nothing; also return what its values are as cells."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if _is_text(column.type) or pa.types.is_null(column.type):
        return _merge_chunks(pc.fill_null(column.cast(pa.string()), "")), CellKind.TEXT
    value_sort = next((candidate for candidate in _VALUE_SORTS if candidate.matches(column.type)), None)
    if value_sort is None:
        raise Refusal.NO_CELLS(name, label=label, what=column.type)
    # each distinct value is formatted once
    encoded = _merge_chunks(_convert_to_local(column)).dictionary_encode()
    texts = pa.array([value_sort.to_text(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return pc.fill_null(texts.take(encoded.indices), ""), value_sort.kind


def _is_text(data_type: Any) -> bool:
    return any(
        is_type(data_type)
        for is_type in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    )


def _convert_to_local(column: ArrowColumn) -> ArrowColumn:
    """Convert points in time to the clock of their zone, no finer than Python's microseconds."""
    if not pa.types.is_timestamp(column.type):
        return column
    local_times = pc.local_timestamp(column) if column.type.tz else column
    # finer digits are cut off instead of raising an error
    return local_times.cast(pa.timestamp("us"), safe=False)


def _merge_chunks(column: ArrowColumn) -> ArrowColumn:
    merged = column.combine_chunks()
    return merged if isinstance(merged, pa.Array) else pa.concat_arrays(merged.chunks)


def _build_kinds(texts: Texts, kind: CellKind) -> KindCodes:
    """Build the kind of each cell, the header's first; what is not finite among numbers is an error."""
    kinds = np.full(len(texts), kind, np.uint8)
    kinds[pc.equal(texts, "").to_numpy(zero_copy_only=False)] = CellKind.BLANK
    if kind is CellKind.NUMBER:
        is_not_finite = pc.is_in(
            texts,
            value_set=pa.array([format_cell_number(number) for number in (math.nan, math.inf, -math.inf)]),
        )
        kinds[is_not_finite.to_numpy(zero_copy_only=False)] = CellKind.ERROR
    kinds[0] = CellKind.TEXT
    return kinds
