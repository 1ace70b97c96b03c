"""Zuora Billing: what an answer says of each invoice of a request.

Source: Zuora API reference, error handling and `POST /v1/invoices/batch`, read 2026-11-20. An answer says
`success: true` at its top although an invoice failed, so each is read on its own. Before version 2024-05-20
every failure came with status 200. A code is 8 digits: 6 for the resource, 2 for the category; codes that
begin with 9 are about the credentials.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from pipeline.model.invoices import Batches, Request
from pipeline.model.outcomes import InvoiceOutcome, InvoiceState, RefusalCause, RefusalReason, Response
from pipeline.targets.responses import NO_RESPONSE, NOT_JSON, RequestLocator, parse_body
from schemas.targets.zuora import build_zuora_projection

InvoiceOutcomes = tuple[InvoiceOutcome, ...]
SuccessReader = Callable[[RequestLocator, Request, Any], InvoiceOutcomes]

_CAUSE_BY_CATEGORY = {
    **dict.fromkeys((10, 11, 45), RefusalCause.ACCESS),
    **dict.fromkeys((20, 21, 22, 23, 27, 30, 40, 90), RefusalCause.DATA),
    **dict.fromkeys((50, 70), RefusalCause.BUSY),
}
"""Categories with which nothing was created; of any other (60, 61 and 99 are internal) that is not certain."""

_CAUSE_BY_STATUS = {
    **dict.fromkeys((401, 403, 404, 405, 406, 407, 411, 414, 415, 422, 431), RefusalCause.ACCESS),
    **dict.fromkeys((400, 413), RefusalCause.DATA),
    429: RefusalCause.BUSY,
}
"""Statuses with which nothing was created; 408 and 409 are not among them: the first call may be at work."""

_CAUSES_BY_URGENCY = (RefusalCause.ACCESS, RefusalCause.DATA, RefusalCause.BUSY)
_ECHOED_KEYS = ("accountId", "accountNumber", "currency", "invoiceNumber")
"""What an answer repeats of the request, where both have it."""

_ITEM_REGEX = re.compile(r"invoiceItems\[(\d+)\]")
_WORD_REGEX = re.compile(r"\w+")


def read_zuora_outcomes(
    batches: Batches, request: Request, response: Response | None
) -> tuple[InvoiceOutcome, ...]:
    """What became of each invoice of a request.

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
    """What became of each invoice, whatever the operation was.

    Args:
        locator: of the parts of the request in the sheets.
        request: as it was sent.
        response: what came back; None when nothing did.
        read_success: reads an answer with a status of success.
    """
    if response is None:
        return locator.make_same_outcomes(request, InvoiceState.IN_DOUBT, NO_RESPONSE)
    body = parse_body(response)
    if 200 <= response.status < 300:
        return read_success(locator, request, body)
    if 300 <= response.status < 400:
        location = response.headers.get("location", "elsewhere")
        return locator.make_same_outcomes(
            request, InvoiceState.REFUSED, f"the address leads to {location}", RefusalCause.ACCESS
        )
    return _read_failure(locator, request, response.status, body)


def _read_success(locator: RequestLocator, request: Request, body: Any) -> tuple[InvoiceOutcome, ...]:
    """A status of success says only that the answer is Zuora's, if it is."""
    if not isinstance(body, dict):
        return locator.make_same_outcomes(request, InvoiceState.IN_DOUBT, NOT_JSON)
    if isinstance(body.get("invoices"), list):
        return _read_elements(locator, request, body["invoices"])
    if body.get("success") is False:
        return refuse_request(locator, request, body)
    if len(request.invoices) == 1 and body.get("success") is True:
        sent = orjson.loads(request.body)
        sent_invoice = sent["invoices"][0] if "invoices" in sent else sent
        return (_read_element(locator, int(request.invoices[0]), sent_invoice, body),)
    return locator.make_same_outcomes(
        request, InvoiceState.IN_DOUBT, "the answer tells nothing of the invoices"
    )


def _read_elements(
    locator: RequestLocator, request: Request, elements: list[Any]
) -> tuple[InvoiceOutcome, ...]:
    """An element an invoice, in the order of the request; where that is not certain, all are in doubt."""
    sent = orjson.loads(request.body)
    invoices = request.invoices.tolist()
    if len(elements) != len(invoices):
        message = f"{len(invoices)} invoices were sent, the answer tells of {len(elements)}"
        return locator.make_same_outcomes(request, InvoiceState.IN_DOUBT, message)
    for index, element in enumerate(elements):
        if not isinstance(element, dict) or element.get("objectIndex", index) != index:
            return locator.make_same_outcomes(
                request, InvoiceState.IN_DOUBT, "the answer tells the invoices in another order"
            )
    sent_invoices = sent.get("invoices", [sent])
    outcomes = tuple(
        _read_element(locator, *matched) for matched in zip(invoices, sent_invoices, elements, strict=True)
    )
    is_transaction = sent.get("useSingleTransaction") is True
    if is_transaction and any(outcome.state is InvoiceState.REFUSED for outcome in outcomes):
        return tuple(_mark_in_doubt(locator, outcome) for outcome in outcomes)
    return outcomes


def _mark_in_doubt(locator: RequestLocator, outcome: InvoiceOutcome) -> InvoiceOutcome:
    """In one transaction with a refused invoice nothing should be there: what is told to be is in doubt."""
    if outcome.state is not InvoiceState.CREATED:
        return outcome
    message = f"told as created ({outcome.id}), though another of the same transaction was refused"
    return InvoiceOutcome(
        outcome.invoice, InvoiceState.IN_DOUBT, reasons=(locator.make_reason(outcome.invoice, message),)
    )


def _read_element(
    locator: RequestLocator, invoice: int, sent: dict[str, Any], element: dict[str, Any]
) -> InvoiceOutcome:
    if element.get("success") is True and isinstance(element.get("id"), str) and element["id"]:
        changed_keys = [
            key for key in _ECHOED_KEYS if sent.get(key) and element.get(key) and sent[key] != element[key]
        ]
        if not changed_keys:
            return InvoiceOutcome(
                invoice, InvoiceState.CREATED, element["id"], str(element.get("invoiceNumber") or "")
            )
        message = f"the invoice {element['id']} is there, but not as it was sent: {', '.join(changed_keys)}"
        return InvoiceOutcome(
            invoice, InvoiceState.IN_DOUBT, reasons=(locator.make_reason(invoice, message),)
        )
    if element.get("success") is False:
        return _decide_outcome(locator, invoice, _list_api_reasons(element))
    message = "the answer does not say whether it was created"
    return InvoiceOutcome(invoice, InvoiceState.IN_DOUBT, reasons=(locator.make_reason(invoice, message),))


def refuse_request(locator: RequestLocator, request: Request, body: dict[str, Any]) -> InvoiceOutcomes:
    """A failure of the request as a whole."""
    return tuple(
        _decide_outcome(locator, invoice, _list_api_reasons(body)) for invoice in request.invoices.tolist()
    )


def _list_api_reasons(body: dict[str, Any]) -> list[dict[str, Any]]:
    reasons = body.get("reasons")
    return [reason for reason in reasons if isinstance(reason, dict)] if isinstance(reasons, list) else []


def _decide_outcome(
    locator: RequestLocator,
    invoice: int,
    api_reasons: list[dict[str, Any]],
    status_cause: RefusalCause = RefusalCause.NONE,
) -> InvoiceOutcome:
    """Refused, if every reason is one with which nothing is created; else in doubt.

    Args:
        locator: of the request.
        invoice: position within `Invoices.positions`.
        api_reasons: the reasons.
        status_cause: the cause that the status tells; with it the invoice is refused, whatever the reasons are.
    """
    reasons = tuple(_build_reason(locator, invoice, api_reason) for api_reason in api_reasons)
    causes = {_classify_code(api_reason.get("code")) for api_reason in api_reasons}
    if not reasons:
        reasons = (locator.make_reason(invoice, "no reason was given"),)
    if status_cause is RefusalCause.NONE and (not causes or RefusalCause.NONE in causes):
        return InvoiceOutcome(invoice, InvoiceState.IN_DOUBT, reasons=reasons)
    cause = next((cause for cause in _CAUSES_BY_URGENCY if cause in causes), status_cause)
    return InvoiceOutcome(invoice, InvoiceState.REFUSED, cause=cause, reasons=reasons)


def _classify_code(code: object) -> RefusalCause:
    """What a code stands for; none when it leaves open whether something was created."""
    digits = str(code)
    if not re.fullmatch(r"[0-9]{8}", digits):
        return RefusalCause.NONE
    return (
        RefusalCause.ACCESS
        if digits.startswith("9")
        else _CAUSE_BY_CATEGORY.get(int(digits[-2:]), RefusalCause.NONE)
    )


def _build_reason(locator: RequestLocator, invoice: int, api_reason: dict[str, Any]) -> RefusalReason:
    """A reason with its place: the one key, and the item, that the message names."""
    message = str(api_reason.get("message", ""))
    item_numbers = set(_ITEM_REGEX.findall(message))
    item = int(item_numbers.pop()) if len(item_numbers) == 1 else None
    keys = set(_WORD_REGEX.findall(message)) & set(locator.list_keys("invoices" if item is None else "items"))
    return locator.make_reason(
        invoice, message, api_reason.get("code", ""), keys.pop() if len(keys) == 1 else "", item
    )


def _read_failure(
    locator: RequestLocator, request: Request, status: int, body: Any
) -> tuple[InvoiceOutcome, ...]:
    api_reasons = _list_api_reasons(body) if isinstance(body, dict) else []
    status_cause = _CAUSE_BY_STATUS.get(status, RefusalCause.NONE)
    if (
        status == 409
        and api_reasons
        and all(_classify_code(api_reason.get("code")) is RefusalCause.BUSY for api_reason in api_reasons)
    ):
        status_cause = (
            RefusalCause.BUSY
        )  # locked by another call; any other 409 may be our own, still at work
    if status_cause is RefusalCause.NONE or not api_reasons:
        state = InvoiceState.REFUSED if status_cause is not RefusalCause.NONE else InvoiceState.IN_DOUBT
        messages = [str(api_reason.get("message", "")) for api_reason in api_reasons]
        return locator.make_same_outcomes(
            request, state, "; ".join([f"status {status}", *messages]), status_cause
        )
    return tuple(
        _decide_outcome(locator, invoice, api_reasons, status_cause) for invoice in request.invoices.tolist()
    )
