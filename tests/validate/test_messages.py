"""Every code of the catalogue comes out of the real line, and its sentence has no hole."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.desk import Desk

import pipeline
from pipeline.issues import CATALOGUE

Issue = dict[str, Any]
HEX = "0" * 32
DRAFT = {"invoice_ref": "C1", "invoice_key": HEX, "currency": "EUR", "comments": "c"}


def _pair(invoice: dict[str, Any] | None = None, item: dict[str, Any] | None = None, **flags: Any):
    """A pair with faulty cells."""

    def issues(desk: Desk) -> list[Issue]:
        result = desk.check([desk.invoice(**invoice or {})], [desk.item(**item or {})], **flags)
        return result.issues.to_dict("records")

    return issues


def _book(**item: Any):
    """A workbook with a faulty cell."""

    def issues(desk: Desk) -> list[Issue]:
        return desk.check_book([desk.invoice()], [desk.item(**item)]).issues.to_dict("records")

    return issues


def _changed(change: Callable[[Any], None], **flags: Any):
    """A workbook with two invoices of one item each, changed by hand before it is handed in."""

    def issues(desk: Desk) -> list[Issue]:
        from openpyxl import load_workbook

        items = [desk.item(ref, amount=10) for ref in ("R1", "R2")]
        path = desk.workbook([desk.invoice("R1"), desk.invoice("R2")], items)
        book = load_workbook(path)
        change(book["Items"])
        book.save(path)
        return pipeline.check(path, workspace=desk.workspace, **flags).issues.to_dict("records")

    return issues


def _hide_row(sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True


def _hide_items(sheet: Any) -> None:
    sheet.sheet_state = "hidden"


def _hide_column(sheet: Any) -> None:
    sheet.column_dimensions["C"].hidden = True


def _merge(sheet: Any) -> None:
    sheet.merge_cells("C2:C3")


def _add_total(sheet: Any) -> None:
    sheet.append(["Total", None, 21])


def _show_amount(sheet: Any) -> None:
    sheet["C2"], sheet["C2"].number_format = 9.996, "0.00"


def _show_name(sheet: Any) -> None:
    sheet["B2"], sheet["B2"].number_format = 123, "00000"


def _catalogued(item: dict[str, Any], *charges: dict[str, Any], **flags: Any):
    """A pair beside a catalog."""

    def issues(desk: Desk) -> list[Issue]:
        desk.catalog(desk.charge("SUP", "c1"), *(desk.charge(**charge) for charge in charges))
        row = desk.item(**{"charge_name": None} | item)
        return desk.check([desk.invoice()], [row], **flags).issues.to_dict("records")

    return issues


TAX = {
    "invoice_ref": "R1", "item_no": "1", "tax_name": "VAT", "tax_amount": "1", "tax_rate": "0.1",
    "tax_rate_type": "Percentage", "tax_date": "2026-11-30", "tax_code": "S", "tax_mode": "TaxExclusive",
}  # fmt: skip
DISCOUNT = {"invoice_ref": "R1", "item_no": "1", "discount_amount": "-1", "discount_name": "Loyalty"}
CONTACT = {"invoice_ref": "R1", "contact_role": "Bill-to", "first_name": "Ada", "last_name": "Byron"}


KNOWN = {"account_number": "A1", "currency": "EUR", "customer_id": "0f8fad5b-d9cb-469f-a165-70867728950e"}


OTHER = {"account_number": "A2", "customer_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}


def _hanging(table: str, *rows: dict[str, Any], invoice: Any = None, item: Any = None):
    """A pair, and rows of a sheet that hang on it."""

    def issues(desk: Desk) -> list[Issue]:
        pair = {"invoices": [desk.invoice(**invoice or {})], "items": [desk.item(item_no="1", **item or {})]}
        return desk.check_tree({**pair, table: rows}).issues.to_dict("records")

    return issues


def _twice(invoice: dict[str, Any], item: dict[str, Any] | None = None):
    """Two invoices, the second with these cells."""

    def issues(desk: Desk) -> list[Issue]:
        first = desk.invoice("R1", invoice_number="N1")
        items = [desk.item("R1", item_no="1"), desk.item(**item or {"invoice_ref": "R2"})]
        result = desk.check([first, desk.invoice(**{"invoice_ref": "R2"} | invoice)], items)
        return result.issues.to_dict("records")

    return issues


def _price_list(*rows: dict[str, Any]):
    """A price list with faults."""

    def issues(desk: Desk) -> list[Issue]:
        return desk.catalog(*(desk.charge(**row) for row in rows)).issues.to_pylist()

    return issues


def _listed(*accounts: dict[str, Any], quantity: str = "1", **cells: Any):
    """A one-off invoice beside an account list."""

    def issues(desk: Desk) -> list[Issue]:
        loaded = desk.accounts(*accounts) if accounts else None
        row = {"invoice_ref": "R1", "currency": "EUR", **cells}
        line = {"invoice_ref": "R1", "description": "Day", "quantity": quantity, "unit_price": "10"}
        result = desk.check([row], [line], target="bxb", money_unit="major")
        return [*(loaded.issues.to_pylist() if loaded else ()), *result.issues.to_dict("records")]

    return issues


def _drafts(drafts: list[dict[str, Any]], *items: dict[str, Any]):
    """Changes of drafts."""

    def issues(desk: Desk) -> list[Issue]:
        rows = [DRAFT | draft for draft in drafts]
        lines = [{"invoice_ref": "C1", "action": "Change", "item_id": HEX} | line for line in items]
        return desk.check(rows, lines, target="zuora-drafts").issues.to_dict("records")

    return issues


def _for_another_target(desk: Desk) -> list[Issue]:
    book = Path(__file__).parents[2] / "data" / "hanging" / "invoices.xlsx"
    result = desk.checked(book, target="bxb", money_unit="major")
    return result.issues.to_dict("records")


def _raw(invoices: str, items: str):
    """Files as they are."""

    def issues(desk: Desk) -> list[Issue]:
        paths = desk.folder / "a.csv", desk.folder / "b.csv"
        for path, text in zip(paths, (invoices, items), strict=True):
            path.write_text(text, encoding="utf-8")
        files = [path for path in paths if path.stat().st_size]
        return pipeline.check(*files, workspace=desk.workspace).issues.to_dict("records")

    return issues


def _conflict(desk: Desk) -> list[Issue]:
    desk.run([desk.invoice()], [desk.item()])
    return desk.check([desk.invoice()], [desk.item(amount="11.00")]).issues.to_dict("records")


def _all_or_nothing(desk: Desk) -> list[Issue]:
    result = desk.check(
        [desk.invoice("R1"), desk.invoice("R2", currency="")],
        [desk.item("R1"), desk.item("R2")],
        policy="all-or-nothing",
    )
    return result.issues.to_dict("records")


def _too_many(desk: Desk) -> list[Issue]:
    return desk.check([desk.invoice()], [desk.item()] * 1001).issues.to_dict("records")


INVOICES = "invoice_ref,account_number,invoice_date,currency\nR1,A1,2026-11-30,EUR\n"
ITEMS = "invoice_ref,charge_name,amount,service_start_date\nR1,Day,10,2026-11-01\n"
FLAT = (
    "invoice_ref,account_number,invoice_date,charge_name,amount,service_start_date\n"
    "R1,A1,2026-11-30,Day,10.00,2026-11-01\n"
)
SAME, SOLD_TO = "sold_to_same_as_bill_to", "sold_to_contact_id"
PRICED = {"catalog_sku": "SUP", "amount": "", "quantity": "1"}

CASES: dict[str, Callable[[Desk], list[Issue]]] = {
    "E101": _raw(INVOICES, ""),
    "E102": _raw(INVOICES, ITEMS.splitlines()[0] + "\n"),
    "E103": _pair(item={"service_start_date": None}),
    "E104": _pair(invoice={"curency": "EUR"}),
    "E105": _raw(INVOICES.replace("currency", "currency,Currency").replace("EUR", "EUR,EUR"), ITEMS),
    "E106": _raw(INVOICES, ITEMS.replace("2026-11-01", "2026-11-01,more")),
    "E201": _pair(invoice={"invoice_date": ""}),
    "E202": _pair(item={"amount": "ten"}),
    "E203": _pair(item={"amount": "1" * 16}),
    "E204": _pair(item={"amount": "9.996"}),
    "E205": _pair(invoice={"invoice_date": "03/04/2026"}, date_format="yyyy/mm/dd"),
    "E207": _pair(invoice={"invoice_date": "1899-12-31"}),
    "E208": _pair(invoice={"comments": "c" * 300}),
    "E209": _pair(invoice={"status": "Postd"}),
    "E210": _pair(invoice={"auto_pay": "perhaps"}),
    "E211": _pair(invoice={"template_id": "x"}),
    "E212": _pair(invoice={"comments": "a\x07"}),
    "E213": _pair(invoice={"comments": "\N{FIRE}"}),
    "E214": _book(amount="#N/A"),
    "E215": _book(amount="=1+1"),
    "E216": _book(amount=True),
    "E217": _pair(invoice={"account_number": "1.23457E+16"}),
    "E220": _pair(invoice={"currency": "EURO"}),
    "E110": _raw(FLAT + "R1,A2,2026-11-30,Day,1.00,2026-11-01\n", ""),
    "E111": _raw(FLAT.replace("invoice_ref", "IsNewInvoice,invoice_ref").replace("\nR1", "\nperhaps,R1"), ""),
    "E221": _pair(item={"amount": "$10.00"}, decimal="point"),
    "E112": _changed(_hide_row),
    "W102": _changed(_hide_row, hidden_rows="read"),
    "W103": _changed(_hide_column),
    "E113": _changed(_hide_items),
    "W105": _changed(_hide_items, hidden_sheets="read"),
    "W104": _changed(_add_total),
    "E218": _changed(_show_amount),
    "E219": _changed(_show_name),
    "E222": _changed(_merge),
    "E301": _pair(invoice={"account_number": ""}),
    "E302": _pair(item={"amount": ""}),
    "E303": _pair(item={"charge_name": ""}),
    "E304": _pair(item={"amount": "9.98", "quantity": "1", "unit_price": "10"}),
    "E305": _pair(invoice={"due_date": "2026-01-01"}),
    "E306": _pair(item={"service_end_date": "2026-01-01"}),
    "E307": _twice({"invoice_ref": "R1"}, {"invoice_ref": "R1"}),
    "E308": _pair(item={"invoice_ref": "R9"}),
    "E309": _twice({}, {"invoice_ref": "R1"}),
    "E310": _too_many,
    "E311": _pair(item={"amount": "-1"}),
    "E312": _pair(item={"amount": "-1"}),
    "E313": _twice({}, {"invoice_ref": "R1", "item_no": "1"}),
    "E314": _pair(invoice={"currency": ""}),
    "E315": _pair(invoice={SAME: "yes", SOLD_TO: HEX}),
    "E316": _twice({"invoice_number": "N1"}),
    "E317": _pair(invoice={"invoice_ref": "R/1"}, item={"invoice_ref": "R/1"}, invoice_number="ref"),
    "W301": _pair(invoice={SAME: "yes"}),
    "W304": _pair(item={"amount": "9", "quantity": "1", "unit_price": "10"}, amount_mismatch="warning"),
    "W201": _pair(item={"charge_name": " Day "}),
    "E320": _hanging("taxes", TAX | {"item_no": "2"}),
    "E321": _hanging("taxes", TAX | {"discount_no": "2"}),
    "E322": _hanging("taxes", TAX | {"invoice_ref": "R2"}),
    "E323": _hanging("taxes", *[TAX] * 6),
    "E324": _hanging("contacts", CONTACT, CONTACT | {"first_name": "Bea"}),
    "E325": _hanging("taxes", TAX, item={"tax_code": "S"}),
    "E326": _hanging("discounts", DISCOUNT | {"discount_amount": "1"}),
    "E327": _hanging("discounts", DISCOUNT | {"discount_name": ""}),
    "E328": _hanging("contacts", CONTACT, invoice={"bill_to_contact_id": HEX}),
    "E330": _drafts([DRAFT], {"item_id": "", "amount": "1"}),
    "E331": _drafts([DRAFT], {"action": "Add"}),
    "E332": _drafts([DRAFT], {"action": "Delete", "amount": "1"}),
    "E333": _drafts([DRAFT], {"amount": "1"}, {"action": "Delete"}),
    "E334": _drafts([DRAFT], {}),
    "E335": _drafts([DRAFT], {"booking_reference": "B"}),
    "E336": _drafts([{"invoice_date": "2026-11-01", "due_date": "2026-12-01"}], {"amount": "1"}),
    "E337": _drafts([DRAFT], {"action": "Add", "item_id": ""}),
    "E338": _drafts([DRAFT, {"invoice_ref": "C2"}], {"amount": "1"}),
    "E339": _drafts([DRAFT], {"quantity": "1"}),
    "E340": _for_another_target,
    "W320": _hanging("discounts", DISCOUNT | {"product_rate_plan_charge_id": "c"}),
    "E351": _listed(KNOWN, account_number="A1", quantity="100000000"),
    "E352": _listed(KNOWN, account_number="A1", invoice_number="N1"),
    "W412": _listed(KNOWN, account_number="A1", comments="c"),
    "E412": _listed(KNOWN, KNOWN | {"currency": "USD"}),
    "E413": _listed(KNOWN, account_number="A2"),
    "E414": _listed(KNOWN, OTHER, account_number="A1", customer_id=OTHER["customer_id"]),
    "E415": _listed(),
    "W411": _listed(KNOWN, account_number="A1", currency="USD"),
    "E401": _catalogued({"catalog_sku": "SUPP"}),
    "E402": _catalogued({"product_rate_plan_charge_id": "c9"}),
    "E403": _catalogued({"catalog_sku": "OLD"}, {"sku": "OLD", "charge": "c2", "effective_to": "2020-01-01"}),
    "E404": _catalogued({"catalog_sku": "SUP"}, {"sku": "SUP", "charge": "c2"}),
    "E405": _catalogued({"catalog_sku": "S"}, {"sku": "S", "charge": "c2", "charge_model": "Tiered"}),
    "E406": _catalogued(
        {"catalog_sku": "X", "product_rate_plan_charge_id": "c1"}, {"sku": "X", "charge": "c2"}
    ),
    "E407": _catalogued({"sku": "SUP", "charge_name": "Day"}),
    "E408": _pair(item={"catalog_sku": "SUP"}),
    "E410": _price_list({"sku": "A", "charge": "c1"}, {"sku": "B", "charge": "c1"}),
    "E411": _price_list(
        {"sku": "A", "charge": "c1", "list_price": "1"}, {"sku": "A", "charge": "c1", "list_price": "2"}
    ),
    "W401": _catalogued({"catalog_sku": "SUP", "uom": "day"}),
    "W402": _pair(item={"product_rate_plan_charge_id": "c1"}),
    "W403": _catalogued(PRICED, catalog_price=True),
    "E501": _conflict,
    "E502": _all_or_nothing,
}

MAY_BE_EMPTY = {"near", "readings", "declared"}
"""Facts that begin with a blank or are not there, where the template leaves no blank before them."""


def _form(template: str) -> str:
    """The template as a regular expression: every hole must hold something."""
    pieces = re.split(r"\{(\w+)\}", template)
    patterns = [re.escape(piece) for piece in pieces]
    for at in range(1, len(pieces), 2):
        optional = pieces[at] in MAY_BE_EMPTY and not pieces[at - 1].endswith(" ")
        patterns[at] = r"( .+)?" if optional else r"(\S|\S.*\S)"
    return "".join(patterns)


ELSEWHERE = {
    "read/test_attacks.py": {"E107", "W101"},  # workbooks with several sheets
    "review/test_review.py": {"E804", *(f"W80{n}" for n in range(1, 9))},
    "acceptance/test_control_totals.py": {"E601", "E602", "E603", "E604", "W601"},
    "targets/test_outcomes.py": {"E361", "E362", "E363", "E364"},
}
"""Codes that are shown where what they need is at hand."""


def test_every_code_has_its_case() -> None:
    assert sorted({*CASES, *(code for codes in ELSEWHERE.values() for code in codes)}) == sorted(CATALOGUE)
    assert all((Path(__file__).parents[1] / name).is_file() for name in ELSEWHERE)


@pytest.mark.parametrize("code", CASES)
def test_a_code_comes_out_of_the_line_with_whole_sentences(desk: Desk, code: str) -> None:
    issues = [issue for issue in CASES[code](desk) if issue["code"] == code]
    assert issues
    kind = CATALOGUE[code]
    for issue in issues:
        for text, template in ((issue["message"], kind.template), (issue["fix"], kind.fix)):
            assert re.fullmatch(_form(template), text, re.DOTALL), text
            assert not re.search(r"[{}]|  | [.,;:]|: \.|\bNone\b", text)
            assert text.endswith((".", "?"))
        assert issue["level"] == kind.level.value
        assert issue["file"]


def test_a_sentence_shows_hidden_characters_and_cuts_long_values(desk: Desk) -> None:
    result = desk.check([desk.invoice(comments="bell\x07" + "x" * 400)], [desk.item(charge_name="y" * 131)])
    first, second = result.issues["message"]
    assert '"bell\ufffdxxx' in first
    assert all(len(sentence) < 200 and sentence.endswith('x…".') for sentence in [first])
    assert second.endswith('y…".')
    assert "\x07" not in "".join(result.issues["value"])


def test_nothing_in_a_sentence_is_taken_for_a_hole(desk: Desk) -> None:
    result = desk.check([desk.invoice(status="{label} {near}")], [desk.item(amount="{value}")])
    assert '"{label} {near}"' in result.issues["message"][0]
    assert '"{value}"' in result.issues["message"][1]
