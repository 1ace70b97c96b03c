"""The checks that a field's declaration stands for: one Arrow kernel each, with its issue code.

A check says of each cell whether it holds; a blank cell holds everywhere except in `E201`. Order matters:
a cell is reported under the first check it fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from schemas import kinds
from schemas.dates import DateFormat
from schemas.fields import Field, Kind
from schemas.texts import byte_range

Kernel = Callable[[pa.Array], pa.Array]
"""A column of cells in, a column of booleans out."""

_TEXTUAL = {Kind.TEXT, Kind.IDENTIFIER, Kind.CHOICE, Kind.CURRENCY}
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]"
_CONTROL_OR_BREAK = r"[\x00-\x1f\x7f-\x{9f}]"
_INVISIBLE = r"\p{Cf}|\p{Zl}|\p{Zp}|[\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]"
"""What looks like nothing, or like a blank and is none: two identifiers that differ in it look the same."""
_ASTRAL = r"[\x{10000}-\x{10ffff}]"


class CellCheck(NamedTuple):
    """One limit of one field."""

    code: str
    field: str
    holds: Kernel


def of_text(field: Field, *, astral: bool, dates: DateFormat) -> Iterator[CellCheck]:
    """The checks on a field's cells as text, before they are read.

    Args:
        field: the declaration, as the target takes it.
        astral: whether characters of 4 bytes are allowed.
        dates: the declared date format.
    """
    if field.required:
        yield CellCheck("E201", field.name, lambda cells: pc.not_equal(cells, ""))
    if field.kind in _TEXTUAL:
        yield _check("E212", field, _ALL_VISIBLE[field.kind])
        if not astral:
            yield _check("E213", field, lambda cells: _free_of(cells, _ASTRAL, 0x00, 0xEF))
    if field.kind is Kind.IDENTIFIER:
        yield _check("E217", field, lambda cells: pc.invert(_match(cells, kinds.DAMAGED_FORM)))
    if field.max_length is not None:
        most = field.max_length
        yield _check("E208", field, lambda cells: pc.less_equal(pc.utf8_length(cells), most))
    if field.pattern is not None:
        regex = field.pattern.regex
        yield _check("E211", field, lambda cells: _match(cells, regex))
    yield from _of_kind(field, dates)


def _of_kind(field: Field, dates: DateFormat) -> Iterator[CellCheck]:
    match field.kind:
        case Kind.NUMBER | Kind.MONEY:
            digits = kinds.digits_form(field)
            yield _check("E202", field, lambda cells: _match(cells, kinds.NUMBER_FORM))
            yield _check("E203", field, lambda cells: _match(cells, digits))
        case Kind.DATE:
            yield _check("E205", field, lambda cells: kinds.real_date(dates.to_iso(cells)))
        case Kind.DATETIME:
            yield _check("E205", field, lambda cells: kinds.real_datetime(dates.moments_to_iso(cells)))
        case Kind.BOOLEAN:
            yield _check("E210", field, kinds.yes_or_no)
        case Kind.CHOICE:
            choices = field.choices
            yield _check("E209", field, lambda cells: pc.is_valid(kinds.canonical_choice(cells, choices)))
        case Kind.CURRENCY:
            yield _check("E220", field, kinds.known_currency)


def of_values(field: Field) -> Iterator[CellCheck]:
    """The checks on a field's values, once they are read; null holds."""
    if field.kind in (Kind.DATE, Kind.DATETIME):
        earliest, latest = field.earliest, field.latest
        yield CellCheck("E207", field.name, lambda values: _between(values, earliest, latest))


def _check(code: str, field: Field, holds: Kernel) -> CellCheck:
    """A check that lets blank cells pass."""
    return CellCheck(code, field.name, lambda cells: pc.or_(pc.equal(cells, ""), holds(cells)))


def _match(cells: pa.Array, regex: str) -> pa.Array:
    return pc.match_substring_regex(cells, pattern=regex)


def _free_of(cells: pa.Array, regex: str, lowest: int, highest: int) -> pa.Array:
    """No character matches; a column whose bytes all lie from lowest to highest need not be searched."""
    least, most = byte_range(cells)
    if lowest <= least and most <= highest:
        return pc.is_valid(cells)
    return pc.invert(_match(cells, regex))


def _told_apart(cells: pa.Array) -> pa.Array:
    """Nothing invisible stands in the text, and each letter is written in one way only (Unicode NFC)."""
    visible = _free_of(cells, _CONTROL_OR_BREAK, 0x20, 0x7E)
    if byte_range(cells)[1] < 0x80:
        return visible
    composed = pc.equal(pc.utf8_normalize(cells, form="NFC"), cells)
    return pc.and_(visible, pc.and_(composed, pc.invert(_match(cells, _INVISIBLE))))


def _between(values: pa.Array, earliest: date, latest: date) -> pa.Array:
    days = pc.cast(values, pa.date32())
    inside = pc.and_(
        pc.greater_equal(days, pa.scalar(earliest, pa.date32())),
        pc.less_equal(days, pa.scalar(latest, pa.date32())),
    )
    return pc.fill_null(inside, True)


_ALL_VISIBLE: Mapping[Kind, Kernel] = {
    Kind.TEXT: lambda cells: _free_of(cells, _CONTROL, 0x20, 0x7E),
    Kind.IDENTIFIER: _told_apart,
    Kind.CHOICE: lambda cells: _free_of(cells, _CONTROL_OR_BREAK, 0x20, 0x7E),
    Kind.CURRENCY: lambda cells: _free_of(cells, _CONTROL_OR_BREAK, 0x20, 0x7E),
}
"""What must not be hidden in a text: an identifier that looks like another must be the other."""
