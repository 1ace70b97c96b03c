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

from schemas.kinds import DECIMAL

_SCALE = DECIMAL.scale
_ROOM = 1 << 62
_POWERS = 10 ** np.arange(19)

Integers = npt.NDArray[np.int64]


class Whole(NamedTuple):
    """A column as whole numbers of `10 ** -places`; where the column is null, 0."""

    units: Integers
    places: int


def whole(values: Any) -> Whole | None:
    """The column in the largest unit in which every value is whole.

    Args:
        values: `DECIMAL`.
    """
    filled = pc.fill_null(values, 0)
    words = np.frombuffer(filled.buffers()[1], np.int64).reshape(-1, 2)
    words = words[filled.offset : filled.offset + len(filled)]
    units, beyond = words[:, 0], words[:, 1]
    if not np.array_equal(beyond, units >> 63) or _largest(units) >= _ROOM:
        return None
    spare = _zeros(int(np.gcd.reduce(units))) if len(units) else _SCALE
    return Whole(units // _POWERS[spare], _SCALE - spare)


def _zeros(divisor: int) -> int:
    """By how many tens everything can be divided that the divisor divides."""
    return next(each for each in range(_SCALE, -1, -1) if divisor % 10**each == 0)


def times(one: Whole, other: Whole) -> Whole | None:
    """The products, row by row, exact."""
    if _largest(one.units) * _largest(other.units) >= _ROOM:
        return None
    return Whole(one.units * other.units, one.places + other.places)


def rounded(exact: Whole, digits: Any) -> Integers | None:
    """Billionths of the values, each rounded half away from zero to its row's digits.

    Args:
        exact: the values.
        digits: int8 from 0 to 9, decimals of the row's currency; null counts as 0.
    """
    known = np.arange(_SCALE + 1)
    lost, kept = np.maximum(exact.places - known, 0), np.minimum(exact.places, known)
    places = pc.fill_null(digits, 0).to_numpy()
    unit = _POWERS[lost][places]
    size = (np.abs(exact.units) + unit // 2) // unit
    raised = _POWERS[_SCALE - kept]
    if len(size) and _largest(size) * int(raised[np.unique(places)].max()) >= _ROOM:
        return None
    return np.asarray(np.sign(exact.units) * size * raised[places])


def decimals(billionths: Integers, known: Any) -> Any:
    """Whole billionths as `DECIMAL`; null where they are not known.

    Args:
        billionths: a row each.
        known: an Arrow column of booleans without nulls.
    """
    words = np.empty((len(billionths), 2), np.int64)
    words[:, 0], words[:, 1] = billionths, billionths >> 63
    return pc.if_else(known, pa.Array.from_buffers(DECIMAL, len(words), [None, pa.py_buffer(words)]), None)


def _largest(units: Integers) -> int:
    return max(abs(int(units.min())), abs(int(units.max()))) if len(units) else 0
