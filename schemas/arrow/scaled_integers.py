"""Fixed-point arithmetic on decimals as scaled 64-bit integers, which numpy multiplies and rounds.

In: columns of `DECIMAL`.
Out: whole numbers with their scale, and `DECIMAL` again.
Never: rounds where it was not asked to, or lets a number overflow.

Exact, or not done: where a value might not fit into 63 bits the result is None, and the caller calculates in
decimals of 128 or 256 bits instead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow.columns import DECIMAL, Booleans, Decimals, Integers

_SCALE = DECIMAL.scale
# half of what 63 bits hold, so that half a divisor can be added before it is divided
_MAX_INTEGER = 1 << 62
_POWERS = 10 ** np.arange(19)

Int64Array = npt.NDArray[np.int64]


class ScaledIntegers(NamedTuple):
    """A column as whole numbers of `10 ** -scale`; 0 where the column is null."""

    integers: Int64Array
    scale: int


def to_scaled(values: Decimals) -> ScaledIntegers | None:
    """Return the column in the largest unit in which every value is whole; None where it does not fit.

    Args:
        values: `DECIMAL`.
    """
    filled = pc.fill_null(values, 0)
    # a decimal128 is 16 bytes, low word first; the value fits where the high word only repeats the sign
    words = np.frombuffer(filled.buffers()[1], np.int64).reshape(-1, 2)
    words = words[filled.offset : filled.offset + len(filled)]
    integers, high_words = words[:, 0], words[:, 1]
    if not np.array_equal(high_words, integers >> 63) or _find_largest(integers) >= _MAX_INTEGER:
        return None
    # the more tens all values share, the smaller the integers, and the sooner a product fits
    spare_scale = _count_tens(int(np.gcd.reduce(integers))) if len(integers) else _SCALE
    return ScaledIntegers(integers // _POWERS[spare_scale], _SCALE - spare_scale)


def _count_tens(divisor: int) -> int:
    """Return how often 10 divides the divisor, at most `_SCALE` times."""
    return next(exponent for exponent in range(_SCALE, -1, -1) if divisor % 10**exponent == 0)


def multiply_scaled(left: ScaledIntegers, right: ScaledIntegers) -> ScaledIntegers | None:
    """Return the exact products, row by row; None where one might not fit.

    Args:
        left: one factor per row.
        right: the other, as many rows.
    """
    # Python's integers never overflow, so the bound itself is exact
    if _find_largest(left.integers) * _find_largest(right.integers) >= _MAX_INTEGER:
        return None
    return ScaledIntegers(left.integers * right.integers, left.scale + right.scale)


def round_scaled(exact: ScaledIntegers, currency_digits: Integers) -> Int64Array | None:
    """Return billionths of the values, rounded half away from zero to the row's digits; None if too large.

    Args:
        exact: the values.
        currency_digits: int8 from 0 to 9, decimals of the row's currency; null counts as 0.
    """
    digit_counts = np.arange(_SCALE + 1)
    lost_digits, kept_digits = (
        np.maximum(exact.scale - digit_counts, 0),
        np.minimum(exact.scale, digit_counts),
    )
    digits = pc.fill_null(currency_digits, 0).to_numpy()
    divisors = _POWERS[lost_digits][digits]
    # of the magnitude, since `//` rounds down and not towards zero
    magnitudes = (np.abs(exact.integers) + divisors // 2) // divisors
    factors = _POWERS[_SCALE - kept_digits]
    if len(magnitudes) and _find_largest(magnitudes) * int(factors[np.unique(digits)].max()) >= _MAX_INTEGER:
        return None
    return np.asarray(np.sign(exact.integers) * magnitudes * factors[digits])


def to_decimals(billionths: Int64Array, is_known: Booleans) -> Decimals:
    """Return whole billionths as `DECIMAL`; null where they are not known.

    Args:
        billionths: one per row.
        is_known: one per row, without nulls.
    """
    words = np.empty((len(billionths), 2), np.int64)
    # the high word repeats the sign
    words[:, 0], words[:, 1] = billionths, billionths >> 63
    return pc.if_else(is_known, pa.Array.from_buffers(DECIMAL, len(words), [None, pa.py_buffer(words)]), None)


def _find_largest(integers: Int64Array) -> int:
    return max(abs(int(integers.min())), abs(int(integers.max()))) if len(integers) else 0
