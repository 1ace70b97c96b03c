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

from pipeline.model import Batches, Request
from pipeline.outcome import Cause, Outcome, Reason, Response, State
from pipeline.targets.answers import NO_ANSWER, NO_JSON, Places, parsed
from schemas.zuora import projection

Outcomes = tuple[Outcome, ...]
OfSuccess = Callable[[Places, Request, Any], Outcomes]

_BY_CATEGORY = {
    **dict.fromkeys((10, 11, 45), Cause.ACCESS),
    **dict.fromkeys((20, 21, 22, 23, 27, 30, 40, 90), Cause.DATA),
    **dict.fromkeys((50, 70), Cause.BUSY),
}
"""Categories with which nothing was created; of any other (60, 61 and 99 are internal) that is not certain."""

_BY_STATUS = {
    **dict.fromkeys((401, 403, 404, 405, 406, 407, 411, 414, 415, 422, 431), Cause.ACCESS),
    **dict.fromkeys((400, 413), Cause.DATA),
    429: Cause.BUSY,
}
"""Statuses with which nothing was created; 408 and 409 are not among them: the first call may be at work."""

_URGENCY = (Cause.ACCESS, Cause.DATA, Cause.BUSY)
_ECHOED = ("accountId", "accountNumber", "currency", "invoiceNumber")
"""What an answer repeats of the request, where both have it."""

_ITEM = re.compile(r"invoiceItems\[(\d+)\]")
_WORD = re.compile(r"\w+")


def outcomes(batches: Batches, request: Request, response: Response | None) -> tuple[Outcome, ...]:
    """What became of each invoice of a request.

    Args:
        batches: that the request was made from.
        request: as it was sent.
        response: what came back; None when nothing did.
    """
    return judged(Places(batches, projection()), request, response, _of_success)


def judged(places: Places, request: Request, response: Response | None, of_success: OfSuccess) -> Outcomes:
    """What became of each invoice, whatever the operation was.

    Args:
        places: of the parts of the request in the sheets.
        request: as it was sent.
        response: what came back; None when nothing did.
        of_success: reads an answer with a status of success.
    """
    if response is None:
        return places.all_same(request, State.IN_DOUBT, NO_ANSWER)
    told = parsed(response)
    if 200 <= response.status < 300:
        return of_success(places, request, told)
    if 300 <= response.status < 400:
        where = response.headers.get("location", "elsewhere")
        return places.all_same(request, State.REFUSED, f"the address leads to {where}", Cause.ACCESS)
    return _of_failure(places, request, response.status, told)


def _of_success(places: Places, request: Request, told: Any) -> tuple[Outcome, ...]:
    """A status of success says only that the answer is Zuora's, if it is."""
    if not isinstance(told, dict):
        return places.all_same(request, State.IN_DOUBT, NO_JSON)
    if isinstance(told.get("invoices"), list):
        return _of_elements(places, request, told["invoices"])
    if told.get("success") is False:
        return refused_as_a_whole(places, request, told)
    if len(request.invoices) == 1 and told.get("success") is True:
        sent = orjson.loads(request.body)
        own = sent["invoices"][0] if "invoices" in sent else sent
        return (_element(places, int(request.invoices[0]), own, told),)
    return places.all_same(request, State.IN_DOUBT, "the answer tells nothing of the invoices")


def _of_elements(places: Places, request: Request, elements: list[Any]) -> tuple[Outcome, ...]:
    """An element an invoice, in the order of the request; where that is not certain, all are in doubt."""
    sent = orjson.loads(request.body)
    invoices = request.invoices.tolist()
    if len(elements) != len(invoices):
        message = f"{len(invoices)} invoices were sent, the answer tells of {len(elements)}"
        return places.all_same(request, State.IN_DOUBT, message)
    for place, each in enumerate(elements):
        if not isinstance(each, dict) or each.get("objectIndex", place) != place:
            return places.all_same(request, State.IN_DOUBT, "the answer tells the invoices in another order")
    own = sent.get("invoices", [sent])
    made = tuple(_element(places, *each) for each in zip(invoices, own, elements, strict=True))
    whole = sent.get("useSingleTransaction") is True
    if whole and any(each.state is State.REFUSED for each in made):
        return tuple(_as_a_whole(places, each) for each in made)
    return made


def _as_a_whole(places: Places, outcome: Outcome) -> Outcome:
    """In one transaction with a refused invoice nothing should be there: what is told to be is in doubt."""
    if outcome.state is not State.CREATED:
        return outcome
    message = f"told as created ({outcome.id}), though another of the same transaction was refused"
    return Outcome(outcome.invoice, State.IN_DOUBT, reasons=(places.reason(outcome.invoice, message),))


def _element(places: Places, invoice: int, sent: dict[str, Any], told: dict[str, Any]) -> Outcome:
    if told.get("success") is True and isinstance(told.get("id"), str) and told["id"]:
        wrong = [key for key in _ECHOED if sent.get(key) and told.get(key) and sent[key] != told[key]]
        if not wrong:
            return Outcome(invoice, State.CREATED, told["id"], str(told.get("invoiceNumber") or ""))
        message = f"the invoice {told['id']} is there, but not as it was sent: {', '.join(wrong)}"
        return Outcome(invoice, State.IN_DOUBT, reasons=(places.reason(invoice, message),))
    if told.get("success") is False:
        return _judged(places, invoice, _given(told))
    message = "the answer does not say whether it was created"
    return Outcome(invoice, State.IN_DOUBT, reasons=(places.reason(invoice, message),))


def refused_as_a_whole(places: Places, request: Request, told: dict[str, Any]) -> Outcomes:
    """A failure of the request as a whole."""
    return tuple(_judged(places, each, _given(told)) for each in request.invoices.tolist())


def _given(told: dict[str, Any]) -> list[dict[str, Any]]:
    reasons = told.get("reasons")
    return [each for each in reasons if isinstance(each, dict)] if isinstance(reasons, list) else []


def _judged(places: Places, invoice: int, given: list[dict[str, Any]], sure: Cause = Cause.NONE) -> Outcome:
    """Refused, if every reason is one with which nothing is created; else in doubt.

    Args:
        places: of the request.
        invoice: position within `Invoices.positions`.
        given: the reasons.
        sure: the cause that the status tells; with it the invoice is refused, whatever the reasons are.
    """
    reasons = tuple(_reason(places, invoice, each) for each in given)
    causes = {_cause(each.get("code")) for each in given}
    if not reasons:
        reasons = (places.reason(invoice, "no reason was given"),)
    if sure is Cause.NONE and (not causes or Cause.NONE in causes):
        return Outcome(invoice, State.IN_DOUBT, reasons=reasons)
    known = next((each for each in _URGENCY if each in causes), sure)
    return Outcome(invoice, State.REFUSED, cause=known, reasons=reasons)


def _cause(code: object) -> Cause:
    """What a code stands for; none when it leaves open whether something was created."""
    digits = str(code)
    if not re.fullmatch(r"[0-9]{8}", digits):
        return Cause.NONE
    return Cause.ACCESS if digits.startswith("9") else _BY_CATEGORY.get(int(digits[-2:]), Cause.NONE)


def _reason(places: Places, invoice: int, given: dict[str, Any]) -> Reason:
    """A reason with its place: the one key, and the item, that the message names."""
    message = str(given.get("message", ""))
    items = set(_ITEM.findall(message))
    item = int(items.pop()) if len(items) == 1 else None
    keys = set(_WORD.findall(message)) & set(places.keys("invoices" if item is None else "items"))
    return places.reason(invoice, message, given.get("code", ""), keys.pop() if len(keys) == 1 else "", item)


def _of_failure(places: Places, request: Request, status: int, told: Any) -> tuple[Outcome, ...]:
    given = _given(told) if isinstance(told, dict) else []
    sure = _BY_STATUS.get(status, Cause.NONE)
    if status == 409 and given and all(_cause(each.get("code")) is Cause.BUSY for each in given):
        sure = Cause.BUSY  # locked by another call; any other 409 may be our own, still at work
    if sure is Cause.NONE or not given:
        state = State.REFUSED if sure is not Cause.NONE else State.IN_DOUBT
        words = [str(each.get("message", "")) for each in given]
        return places.all_same(request, state, "; ".join([f"status {status}", *words]), sure)
    return tuple(_judged(places, each, given, sure) for each in request.invoices.tolist())
