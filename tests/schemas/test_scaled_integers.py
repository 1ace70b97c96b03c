"""Whole numbers instead of decimals: the same results, or none at all."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.arrow import money, scaled_integers
from schemas.arrow.columns import DECIMAL

D = Decimal
LARGEST = D(2**63 - 1).scaleb(-9)


def column(values: list[Decimal | None]) -> pa.Array:
    return pa.array(values, DECIMAL)


@given(st.lists(st.one_of(st.none(), st.decimals(-(10**9), 10**9, places=9)), max_size=8))
@example([D("1.5"), D("-0.25"), None, D(0)])
@example([D(100), D("1e9")])
def test_a_column_comes_back_as_it_was(values: list[Decimal | None]) -> None:
    exact = scaled_integers.to_scaled(column(values))
    assert exact is not None
    assert [D(int(integer)).scaleb(-exact.scale) for integer in exact.integers] == [
        value or 0 for value in values
    ]
    decimals = scaled_integers.to_decimals(
        exact.integers * 10 ** (9 - exact.scale), column(values).is_valid()
    )
    assert decimals.to_pylist() == values


def test_a_slice_is_its_own_rows() -> None:
    exact = scaled_integers.to_scaled(column([D(1), D(2), D("3.5"), D(4)]).slice(1, 2))
    assert exact is not None
    assert (exact.integers.tolist(), exact.scale) == ([20, 35], 1)


@pytest.mark.parametrize("value", [LARGEST, -LARGEST, D(-(2**63)).scaleb(-9), D(10**14), D(-(10**14))])
def test_what_does_not_fit_is_left_to_decimals(value: Decimal) -> None:
    assert scaled_integers.to_scaled(column([value, D(1)])) is None
    assert money.round_amounts(column([value]), pa.array([2], pa.int8()))[0].as_py() == round(value, 2)


def test_a_product_that_does_not_fit_is_left_to_decimals() -> None:
    large, small = column([D("4000000000.000000001")]), column([D("2.000000001")])
    scaled_large, scaled_small = scaled_integers.to_scaled(large), scaled_integers.to_scaled(small)
    assert scaled_large
    assert scaled_small
    assert scaled_integers.multiply_scaled(scaled_large, scaled_small) is None
    assert money.calculate_amounts(large, small, pa.array([2], pa.int8()))[0].as_py() == D("8000000004.00")


def test_a_rounded_value_that_does_not_fit_is_left_to_decimals() -> None:
    exact = scaled_integers.to_scaled(column([D(2_000_000_000)]))
    product = scaled_integers.multiply_scaled(exact, exact) if exact else None
    assert product is not None
    assert scaled_integers.round_scaled(product, pa.array([0], pa.int8())) is None
