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

from pipeline.report.marked.cells import LONGEST
from pipeline.report.marked.markup import text
from schemas import inert
from schemas.cells import CellKind
from schemas.columns import plain, whole
from schemas.texts import byte_range

Kinds = npt.NDArray[np.uint8]
_AT_ONCE = 20_000
_EPOCH = 25_569
"""Days from the first day of a spreadsheet's calendar to that of everybody else's."""
_DAY = 86_400


class CellLooks(NamedTuple):
    """Positions of the formats that a column's cells have, by what they hold.

    Attributes:
        text: of texts.
        guarded: of texts that would be run if somebody typed them.
        value: of numbers, TRUE and FALSE, and errors.
        date: of dates.
        moment: of dates with a time.
        time: of times.
    """

    text: int
    guarded: int
    value: int
    date: int
    moment: int
    time: int


@dataclass(frozen=True)
class Written:
    """A column that is to be written.

    Attributes:
        letter: of the column.
        texts: of all cells; nothing is written of an empty one.
        looks: of the cells.
        kinds: the CellKind of each cell; None where all are texts.
    """

    letter: str
    texts: Any
    looks: CellLooks
    kinds: Kinds | None = None


def rows_of(columns: Sequence[Written], rows: npt.NDArray[np.int32]) -> Iterator[bytes]:
    """The rows as XML, some at a time.

    Args:
        columns: from left to right.
        rows: the number of each row, ascending.
    """
    for start in range(0, len(rows), _AT_ONCE):
        yield _rows(columns, rows, start, min(start + _AT_ONCE, len(rows)))


def _rows(columns: Sequence[Written], rows: npt.NDArray[np.int32], start: int, stop: int) -> bytes:
    numbers = pc.cast(pa.array(rows[start:stop]), pa.string())
    cells = [
        _cells(
            pc.binary_join_element_wise(f'<c r="{each.letter}', numbers, '" s="', ""),
            plain(whole(each.texts.slice(start, stop - start))),
            each.looks,
            None if each.kinds is None else each.kinds[start:stop],
        )
        for each in columns
    ]
    opened = pc.binary_join_element_wise('<row r="', numbers, '">', "")
    made = pc.binary_join_element_wise(opened, *cells, "</row>", "")
    return "".join(made.to_pylist()).encode()


def _cells(opened: Any, texts: Any, looks: CellLooks, kinds: Kinds | None) -> Any:
    """A column's cells as XML; nothing for a blank."""
    start = '" t="inlineStr"><is><t xml:space="preserve">'
    own = pc.if_else(inert.in_danger(texts), f"{looks.guarded}{start}", f"{looks.text}{start}")
    cells = pc.binary_join_element_wise(opened, own, _escaped(texts), "</t></is></c>", "")
    for kind in np.unique(kinds).tolist() if kinds is not None else ():
        if kind in _OTHERS:
            mine = pa.array(kinds == kind)
            some = _OTHERS[kind](pc.if_else(mine, texts, None), looks)
            cells = pc.if_else(mine, pc.binary_join_element_wise(opened, some, "</v></c>", ""), cells)
    return pc.if_else(pc.equal(texts, ""), "", cells)


def _number(texts: Any, looks: CellLooks) -> Any:
    return pc.binary_join_element_wise(f'{looks.value}"><v>', texts, "")


def _boolean(texts: Any, looks: CellLooks) -> Any:
    return pc.if_else(pc.equal(texts, "TRUE"), f'{looks.value}" t="b"><v>1', f'{looks.value}" t="b"><v>0')


def _error(texts: Any, looks: CellLooks) -> Any:
    return pc.binary_join_element_wise(f'{looks.value}" t="e"><v>', _escaped(pc.fill_null(texts, "")), "")


def _formula(texts: Any, looks: CellLooks) -> Any:
    return pa.repeat(pa.scalar(f'{looks.value}" t="e"><v>#VALUE!'), len(texts))


def _date(texts: Any, looks: CellLooks) -> Any:
    """Dates as the numbers that spreadsheets keep them as; a time of day is the part of a day."""
    days = pc.strptime(pc.utf8_slice_codeunits(texts, 0, 10), format="%Y-%m-%d", unit="s", error_is_null=True)
    clock = pc.strptime(
        pc.utf8_slice_codeunits(texts, 11, 19), format="%H:%M:%S", unit="s", error_is_null=True
    )
    day = pc.cast(pc.add(pc.divide(pc.cast(days, pa.int64()), _DAY), _EPOCH), pa.string())
    seconds = pc.fill_null(pc.subtract(pc.cast(clock, pa.int64()), _midnight(clock)), 0)
    part = pc.utf8_lpad(
        pc.cast(pc.divide(pc.multiply(seconds, 10**12), _DAY), pa.string()), width=12, padding="0"
    )
    return pc.if_else(
        pc.equal(seconds, 0),
        pc.binary_join_element_wise(f'{looks.date}"><v>', day, ""),
        pc.binary_join_element_wise(f'{looks.moment}"><v>', day, ".", part, ""),
    )


def _midnight(clock: Any) -> Any:
    return pc.cast(pc.floor_temporal(clock, unit="day"), pa.int64())


def _time(texts: Any, looks: CellLooks) -> Any:
    """Times of a day and durations as parts of a day; there are few, so each is reckoned on its own."""
    known = {each: _part_of_day(each) for each in pc.unique(texts).to_pylist() if each}
    parts = [known.get(each, "0") for each in texts.to_pylist()]
    return pc.binary_join_element_wise(f'{looks.time}"><v>', pa.array(parts, pa.string()), "")


def _part_of_day(clock: str) -> str:
    """`-1:30:00` -> -0.0625, with the digits that spreadsheets keep."""
    hours, minutes, seconds = (int(each) for each in clock.lstrip("-").split(":"))
    scaled = (hours * 3600 + minutes * 60 + seconds) * 10**15 // _DAY
    whole_days, part = divmod(scaled, 10**15)
    return f"{'-' if clock.startswith('-') else ''}{whole_days}.{part:015}"


_OTHERS: dict[int, Callable[[Any, CellLooks], Any]] = {
    CellKind.NUMBER: _number,
    CellKind.BOOLEAN: _boolean,
    CellKind.ERROR: _error,
    CellKind.FORMULA: _formula,
    CellKind.DATE: _date,
    CellKind.TIME: _time,
}
"""How a cell of each kind but text is written: its format, its type, and its value."""


def _escaped(texts: Any) -> Any:
    """Texts as XML; what is not plain ASCII letters and digits goes through the one rule for texts."""
    least, most = byte_range(texts)
    if len(texts) and least >= ord(" ") and most < 0x7F and not _has(texts):
        return texts
    odd = pc.match_substring_regex(texts, pattern=r"[^ !#-%\'-;=?-~]|_x[0-9A-Fa-f]{4}_")
    odd = pc.or_(odd, pc.greater(pc.utf8_length(texts), LONGEST))
    if not pc.any(odd).as_py():
        return texts
    made = [text(each[:LONGEST]).decode() for each in texts.filter(odd).to_pylist()]
    return pc.replace_with_mask(texts, odd, pa.array(made, pa.string()))


def _has(texts: Any) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern=r'[<>&"]|_x')).as_py())
