"""Percentages of fields that are a share of a whole: 19 % is read as 0.19, exactly.

In: cells of a share as the sheet has them, and the same as plain numbers.
Out: plain numbers, those with a percent sign divided by 100.
Never: rounds.

Accepted: a percent sign after the number, with or without a space, in fields declared as `is_share`. A
percent sign anywhere else is no number: 50 % of an amount is a sum that somebody has to calculate.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow.columns import Texts, decode_dictionary
from schemas.notation.numbers import NumberNotation

_PERCENT_SIGN: Final = "%"
_PERCENT_SUFFIX_REGEX: Final = r"[ \x{a0}\x{2009}\x{202f}]?%$"


def normalize_percents(cells: Texts, normalized: Texts, notation: NumberNotation) -> Texts:
    """Return the numbers of a column of shares: a number with a percent sign is divided by 100, exactly.

    Args:
        cells: as the sheet has them.
        normalized: the same as plain numbers, as far as they are written without a percent sign.
        notation: how texts write numbers.
    """
    encoded = decode_dictionary(cells).dictionary_encode()
    is_percent = pc.ends_with(encoded.dictionary, _PERCENT_SIGN)
    if not pc.any(is_percent).as_py():
        return normalized
    bare = pc.replace_substring_regex(encoded.dictionary, pattern=_PERCENT_SUFFIX_REGEX, replacement="")
    normalized_bare = decode_dictionary(notation.normalize(bare).texts).to_pylist()
    hundredths = pa.array([_divide_by_hundred(text) for text in normalized_bare], pa.string())
    return pc.if_else(
        pc.take(is_percent, encoded.indices),
        pc.take(hundredths, encoded.indices),
        decode_dictionary(normalized),
    )


def drop_equal_percents(shown_texts: Texts, cells: Texts) -> Texts:
    """Drop displayed texts that equal the stored value: 19% for 0.19 is equal, 20% for 0.195 is not.

    Args:
        shown_texts: what a cell displays where that differs from its text, "" elsewhere.
        cells: the stored values as text.
    """
    pairs = zip(shown_texts.to_pylist(), decode_dictionary(cells).to_pylist(), strict=True)
    differing = [
        "" if text.endswith(_PERCENT_SIGN) and _is_equal_percent(text, stored) else text
        for text, stored in pairs
    ]
    return pa.array(differing, pa.string())


def _is_equal_percent(shown: str, stored: str) -> bool:
    try:
        return Decimal(_divide_by_hundred(shown.removesuffix(_PERCENT_SIGN))) == Decimal(stored)
    except InvalidOperation:
        return False


def _divide_by_hundred(text: str) -> str:
    """Return the plain text of a hundredth of a number; a text that is none stays as it is."""
    try:
        return f"{Decimal(text).scaleb(-2).normalize():f}"
    except InvalidOperation:
        return text
