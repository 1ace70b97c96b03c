"""Cell values: rows of Python values become columns of text, with the kind of each cell.

In: what a parser yields, row by row.
Out: Arrow columns of text, and an array of kinds for each column that holds more than text.
Never: looks at a single cell where a column is uniform, or shows a number with binary noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.formats.ooxml.sheet_facts import Overlay
from pipeline.spreadsheet.number_formats import PLAIN_FORMAT, NumberFormat
from pipeline.spreadsheet.serial_dates import EPOCH_1900, get_first_reliable_serial
from schemas.cell_kinds import CellKind

if TYPE_CHECKING:
    from schemas.arrow.columns import Texts  # imports pandas, which the worker must not

KindCodes = npt.NDArray[np.uint8]
"""A `CellKind` per cell."""
_BATCH_ROWS = 1 << 15
_EXACT_INTEGERS = 10**15
"""Below it a float holds every whole number, and 15 digits show it."""
_LAST_SERIAL = 2_957_000
"""A serial beyond the year 9995: Python has no later dates, so it stays a number."""


def format_cell_number(value: float) -> str:
    """Format a number with 15 significant digits, Excel's own precision; an exponent only beyond them."""
    text = f"{value:.15g}"
    # `g` writes 0.00001 as 1e-05; the exponent of a large number stays, since its last digits are lost
    return format(Decimal(text), "f") if "e-" in text else text


def parse_xml_number(text: str) -> float:
    """Parse the number in a cell's XML as the parser does."""
    return float(text)


class ErrorText(str):
    """The text of an error cell, as it is displayed."""

    __slots__ = ()


class FormulaText(str):
    """A formula without a stored value, with its `=`."""

    __slots__ = ()


def parse_stored_number(text: str) -> int | float:
    """Parse a number as a file writes it; whole ones stay exact."""
    # more than 15 digits no spreadsheet keeps, so longer ones take the way of every float
    return int(text) if len(text) < 16 and text.isdecimal() else float(text)


def convert_serial(
    serial: float, number_format: NumberFormat, epoch: date
) -> float | time | timedelta | datetime:
    """Convert a serial number whose format displays dates or times.

    A serial before March 1900 stays a number: Excel counts a day there that never was.
    """
    if number_format.elapsed:
        return timedelta(days=serial) if abs(serial) < _LAST_SERIAL else serial
    if 0 <= serial < 1:
        # half a second is added, since `isoformat` cuts off what is below a second
        return (datetime.min + timedelta(days=serial, microseconds=500_000)).time()
    if not get_first_reliable_serial(epoch) <= serial < _LAST_SERIAL:
        return serial
    return datetime(epoch.year, epoch.month, epoch.day) + timedelta(days=serial)


def convert_number(
    value: float, number_format: NumberFormat, epoch: date
) -> tuple[float | time | timedelta | datetime, NumberFormat | None]:
    """Convert a stored number to its value, with its format where that may display it as another number."""
    if number_format.date or number_format.elapsed:
        return convert_serial(value, number_format, epoch), None
    return value, None if number_format is PLAIN_FORMAT else number_format


def _format_datetime(value: datetime) -> str:
    """Format to the second; without the time when that is midnight."""
    # rounds, since `isoformat` cuts off
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
    """Collects text and kinds of a sheet's columns batch by batch; column and row 0 are A and 1."""

    def __init__(self, first_column: int, rows: Iterable[Sequence[Any]]) -> None:
        """Collect the rows of a parser whose first column is `first_column`."""
        self._first_column = first_column
        self._texts: list[list[Texts]] = []
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

    def finish(self, overlays: Sequence[Overlay]) -> tuple[list[Texts], dict[int, KindCodes]]:
        """Return all columns from A, with cells put over those that the parser gives as empty.

        Args:
            overlays: the cells to put over them; they may lie beyond the parser's last row or column.

        Returns:
            The texts of the columns, and by position the kinds of those that hold more than text.
        """
        empty = pa.repeat(pa.scalar("", pa.string()), self.rows)
        texts = [empty] * self._first_column + [pa.concat_arrays(chunks) for chunks in self._texts]
        kinds = {}
        for position, chunks in enumerate(self._kinds):
            if any(chunk is not None for chunk in chunks):
                kinds[position + self._first_column] = _join_kinds(self._texts[position], chunks)
        width = max([len(texts), *(overlay.column + 1 for overlay in overlays)])
        texts += [empty] * (width - len(texts))
        height = max([self.rows, *(overlay.row + 1 for overlay in overlays)])
        if height > self.rows:
            blank_rows = pa.repeat(pa.scalar("", pa.string()), height - self.rows)
            texts = [pa.concat_arrays([column, blank_rows]) for column in texts]
            kinds = {position: np.pad(codes, (0, height - self.rows)) for position, codes in kinds.items()}
            self.rows = height
        apply_overlays(texts, kinds, overlays)
        return texts, kinds


def _join_kinds(texts: Sequence[Texts], chunks: Sequence[KindCodes | None]) -> KindCodes:
    """Return the kinds of a column; a batch without kinds is text and blanks."""
    pairs = zip(texts, chunks, strict=True)
    return np.concatenate([_infer_text_kinds(text) if kinds is None else kinds for text, kinds in pairs])


def apply_overlays(texts: list[Texts], kinds: dict[int, KindCodes], overlays: Sequence[Overlay]) -> None:
    """Put cells over columns, in place; they lie within the columns."""
    columns: dict[int, list[Overlay]] = {}
    for overlay in overlays:
        columns.setdefault(overlay.column, []).append(overlay)
    for position, column_overlays in columns.items():
        kinds.setdefault(position, _infer_text_kinds(texts[position]))
        texts[position] = _replace_cells(texts[position], kinds[position], column_overlays)


def _iter_batches(rows: Iterator[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    """Yield batches of rows; the first ends with the first row that holds anything, mostly the header.

    So the header, which is text, does not spoil the types of a column that is uniform below it.
    """
    head: list[Sequence[Any]] = []
    for row in rows:
        head.append(row)
        if any(value != "" for value in row):
            break
    if head:
        yield head
    while batch := list(islice(rows, _BATCH_ROWS)):
        yield batch


def convert_column(values: Sequence[Any]) -> tuple[Texts, KindCodes | None]:
    """Return text and kinds of a column's values; no kinds when they are all text and blanks."""
    types = set(map(type, values))
    if types & {date, datetime} and (serials := _find_impossible_dates(values)):
        values = [serials.get(value, value) for value in values]
        types = set(map(type, values))
    if types == {str}:
        return pa.array(values, pa.string()), None
    if types == {float}:
        return _format_numbers(values), np.full(len(values), CellKind.NUMBER, np.uint8)
    texts = _format_values(values, types)
    # the codes as bytes are a NumPy array without an integer object per cell
    kinds = np.frombuffer(bytes(map(_KIND_OF_TYPE.__getitem__, map(type, values))), np.uint8)
    return texts, np.where(_get_byte_lengths(texts) == 0, np.uint8(CellKind.BLANK), kinds)


def _format_values(values: Sequence[Any], types: Set[type]) -> Texts:
    """Format values of any types; of one type each distinct value is formatted once."""
    # values of several types can be equal (1, 1.0, True) and still have different texts
    if len(types) != 1 or bool in types:
        return pa.array([_FORMATTER_OF_TYPE[value.__class__](value) for value in values], pa.string())
    (value_type,) = types
    format_value = _FORMATTER_OF_TYPE[value_type]
    texts = {value: format_value(value) for value in set(values)}
    return pa.array([texts[value] for value in values], pa.string())


def _find_impossible_dates(values: Iterable[Any]) -> dict[Any, float]:
    """Return dates before March 1900, which the parser makes of serial numbers, with those numbers."""
    return {
        value: _to_serial(value)
        for value in set(values)
        if isinstance(value, date) and (value.year, value.month) < (1900, 3)
    }


def _to_serial(value: date) -> float:
    """Return the serial as Excel counts before the day that never was."""
    time_of_day = (
        value - datetime(value.year, value.month, value.day) if isinstance(value, datetime) else timedelta()
    )
    return value.toordinal() - EPOCH_1900.toordinal() - 1 + time_of_day / timedelta(1)


def _format_numbers(values: Sequence[float]) -> Texts:
    """Format floats: whole numbers are cast all at once, of others each distinct one is formatted once."""
    array = pa.array(values, pa.float64())
    numbers = array.to_numpy()
    # as integers they get all their digits, without an exponent or a `.0`
    if (np.abs(numbers) < _EXACT_INTEGERS).all() and (numbers == np.floor(numbers)).all():
        return array.cast(pa.int64()).cast(pa.string())
    encoded = array.dictionary_encode()
    texts = list(map(format_cell_number, encoded.dictionary.to_pylist()))
    return pa.array(texts, pa.string()).take(encoded.indices)


def _get_byte_lengths(array: Texts) -> npt.NDArray[np.int32]:
    lengths: npt.NDArray[np.int32] = pc.binary_length(array).to_numpy(zero_copy_only=False)
    return lengths


def _infer_text_kinds(array: Texts) -> KindCodes:
    """Return the kinds of a column of text and blanks."""
    return (_get_byte_lengths(array) > 0).astype(np.uint8)


def _replace_cells(texts: Texts, kinds: KindCodes, overlays: Sequence[Overlay]) -> Texts:
    """Return the column with other texts in some rows; `kinds` is changed in place."""
    # the last overlay of a cell counts; `replace_with_mask` takes the texts in the order of the rows
    by_row = sorted({overlay.row: overlay for overlay in overlays}.items())
    is_overlaid = np.zeros(len(texts), np.bool_)
    is_overlaid[[row for row, _ in by_row]] = True
    kinds[is_overlaid] = [overlay.kind for _, overlay in by_row]
    return pc.replace_with_mask(
        texts, is_overlaid, pa.array([overlay.text for _, overlay in by_row], pa.string())
    )
