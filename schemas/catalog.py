"""What a product catalog and an account list must offer.

A catalog has one row a charge and price. The columns are those of a price list as finance people keep it;
several rows may share a charge (one price per currency, or one validity after the other). An account list has
one row an account.
"""

from __future__ import annotations

import pyarrow.compute as pc

from schemas.arrow.columns import Texts
from schemas.fields import Field, Kind, Table
from schemas.tables import INVOICES, ITEMS
from schemas.tables.common import UUID_PATTERN

USABLE_CHARGE_MODELS = ("Flat Fee", "Per Unit")
"""Charge models an invoice item can be made from; a trailing "Pricing" is the same model."""


def _copy_item_field(name: str, column: str | None = None) -> Field:
    """Return a catalog column whose limits are those of the item's field it fills."""
    declared = ITEMS[name]
    label = declared.label
    return Field(
        column or name, label, declared.kind, help=declared.help, example=declared.example,
        max_length=declared.max_length, choices=declared.choices,
    )  # fmt: skip


CATALOG = Table(
    "catalog",
    "Catalog",
    (
        Field(
            "product_id",
            "Product id",
            Kind.IDENTIFIER,
            help="Id of the product.",
            example="P-1",
            max_length=64,
        ),
        Field(
            "product_name",
            "Product name",
            Kind.TEXT,
            help="Name of the product.",
            example="Support",
            max_length=255,
        ),
        Field(
            "sku",
            "SKU",
            Kind.IDENTIFIER,
            help="SKU of the product.",
            example="SUP-100",
            required=True,
            max_length=255,
        ),
        Field(
            "product_rate_plan_charge_id",
            "Charge id",
            Kind.IDENTIFIER,
            help="Id of the charge in the billing system.",
            example="402890555a87d7f5015a88c613c5001e",
            required=True,
            max_length=64,
            synonyms=("product rate plan charge id", "charge id"),
        ),
        _copy_item_field("charge_name"),
        _copy_item_field("uom"),
        Field(
            "list_price",
            "List price",
            Kind.NUMBER,
            help="Price of one.",
            example="450.00",
            synonyms=("price",),
        ),
        Field("currency", "Currency", Kind.CURRENCY, help="Currency of the price.", example="EUR"),
        Field(
            "charge_model",
            "Charge model",
            Kind.TEXT,
            help="Flat Fee or Per Unit can be invoiced; other models are known but refused.",
            example="Per Unit",
            required=True,
            max_length=100,
        ),
        _copy_item_field("tax_code"),
        _copy_item_field("tax_mode"),
        _copy_item_field("accounting_code"),
        _copy_item_field("deferred_revenue_accounting_code"),
        _copy_item_field("recognized_revenue_accounting_code"),
        Field(
            "effective_from", "Effective from", Kind.DATE, help="First day of validity.", example="2026-01-01"
        ),
        Field(
            "effective_to",
            "Effective to",
            Kind.DATE,
            help="Last day of validity; blank: open.",
            example="2026-12-31",
        ),
    ),
    key=("product_rate_plan_charge_id", "currency", "effective_from"),
    synonyms=("products", "charges", "price list"),
)

ACCOUNT_KEYS = ("account_number", "account_id", "customer_external_id", "customer_id")
"""What an invoice may name its account by, the commonest first; each belongs to one account of the list."""

ACCOUNTS = Table(
    "accounts",
    "Accounts",
    (
        *(INVOICES[name] for name in ACCOUNT_KEYS),
        Field("name", "Name", Kind.TEXT, help="Name of the customer.", example="Globex Ltd", max_length=255),
        Field(
            "currency",
            "Currency",
            Kind.CURRENCY,
            help="The currency the account is billed in: that of its invoices whose currency is blank.",
            example="EUR",
        ),
    ),
    key=("account_number",),
    synonyms=("customers", "account list"),
)


def fold_account_keys(name: str, keys: Texts) -> Texts:
    """Return keys of accounts as they are compared: exactly, except that an id of hex digits knows no case.

    Args:
        name: of `ACCOUNT_KEYS`.
        keys: a string array.
    """
    return pc.utf8_lower(keys) if INVOICES[name].pattern == UUID_PATTERN else keys
