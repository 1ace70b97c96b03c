"""How a cell of each kind is written: the forms that can be read without guessing, and the reading.

Everything works on whole Arrow columns of text. A form is stated once, as a regular expression in RE2; the
check that refuses a cell and the parser that reads it both use it.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from schemas.currencies import CURRENCY_DIGITS
from schemas.fields import Field, Kind
from schemas.notation.dates import DateNotation
from schemas.tables.common import NO_WORDS, YES_WORDS

DECIMAL: Final = pa.decimal128(24, 9)
"""Every number and every money value: 15 digits before the point, 9 after it, exact."""

STORAGE_TYPES: Final = {
    Kind.TEXT: pa.string(),
    Kind.IDENTIFIER: pa.string(),
    Kind.CHOICE: pa.string(),
    Kind.CURRENCY: pa.string(),
    Kind.NUMBER: DECIMAL,
    Kind.MONEY: DECIMAL,
    Kind.DATE: pa.date32(),
    Kind.DATETIME: pa.timestamp("s"),
    Kind.BOOLEAN: pa.bool_(),
}
"""The Arrow type a kind is kept in once it is read."""

PLAIN_NUMBER_REGEX: Final = r"^-?[0-9]+(\.[0-9]+)?$"
"""Digits and a point; an exponent means digits that are lost or left out."""
LOST_DIGITS_REGEX: Final = r"^-?[0-9](\.[0-9]+)?[eE]\+[0-9]{2,}$"
"""How a spreadsheet writes an identifier whose digits it has lost: 1.23457E+16; 7E10 is somebody's SKU."""
_ISO_DATE_REGEX: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_ISO_DATETIME_REGEX: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2})?$"


def build_digits_regex(field: Field) -> str:
    """The number form with no more digits than the field allows; zeros in front and behind do not count."""
    return rf"^-?0*[0-9]{{1,{field.integer_digits}}}(\.[0-9]{{1,{field.fraction_digits}}}0*)?$"


def is_real_date(texts: pa.Array, regex: str = _ISO_DATE_REGEX) -> pa.Array:
    """True where the text is a date that the calendar has."""
    has_shape = pc.match_substring_regex(texts, pattern=regex)
    days = pc.if_else(has_shape, pc.utf8_slice_codeunits(texts, 0, 10), None)
    moments = pc.strptime(days, format="%Y-%m-%d", unit="s", error_is_null=True)
    # strptime rolls 30 February over into March: only what prints back the same is in the calendar
    in_calendar = pc.equal(pc.strftime(moments, format="%Y-%m-%d"), days)
    return pc.fill_null(pc.and_(in_calendar, pc.invert(pc.starts_with(days, "0000"))), False)


def is_real_datetime(texts: pa.Array) -> pa.Array:
    """True where the text is a date, or a date with a time of day, that the calendar and the clock have."""
    in_clock = pc.match_substring_regex(
        texts, pattern=r"^.{10}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])?$"
    )
    return pc.and_(is_real_date(texts, _ISO_DATETIME_REGEX), in_clock)


def parse_texts(kind: Kind, texts: pa.Array, date_notation: DateNotation) -> pa.Array:
    """Readable texts as values of the kind's storage type; null stays null.

    Args:
        kind: of the field.
        texts: only texts that passed the checks of the kind, or null.
        date_notation: the declared date format.

    Returns:
        An array of `STORAGE[kind]`.
    """
    match kind:
        case Kind.NUMBER | Kind.MONEY:
            if pc.any(pc.match_substring_regex(texts, pattern=r"\.[0-9]{9}0+$")).as_py():
                texts = pc.replace_substring_regex(texts, pattern=r"(\.[0-9]{9})0+$", replacement=r"\1")
            return pc.cast(texts, DECIMAL)
        case Kind.DATE:
            return pc.cast(date_notation.to_iso_dates(texts), pa.date32())
        case Kind.DATETIME:
            texts = date_notation.to_iso_datetimes(texts)
            return pc.strptime(
                pc.if_else(
                    pc.equal(pc.utf8_length(texts), 10),
                    pc.binary_join_element_wise(texts, "00:00:00", " "),
                    pc.replace_substring(texts, pattern="T", replacement=" "),
                ),
                format="%Y-%m-%d %H:%M:%S",
                unit="s",
            )
        case Kind.BOOLEAN:
            lowered = pc.utf8_lower(texts)
            return pc.if_else(pc.is_null(texts), None, pc.is_in(lowered, value_set=pa.array(YES_WORDS)))
        case _:
            return texts


def normalize_choices(texts: pa.Array, choices: tuple[str, ...]) -> pa.Array:
    """The choice as the target spells it, whatever the case it was typed in; other texts become null."""
    lowered = pa.array([choice.lower() for choice in choices])
    return pc.take(pa.array(choices), pc.index_in(pc.utf8_lower(texts), value_set=lowered))


def is_known_currency(texts: pa.Array) -> pa.Array:
    """True where the text is an ISO 4217 code in use."""
    return pc.is_in(texts, value_set=pa.array(list(CURRENCY_DIGITS)))


def is_yes_or_no(texts: pa.Array) -> pa.Array:
    """True where the text says yes or no in a way people write it."""
    return pc.is_in(pc.utf8_lower(texts), value_set=pa.array([*YES_WORDS, *NO_WORDS]))
