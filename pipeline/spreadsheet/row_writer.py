"""Columns of text as the rows of a sheet's XML, made a column at a time, never a cell.

Every value is written as what it was: a text as a text, whatever it begins with; a number, a date or a time as one;
an error or a formula without a value as an error, never as a text that would pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.spreadsheet.references import MAX_CELL_CHARACTERS
from pipeline.spreadsheet.xml_bytes import escape_text
from schemas.arrow import formula_guard
from schemas.arrow.columns import decode_dictionary, merge_chunks
from schemas.arrow.text_bytes import find_byte_range
from schemas.cell_kinds import CellKind

CellKinds = npt.NDArray[np.uint8]
_BATCH_ROWS = 20_000
_UNIX_EPOCH_SERIAL = 25_569
"""Days from the first day of a spreadsheet's calendar to that of everybody else's."""
_SECONDS_PER_DAY = 86_400


class ValueStyles(NamedTuple):
    """Positions of the formats that a column's cells have, by what they hold.

    Attributes:
        text: of texts.
        guarded: of texts that would be run if somebody typed them.
        value: of numbers, TRUE and FALSE, and errors.
        date: of dates.
        date_time: of dates with a time.
        time: of times.
    """

    text: int
    guarded: int
    value: int
    date: int
    date_time: int
    time: int


@dataclass(frozen=True)
class OutputColumn:
    """A column that is to be written.

    Attributes:
        letter: of the column.
        texts: of all cells; nothing is written of an empty one.
        styles: of the cells.
        kinds: the CellKind of each cell; None where all are texts.
    """

    letter: str
    texts: Any
    styles: ValueStyles
    kinds: CellKinds | None = None


def encode_rows(columns: Sequence[OutputColumn], rows: npt.NDArray[np.int32]) -> Iterator[bytes]:
    """The rows as XML, some at a time.

    Args:
        columns: from left to right.
        rows: the number of each row, ascending.
    """
    for start in range(0, len(rows), _BATCH_ROWS):
        yield _encode_batch(columns, rows, start, min(start + _BATCH_ROWS, len(rows)))


def _encode_batch(
    columns: Sequence[OutputColumn], rows: npt.NDArray[np.int32], start: int, stop: int
) -> bytes:
    numbers = pc.cast(pa.array(rows[start:stop]), pa.string())
    cells = [
        _encode_cells(
            pc.binary_join_element_wise(f'<c r="{column.letter}', numbers, '" s="', ""),
            decode_dictionary(merge_chunks(column.texts.slice(start, stop - start))),
            column.styles,
            None if column.kinds is None else column.kinds[start:stop],
        )
        for column in columns
    ]
    row_starts = pc.binary_join_element_wise('<row r="', numbers, '">', "")
    encoded = pc.binary_join_element_wise(row_starts, *cells, "</row>", "")
    return "".join(encoded.to_pylist()).encode()


def _encode_cells(starts: Any, texts: Any, styles: ValueStyles, kinds: CellKinds | None) -> Any:
    """A column's cells as XML; nothing for a blank."""
    type_and_content = '" t="inlineStr"><is><t xml:space="preserve">'
    text_starts = pc.if_else(
        formula_guard.is_formula_like(texts),
        f"{styles.guarded}{type_and_content}",
        f"{styles.text}{type_and_content}",
    )
    cells = pc.binary_join_element_wise(starts, text_starts, _escape_texts(texts), "</t></is></c>", "")
    for kind in np.unique(kinds).tolist() if kinds is not None else ():
        if kind in _VALUE_ENCODERS:
            of_kind = pa.array(kinds == kind)
            values = _VALUE_ENCODERS[kind](pc.if_else(of_kind, texts, None), styles)
            cells = pc.if_else(of_kind, pc.binary_join_element_wise(starts, values, "</v></c>", ""), cells)
    return pc.if_else(pc.equal(texts, ""), "", cells)


def _encode_numbers(texts: Any, styles: ValueStyles) -> Any:
    return pc.binary_join_element_wise(f'{styles.value}"><v>', texts, "")


def _encode_booleans(texts: Any, styles: ValueStyles) -> Any:
    return pc.if_else(pc.equal(texts, "TRUE"), f'{styles.value}" t="b"><v>1', f'{styles.value}" t="b"><v>0')


def _encode_errors(texts: Any, styles: ValueStyles) -> Any:
    return pc.binary_join_element_wise(
        f'{styles.value}" t="e"><v>', _escape_texts(pc.fill_null(texts, "")), ""
    )


def _encode_formulas(texts: Any, styles: ValueStyles) -> Any:
    return pa.repeat(pa.scalar(f'{styles.value}" t="e"><v>#VALUE!'), len(texts))


def _encode_dates(texts: Any, styles: ValueStyles) -> Any:
    """Dates as the numbers that spreadsheets keep them as; a time of day is the part of a day."""
    days = pc.strptime(pc.utf8_slice_codeunits(texts, 0, 10), format="%Y-%m-%d", unit="s", error_is_null=True)
    times = pc.strptime(
        pc.utf8_slice_codeunits(texts, 11, 19), format="%H:%M:%S", unit="s", error_is_null=True
    )
    serials = pc.cast(
        pc.add(pc.divide(pc.cast(days, pa.int64()), _SECONDS_PER_DAY), _UNIX_EPOCH_SERIAL), pa.string()
    )
    seconds = pc.fill_null(pc.subtract(pc.cast(times, pa.int64()), _truncate_to_day(times)), 0)
    fractions = pc.utf8_lpad(
        pc.cast(pc.divide(pc.multiply(seconds, 10**12), _SECONDS_PER_DAY), pa.string()), width=12, padding="0"
    )
    return pc.if_else(
        pc.equal(seconds, 0),
        pc.binary_join_element_wise(f'{styles.date}"><v>', serials, ""),
        pc.binary_join_element_wise(f'{styles.date_time}"><v>', serials, ".", fractions, ""),
    )


def _truncate_to_day(times: Any) -> Any:
    return pc.cast(pc.floor_temporal(times, unit="day"), pa.int64())


def _encode_times(texts: Any, styles: ValueStyles) -> Any:
    """Times of a day and durations as parts of a day; there are few, so each is reckoned on its own."""
    fractions = {text: _format_day_fraction(text) for text in pc.unique(texts).to_pylist() if text}
    values = [fractions.get(text, "0") for text in texts.to_pylist()]
    return pc.binary_join_element_wise(f'{styles.time}"><v>', pa.array(values, pa.string()), "")


def _format_day_fraction(duration: str) -> str:
    """`-1:30:00` -> -0.0625, with the digits that spreadsheets keep."""
    hours, minutes, seconds = (int(part) for part in duration.lstrip("-").split(":"))
    scaled = (hours * 3600 + minutes * 60 + seconds) * 10**15 // _SECONDS_PER_DAY
    whole_days, fraction = divmod(scaled, 10**15)
    return f"{'-' if duration.startswith('-') else ''}{whole_days}.{fraction:015}"


_VALUE_ENCODERS: dict[int, Callable[[Any, ValueStyles], Any]] = {
    CellKind.NUMBER: _encode_numbers,
    CellKind.BOOLEAN: _encode_booleans,
    CellKind.ERROR: _encode_errors,
    CellKind.FORMULA: _encode_formulas,
    CellKind.DATE: _encode_dates,
    CellKind.TIME: _encode_times,
}
"""How a cell of each kind but text is written: its format, its type, and its value."""


def _escape_texts(texts: Any) -> Any:
    """Texts as XML; what is not plain ASCII letters and digits goes through the one rule for texts."""
    lowest, highest = find_byte_range(texts)
    if len(texts) and lowest >= ord(" ") and highest < 0x7F and not _has_markup(texts):
        return texts
    needs_escape = pc.match_substring_regex(texts, pattern=r"[^ !#-%\'-;=?-~]|_x[0-9A-Fa-f]{4}_")
    needs_escape = pc.or_(needs_escape, pc.greater(pc.utf8_length(texts), MAX_CELL_CHARACTERS))
    if not pc.any(needs_escape).as_py():
        return texts
    escaped = [
        escape_text(value[:MAX_CELL_CHARACTERS]).decode() for value in texts.filter(needs_escape).to_pylist()
    ]
    return pc.replace_with_mask(texts, needs_escape, pa.array(escaped, pa.string()))


def _has_markup(texts: Any) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern=r'[<>&"]|_x')).as_py())
