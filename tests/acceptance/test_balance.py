"""The balance: what came in is accepted, rejected or skipped, to the row and to the cent."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import numpy as np
import pytest
from support.desk import Desk

from pipeline.acceptance.assessment import Assessment
from pipeline.acceptance.balance import Balance, Share, compute_balance
from pipeline.model.indices import AcceptedIndex
from pipeline.model.invoices import Batch, Batches
from schemas.arrow.frames import arrow_column


def _line(desk: Desk) -> Assessment:
    invoices = [desk.invoice(f"R{n}", currency=("EUR", "JPY")[n % 2]) for n in range(6)]
    items = [desk.item(f"R{n}", amount=str(n + 1)) for n in range(6)] + [desk.item("R5", amount="ten")]
    return desk.check(invoices, items).assessment


def _tampered(line: Assessment, batches: list[list[int]]) -> Assessment:
    """The line with other batches, its books drawn up again."""
    changed = Batches(
        line.batches.invoices,
        tuple(Batch(AcceptedIndex(np.array(positions, np.int64))) for positions in batches),
    )
    amounts = arrow_column(line.sheets.items["effective_amount"])
    books = compute_balance(line.sheets.valid, amounts, changed, line.rejected, line.skipped)
    return dataclasses.replace(line, batches=changed, balance=books)


def test_the_identity_holds(desk: Desk) -> None:
    line = _line(desk)
    books = line.balance
    assert (books.differences, line.verdict) == ([], "partial")
    assert books.came_in == Share(6, 7, {"EUR": Decimal(9), "JPY": Decimal(12)}, 1)
    assert books.accepted == Share(5, 5, {"EUR": Decimal(9), "JPY": Decimal(6)}, 0)
    assert books.rejected == Share(1, 2, {"JPY": Decimal(6)}, 1)
    assert books.skipped == Share(0, 0, {}, 0)


def test_untouched_batches_balance_again(desk: Desk) -> None:
    assert _tampered(_line(desk), [[0, 1, 2, 3, 4]]).balance.differences == []


@pytest.mark.parametrize(
    ("batches", "differences"),
    [
        ([[0, 1, 2, 3]], ["invoices: 6 came in, 5 accounted for", "items: 7 came in, 6", "EUR: 9.0"]),
        ([[0, 1, 2, 3, 4, 4]], ["invoices: 6 came in, 7 accounted for", "items: 7 came in, 8", "EUR: 9.0"]),
        (
            [[0, 1], [1, 2, 3, 4]],
            ["invoices: 6 came in, 7 accounted for", "items: 7 came in, 8", "JPY: 12.0"],
        ),
        ([[0, 1, 2, 3, 3]], ["EUR: 9.0", "JPY: 12.0"]),
        ([], ["invoices: 6 came in, 1 accounted for", "items: 7 came in, 2", "EUR: 9.0", "JPY: 12.0"]),
    ],
    ids=["dropped", "doubled", "in two requests", "one instead of another", "all dropped"],
)
def test_batches_that_were_tampered_with_do_not_balance(
    desk: Desk, batches: list[list[int]], differences: list[str]
) -> None:
    line = _tampered(_line(desk), batches)
    assert line.verdict == "unbalanced"
    for sentence, start in zip(line.balance.differences, differences, strict=True):
        assert sentence.startswith(start)


def test_a_cent_in_the_wrong_currency_does_not_balance() -> None:
    came_in = Share(1, 1, {"EUR": Decimal("1.00")}, 0)
    nothing = Share(0, 0, {}, 0)
    sentences = Balance(came_in, Share(1, 1, {"USD": Decimal("1.00")}, 0), nothing, nothing).differences
    assert sentences == ["EUR: 1.00 came in, 0 accounted for", "USD: 0 came in, 1.00 accounted for"]


def test_skipped_invoices_are_in_the_books(desk: Desk) -> None:
    desk.run([desk.invoice("R1")], [desk.item("R1")])
    result = desk.check(
        [desk.invoice("R1"), desk.invoice("R2")], [desk.item("R1"), desk.item("R2", amount="5.00")]
    )
    assert result.summary["money"]["EUR"] == {
        "in": "15.00", "accepted": "5.00", "rejected": "0.00", "skipped": "10.00",
    }  # fmt: skip
    assert result.summary["invoices"] == {"in": 2, "accepted": 1, "rejected": 0, "skipped": 1}


def test_money_is_told_by_currency_the_unknown_last(desk: Desk) -> None:
    invoices = [desk.invoice("R1", currency="USD"), desk.invoice("R2"), desk.invoice("R3", currency="AAA")]
    result = desk.check(invoices, [desk.item(ref) for ref in ("R1", "R2", "R3")])
    assert list(result.summary["money"]) == ["EUR", "USD", "XXX"]
