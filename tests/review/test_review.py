"""A second look: what an experienced controller would ask, and what they would not be bothered with."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import Desk

import pipeline
from pipeline.report.sentences import list_alerts
from pipeline.result import Result
from pipeline.review.overlapping_periods import _find_overlaps, _find_overlaps_within, _Periods


def told(result: Result, code: str) -> list[str]:
    frame = result.issues
    return [str(message) for message in frame["message"][frame["code"] == code]]


def seconds(result: Result) -> list[str]:
    """The codes of the second look."""
    return sorted(code for code in result.issues["code"] if code[1] == "8")


def bill(desk: Desk, ref: str, amount: str = "10.00", date: str = "2026-11-30", **cells: Any) -> Result:
    return desk.run([desk.invoice(ref, invoice_date=date, **cells)], [desk.item(ref, amount=amount)])


def test_a_first_run_is_asked_nothing(desk: Desk) -> None:
    result = desk.run(
        [desk.invoice("R1"), desk.invoice("R2", account_number="A2")], [desk.item(), desk.item("R2")]
    )
    assert seconds(result) == []
    assert result.summary["plan"]["new_accounts"] == {"count": 2, "first": ["A1", "A2"]}


@pytest.mark.parametrize(
    ("amount", "date", "account", "twin"),
    [
        ("10.00", "2026-12-05", "A1", True),
        ("10.00", "2026-11-25", "A1", True),
        ("10.00", "2026-12-06", "A1", False),
        ("10.01", "2026-11-30", "A1", False),
        ("10.00", "2026-11-30", "A2", False),
    ],
)
def test_a_twin_of_an_invoice_in_the_ledger(
    desk: Desk, amount: str, date: str, account: str, twin: bool
) -> None:
    first = bill(desk, "R1")
    second = bill(desk, "R2", amount, date, account_number=account)
    assert second.verdict == "accepted"
    run = first.summary["run_id"]
    assert told(second, "W801") == [
        'The invoice "R2" has the account, currency, amount (10.00 EUR) and nearly the date of R1 of'
        f" 2026-11-30, prepared by run {run}."
    ] * twin  # fmt: skip


def test_a_twin_is_found_by_its_total_with_discounts(desk: Desk) -> None:
    def sheets(ref: str) -> list[Path]:
        off = {"invoice_ref": ref, "item_no": "1", "discount_amount": "-2.50", "discount_name": "Loyalty"}
        item = desk.item(ref, item_no="1", amount="12.50")
        return desk.tree(invoices=[desk.invoice(ref)], items=[item], discounts=[off])

    pipeline.run(*sheets("R1"), workspace=desk.workspace)
    bare = told(desk.check([desk.invoice("R2")], [desk.item("R2", amount="10.00")]), "W801")
    same = told(pipeline.check(*sheets("R3"), workspace=desk.workspace), "W801")
    assert [len(bare), len(same)] == [1, 1]


def test_a_withdrawn_or_rejected_invoice_has_no_twin(desk: Desk) -> None:
    from pipeline.flow import discard

    discard(bill(desk, "R1").summary["run_id"], workspace=desk.workspace)
    bill(desk, "R2", "x")
    assert seconds(bill(desk, "R3")) == []


def test_twins_in_one_file_are_told_once(desk: Desk) -> None:
    refs = ["R1", "R2", "R3"]
    result = desk.check(map(desk.invoice, refs), map(desk.item, refs))
    assert [message.split('"')[1] for message in told(result, "W801")] == ["R2", "R3"]
    assert all(message.endswith(", in this file.") for message in told(result, "W801"))
    assert not told(desk.check(map(desk.invoice, refs), map(desk.item, refs), near_duplicate_days=0), "W801")


def test_invoices_over_nothing_are_no_twins(desk: Desk) -> None:
    refs = ["R1", "R2"]
    assert not seconds(desk.check(map(desk.invoice, refs), [desk.item(ref, amount="0") for ref in refs]))


@pytest.mark.slow
def test_an_amount_far_from_usual_is_told_when_there_is_a_usual(desk: Desk) -> None:
    past = ["90.00", "100.00", "100.00", "110.00", "5000.00"]  # one odd invoice bends nothing
    for month, amount in enumerate(past[:-1], 1):
        bill(desk, f"P{month}", amount, f"2026-0{month}-15")
    assert not told(bill(desk, "early", "9999.00", "2025-01-01"), "W802")
    for amount, far in (
        ("501.00", True),
        ("500.00", False),
        ("19.99", True),
        ("20.00", False),
        ("100.00", False),
    ):
        result = desk.check([desk.invoice("new")], [desk.item("new", amount=amount)])
        assert bool(told(result, "W802")) is far, amount
    message = told(desk.check([desk.invoice("new")], [desk.item("new", amount="700")]), "W802")
    assert message == [
        'The invoice "new" comes to 700.00 EUR; the middle one of 5 earlier invoices of this account is '
        "100.00 EUR."
    ]
    off = desk.check([desk.invoice("new")], [desk.item("new", amount="700")], unusual_factor=0)
    assert not told(off, "W802")


@pytest.mark.slow
def test_an_account_with_wide_swings_is_not_told_for_each(desk: Desk) -> None:
    for month, amount in enumerate(("1.00", "10.00", "100.00", "1000.00", "10000.00"), 1):
        bill(desk, f"P{month}", amount, f"2026-0{month}-15")
    assert not told(desk.check([desk.invoice("new")], [desk.item("new", amount="550")]), "W802")


def period(desk: Desk, ref: str, first: str, last: str | None, **cells: Any) -> dict[str, Any]:
    return desk.item(
        ref, service_start_date=first, service_end_date=last, amount=str(1000 + hash(ref) % 97), **cells
    )


@pytest.mark.parametrize(
    ("first", "last", "cells", "overlaps"),
    [
        ("2026-11-30", "2026-12-15", {}, True),
        ("2026-10-01", "2026-11-01", {}, True),
        ("2026-11-10", "2026-11-10", {}, True),
        ("2026-10-01", "2026-12-31", {}, True),
        ("2026-12-01", "2026-12-31", {}, False),
        ("2026-10-01", "2026-10-31", {}, False),
        ("2026-11-10", "2026-11-10", {"charge_name": "Other"}, False),
        ("2026-11-10", None, {}, False),
    ],
)
def test_a_period_that_the_ledger_bills(
    desk: Desk, first: str, last: str | None, cells: dict[str, str], overlaps: bool
) -> None:
    desk.run([desk.invoice("R1")], [period(desk, "R1", "2026-11-01", "2026-11-30")])
    result = desk.run([desk.invoice("R2")], [period(desk, "R2", first, last, **cells)])
    assert bool(told(result, "W803")) is overlaps
    assert all("product on R1, prepared by run" in message for message in told(result, "W803"))


def test_a_product_is_one_whatever_the_currency_of_its_price(desk: Desk) -> None:
    prices = [desk.charge("SUP", "c1", currency=currency) for currency in ("EUR", "USD")]
    desk.catalog(*prices)
    items = [period(desk, ref, "2026-11-01", "2026-11-30", catalog_sku="SUP") for ref in ("R1", "R2")]
    result = desk.check([desk.invoice("R1"), desk.invoice("R2", currency="USD")], items)
    assert len(told(result, "W803")) == 1


def test_a_period_of_another_account_or_the_same_invoice_is_no_question(desk: Desk) -> None:
    once = period(desk, "R1", "2026-11-01", "2026-11-30")
    second = period(desk, "R2", "2026-11-01", "2026-11-30")
    result = desk.check([desk.invoice("R1"), desk.invoice("R2", account_number="A2")], [once, once, second])
    assert not told(result, "W803")
    assert told(desk.check([desk.invoice("R1"), desk.invoice("R2")], [once, second]), "W803")


@st.composite
def spans(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    span = st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(0, 9), st.integers(0, 3))
    return [
        (key, first, first + days, invoice) for key, first, days, invoice in draw(st.lists(span, max_size=25))
    ]


def columns(rows: Sequence[tuple[int, int, int, int]]) -> _Periods:
    return _Periods(*(np.array([row[at] for row in rows], np.int64) for at in range(4)))


def meet(left: tuple[int, ...], right: tuple[int, ...]) -> bool:
    return left[0] == right[0] and left[1] <= right[2] and right[1] <= left[2]


@given(spans(), spans())
def test_every_overlap_with_the_ledger_is_found_and_no_other(
    old: list[tuple[int, int, int, int]], new: list[tuple[int, int, int, int]]
) -> None:
    for mine, place in zip(new, _find_overlaps(columns(old), columns(new)), strict=True):
        assert (place >= 0) == any(meet(mine, span) for span in old)
        assert place < 0 or meet(mine, old[place])


@given(spans())
def test_of_two_invoices_that_bill_the_same_days_one_is_told(rows: list[tuple[int, int, int, int]]) -> None:
    overlaps = _find_overlaps_within(columns(rows))
    for mine, place in zip(rows, overlaps, strict=True):
        assert place < 0 or (meet(mine, rows[place]) and mine[3] != rows[place][3])
    flagged = {(rows[at][0], rows[at][3]) for at in np.flatnonzero(overlaps >= 0)}
    for first, second in combinations(rows, 2):
        if meet(first, second) and first[3] != second[3]:
            assert {(first[0], first[3]), (second[0], second[3])} & flagged


def test_a_closed_period_warns_or_refuses(desk: Desk) -> None:
    rows = [desk.invoice("R1", invoice_date="2026-10-31"), desk.invoice("R2", invoice_date="2026-11-01")]
    items = [desk.item("R1"), desk.item("R2", amount="11")]
    assert seconds(desk.check(rows, items)) == []
    warned = desk.check(rows, items, closed_through="2026-10-31")
    assert (warned.verdict, seconds(warned)) == ("accepted", ["W804"])
    assert told(warned, "W804") == ['invoice_date is "2026-10-31"; the books are closed through 2026-10-31.']
    refused = desk.check(rows, items, closed_through="2026-10-31", closed_period="error")
    assert (refused.verdict, seconds(refused)) == ("partial", ["E804"])


def test_a_price_away_from_the_catalogs_is_told_once_a_charge(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"), desk.charge("TRN", "c2", list_price="100"))
    items = [
        desk.sku("SUP", quantity="1", unit_price=price, amount=None)
        for price in ("450", "495.01", "300", "495")
    ]
    items += [desk.sku("TRN", quantity="1", unit_price="50", amount=None)]
    result = desk.check([desk.invoice()], items)
    assert told(result, "W805") == [
        'unit_price is "495.01", but the catalog\'s price of SUP is 450.',
        'unit_price is "50", but the catalog\'s price of TRN is 100.',
    ]
    assert result.summary["warnings"]["W805"] == 3
    assert not told(desk.check([desk.invoice()], items, price_tolerance="50"), "W805")
    assert not told(desk.check([desk.invoice(currency="USD")], items), "W805")  # no price in that currency


def test_money_that_is_taken_at_once_is_said(desk: Desk) -> None:
    ways = (("Posted", "yes"), ("Posted", "no"), ("Draft", "yes"), ("Posted", "yes"))
    rows = [
        desk.invoice(f"R{n}", status=status, auto_pay=pay, account_number=f"A{n}")
        for n, (status, pay) in enumerate(ways)
    ]
    result = desk.check(rows, [desk.item(f"R{n}") for n in range(4)])
    assert seconds(result) == ["W806"]
    assert result.summary["warnings"]["W806"] == 2
    assert list(list_alerts(result.summary)) == [
        "Attention: 2 invoices are posted with auto pay: money will be taken from the customers."
    ]


def test_accounts_of_few_invoices_have_no_usual_amount(desk: Desk) -> None:
    rows = [desk.invoice(f"R{n}", account_number=f"A{n}") for n in range(9)]
    desk.run(rows, [desk.item(f"R{n}") for n in range(9)])
    later = [row | {"invoice_ref": f"S{n}", "invoice_date": "2027-06-30"} for n, row in enumerate(rows)]
    assert seconds(desk.check(later, [desk.item(f"S{n}", amount="90000.00") for n in range(9)])) == []


def test_a_rounding_that_is_tolerated_is_told(desk: Desk) -> None:
    item = desk.item(quantity="3", unit_price="3.33", amount="10.00")
    assert told(desk.check([desk.invoice()], [item], amount_tolerance="0.01"), "W807") == [
        'amount is "10.00", quantity times unit price is 9.99; the difference is within the tolerance.'
    ]
    assert not seconds(desk.check([desk.invoice()], [desk.item()], amount_tolerance="0.01"))


def test_what_was_rejected_and_comes_back_unchanged_is_told(desk: Desk) -> None:
    wrong = [desk.item("R1", amount="x")]
    assert not told(desk.run([desk.invoice()], wrong), "W808")
    assert told(desk.run([desk.invoice()], wrong), "W808") == [
        'The invoice "R1" was rejected before and says exactly the same again, and is rejected again.'
    ]
    assert not told(desk.run([desk.invoice()], [desk.item("R1", amount="1")]), "W808")


def test_what_was_rejected_for_its_catalog_may_be_accepted_unchanged(desk: Desk) -> None:
    rows = [desk.invoice()], [desk.sku("SUP", quantity="1", unit_price="450", amount=None)]
    assert desk.run(*rows).verdict == "rejected"
    desk.catalog(desk.charge("SUP", "c1"))
    again = desk.run(*rows)
    assert again.verdict == "accepted"
    assert told(again, "W808")[0].endswith(", and is accepted this time.")


def test_the_order_of_the_rows_changes_no_answer(desk: Desk) -> None:
    rng = random.Random(7)  # noqa: S311 - repeatable, not secret
    invoices = [desk.invoice(f"R{n}", account_number=f"A{n % 3}") for n in range(12)]
    items = [period(desk, f"R{n}", "2026-11-01", "2026-11-30") | {"amount": str(n // 3)} for n in range(12)]
    before = desk.check(invoices, items)
    rng.shuffle(items)
    assert seconds(desk.check(invoices, items)) == seconds(before) != []
