"""The table of taxes: one row per tax, which belongs to an item or to a discount of an item."""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import Field, Kind, Table
from schemas.tables.common import INVOICE_REF, declare_text
from schemas.tables.discounts import DISCOUNT_NO
from schemas.tables.items import ITEM_NO, ITEMS

TAXES = Table(
    "taxes",
    "Taxes",
    (
        INVOICE_REF,
        ITEM_NO,
        replace(
            DISCOUNT_NO,
            help="Number of the discount that it belongs to; blank: it is the item's tax.",
            example="",
        ),
        replace(
            declare_text("tax_name", "Tax name", "Name of the tax.", "VAT", 128),
            required=True,
        ),
        Field(
            "tax_amount",
            "Tax amount",
            Kind.MONEY,
            help="The tax in the invoice's currency; it comes on top of the amount.",
            example="171.00",
            required=True,
        ),
        Field(
            "tax_rate",
            "Tax rate",
            Kind.NUMBER,
            help="The rate: 0.19, or 19 %.",
            example="0.19",
            required=True,
            is_share=True,
        ),
        Field(
            "tax_rate_type",
            "Tax rate type",
            Kind.CHOICE,
            help="Whether the rate is a share or a fixed sum.",
            example="Percentage",
            required=True,
            choices=("Percentage", "FlatFee"),
        ),
        Field(
            "tax_date",
            "Tax date",
            Kind.DATE,
            help="The day the tax is due.",
            example="2026-11-30",
            required=True,
        ),
        replace(ITEMS["tax_code"], required=True, help="Tax code under which the tax was computed."),
        replace(ITEMS["tax_mode"], required=True, help="Whether the amount includes the tax."),
        Field(
            "exempt_amount",
            "Exempt amount",
            Kind.MONEY,
            help="The amount that is exempt from the tax.",
            example="0.00",
        ),
        declare_text("jurisdiction", "Jurisdiction", "Who levies the tax.", "Germany", 255),
        declare_text("location_code", "Location code", "Code of the tax location.", "DE", 32),
        declare_text(
            "tax_code_description", "Tax code description", "What the tax code means.", "Standard", 255
        ),
        declare_text("tax_rate_description", "Tax rate description", "What the rate means.", "19 %", 255),
    ),
    key=("invoice_ref", "item_no", "discount_no"),
    parent="items",
    synonyms=("tax", "tax items"),
    nearest_parent="discounts",
    optional=True,
    amount_field="tax_amount",
    added_to_total=True,
)
