"""For `submit`, not called yet: what a response of Zuora Billing says of each invoice of a request.

In: a request, its response, and the `Batches` it was made from.
Out: one `InvoiceOutcome` per invoice of the request.
Never: takes an invoice for refused while it may have been created.

Source: Zuora API reference, error handling and `POST /v1/invoices/batch`, read 2026-11-20. A response says
`success: true` at its top although an invoice failed, so each element is read. Before version 2024-05-20
every failure came with status 200. A code has 8 digits: 6 for the resource, 2 for the category; codes that
begin with 9 are about the credentials.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from pipeline.model.indices import AcceptedPosition
from pipeline.model.invoices import Batches, Request
from pipeline.model.outcomes import InvoiceOutcome, InvoiceState, RefusalCause, RefusalReason, Response
from pipeline.targets.responses import NO_RESPONSE, NOT_JSON, InvoiceOutcomes, RequestLocator, parse_body
from schemas.targets.zuora import build_zuora_projection

SuccessReader = Callable[[RequestLocator, Request, Any], InvoiceOutcomes]

_CAUSE_BY_CATEGORY = {
    **dict.fromkeys((10, 11, 45), RefusalCause.ACCESS),
    **dict.fromkeys((20, 21, 22, 23, 27, 30, 40, 90), RefusalCause.DATA),
    **dict.fromkeys((50, 70), RefusalCause.BUSY),
}
"""Error categories that rule out a creation; the others (60, 61 and 99 are internal) do not."""

_CAUSE_BY_STATUS = {
    **dict.fromkeys((401, 403, 404, 405, 406, 407, 411, 414, 415, 422, 431), RefusalCause.ACCESS),
    **dict.fromkeys((400, 413), RefusalCause.DATA),
    429: RefusalCause.BUSY,
}
"""Statuses that rule out a creation. 408 and 409 do not: the first call may still be running."""

_CAUSES_BY_URGENCY = (RefusalCause.ACCESS, RefusalCause.DATA, RefusalCause.BUSY)
_ECHOED_KEYS = ("accountId", "accountNumber", "currency", "invoiceNumber")
"""Keys that a response repeats from the request, where both have them."""

_ITEM_REGEX = re.compile(r"invoiceItems\[(\d+)\]")
_WORD_REGEX = re.compile(r"\w+")


def read_zuora_outcomes(batches: Batches, request: Request, response: Response | None) -> InvoiceOutcomes:
    """Return the outcome of each invoice of a request.

    Args:
        batches: that the request was made from.
        request: as it was sent.
        response: what came back; None when nothing did.
    """
    return read_outcomes_by_status(
        RequestLocator(batches, build_zuora_projection()), request, response, _read_success
    )


def read_outcomes_by_status(
    locator: RequestLocator, request: Request, response: Response | None, read_success: SuccessReader
) -> InvoiceOutcomes:
    """Return the outcome of each invoice, for any operation of this API.

    Args:
        locator: of the parts of the request in the sheets.
        request: as it was sent.
        response: what came back; None when nothing did.
        read_success: reads a response of status 2xx.
    """
    if response is None:
        return locator.make_same_outcomes(request, InvoiceState.IN_DOUBT, NO_RESPONSE)
    body = parse_body(response)
    if 200 <= response.status < 300:
        return read_success(locator, request, body)
    if 300 <= response.status < 400:
        return locator.make_redirect_outcomes(request, response)
    return _read_failure(locator, request, response.status, body)


def _read_success(locator: RequestLocator, request: Request, body: Any) -> InvoiceOutcomes:
    """Read a response of status 2xx: per invoice, for the request as a whole, or of its only invoice."""
    if not isinstance(body, dict):
        return locator.make_same_outcomes(request, InvoiceState.IN_DOUBT, NOT_JSON)
    if isinstance(body.get("invoices"), list):
        return _read_elements(locator, request, body["invoices"])
    if body.get("success") is False:
        return refuse_request(locator, request, body)
    if len(request.invoices) == 1 and body.get("success") is True:
        sent = orjson.loads(request.body)
        sent_invoice = sent["invoices"][0] if "invoices" in sent else sent
        (invoice,) = request.invoices
        return (_read_element(locator, invoice, sent_invoice, body),)
    return locator.make_same_outcomes(
        request, InvoiceState.IN_DOUBT, "the answer tells nothing of the invoices"
    )


def _read_elements(locator: RequestLocator, request: Request, elements: list[Any]) -> InvoiceOutcomes:
    """Read one element per invoice of the request; all are in doubt if the order is in question."""
    sent = orjson.loads(request.body)
    invoices = list(request.invoices)
    if len(elements) != len(invoices):
        message = f"{len(invoices)} invoices were sent, the answer tells of {len(elements)}"
        return locator.make_same_outcomes(request, InvoiceState.IN_DOUBT, message)
    if not _is_in_order(elements):
        message = "the answer tells the invoices in another order"
        return locator.make_same_outcomes(request, InvoiceState.IN_DOUBT, message)
    sent_invoices = sent.get("invoices", [sent])
    outcomes = tuple(
        _read_element(locator, *matched) for matched in zip(invoices, sent_invoices, elements, strict=True)
    )
    is_transaction = sent.get("useSingleTransaction") is True
    # all or none: what is reported as created together with a refusal contradicts itself
    if is_transaction and any(outcome.state is InvoiceState.REFUSED for outcome in outcomes):
        return tuple(_mark_in_doubt(locator, outcome) for outcome in outcomes)
    return outcomes


def _is_in_order(elements: list[Any]) -> bool:
    """Return whether every element is a record, at the index that it names if it names one."""
    return all(
        isinstance(element, dict) and element.get("objectIndex", index) == index
        for index, element in enumerate(elements)
    )


def _mark_in_doubt(locator: RequestLocator, outcome: InvoiceOutcome) -> InvoiceOutcome:
    """Put a created invoice in doubt: another one of the same transaction was refused."""
    if outcome.state is not InvoiceState.CREATED:
        return outcome
    message = f"told as created ({outcome.id}), though another of the same transaction was refused"
    return locator.make_doubt(outcome.invoice, message)


def _read_element(
    locator: RequestLocator, invoice: AcceptedPosition, sent: dict[str, Any], element: dict[str, Any]
) -> InvoiceOutcome:
    """Read what a response says of one invoice."""
    success, invoice_id = element.get("success"), element.get("id")
    if success is False:
        return _decide_outcome(locator, invoice, _list_api_reasons(element))
    if success is not True or not isinstance(invoice_id, str) or not invoice_id:
        return locator.make_doubt(invoice, "the answer does not say whether it was created")
    if changed_keys := _list_changed_keys(sent, element):
        message = f"the invoice {invoice_id} is there, but not as it was sent: {', '.join(changed_keys)}"
        return locator.make_doubt(invoice, message)
    number = str(element.get("invoiceNumber") or "")
    return InvoiceOutcome(invoice, InvoiceState.CREATED, invoice_id, number)


def _list_changed_keys(sent: dict[str, Any], element: dict[str, Any]) -> list[str]:
    """List the echoed keys whose value is not the one that was sent."""
    echoed = [key for key in _ECHOED_KEYS if sent.get(key) and element.get(key)]
    return [key for key in echoed if sent[key] != element[key]]


def refuse_request(locator: RequestLocator, request: Request, body: dict[str, Any]) -> InvoiceOutcomes:
    """Return the outcomes of a request that failed as a whole."""
    return tuple(_decide_outcome(locator, invoice, _list_api_reasons(body)) for invoice in request.invoices)


def _list_api_reasons(body: dict[str, Any]) -> list[dict[str, Any]]:
    reasons = body.get("reasons")
    return [reason for reason in reasons if isinstance(reason, dict)] if isinstance(reasons, list) else []


def _decide_outcome(
    locator: RequestLocator,
    invoice: AcceptedPosition,
    api_reasons: list[dict[str, Any]],
    status_cause: RefusalCause = RefusalCause.NONE,
) -> InvoiceOutcome:
    """Refuse an invoice if every reason rules out its creation; else leave it in doubt.

    Args:
        locator: of the request.
        invoice: which of the accepted invoices.
        api_reasons: the API's reasons.
        status_cause: the cause that the status gives; with one the invoice is refused, whatever the reasons.
    """
    reasons = tuple(_build_reason(locator, invoice, api_reason) for api_reason in api_reasons)
    causes = {_classify_code(api_reason.get("code")) for api_reason in api_reasons}
    if not reasons:
        reasons = (locator.make_reason(invoice, "no reason was given"),)
    # one reason that does not rule it out is enough for a doubt
    if status_cause is RefusalCause.NONE and (not causes or RefusalCause.NONE in causes):
        return InvoiceOutcome(invoice, InvoiceState.IN_DOUBT, reasons=reasons)
    cause = next((cause for cause in _CAUSES_BY_URGENCY if cause in causes), status_cause)
    return InvoiceOutcome(invoice, InvoiceState.REFUSED, cause=cause, reasons=reasons)


def _classify_code(code: object) -> RefusalCause:
    """Return the cause that a code stands for; `NONE` when it does not rule out a creation."""
    digits = str(code)
    if not re.fullmatch(r"[0-9]{8}", digits):
        return RefusalCause.NONE
    return (
        RefusalCause.ACCESS
        if digits.startswith("9")
        else _CAUSE_BY_CATEGORY.get(int(digits[-2:]), RefusalCause.NONE)
    )


def _build_reason(
    locator: RequestLocator, invoice: AcceptedPosition, api_reason: dict[str, Any]
) -> RefusalReason:
    """Build a reason, located by the one key and the one item that its message names."""
    message = str(api_reason.get("message", ""))
    item_numbers = set(_ITEM_REGEX.findall(message))
    item = int(item_numbers.pop()) if len(item_numbers) == 1 else None
    # two keys in one message would be a guess
    keys = set(_WORD_REGEX.findall(message)) & set(locator.list_keys("invoices" if item is None else "items"))
    return locator.make_reason(
        invoice, message, api_reason.get("code", ""), keys.pop() if len(keys) == 1 else "", item
    )


def _read_failure(locator: RequestLocator, request: Request, status: int, body: Any) -> InvoiceOutcomes:
    """Read a response of any status above 399."""
    api_reasons = _list_api_reasons(body) if isinstance(body, dict) else []
    cause = _get_status_cause(status, api_reasons)
    if cause is RefusalCause.NONE or not api_reasons:
        state = InvoiceState.IN_DOUBT if cause is RefusalCause.NONE else InvoiceState.REFUSED
        messages = [str(api_reason.get("message", "")) for api_reason in api_reasons]
        return locator.make_same_outcomes(request, state, "; ".join([f"status {status}", *messages]), cause)
    return tuple(_decide_outcome(locator, invoice, api_reasons, cause) for invoice in request.invoices)


def _get_status_cause(status: int, api_reasons: list[dict[str, Any]]) -> RefusalCause:
    """Return the cause that a status gives; `NONE` when it does not rule out a creation."""
    codes = [api_reason.get("code") for api_reason in api_reasons]
    if status == 409 and codes and all(_classify_code(code) is RefusalCause.BUSY for code in codes):
        return RefusalCause.BUSY  # locked by another call; any other 409 may be our own, still at work
    return _CAUSE_BY_STATUS.get(status, RefusalCause.NONE)
