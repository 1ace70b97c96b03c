"""Parsing of cells by kind of field: the text forms that can be read without guessing, and their values.

In: columns of text that passed the checks of their kind.
Out: columns of the kind's storage type; masks for the checks.
Never: reads what its check refuses.

Everything works on whole Arrow columns of text. A form is stated once, as a regular expression (RE2), which
both the check that refuses a cell and the parser use.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow.columns import DECIMAL, ArrowColumn, Booleans, Texts
from schemas.currencies import CURRENCY_DIGITS
from schemas.fields import Field, Kind
from schemas.notation.dates import DateNotation
from schemas.tables.common import NO_WORDS, YES_WORDS

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
"""The Arrow type of the parsed values of a kind."""

PLAIN_NUMBER_REGEX: Final = r"^-?[0-9]+(\.[0-9]+)?$"
"""Digits and a point; no exponent, which would mean that digits are lost or left out."""
LOST_DIGITS_REGEX: Final = r"^-?[0-9](\.[0-9]+)?[eE]\+[0-9]{2,}$"
"""How a spreadsheet writes an identifier whose digits it has lost: 1.23457E+16; 7E10 is somebody's SKU."""
_ISO_DATE_REGEX: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_ISO_DATETIME_REGEX: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2})?$"


def build_digits_regex(field: Field) -> str:
    """Return the regular expression of numbers with no more digits than the field allows.

    Args:
        field: its digits before and after the point; leading and trailing zeros do not count.
    """
    return rf"^-?0*[0-9]{{1,{field.integer_digits}}}(\.[0-9]{{1,{field.fraction_digits}}}0*)?$"


def is_real_date(texts: Texts, regex: str = _ISO_DATE_REGEX) -> Booleans:
    """Return which texts are dates that exist in the calendar.

    Args:
        texts: a string array.
        regex: the form; its first ten characters are the date.
    """
    has_shape = pc.match_substring_regex(texts, pattern=regex)
    days = pc.if_else(has_shape, pc.utf8_slice_codeunits(texts, 0, 10), None)
    moments = pc.strptime(days, format="%Y-%m-%d", unit="s", error_is_null=True)
    # strptime rolls 30 February over into March: only what prints back the same is in the calendar
    in_calendar = pc.equal(pc.strftime(moments, format="%Y-%m-%d"), days)
    # Python's calendar begins with the year 1
    return pc.fill_null(pc.and_(in_calendar, pc.invert(pc.starts_with(days, "0000"))), False)


def is_real_datetime(texts: Texts) -> Booleans:
    """Return which texts are dates, with or without a time of day, that exist.

    Args:
        texts: a string array.
    """
    in_clock = pc.match_substring_regex(
        texts, pattern=r"^.{10}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])?$"
    )
    return pc.and_(is_real_date(texts, _ISO_DATETIME_REGEX), in_clock)


def parse_texts(kind: Kind, texts: Texts, date_notation: DateNotation) -> ArrowColumn:
    """Parse texts into values of the kind's storage type; null stays null.

    Args:
        kind: of the field.
        texts: only texts that passed the checks of the kind, or null.
        date_notation: the declared date format.

    Returns:
        An array of `STORAGE_TYPES[kind]`.
    """
    match kind:
        case Kind.NUMBER | Kind.MONEY:
            # the cast refuses more than 9 decimals, even where they are zeros
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
            # `is_in` says no of null
            return pc.if_else(pc.is_null(texts), None, pc.is_in(lowered, value_set=pa.array(YES_WORDS)))
        case _:
            return texts


def normalize_choices(texts: Texts, choices: tuple[str, ...]) -> Texts:
    """Return choices as the target spells them, whatever the case they were typed in; null for other texts.

    Args:
        texts: a string array.
        choices: as the target spells them.
    """
    lowered = pa.array([choice.lower() for choice in choices])
    return pc.take(pa.array(choices), pc.index_in(pc.utf8_lower(texts), value_set=lowered))


def is_known_currency(texts: Texts) -> Booleans:
    """Return which texts are ISO 4217 codes in use.

    Args:
        texts: a string array.
    """
    return pc.is_in(texts, value_set=pa.array(list(CURRENCY_DIGITS)))


def is_yes_or_no(texts: Texts) -> Booleans:
    """Return which texts are a word for yes or no in one of the known languages.

    Args:
        texts: a string array.
    """
    return pc.is_in(pc.utf8_lower(texts), value_set=pa.array([*YES_WORDS, *NO_WORDS]))
