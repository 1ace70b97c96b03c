"""Stage 1, in the child: rows of Python values -> columns of text, and the kind of each cell.

In: what the parser yields, row by row.
Out: Arrow columns of text, and an array of kinds for each column that holds more than text.
Never: looks at a single cell where a column is uniform, or shows a number with binary noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.formats.ooxml.sheet_facts import Overlay
from pipeline.spreadsheet.number_formats import NumberFormat
from schemas.cell_kinds import CellKind

KindCodes = npt.NDArray[np.uint8]
_BATCH_ROWS = 1 << 15
_EXACT_INTEGERS = 10**15
_LAST_SERIAL = 2_957_000
_FIRST_REAL_SERIAL = 61
EPOCH_1900, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)


def format_cell_number(value: float) -> str:
    """15 significant digits, Excel's own precision; an exponent only where digits are lost beyond them."""
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if "e-" in text else text


def parse_xml_number(text: str) -> float:
    """The number a cell's XML holds, as the parser takes it."""
    return float(text)


class ErrorText(str):
    """An error cell, as it shows."""

    __slots__ = ()


class FormulaText(str):
    """A formula without a stored value, with its `=`."""

    __slots__ = ()


def parse_stored_number(text: str) -> int | float:
    """A number as a file writes it; whole ones without a detour."""
    return int(text) if len(text) < 16 and text.isdecimal() else float(text)


def convert_serial(
    serial: float, number_format: NumberFormat, epoch: date
) -> float | time | timedelta | datetime:
    """What a serial number means under a format that shows dates or times.

    A day before March 1900 is none: Excel counts one there that never was, so the number stays a number.
    """
    if number_format.elapsed:
        return timedelta(days=serial) if abs(serial) < _LAST_SERIAL else serial
    if 0 <= serial < 1:
        return (datetime.min + timedelta(days=serial, microseconds=500_000)).time()
    if not (_FIRST_REAL_SERIAL if epoch.year < 1904 else 0) <= serial < _LAST_SERIAL:
        return serial
    return datetime(epoch.year, epoch.month, epoch.day) + timedelta(days=serial)


def _format_datetime(value: datetime) -> str:
    """To the second; without the time when that is midnight."""
    rounded = value + timedelta(microseconds=500_000)
    return rounded.isoformat(" ", "seconds").removesuffix(" 00:00:00")


def _format_duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_KIND_OF_TYPE: Mapping[type, int] = {
    str: CellKind.TEXT, float: CellKind.NUMBER, int: CellKind.NUMBER, bool: CellKind.BOOLEAN,
    datetime: CellKind.DATE, date: CellKind.DATE, time: CellKind.TIME, timedelta: CellKind.TIME,
    ErrorText: CellKind.ERROR, FormulaText: CellKind.FORMULA,
}  # fmt: skip
_FORMATTER_OF_TYPE: Mapping[type, Callable[[Any], str]] = {
    str: str,
    float: format_cell_number,
    int: format_cell_number,
    bool: lambda value: "TRUE" if value else "FALSE",
    datetime: _format_datetime,
    date: date.isoformat,
    time: lambda value: value.isoformat("seconds"),
    timedelta: _format_duration,
    ErrorText: str.__str__,
    FormulaText: str.__str__,
}


class ColumnCollector:
    """Text and kinds of a sheet's columns, gathered batch by batch; column and row 0 are A and 1."""

    def __init__(self, first_column: int, rows: Iterable[Sequence[Any]]) -> None:
        """Take the rows of a parser whose first column is `first`."""
        self._first_column = first_column
        self._texts: list[list[pa.Array]] = []
        self._kinds: list[list[KindCodes | None]] = []
        self.rows = 0
        for batch in _iter_batches(iter(rows)):
            self._add_batch(batch)

    def _add_batch(self, batch: list[Sequence[Any]]) -> None:
        for position, column in enumerate(zip(*batch, strict=True)):
            if position == len(self._texts):
                self._texts.append([])
                self._kinds.append([])
            text, kinds = convert_column(column)
            self._texts[position].append(text)
            self._kinds[position].append(kinds)
        self.rows += len(batch)

    def finish(self, overlays: Sequence[Overlay]) -> tuple[list[pa.Array], dict[int, KindCodes]]:
        """All columns from A, with the cells laid over them that the parser shows as empty."""
        empty = pa.repeat(pa.scalar("", pa.string()), self.rows)
        texts = [empty] * self._first_column + [pa.concat_arrays(chunks) for chunks in self._texts]
        kinds = {
            position + self._first_column: np.concatenate(
                [
                    _infer_text_kinds(text_chunk) if kind_chunk is None else kind_chunk
                    for text_chunk, kind_chunk in zip(self._texts[position], kind_chunks, strict=True)
                ]
            )
            for position, kind_chunks in enumerate(self._kinds)
            if any(chunk is not None for chunk in kind_chunks)
        }
        height = max([self.rows, *(overlay.row + 1 for overlay in overlays)])
        width = max([len(texts), *(overlay.column + 1 for overlay in overlays)])
        texts += [empty] * (width - len(texts))
        if height > self.rows:
            blank_rows = pa.repeat(pa.scalar("", pa.string()), height - self.rows)
            texts = [pa.concat_arrays([column, blank_rows]) for column in texts]
            kinds = {
                position: np.pad(column_kinds, (0, height - self.rows))
                for position, column_kinds in kinds.items()
            }
            self.rows = height
        apply_overlays(texts, kinds, overlays)
        return texts, kinds


def apply_overlays(texts: list[pa.Array], kinds: dict[int, KindCodes], overlays: Sequence[Overlay]) -> None:
    """Put cells over columns that are long and many enough for them."""
    columns: dict[int, list[Overlay]] = {}
    for overlay in overlays:
        columns.setdefault(overlay.column, []).append(overlay)
    for position, column_overlays in columns.items():
        kinds.setdefault(position, _infer_text_kinds(texts[position]))
        texts[position] = _replace_cells(texts[position], kinds[position], column_overlays)


def _iter_batches(rows: Iterator[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    """Batches of rows; the first ends with the first row that holds anything, mostly the header."""
    head: list[Sequence[Any]] = []
    for row in rows:
        head.append(row)
        if any(value != "" for value in row):
            break
    if head:
        yield head
    while batch := list(islice(rows, _BATCH_ROWS)):
        yield batch


def convert_column(values: Sequence[Any]) -> tuple[pa.Array, KindCodes | None]:
    """Text and kinds of a column; no kinds when it is all text and blanks."""
    types = set(map(type, values))
    if types & {date, datetime} and (serials := _find_impossible_dates(values)):
        values = [serials.get(value, value) for value in values]
        types = set(map(type, values))
    if types == {str}:
        return pa.array(values, pa.string()), None
    if types == {float}:
        return _format_numbers(values), np.full(len(values), CellKind.NUMBER, np.uint8)
    if len(types) == 1 and not types & {bool}:
        format_value = _FORMATTER_OF_TYPE[types.pop()]
        texts = {value: format_value(value) for value in set(values)}
        array = pa.array([texts[value] for value in values], pa.string())
    else:
        array = pa.array([_FORMATTER_OF_TYPE[value.__class__](value) for value in values], pa.string())
    kinds = np.frombuffer(bytes(map(_KIND_OF_TYPE.__getitem__, map(type, values))), np.uint8)
    return array, np.where(_get_byte_lengths(array) == 0, np.uint8(CellKind.BLANK), kinds)


def _find_impossible_dates(values: Iterable[Any]) -> dict[Any, float]:
    """Dates before March 1900, which the parser makes of serial numbers, and those numbers."""
    return {
        value: _to_serial(value)
        for value in set(values)
        if isinstance(value, date) and (value.year, value.month) < (1900, 3)
    }


def _to_serial(value: date) -> float:
    """Days as Excel counts them before the day that never was."""
    time_of_day = (
        value - datetime(value.year, value.month, value.day) if isinstance(value, datetime) else timedelta()
    )
    return value.toordinal() - EPOCH_1900.toordinal() - 1 + time_of_day / timedelta(1)


def _format_numbers(values: Sequence[float]) -> pa.Array:
    """Whole numbers are cast as one; of the others each distinct one is formatted once."""
    array = pa.array(values, pa.float64())
    numbers = array.to_numpy()
    if (np.abs(numbers) < _EXACT_INTEGERS).all() and (numbers == np.floor(numbers)).all():
        return array.cast(pa.int64()).cast(pa.string())
    encoded = array.dictionary_encode()
    texts = list(map(format_cell_number, encoded.dictionary.to_pylist()))
    return pa.array(texts, pa.string()).take(encoded.indices)


def _get_byte_lengths(array: pa.Array) -> npt.NDArray[np.int32]:
    lengths: npt.NDArray[np.int32] = pc.binary_length(array).to_numpy(zero_copy_only=False)
    return lengths


def _infer_text_kinds(array: pa.Array) -> KindCodes:
    """Kinds of a column of text and blanks."""
    return (_get_byte_lengths(array) > 0).astype(np.uint8)


def _replace_cells(texts: pa.Array, kinds: KindCodes, overlays: Sequence[Overlay]) -> pa.Array:
    """The column with other texts in some rows; `kinds` is changed in place."""
    by_row = sorted({overlay.row: overlay for overlay in overlays}.items())
    is_overlaid = np.zeros(len(texts), np.bool_)
    is_overlaid[[row for row, _ in by_row]] = True
    kinds[is_overlaid] = [overlay.kind for _, overlay in by_row]
    return pc.replace_with_mask(
        texts, is_overlaid, pa.array([overlay.text for _, overlay in by_row], pa.string())
    )
