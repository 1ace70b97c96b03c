"""Shares of a whole: a field that is one may be written in percent. 19 % is 0.19, exactly, and nothing else is.

A percent sign anywhere else is no number: 50 % of an amount is a sum that somebody has to work out.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import plain
from schemas.numbers import NumberFormat

_SIGN: Final = "%"
_SIGN_AND_BLANKS: Final = r"[ \x{a0}\x{2009}\x{202f}]?%$"


def read(cells: Any, read_already: Any, numbers: NumberFormat) -> Any:
    """The numbers of a column that is a share: where a percent sign stands behind, a hundredth.

    Args:
        cells: as the sheet has them.
        read_already: the same as plain numbers, as far as they are written without a percent sign.
        numbers: how texts write numbers.
    """
    coded = plain(cells).dictionary_encode()
    signed = pc.ends_with(coded.dictionary, _SIGN)
    if not pc.any(signed).as_py():
        return read_already
    bare = pc.replace_substring_regex(coded.dictionary, pattern=_SIGN_AND_BLANKS, replacement="")
    read_bare = plain(numbers.read(bare).texts).to_pylist()
    made = pa.array([_hundredth(text) for text in read_bare], pa.string())
    return pc.if_else(pc.take(signed, coded.indices), pc.take(made, coded.indices), plain(read_already))


def seen(shown: Any, cells: Any) -> Any:
    """What cells show otherwise than they hold: 19% for 0.19 is the same, 20% for 0.195 is not."""
    pairs = zip(shown.to_pylist(), plain(cells).to_pylist(), strict=True)
    told = ["" if text.endswith(_SIGN) and _same(text, held) else text for text, held in pairs]
    return pa.array(told, pa.string())


def _same(shown: str, held: str) -> bool:
    try:
        return Decimal(_hundredth(shown.removesuffix(_SIGN))) == Decimal(held)
    except InvalidOperation:
        return False


def _hundredth(text: str) -> str:
    """The plain text of a number moved by two places; what is none stays as it is."""
    try:
        return f"{Decimal(text).scaleb(-2).normalize():f}"
    except InvalidOperation:
        return text
