"""The table of invoice items: one row per item, which belongs to an invoice."""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import Field, Kind, Table
from schemas.tables.common import CONNECTOR_FIELDS, HEX_ID_PATTERN, INVOICE_REF, UUID_PATTERN

ACTION_ADD, ACTION_CHANGE, ACTION_DELETE = "Add", "Change", "Delete"
"""What becomes of an item of a draft."""

_ACCOUNTING_CODE_LENGTH = 100


def _declare_code(name: str, label: str, purpose: str, example: str = "") -> Field:
    return Field(
        name,
        label,
        Kind.TEXT,
        help=f"Accounting code for {purpose}.",
        example=example,
        max_length=_ACCOUNTING_CODE_LENGTH,
    )


ITEMS = Table(
    "items",
    "Items",
    (
        INVOICE_REF,
        Field(
            "action",
            "Action",
            Kind.CHOICE,
            help="What becomes of the item: it is added to the draft, changed, or deleted.",
            example=ACTION_CHANGE,
            choices=(ACTION_ADD, ACTION_CHANGE, ACTION_DELETE),
        ),
        Field(
            "item_id",
            "Item id",
            Kind.IDENTIFIER,
            help="Id of the draft's item that is changed or deleted; blank for one that is added.",
            example="8ad097b4909708e001909b41bb085d38",
            pattern=HEX_ID_PATTERN,
        ),
        Field(
            "item_no",
            "Item number",
            Kind.IDENTIFIER,
            help="Number of the item within its invoice; optional.",
            example="1",
            max_length=50,
            synonyms=("item no", "line", "line number"),
        ),
        Field(
            "catalog_sku",
            "Catalog SKU",
            Kind.IDENTIFIER,
            help="SKU of a product in the catalog: looks the charge up.",
            example="SUP-100",
            max_length=255,
        ),
        Field(
            "product_rate_plan_charge_id",
            "Charge id",
            Kind.IDENTIFIER,
            help="Id of a charge in the catalog, instead of the catalog SKU.",
            example="402890555a87d7f5015a88c613c5001e",
            max_length=64,
            synonyms=("product rate plan charge id",),
        ),
        Field(
            "charge_name",
            "Charge name",
            Kind.TEXT,
            help="Name of what is sold; needed when neither catalog SKU nor charge id is given.",
            example="Consulting day",
            max_length=130,
        ),
        Field(
            "description",
            "Description",
            Kind.TEXT,
            help="Free text printed beside the item.",
            example="Support in November",
            max_length=500,
        ),
        Field(
            "charge_uuid",
            "Charge UUID",
            Kind.IDENTIFIER,
            help="UUID of the charge of a plan, where the billing system knows its charges so.",
            example="9b2d7f4e-6a3c-4a4f-8f0e-2b1c3d4e5f60",
            pattern=UUID_PATTERN,
        ),
        Field(
            "metric_code",
            "Metric code",
            Kind.IDENTIFIER,
            help="Code of the metric that was counted.",
            example="api_calls",
            max_length=255,
        ),
        Field("quantity", "Quantity", Kind.NUMBER, help="How many; 1 when blank.", example="2"),
        Field(
            "unit_price",
            "Unit price",
            Kind.NUMBER,
            help="Price of one, in the invoice's currency.",
            example="450.00",
        ),
        Field(
            "amount",
            "Amount",
            Kind.MONEY,
            help="Quantity times unit price, in the invoice's currency. Blank: it is computed from the two.",
            example="900.00",
        ),
        Field(
            "service_start_date",
            "Service start date",
            Kind.DATE,
            help="First day of the service.",
            example="2026-11-01",
        ),
        Field(
            "service_end_date",
            "Service end date",
            Kind.DATE,
            help="Last day of the service; not before its first.",
            example="2026-11-30",
        ),
        Field(
            "sku",
            "SKU",
            Kind.IDENTIFIER,
            help="Free SKU of something that is not in the catalog. "
            "Look a product up with Catalog SKU instead.",
            example="MISC-7",
            max_length=255,
        ),
        Field("uom", "Unit of measure", Kind.TEXT, help="What is counted.", example="day", max_length=255),
        Field(
            "charge_date",
            "Charge date",
            Kind.DATETIME,
            help="When the charge arose: yyyy-mm-dd hh:mm:ss.",
            example="2026-11-15 08:30:00",
        ),
        Field(
            "item_type", "Item type", Kind.TEXT, help="Free classification.", example="service", max_length=50
        ),
        Field(
            "purchase_order_number",
            "Purchase order number",
            Kind.IDENTIFIER,
            help="The customer's purchase order.",
            example="PO-4711",
            max_length=100,
        ),
        Field(
            "booking_reference",
            "Booking reference",
            Kind.IDENTIFIER,
            help="Your reference of the booking.",
            example="B-100",
            max_length=100,
        ),
        Field("tax_code", "Tax code", Kind.TEXT, help="Tax code of the item.", example="STD", max_length=64),
        Field(
            "tax_mode",
            "Tax mode",
            Kind.CHOICE,
            help="Whether the amount includes the tax.",
            example="TaxExclusive",
            choices=("TaxInclusive", "TaxExclusive"),
        ),
        _declare_code("accounting_code", "Accounting code", "the item", "4000"),
        _declare_code(
            "accounts_receivable_accounting_code",
            "Accounts receivable accounting code",
            "receivables",
            "1200",
        ),
        _declare_code(
            "deferred_revenue_accounting_code", "Deferred revenue accounting code", "deferred revenue", "2400"
        ),
        _declare_code(
            "recognized_revenue_accounting_code",
            "Recognized revenue accounting code",
            "recognized revenue",
            "4000",
        ),
        _declare_code(
            "adjustment_liability_accounting_code",
            "Adjustment liability accounting code",
            "adjustment liability",
        ),
        _declare_code(
            "adjustment_revenue_accounting_code", "Adjustment revenue accounting code", "adjustment revenue"
        ),
        _declare_code("contract_asset_accounting_code", "Contract asset accounting code", "contract assets"),
        _declare_code(
            "contract_liability_accounting_code", "Contract liability accounting code", "contract liabilities"
        ),
        _declare_code(
            "contract_recognized_revenue_accounting_code",
            "Contract recognized revenue accounting code",
            "recognized contract revenue",
        ),
        _declare_code(
            "unbilled_receivables_accounting_code",
            "Unbilled receivables accounting code",
            "unbilled receivables",
        ),
        Field(
            "exclude_item_billing_from_revenue_accounting",
            "Exclude from revenue accounting",
            Kind.BOOLEAN,
            help="Yes keeps the item's billing out of revenue accounting.",
            example="no",
        ),
        Field(
            "rev_rec_code",
            "Revenue recognition code",
            Kind.TEXT,
            help="Revenue recognition code.",
            example="RR1",
            max_length=100,
        ),
        Field(
            "rev_rec_trigger_condition",
            "Revenue recognition trigger",
            Kind.CHOICE,
            help="What starts the recognition of revenue.",
            example="ServiceActivationDate",
            choices=("ContractEffectiveDate", "ServiceActivationDate", "CustomerAcceptanceDate"),
        ),
        Field(
            "rev_rec_start_date",
            "Revenue recognition start date",
            Kind.DATE,
            help="First day of the recognition of revenue.",
            example="2026-11-01",
        ),
        Field(
            "revenue_recognition_rule_name",
            "Revenue recognition rule",
            Kind.TEXT,
            help="Name of the revenue recognition rule.",
            example="Recognize upon invoicing",
            max_length=50,
        ),
        *CONNECTOR_FIELDS,
    ),
    key=("invoice_ref", "item_no"),
    parent="invoices",
    synonyms=("item", "invoice items", "lines"),
    prefixes=("invoice item", "item"),
    marker="IsNewInvoiceItem",
)

ITEM_NO = replace(
    ITEMS["item_no"], required=True, help="Number of the item that it belongs to, as in the sheet Items."
)
