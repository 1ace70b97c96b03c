"""Arrow columns of text written as the rows of a sheet, whole columns at a time.

In: columns of text, with the kind of each cell where it is not text.
Out: `<row>` elements as bytes.
Never: loops over cells in Python, but for times of day and texts that must be escaped; or lets a value become
what it was not: a text stays a text, whatever it begins with, and a formula without a value becomes an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.spreadsheet.serial_dates import UNIX_EPOCH_SERIAL
from pipeline.spreadsheet.xml_bytes import escape_text
from schemas.arrow.columns import Integers, Texts, decode_dictionary, merge_chunks
from schemas.arrow.formula_guard import is_formula_like
from schemas.arrow.text_bytes import find_byte_range
from schemas.cell_kinds import CellKind

MAX_CELL_CHARACTERS = 32_767
"""Characters that a cell may hold; a longer text is cut."""

CellKinds = npt.NDArray[np.uint8]
_BATCH_ROWS = 20_000
_SECONDS_PER_DAY = 86_400
# `_x` may begin an escape of a character that XML cannot hold
_MARKUP = r'[<>&"]|_x'
# anything but printable ASCII without markup
_NEEDS_ESCAPE = r"[^ !#-%\'-;=?-~]|_x[0-9A-Fa-f]{4}_"
# inline, so that no table of shared strings must be built first
_TEXT_CELL = '" t="inlineStr"><is><t xml:space="preserve">'


class ValueStyles(NamedTuple):
    """Positions of cell formats in the styles, by what a cell holds.

    Attributes:
        text: of texts.
        guarded: of texts that would be run as formulas if somebody typed them.
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
    """A column to be written.

    Attributes:
        letter: of the column.
        texts: of all cells; nothing is written for an empty one.
        styles: of the cells.
        kinds: the CellKind of each cell; None where all are texts.
    """

    letter: str
    texts: Texts
    styles: ValueStyles
    kinds: CellKinds | None = None


def encode_rows(columns: Sequence[OutputColumn], rows: npt.NDArray[np.int32]) -> Iterator[bytes]:
    """Yield rows as XML, a batch at a time.

    Args:
        columns: from left to right.
        rows: the number of each row, ascending, as Excel shows it.
    """
    for start in range(0, len(rows), _BATCH_ROWS):
        yield _encode_batch(columns, rows, start, min(start + _BATCH_ROWS, len(rows)))


def encode_text_cell(reference: str, value: str, style: int, prefix: str = "") -> bytes:
    """Return a cell that holds a text and never a formula, whatever the text begins with.

    Args:
        reference: of the cell.
        value: the text.
        style: position of its format in the styles.
        prefix: of the sheet's elements.
    """
    p, content = prefix.encode(), escape_text(value[:MAX_CELL_CHARACTERS])
    start = b'<%sc r="%s" s="%d" t="inlineStr">' % (p, reference.encode(), style)
    return start + b'<%sis><%st xml:space="preserve">%s</%st></%sis></%sc>' % (p, p, content, p, p, p)


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


def _encode_cells(starts: Texts, texts: Texts, styles: ValueStyles, kinds: CellKinds | None) -> Texts:
    """Encode a column's cells; nothing for a blank."""
    text_starts = pc.if_else(
        is_formula_like(texts), f"{styles.guarded}{_TEXT_CELL}", f"{styles.text}{_TEXT_CELL}"
    )
    cells = pc.binary_join_element_wise(starts, text_starts, _escape_texts(texts), "</t></is></c>", "")
    for kind in np.unique(kinds).tolist() if kinds is not None else ():
        if kind in _VALUE_ENCODERS:
            of_kind = pa.array(kinds == kind)
            values = _VALUE_ENCODERS[kind](pc.if_else(of_kind, texts, None), styles)
            # the cells of other kinds are null, so that no encoder meets a text it cannot read
            cells = pc.if_else(of_kind, pc.binary_join_element_wise(starts, values, "</v></c>", ""), cells)
    return pc.if_else(pc.equal(texts, ""), "", cells)


def _encode_numbers(texts: Texts, styles: ValueStyles) -> Texts:
    return pc.binary_join_element_wise(f'{styles.value}"><v>', texts, "")


def _encode_booleans(texts: Texts, styles: ValueStyles) -> Texts:
    return pc.if_else(pc.equal(texts, "TRUE"), f'{styles.value}" t="b"><v>1', f'{styles.value}" t="b"><v>0')


def _encode_errors(texts: Texts, styles: ValueStyles) -> Texts:
    # null stands for cells of other kinds, which are not taken from here
    escaped = _escape_texts(pc.fill_null(texts, ""))
    return pc.binary_join_element_wise(f'{styles.value}" t="e"><v>', escaped, "")


def _encode_formulas(texts: Texts, styles: ValueStyles) -> Texts:
    return pa.repeat(pa.scalar(f'{styles.value}" t="e"><v>#VALUE!'), len(texts))


def _encode_dates(texts: Texts, styles: ValueStyles) -> Texts:
    """Encode ISO dates as serials; the time of day is the fraction of a day."""
    days = pc.strptime(pc.utf8_slice_codeunits(texts, 0, 10), format="%Y-%m-%d", unit="s", error_is_null=True)
    times = pc.strptime(
        pc.utf8_slice_codeunits(texts, 11, 19), format="%H:%M:%S", unit="s", error_is_null=True
    )
    unix_days = pc.divide(pc.cast(days, pa.int64()), _SECONDS_PER_DAY)
    serials = pc.cast(pc.add(unix_days, UNIX_EPOCH_SERIAL), pa.string())
    seconds = pc.fill_null(pc.subtract(pc.cast(times, pa.int64()), _truncate_to_day(times)), 0)
    # Twelve digits of a day are less than a microsecond; integers keep binary noise out of the file.
    digits = pc.cast(pc.divide(pc.multiply(seconds, 10**12), _SECONDS_PER_DAY), pa.string())
    fractions = pc.utf8_lpad(digits, width=12, padding="0")
    return pc.if_else(
        pc.equal(seconds, 0),
        pc.binary_join_element_wise(f'{styles.date}"><v>', serials, ""),
        pc.binary_join_element_wise(f'{styles.date_time}"><v>', serials, ".", fractions, ""),
    )


def _truncate_to_day(times: Texts) -> Integers:
    return pc.cast(pc.floor_temporal(times, unit="day"), pa.int64())


def _encode_times(texts: Texts, styles: ValueStyles) -> Texts:
    """Encode times of day and durations as fractions of a day; each distinct one is computed once."""
    fractions = {text: _format_day_fraction(text) for text in pc.unique(texts).to_pylist() if text}
    values = [fractions.get(text, "0") for text in texts.to_pylist()]
    return pc.binary_join_element_wise(f'{styles.time}"><v>', pa.array(values, pa.string()), "")


def _format_day_fraction(duration: str) -> str:
    """Return `-1:30:00` as -0.0625, with the 15 digits that spreadsheets keep."""
    hours, minutes, seconds = (int(part) for part in duration.lstrip("-").split(":"))
    # integers, since a float would bring binary noise into the file
    scaled = (hours * 3600 + minutes * 60 + seconds) * 10**15 // _SECONDS_PER_DAY
    whole_days, fraction = divmod(scaled, 10**15)
    return f"{'-' if duration.startswith('-') else ''}{whole_days}.{fraction:015}"


_VALUE_ENCODERS: dict[int, Callable[[Texts, ValueStyles], Texts]] = {
    CellKind.NUMBER: _encode_numbers,
    CellKind.BOOLEAN: _encode_booleans,
    CellKind.ERROR: _encode_errors,
    CellKind.FORMULA: _encode_formulas,
    CellKind.DATE: _encode_dates,
    CellKind.TIME: _encode_times,
}
"""How a cell of each kind but text is written: its format, its type and its value."""


def _escape_texts(texts: Texts) -> Texts:
    """Escape texts as XML; only those with more than harmless ASCII go through `escape_text`, one by one."""
    # one pass over the bytes of the column spares most columns the expressions
    lowest, highest = find_byte_range(texts)
    if len(texts) and lowest >= ord(" ") and highest < 0x7F and not _has_markup(texts):
        return texts
    needs_escape = pc.match_substring_regex(texts, pattern=_NEEDS_ESCAPE)
    needs_escape = pc.or_(needs_escape, pc.greater(pc.utf8_length(texts), MAX_CELL_CHARACTERS))
    pieces = (text[:MAX_CELL_CHARACTERS] for text in texts.filter(needs_escape).to_pylist())
    escaped = [escape_text(piece).decode() for piece in pieces]
    return pc.replace_with_mask(texts, needs_escape, pa.array(escaped, pa.string()))


def _has_markup(texts: Texts) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern=_MARKUP)).as_py())
