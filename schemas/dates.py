"""How people write dates, and the one reading that a declaration leaves.

Nothing declared: `2026-11-30`. Declared: one order of day, month and year (`dd.mm.yyyy`, `dd-mmm-yyyy`), or a
spreadsheet's day numbers (`serial`, `serial-1904`); the ISO form is read besides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

TOKENS: Final[Mapping[str, str]] = {
    "dd": "[0-9]{1,2}", "mmm": r"\p{L}{3,9}\.?", "mm": "[0-9]{1,2}", "yyyy": "[0-9]{4}",
}  # fmt: skip
"""What stands for day, month by name, month and year, each with its form; a year of two digits is a guess."""

MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
"""The names under `mmm`, in full or their first three letters, in any case."""

SERIALS: Final[Mapping[str, date]] = {"serial": date(1899, 12, 30), "serial-1904": date(1904, 1, 1)}
"""Day numbers as spreadsheets count them, and the day before which the count begins."""

_LEAP: Final = 60
"""The day number of 29 February 1900, a day that Excel counts and that never was; before it, it counts one less."""
_TIME: Final = "(?:[ T](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?)?"


@dataclass(frozen=True)
class DateFormat:
    """A declared way to write text dates, like `dd/mm/yyyy`; ISO dates are read besides.

    Attributes:
        declared: the tokens dd, mm or mmm, yyyy, each once, with separators; `serial` or `serial-1904` for
            day numbers; empty means ISO only.
    """

    declared: str = ""

    def __post_init__(self) -> None:
        tokens = sorted(re.findall("[a-z]+", self.declared))
        if self.declared and not self.serial and tokens not in (["dd", "mm", "yyyy"], ["dd", "mmm", "yyyy"]):
            raise ValueError(
                f"{self.declared!r} is no date format: dd, mm and yyyy are needed, like dd/mm/yyyy"
            )

    @property
    def serial(self) -> bool:
        """Day numbers are dates."""
        return self.declared in SERIALS

    @property
    def regex(self) -> str:
        """RE2 with the groups of the tokens."""
        return f"^{self._form}$"

    @property
    def _form(self) -> str:
        pieces = re.split("(dd|mmm|mm|yyyy)", self.declared)
        named = {each: f"(?P<{each}>{form})" for each, form in TOKENS.items()}
        return "".join(named.get(each, re.escape(each)) for each in pieces)

    def to_iso(self, texts: Any) -> Any:
        """Dates in the declared format rewritten as ISO; anything else stays as it is."""
        if not self.declared:
            return texts
        if self.serial:
            return _mapped(texts, self._of_serial)
        return pc.coalesce(self._day(pc.extract_regex(texts, pattern=self.regex)), texts)

    def moments_to_iso(self, texts: Any) -> Any:
        """The same for dates with a time of day, `hh:mm` or `hh:mm:ss`, where there is one."""
        if not self.declared or self.serial:
            return texts
        found = pc.extract_regex(texts, pattern=f"^{self._form}{_TIME}$")
        clock = [
            pc.utf8_lpad(pc.if_else(pc.equal(part, ""), "0", part), width=2, padding="0")
            for part in (pc.struct_field(found, each) for each in ("hour", "minute", "second"))
        ]
        moment = pc.binary_join_element_wise(self._day(found), pc.binary_join_element_wise(*clock, ":"), " ")
        return pc.coalesce(moment, texts)

    def _day(self, found: Any) -> Any:
        by_name = "mmm" in self.declared
        month = pc.struct_field(found, "mmm" if by_name else "mm")
        two = [pc.struct_field(found, "dd"), _numbered(month) if by_name else month]
        padded = [pc.utf8_lpad(each, width=2, padding="0") for each in reversed(two)]
        return pc.binary_join_element_wise(pc.struct_field(found, "yyyy"), *padded, "-")

    def _of_serial(self, text: str) -> str:
        day = of_serial(text, self.declared)
        return day.isoformat() if day else text


def of_serial(text: str, system: str) -> date | None:
    """The day of a day number; None for what is none, and for 29 February 1900.

    Args:
        text: a whole number without leading zeros.
        system: a key of `SERIALS`.
    """
    if not re.fullmatch("[1-9][0-9]{0,5}", text):
        return None
    number = int(text)
    if system == "serial" and number <= _LEAP:
        return None if number == _LEAP else SERIALS[system] + timedelta(number + 1)
    return SERIALS[system] + timedelta(number)


def _numbered(names: Any) -> Any:
    """Names of months as numbers; what is none becomes one that no calendar has."""

    def number(name: str) -> str:
        plain = name.lower().rstrip(".")
        return next((str(at) for at, full in enumerate(MONTHS, 1) if plain in {full, full[:3]}), "13")

    return _mapped(names, number)


def _mapped(texts: Any, say: Any) -> Any:
    """What a function makes of each distinct text."""
    coded = texts.dictionary_encode()
    made = [say(each) for each in coded.dictionary.to_pylist()]
    return pc.take(pa.array(made, pa.string()), coded.indices)
