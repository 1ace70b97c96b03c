"""Groups of batches: every batch once and in order; accepted positions are no rows of a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.desk import Desk

from pipeline.model.indices import AcceptedIndex
from pipeline.model.invoices import Batch, Batches

SIZES = {"R1": 1, "R2": 3, "R3": 1, "R4": 2}


def batches(desk: Desk) -> Batches:
    """Four invoices of which the first is rejected; the others in two batches."""
    invoices = [desk.invoice(ref, invoice_date="" if ref == "R1" else "2026-01-31") for ref in SIZES]
    items = [desk.item(ref) for ref, size in SIZES.items() for _ in range(size)]
    accepted = desk.check(invoices, items).assessment.batches.invoices
    indices = ([0, 1], [2])
    return Batches(accepted, tuple(Batch(AcceptedIndex(np.array(index))) for index in indices))


@pytest.mark.parametrize(("min_items", "sizes"), [(1, [1, 1]), (4, [1, 1]), (5, [2]), (1000, [2])])
def test_a_group_ends_with_the_batch_that_fills_it(desk: Desk, min_items: int, sizes: list[int]) -> None:
    assert [len(group.batches) for group in batches(desk).iter_groups(min_items)] == sizes


def test_a_group_has_the_rows_of_its_own_invoices_and_items(desk: Desk) -> None:
    first, second = batches(desk).iter_groups(1)
    assert first.invoice_rows.tolist() == [1, 2], "rows of the sheet, where the rejected invoice is row 0"
    assert (first.item_rows.tolist(), first.item_offsets.tolist()) == ([1, 2, 3, 4], [0, 3, 4])
    assert (second.invoice_rows.tolist(), second.item_rows.tolist()) == ([3], [5, 6])
    (group,) = batches(desk).iter_groups(1000)
    assert (group.invoice_offsets.tolist(), group.item_offsets.tolist()) == ([0, 2, 3], [0, 3, 4, 6])


def test_no_batches_give_no_group(desk: Desk) -> None:
    assert list(Batches(batches(desk).invoices, ()).iter_groups(1)) == []


def test_accepted_positions_cannot_be_taken_for_rows_of_a_frame(desk: Desk) -> None:
    whole = batches(desk)
    assert list(whole.index) == [0, 1, 2]
    assert whole.invoices.get_rows(whole.index).tolist() == [1, 2, 3]
    rows: Any = whole.invoices.invoice_rows
    with pytest.raises(IndexError):
        rows[whole.index]
