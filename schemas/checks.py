"""The checks that a field's declaration stands for: one Arrow kernel each, with its issue code.

In: the declaration of a field.
Out: its checks, in the order in which they report.
Never: looks at another column.

A check says of each cell whether it holds; a blank cell holds everywhere except in `E201`. Order matters:
a cell is reported under the first check it fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow.columns import ArrowColumn, Booleans, Dates, Texts
from schemas.arrow.text_bytes import find_byte_range
from schemas.fields import Field, Kind
from schemas.notation import parsing
from schemas.notation.dates import DateNotation

Kernel = Callable[[ArrowColumn], Booleans]
"""A column of cells in, a column of booleans out."""

_TEXT_KINDS = {Kind.TEXT, Kind.IDENTIFIER, Kind.CHOICE, Kind.CURRENCY}
_CONTROL_REGEX = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]"
_CONTROL_OR_BREAK_REGEX = r"[\x00-\x1f\x7f-\x{9f}]"
_INVISIBLE_REGEX = r"\p{Cf}|\p{Zl}|\p{Zp}|[\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]"
"""What looks like nothing, or like a blank and is none: two identifiers that differ in it look the same."""
_ASTRAL_REGEX = r"[\x{10000}-\x{10ffff}]"


class CellCheck(NamedTuple):
    """One limit of one field."""

    code: str
    field: str
    predicate: Kernel


def iter_text_checks(field: Field, *, allow_astral: bool, date_notation: DateNotation) -> Iterator[CellCheck]:
    """Yield the checks on a field's cells as text, before they are parsed, in the order in which they report.

    Args:
        field: the declaration, as the target takes it.
        allow_astral: whether characters of 4 bytes are allowed.
        date_notation: the declared date format.
    """
    if field.required:
        yield CellCheck("E201", field.name, lambda cells: pc.not_equal(cells, ""))
    if field.kind in _TEXT_KINDS:
        yield _build_check("E212", field, _VISIBILITY_KERNELS[field.kind])
        if not allow_astral:
            # from 0xF0 on a byte begins a character of 4 bytes
            yield _build_check("E213", field, lambda cells: _is_free_of(cells, _ASTRAL_REGEX, 0x00, 0xEF))
    if field.kind is Kind.IDENTIFIER:
        yield _build_check(
            "E217", field, lambda cells: pc.invert(_match_regex(cells, parsing.LOST_DIGITS_REGEX))
        )
    if field.max_length is not None:
        max_length = field.max_length
        yield _build_check("E208", field, lambda cells: pc.less_equal(pc.utf8_length(cells), max_length))
    if field.pattern is not None:
        regex = field.pattern.regex
        yield _build_check("E211", field, lambda cells: _match_regex(cells, regex))
    yield from _iter_kind_checks(field, date_notation)


def _iter_kind_checks(field: Field, date_notation: DateNotation) -> Iterator[CellCheck]:
    match field.kind:
        case Kind.NUMBER | Kind.MONEY:
            digits_regex = parsing.build_digits_regex(field)
            yield _build_check("E202", field, lambda cells: _match_regex(cells, parsing.PLAIN_NUMBER_REGEX))
            yield _build_check("E203", field, lambda cells: _match_regex(cells, digits_regex))
        case Kind.DATE:
            yield _build_check(
                "E205", field, lambda cells: parsing.is_real_date(date_notation.to_iso_dates(cells))
            )
        case Kind.DATETIME:
            yield _build_check(
                "E205", field, lambda cells: parsing.is_real_datetime(date_notation.to_iso_datetimes(cells))
            )
        case Kind.BOOLEAN:
            yield _build_check("E210", field, parsing.is_yes_or_no)
        case Kind.CHOICE:
            choices = field.choices
            yield _build_check(
                "E209", field, lambda cells: pc.is_valid(parsing.normalize_choices(cells, choices))
            )
        case Kind.CURRENCY:
            yield _build_check("E220", field, parsing.is_known_currency)


def iter_value_checks(field: Field) -> Iterator[CellCheck]:
    """Yield the checks on a field's parsed values; null passes.

    Args:
        field: the declaration, as the target takes it.
    """
    if field.kind in (Kind.DATE, Kind.DATETIME):
        earliest, latest = field.earliest, field.latest
        yield CellCheck("E207", field.name, lambda values: _is_between(values, earliest, latest))


def _build_check(code: str, field: Field, predicate: Kernel) -> CellCheck:
    """Return a check that blank cells pass."""
    return CellCheck(code, field.name, lambda cells: pc.or_(pc.equal(cells, ""), predicate(cells)))


def _match_regex(cells: Texts, regex: str) -> Booleans:
    return pc.match_substring_regex(cells, pattern=regex)


def _is_free_of(cells: Texts, regex: str, lowest: int, highest: int) -> Booleans:
    """Return which cells have no match; a column of bytes from lowest to highest alone is not searched."""
    min_byte, max_byte = find_byte_range(cells)
    if lowest <= min_byte and max_byte <= highest:
        return pc.is_valid(cells)
    return pc.invert(_match_regex(cells, regex))


def _is_unambiguous(cells: Texts) -> Booleans:
    """Return which texts hold nothing invisible and are in Unicode NFC, so that each letter has one form."""
    is_visible = _is_free_of(cells, _CONTROL_OR_BREAK_REGEX, 0x20, 0x7E)
    if find_byte_range(cells)[1] < 0x80:
        return is_visible
    is_composed = pc.equal(pc.utf8_normalize(cells, form="NFC"), cells)
    return pc.and_(is_visible, pc.and_(is_composed, pc.invert(_match_regex(cells, _INVISIBLE_REGEX))))


def _is_between(values: Dates, earliest: date, latest: date) -> Booleans:
    days = pc.cast(values, pa.date32())
    is_inside = pc.and_(
        pc.greater_equal(days, pa.scalar(earliest, pa.date32())),
        pc.less_equal(days, pa.scalar(latest, pa.date32())),
    )
    return pc.fill_null(is_inside, True)


_VISIBILITY_KERNELS: Mapping[Kind, Kernel] = {
    Kind.TEXT: lambda cells: _is_free_of(cells, _CONTROL_REGEX, 0x20, 0x7E),
    Kind.IDENTIFIER: _is_unambiguous,
    Kind.CHOICE: lambda cells: _is_free_of(cells, _CONTROL_OR_BREAK_REGEX, 0x20, 0x7E),
    Kind.CURRENCY: lambda cells: _is_free_of(cells, _CONTROL_OR_BREAK_REGEX, 0x20, 0x7E),
}
"""What must not be hidden in a text: an identifier that looks like another must be the other."""
