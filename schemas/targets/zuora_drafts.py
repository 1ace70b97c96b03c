"""Changes to draft invoices in Zuora: which fields go where, and what is tighter.

Source: Zuora API reference, `PUT /v1/invoices/{invoiceKey}` (`PutInvoiceType`, `PutInvoiceItemType`) and
`PUT /v1/invoices` (`PutBatchInvoiceType`), read 2026-11-20; limits of the `zuora-sdk` 3.21.0 models. Many
drafts in one request are known by their id alone. A blank cell changes nothing; a value cannot be emptied.
"""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import Pattern, Placement, Projection
from schemas.tables import INVOICES
from schemas.tables.common import HEX_ID_PATTERN, INVOICE_NUMBER_PATTERN
from schemas.targets import zuora

_ID_PATTERN = Pattern(
    HEX_ID_PATTERN.regex,
    "an id of 32 characters 0-9 and a-f; a draft is named by its number only where requests go one by one "
    "(--request single)",
)

_INVOICE_PLACEMENTS = (
    Placement(
        "invoice_ref",
        None,
        label="Change reference",
        help="Your own name for the change. It ties the items to it and protects it from being made twice.",
    ),
    Placement("currency", None, help="The draft's currency: it is not changed, the amounts are in it."),
    Placement("auto_pay", "autoPay"),
    Placement("comments", "comments"),
    Placement("due_date", "dueDate", help="When payment is due. Give this or the invoice date, not both."),
    Placement("invoice_date", "invoiceDate", example=""),
    Placement("template_id", "templateId"),
    Placement("transferred_to_accounting", "transferredToAccounting"),
    *zuora.CONNECTOR_PLACEMENTS,
)

_ADDED_ITEM_FIELDS = ("catalog_sku", "product_rate_plan_charge_id", "booking_reference")
_HELP_BY_FIELD = {
    "charge_name": "Name of what is sold; an added item without a charge of the catalog needs it.",
    "quantity": "How many; of a changed item only together with the amount.",
    "unit_price": "Price of one, in the draft's currency; of a changed item only together with the amount.",
    "amount": "What the item comes to. Blank: it stays; of an added item it is quantity times unit price.",
}
_ITEM_PLACEMENTS = (
    Placement("invoice_ref", None, label="Change reference", help="The change that the item belongs to."),
    Placement("action", None, required=True),
    Placement("item_id", "id"),
    *(
        replace(
            placement,
            required=False,
            example="" if placement.field in _ADDED_ITEM_FIELDS else None,
            help=_HELP_BY_FIELD.get(placement.field, ""),
        )
        for placement in zuora.ITEM_PLACEMENTS
        if placement.field not in ("invoice_ref", "item_no")
    ),
)

_SUPPORTED_FIELDS = {placement.field for placement in _INVOICE_PLACEMENTS} | {"invoice_key"}
_FORBIDDEN_FIELDS = tuple(field.name for field in INVOICES if field.name not in _SUPPORTED_FIELDS)
"""Fields that cannot be changed or are unknown: without them less would be done than the sheet says."""

_RULES = (
    *("E204", "E221", "E304", "E306", "E307", "E308", "E310", "E312", "E314"),
    *(f"E33{number}" for number in range(10)),
)


def build_zuora_drafts_projection(by_number: bool) -> Projection:
    """Build the projection for changes to drafts.

    Args:
        by_number: a draft may be named by its number, because each has a request of its own.
    """
    key = Placement(
        "invoice_key",
        None if by_number else "id",
        required=True,
        pattern=INVOICE_NUMBER_PATTERN if by_number else _ID_PATTERN,
    )
    return Projection(
        "zuora-drafts",
        {"invoices": (_INVOICE_PLACEMENTS[0], key, *_INVOICE_PLACEMENTS[1:]), "items": _ITEM_PLACEMENTS},
        custom_tables=("invoices", "items"),
        allow_astral=False,
        catalog_fields=zuora.CATALOG_FIELDS,
        rules=_RULES,
        forbidden=_FORBIDDEN_FIELDS,
        max_items=1000,
        optional_tables=("items",),
    )
