"""Items meet the charges they name: by SKU or charge id, at the date of service, of a billable model."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from support.desk import Desk

from pipeline.result import Result


def _check(desk: Desk, *items: dict[str, Any], **flags: Any) -> Result:
    return desk.check([desk.invoice()], items, **flags)


def _charges(desk: Desk, result: Result) -> list[str | None]:
    """The charge ids that are sent, an item each."""
    return [item.get("productRatePlanChargeId") for item in desk.sent(result)[0]["invoiceItems"]]


# -- what is found -------------------------------------------------------------------------------------


def test_a_sku_becomes_its_charge(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1", product_name="Support", charge_name="Per month"))
    result = _check(desk, desk.sku("SUP"))
    assert desk.told(result) == []
    (item,) = desk.sent(result)[0]["invoiceItems"]
    assert item == {
        "productRatePlanChargeId": "c1",
        "amount": Decimal("10.00"),
        "serviceStartDate": "2026-11-01",
    }
    assert list(result.items["charge_name"]) == ["Per month"]


def test_skus_differ_by_case(desk: Desk) -> None:
    desk.catalog(desk.charge("M", "c1"), desk.charge("m", "c2"))
    assert _charges(desk, _check(desk, desk.sku("m"), desk.sku("M"))) == ["c2", "c1"]
    desk.catalog(desk.charge("M", "c1"))
    assert desk.codes(_check(desk, desk.sku("m"))) == ["E401"]


def test_blanks_inside_a_sku_count(desk: Desk) -> None:
    desk.catalog(desk.charge("BANK CHARGES", "c1"))
    assert _charges(desk, _check(desk, desk.sku("BANK CHARGES"))) == ["c1"]
    assert desk.codes(_check(desk, desk.sku("BANKCHARGES"))) == ["E401"]


def test_a_charge_id_is_as_good_as_a_sku(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"), desk.charge("SUP", "c2"))
    result = _check(desk, desk.sku("", product_rate_plan_charge_id="c2"))
    assert (desk.told(result), _charges(desk, result)) == ([], ["c2"])


def test_an_unknown_sku_is_told_with_the_nearest(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP-100", "c1", product_name="Support"), desk.charge("X", "c2"))
    result = _check(desk, desk.sku("SUP-10O"), desk.sku("quite another"))
    assert desk.told(result) == [("E401", "catalog_sku", 2), ("E401", "catalog_sku", 3)]
    first, second = result.issues["message"]
    assert (
        first
        == 'The catalog has no SKU "SUP-10O". Did you mean SUP-100 (Support; a letter looks like a digit)?'
    )
    assert second == 'The catalog has no SKU "quite another".'


def test_an_unknown_charge_id_is_told_with_the_nearest(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "402890555a87d7f5015a88c613c50001", charge_name="Per month"))
    result = _check(desk, desk.item(product_rate_plan_charge_id="402890555a87d7f5015a88c613c5000l"))
    assert desk.told(result) == [("E402", "product_rate_plan_charge_id", 2)]
    assert (
        "402890555a87d7f5015a88c613c50001 (Per month; a letter looks like a digit)?"
        in result.issues["message"][0]
    )


# -- validity ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "valid"),
    [
        ("2025-12-31", False),
        ("2026-01-01", True),
        ("2026-06-30", True),
        ("2026-12-31", True),
        ("2027-01-01", False),
    ],
)
def test_a_charge_is_valid_on_its_first_and_its_last_day(desk: Desk, day: str, valid: bool) -> None:
    desk.catalog(desk.charge("SUP", "c1", effective_from="2026-01-01", effective_to="2026-12-31"))
    result = _check(desk, desk.sku("SUP", service_start_date=day))
    assert desk.codes(result) == ([] if valid else ["E403"])
    if not valid:
        assert result.issues["message"][0] == (
            f'catalog_sku "SUP" is not valid on the service start date {day}; '
            "it is valid from 2026-01-01 to 2026-12-31."
        )


def test_a_validity_may_be_open_at_either_end(desk: Desk) -> None:
    desk.catalog(
        desk.charge("OLD", "c1", effective_to="2026-01-31"),
        desk.charge("NEW", "c2", effective_from="2026-02-01"),
    )
    good = [
        desk.sku("OLD", service_start_date="1990-01-01"),
        desk.sku("NEW", service_start_date="2099-01-01"),
    ]
    assert desk.codes(_check(desk, *good)) == []
    bad = [desk.sku("OLD", service_start_date="2026-02-01"), desk.sku("NEW", service_start_date="2026-01-31")]
    result = _check(desk, *bad)
    assert desk.codes(result) == ["E403", "E403"]
    assert "from ever to 2026-01-31." in result.issues["message"][0]
    assert "from 2026-02-01 to open end." in result.issues["message"][1]


def test_of_charges_one_after_the_other_the_one_valid_then_is_taken(desk: Desk) -> None:
    desk.catalog(
        desk.charge("SUP", "c1", effective_to="2026-06-30"),
        desk.charge("SUP", "c2", effective_from="2026-07-01"),
    )
    days = [desk.sku("SUP", service_start_date=day) for day in ("2026-06-30", "2026-07-01")]
    assert _charges(desk, _check(desk, *days)) == ["c1", "c2"]


def test_a_charge_id_is_held_against_its_validity_too(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1", effective_to="2026-06-30"))
    result = _check(desk, desk.item(product_rate_plan_charge_id="c1"))
    assert desk.told(result) == [("E403", "product_rate_plan_charge_id", 2)]


@pytest.mark.parametrize("day", ["soon", ""])
def test_with_an_unreadable_date_validity_and_ambiguity_are_unknown(desk: Desk, day: str) -> None:
    desk.catalog(
        desk.charge("SUP", "c1", effective_to="2026-06-30"),
        desk.charge("SUP", "c2", effective_from="2026-07-01"),
        desk.charge("OLD", "c3", effective_to="2020-12-31"),
    )
    result = _check(desk, desk.sku("SUP", service_start_date=day), desk.sku("OLD", service_start_date=day))
    assert desk.codes(result) == ["E205" if day else "E201"] * 2


# -- which charge --------------------------------------------------------------------------------------


def test_a_sku_of_several_charges_is_ambiguous(desk: Desk) -> None:
    desk.catalog(desk.charge("CAB", "c1", charge_name="1 m"), desk.charge("CAB", "c2"))
    result = _check(desk, desk.sku("CAB"))
    assert desk.told(result) == [("E404", "catalog_sku", 2)]
    assert result.issues["message"][0] == (
        'The catalog SKU "CAB" names several charges: c1 (1 m), c2 (no name).'
    )


def test_only_charges_that_could_be_billed_are_offered(desk: Desk) -> None:
    rows = [desk.charge("CAB", charge_id) for charge_id in ("c1", "c3")]
    desk.catalog(desk.charge("CAB", "c2", charge_model="Tiered Pricing"), *rows)
    (message,) = _check(desk, desk.sku("CAB")).issues["message"]
    assert message.endswith("several charges: c1 (no name), c3 (no name).")


@pytest.mark.parametrize("model", ["Flat Fee", "Per Unit", "flat fee pricing", "Per Unit Pricing"])
def test_models_that_can_be_billed(desk: Desk, model: str) -> None:
    desk.catalog(desk.charge("SUP", "c1", charge_model=model))
    assert desk.codes(_check(desk, desk.sku("SUP"))) == []


@pytest.mark.parametrize("model", ["Tiered Pricing", "Volume Pricing", "Overage", "Flat"])
def test_models_that_cannot(desk: Desk, model: str) -> None:
    desk.catalog(desk.charge("STO", "c1", charge_model=model))
    result = _check(desk, desk.sku("STO"), desk.item(product_rate_plan_charge_id="c1"))
    assert desk.codes(result) == ["E405", "E405"]
    assert f"has the charge model {model}; only Flat Fee and Per Unit" in result.issues["message"][0]


def test_of_a_usable_and_a_tiered_charge_the_usable_one_is_meant(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1", charge_model="Tiered Pricing"), desk.charge("SUP", "c2"))
    assert _charges(desk, _check(desk, desk.sku("SUP"))) == ["c2"]


def test_a_usable_charge_that_has_expired_helps_no_tiered_one(desk: Desk) -> None:
    desk.catalog(
        desk.charge("SUP", "c1", charge_model="Tiered Pricing"),
        desk.charge("SUP", "c2", effective_to="2020-12-31"),
    )
    assert desk.codes(_check(desk, desk.sku("SUP"))) == ["E405"]


def test_a_charge_with_prices_in_two_currencies_is_one_charge(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"), desk.charge("SUP", "c1", currency="USD", list_price="500"))
    assert _charges(desk, _check(desk, desk.sku("SUP"))) == ["c1"]


def test_sku_and_charge_id_must_belong_together(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"), desk.charge("CON", "c2"))
    same = _check(desk, desk.sku("SUP", product_rate_plan_charge_id="c1"))
    assert desk.codes(same) == []
    result = _check(desk, desk.sku("SUP", product_rate_plan_charge_id="c2"))
    assert desk.told(result) == [("E406", "catalog_sku", 2)]
    assert result.issues["message"][0] == (
        'The catalog SKU is "SUP", but the charge id belongs to the SKU CON.'
    )


# -- the free SKU --------------------------------------------------------------------------------------


def test_a_product_in_the_free_sku_column_is_an_error_that_points_to_the_right_one(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"))
    result = _check(desk, desk.item(sku="SUP"), desk.item(sku="sup"), desk.item(sku="MISC"))
    assert desk.told(result) == [("E407", "sku", 2)]
    assert result.issues["fix"][0] == "Move it to the column Catalog SKU."


def test_a_free_sku_beside_a_charge_is_only_ignored(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"), desk.charge("CON", "c2"))
    result = _check(desk, desk.sku("SUP", sku="CON"), desk.sku("SUP", sku="SUP"))
    assert desk.told(result) == [("W401", "sku", 2)]


# -- no catalog ----------------------------------------------------------------------------------------


def test_without_a_catalog_a_sku_cannot_be_looked_up(desk: Desk) -> None:
    result = _check(desk, desk.sku("SUP"))
    assert (desk.told(result), result.verdict) == ([("E408", "catalog_sku", 2)], "rejected")
    assert result.summary["catalog"] is None


def test_without_a_catalog_charge_ids_are_sent_unchecked_and_that_is_told_once(desk: Desk) -> None:
    items = [
        desk.item(product_rate_plan_charge_id=charge_id, tax_code="T") for charge_id in ("c1", "c2", "c3")
    ]
    result = _check(desk, *items)
    assert desk.told(result) == [("W402", "product_rate_plan_charge_id", 2)]
    assert list(result.issues["rows"]) == [3]
    assert result.summary["warnings"] == {"W402": 3}
    assert _charges(desk, result) == ["c1", "c2", "c3"]
    assert "taxCode" not in desk.sent(result)[0]["invoiceItems"][0]


# -- what the catalog owns -----------------------------------------------------------------------------

OWNED = {
    "charge_name": "chargeName",
    "sku": "sku",
    "uom": "uom",
    "tax_code": "taxCode",
    "tax_mode": "taxMode",
    "accounting_code": "accountingCode",
    "deferred_revenue_accounting_code": "deferredRevenueAccountingCode",
    "recognized_revenue_accounting_code": "recognizedRevenueAccountingCode",
}


def test_what_the_catalog_owns_is_shown_and_not_sent(desk: Desk) -> None:
    theirs = {name: f"their {name}" for name in OWNED} | {"sku": "SUP", "tax_mode": "TaxInclusive"}
    mine = {name: f"my {name}" for name in OWNED} | {"tax_mode": "TaxExclusive"}
    desk.catalog({**desk.charge("SUP", "c1"), **theirs})
    result = _check(desk, desk.sku("SUP", **mine), desk.item(**mine))
    looked_up, free = desk.sent(result)[0]["invoiceItems"]
    assert not set(OWNED.values()) & set(looked_up)
    assert {name: free[key] for name, key in OWNED.items()} == mine
    assert {name: list(result.items[name]) for name in OWNED} == {
        name: [theirs[name], mine[name]] for name in OWNED
    }
    assert desk.told(result) == [("W401", name, 2) for name in mine]


def test_a_sheet_value_that_differs_is_one_warning_a_cause(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1", tax_code="STD"), desk.charge("CON", "c2", tax_code="RED"))
    items = [
        *[desk.sku("SUP", tax_code="RED")] * 3,
        *[desk.sku("SUP", tax_code="STD")] * 2,
        *[desk.sku("SUP", tax_code="ZERO")] * 4,
        desk.sku("CON", tax_code="STD"),
        desk.sku("SUP", tax_code=""),
    ]
    result = _check(desk, *items)
    assert result.verdict == "accepted"
    issues = result.issues[["code", "row", "rows"]].to_numpy().tolist()
    assert issues == [["W401", 2, 3], ["W401", 7, 4], ["W401", 11, 1]]
    assert result.summary["warnings"] == {"W401": 8}
    assert '"RED" in the sheet, but STD in the catalog' in result.issues["message"][0]


def test_a_value_where_the_catalog_has_none_is_ignored_and_told(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"))
    result = _check(desk, desk.sku("SUP", uom="day"))
    assert desk.told(result) == [("W401", "uom", 2)]
    assert 'is "day" in the sheet, but blank in the catalog' in result.issues["message"][0]


# -- prices --------------------------------------------------------------------------------------------


def test_the_catalogs_price_is_used_only_where_the_settings_say_so(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1", list_price="450.125"))
    item = desk.sku("SUP", amount=None, quantity="3")
    assert desk.told(_check(desk, item)) == [("E302", "Amount", 2)]
    result = _check(desk, item, item, catalog_price=True)
    assert [(*issue[:1], issue[2]) for issue in desk.told(result)] == [("W403", 2)]
    assert list(result.issues["rows"]) == [2]
    assert "450.125 is used" in result.issues["message"][0]
    sent = desk.sent(result)[0]["invoiceItems"][0]
    assert (sent["unitPrice"], sent["amount"]) == (Decimal("450.125"), Decimal("1350.38"))


def test_a_price_of_the_sheet_is_never_replaced(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1", list_price="450"))
    result = _check(
        desk,
        desk.sku("SUP", amount=None, quantity="2", unit_price="7"),
        desk.sku("SUP", amount="5", quantity="2"),
        catalog_price=True,
    )
    assert desk.told(result) == [("W805", "unit_price", 2)]
    first, second = desk.sent(result)[0]["invoiceItems"]
    assert (first["unitPrice"], first["amount"]) == (7, 14)
    assert ("unitPrice" in second, second["amount"]) == (False, 5)


def test_a_price_in_another_currency_is_never_used(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"), desk.charge("SUP", "c1", currency="JPY", list_price="70000"))
    item = desk.sku("SUP", amount=None, quantity="2")
    sums = {
        currency: desk.check([desk.invoice(currency=currency)], [item], catalog_price=True)
        for currency in ("EUR", "JPY", "USD")
    }
    assert sums["EUR"].summary["money"]["EUR"]["accepted"] == "900.00"
    assert sums["JPY"].summary["money"]["JPY"]["accepted"] == "140000"
    assert desk.codes(sums["USD"]) == ["E302"]


def test_amounts_from_the_catalog_are_judged_like_any_other(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"))
    item = desk.sku("SUP", amount=None, quantity="-1")
    assert desk.codes(_check(desk, item, catalog_price=True)) == ["E311", "E312", "W403"]
    allowed = _check(desk, item, catalog_price=True, allow_negative_items=True)
    assert desk.codes(allowed) == ["E311", "W403"]
    huge = _check(desk, desk.sku("SUP", amount=None, quantity="999999999999999"), catalog_price=True)
    assert (desk.codes(huge), huge.verdict) == (["E302", "W403"], "rejected")


def test_no_invoice_is_accepted_with_an_amount_that_nobody_knows(desk: Desk) -> None:
    item = desk.item(amount=None, quantity="2", product_rate_plan_charge_id="c1")
    without_catalog = _check(desk, item, catalog_price=True)
    assert (desk.codes(without_catalog), without_catalog.verdict) == (["E302", "W402"], "rejected")
    nothing = desk.item(amount=None, quantity="2")
    assert desk.codes(_check(desk, nothing, catalog_price=True)) == ["E302"]


def test_a_price_is_unknown_not_missing_where_the_charge_is(desk: Desk) -> None:
    desk.catalog(
        desk.charge("OLD", "c1", effective_to="2020-12-31"),
        desk.charge("CAB", "c2"),
        desk.charge("CAB", "c3"),
        desk.charge("STO", "c4", charge_model="Tiered Pricing"),
    )
    items = [desk.sku(sku, amount=None, quantity="1") for sku in ("OLD", "CAB", "STO", "NONE")]
    assert desk.codes(_check(desk, *items, catalog_price=True)) == ["E401", "E403", "E404", "E405"]


def test_a_price_is_unknown_not_missing_where_the_currency_is(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"))
    items = [desk.sku("SUP", amount=None, quantity="1"), desk.sku("SUP", "R9", amount=None, quantity="1")]
    result = desk.check([desk.invoice(currency="EURO")], items, catalog_price=True)
    assert desk.codes(result) == ["E220", "E308"]
