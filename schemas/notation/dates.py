"""Dates as people write them: normalization to ISO dates, in the one reading that a declaration leaves.

In: columns of text, and the declared format.
Out: the same with dates in ISO form; what is no date stays as it is.
Never: reads a year of two digits, or tries a second order of day and month.

Accepted without a declaration: `2026-11-30`. Declared: one order of day, month and year (`dd.mm.yyyy`,
`dd-mmm-yyyy`), or a spreadsheet's day numbers (`serial`, `serial-1904`); ISO dates are accepted besides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow.columns import ArrowColumn, Texts

DATE_TOKENS: Final[Mapping[str, str]] = {
    "dd": "[0-9]{1,2}", "mmm": r"\p{L}{3,9}\.?", "mm": "[0-9]{1,2}", "yyyy": "[0-9]{4}",
}  # fmt: skip
"""What stands for day, month by name, month and year, each with its form; a year of two digits is a guess."""

MONTH_NAMES: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
"""The names under `mmm`, in full or their first three letters, in any case."""

SERIAL_EPOCHS: Final[Mapping[str, date]] = {"serial": date(1899, 12, 30), "serial-1904": date(1904, 1, 1)}
"""Day numbers as spreadsheets count them, and the day before which the count begins."""

FALSE_LEAP_DAY: Final = 60
"""The day number of 29 February 1900, which Excel counts though it never was; before it, one is added."""
_TIME_REGEX: Final = "(?:[ T](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?)?"


@dataclass(frozen=True)
class DateNotation:
    """A declared way to write text dates, like `dd/mm/yyyy`; ISO dates are read besides.

    Attributes:
        declared: the tokens dd, mm or mmm, yyyy, each once, with separators; `serial` or `serial-1904` for
            day numbers; empty means ISO only.
    """

    declared: str = ""

    def __post_init__(self) -> None:
        tokens = sorted(re.findall("[a-z]+", self.declared))
        if (
            self.declared
            and not self.is_serial
            and tokens not in (["dd", "mm", "yyyy"], ["dd", "mmm", "yyyy"])
        ):
            raise ValueError(
                f"{self.declared!r} is no date format: dd, mm and yyyy are needed, like dd/mm/yyyy"
            )

    @property
    def is_serial(self) -> bool:
        """Whether dates are day numbers."""
        return self.declared in SERIAL_EPOCHS

    @property
    def regex(self) -> str:
        """The RE2 regular expression of the format, with a group per token."""
        return f"^{self._fragment}$"

    @property
    def _fragment(self) -> str:
        # `mmm` before `mm`, which is its beginning
        pieces = re.split("(dd|mmm|mm|yyyy)", self.declared)
        groups = {token: f"(?P<{token}>{form})" for token, form in DATE_TOKENS.items()}
        return "".join(groups.get(piece, re.escape(piece)) for piece in pieces)

    def to_iso_dates(self, texts: Texts) -> Texts:
        """Rewrite dates of the declared format as ISO dates; anything else stays as it is.

        Args:
            texts: a string array.
        """
        if not self.declared:
            return texts
        if self.is_serial:
            return _map_distinct(texts, self._convert_serial)
        # what has another form is null here and stays as it is
        return pc.coalesce(self._join_iso_date(pc.extract_regex(texts, pattern=self.regex)), texts)

    def to_iso_datetimes(self, texts: Texts) -> Texts:
        """Rewrite dates of the declared format, with or without `hh:mm` or `hh:mm:ss`, as ISO datetimes.

        Args:
            texts: a string array.
        """
        # a day number has no time of day
        if not self.declared or self.is_serial:
            return texts
        groups = pc.extract_regex(texts, pattern=f"^{self._fragment}{_TIME_REGEX}$")
        parts = [pc.struct_field(groups, name) for name in ("hour", "minute", "second")]
        clock = [_pad_to_two_digits(pc.if_else(pc.equal(part, ""), "0", part)) for part in parts]
        moment = pc.binary_join_element_wise(
            self._join_iso_date(groups), pc.binary_join_element_wise(*clock, ":"), " "
        )
        return pc.coalesce(moment, texts)

    def _join_iso_date(self, groups: ArrowColumn) -> Texts:
        by_name = "mmm" in self.declared
        month = pc.struct_field(groups, "mmm" if by_name else "mm")
        day_and_month = [pc.struct_field(groups, "dd"), _convert_month_names(month) if by_name else month]
        padded = [_pad_to_two_digits(text) for text in reversed(day_and_month)]
        return pc.binary_join_element_wise(pc.struct_field(groups, "yyyy"), *padded, "-")

    def _convert_serial(self, text: str) -> str:
        day = parse_serial_date(text, self.declared)
        return day.isoformat() if day else text


def parse_serial_date(text: str, serial_system: str) -> date | None:
    """Return the date of a day number; None for what is none, and for 29 February 1900.

    Args:
        text: a whole number without leading zeros.
        serial_system: a key of `SERIAL_EPOCHS`.
    """
    if not re.fullmatch("[1-9][0-9]{0,5}", text):
        return None
    number = int(text)
    if serial_system == "serial" and number <= FALSE_LEAP_DAY:
        return None if number == FALSE_LEAP_DAY else SERIAL_EPOCHS[serial_system] + timedelta(number + 1)
    return SERIAL_EPOCHS[serial_system] + timedelta(number)


def _convert_month_names(names: Texts) -> Texts:
    """Return the numbers of months; a text that names none becomes 13, which no calendar has."""

    def convert_name(name: str) -> str:
        lowered = name.lower().rstrip(".")
        return next(
            (str(number) for number, full in enumerate(MONTH_NAMES, 1) if lowered in {full, full[:3]}), "13"
        )

    return _map_distinct(names, convert_name)


def _pad_to_two_digits(texts: Texts) -> Texts:
    return pc.utf8_lpad(texts, width=2, padding="0")


def _map_distinct(texts: Texts, convert: Callable[[str], str]) -> Texts:
    """Apply a function once per distinct text."""
    encoded = texts.dictionary_encode()
    converted = [convert(text) for text in encoded.dictionary.to_pylist()]
    return pc.take(pa.array(converted, pa.string()), encoded.indices)
