"""Child tables: taxes, discounts, rates and contacts of items and invoices, from sheet to payload."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.command_line import DATA, invoice_import
from support.desk import Desk, Row

import pipeline
from pipeline.result import Result

Sheets = dict[str, list[dict[str, Any]]]


def discount(ref: str = "R1", item_no: str = "1", amount: str = "-1.00", **cells: Any) -> dict[str, Any]:
    sound = {"invoice_ref": ref, "item_no": item_no, "discount_amount": amount, "discount_name": "Loyalty"}
    return sound | cells


def tax(ref: str = "R1", item_no: str = "1", amount: str = "1.90", **cells: Any) -> dict[str, Any]:
    sound = {
        "invoice_ref": ref, "item_no": item_no, "tax_name": "VAT", "tax_amount": amount, "tax_rate": "0.19",
        "tax_rate_type": "percentage", "tax_date": "2026-11-30", "tax_code": "S", "tax_mode": "taxexclusive",
    }  # fmt: skip
    return sound | cells


def rate(ref: str = "R1", currency: str = "USD", **cells: Any) -> dict[str, Any]:
    return {"invoice_ref": ref, "rate_currency": currency, "fx_rate": "1.0845"} | cells


def contact(ref: str = "R1", role: str = "Bill-to", **cells: Any) -> dict[str, Any]:
    return {"invoice_ref": ref, "contact_role": role, "first_name": "Ada", "last_name": "Byron"} | cells


def tree(desk: Desk, **hanging: Iterable[Row]) -> Any:
    """Two invoices, the first with two items, and what hangs on them."""
    items = [desk.item(item_no="1"), desk.item(item_no="2"), desk.item("R2", item_no="1")]
    return {"invoices": [desk.invoice("R1"), desk.invoice("R2")], "items": items, **hanging}


def list_issues(result: Result) -> list[tuple[str, str, str, str]]:
    frame = result.issues
    sheets = [name.partition("-")[0] for name in frame["sheet"]]
    return list(zip(frame["code"], sheets, frame["cell"], frame["invoice_ref"], strict=True))


def test_each_row_stands_in_the_payload_where_it_hangs(desk: Desk) -> None:
    sheets = tree(
        desk,
        discounts=[
            discount(amount="-2.00", discount_no="a", description="first"),
            discount("R2", amount="-3.00"),
        ],
        taxes=[tax(item_no="2"), tax(amount="-0.38", discount_no="a", jurisdiction="Germany")],
        rates=[rate(rate_date="2026-11-30"), rate(currency="GBP")],
        contacts=[contact("R2", "ship-to", city="London", postal_code="N1")],
    )
    result = desk.check_tree(sheets)
    assert (result.verdict, list_issues(result)) == ("accepted", [])
    first, second = desk.sent(result)
    vat = {
        "name": "VAT", "taxAmount": Decimal("1.9"), "taxRate": Decimal("0.19"), "taxRateType": "Percentage",
        "taxDate": "2026-11-30", "taxCode": "S", "taxMode": "TaxExclusive",
    }  # fmt: skip
    assert first["customRates"] == [
        {"currency": "USD", "customFxRate": Decimal("1.0845"), "rateDate": "2026-11-30"},
        {"currency": "GBP", "customFxRate": Decimal("1.0845")},
    ]
    assert first["invoiceItems"][0]["discountItems"] == [
        {
            "amount": Decimal(-2), "chargeName": "Loyalty", "description": "first",
            "taxItems": [vat | {"taxAmount": Decimal("-0.38"), "jurisdiction": "Germany"}],
        }
    ]  # fmt: skip
    assert "taxItems" not in first["invoiceItems"][0]
    assert first["invoiceItems"][1]["taxItems"] == [vat]
    assert "discountItems" not in first["invoiceItems"][1]
    assert second["invoiceItems"][0]["discountItems"] == [{"amount": Decimal(-3), "chargeName": "Loyalty"}]
    assert second["shipToContact"] == {
        "firstName": "Ada", "lastName": "Byron", "city": "London", "zipCode": "N1",
    }  # fmt: skip
    assert {"billToContact", "customRates"} & set(second) == set()


def test_discounts_reduce_the_total_and_taxes_are_told_beside_it(desk: Desk) -> None:
    sheets = tree(desk, discounts=[discount(amount="-2.50")], taxes=[tax(), tax("R2", amount="1.00")])
    result = desk.check_tree(sheets)
    assert result.summary["money"] == {
        "EUR": {"in": "27.50", "accepted": "27.50", "rejected": "0.00", "skipped": "0.00"}
    }
    assert result.summary["sheets"]["taxes"]["on_top"]["EUR"]["accepted"] == "2.90"
    assert list(result.invoices["amount"]) == [Decimal("17.5"), Decimal(10)]
    assert result.items["discounts"].iloc[0] == "-2.50"
    assert result.items["taxes"].iloc[2] == "1.00"


def test_an_invoice_whose_discounts_are_more_than_its_items_is_refused(desk: Desk) -> None:
    result = desk.check_tree(tree(desk, discounts=[discount("R2", amount="-10.01")]))
    assert list_issues(result) == [("E311", "invoices", "", "R2")]
    assert "-0.01" in result.issues["message"].iloc[0]


FAULTS: list[tuple[str, Any, str]] = [
    ("discounts", discount(item_no="7"), "E320"),
    ("discounts", discount(amount="2.00"), "E326"),
    ("discounts", discount(amount="0"), "E326"),
    ("discounts", discount(amount="-0.001"), "E204"),
    ("discounts", discount(discount_name=""), "E327"),
    ("discounts", discount(item_no=""), "E201"),
    ("taxes", tax(discount_no="x"), "E321"),
    ("taxes", tax(tax_mode="TaxInclusive"), "E209"),
    ("taxes", tax(amount="ten"), "E202"),
    ("taxes", tax(tax_code=""), "E201"),
    ("rates", rate(currency="EURO"), "E220"),
    ("contacts", contact(role="Friend"), "E209"),
    ("contacts", contact(last_name=""), "E201"),
]


@pytest.mark.parametrize(("table", "row", "code"), FAULTS)
def test_a_fault_of_a_row_rejects_its_whole_invoice_and_no_other(
    table: str, row: Row, code: str, desk: Desk
) -> None:
    result = desk.check_tree(tree(desk, **{table: [row]}))
    assert [(c, sheet, ref) for c, sheet, _, ref in list_issues(result)] == [(code, table, "R1")]
    assert result.assessment.rejected.tolist() == [True, False]
    assert result.summary["sheets"][table]["rejected"] == 1
    assert result.summary["differences"] == []


@pytest.mark.parametrize(
    ("table", "row"),
    [("discounts", discount), ("taxes", tax), ("rates", rate), ("contacts", contact)],
)
def test_a_row_without_an_invoice_is_told_and_accounted_for(table: str, row: Any, desk: Desk) -> None:
    result = desk.check_tree(tree(desk, **{table: [row("R9"), row("R1")]}))
    assert list_issues(result) == [("E322", table, "A2", "R9")]
    assert result.verdict == "partial"
    books = result.summary["sheets"][table]
    assert (books["in"], books["accepted"], books["rejected"]) == (2, 1, 1)
    assert result.summary["differences"] == []
    fallen = desk.check_tree(tree(desk, **{table: [row("R9")]}), policy="all-or-nothing")
    assert fallen.verdict == "rejected"


@pytest.mark.parametrize(
    ("table", "rows", "most"),
    [
        ("taxes", [tax(jurisdiction=str(n)) for n in range(6)], 5),
        ("discounts", [discount(amount="-0.01") for _ in range(11)], 10),
        ("rates", [rate(currency=currency) for currency in ("USD", "GBP", "CHF")], 2),
    ],
)
def test_one_row_more_than_the_api_takes_is_one_too_many(
    table: str, rows: list[Row], most: int, desk: Desk
) -> None:
    assert desk.check_tree(tree(desk, **{table: rows[:most]})).verdict == "accepted"
    result = desk.check_tree(tree(desk, **{table: rows}))
    assert [(code, ref) for code, _, _, ref in list_issues(result)] == [("E323", "R1")]
    assert f"number {most + 1} of its kind where {most} are allowed" in result.issues["message"].iloc[0]


def test_what_may_stand_once_does(desk: Desk) -> None:
    for table, row in (
        ("discounts", discount(discount_no="a")), ("rates", rate()), ("contacts", contact()),
    ):  # fmt: skip
        result = desk.check_tree(tree(desk, **{table: [row, row]}))
        assert [code for code, *_ in list_issues(result)] == ["E324", "E324"], table


def test_taxes_of_ones_own_exclude_a_tax_code_and_mode(desk: Desk) -> None:
    sheets = tree(desk, taxes=[tax()])
    sheets["items"][0] |= {"tax_code": "STD", "tax_mode": "TaxInclusive"}
    sheets["items"][1] |= {"tax_code": "STD", "tax_mode": "TaxInclusive"}  # without taxes: it may
    assert [(code, ref) for code, _, _, ref in list_issues(desk.check_tree(sheets))] == [("E325", "R1")] * 2
    del sheets["taxes"]
    assert desk.check_tree(sheets).verdict == "accepted"


@pytest.mark.parametrize(
    ("role", "cells"),
    [
        ("Bill-to", {"bill_to_contact_id": "0" * 32}),
        ("Sold-to", {"sold_to_contact_id": "0" * 32}),
        ("Ship-to", {"ship_to_same_as_bill_to": "yes", "bill_to_contact_id": "0" * 32}),
    ],
)
def test_a_contact_and_its_id_exclude_each_other(role: str, cells: Row, desk: Desk) -> None:
    sheets = tree(desk, contacts=[contact(role=role), contact("R2", role)])
    sheets["invoices"][0] |= cells
    assert [(code, ref) for code, _, _, ref in list_issues(desk.check_tree(sheets))] == [("E328", "R1")]


def test_a_new_bill_to_contact_gives_the_same_as_its_effect(desk: Desk) -> None:
    sheets = tree(desk, contacts=[contact("R2")])
    for invoice in sheets["invoices"]:
        invoice["sold_to_same_as_bill_to"] = "yes"
    assert [(code, ref) for code, _, _, ref in list_issues(desk.check_tree(sheets))] == [("W301", "R1")]


def test_the_charge_of_a_discount_names_it(desk: Desk) -> None:
    row = discount(product_rate_plan_charge_id="c1", sku="S")
    result = desk.check_tree(tree(desk, discounts=[row]))
    assert [code for code, *_ in list_issues(result)] == ["W320", "W320"]
    (sent_discount,) = desk.sent(result)[0]["invoiceItems"][0]["discountItems"]
    assert sent_discount == {"amount": Decimal(-1), "productRatePlanChargeId": "c1"}


@pytest.mark.slow
def test_what_hangs_on_an_item_is_part_of_what_the_invoice_says(desk: Desk) -> None:
    """The same again is skipped, whatever the order; another tax under the same reference is a conflict."""

    def sheets(amount: str, turned: bool) -> Any:
        step = -1 if turned else 1
        return tree(
            desk,
            discounts=[discount(discount_no="a"), discount(discount_no="b", amount="-2.00")][::step],
            taxes=[tax(amount=amount), tax(discount_no="b")][::step],
            rates=[rate(), rate(currency="GBP")][::step],
            contacts=[contact()],
        )

    def ran(amount: str, turned: bool) -> Result:
        return pipeline.run(*desk.tree(**sheets(amount, turned)), workspace=desk.workspace)

    assert ran("1.90", False).verdict == "accepted"
    assert ran("1.9", True).verdict == "duplicate"
    changed = ran("1.91", False)
    assert [(code, ref) for code, _, _, ref in list_issues(changed)] == [("E501", "R1")]


def test_a_pair_without_the_sheets_says_nothing_of_them(desk: Desk) -> None:
    result = desk.check([desk.invoice()], [desk.item()])
    assert result.summary["sheets"] == {}
    assert not result.assessment.sheets.valid.children
    assert "discounts" not in result.items


def test_the_sheets_of_a_workbook_are_read_by_their_names(desk: Desk) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in tree(desk, Taxes=[tax()], Discounts=[discount()]).items():
        page = book.create_sheet(name.title())
        page.append(list(rows[0]))
        for row in rows:
            page.append([row[header] for header in rows[0]])
    notes = book.create_sheet("Customers")  # knows half of the contacts' columns, and is none
    notes.append(["First name", "Last name", "City"])
    notes.append(["Ada", "Byron", "London"])
    path = desk.folder / "book.xlsx"
    book.save(path)
    result = pipeline.check(path, workspace=desk.workspace)
    assert (result.verdict, list_issues(result)) == ("accepted", [])
    assert {name: counts["accepted"] for name, counts in result.summary["sheets"].items()} == {
        "discounts": 1, "taxes": 1,
    }  # fmt: skip


AMOUNTS = st.decimals("0", "99999.99", places=2)
ROWS = st.tuples(AMOUNTS, st.lists(AMOUNTS, max_size=5), st.lists(AMOUNTS, max_size=10))
"""Of an item: what is left of it after the discounts, its taxes, and its discounts."""


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=1, max_size=6))
def test_totals_in_payloads_equal_totals_in_sheets(desk: Desk, rows: list[Any]) -> None:
    items, taxes, discounts = [], [], []
    for number, (amount, item_taxes, off) in enumerate(rows):
        items.append(desk.item(item_no=str(number), amount=str(amount + sum(off) + len(off))))
        taxes += [tax(item_no=str(number), amount=str(value)) for value in item_taxes]
        discounts += [discount(item_no=str(number), amount=str(-value - 1)) for value in off]
    sheets = {"invoices": [desk.invoice()], "items": items, "taxes": taxes, "discounts": discounts}
    result = desk.check_tree({name: sheet_rows for name, sheet_rows in sheets.items() if sheet_rows})
    (sent,) = desk.sent(result)
    billed = sum(item["amount"] for item in sent["invoiceItems"])
    off_total = sum(d["amount"] for item in sent["invoiceItems"] for d in item.get("discountItems", ()))
    on_top = sum(t["taxAmount"] for item in sent["invoiceItems"] for t in item.get("taxItems", ()))
    assert billed + off_total == sum(row[0] for row in rows)
    assert Decimal(result.summary["money"]["EUR"]["accepted"]) == billed + off_total
    assert on_top == sum(sum(row[1]) for row in rows)
    if taxes:
        assert Decimal(result.summary["sheets"]["taxes"]["on_top"]["EUR"]["accepted"]) == on_top


@pytest.mark.slow
def test_the_ledger_adds_up_with_discounts(desk: Desk) -> None:
    sheets = tree(desk, discounts=[discount(amount="-2.50"), discount("R2", amount="-10.00")], taxes=[tax()])
    pipeline.run(*desk.tree(**sheets), workspace=desk.workspace)
    ran = invoice_import("ledger", "verify", workspace=desk.workspace)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("target", ["bxb", "zuora-drafts"])
def test_a_target_without_a_place_for_these_sheets_refuses_them(target: str, desk: Desk) -> None:
    """Without the discounts more would be billed than the sheet says."""
    result = desk.checked(DATA / "hanging" / "invoices.xlsx", target=target, money_unit="major")
    refused = result.issues[result.issues["code"] == "E340"]
    assert sorted(refused["value"]) == ["Contacts", "Discounts", "Rates", "Taxes"]
    assert result.verdict == "rejected"


@pytest.mark.parametrize("target", ["bxb", "zuora-drafts"])
@pytest.mark.parametrize("table", ["discounts", "taxes", "rates", "contacts"])
def test_nor_is_such_a_file_beside_others_left_out(table: str, target: str, desk: Desk) -> None:
    """Told by its headers, named or found in a folder; nothing of it is taken for items."""
    rows = {"discounts": discount(), "taxes": tax(), "rates": rate(), "contacts": contact()}
    files = desk.tree(
        invoices=[desk.invoice(invoice_key="DRAFT-1", customer_id="0f8fad5b-d9cb-469f-a165-70867728950e")],
        items=[desk.item(action="Add", description="Day", quantity="1", unit_price="10.00")],
        **{table: [rows[table]]},
    )
    for handed in (files, [desk.folder]):
        result = desk.checked(*handed, target=target, money_unit="major")
        refused = result.issues[result.issues["code"] == "E340"]
        assert list(refused["sheet"]) == [files[2].name]
        assert result.verdict == "rejected"
        assert len(result.items) == 1


def test_a_sheet_of_another_target_is_known_by_its_headers(desk: Desk) -> None:
    path = desk.workbook([desk.invoice()], [desk.item()])
    book = openpyxl.load_workbook(path)
    page = book.create_sheet("Nachlass")
    page.append(list(discount()))
    page.append(list(discount().values()))
    book.save(path)
    result = desk.checked(path, target="bxb", money_unit="major")
    assert list(result.issues["sheet"][result.issues["code"] == "E340"]) == ["Nachlass"]


def test_what_hangs_on_the_items_of_a_flat_sheet_is_taken(desk: Desk) -> None:
    """Discounts that are left out would bill more than the files say."""
    flat = {**desk.invoice(), **desk.item(item_no="1")}
    files = desk.tree(data=[flat], discounts=[discount()], taxes=[tax()])
    for handed in (files, [desk.folder]):
        result = desk.checked(*handed)
        assert (result.verdict, list_issues(result)) == ("accepted", [])
        (sent,) = desk.sent(result)
        (item,) = sent["invoiceItems"]
        assert (item["discountItems"][0]["amount"], item["taxItems"][0]["taxAmount"]) == (
            Decimal("-1.00"),
            Decimal("1.90"),
        )


def test_the_control_sheet_beside_a_flat_one_is_obeyed(desk: Desk) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    flat = {**desk.invoice(), **desk.item()}
    page.append(list(flat))
    page.append(list(flat.values()))
    control = book.create_sheet("Control")
    control.append(["What", "Currency", "Expected"])
    control.append(["Amount", "EUR", 9])
    book.save(path := desk.folder / "flat.xlsx")
    assert desk.checked(path).verdict == "unbalanced"


def test_a_mark_in_a_child_row_is_compared_with_the_currency_of_its_own_invoice(desk: Desk) -> None:
    """Row 3 of discounts is no row 3 of items: there are two items only."""
    sheets = {
        "invoices": [desk.invoice("R1", currency="GBP"), desk.invoice("R2", currency="EUR")],
        "items": [desk.item("R1", item_no="1"), desk.item("R2", item_no="1")],
        "discounts": [
            discount("R2", amount="-1.00", discount_no="1"),
            discount("R2", amount="-1.00", discount_no="2"),
            discount("R2", amount="$-1.00", discount_no="3"),
        ],
    }
    result = desk.check_tree(sheets, decimal="point")
    assert [issue[0] for issue in list_issues(result)] == ["E221"]
    assert "the invoice is in EUR" in result.issues["message"][0]
