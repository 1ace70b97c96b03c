"""Laws of batching: nothing lost, nothing split, limits held, order kept, never more requests than needed."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.desk import Desk

from pipeline.acceptance.batching import pack_in_fewest, pack_in_sheet_order
from pipeline.model.invoices import RequestLimits

ZUORA = RequestLimits(invoices=50, items=1000)
sizes_of = st.one_of(
    st.lists(st.integers(1, 1000), max_size=300),
    st.lists(st.integers(1, 40), max_size=300),
    st.lists(st.sampled_from([1, 2, 499, 500, 501, 999, 1000]), max_size=120),
    st.lists(st.just(1), max_size=200),
)
limits_of = st.one_of(
    st.just(ZUORA), st.builds(RequestLimits, invoices=st.integers(1, 10), items=st.integers(1000, 1500))
)


def _sizes(values: list[int]) -> np.ndarray:
    return np.array(values, np.int64)


def _least(sizes: np.ndarray, limits: RequestLimits) -> int:
    """No way of packing needs fewer requests."""
    return max(-(-len(sizes) // limits.invoices), -(-int(sizes.sum()) // limits.items))


def _plain(batches: list[np.ndarray]) -> list[list[int]]:
    return [batch.tolist() for batch in batches]


@pytest.mark.parametrize("pack", [pack_in_sheet_order, pack_in_fewest])
@given(sizes_of, limits_of)
@example([], ZUORA)
@example([1000, 1, 1000], ZUORA)
def test_nothing_is_lost_or_split_and_limits_hold(pack, values: list[int], limits: RequestLimits) -> None:
    sizes = _sizes(values)
    batches = _plain(pack(sizes, limits))
    assert sorted(position for batch in batches for position in batch) == list(range(len(sizes)))
    for batch in batches:
        assert 1 <= len(batch) <= limits.invoices
        assert sizes[batch].sum() <= limits.items
        assert batch == sorted(batch)
    assert [batch[0] for batch in batches] == sorted(batch[0] for batch in batches)


@given(sizes_of, limits_of)
def test_sheet_order_is_the_order_of_the_sheet_and_fills_each_request(
    values: list[int], limits: RequestLimits
) -> None:
    sizes = _sizes(values)
    batches = _plain(pack_in_sheet_order(sizes, limits))
    assert [position for batch in batches for position in batch] == list(range(len(sizes)))
    for batch, following in pairwise(batches):
        together = sizes[batch].sum() + sizes[following[0]]
        assert len(batch) == limits.invoices or together > limits.items


@given(sizes_of, limits_of)
def test_fewest_is_never_more_than_sheet_order_and_never_less_than_can_be(
    values: list[int], limits: RequestLimits
) -> None:
    sizes = _sizes(values)
    fewest = len(pack_in_fewest(sizes, limits))
    assert _least(sizes, limits) <= fewest <= len(pack_in_sheet_order(sizes, limits))


@pytest.mark.parametrize("pack", [pack_in_sheet_order, pack_in_fewest])
@given(sizes_of)
def test_the_same_sizes_give_the_same_batches(pack, values: list[int]) -> None:
    assert _plain(pack(_sizes(values), ZUORA)) == _plain(pack(_sizes(values), ZUORA))


def test_fewest_finds_what_the_order_of_the_sheet_cannot() -> None:
    sizes = _sizes([600, 600, 400, 400])
    assert (len(pack_in_sheet_order(sizes, ZUORA)), len(pack_in_fewest(sizes, ZUORA))) == (3, 2)


def test_50_small_invoices_fill_a_request() -> None:
    assert [len(batch) for batch in pack_in_sheet_order(_sizes([1] * 101), ZUORA)] == [50, 50, 1]


@pytest.mark.parametrize("order", ["sheet", "fewest"])
def test_requests_hold_whole_invoices_each_with_its_own_items(desk: Desk, order: str) -> None:
    rng = np.random.default_rng(7)
    sizes = {f"R{n}": int(size) for n, size in enumerate(rng.integers(1, 60, 120))}
    items = [desk.item(ref, description=ref) for ref, size in sizes.items() for _ in range(size)]
    rng.shuffle(items)
    result = desk.check([desk.invoice(ref, comments=ref) for ref in sizes], items, batch_order=order)
    bodies = desk.payloads(result)
    assert result.summary["requests"] == len(bodies)
    sent = [invoice for body in bodies for invoice in body["invoices"]]
    assert sorted(invoice["comments"] for invoice in sent) == sorted(sizes)
    for invoice in sent:
        texts = [item["description"] for item in invoice["invoiceItems"]]
        assert texts == [invoice["comments"]] * sizes[invoice["comments"]]
    for body in bodies:
        assert len(body["invoices"]) <= 50
        assert sum(len(invoice["invoiceItems"]) for invoice in body["invoices"]) <= 1000
    if order == "sheet":
        assert [invoice["comments"] for invoice in sent] == list(sizes)


def test_items_keep_the_order_of_the_sheet_within_their_invoice(desk: Desk) -> None:
    items = [desk.item(ref, description=str(n)) for n, ref in enumerate(["R2", "R1", "R2", "R1", "R2"])]
    result = desk.check([desk.invoice("R1"), desk.invoice("R2")], items)
    descriptions = [
        [item["description"] for item in invoice["invoiceItems"]] for invoice in desk.sent(result)
    ]
    assert descriptions == [["1", "3"], ["0", "2", "4"]]


def test_on_the_shop_fewest_comes_close_to_what_can_be(online_retail: Path) -> None:
    with gzip.open(online_retail / "invoices.csv.gz") as file:
        invoices = pd.read_csv(file, dtype=str, keep_default_na=False)
    with gzip.open(online_retail / "items.csv.gz") as file:
        items = pd.read_csv(file, dtype=str, keep_default_na=False, usecols=["invoice_ref", "amount"])
    pence = items["amount"].str.replace(".", "", regex=False).astype("int64")
    assert items["amount"].str.fullmatch(r"-?\d+\.\d\d").all()
    sums = pence.groupby(items["invoice_ref"]).agg(["sum", "size"]).reindex(invoices["invoice_ref"])
    good = (invoices["account_number"] != "").to_numpy() & (sums["sum"] >= 0).to_numpy()
    sizes = sums["size"].to_numpy(np.int64)[good]
    assert (len(sizes), int(sizes.sum()), _least(sizes, ZUORA)) == (18_536, 397_924, 398)
    assert len(pack_in_sheet_order(sizes, ZUORA)) == 426
    assert len(pack_in_fewest(sizes, ZUORA)) <= 402
