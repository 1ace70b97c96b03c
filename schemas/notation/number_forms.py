"""The forms in which people write numbers, as data: marks, spaces, signs, digits and currency symbols.

The regular expression that reads them (`numbers`), the page in the documentation and the generators of the
tests are made of these constants; a form is stated nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DECIMAL_MARKS: Final[Mapping[str, str]] = {"point": ".", "comma": ","}
"""The decimal marks that can be declared."""

THOUSANDS_MARKS: Final[Mapping[str, str]] = {".": ",", ",": "."}
"""The thousands separator that belongs to a decimal mark."""

GROUP_SPACES: Final = (" ", "\u00a0", "\u2009", "\u202f", "\u2007")
"""Between thousands: blank, no-break space, thin space, narrow no-break space, figure space."""

GROUP_APOSTROPHES: Final = ("'", "\u2019")
"""Between thousands, as in Switzerland."""

MINUS_SIGNS: Final = ("-", "\u2212", "\uff0d", "\ufe63")
"""Hyphen, minus sign, and their full-width and small forms."""

SCRIPT_DIGITS: Final[Mapping[str, str]] = {
    "full-width": "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
    "Arabic": "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669",
    "Persian": "\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9",
}
"""Digits of other scripts, from zero to nine."""

FULL_WIDTH_SIGNS: Final[Mapping[str, str]] = {
    "\uff0e": ".",
    "\uff0c": ",",
    "\uff08": "(",
    "\uff09": ")",
    "\uff0b": "+",
}
"""Full-width signs, and what they are."""

ARABIC_DECIMAL: Final = "\u066b"
ARABIC_THOUSANDS: Final = "\u066c"

_DOLLAR_CURRENCIES = (
    "USD AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD NAD NZD SBD SGD SRD TTD TWD XCD "
    "MXN CLP COP ARS UYU"
)

CURRENCY_SYMBOLS: Final[Mapping[str, tuple[str, ...]]] = {
    "€": ("EUR",), "$": tuple(_DOLLAR_CURRENCIES.split()), "US$": ("USD",),
    "£": ("GBP", "EGP", "FKP", "GIP", "LBP", "SHP"), "¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"),
    "₹": ("INR",), "₩": ("KRW", "KPW"), "₽": ("RUB",), "₺": ("TRY",), "₴": ("UAH",), "₪": ("ILS",),
    "₫": ("VND",), "฿": ("THB",), "₱": ("PHP",), "₦": ("NGN",), "₡": ("CRC",), "zł": ("PLN",),
    "Kč": ("CZK",), "kr": ("SEK", "NOK", "DKK", "ISK"), "Fr.": ("CHF",), "R$": ("BRL",),
}  # fmt: skip
"""Currency symbols, and the currencies (ISO 4217) that each may stand for."""
