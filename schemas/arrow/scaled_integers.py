"""Decimals as whole numbers, so that a column is multiplied and rounded in the processor's own integers.

Exact, or not done: what does not fit into 63 bits with room to spare is None, and the caller takes the longer
way, in decimals of 128 or 256 bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.notation.parsing import DECIMAL

_SCALE = DECIMAL.scale
_MAX_INTEGER = 1 << 62
_POWERS = 10 ** np.arange(19)

Int64Array = npt.NDArray[np.int64]


class ScaledIntegers(NamedTuple):
    """A column as whole numbers of `10 ** -places`; where the column is null, 0."""

    integers: Int64Array
    scale: int


def to_scaled(values: Any) -> ScaledIntegers | None:
    """The column in the largest unit in which every value is whole.

    Args:
        values: `DECIMAL`.
    """
    filled = pc.fill_null(values, 0)
    words = np.frombuffer(filled.buffers()[1], np.int64).reshape(-1, 2)
    words = words[filled.offset : filled.offset + len(filled)]
    integers, high_words = words[:, 0], words[:, 1]
    if not np.array_equal(high_words, integers >> 63) or _find_largest(integers) >= _MAX_INTEGER:
        return None
    spare_scale = _count_tens(int(np.gcd.reduce(integers))) if len(integers) else _SCALE
    return ScaledIntegers(integers // _POWERS[spare_scale], _SCALE - spare_scale)


def _count_tens(divisor: int) -> int:
    """By how many tens everything can be divided that the divisor divides."""
    return next(exponent for exponent in range(_SCALE, -1, -1) if divisor % 10**exponent == 0)


def multiply_scaled(left: ScaledIntegers, right: ScaledIntegers) -> ScaledIntegers | None:
    """The products, row by row, exact."""
    if _find_largest(left.integers) * _find_largest(right.integers) >= _MAX_INTEGER:
        return None
    return ScaledIntegers(left.integers * right.integers, left.scale + right.scale)


def round_scaled(exact: ScaledIntegers, currency_digits: Any) -> Int64Array | None:
    """Billionths of the values, each rounded half away from zero to its row's digits.

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
    magnitudes = (np.abs(exact.integers) + divisors // 2) // divisors
    factors = _POWERS[_SCALE - kept_digits]
    if len(magnitudes) and _find_largest(magnitudes) * int(factors[np.unique(digits)].max()) >= _MAX_INTEGER:
        return None
    return np.asarray(np.sign(exact.integers) * magnitudes * factors[digits])


def to_decimals(billionths: Int64Array, is_known: Any) -> Any:
    """Whole billionths as `DECIMAL`; null where they are not known.

    Args:
        billionths: a row each.
        is_known: an Arrow column of booleans without nulls.
    """
    words = np.empty((len(billionths), 2), np.int64)
    words[:, 0], words[:, 1] = billionths, billionths >> 63
    return pc.if_else(is_known, pa.Array.from_buffers(DECIMAL, len(words), [None, pa.py_buffer(words)]), None)


def _find_largest(integers: Int64Array) -> int:
    return max(abs(int(integers.min())), abs(int(integers.max()))) if len(integers) else 0
