"""Number formats: whether a format code shows a date, a duration or other digits than are stored.

In: a format code as Excel writes it into files, whatever language the person works in.
Out: a `NumberFormat`.
Never: renders grouping, colours or currency: only what changes the number that a person reads. Light: the
parser's process loads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

BUILTIN_FORMATS: Mapping[int, str] = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0", 6: "#,##0", 7: "#,##0.00", 8: "#,##0.00",
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "m/d/yyyy", 15: "d-mmm-yy",
    16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "m/d/yyyy h:mm", **dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy/m/d"),
    37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 41: "#,##0", 42: "#,##0", 43: "#,##0.00",
    44: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""Formats that files name by number; where the language decides (dates, currency) one of its forms."""

_ELAPSED_TOKEN = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_LITERAL_TOKEN = re.compile(r'"[^"]*"|\\.|[_*].|\[[^\]]*\]|general|am/pm|a/p', re.IGNORECASE)
_DIGIT_PLACEHOLDERS = re.compile(r"([0#?][0#?,]*)?(?:\.([0#?]+))?")
_MAX_DIGITS = 30


@dataclass(frozen=True)
class NumberFormat:
    """What a number format makes of a number.

    Attributes:
        date: shows a number as a date or a time of day.
        elapsed: shows a number as a duration.
        decimals: digits shown behind the point; None shows them all.
        zeros: digits shown before the point at least.
        shift: places the point is moved by: 2 for percent, -3 for thousands.
    """

    date: bool = False
    elapsed: bool = False
    decimals: int | None = None
    zeros: int = 1
    shift: int = 0

    @property
    def alters_numbers(self) -> bool:
        """It may display a number as another number."""
        return not (self.is_plain or self.date or self.elapsed)

    @property
    def is_plain(self) -> bool:
        """Whether every number is shown as it is."""
        return self == PLAIN_FORMAT

    def render(self, text: str) -> str:
        """Return what a person sees of a number; "" where it is the number itself.

        Args:
            text: the number as stored.
        """
        number = Decimal(text)
        if number.adjusted() > _MAX_DIGITS:
            return ""
        moved = number.scaleb(self.shift)
        if self.decimals is not None:
            moved = moved.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)
        whole, point, fraction = format(abs(moved), "f").partition(".")
        padded = whole.zfill(self.zeros) if self.zeros else whole
        if moved == number and len(padded) <= max(len(whole), 1):
            return ""
        sign = "-" if moved < 0 else ""
        return f"{sign}{padded}{point}{fraction}{'%' if self.shift == 2 else ''}"


PLAIN_FORMAT = NumberFormat()
"""General, text, fractions, exponents: all the digits there are, more or less."""


@cache
def parse_number_format(code: str) -> NumberFormat:
    """Return what a format code does, judged by its first section, which positive numbers take.

    Args:
        code: like `#,##0.00;[Red]-#,##0.00`.
    """
    if _ELAPSED_TOKEN.search(code):
        return NumberFormat(elapsed=True)
    # without texts in quotes, colors and `general`, whose letters would look like those of a date
    section = _LITERAL_TOKEN.sub("", code).partition(";")[0].lower()
    if re.search("[ymdhs]", section):
        return NumberFormat(date=True)
    if "e" in section or "/" in section or "@" in section:
        return PLAIN_FORMAT
    return _parse_digits(section)


def _parse_digits(section: str) -> NumberFormat:
    """Return what the digit placeholders of a section do, like `#,##0.00`."""
    digits = max(_DIGIT_PLACEHOLDERS.finditer(section), key=lambda match: len(match[0]), default=None)
    if not digits or not digits[0]:
        return PLAIN_FORMAT
    whole, fraction = digits[1] or "", digits[2] or ""
    thousands = _count_thousands(section, whole, fraction, digits.end())
    return NumberFormat(
        decimals=len(fraction), zeros=whole.count("0"), shift=2 * section.count("%") - 3 * thousands
    )


def _count_thousands(section: str, whole: str, fraction: str, end: int) -> int:
    """Return how often a section divides by a thousand.

    A comma behind the last digit divides; one between digits only groups them.
    """
    behind = section[end:]
    count = len(behind) - len(behind.lstrip(","))
    return count if fraction else count + len(whole) - len(whole.rstrip(","))


def get_builtin_format(number: int) -> str:
    """Return the code of a format that files name by number; "" for General."""
    return BUILTIN_FORMATS.get(number, "")
