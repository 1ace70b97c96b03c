"""Exact arithmetic on whole columns: products, rounding, and decimals as text."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas import units
from schemas.currencies import DIGITS
from schemas.kinds import DECIMAL

_NARROW_LEFT = pa.decimal128(19, 9)
_NARROW_RIGHT = pa.decimal128(18, 9)
_WIDE = pa.decimal256(24, 9)
_LIMIT = Decimal(10) ** 9
_ROOM = pa.decimal128(38, 9)
_UNKNOWN = -1


def product(quantity: Any, unit_price: Any, digits: Any) -> Any:
    """Quantity times unit price, rounded half away from zero to the currency's digits.

    Args:
        quantity: `DECIMAL`.
        unit_price: `DECIMAL`, currency units.
        digits: int8, decimals of the row's currency.

    Returns:
        `DECIMAL`; null where an operand or the digits are null, or the product is longer than any amount
        may be.
    """
    if (found := _in_units(quantity, unit_price, digits)) is not None:
        return found
    if _fits(quantity) and _fits(unit_price):
        exact = pc.multiply(pc.cast(quantity, _NARROW_LEFT), pc.cast(unit_price, _NARROW_RIGHT))
    else:
        exact = pc.multiply(pc.cast(quantity, _WIDE), pc.cast(unit_price, _WIDE))
    rounded = round_to(exact, digits)
    most = pa.scalar(Decimal(10) ** 15, rounded.type)
    return pc.cast(pc.if_else(pc.less(pc.abs(rounded), most), rounded, None), DECIMAL)


def _in_units(quantity: Any, unit_price: Any, digits: Any) -> Any:
    """The rounded products by way of whole numbers; None where these get too large."""
    one, other = units.whole(quantity), units.whole(unit_price)
    exact = units.times(one, other) if one and other else None
    made = units.rounded(exact, digits) if exact else None
    if made is None:
        return None
    known = pc.and_(pc.is_valid(digits), pc.and_(pc.is_valid(quantity), pc.is_valid(unit_price)))
    return units.decimals(made, known)


def _fits(values: Any) -> bool:
    """Whether the product of two such columns fits into 38 digits."""
    return all(each is None or abs(each) < _LIMIT for each in pc.min_max(values).as_py().values())


def round_to(amounts: Any, digits: Any) -> Any:
    """Amounts rounded half away from zero to a number of digits a row; null where that is unknown.

    Args:
        amounts: decimals.
        digits: int8, decimals of the row's currency.

    Returns:
        Decimals, with room for one digit more where they need it.
    """
    exact = units.whole(amounts) if amounts.type == DECIMAL else None
    made = units.rounded(exact, digits) if exact else None
    if made is not None:
        return units.decimals(made, pc.and_(pc.is_valid(digits), pc.is_valid(amounts)))
    return _by_digits(digits, _rounded, amounts)


def _rounded(places: int | None, amounts: Any) -> Any:
    if places is None:
        return pa.nulls(len(amounts), _ROOM if amounts.type == DECIMAL else amounts.type)
    room = pc.cast(amounts, _ROOM) if amounts.type == DECIMAL else amounts  # 999.995 rounds to one digit more
    return pc.cast(pc.round(room, ndigits=places, round_mode="half_towards_infinity"), room.type)


def _by_digits(digits: Any, make: Callable[..., Any], *columns: Any) -> Any:
    """What a function makes of the rows of each number of digits, put together in the order of the rows."""
    different = pc.unique(digits).to_pylist()
    if len(different) < 2:
        return make(different[0] if different else None, *columns)
    places = pc.fill_null(digits, _UNKNOWN).to_numpy()
    groups = [np.flatnonzero(places == (_UNKNOWN if each is None else each)) for each in different]
    parts = [
        make(each, *(pc.take(column, pa.array(rows)) for column in columns))
        for each, rows in zip(different, groups, strict=True)
    ]
    back = np.empty(len(places), np.int32)
    back[np.concatenate(groups)] = np.arange(len(places), dtype=np.int32)
    return pc.take(pa.concat_arrays(parts), pa.array(back))


def digits_of(currencies: Any) -> Any:
    """Decimals of each currency, int8; null for what is no currency.

    Args:
        currencies: ISO 4217 codes.
    """
    found = pc.index_in(currencies, value_set=pa.array(list(DIGITS)))
    return pc.take(pa.array(list(DIGITS.values()), pa.int8()), found)


def totals(parent: npt.NDArray[np.int64], amounts: Any, parents: int) -> Any:
    """The sum of the amounts, a parent; null where one is unknown or there are none.

    Args:
        parent: per amount the position of its parent, -1 without one.
        amounts: `DECIMAL`.
        parents: how many there are.
    """
    table = pa.table({"parent": parent, "amount": amounts, "unknown": pc.is_null(amounts)})
    table = table.filter(pc.greater_equal(table["parent"], 0))
    if not len(table):
        return pa.nulls(parents, DECIMAL)
    sums = table.group_by("parent").aggregate([("amount", "sum"), ("unknown", "any")])
    order = np.full(parents, -1)
    order[sums["parent"].to_numpy()] = np.arange(len(sums))
    known = pc.if_else(sums["unknown_any"], None, sums["amount_sum"]).combine_chunks()
    return pc.take(known, pa.array(order, mask=order < 0))


def plain_text(values: Any) -> Any:
    """Decimals as text without surplus zeros or exponent: 15.30 is "15.3", 100 is "100".

    Args:
        values: decimals with a scale above 0.
    """
    texts = pc.cast(values, pa.string())
    texts = pc.utf8_rtrim(pc.utf8_rtrim(texts, characters="0"), characters=".")
    tiny = pc.fill_null(pc.match_substring(texts, "E"), False)  # Arrow writes zero as 0E-9
    if not pc.any(tiny).as_py():
        return texts
    few = pc.filter(values, tiny).dictionary_encode()
    plain = [format(each.normalize(), "f") for each in few.dictionary.to_pylist()]
    return pc.replace_with_mask(texts, tiny, pc.take(pa.array(plain, pa.string()), few.indices))


def text(values: Any, digits: Any) -> Any:
    """Amounts as the books write them: as many decimals as the currency has, more where there are more.

    Args:
        values: decimals.
        digits: int8, decimals of the row's currency; null writes the plain text.
    """
    return padded(plain_text(values), digits)


def padded(written: Any, digits: Any) -> Any:
    """Plain texts of amounts, with the decimals of their currency; see `text`.

    Args:
        written: the plain texts.
        digits: int8, decimals of the row's currency.
    """
    point = pc.fill_null(pc.find_substring(written, "."), -1).to_numpy()
    length = pc.fill_null(pc.binary_length(written), 0).to_numpy()
    lacking = pc.fill_null(digits, 0).to_numpy() - np.where(point < 0, 0, length - point - 1)
    needed = np.where(lacking > 0, 2 * lacking - (point < 0), 0)
    return pc.binary_join_element_wise(written, pc.take(_LACKING, pa.array(needed)), "")


_LACKING = pa.array(["", *(mark + "0" * count for count in range(1, 10) for mark in (".", ""))])
"""What a plain text lacks: at `2 * n` that many zeros, before it the same with the point."""


def with_digits(value: Decimal, currency: str) -> str:
    """A sum of money as the books write it: at least as many decimals as its currency has."""
    digits = max(DIGITS.get(currency, 2), -int(value.normalize().as_tuple().exponent))
    return f"{value:.{digits}f}"
