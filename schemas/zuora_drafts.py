"""Changes to draft invoices in Zuora: which fields go where, and what is tighter.

Source: Zuora API reference, `PUT /v1/invoices/{invoiceKey}` (`PutInvoiceType`, `PutInvoiceItemType`) and
`PUT /v1/invoices` (`PutBatchInvoiceType`), read 2026-11-20; limits of the `zuora-sdk` 3.21.0 models. Many
drafts in one request are known by their id alone. A blank cell changes nothing; a value cannot be emptied.
"""

from __future__ import annotations

from dataclasses import replace

from schemas import zuora
from schemas.fields import Pattern, Placement, Projection
from schemas.tables import HEX_ID, INVOICES, NUMBER_FORM

_BY_ID = Pattern(
    HEX_ID.regex,
    "an id of 32 characters 0-9 and a-f; a draft is named by its number only where requests go one by one "
    "(--request single)",
)

_INVOICES = (
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
    *zuora.CONNECTOR,
)

_ONLY_WHEN_ADDED = ("catalog_sku", "product_rate_plan_charge_id", "booking_reference")
_HELP = {
    "charge_name": "Name of what is sold; an added item without a charge of the catalog needs it.",
    "quantity": "How many; of a changed item only together with the amount.",
    "unit_price": "Price of one, in the draft's currency; of a changed item only together with the amount.",
    "amount": "What the item comes to. Blank: it stays; of an added item it is quantity times unit price.",
}
_ITEMS = (
    Placement("invoice_ref", None, label="Change reference", help="The change that the item belongs to."),
    Placement("action", None, required=True),
    Placement("item_id", "id"),
    *(
        replace(
            each,
            required=False,
            example="" if each.field in _ONLY_WHEN_ADDED else None,
            help=_HELP.get(each.field, ""),
        )
        for each in zuora.ITEMS
        if each.field not in ("invoice_ref", "item_no")
    ),
)

_TAKEN = {each.field for each in _INVOICES} | {"invoice_key"}
_REFUSED = tuple(each.name for each in INVOICES if each.name not in _TAKEN)
"""What cannot be changed, and what the target does not know: left out, the sheet would say more than is done."""

_RULES = (
    *("E204", "E221", "E304", "E306", "E307", "E308", "E310", "E312", "E314"),
    *(f"E33{number}" for number in range(10)),
)


def projection(by_number: bool) -> Projection:
    """The projection for changes to drafts.

    Args:
        by_number: a draft may be named by its number, because each has a request of its own.
    """
    key = Placement(
        "invoice_key",
        None if by_number else "id",
        required=True,
        pattern=NUMBER_FORM if by_number else _BY_ID,
    )
    return Projection(
        "zuora-drafts",
        {"invoices": (_INVOICES[0], key, *_INVOICES[1:]), "items": _ITEMS},
        custom=("invoices", "items"),
        astral=False,
        owned_by_catalog=zuora.OWNED_BY_CATALOG,
        rules=_RULES,
        refused=_REFUSED,
        most_items=1000,
        optional=("items",),
    )
