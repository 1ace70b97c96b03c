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

from pipeline.read.number_format import NumberFormat
from pipeline.read.scanned import Overlay
from schemas.cells import CellKind

Kinds = npt.NDArray[np.uint8]
_BATCH = 1 << 15
_EXACT = 10**15
_LATEST = 2_957_000
_LEAP = 61
EPOCH, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)


def number_text(value: float) -> str:
    """15 significant digits, Excel's own precision; an exponent only where digits are lost beyond them."""
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if "e-" in text else text


def number_of(text: str) -> float:
    """The number a cell's XML holds, as the parser takes it."""
    return float(text)


class ErrorText(str):
    """An error cell, as it shows."""

    __slots__ = ()


class FormulaText(str):
    """A formula without a stored value, with its `=`."""

    __slots__ = ()


def number_in(text: str) -> int | float:
    """A number as a file writes it; whole ones without a detour."""
    return int(text) if len(text) < 16 and text.isdecimal() else float(text)


def moment(serial: float, form: NumberFormat, epoch: date) -> float | time | timedelta | datetime:
    """What a serial number means under a format that shows dates or times.

    A day before March 1900 is none: Excel counts one there that never was, so the number stays a number.
    """
    if form.elapsed:
        return timedelta(days=serial) if abs(serial) < _LATEST else serial
    if 0 <= serial < 1:
        return (datetime.min + timedelta(days=serial, microseconds=500_000)).time()
    if not (_LEAP if epoch.year < 1904 else 0) <= serial < _LATEST:
        return serial
    return datetime(epoch.year, epoch.month, epoch.day) + timedelta(days=serial)


def _datetime_text(value: datetime) -> str:
    """To the second; without the time when that is midnight."""
    rounded = value + timedelta(microseconds=500_000)
    return rounded.isoformat(" ", "seconds").removesuffix(" 00:00:00")


def _duration_text(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_KINDS: Mapping[type, int] = {
    str: CellKind.TEXT, float: CellKind.NUMBER, int: CellKind.NUMBER, bool: CellKind.BOOLEAN,
    datetime: CellKind.DATE, date: CellKind.DATE, time: CellKind.TIME, timedelta: CellKind.TIME,
    ErrorText: CellKind.ERROR, FormulaText: CellKind.FORMULA,
}  # fmt: skip
_TEXTS: Mapping[type, Callable[[Any], str]] = {
    str: str,
    float: number_text,
    int: number_text,
    bool: lambda value: "TRUE" if value else "FALSE",
    datetime: _datetime_text,
    date: date.isoformat,
    time: lambda value: value.isoformat("seconds"),
    timedelta: _duration_text,
    ErrorText: str.__str__,
    FormulaText: str.__str__,
}


class Columns:
    """Text and kinds of a sheet's columns, gathered batch by batch; column and row 0 are A and 1."""

    def __init__(self, first: int, rows: Iterable[Sequence[Any]]) -> None:
        """Take the rows of a parser whose first column is `first`."""
        self._first = first
        self._texts: list[list[pa.Array]] = []
        self._kinds: list[list[Kinds | None]] = []
        self.rows = 0
        for batch in _batches(iter(rows)):
            self._add(batch)

    def _add(self, batch: list[Sequence[Any]]) -> None:
        for position, column in enumerate(zip(*batch, strict=True)):
            if position == len(self._texts):
                self._texts.append([])
                self._kinds.append([])
            text, kinds = column_of(column)
            self._texts[position].append(text)
            self._kinds[position].append(kinds)
        self.rows += len(batch)

    def finished(self, overlays: Sequence[Overlay]) -> tuple[list[pa.Array], dict[int, Kinds]]:
        """All columns from A, with the cells laid over them that the parser shows as empty."""
        empty = pa.repeat(pa.scalar("", pa.string()), self.rows)
        texts = [empty] * self._first + [pa.concat_arrays(each) for each in self._texts]
        kinds = {
            position + self._first: np.concatenate(
                [_plain(t) if k is None else k for t, k in zip(self._texts[position], each, strict=True)]
            )
            for position, each in enumerate(self._kinds)
            if any(kind is not None for kind in each)
        }
        height = max([self.rows, *(each.row + 1 for each in overlays)])
        width = max([len(texts), *(each.column + 1 for each in overlays)])
        texts += [empty] * (width - len(texts))
        if height > self.rows:
            below = pa.repeat(pa.scalar("", pa.string()), height - self.rows)
            texts = [pa.concat_arrays([each, below]) for each in texts]
            kinds = {at: np.pad(each, (0, height - self.rows)) for at, each in kinds.items()}
            self.rows = height
        lay_over(texts, kinds, overlays)
        return texts, kinds


def lay_over(texts: list[pa.Array], kinds: dict[int, Kinds], overlays: Sequence[Overlay]) -> None:
    """Put cells over columns that are long and many enough for them."""
    columns: dict[int, list[Overlay]] = {}
    for each in overlays:
        columns.setdefault(each.column, []).append(each)
    for position, own in columns.items():
        kinds.setdefault(position, _plain(texts[position]))
        texts[position] = _laid(texts[position], kinds[position], own)


def _batches(rows: Iterator[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    """Batches of rows; the first ends with the first row that holds anything, mostly the header."""
    first: list[Sequence[Any]] = []
    for row in rows:
        first.append(row)
        if any(value != "" for value in row):
            break
    if first:
        yield first
    while batch := list(islice(rows, _BATCH)):
        yield batch


def column_of(values: Sequence[Any]) -> tuple[pa.Array, Kinds | None]:
    """Text and kinds of a column; no kinds when it is all text and blanks."""
    types = set(map(type, values))
    if types & {date, datetime} and (early := _never_were(values)):
        values = [early.get(value, value) for value in values]
        types = set(map(type, values))
    if types == {str}:
        return pa.array(values, pa.string()), None
    if types == {float}:
        return _numbers(values), np.full(len(values), CellKind.NUMBER, np.uint8)
    if len(types) == 1 and not types & {bool}:
        text = _TEXTS[types.pop()]
        known = {value: text(value) for value in set(values)}
        array = pa.array([known[value] for value in values], pa.string())
    else:
        array = pa.array([_TEXTS[value.__class__](value) for value in values], pa.string())
    kinds = np.frombuffer(bytes(map(_KINDS.__getitem__, map(type, values))), np.uint8)
    return array, np.where(_lengths(array) == 0, np.uint8(CellKind.BLANK), kinds)


def _never_were(values: Iterable[Any]) -> dict[Any, float]:
    """Dates before March 1900, which the parser makes of serial numbers, and those numbers."""
    return {
        value: _serial(value)
        for value in set(values)
        if isinstance(value, date) and (value.year, value.month) < (1900, 3)
    }


def _serial(value: date) -> float:
    """Days as Excel counts them before the day that never was."""
    clock = (
        value - datetime(value.year, value.month, value.day) if isinstance(value, datetime) else timedelta()
    )
    return value.toordinal() - EPOCH.toordinal() - 1 + clock / timedelta(1)


def _numbers(values: Sequence[float]) -> pa.Array:
    """Whole numbers are cast as one; of the others each distinct one is formatted once."""
    array = pa.array(values, pa.float64())
    numbers = array.to_numpy()
    if (np.abs(numbers) < _EXACT).all() and (numbers == np.floor(numbers)).all():
        return array.cast(pa.int64()).cast(pa.string())
    coded = array.dictionary_encode()
    texts = list(map(number_text, coded.dictionary.to_pylist()))
    return pa.array(texts, pa.string()).take(coded.indices)


def _lengths(array: pa.Array) -> npt.NDArray[np.int32]:
    lengths: npt.NDArray[np.int32] = pc.binary_length(array).to_numpy(zero_copy_only=False)
    return lengths


def _plain(array: pa.Array) -> Kinds:
    """Kinds of a column of text and blanks."""
    return (_lengths(array) > 0).astype(np.uint8)


def _laid(texts: pa.Array, kinds: Kinds, overlays: Sequence[Overlay]) -> pa.Array:
    """The column with other texts in some rows; `kinds` is changed in place."""
    ordered = sorted({each.row: each for each in overlays}.items())
    mask = np.zeros(len(texts), np.bool_)
    mask[[row for row, _ in ordered]] = True
    kinds[mask] = [each.kind for _, each in ordered]
    return pc.replace_with_mask(texts, mask, pa.array([each.text for _, each in ordered], pa.string()))
