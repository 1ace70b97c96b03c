"""Zuora standalone invoices: which fields go where, and what is tighter.

Source: Zuora API reference, `POST /v1/invoices/batch` (`PostInvoiceType`, `PostInvoiceItemType`), read
2026-11-20; limits of the `zuora-sdk` 3.21.0 models where the reference has none.
"""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import Placement, Projection

DEFAULT_NUMBER_LENGTH = 16
"""Characters of an invoice number: the sources say 16, 32 and 255; the strictest is the default."""


_CONNECTOR = (
    Placement("integration_id_ns", "IntegrationId__NS"),
    Placement("integration_status_ns", "IntegrationStatus__NS"),
    Placement("sync_date_ns", "SyncDate__NS"),
)

_INVOICES = (
    Placement("invoice_ref", None),
    Placement("account_number", "accountNumber"),
    Placement("account_id", "accountId"),
    Placement("invoice_date", "invoiceDate", required=True),
    Placement("due_date", "dueDate"),
    Placement("currency", "currency"),
    Placement("status", "status"),
    Placement("auto_pay", "autoPay"),
    Placement("comments", "comments"),
    Placement("invoice_number", "invoiceNumber"),
    Placement("payment_term", "paymentTerm"),
    Placement("sequence_set", "sequenceSet"),
    Placement("template_id", "templateId"),
    Placement("communication_profile_id", "communicationProfileId"),
    Placement("bill_to_contact_id", "billToContactId"),
    Placement("sold_to_contact_id", "soldToContactId"),
    Placement("ship_to_contact_id", "shipToContactId"),
    Placement("sold_to_same_as_bill_to", "soldToSameAsBillTo"),
    Placement("ship_to_same_as_bill_to", "shipToSameAsBillTo"),
    Placement("transferred_to_accounting", "transferredToAccounting"),
    *_CONNECTOR,
)

_ITEMS = (
    Placement("invoice_ref", None),
    Placement("item_no", None),
    Placement("catalog_sku", None),
    Placement("product_rate_plan_charge_id", "productRatePlanChargeId"),
    Placement("charge_name", "chargeName"),
    Placement("description", "description"),
    Placement("quantity", "quantity"),
    Placement("unit_price", "unitPrice"),
    Placement("amount", "amount"),
    Placement("service_start_date", "serviceStartDate", required=True),
    Placement("service_end_date", "serviceEndDate"),
    Placement("sku", "sku"),
    Placement("uom", "uom"),
    Placement("charge_date", "chargeDate"),
    Placement("item_type", "itemType"),
    Placement("purchase_order_number", "purchaseOrderNumber"),
    Placement("booking_reference", "bookingReference"),
    Placement("tax_code", "taxCode"),
    Placement("tax_mode", "taxMode"),
    Placement("accounting_code", "accountingCode"),
    Placement("accounts_receivable_accounting_code", "accountsReceivableAccountingCode"),
    Placement("deferred_revenue_accounting_code", "deferredRevenueAccountingCode"),
    Placement("recognized_revenue_accounting_code", "recognizedRevenueAccountingCode"),
    Placement("adjustment_liability_accounting_code", "adjustmentLiabilityAccountingCode"),
    Placement("adjustment_revenue_accounting_code", "adjustmentRevenueAccountingCode"),
    Placement("contract_asset_accounting_code", "contractAssetAccountingCode"),
    Placement("contract_liability_accounting_code", "contractLiabilityAccountingCode"),
    Placement("contract_recognized_revenue_accounting_code", "contractRecognizedRevenueAccountingCode"),
    Placement("unbilled_receivables_accounting_code", "unbilledReceivablesAccountingCode"),
    Placement("exclude_item_billing_from_revenue_accounting", "excludeItemBillingFromRevenueAccounting"),
    Placement("rev_rec_code", "revRecCode"),
    Placement("rev_rec_trigger_condition", "revRecTriggerCondition"),
    Placement("rev_rec_start_date", "revRecStartDate"),
    Placement("revenue_recognition_rule_name", "revenueRecognitionRuleName"),
    *_CONNECTOR,
)

_OWNED_BY_CATALOG = (
    "charge_name",
    "sku",
    "uom",
    "tax_code",
    "tax_mode",
    "accounting_code",
    "deferred_revenue_accounting_code",
    "recognized_revenue_accounting_code",
)

_RULES = (
    "E301",
    "E302",
    "E303",
    "E221",
    "E204",
    "E304",
    "E305",
    "E306",
    "E307",
    "E308",
    "E309",
    "E310",
    "E311",
    "E312",
    "E313",
    "E314",
    "E315",
    "E316",
    "E317",
    "W301",
    "E413",
    "E414",
    "W411",
)


def projection(number_length: int = DEFAULT_NUMBER_LENGTH) -> Projection:
    """The projection for creating standalone invoices.

    Args:
        number_length: characters allowed in an invoice number in this tenant.
    """
    invoices = (
        replace(each, max_length=number_length) if each.field == "invoice_number" else each
        for each in _INVOICES
    )
    return Projection(
        "zuora",
        {"invoices": tuple(invoices), "items": _ITEMS},
        custom=("invoices", "items"),
        astral=False,
        owned_by_catalog=_OWNED_BY_CATALOG,
        rules=_RULES,
        most_items=1000,
    )
