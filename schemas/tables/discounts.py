"""The table of discounts: one row per discount, which belongs to an item."""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import Field, Kind, Table
from schemas.tables.common import CONNECTOR_FIELDS, INVOICE_REF
from schemas.tables.items import ITEM_NO, ITEMS

DISCOUNT_NO = Field(
    "discount_no",
    "Discount number",
    Kind.IDENTIFIER,
    help="Number of the discount within its item; needed only when a tax names it.",
    example="1",
    max_length=50,
    synonyms=("discount no",),
)

DISCOUNTS = Table(
    "discounts",
    "Discounts",
    (
        INVOICE_REF,
        ITEM_NO,
        DISCOUNT_NO,
        Field(
            "discount_amount",
            "Discount amount",
            Kind.MONEY,
            help="What is taken off, as a negative amount in the invoice's currency.",
            example="-90.00",
            required=True,
        ),
        Field(
            "discount_name",
            "Discount name",
            Kind.TEXT,
            help="Name of the discount; needed when no charge id is given.",
            example="Loyalty discount",
            max_length=130,
        ),
        replace(
            ITEMS["product_rate_plan_charge_id"], help="Id of a discount's charge in the catalog.", example=""
        ),
        *(
            ITEMS[name]
            for name in (
                "description",
                "unit_price",
                "sku",
                "charge_date",
                "item_type",
                "purchase_order_number",
                "booking_reference",
                "accounting_code",
                "accounts_receivable_accounting_code",
                "deferred_revenue_accounting_code",
                "recognized_revenue_accounting_code",
                "adjustment_liability_accounting_code",
                "adjustment_revenue_accounting_code",
                "contract_asset_accounting_code",
                "contract_liability_accounting_code",
                "contract_recognized_revenue_accounting_code",
                "unbilled_receivables_accounting_code",
                "rev_rec_code",
                "rev_rec_trigger_condition",
                "revenue_recognition_rule_name",
            )
        ),
        *CONNECTOR_FIELDS,
    ),
    key=("invoice_ref", "item_no", "discount_no"),
    parent="items",
    synonyms=("discount", "discount items"),
    optional=True,
    amount_field="discount_amount",
)
