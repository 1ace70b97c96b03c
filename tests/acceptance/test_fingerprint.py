"""The fingerprint of an invoice: the same for the same content however written, another for any other."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.desk import Desk

import pipeline
from pipeline.acceptance import fingerprint

INVOICE = {"due_date": "2026-12-30", "comments": "Thank you", "auto_pay": "yes", "status": "Draft"}
ITEM = {"description": "Support", "quantity": "1", "unit_price": "10", "tax_mode": "TaxExclusive"}


def _prints(desk: Desk, invoices: list[Any], items: list[Any], **flags: Any) -> list[str]:
    valid = desk.valid(invoices, items, **flags)
    return list(fingerprint.compute_fingerprints(valid, np.arange(len(valid.invoices))))


def _one(desk: Desk, invoice: dict[str, Any], *items: dict[str, Any], **flags: Any) -> str:
    (digest,) = _prints(
        desk, [desk.invoice(**invoice)], [desk.item(**item_cells) for item_cells in items], **flags
    )
    return digest


def test_it_is_a_sha256(desk: Desk) -> None:
    assert len(bytes.fromhex(_one(desk, INVOICE, ITEM))) == 32


@pytest.mark.slow
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(6)), st.permutations(["R1", "R2"]))
def test_the_order_of_rows_does_not_matter(desk: Desk, order: list[int], refs: list[str]) -> None:
    items = [desk.item(f"R{1 + n % 2}", description=str(n // 4)) for n in range(6)]
    invoices = {ref: desk.invoice(ref, comments=ref) for ref in ("R1", "R2")}
    plain = dict(zip(("R1", "R2"), _prints(desk, list(invoices.values()), items), strict=True))
    mixed = _prints(desk, [invoices[ref] for ref in refs], [items[n] for n in order])
    assert dict(zip(refs, mixed, strict=True)) == plain


def test_the_order_of_columns_and_blank_columns_do_not_matter(desk: Desk) -> None:
    backwards = {"comments": "", **dict(reversed(desk.invoice(**INVOICE).items()))}
    (mixed,) = _prints(desk, [backwards], [dict(reversed(desk.item(**ITEM, uom="").items()))])
    assert mixed == _one(desk, INVOICE, ITEM)


@pytest.mark.parametrize(
    ("invoice", "item"),
    [
        ({}, {"amount": "10"}),
        ({}, {"amount": "10.0000"}),
        ({}, {"amount": "0010.00"}),
        ({}, {"amount": ""}),  # it is computed: the same is billed
        ({}, {"quantity": "1.0"}),
        ({}, {"description": "  Support "}),
        ({}, {"tax_mode": "taxexclusive"}),
        ({}, {"item_no": "7"}),
        ({"auto_pay": "TRUE"}, {}),
        ({"status": "DRAFT"}, {}),
        ({"invoice_ref": "another"}, {"invoice_ref": "another"}),
    ],
)
def test_another_way_of_writing_is_the_same_content(
    desk: Desk, invoice: dict[str, str], item: dict[str, str]
) -> None:
    written = desk.invoice(**INVOICE) | invoice, desk.item(**ITEM) | item
    (digest,) = _prints(desk, [written[0]], [written[1]])
    assert digest == _one(desk, INVOICE, ITEM)


def test_cells_of_a_workbook_say_the_same_as_text(desk: Desk) -> None:
    invoice = desk.invoice(**INVOICE, invoice_date=date(2026, 11, 30)) | {
        "due_date": date(2026, 12, 30),
        "auto_pay": True,
    }
    item = desk.item(**ITEM, service_start_date=date(2026, 11, 1)) | {
        "amount": 10.0,
        "quantity": 1,
        "unit_price": 10,
    }
    valid = desk.check_book([invoice], [item]).assessment.sheets.valid
    assert list(fingerprint.compute_fingerprints(valid, np.arange(1))) == [_one(desk, INVOICE, ITEM)]


def test_a_declared_date_format_says_the_same_as_iso(desk: Desk) -> None:
    slashed = _one(desk, INVOICE | {"due_date": "30/12/2026"}, ITEM, date_format="dd/mm/yyyy")
    assert slashed == _one(desk, INVOICE, ITEM)


@pytest.mark.parametrize(
    ("invoice", "item"),
    [
        ({"account_number": "A2"}, {}),
        ({"account_number": "", "account_id": "A1"}, {}),
        ({"invoice_date": "2026-11-29"}, {}),
        ({"due_date": ""}, {}),
        ({"currency": "USD"}, {}),
        ({"comments": "thank you"}, {}),
        ({"auto_pay": "no"}, {}),
        ({"status": "Posted"}, {}),
        ({"invoice_number": "N1"}, {}),
        ({}, {"amount": "10.01"}),
        ({}, {"quantity": "2", "unit_price": "5"}),
        ({}, {"quantity": ""}),
        ({}, {"description": ""}),
        ({}, {"service_start_date": "2026-11-02"}),
        ({}, {"service_end_date": "2026-11-30"}),
        ({}, {"catalog_sku": "SUP"}),
        ({}, {"charge_name": "day"}),
        ({}, {"amount": "ten"}),
        ({"due_date": "soon"}, {}),
    ],
)
def test_any_other_value_is_other_content(desk: Desk, invoice: dict[str, str], item: dict[str, str]) -> None:
    written = desk.invoice(**INVOICE) | invoice, desk.item(**ITEM) | item
    (digest,) = _prints(desk, [written[0]], [written[1]])
    assert digest != _one(desk, INVOICE, ITEM)


def test_items_are_a_multiset(desk: Desk) -> None:
    once, twice = _one(desk, {}, {}), _one(desk, {}, {}, {})
    assert once != twice
    assert _one(desk, {}, {}, {"description": "a"}, {}) != _one(
        desk, {}, {}, {"description": "a"}, {"description": "a"}
    )


def test_a_value_moved_to_another_column_or_item_is_other_content(desk: Desk) -> None:
    assert _one(desk, {}, {"description": "x"}) != _one(desk, {}, {"uom": "x"})
    here = _one(desk, {}, {"amount": "1", "description": "x"}, {"amount": "2"})
    there = _one(desk, {}, {"amount": "1"}, {"amount": "2", "description": "x"})
    assert here != there


def test_the_default_currency_is_part_of_the_content(desk: Desk) -> None:
    blank = desk.invoice(currency=""), desk.item()
    euro, dollar = (
        _prints(desk, [blank[0]], [blank[1]], default_currency=currency)[0] for currency in ("EUR", "USD")
    )
    assert euro != dollar
    assert euro == _one(desk, {}, {})


def test_what_the_catalog_fills_is_not_part_of_the_content(desk: Desk) -> None:
    invoice, item = desk.invoice(), desk.sku("SUP")
    before = _prints(desk, [invoice], [item])
    desk.catalog(desk.charge("SUP", "c1", charge_name="Support", tax_code="STD"))
    assert _prints(desk, [invoice], [item]) == before


def test_the_same_content_is_skipped_and_other_content_is_a_conflict(desk: Desk) -> None:
    first = desk.run([desk.invoice("R1"), desk.invoice("R2")], [desk.item("R1"), desk.item("R2")])
    assert first.exit_code == 0
    again = desk.check(
        [desk.invoice("R2"), desk.invoice("R1")], [desk.item("R1", amount="10"), desk.item("R2", amount="11")]
    )
    assert list(again.invoices["state"]) == ["rejected", "skipped"]
    assert desk.codes(again) == ["E501"]
    assert first.summary["run_id"] in again.issues["message"][0]
    same = pipeline.check(*desk.pair([desk.invoice("R1")], [desk.item("R1")]), workspace=desk.workspace)
    assert (same.verdict, same.exit_code) == ("duplicate", 9)


def test_a_row_with_nothing_but_its_reference_shifts_no_other(desk: Desk) -> None:
    bare = dict.fromkeys(desk.item(), "") | {"invoice_ref": "R1"}
    invoices = [desk.invoice("R1"), desk.invoice("R2"), desk.invoice("R3")]
    good = [desk.item("R2", description="two"), desk.item("R3", description="three")]
    assert _prints(desk, invoices, [bare, *good])[1:] == _prints(desk, invoices[1:], good)
    nothing = dict.fromkeys(desk.invoice(), "") | {"invoice_ref": "R1"}
    assert _prints(desk, [nothing, *invoices[1:]], good)[1:] == _prints(desk, invoices[1:], good)
