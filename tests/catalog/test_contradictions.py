"""Rows of a catalog that contradict each other."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.catalog.contradictions import find_contradictions
from pipeline.catalog.snapshot_kinds import CATALOG_SCHEMA, cast_rows

DAY = date(2026, 1, 1)


def rows(*given_rows: dict[str, Any]) -> pa.Table:
    default = {"sku": "A", "product_rate_plan_charge_id": "c1", "charge_model": "Per Unit", "currency": "EUR"}
    return cast_rows(pa.Table.from_pylist([default | row for row in given_rows], schema=CATALOG_SCHEMA))


def list_contradictions(*given_rows: dict[str, Any]) -> list[tuple[str, str, list[int], list[int]]]:
    return [
        (
            contradiction.kind,
            contradiction.field,
            contradiction.rows.tolist(),
            contradiction.other_rows.tolist(),
        )
        for contradiction in find_contradictions(rows(*given_rows))
    ]


def days(first: int | None, last: int | None) -> dict[str, Any]:
    return {
        "effective_from": None if first is None else DAY + timedelta(first),
        "effective_to": None if last is None else DAY + timedelta(last),
    }


def test_charge_with_two_skus_and_products() -> None:
    assert list_contradictions(
        {"sku": "A", "product_id": "p1"},
        {"sku": "B", "product_rate_plan_charge_id": "c2"},
        {"sku": "B", "product_id": None, "currency": "USD"},
        {"sku": "A", "product_id": "p1", "currency": "GBP"},
    ) == [("identity", "sku", [0, 2, 3], [2, 0, 2]), ("identity", "product_id", [0, 2, 3], [2, 0, 2])]


def test_one_product_with_several_charges_is_as_in_life() -> None:
    assert list_contradictions({}, {"product_rate_plan_charge_id": "c2"}) == []


def test_prices_one_after_the_other() -> None:
    assert (
        list_contradictions(
            {"list_price": Decimal(1), **days(0, 9)},
            {"list_price": Decimal(2), **days(10, 19)},
            {"list_price": Decimal(3), **days(20, None)},
        )
        == []
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((0, 9), (9, 20)),
        ((0, None), (30, 40)),
        ((None, 9), (5, None)),
        ((None, None), (None, None)),
        ((0, 100), (50, 60)),
        ((5, 5), (5, 5)),
        ((9, 0), (9, 9)),
    ],
)
def test_prices_on_the_same_day(first: tuple[int, int], second: tuple[int, int]) -> None:
    pair = ({"list_price": Decimal("1.50"), **days(*first)}, {"list_price": Decimal(20), **days(*second)})
    assert list_contradictions(*pair) == [("validity", "list_price", [0, 1], [1, 0])]
    (contradiction,) = find_contradictions(rows(*pair))
    assert contradiction.keys.to_pylist() == ["c1", "c1"]
    assert contradiction.values.to_pylist() == ["1.5", "20"]
    assert contradiction.other_values.to_pylist() == ["20", "1.5"]
    assert list_contradictions(pair[1], pair[0] | {"currency": "USD"}) == []
    assert list_contradictions(pair[1], pair[0] | {"currency": None}) == []


def test_a_blank_is_a_value() -> None:
    (contradiction,) = find_contradictions(rows({"tax_code": None}, {"tax_code": "STD"}))
    assert (
        contradiction.field,
        contradiction.values.to_pylist(),
        contradiction.other_values.to_pylist(),
    ) == (
        "tax_code",
        [None, "STD"],
        ["STD", None],
    )


def test_every_field_that_differs_is_told() -> None:
    first = {
        name: "x"
        for name, kind in zip(CATALOG_SCHEMA.names, CATALOG_SCHEMA.types, strict=True)
        if kind == pa.string()
    }
    second = first | dict.fromkeys(first.keys() - {"product_rate_plan_charge_id", "currency"}, "y")
    contradictions = list_contradictions(
        {**first, "list_price": Decimal(1)}, {**second, "list_price": Decimal(2)}
    )
    assert {contradiction[1] for contradiction in contradictions} == set(CATALOG_SCHEMA.names) - {
        "product_rate_plan_charge_id",
        "currency",
        "effective_from",
        "effective_to",
    }


def test_overlaps_that_agree() -> None:
    assert (
        list_contradictions(
            {"list_price": Decimal(1), **days(0, 50)}, {"list_price": Decimal(1), **days(20, None)}
        )
        == []
    )


def test_only_the_rows_at_fault() -> None:
    assert list_contradictions(
        {"list_price": Decimal(1), **days(0, 9)},
        {"list_price": Decimal(2), **days(10, 30)},
        {"list_price": Decimal(3), **days(20, 40)},
        {"list_price": Decimal(4), **days(41, None)},
        {"product_rate_plan_charge_id": "c2", "list_price": Decimal(5)},
    ) == [("validity", "list_price", [1, 2], [2, 1])]


one_row = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from(["EUR", "USD", None]),
    st.none() | st.integers(0, 12),
    st.none() | st.integers(0, 12),
    st.integers(1, 3),
)


@settings(max_examples=300)
@given(st.lists(one_row, max_size=12))
def test_as_by_comparing_every_pair(drawn: list[tuple[str, str | None, int | None, int | None, int]]) -> None:
    def clash(first: Any, second: Any) -> bool:
        (a_start, a_end), (b_start, b_end) = (
            (-1 if row[2] is None else row[2], 99 if row[3] is None else row[3]) for row in (first, second)
        )
        a_end, b_end = max(a_start, a_end), max(b_start, b_end)
        return first[:2] == second[:2] and a_start <= b_end and b_start <= a_end and first[4] != second[4]

    expected = [n for n, row in enumerate(drawn) if any(clash(row, other_row) for other_row in drawn)]
    contradictions = find_contradictions(
        rows(
            *(
                {"product_rate_plan_charge_id": c, "currency": cur, "list_price": Decimal(p), **days(f, t)}
                for c, cur, f, t, p in drawn
            )
        )
    )
    assert [contradiction.rows.tolist() for contradiction in contradictions] == (
        [expected] if expected else []
    )
    for contradiction in contradictions:
        assert all(
            clash(drawn[a], drawn[b])
            for a, b in zip(contradiction.rows, contradiction.other_rows, strict=True)
        )


@pytest.mark.slow
def test_a_hundred_thousand_rows_of_one_charge() -> None:
    count = 100_000
    same = {name: pa.array([value] * count) for name, value in (("sku", "A"), ("charge_model", "Flat Fee"))}
    starts = np.arange(count, dtype=np.int32)
    table = cast_rows(
        pa.table(
            {
                **same,
                "product_rate_plan_charge_id": pa.array(["c1"] * count),
                "tax_code": pa.array([str(n % 1000) for n in range(count)]),
                "effective_from": pa.array(starts, pa.date32()),
                "effective_to": pa.array(starts + 1, pa.date32()),
            }
        )
    )
    begun = time.perf_counter()
    (contradiction,) = find_contradictions(table)
    assert len(contradiction) == count
    assert time.perf_counter() - begun < 20  # every pair would be 10,000,000,000
