"""Cells through the whole line: limits, forms, kinds of cells; each bad cell once, each reason told."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from support.desk import Desk

from pipeline import check
from pipeline.issues import CATALOGUE


def _of_item(desk: Desk, **cells: Any) -> list[str]:
    """The codes found on an item with these cells."""
    return desk.codes(desk.check([desk.invoice()], [desk.item(**cells)]))


def _of_invoice(desk: Desk, **cells: Any) -> list[str]:
    """The codes found on an invoice with these cells."""
    return desk.codes(desk.check([desk.invoice(**cells)], [desk.item()]))


def test_a_sound_pair_has_no_issue_and_is_accepted(desk: Desk) -> None:
    result = desk.check([desk.invoice()], [desk.item()])
    assert (desk.told(result), result.verdict, result.exit_code) == ([], "accepted", 0)


# -- lengths, forms, choices ---------------------------------------------------------------------------

LENGTHS = [
    ("invoices", "invoice_ref", 100),
    ("invoices", "account_number", 255),
    ("invoices", "account_id", 64),
    ("invoices", "comments", 255),
    ("invoices", "invoice_number", 16),
    ("invoices", "payment_term", 100),
    ("invoices", "sequence_set", 50),
    ("invoices", "communication_profile_id", 64),
    ("invoices", "integration_id_ns", 255),
    ("items", "item_no", 50),
    ("items", "charge_name", 130),
    ("items", "description", 500),
    ("items", "sku", 255),
    ("items", "uom", 255),
    ("items", "item_type", 50),
    ("items", "purchase_order_number", 100),
    ("items", "booking_reference", 100),
    ("items", "tax_code", 64),
    ("items", "accounting_code", 100),
    ("items", "unbilled_receivables_accounting_code", 100),
    ("items", "rev_rec_code", 100),
    ("items", "revenue_recognition_rule_name", 50),
    ("items", "sync_date_ns", 255),
]


@pytest.mark.parametrize(("table", "name", "most"), LENGTHS, ids=[f"{t}.{n}" for t, n, _ in LENGTHS])
def test_a_text_may_be_as_long_as_its_limit_and_no_longer(
    desk: Desk, table: str, name: str, most: int
) -> None:
    letter = "x" if name == "invoice_number" else "ü"  # characters count, not bytes
    refs = [letter * most, letter * (most + 1)] if name == "invoice_ref" else ["R1", "R2"]
    invoices, items = [desk.invoice(ref) for ref in refs], [desk.item(ref) for ref in refs]
    for rows, size in zip({"invoices": invoices, "items": items}[table], (most, most + 1), strict=True):
        rows[name] = letter * size
    result = desk.check(invoices, items)
    assert list(result.invoices["state"]) == ["prepared", "rejected"]
    assert set(result.issues["code"]) == {"E208"}
    assert f"has {most + 1} characters; {most} are allowed" in result.issues["message"][0]


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ({"template_id": "2c92c8f95bd63b98015bd7ab09ef0926"}, []),
        ({"template_id": "2C92C8F95BD63B98015BD7AB09EF0926"}, []),
        ({"template_id": "2c92c8f95bd63b98015bd7ab09ef092"}, ["E211"]),
        ({"template_id": "2c92c8f95bd63b98015bd7ab09ef09266"}, ["E211"]),
        ({"bill_to_contact_id": "zc92c8f95bd63b98015bd7ab09ef0926"}, ["E211"]),
        ({"invoice_number": "INV_2026-1"}, []),
        ({"invoice_number": "INV/2026"}, ["E211"]),
        ({"invoice_number": "Rechnungsnr-ü"}, ["E211"]),
        ({"status": "pOsTeD"}, []),
        ({"status": "Final"}, ["E209"]),
        ({"transferred_to_accounting": "IGNORE"}, []),
        ({"currency": "JPY"}, []),
        ({"currency": "eur"}, ["E220"]),
        ({"currency": "XXX"}, ["E220"]),
        ({"auto_pay": "YES"}, []),
        ({"auto_pay": "0"}, []),
        ({"auto_pay": "Ja"}, []),
        ({"auto_pay": "FALSCH"}, []),
        ({"auto_pay": "x"}, ["E210"]),
        ({"comments": "two\nlines\tand a tab"}, []),
        ({"comments": "line \u2028 separator"}, []),
        ({"comments": "bell\x07"}, ["E212"]),
        ({"comments": "next line \x85 of old"}, ["E212"]),
        ({"account_number": "A\nB"}, ["E212"]),
        ({"account_number": "A\tB"}, ["E212"]),
        ({"comments": "\N{EURO SIGN} \N{CJK UNIFIED IDEOGRAPH-4E2D}"}, []),
        ({"comments": "thanks \N{SLIGHTLY SMILING FACE}"}, ["E213"]),
        ({"account_number": "\U00020000"}, ["E213"]),
        ({"account_number": "1.23457E+16"}, ["E217"]),
        ({"account_number": "1E+15"}, ["E217"]),
        ({"account_number": "12345678901234567890"}, []),  # a text: every digit is still there
        ({"account_number": "00123"}, []),
        ({"account_number": "NA"}, []),
    ],
)
def test_the_form_of_an_invoices_cells(desk: Desk, cells: dict[str, str], codes: list[str]) -> None:
    assert _of_invoice(desk, **cells) == codes


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ({"amount": "999999999999999"}, []),
        ({"amount": "9999999999999999"}, ["E203"]),
        ({"amount": "0000000000000000000001.50"}, []),  # zeros in front do not count
        ({"amount": "1.5000000000000000000000"}, []),  # nor do zeros behind
        ({"amount": "1e3"}, ["E202"]),
        ({"amount": "1.5E+2"}, ["E202"]),
        ({"amount": "1e+16"}, ["E202"]),  # as the reader shows a number cell beyond 15 digits
        ({"amount": "1e+999"}, ["E202"]),
        ({"amount": "1.00001"}, ["E204"]),
        ({"amount": "1.001"}, ["E204"]),
        ({"amount": "0"}, []),
        ({"amount": "-0.00"}, []),
        ({"amount": "1,5"}, ["E202"]),
        ({"amount": "1.234,50"}, ["E202"]),
        ({"amount": "1 000"}, ["E202"]),
        ({"amount": "(5.00)"}, ["E202"]),
        ({"amount": "5 EUR"}, ["E202"]),
        ({"amount": "--5"}, ["E202"]),
        ({"amount": "5-"}, ["E202"]),
        ({"amount": "NaN"}, ["E202"]),
        ({"amount": "inf"}, ["E202"]),
        ({"amount": "1_000"}, ["E202"]),
        ({"amount": "\u0661\u0662"}, ["E202"]),  # digits, but not ours
        ({"amount": "0x10"}, ["E202"]),
        ({"quantity": "0.123456789"}, []),
        ({"quantity": "0.1234567891"}, ["E203"]),
        ({"quantity": "123456789012345.123456789"}, []),
        ({"quantity": "1e-9"}, ["E202"]),
        ({"unit_price": "abc"}, ["E202"]),
        ({"service_end_date": "2026-02-29"}, ["E205"]),
        ({"service_start_date": "2024-02-29"}, []),
        ({"service_start_date": "1900-02-29"}, ["E205"]),
        ({"service_start_date": "1900-01-01"}, []),
        ({"service_start_date": "1899-12-31"}, ["E207"]),
        ({"service_start_date": "2199-12-31"}, []),
        ({"service_start_date": "2200-01-01"}, ["E207"]),
        ({"service_start_date": "9999-12-31"}, ["E207"]),
        ({"service_start_date": "2026-13-01"}, ["E205"]),
        ({"service_start_date": "2026-00-10"}, ["E205"]),
        ({"service_start_date": "2026-1-2"}, ["E205"]),
        ({"service_start_date": "01.11.2026"}, ["E205"]),
        ({"service_start_date": "20261101"}, ["E205"]),
        ({"service_start_date": "46327"}, ["E205"]),
        ({"service_start_date": "2026-11-01 08:00:00"}, ["E205"]),
        ({"service_start_date": ""}, ["E201"]),
        ({"charge_date": "2026-11-01"}, []),
        ({"charge_date": "2026-11-01 23:59:59"}, []),
        ({"charge_date": "2026-11-01T08:30:00"}, []),
        ({"charge_date": "2026-11-01 24:00:00"}, ["E205"]),
        ({"charge_date": "2026-11-01 08:30"}, ["E205"]),
        ({"charge_date": "2026-02-30 08:30:00"}, ["E205"]),
        ({"charge_date": "1899-12-31 23:59:59"}, ["E207"]),
        ({"tax_mode": "taxinclusive"}, []),
        ({"tax_mode": "inclusive"}, ["E209"]),
        ({"rev_rec_trigger_condition": "customeracceptancedate"}, []),
        ({"exclude_item_billing_from_revenue_accounting": "n"}, []),
        ({"sku": "1.5E+10"}, ["E217"]),
        ({"sku": "1E5"}, []),  # no spreadsheet shows a number like that
        ({"sku": "7E10"}, []),
    ],
)
def test_the_form_of_an_items_cells(desk: Desk, cells: dict[str, str], codes: list[str]) -> None:
    assert _of_item(desk, **cells) == codes


def test_a_choice_is_sent_as_the_api_spells_it(desk: Desk) -> None:
    result = desk.check(
        [desk.invoice(status="POSTED", transferred_to_accounting="ignore", auto_pay="Y")],
        [desk.item(tax_mode="TAXEXCLUSIVE", rev_rec_trigger_condition="serviceactivationdate")],
    )
    (invoice,) = desk.sent(result)
    (item,) = invoice["invoiceItems"]
    assert (invoice["status"], invoice["transferredToAccounting"]) == ("Posted", "Ignore")
    assert invoice["autoPay"] is True
    assert item["taxMode"] == "TaxExclusive"
    assert item["revRecTriggerCondition"] == "ServiceActivationDate"


# -- cells of a workbook -------------------------------------------------------------------------------


def test_cells_of_the_right_kind_are_read(desk: Desk) -> None:
    result = desk.check_book(
        [desk.invoice(invoice_date=date(2026, 11, 30), auto_pay=True, account_number=123, comments=7)],
        [
            desk.item(
                amount=10.1,
                quantity=2,
                service_start_date=datetime(2026, 11, 1),
                charge_date=datetime(2026, 11, 1, 8, 30),
                exclude_item_billing_from_revenue_accounting=0,
            )
        ],
    )
    assert desk.told(result) == []
    (invoice,) = desk.sent(result)
    (item,) = invoice["invoiceItems"]
    assert (invoice["accountNumber"], invoice["comments"], invoice["autoPay"]) == ("123", "7", True)
    assert (invoice["invoiceDate"], item["serviceStartDate"]) == ("2026-11-30", "2026-11-01")
    assert (item["amount"], item["quantity"]) == (Decimal("10.1"), Decimal(2))
    assert item["chargeDate"] == "2026-11-01 08:30:00"
    assert item["excludeItemBillingFromRevenueAccounting"] is False


BAD_CELLS: list[tuple[str, Any, str, str]] = [
    ("amount", "#REF!", "E214", 'shows the error "#REF!"'),
    ("amount", "=1+1", "E215", '"=1+1"'),
    ("amount", date(2026, 1, 1), "E216", "needs an amount, but the cell holds a date"),
    ("amount", True, "E216", "needs an amount, but the cell holds TRUE or FALSE"),
    ("quantity", time(8, 30), "E216", "needs a number, but the cell holds a time"),
    ("amount", 1e16, "E202", "1e+16"),
    ("quantity", 1e-10, "E203", "9 after the point"),
    ("service_start_date", 46327, "E216", "needs a date, but the cell holds a number"),
    ("service_start_date", "#N/A", "E214", "#N/A"),
    ("service_end_date", True, "E216", "needs a date"),
    ("service_end_date", datetime(2026, 11, 30, 8, 0), "E205", "2026-11-30 08:00:00"),
    ("charge_name", date(2026, 1, 1), "E216", "needs a text, but the cell holds a date"),
    ("charge_name", "=A1", "E215", "=A1"),
    ("sku", 1234567890123456789, "E217", "1.23456789012346e+18"),
    ("sku", True, "E216", "needs a text"),
    ("tax_mode", 1, "E216", "needs one of the choices, but the cell holds a number"),
    ("exclude_item_billing_from_revenue_accounting", 2, "E210", "yes or no is needed"),
    ("exclude_item_billing_from_revenue_accounting", date(2026, 1, 1), "E216", "needs yes or no"),
]


def test_cells_of_the_wrong_kind_are_told_once_each(desk: Desk) -> None:
    refs = [f"R{n}" for n in range(len(BAD_CELLS))]
    items = [desk.item(ref, **{name: cell}) for ref, (name, cell, *_) in zip(refs, BAD_CELLS, strict=True)]
    result = desk.check_book([desk.invoice(ref) for ref in refs], items)
    assert set(result.invoices["state"]) == {"rejected"}
    by_ref = result.issues.set_index("invoice_ref")
    assert len(by_ref) == len(BAD_CELLS)
    for ref, (_, _, code, words) in zip(refs, BAD_CELLS, strict=True):
        assert by_ref["code"][ref] == code
        assert words in by_ref["message"][ref]


def test_an_error_cell_in_a_mandatory_column_is_no_blank(desk: Desk) -> None:
    result = desk.check_book([desk.invoice(invoice_date="#VALUE!")], [desk.item()])
    assert desk.codes(result) == ["E214"]


def test_the_address_is_the_one_that_excel_shows(desk: Desk) -> None:
    result = desk.check_book(
        [desk.invoice("R1"), desk.invoice("R2", currency="EURO")], [desk.item("R1"), desk.item("R2")]
    )
    (issue,) = result.issues.to_dict("records")
    assert (issue["sheet"], issue["cell"], issue["row"], issue["column"]) == ("Invoices", "D3", 3, "currency")


# -- one bad cell, one issue; two reasons, two issues --------------------------------------------------


def test_a_cell_that_breaks_two_limits_is_told_once(desk: Desk) -> None:
    result = desk.check([desk.invoice(comments="\x07" * 300)], [desk.item(description="\N{FIRE}" * 600)])
    assert desk.told(result) == [("E212", "comments", 2), ("E213", "description", 2)]


def test_all_reasons_of_one_invoice_are_told_at_once(desk: Desk) -> None:
    result = desk.check(
        [desk.invoice(account_number="", due_date="2026-01-01", currency="EURO")],
        [desk.item(amount="ten", service_start_date="2026-02-30"), desk.item(charge_name="")],
    )
    assert desk.codes(result) == ["E202", "E205", "E220", "E301", "E303", "E305"]
    assert result.invoices["reasons"][0] == "E202 E205 E220 E301 E303 E305"


def test_a_rule_is_unknown_where_a_cell_it_needs_cannot_be_read(desk: Desk) -> None:
    result = desk.check(
        [desk.invoice(invoice_date="soon", due_date="2026-01-01", account_number="\x07")],
        [
            desk.item(service_start_date="2026-02-30", service_end_date="2026-01-01"),
            desk.item(amount="-ten"),
            desk.item(amount="", quantity="two", unit_price="5"),
            desk.item(amount="5", quantity="two", unit_price="5"),
        ],
    )
    assert desk.codes(result) == ["E202", "E202", "E202", "E205", "E205", "E212"]


def test_a_date_that_is_far_away_makes_the_rules_that_need_it_unknown(desk: Desk) -> None:
    result = desk.check(
        [desk.invoice(invoice_date="2999-01-01", due_date="2026-12-01")],
        [desk.item(service_start_date="2998-01-01", service_end_date="2026-12-01")],
    )
    assert desk.told(result) == [("E207", "invoice_date", 2), ("E207", "service_start_date", 2)]


def test_the_total_is_unknown_where_an_amount_is(desk: Desk) -> None:
    rows = [desk.item(amount="-50.00"), desk.item(amount="ten")]
    result = desk.check([desk.invoice()], rows, allow_negative_items=True)
    assert desk.codes(result) == ["E202"]


def test_an_unreadable_amount_is_not_computed(desk: Desk) -> None:
    result = desk.check([desk.invoice()], [desk.item(amount="ten", quantity="2", unit_price="5")])
    assert desk.codes(result) == ["E202"]
    assert result.summary["items"]["amount_unread"] == 1
    assert result.summary["money"] == {}


def test_an_unreadable_currency_is_not_replaced_by_the_default(desk: Desk) -> None:
    result = desk.check([desk.invoice(currency="EURO")], [desk.item(amount="1.239")], default_currency="USD")
    assert desk.codes(result) == ["E220"]
    assert list(result.summary["money"]) == ["XXX"]


def test_an_invoice_falls_whole(desk: Desk) -> None:
    result = desk.check(
        [desk.invoice("R1"), desk.invoice("R2")],
        [desk.item("R1"), desk.item("R2"), desk.item("R1", amount="ten"), desk.item("R1")],
    )
    assert list(result.invoices["state"]) == ["rejected", "prepared"]
    assert list(result.items["state"]) == ["rejected", "prepared", "rejected", "rejected"]
    assert result.verdict == "partial"
    assert result.summary["items"] == {
        "in": 4, "accepted": 1, "rejected": 3, "skipped": 0, "amount_unread": 1,
    }  # fmt: skip


def test_nothing_is_accepted_with_all_or_nothing_when_one_falls(desk: Desk) -> None:
    result = desk.check(
        [desk.invoice("R1"), desk.invoice("R2")],
        [desk.item("R1", amount="ten"), desk.item("R2")],
        policy="all-or-nothing",
    )
    assert desk.codes(result) == ["E202", "E502"]
    assert result.verdict == "rejected"


def test_an_issue_tells_level_place_and_fix(desk: Desk) -> None:
    result = desk.check([desk.invoice()], [desk.item(amount="ten")])
    (issue,) = result.issues.to_dict("records")
    assert issue["level"] == "error"
    assert issue["file"].startswith("items-")
    assert issue["value"] == "ten"
    assert issue["invoice_ref"] == "R1"
    assert issue["fix"] == CATALOGUE["E202"].fix.format(example="1234.56")


# -- dates as the settings say -------------------------------------------------------------------------


def test_a_date_that_could_be_read_two_ways_shows_both(desk: Desk) -> None:
    result = desk.check([desk.invoice(invoice_date="03/04/2026")], [desk.item()])
    (message,) = result.issues["message"]
    assert "It could mean 2026-04-03 (day first) or 2026-03-04 (month first)." in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("25/12/2026", "It could mean 2026-12-25."),
        ("12/25/2026", "It could mean 2026-12-25."),
        ("04.04.2026", "It could mean 2026-04-04."),
        ("31/02/2026", ': "31/02/2026".'),
        ("1/2/26", ': "1/2/26".'),
    ],
)
def test_a_date_with_fewer_readings_shows_those(desk: Desk, text: str, words: str) -> None:
    result = desk.check([desk.invoice(invoice_date=text)], [desk.item()])
    assert result.issues["message"][0].endswith(words)


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ("dd/mm/yyyy", "03/04/2026"),
        ("dd/mm/yyyy", "3/4/2026"),
        ("mm/dd/yyyy", "04/03/2026"),
        ("dd.mm.yyyy", "03.04.2026"),
        ("yyyy/mm/dd", "2026/04/03"),
        ("dd-mm-yyyy", "03-04-2026"),
        ("dd/mm/yyyy", "2026-04-03"),
    ],
)
def test_text_dates_are_read_in_the_declared_format_and_in_iso(desk: Desk, declared: str, text: str) -> None:
    result = desk.check([desk.invoice(invoice_date=text)], [desk.item()], date_format=declared)
    assert desk.told(result) == []
    assert desk.sent(result)[0]["invoiceDate"] == "2026-04-03"


def test_another_than_the_declared_format_is_an_error_that_names_it(desk: Desk) -> None:
    result = desk.check([desk.invoice(invoice_date="12/25/2026")], [desk.item()], date_format="dd/mm/yyyy")
    (issue,) = result.issues.to_dict("records")
    assert issue["code"] == "E205"
    assert issue["fix"] == "Use a date cell, or write the date as yyyy-mm-dd or dd/mm/yyyy."


def test_a_declared_format_leaves_date_cells_alone(desk: Desk) -> None:
    result = desk.check_book(
        [desk.invoice(invoice_date=date(2026, 4, 3))], [desk.item()], date_format="mm-dd-yyyy"
    )
    assert desk.sent(result)[0]["invoiceDate"] == "2026-04-03"


def test_nothing_but_its_raggedness_is_said_of_a_ragged_row(desk: Desk) -> None:
    """An unquoted 2,000.00 shifts what follows: the cells of the row are unknown, its amount is unread."""
    invoices = "invoice_ref,account_number,invoice_date,currency\nR1,A1,2026-01-01,EUR\n"
    items = "invoice_ref,charge_name,amount,service_start_date\nR1,Work,2,000.00,2026-01-01\nR1,Work,5,2026-01-01\n"
    (desk.folder / "invoices.csv").write_text(invoices)
    (desk.folder / "items.csv").write_text(items)
    result = check(desk.folder / "invoices.csv", desk.folder / "items.csv", workspace=desk.workspace)
    assert result.summary["issues"] == {"E106": 1}
    assert result.summary["items"] == {
        "in": 2,
        "accepted": 0,
        "rejected": 2,
        "skipped": 0,
        "amount_unread": 1,
    }


@pytest.mark.parametrize(
    "ref", ["1001\u200b", "1001\u00ad", "10\u00a001", "1001\u202e", "cafe\u0301"], ids=ascii
)
def test_an_identifier_that_only_looks_like_another_is_refused(desk: Desk, ref: str) -> None:
    result = desk.check([desk.invoice(ref)], [desk.item(ref)])
    assert result.summary["issues"]["E212"] >= 1
    assert result.verdict == "rejected"


@pytest.mark.parametrize("day", ["0000-01-01", "0000-12-31"])
def test_the_calendar_has_no_year_nought(desk: Desk, day: str) -> None:
    assert desk.check([desk.invoice(invoice_date=day)], [desk.item()]).summary["issues"] == {"E205": 1}
