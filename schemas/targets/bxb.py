"""bxb one-off invoices: which fields go where, and what is tighter.

Source: responses of the open-source server 0.7.0 to `POST /v1/invoices/one_off` and its published schema
(`OneOffInvoiceCreate`, `InvoiceLineItem`), observed 2026-11-20. The server silently drops what it does not
know, so a column that it has no place for is reported; one that would change the money is refused.
"""

from __future__ import annotations

from decimal import Decimal

from schemas.fields import Placement, Projection

MAX_ITEMS = 100_000
"""Line items of one invoice: the server sets no limit; so many were seen to work, in four seconds."""

TOTAL_LIMIT = Decimal("99999999.99995")
"""From here on a total rounds, at 4 decimals, to more than the server's column holds: it answers 500."""

_ACCOUNT_HELP = "Of the customer; the account list knows the customer id by it."
_INVOICE_PLACEMENTS = (
    Placement("invoice_ref", None),
    Placement("account_number", None, help=_ACCOUNT_HELP),
    Placement("account_id", None, help=_ACCOUNT_HELP),
    Placement("customer_external_id", None),
    Placement("customer_id", "customer_id"),
    Placement("currency", "currency"),
    Placement("due_date", "due_date", help="When payment is due. Blank: never; no payment term is applied."),
    Placement("billing_entity_id", "billing_entity_id"),
)

_ITEM_PLACEMENTS = (
    Placement("invoice_ref", None),
    Placement("item_no", None),
    Placement("description", "description", required=True),
    Placement("quantity", "quantity", required=True, help="How many."),
    Placement("unit_price", "unit_price", required=True),
    Placement("amount", "amount"),
    Placement("charge_uuid", "charge_id"),
    Placement("metric_code", "metric_code"),
)

_FORBIDDEN_FIELDS = ("tax_code", "tax_mode", "invoice_number", "invoice_key", "action", "item_id")
"""Without them another sum, or another document, would be billed than the sheet says."""

_RULES = (
    *("E302", "E204", "E221", "E304", "E307", "E308", "E309", "E310", "E312", "E313", "E314", "E351"),
    *("E413", "E414", "E415", "W411"),
)


def build_bxb_projection() -> Projection:
    """Build the projection for creating one-off invoices."""
    return Projection(
        "bxb",
        {"invoices": _INVOICE_PLACEMENTS, "items": _ITEM_PLACEMENTS},
        rules=_RULES,
        forbidden=_FORBIDDEN_FIELDS,
        max_items=MAX_ITEMS,
        total_limit=TOTAL_LIMIT,
    )
