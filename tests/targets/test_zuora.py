"""Zuora: what stands in a request is what stands in the sheet, under Zuora's names, and nothing else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from support.desk import Desk

from pipeline.errors import UsageError
from pipeline.model.invoices import RequestLimits
from pipeline.settings import Settings
from pipeline.targets import TARGETS, get_target
from pipeline.targets.zuora.invoices import ZUORA_INVOICES
from schemas.targets import zuora

HEX = "2c92c8f95bd63b98015bd7ab09ef0926"
INVOICE = {
    "invoice_ref": "2026-0001",
    "account_number": "00123",
    "account_id": HEX,
    "invoice_date": "2026-11-30",
    "due_date": "2026-12-30",
    "currency": "EUR",
    "status": "posted",
    "auto_pay": "yes",
    "comments": 'Line "one"\nline \\two\u2028für Ü',
    "invoice_number": "INV-2026-1",
    "payment_term": "Net 30",
    "sequence_set": "Default",
    "template_id": HEX,
    "communication_profile_id": "profile",
    "bill_to_contact_id": HEX,
    "sold_to_contact_id": HEX.upper(),
    "ship_to_contact_id": HEX[::-1],
    "sold_to_same_as_bill_to": "no",
    "ship_to_same_as_bill_to": "FALSE",
    "transferred_to_accounting": "processing",
    "integration_id_ns": "1042",
    "integration_status_ns": "synced",
    "sync_date_ns": "yesterday",
}
GOLDEN_INVOICE = {
    "accountNumber": "00123",
    "accountId": HEX,
    "invoiceDate": "2026-11-30",
    "dueDate": "2026-12-30",
    "currency": "EUR",
    "status": "Posted",
    "autoPay": True,
    "comments": 'Line "one"\nline \\two\u2028für Ü',
    "invoiceNumber": "INV-2026-1",
    "paymentTerm": "Net 30",
    "sequenceSet": "Default",
    "templateId": HEX,
    "communicationProfileId": "profile",
    "billToContactId": HEX,
    "soldToContactId": HEX.upper(),
    "shipToContactId": HEX[::-1],
    "soldToSameAsBillTo": False,
    "shipToSameAsBillTo": False,
    "transferredToAccounting": "Processing",
    "IntegrationId__NS": "1042",
    "IntegrationStatus__NS": "synced",
    "SyncDate__NS": "yesterday",
}
ITEM = {
    "invoice_ref": "2026-0001",
    "item_no": "1",
    "catalog_sku": "",
    "product_rate_plan_charge_id": "",
    "charge_name": "Consulting day",
    "description": 'Cable 19" black',
    "quantity": "2.50",
    "unit_price": "1200.000000001",
    "amount": "3000.00",
    "service_start_date": "2026-11-01",
    "service_end_date": "2026-11-30",
    "sku": "MISC-7",
    "uom": "day",
    "charge_date": "2026-11-15T08:30:00",
    "item_type": "service",
    "purchase_order_number": "PO-4711",
    "booking_reference": "B-100",
    "tax_code": "STD",
    "tax_mode": "taxexclusive",
    "accounting_code": "4000",
    "accounts_receivable_accounting_code": "1200",
    "deferred_revenue_accounting_code": "2400",
    "recognized_revenue_accounting_code": "4001",
    "adjustment_liability_accounting_code": "a",
    "adjustment_revenue_accounting_code": "b",
    "contract_asset_accounting_code": "c",
    "contract_liability_accounting_code": "d",
    "contract_recognized_revenue_accounting_code": "e",
    "unbilled_receivables_accounting_code": "f",
    "exclude_item_billing_from_revenue_accounting": "Y",
    "rev_rec_code": "RR1",
    "rev_rec_trigger_condition": "SERVICEACTIVATIONDATE",
    "rev_rec_start_date": "2026-11-02",
    "revenue_recognition_rule_name": "Recognize upon invoicing",
    "integration_id_ns": "1043",
    "integration_status_ns": "new",
    "sync_date_ns": "never",
}
GOLDEN_ITEM = {
    "chargeName": "Consulting day",
    "description": 'Cable 19" black',
    "quantity": Decimal("2.5"),
    "unitPrice": Decimal("1200.000000001"),
    "amount": Decimal("3000"),
    "serviceStartDate": "2026-11-01",
    "serviceEndDate": "2026-11-30",
    "sku": "MISC-7",
    "uom": "day",
    "chargeDate": "2026-11-15 08:30:00",
    "itemType": "service",
    "purchaseOrderNumber": "PO-4711",
    "bookingReference": "B-100",
    "taxCode": "STD",
    "taxMode": "TaxExclusive",
    "accountingCode": "4000",
    "accountsReceivableAccountingCode": "1200",
    "deferredRevenueAccountingCode": "2400",
    "recognizedRevenueAccountingCode": "4001",
    "adjustmentLiabilityAccountingCode": "a",
    "adjustmentRevenueAccountingCode": "b",
    "contractAssetAccountingCode": "c",
    "contractLiabilityAccountingCode": "d",
    "contractRecognizedRevenueAccountingCode": "e",
    "unbilledReceivablesAccountingCode": "f",
    "excludeItemBillingFromRevenueAccounting": True,
    "revRecCode": "RR1",
    "revRecTriggerCondition": "ServiceActivationDate",
    "revRecStartDate": "2026-11-02",
    "revenueRecognitionRuleName": "Recognize upon invoicing",
    "IntegrationId__NS": "1043",
    "IntegrationStatus__NS": "new",
    "SyncDate__NS": "never",
}


def test_every_field_of_the_declaration_stands_in_the_golden_sheet() -> None:
    placed = zuora.build_zuora_projection().placements
    assert list(INVOICE) == [placement.field for placement in placed["invoices"]]
    assert list(ITEM) == [placement.field for placement in placed["items"]]
    keys = zuora.build_zuora_projection().get_payload_keys
    assert list(GOLDEN_INVOICE) == list(keys("invoices", {}).values())
    assert {*GOLDEN_ITEM, "productRatePlanChargeId"} == set(keys("items", {}).values())


def test_a_full_sheet_becomes_a_full_request(desk: Desk) -> None:
    result = desk.check([INVOICE], [ITEM])
    assert desk.told(result) == [("W806", "auto_pay", 2)]
    (body,) = desk.payloads(result)
    assert body == {
        "invoices": [GOLDEN_INVOICE | {"invoiceItems": [GOLDEN_ITEM]}],
        "useSingleTransaction": False,
    }


def test_a_blank_cell_leaves_no_key(desk: Desk) -> None:
    blank = dict.fromkeys([*INVOICE], "") | desk.invoice()
    (invoice,) = desk.sent(desk.check([blank], [dict.fromkeys([*ITEM], "") | desk.item()]))
    (item,) = invoice.pop("invoiceItems")
    assert invoice == {"accountNumber": "A1", "invoiceDate": "2026-11-30", "currency": "EUR"}
    assert item == {"chargeName": "Day", "amount": Decimal(10), "serviceStartDate": "2026-11-01"}


def test_the_request_says_how_and_where(desk: Desk) -> None:
    result = desk.check([desk.invoice("R1"), desk.invoice("R2")], [desk.item("R1"), desk.item("R2")])
    (request,) = result.assessment.target.build_requests(
        result.assessment.batches, result.assessment.settings
    )
    assert (request.number, request.method, request.path) == (1, "POST", "/v1/invoices/batch")
    assert list(request.invoices) == [0, 1]
    request.body.decode("utf-8")


def test_one_by_one_each_request_is_an_invoice(desk: Desk) -> None:
    invoices, items = [desk.invoice("R1"), desk.invoice("R2")], [desk.item("R1"), desk.item("R2")]
    result = desk.check(invoices, items, request="single")
    requests = list(
        result.assessment.target.build_requests(result.assessment.batches, result.assessment.settings)
    )
    assert [(request.number, request.method, request.path) for request in requests] == [
        (1, "POST", "/v1/invoices"), (2, "POST", "/v1/invoices"),
    ]  # fmt: skip
    (together,) = desk.payloads(desk.check(invoices, items))
    assert desk.payloads(result) == together["invoices"]


def test_a_request_in_one_transaction_says_so(desk: Desk) -> None:
    (body,) = desk.payloads(desk.check([desk.invoice()], [desk.item()], single_transaction=True))
    assert body["useSingleTransaction"] is True


def test_a_currency_is_sent_only_where_the_sheet_gives_it_when_that_is_set(desk: Desk) -> None:
    invoices = [desk.invoice("R1"), desk.invoice("R2", currency="")]
    items = [desk.item("R1"), desk.item("R2")]
    always = desk.sent(desk.check(invoices, items, default_currency="USD"))
    assert [invoice["currency"] for invoice in always] == ["EUR", "USD"]
    given = desk.sent(desk.check(invoices, items, default_currency="USD", send_currency="given"))
    assert [invoice.get("currency") for invoice in given] == ["EUR", None]


def test_the_same_sheets_give_the_same_bytes(desk: Desk) -> None:
    invoices = [desk.invoice(f"R{n}") for n in range(120)]
    items = [desk.item(f"R{n % 120}", description=f"ü {n}") for n in range(700)]

    def bodies() -> list[bytes]:
        assessment = desk.check(invoices, items).assessment
        return [
            request.body
            for request in assessment.target.build_requests(assessment.batches, assessment.settings)
        ]

    first = bodies()
    assert len(first) == 3
    assert bodies() == first


def test_numbers_are_sent_as_the_sheet_says_them(desk: Desk) -> None:
    amounts = ["0.10", "999999999999999", "0.01", "123456789012.34", "0", "7"]
    prices = ["0.000000001", "1000", "00.5", "12.30", "1", "123456.7"]
    items = [
        desk.item(amount=amount, unit_price=price) for amount, price in zip(amounts, prices, strict=True)
    ]
    (invoice,) = desk.sent(desk.check([desk.invoice()], items))
    assert [item["amount"] for item in invoice["invoiceItems"]] == [Decimal(amount) for amount in amounts]
    assert [item["unitPrice"] for item in invoice["invoiceItems"]] == [Decimal(price) for price in prices]


def test_the_target_is_what_the_settings_name() -> None:
    assert get_target(Settings()) is TARGETS["zuora"] is get_target(Settings(target="zuora"))
    with pytest.raises(
        UsageError, match="There is no target zuorra; the targets are zuora, zuora-drafts, bxb"
    ):
        get_target(Settings(target="zuorra"))


def test_limits_are_those_of_the_api() -> None:
    assert ZUORA_INVOICES.get_limits(Settings()) == RequestLimits(invoices=50, items=1000)
    assert ZUORA_INVOICES.get_limits(Settings(request="single")) == RequestLimits(invoices=1, items=1000)
    assert ZUORA_INVOICES.get_projection(Settings()).max_items == 1000
