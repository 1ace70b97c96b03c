"""Rules of rows and across sheets, and the settings that soften or sharpen them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from support.desk import Desk

# -- sheets that do not fit together -------------------------------------------------------------------


def test_an_item_without_its_invoice_is_rejected_and_its_money_has_no_currency(desk: Desk) -> None:
    result = desk.check([desk.invoice("R1")], [desk.item("R1"), desk.item("R9", amount="7.00")])
    assert desk.told(result) == [("E308", "invoice_ref", 3)]
    assert result.summary["money"]["XXX"] == {
        "in": "7.00", "accepted": "0.00", "rejected": "7.00", "skipped": "0.00",
    }  # fmt: skip
    assert (result.verdict, result.summary["invoices"]["rejected"]) == ("partial", 0)


def test_an_item_with_a_blank_reference_is_told_of_the_blank_alone(desk: Desk) -> None:
    result = desk.check([desk.invoice()], [desk.item(), desk.item("")])
    assert desk.told(result) == [("E201", "invoice_ref", 3)]


def test_an_invoice_without_items_is_rejected(desk: Desk) -> None:
    result = desk.check([desk.invoice("R1"), desk.invoice("R2")], [desk.item("R1")])
    assert desk.told(result) == [("E309", "", 3)]


def test_references_tie_letter_by_letter(desk: Desk) -> None:
    result = desk.check([desk.invoice("r1"), desk.invoice("01")], [desk.item("R1"), desk.item("1")])
    assert desk.codes(result) == ["E308", "E308", "E309", "E309"]


def test_a_reference_that_stands_twice_is_told_on_both_rows(desk: Desk) -> None:
    result = desk.check([desk.invoice("R1"), desk.invoice("R2"), desk.invoice("R1")], [desk.item("R1")])
    assert desk.told(result) == [("E307", "invoice_ref", 2), ("E309", "", 3), ("E307", "invoice_ref", 4)]


def test_blank_references_are_not_the_same_reference(desk: Desk) -> None:
    result = desk.check([desk.invoice(""), desk.invoice(""), desk.invoice("R1")], [desk.item("R1")])
    assert desk.codes(result) == ["E201", "E201"]


def test_item_numbers_are_unique_within_their_invoice_only(desk: Desk) -> None:
    rows = [("R1", "1"), ("R1", "2"), ("R1", "1"), ("R2", "1"), ("R1", ""), ("R1", "")]
    result = desk.check(
        [desk.invoice("R1"), desk.invoice("R2")], [desk.item(ref, item_no=number) for ref, number in rows]
    )
    assert desk.told(result) == [("E313", "item_no", 2), ("E313", "item_no", 4)]


def test_an_invoice_may_have_1000_items_and_no_more(desk: Desk) -> None:
    items = [desk.item("R1")] * 1000 + [desk.item("R2")] * 1001
    result = desk.check([desk.invoice("R1"), desk.invoice("R2")], items)
    assert desk.told(result) == [("E310", "", 3)]
    assert 'The invoice "R2" has 1001 items; 1000 are allowed.' in result.issues["message"][0]
    assert result.summary["requests"] == 1


# -- accounts, contacts, numbers -----------------------------------------------------------------------


def test_an_account_id_is_as_good_as_an_account_number(desk: Desk) -> None:
    assert desk.codes(desk.check([desk.invoice(account_number=None, account_id="a")], [desk.item()])) == []
    result = desk.check([desk.invoice(account_number=None)], [desk.item()])
    assert desk.told(result) == [("E301", "", 2)]


@pytest.mark.parametrize("contact", ["sold_to", "ship_to"])
def test_a_contact_is_given_in_one_way(desk: Desk, contact: str) -> None:
    same, contact_id, bill_to = f"{contact}_same_as_bill_to", f"{contact}_contact_id", "bill_to_contact_id"
    first_id, second_id = "0" * 32, "1" * 32

    def codes(**cells: str) -> list[str]:
        return desk.codes(desk.check([desk.invoice(**cells)], [desk.item()]))

    assert codes(**{same: "yes", bill_to: first_id}) == []
    assert codes(**{same: "no", contact_id: second_id}) == []
    assert codes(**{same: "yes", contact_id: second_id, bill_to: first_id}) == ["E315"]
    assert codes(**{same: "yes", contact_id: second_id}) == ["E315"]
    result = desk.check([desk.invoice(**{same: "yes"})], [desk.item()])
    assert (desk.codes(result), result.verdict) == (["W301"], "accepted")


def test_an_invoice_number_stands_once(desk: Desk) -> None:
    invoices = [desk.invoice(f"R{n}", invoice_number=number) for n, number in enumerate(["N1", "", "", "N1"])]
    result = desk.check(invoices, [desk.item(f"R{n}", amount=f"{n + 1}.00") for n in range(4)])
    assert desk.told(result) == [("E316", "invoice_number", 2), ("E316", "invoice_number", 5)]


def test_the_reference_becomes_the_number_where_the_settings_say_so(desk: Desk) -> None:
    result = desk.check(
        [desk.invoice("R1"), desk.invoice("R 2", invoice_number="N2")],
        [desk.item("R1"), desk.item("R 2")],
        invoice_number="ref",
    )
    assert [invoice["invoiceNumber"] for invoice in desk.sent(result)] == ["R1", "N2"]


def test_a_reference_that_cannot_be_a_number_is_refused_then(desk: Desk) -> None:
    refs = ["R/1", "R" * 16, "R" * 17]
    invoices = [desk.invoice(ref) for ref in refs]
    items = [desk.item(ref, amount=f"{len(ref)}.00") for ref in refs]
    result = desk.check(invoices, items, invoice_number="ref")
    assert desk.told(result) == [("E317", "invoice_ref", 2), ("E317", "invoice_ref", 4)]
    assert "at most 16" in result.issues["message"][0]
    assert desk.codes(desk.check(invoices, items)) == []
    longer = desk.check(invoices, items, invoice_number="ref", invoice_number_length=17)
    assert desk.told(longer) == [("E317", "invoice_ref", 2)]


def test_a_reference_may_not_become_a_number_that_another_invoice_has(desk: Desk) -> None:
    result = desk.check(
        [desk.invoice("R1"), desk.invoice("R2", invoice_number="R1"), desk.invoice("R3")],
        [desk.item("R1"), desk.item("R2"), desk.item("R3")],
        invoice_number="ref",
    )
    assert desk.told(result) == [("E316", "invoice_number", 2), ("E316", "invoice_number", 3)]
    assert all('"R1"' in message for message in result.issues["message"])


def test_the_reference_goes_into_a_custom_field_where_the_settings_say_so(desk: Desk) -> None:
    desk.settings('invoice_number = "custom"\ninvoice_number_field = "OurRef__c"\n')
    (invoice,) = desk.sent(desk.check([desk.invoice("R/1")], [desk.item("R/1")]))
    assert invoice["OurRef__c"] == "R/1"
    assert "invoiceNumber" not in invoice


# -- dates ---------------------------------------------------------------------------------------------


def test_the_due_date_is_not_before_the_invoice_date(desk: Desk) -> None:
    def codes(due: str) -> list[str]:
        return desk.codes(desk.check([desk.invoice(due_date=due)], [desk.item()]))

    assert (codes("2026-11-30"), codes("2026-11-29"), codes("")) == ([], ["E305"], [])


def test_a_service_does_not_end_before_it_starts(desk: Desk) -> None:
    def codes(end: str) -> list[str]:
        return desk.codes(desk.check([desk.invoice()], [desk.item(service_end_date=end)]))

    assert (codes("2026-11-01"), codes("2026-10-31"), codes("")) == ([], ["E306"], [])


# -- amounts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "quantity", "price", "amount"),
    [
        ("EUR", "3", "0.335", "1.01"),  # 1.005 rounds away from zero
        ("EUR", "1", "0.125", "0.13"),
        ("EUR", "2.5", "1200", "3000"),
        ("JPY", "1", "0.5", "1"),
        ("KWD", "1", "0.0125", "0.013"),
        ("CLF", "1", "0.00005", "0.0001"),
        ("EUR", "123456789.123456789", "987654.321", "121932631234567.9"),
    ],
)
def test_a_missing_amount_is_quantity_times_price_rounded_to_the_currency(
    desk: Desk, currency: str, quantity: str, price: str, amount: str
) -> None:
    item = desk.item(amount=None, quantity=quantity, unit_price=price)
    result = desk.check([desk.invoice(currency=currency)], [item])
    assert desk.told(result) == []
    (sent,) = desk.sent(result)[0]["invoiceItems"]
    assert sent["amount"].quantize(Decimal(amount)) == Decimal(amount)
    given = desk.check([desk.invoice(currency=currency)], [item | {"amount": str(sent["amount"])}])
    assert desk.told(given) == []


def test_a_negative_tie_rounds_away_from_zero(desk: Desk) -> None:
    items = [desk.item(amount=None, quantity="-1", unit_price="0.125"), desk.item()]
    result = desk.check([desk.invoice()], items, allow_negative_items=True)
    assert desk.sent(result)[0]["invoiceItems"][0]["amount"] == Decimal("-0.13")


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"quantity": "1"},
        {"unit_price": "1"},
        {"quantity": "999999999999999", "unit_price": "999999999999999"},
    ],
    ids=["nothing", "no price", "no quantity", "a product beyond any amount"],
)
def test_an_item_whose_amount_cannot_be_computed_is_rejected(desk: Desk, cells: dict[str, str]) -> None:
    result = desk.check([desk.invoice()], [desk.item(**{"amount": ""} | cells)])
    assert desk.told(result) == [("E302", "amount", 2)]


def test_an_amount_beyond_the_product_is_compared_as_well(desk: Desk) -> None:
    item = desk.item(amount="5", quantity="999999999999999", unit_price="999999999999999")
    assert desk.codes(desk.check([desk.invoice()], [item])) == ["E304"]


def test_an_amount_that_is_not_the_product_is_an_error_that_says_the_product(desk: Desk) -> None:
    item = desk.item(amount="3900", quantity="3", unit_price="1200")
    result = desk.check([desk.invoice()], [item])
    assert desk.told(result) == [("E304", "amount", 2)]
    assert "is 3600.00." in result.issues["message"][0]


def test_a_mismatch_is_a_warning_where_the_settings_say_so(desk: Desk) -> None:
    item = desk.item(amount="3900", quantity="3", unit_price="1200")
    result = desk.check([desk.invoice()], [item], amount_mismatch="warning")
    assert (desk.told(result), result.verdict) == ([("W304", "amount", 2)], "accepted")
    assert desk.sent(result)[0]["invoiceItems"][0]["amount"] == 3900


def test_the_warning_of_a_mismatch_hides_no_error(desk: Desk) -> None:
    items = [desk.item(amount="-5", quantity="1", unit_price="10"), desk.item(amount="100")]
    result = desk.check([desk.invoice()], items, amount_mismatch="warning")
    assert (desk.codes(result), result.verdict) == (["E312", "W304"], "rejected")


@pytest.mark.parametrize(
    ("amount", "codes"), [("3600.02", ["W807"]), ("3599.98", ["W807"]), ("3600.03", ["E304"])]
)
def test_an_amount_may_differ_by_the_tolerance_which_is_told(
    desk: Desk, amount: str, codes: list[str]
) -> None:
    item = desk.item(amount=amount, quantity="3", unit_price="1200")
    assert desk.codes(desk.check([desk.invoice()], [item], amount_tolerance="0.02")) == codes


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("EUR", "9.996", "10.00"), ("JPY", "10.5", "11"), ("KWD", "1.0005", "1.001"), ("EUR", "0.0001", "0.00")],
)
def test_more_decimals_than_the_currency_has_show_what_is_held_and_what_shows(
    desk: Desk, currency: str, amount: str, shown: str
) -> None:
    result = desk.check([desk.invoice(currency=currency)], [desk.item(amount=amount)])
    (issue,) = result.issues.to_dict("records")
    assert issue["code"] == "E204"
    assert f'is "{amount}"' in issue["message"]
    assert issue["message"].endswith(f"with those it shows as {shown}.")


def test_a_negative_item_needs_a_setting(desk: Desk) -> None:
    items = [desk.item(amount="-1.00"), desk.item(amount=None, quantity="-1", unit_price="2"), desk.item()]
    result = desk.check([desk.invoice()], items)
    assert desk.told(result) == [("E312", "amount", 2), ("E312", "", 3)] or desk.codes(result) == ["E312"] * 2
    allowed = desk.check([desk.invoice()], items, allow_negative_items=True)
    assert (desk.told(allowed), allowed.summary["money"]["EUR"]["accepted"]) == ([], "7.00")


def test_a_negative_total_is_never_allowed_and_a_total_of_zero_is(desk: Desk) -> None:
    def codes(credit: str) -> list[str]:
        items = [desk.item(amount="1.00"), desk.item(amount=credit)]
        return desk.codes(desk.check([desk.invoice()], items, allow_negative_items=True))

    assert (codes("-1.00"), codes("-1.01")) == ([], ["E311"])


# -- currency ------------------------------------------------------------------------------------------


def test_a_blank_currency_is_an_error_without_a_default(desk: Desk) -> None:
    result = desk.check([desk.invoice(currency="")], [desk.item()])
    assert desk.told(result) == [("E314", "currency", 2)]
    assert desk.codes(desk.check([desk.invoice(currency=None)], [desk.item()])) == ["E314"]


def test_a_blank_currency_takes_the_default(desk: Desk) -> None:
    result = desk.check(
        [desk.invoice("R1", currency=""), desk.invoice("R2", currency="EUR")],
        [desk.item("R1", amount="100"), desk.item("R2")],
        default_currency="JPY",
    )
    assert [invoice["currency"] for invoice in desk.sent(result)] == ["JPY", "EUR"]
    assert result.summary["money"]["JPY"]["accepted"] == "100"
    column_absent = desk.check([desk.invoice(currency=None)], [desk.item()], default_currency="USD")
    assert desk.sent(column_absent)[0]["currency"] == "USD"


def test_the_default_currency_decides_the_decimals(desk: Desk) -> None:
    result = desk.check([desk.invoice(currency="")], [desk.item(amount="1.50")], default_currency="JPY")
    assert desk.codes(result) == ["E204"]


# -- a tenant's own fields -----------------------------------------------------------------------------

OWN = """
[custom_fields.invoices]
Region__c = "text"
Approved__c = {kind = "yes or no", label = "Approved by"}
[custom_fields.items]
Weight__c = "number"
Class__c = {kind = "choice", choices = ["A", "B"], required = true}
Shipped__c = "date"
Code__c = {kind = "identifier", max_length = 3}
"""


def test_custom_fields_are_read_and_sent_under_their_own_names(desk: Desk) -> None:
    desk.settings(OWN)
    result = desk.check(
        [desk.invoice(Region__c="Süd", **{"Approved by": "yes"})],
        [desk.item(Weight__c="1.250", Class__c="a", Shipped__c="2026-11-02", Code__c="007")],
    )
    assert desk.told(result) == []
    (invoice,) = desk.sent(result)
    (item,) = invoice["invoiceItems"]
    assert (invoice["Region__c"], invoice["Approved__c"]) == ("Süd", True)
    custom = {name: value for name, value in item.items() if name.endswith("__c")}
    assert custom == {
        "Weight__c": Decimal("1.25"), "Class__c": "A", "Shipped__c": "2026-11-02", "Code__c": "007",
    }  # fmt: skip


def test_custom_fields_are_judged_like_any_other(desk: Desk) -> None:
    desk.settings(OWN)
    result = desk.check(
        [desk.invoice(Region__c="\N{FIRE}", **{"Approved by": "perhaps"})],
        [desk.item(Weight__c="heavy", Class__c="", Shipped__c="2026-02-30", Code__c="0007")],
    )
    assert desk.told(result) == [
        ("E213", "Region__c", 2),
        ("E210", "Approved by", 2),
        ("E202", "Weight__c", 2),
        ("E201", "Class__c", 2),
        ("E205", "Shipped__c", 2),
        ("E208", "Code__c", 2),
    ]


def test_a_mandatory_custom_field_needs_its_column(desk: Desk) -> None:
    desk.settings(OWN)
    assert desk.codes(desk.check([desk.invoice()], [desk.item()])) == ["E103"]


def test_without_the_setting_the_column_is_unknown(desk: Desk) -> None:
    result = desk.check([desk.invoice(Region__c="Süd")], [desk.item()])
    assert (desk.codes(result), result.verdict) == (["E104"], "rejected")


# -- nothing there -------------------------------------------------------------------------------------


def test_a_sheet_with_a_header_alone_is_told_once(desk: Desk) -> None:
    def nothing(row: dict[str, str]) -> dict[str, str]:
        return dict.fromkeys(row, "")

    result = desk.check([desk.invoice()], [nothing(desk.item())])
    assert desk.codes(result) == ["E102"]
    result = desk.check([nothing(desk.invoice())], [desk.item()])
    assert desk.codes(result) == ["E102"]
    result = desk.check([nothing(desk.invoice())], [nothing(desk.item())])
    assert (desk.codes(result), result.verdict) == (["E102", "E102"], "rejected")
