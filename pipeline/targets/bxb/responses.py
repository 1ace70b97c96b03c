"""For `submit`, not called yet: what a response of bxb says of the only invoice of a request.

In: a request, its response, and the `Batches` it was made from.
Out: one `InvoiceOutcome`.
Never: takes an invoice for refused while it may have been stored.

Source: responses of the open-source server 0.7.0, observed 2026-11-20. A 500 is plain text and may have
stored the invoice; a credential that is missing or mistyped is answered with 404 "Customer not found", or
taken in the name of another organisation; a 422 lists every fault with its location.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import orjson

from pipeline.model.indices import AcceptedPosition
from pipeline.model.invoices import Batches, Request
from pipeline.model.outcomes import InvoiceOutcome, InvoiceState, RefusalCause, RefusalReason, Response
from pipeline.targets.responses import (
    NO_RESPONSE,
    NOT_JSON,
    InvoiceOutcomes,
    RequestLocator,
    parse_body,
    shorten_message,
)
from schemas.targets.bxb import build_bxb_projection

_CAUSE_BY_STATUS = {
    400: RefusalCause.ACCESS,
    401: RefusalCause.ACCESS,
    403: RefusalCause.ACCESS,
    404: RefusalCause.ACCESS,
    405: RefusalCause.ACCESS,
    409: RefusalCause.DATA,
    413: RefusalCause.DATA,
    415: RefusalCause.ACCESS,
    422: RefusalCause.DATA,
    429: RefusalCause.BUSY,
}
"""Statuses that rule out that anything was stored."""

_UNKNOWN_CUSTOMER = "Customer not found"
_CREDENTIALS_HINT = " (or the API key is missing or mistyped, or belongs to another organisation)"
_TOTAL_QUANTUM = Decimal("0.0001")


def read_bxb_outcomes(batches: Batches, request: Request, response: Response | None) -> InvoiceOutcomes:
    """Return the outcome of the only invoice of a request.

    Args:
        batches: that the request was made from.
        request: as it was sent.
        response: what came back; None when nothing did.
    """
    locator = RequestLocator(batches, build_bxb_projection())
    if response is None:
        return locator.make_same_outcomes(request, InvoiceState.IN_DOUBT, NO_RESPONSE)
    body = parse_body(response)
    (invoice,) = request.invoices
    if response.status == 200:
        return (_read_created(locator, invoice, request, body),)
    if 300 <= response.status < 400:
        return locator.make_redirect_outcomes(request, response)
    if response.status in _CAUSE_BY_STATUS:
        return (_build_refusal(locator, invoice, response.status, body),)
    message = f"status {response.status}: {shorten_message(response.body.decode('utf-8', 'replace'))}"
    return (locator.make_doubt(invoice, message),)


def _read_created(
    locator: RequestLocator, invoice: AcceptedPosition, request: Request, body: Any
) -> InvoiceOutcome:
    """Return created if the response names an invoice that equals what was sent; else leave it in doubt."""
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not body["id"]:
        message = NOT_JSON if body is None else "the answer names no invoice"
        return locator.make_doubt(invoice, message)
    difference = _find_difference(orjson.loads(request.body), body)
    if difference:
        message = f"the invoice {body['id']} is there, but not as it was sent: {difference}"
        return locator.make_doubt(invoice, message)
    return InvoiceOutcome(invoice, InvoiceState.CREATED, body["id"], str(body.get("invoice_number") or ""))


def _find_difference(sent: dict[str, Any], body: dict[str, Any]) -> str:
    """Return the first key in which the stored invoice differs from the one sent; empty if none does."""
    # the server may spell an id of hex digits in another case
    if str(body.get("customer_id", "")).lower() != sent["customer_id"].lower():
        return "customer_id"
    if body.get("currency") != sent["currency"]:
        return "currency"
    stored_items = body.get("line_items")
    if not isinstance(stored_items, list) or len(stored_items) != len(sent["line_items"]):
        return "line_items"
    # by the amounts alone, since that is what the server bills
    total = sum((Decimal(item["amount"]) for item in sent["line_items"]), Decimal(0))
    try:
        stored_total = Decimal(str(body.get("total_cents")))
    except InvalidOperation:
        return "total_cents"
    return "" if stored_total == total.quantize(_TOTAL_QUANTUM, ROUND_HALF_UP) else "total_cents"


def _build_refusal(
    locator: RequestLocator, invoice: AcceptedPosition, status: int, body: Any
) -> InvoiceOutcome:
    """Build the outcome of a refused invoice, with every fault that the response names."""
    detail = body.get("detail") if isinstance(body, dict) else None
    cause = _CAUSE_BY_STATUS[status]
    reasons: tuple[RefusalReason, ...] = ()
    if isinstance(detail, list):
        reasons = tuple(
            _build_fault_reason(locator, invoice, fault) for fault in detail if isinstance(fault, dict)
        )
    elif detail == _UNKNOWN_CUSTOMER:
        cause = RefusalCause.DATA
        reasons = (locator.make_reason(invoice, detail + _CREDENTIALS_HINT, str(status), "customer_id"),)
    if not reasons:
        message = detail if isinstance(detail, str) and detail else f"status {status}"
        reasons = (locator.make_reason(invoice, message, str(status)),)
    return InvoiceOutcome(invoice, InvoiceState.REFUSED, cause=cause, reasons=reasons)


def _build_fault_reason(
    locator: RequestLocator, invoice: AcceptedPosition, fault: dict[str, Any]
) -> RefusalReason:
    """Build the reason of one fault of a 422.

    `loc` is `["body", "line_items", index, key]` for an item and `["body", key]` for the invoice.
    """
    loc = fault.get("loc")
    path = loc[1:] if isinstance(loc, list) else []
    item = path[1] if len(path) > 1 and path[0] == "line_items" and isinstance(path[1], int) else None
    key = path[-1] if path and isinstance(path[-1], str) else ""
    return locator.make_reason(invoice, fault.get("msg", ""), fault.get("type", ""), key, item)
