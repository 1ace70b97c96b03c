"""Exact money arithmetic on whole columns: products, rounding, sums, and amounts as text.

In: columns of decimals, and the digits of each row's currency.
Out: decimals, null where an operand is unknown; or their text.
Never: passes through a binary fraction.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow import scaled_integers
from schemas.arrow.columns import DECIMAL, Decimals, Integers, Texts
from schemas.currencies import CURRENCY_DIGITS

# Arrow gives a product the digits of both factors and one more: 19 + 18 + 1 are the 38 of a decimal128
_NARROW_QUANTITY = pa.decimal128(19, 9)
_NARROW_PRICE = pa.decimal128(18, 9)
_WIDE_TYPE = pa.decimal256(24, 9)
_NARROW_LIMIT = Decimal(10) ** 9
_ROUNDED_TYPE = pa.decimal128(38, 9)
_UNKNOWN_DIGITS = -1


def calculate_amounts(quantity: Decimals, unit_price: Decimals, digits: Integers) -> Decimals:
    """Calculate quantity times unit price, rounded half away from zero to the currency's digits.

    Args:
        quantity: `DECIMAL`.
        unit_price: `DECIMAL`, currency units.
        digits: int8, decimals of the row's currency.

    Returns:
        `DECIMAL`; null where an operand or the digits are null, or the product is longer than any amount
        may be.
    """
    if (amounts := _calculate_scaled(quantity, unit_price, digits)) is not None:
        return amounts
    if _is_narrow(quantity) and _is_narrow(unit_price):
        exact = pc.multiply(pc.cast(quantity, _NARROW_QUANTITY), pc.cast(unit_price, _NARROW_PRICE))
    else:
        exact = pc.multiply(pc.cast(quantity, _WIDE_TYPE), pc.cast(unit_price, _WIDE_TYPE))
    rounded = round_amounts(exact, digits)
    # longer than `DECIMAL` holds before its point
    upper_limit = pa.scalar(Decimal(10) ** 15, rounded.type)
    return pc.cast(pc.if_else(pc.less(pc.abs(rounded), upper_limit), rounded, None), DECIMAL)


def _calculate_scaled(quantity: Decimals, unit_price: Decimals, digits: Integers) -> Decimals | None:
    """Calculate in 64-bit integers; None where a value might not fit."""
    scaled_quantity, scaled_price = scaled_integers.to_scaled(quantity), scaled_integers.to_scaled(unit_price)
    products = (
        scaled_integers.multiply_scaled(scaled_quantity, scaled_price)
        if scaled_quantity and scaled_price
        else None
    )
    billionths = scaled_integers.round_scaled(products, digits) if products else None
    if billionths is None:
        return None
    is_known = pc.and_(pc.is_valid(digits), pc.and_(pc.is_valid(quantity), pc.is_valid(unit_price)))
    return scaled_integers.to_decimals(billionths, is_known)


def _is_narrow(values: Decimals) -> bool:
    """Return whether the product of two such columns fits into the 38 digits of a decimal128."""
    return all(value is None or abs(value) < _NARROW_LIMIT for value in pc.min_max(values).as_py().values())


def round_amounts(amounts: Decimals, digits: Integers) -> Decimals:
    """Round amounts half away from zero, each row to its own number of digits; null where that is unknown.

    Args:
        amounts: decimals.
        digits: int8, decimals of the row's currency.

    Returns:
        Decimals, with room for one digit more where they need it.
    """
    scaled = scaled_integers.to_scaled(amounts) if amounts.type == DECIMAL else None
    billionths = scaled_integers.round_scaled(scaled, digits) if scaled else None
    if billionths is not None:
        return scaled_integers.to_decimals(billionths, pc.and_(pc.is_valid(digits), pc.is_valid(amounts)))
    return _apply_by_digits(digits, _round_decimals, amounts)


def _round_decimals(digits: int | None, amounts: Decimals) -> Decimals:
    if digits is None:
        return pa.nulls(len(amounts), _ROUNDED_TYPE if amounts.type == DECIMAL else amounts.type)
    # rounding may need one digit more: 999.995 becomes 1000.00
    wide = pc.cast(amounts, _ROUNDED_TYPE) if amounts.type == DECIMAL else amounts
    return pc.cast(pc.round(wide, ndigits=digits, round_mode="half_towards_infinity"), wide.type)


def _apply_by_digits(digits: Integers, calculate: Callable[..., Decimals], *columns: Decimals) -> Decimals:
    """Apply a function once per number of digits, to its rows, and return the results in row order."""
    distinct = pc.unique(digits).to_pylist()
    if len(distinct) < 2:
        return calculate(distinct[0] if distinct else None, *columns)
    row_digits = pc.fill_null(digits, _UNKNOWN_DIGITS).to_numpy()
    groups, results = [], []
    for value in distinct:
        rows = np.flatnonzero(row_digits == (_UNKNOWN_DIGITS if value is None else value))
        groups.append(rows)
        results.append(calculate(value, *(pc.take(column, pa.array(rows)) for column in columns)))
    # the inverse of the order in which the groups come
    order = np.empty(len(row_digits), np.int32)
    order[np.concatenate(groups)] = np.arange(len(row_digits), dtype=np.int32)
    return pc.take(pa.concat_arrays(results), pa.array(order))


def get_currency_digits(currencies: Texts) -> Integers:
    """Return the digits after the point of each currency, int8; null for what is no currency.

    Args:
        currencies: ISO 4217 codes.
    """
    positions = pc.index_in(currencies, value_set=pa.array(list(CURRENCY_DIGITS)))
    return pc.take(pa.array(list(CURRENCY_DIGITS.values()), pa.int8()), positions)


def sum_by_parent(parent_rows: npt.NDArray[np.int64], amounts: Decimals, parent_count: int) -> Decimals:
    """Sum the amounts of each parent; null where an amount is unknown or there are none.

    Args:
        parent_rows: per amount the row number of its parent, -1 without one.
        amounts: `DECIMAL`.
        parent_count: number of parents.

    Returns:
        `DECIMAL`, one per parent.
    """
    table = pa.table({"parent": parent_rows, "amount": amounts, "unknown": pc.is_null(amounts)})
    table = table.filter(pc.greater_equal(table["parent"], 0))
    if not len(table):
        return pa.nulls(parent_count, DECIMAL)
    sums = table.group_by("parent").aggregate([("amount", "sum"), ("unknown", "any")])
    sum_positions = np.full(parent_count, -1)
    sum_positions[sums["parent"].to_numpy()] = np.arange(len(sums))
    sums_or_null = pc.if_else(sums["unknown_any"], None, sums["amount_sum"]).combine_chunks()
    return pc.take(sums_or_null, pa.array(sum_positions, mask=sum_positions < 0))


def format_plain(values: Decimals) -> Texts:
    """Format decimals without surplus zeros or exponent: 15.30 is "15.3", 100 is "100".

    Args:
        values: decimals with a scale above 0.
    """
    texts = pc.cast(values, pa.string())
    texts = pc.utf8_rtrim(pc.utf8_rtrim(texts, characters="0"), characters=".")
    tiny = pc.fill_null(pc.match_substring(texts, "E"), False)  # Arrow writes zero as 0E-9
    if not pc.any(tiny).as_py():
        return texts
    tiny_values = pc.filter(values, tiny).dictionary_encode()
    tiny_texts = [format(value.normalize(), "f") for value in tiny_values.dictionary.to_pylist()]
    return pc.replace_with_mask(texts, tiny, pc.take(pa.array(tiny_texts, pa.string()), tiny_values.indices))


def format_amounts(values: Decimals, digits: Integers) -> Texts:
    """Format amounts with the digits of their currency, more where the value has more.

    Args:
        values: decimals.
        digits: int8, decimals of the row's currency; null writes the plain text.
    """
    return pad_decimals(format_plain(values), digits)


def pad_decimals(texts: Texts, digits: Integers) -> Texts:
    """Append zeros to plain texts of amounts up to the digits of their currency; see `format_amounts`.

    Args:
        texts: from `format_plain`.
        digits: int8, decimals of the row's currency.
    """
    point_positions = pc.fill_null(pc.find_substring(texts, "."), -1).to_numpy()
    lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy()
    missing = pc.fill_null(digits, 0).to_numpy() - np.where(
        point_positions < 0, 0, lengths - point_positions - 1
    )
    zeros_index = np.where(missing > 0, 2 * missing - (point_positions < 0), 0)
    return pc.binary_join_element_wise(texts, pc.take(_MISSING_ZEROS, pa.array(zeros_index)), "")


_MISSING_ZEROS = pa.array([
    "", ".0", "0", ".00", "00", ".000", "000", ".0000", "0000", ".00000", "00000", ".000000", "000000",
    ".0000000", "0000000", ".00000000", "00000000", ".000000000", "000000000",
])  # fmt: skip
"""What a plain text lacks: at `2 * n` that many zeros, before it the same with the point."""


def format_money(value: Decimal, currency: str) -> str:
    """Format a sum of money with at least as many digits as its currency has.

    Args:
        value: the sum.
        currency: ISO 4217; 2 digits where it is unknown.
    """
    digits = max(CURRENCY_DIGITS.get(currency, 2), -int(value.normalize().as_tuple().exponent))
    return f"{value:.{digits}f}"
