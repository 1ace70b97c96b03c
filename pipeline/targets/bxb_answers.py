"""bxb: what an answer says of the one invoice of a request.

Source: responses of the open-source server 0.7.0, observed 2026-11-20. A 500 is plain text and may have stored
the invoice; a credential that is missing or mistyped is answered with 404 "Customer not found", or taken in the
name of another organisation; a 422 lists every fault with its place.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import orjson

from pipeline.model import Batches, Request
from pipeline.outcome import Cause, Outcome, Reason, Response, State
from pipeline.targets.answers import NO_ANSWER, NO_JSON, Places, parsed, short
from schemas.bxb import projection

_NOT_TAKEN = {
    400: Cause.ACCESS,
    401: Cause.ACCESS,
    403: Cause.ACCESS,
    404: Cause.ACCESS,
    405: Cause.ACCESS,
    409: Cause.DATA,
    413: Cause.DATA,
    415: Cause.ACCESS,
    422: Cause.DATA,
    429: Cause.BUSY,
}
"""Statuses with which nothing was stored, for certain."""

_CUSTOMER = "Customer not found"
_HINT = " (or the API key is missing or mistyped, or belongs to another organisation)"
_PLACES = Decimal("0.0001")


def outcomes(batches: Batches, request: Request, response: Response | None) -> tuple[Outcome, ...]:
    """What became of the invoice of a request.

    Args:
        batches: that the request was made from.
        request: as it was sent.
        response: what came back; None when nothing did.
    """
    places = Places(batches, projection())
    if response is None:
        return places.all_same(request, State.IN_DOUBT, NO_ANSWER)
    told = parsed(response)
    (invoice,) = request.invoices.tolist()
    if response.status == 200:
        return (_created(places, invoice, request, told),)
    if 300 <= response.status < 400:
        where = response.headers.get("location", "elsewhere")
        return places.all_same(request, State.REFUSED, f"the address leads to {where}", Cause.ACCESS)
    if response.status in _NOT_TAKEN:
        return (_refused(places, invoice, response.status, told),)
    message = f"status {response.status}: {short(response.body.decode('utf-8', 'replace'))}"
    return places.all_same(request, State.IN_DOUBT, message)


def _created(places: Places, invoice: int, request: Request, told: Any) -> Outcome:
    """Created, if the answer names an invoice and says of it what was sent; else it is in doubt."""
    if not isinstance(told, dict) or not isinstance(told.get("id"), str) or not told["id"]:
        message = NO_JSON if told is None else "the answer names no invoice"
        return Outcome(invoice, State.IN_DOUBT, reasons=(places.reason(invoice, message),))
    differs = _difference(orjson.loads(request.body), told)
    if differs:
        message = f"the invoice {told['id']} is there, but not as it was sent: {differs}"
        return Outcome(invoice, State.IN_DOUBT, reasons=(places.reason(invoice, message),))
    return Outcome(invoice, State.CREATED, told["id"], str(told.get("invoice_number") or ""))


def _difference(sent: dict[str, Any], told: dict[str, Any]) -> str:
    """In what the invoice that is there differs from the one that was sent; empty when in nothing."""
    if str(told.get("customer_id", "")).lower() != sent["customer_id"].lower():
        return "customer_id"
    if told.get("currency") != sent["currency"]:
        return "currency"
    lines = told.get("line_items")
    if not isinstance(lines, list) or len(lines) != len(sent["line_items"]):
        return "line_items"
    total = sum((Decimal(each["amount"]) for each in sent["line_items"]), Decimal(0))
    try:
        there = Decimal(str(told.get("total_cents")))
    except InvalidOperation:
        return "total_cents"
    return "" if there == total.quantize(_PLACES, ROUND_HALF_UP) else "total_cents"


def _refused(places: Places, invoice: int, status: int, told: Any) -> Outcome:
    detail = told.get("detail") if isinstance(told, dict) else None
    cause = _NOT_TAKEN[status]
    reasons: tuple[Reason, ...] = ()
    if isinstance(detail, list):
        reasons = tuple(_fault(places, invoice, each) for each in detail if isinstance(each, dict))
    elif detail == _CUSTOMER:
        cause = Cause.DATA
        reasons = (places.reason(invoice, detail + _HINT, str(status), "customer_id"),)
    if not reasons:
        message = detail if isinstance(detail, str) and detail else f"status {status}"
        reasons = (places.reason(invoice, message, str(status)),)
    return Outcome(invoice, State.REFUSED, cause=cause, reasons=reasons)


def _fault(places: Places, invoice: int, fault: dict[str, Any]) -> Reason:
    """One fault of a 422: `loc` is body, line_items, the line from 0, the key; or body and the key."""
    loc = fault.get("loc")
    path = loc[1:] if isinstance(loc, list) else []
    line = path[1] if len(path) > 1 and path[0] == "line_items" and isinstance(path[1], int) else None
    key = path[-1] if path and isinstance(path[-1], str) else ""
    return places.reason(invoice, fault.get("msg", ""), fault.get("type", ""), key, line)
