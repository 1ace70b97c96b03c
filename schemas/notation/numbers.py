"""Numbers as people write them: normalization to plain numbers, in one reading or none.

In: columns of text with the kinds of their cells, and the declared decimal mark.
Out: plain numbers as text, and the currency of each.
Never: chooses between two readings: such a text becomes `UNREADABLE_NUMBER`.

Accepted without a declaration: digits, a point before the decimals, a minus in front; every other form is
refused with what it could mean. With a declared decimal mark (`decimal = "point"` or `"comma"`): all of
`number_forms` as well, in the one way that the declaration leaves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow.columns import Booleans, Texts
from schemas.arrow.text_bytes import find_byte_range, find_characters
from schemas.cell_kinds import CellKind
from schemas.currencies import CURRENCY_DIGITS
from schemas.notation.number_forms import (
    ARABIC_DECIMAL,
    ARABIC_THOUSANDS,
    CURRENCY_SYMBOLS,
    DECIMAL_MARKS,
    FULL_WIDTH_SIGNS,
    GROUP_APOSTROPHES,
    GROUP_SPACES,
    MINUS_SIGNS,
    SCRIPT_DIGITS,
    THOUSANDS_MARKS,
)

UNREADABLE_NUMBER: Final = "?"
"""What a text becomes that has no reading: it fails the check of the number's form."""

_PLAIN_OR_BLANK_REGEX: Final = r"^(-?[0-9]+(\.[0-9]+)?)?$"


def _build_translation() -> tuple[tuple[str, str], ...]:
    pairs = [(space, " ") for space in GROUP_SPACES[1:]]
    pairs += [(sign, "-") for sign in MINUS_SIGNS[1:]]
    pairs += [(apostrophe, "'") for apostrophe in GROUP_APOSTROPHES[1:]]
    pairs += FULL_WIDTH_SIGNS.items()
    for digits in SCRIPT_DIGITS.values():
        pairs += [(digit, str(value)) for value, digit in enumerate(digits)]
    return tuple(pairs)


_TRANSLATION: Final = _build_translation()
_TRANSLATION_TABLE: Final = str.maketrans(dict(_TRANSLATION))


class NormalizedNumbers(NamedTuple):
    """A column of numbers in the plain form.

    Attributes:
        texts: in the plain form; `UNREADABLE_NUMBER` where a text has no reading.
        currency_marks: the currency symbol or code of each number, "" without; None when no cell has any.
    """

    texts: Texts
    currency_marks: Texts | None


@dataclass(frozen=True)
class NumberNotation:
    """How the texts of a file write numbers.

    Attributes:
        declared: `point` or `comma`, the mark before the decimals; empty when nothing is declared.
        allow_marks: currencies may be written with a number; the caller must compare them with the row's.
    """

    declared: str = ""
    allow_marks: bool = True

    def __post_init__(self) -> None:
        if self.declared and self.declared not in DECIMAL_MARKS:
            raise ValueError(f"{self.declared!r} is no decimal mark: {' or '.join(DECIMAL_MARKS)} is needed")

    @property
    def regex(self) -> str:
        """The RE2 regular expression of the declared form, for texts translated to ASCII."""
        return _build_regex(DECIMAL_MARKS[self.declared or "point"])

    def normalize(self, cells: Texts, cell_kinds: npt.NDArray[np.uint8] | None = None) -> NormalizedNumbers:
        """Return cells as plain numbers; what a number cell holds is plain whatever is declared.

        Args:
            cells: text, dictionary-encoded or not.
            cell_kinds: the CellKind of each cell; None when all are texts.
        """
        if not self._is_needed(cells):
            return NormalizedNumbers(cells, None)
        # each distinct text is read once: the texts of a column repeat
        encoded = cells if isinstance(cells, pa.DictionaryArray) else cells.dictionary_encode()
        distinct = encoded.dictionary
        normalized = self._normalize_distinct(distinct)
        texts, marks = pc.take(normalized.texts, encoded.indices), normalized.currency_marks
        if marks is not None:
            marks = pc.take(marks, encoded.indices)
        if cell_kinds is not None:
            is_number = pa.array(cell_kinds != CellKind.TEXT)
            texts = pc.if_else(is_number, pc.take(distinct, encoded.indices), texts)
            marks = None if marks is None else pc.if_else(is_number, "", marks)
        return NormalizedNumbers(texts, marks)

    def _is_needed(self, cells: Texts) -> bool:
        """Return whether anything in the column is written in another way than the plain one."""
        texts = cells.dictionary if isinstance(cells, pa.DictionaryArray) else cells
        if not self.declared:
            return bool(find_characters(texts, ",")) and _has_match(texts, _DECIMAL_COMMA_REGEX)
        # 1.234 looks plain, and means 1234 there
        if self.declared == "comma" and find_characters(texts, "."):
            return True
        return not pc.all(pc.match_substring_regex(texts, pattern=_PLAIN_OR_BLANK_REGEX)).as_py()

    def _normalize_distinct(self, texts: Texts) -> NormalizedNumbers:
        if not self.declared:
            return NormalizedNumbers(_refuse_doubtful(texts), None)
        parts = _split_parts(_translate_to_ascii(texts, DECIMAL_MARKS[self.declared]), self.regex)
        is_sound = parts.is_sound if self.allow_marks else pc.and_(parts.is_sound, pc.equal(parts.mark, ""))
        unreadable = pc.if_else(pc.equal(texts, ""), "", UNREADABLE_NUMBER)
        plain = pc.if_else(is_sound, parts.plain, unreadable)
        return NormalizedNumbers(plain, parts.mark if pc.any(pc.not_equal(parts.mark, "")).as_py() else None)


class _NumberParts(NamedTuple):
    is_sound: Booleans  # the text has the declared form
    plain: Texts
    mark: Texts


def _split_parts(texts: Texts, regex: str) -> _NumberParts:
    """Split texts by a regular expression; sound with at most one sign, at most one currency, and a digit."""
    groups = pc.extract_regex(texts, pattern=regex)
    texts_by_group = {
        group.name: pc.fill_null(pc.struct_field(groups, group.name), "") for group in groups.type
    }
    signs = pc.binary_join_element_wise(*(texts_by_group[f"s{index}"] for index in range(1, 5)), "")
    is_enclosed = pc.equal(texts_by_group["open"], "(")
    is_sound = _require_all(
        pc.is_valid(groups),
        pc.equal(is_enclosed, pc.equal(texts_by_group["close"], ")")),
        pc.less_equal(pc.binary_length(pc.binary_join_element_wise(signs, texts_by_group["open"], "")), 1),
        pc.not_equal(pc.binary_join_element_wise(texts_by_group["whole"], texts_by_group["part"], ""), ""),
        pc.or_(pc.equal(texts_by_group["before"], ""), pc.equal(texts_by_group["after"], "")),
    )
    is_negative = pc.or_(is_enclosed, pc.equal(signs, "-"))
    mark = pc.binary_join_element_wise(texts_by_group["before"], texts_by_group["after"], "")
    return _NumberParts(
        is_sound, _join_plain(texts_by_group["whole"], texts_by_group["part"], is_negative), mark
    )


def _require_all(*conditions: Booleans) -> Booleans:
    combined = conditions[0]
    for condition in conditions[1:]:
        combined = pc.and_(combined, condition)
    return combined


def _join_plain(integer_digits: Texts, decimals: Texts, is_negative: Booleans) -> Texts:
    digits = pc.replace_substring_regex(integer_digits, pattern="[^0-9]", replacement="")
    digits = pc.if_else(pc.equal(digits, ""), "0", digits)
    point = pc.if_else(pc.equal(decimals, ""), "", ".")
    return pc.binary_join_element_wise(pc.if_else(is_negative, "-", ""), digits, point, decimals, "")


def _translate_to_ascii(texts: Texts, decimal_mark: str) -> Texts:
    """Translate digits, spaces, minus signs and apostrophes of other scripts to those of ASCII."""
    if find_byte_range(texts)[1] < 0x80:
        return texts
    translation = _TRANSLATION_TABLE | {
        ord(ARABIC_DECIMAL): decimal_mark,
        ord(ARABIC_THOUSANDS): THOUSANDS_MARKS[decimal_mark],
    }
    return pa.array([text.translate(translation) for text in texts.to_pylist()], pa.string())


def _build_regex(decimal_mark: str) -> str:
    separators = (THOUSANDS_MARKS[decimal_mark], " ", "'")
    grouped = "|".join(f"[1-9][0-9]{{0,2}}(?:{re.escape(separator)}[0-9]{{3}})+" for separator in separators)
    # the longest first: `US$` before the `$` that it ends with
    symbols = "|".join(re.escape(symbol) for symbol in sorted(CURRENCY_SYMBOLS, key=len, reverse=True))
    currency = f"(?:{symbols}|[A-Z]{{3}})"
    # a sign is in front, after a currency, after the number, or after a parenthesis, never twice
    return (
        rf"^(?P<s1>[-+]?)(?P<open>\(?)(?P<before>{currency}?) ?(?P<s2>[-+]?)(?P<whole>{grouped}|[0-9]*)"
        rf"(?:{re.escape(decimal_mark)}(?P<part>[0-9]+))?(?P<s3>-?) ?(?P<after>{currency}?)"
        r"(?P<close>\)?)(?P<s4>-?)$"
    )


_DECIMAL_COMMA_REGEX: Final = (
    r"^[-+(]?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+),(?:[0-9]{1,2}|[0-9]{4,})[-)]?$"
)
_THOUSANDS_POINT_REGEX: Final = r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$"


def _has_match(texts: Texts, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern=pattern)).as_py())


def _refuse_doubtful(texts: Texts) -> Texts:
    """Refuse texts like 1.234 of a column that writes decimals after a comma: they may be thousands."""
    return pc.if_else(
        pc.match_substring_regex(texts, pattern=_THOUSANDS_POINT_REGEX), UNREADABLE_NUMBER, texts
    )


def find_number_readings(text: str) -> dict[str, str]:
    """Return what a text means under each decimal mark that could be declared and gives it a meaning.

    Args:
        text: as it was typed.
    """
    readings = {}
    for mark in DECIMAL_MARKS:
        plain = NumberNotation(mark).normalize(pa.array([text])).texts[0].as_py()
        if plain not in {UNREADABLE_NUMBER, ""}:
            readings[mark] = plain
    return readings


def find_currencies(mark: str) -> tuple[str, ...]:
    """Return the currencies that a mark may stand for; none for an unknown mark.

    Args:
        mark: a currency symbol or an ISO 4217 code.
    """
    return CURRENCY_SYMBOLS.get(mark) or ((mark,) if mark in CURRENCY_DIGITS else ())
