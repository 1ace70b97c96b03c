"""Zuora standalone invoices: which fields go where, and what is tighter.

Source: Zuora API reference, `POST /v1/invoices/batch` (`PostInvoiceType`, `PostInvoiceItemType`), read
2026-11-20; limits of the `zuora-sdk` 3.21.0 models where the reference has none.
"""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import Placement, Projection
from schemas.tables.contacts import BILL_TO, SHIP_TO, SOLD_TO

DEFAULT_INVOICE_NUMBER_LENGTH = 16
"""Characters of an invoice number: the sources say 16, 32 and 255; the strictest is the default."""


CONNECTOR_PLACEMENTS = (
    Placement("integration_id_ns", "IntegrationId__NS"),
    Placement("integration_status_ns", "IntegrationStatus__NS"),
    Placement("sync_date_ns", "SyncDate__NS"),
)

_INVOICE_PLACEMENTS = (
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
    *CONNECTOR_PLACEMENTS,
)

_ACCOUNTING_PLACEMENTS = (
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
)

ITEM_PLACEMENTS = (
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
    *_ACCOUNTING_PLACEMENTS,
    Placement("exclude_item_billing_from_revenue_accounting", "excludeItemBillingFromRevenueAccounting"),
    Placement("rev_rec_code", "revRecCode"),
    Placement("rev_rec_trigger_condition", "revRecTriggerCondition"),
    Placement("rev_rec_start_date", "revRecStartDate"),
    Placement("revenue_recognition_rule_name", "revenueRecognitionRuleName"),
    *CONNECTOR_PLACEMENTS,
)

_DISCOUNT_PLACEMENTS = (
    Placement("invoice_ref", None),
    Placement("item_no", None),
    Placement("discount_no", None),
    Placement("discount_amount", "amount"),
    Placement("discount_name", "chargeName"),
    Placement("product_rate_plan_charge_id", "productRatePlanChargeId"),
    Placement("description", "description"),
    Placement("unit_price", "unitPrice"),
    Placement("sku", "sku"),
    Placement("charge_date", "chargeDate"),
    Placement("item_type", "itemType"),
    Placement("purchase_order_number", "purchaseOrderNumber"),
    Placement("booking_reference", "bookingReference"),
    *_ACCOUNTING_PLACEMENTS,
    Placement("rev_rec_code", "revRecCode"),
    Placement("rev_rec_trigger_condition", "revRecTriggerCondition"),
    Placement("revenue_recognition_rule_name", "revenueRecognitionRuleName"),
    *CONNECTOR_PLACEMENTS,
)

_TAX_PLACEMENTS = (
    Placement("invoice_ref", None),
    Placement("item_no", None),
    Placement("discount_no", None),
    Placement("tax_name", "name"),
    Placement("tax_amount", "taxAmount"),
    Placement("tax_rate", "taxRate"),
    Placement("tax_rate_type", "taxRateType"),
    Placement("tax_date", "taxDate"),
    Placement("tax_code", "taxCode"),
    Placement("tax_mode", "taxMode", choices=("TaxExclusive",)),
    Placement("exempt_amount", "exemptAmount"),
    Placement("jurisdiction", "jurisdiction"),
    Placement("location_code", "locationCode"),
    Placement("tax_code_description", "taxCodeDescription"),
    Placement("tax_rate_description", "taxRateDescription"),
)

_RATE_PLACEMENTS = (
    Placement("invoice_ref", None),
    Placement("rate_currency", "currency"),
    Placement("fx_rate", "customFxRate"),
    Placement("rate_date", "rateDate"),
)

_CONTACT_PLACEMENTS = (
    Placement("invoice_ref", None),
    Placement("contact_role", None),
    Placement("first_name", "firstName"),
    Placement("last_name", "lastName"),
    Placement("address1", "address1"),
    Placement("address2", "address2"),
    Placement("city", "city"),
    Placement("state", "state"),
    Placement("county", "county"),
    Placement("postal_code", "zipCode"),
    Placement("country", "country"),
    Placement("tax_region", "taxRegion"),
    Placement("personal_email", "personalEmail"),
    Placement("work_email", "workEmail"),
    Placement("work_phone", "workPhone"),
    Placement("mobile_phone", "mobilePhone"),
    Placement("home_phone", "homePhone"),
    Placement("other_phone", "otherPhone"),
    Placement("other_phone_type", "otherPhoneType"),
    Placement("fax", "fax"),
    Placement("nickname", "nickname"),
)

CONTACT_PAYLOAD_KEYS = {BILL_TO: "billToContact", SOLD_TO: "soldToContact", SHIP_TO: "shipToContact"}
"""Where a new contact goes in the payload, by its role."""

DRAFT_ONLY_FIELDS = ("invoice_key", "action", "item_id")
"""Columns of a sheet that changes what is there already: left out, everything would be billed anew."""

DISCOUNT_CHARGE_FIELDS = ("discount_name", "sku")
"""Fields of a discount that are read from its charge, whatever the request says."""

CATALOG_FIELDS = (
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
    "E320",
    "E321",
    "E322",
    "E323",
    "E324",
    "E325",
    "E326",
    "E327",
    "E328",
    "W320",
)


def build_zuora_projection(number_length: int = DEFAULT_INVOICE_NUMBER_LENGTH) -> Projection:
    """Build the projection for creating standalone invoices.

    Args:
        number_length: characters allowed in an invoice number in this tenant.
    """
    invoices = (
        replace(placement, max_length=number_length) if placement.field == "invoice_number" else placement
        for placement in _INVOICE_PLACEMENTS
    )
    return Projection(
        "zuora",
        {
            "invoices": tuple(invoices),
            "items": ITEM_PLACEMENTS,
            "discounts": _DISCOUNT_PLACEMENTS,
            "taxes": _TAX_PLACEMENTS,
            "rates": _RATE_PLACEMENTS,
            "contacts": _CONTACT_PLACEMENTS,
        },
        custom_tables=("invoices", "items", "discounts", "taxes", "contacts"),
        allow_astral=False,
        catalog_fields=CATALOG_FIELDS,
        rules=_RULES,
        forbidden=DRAFT_ONLY_FIELDS,
        max_items=1000,
        max_children={"discounts": 10, "taxes": 5, "rates": 2},
    )
