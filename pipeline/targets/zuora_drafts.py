"""Zuora Billing: change draft standalone invoices, one by one or many in a request.

Source: Zuora API reference, `PUT /v1/invoices/{invoiceKey}` and `PUT /v1/invoices`, read 2026-11-20: at most
50 drafts a request; its answer tells nothing of each, and what is done when one of them fails is not
documented. No request of this method takes an idempotency key. An item without an id is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import json_text
from pipeline.config import Settings
from pipeline.model import Batch, Batches, Limits, Request
from pipeline.outcome import Cause, Outcome, Response, State
from pipeline.targets import zuora
from pipeline.targets.answers import NO_JSON, Places
from pipeline.targets.target import Target
from pipeline.targets.zuora_answers import Outcomes, judged, refused_as_a_whole
from schemas import zuora_drafts as schema
from schemas.columns import cells_of, plain
from schemas.fields import Projection
from schemas.tables import ADD, DELETE

_PATH = "/v1/invoices"
_UNSURE = "whether others of the same request were changed is not documented"


def _limits(settings: Settings) -> Limits:
    return Limits(invoices=1 if settings.request == "single" else 50, items=1000)


def _projection(settings: Settings) -> Projection:
    return schema.projection(by_number=settings.request == "single")


def _requests(batches: Batches, settings: Settings) -> Iterator[Request]:
    sheets = zuora.Written(
        json_text.Objects(_invoice_columns(batches, settings)),
        json_text.Objects(_item_columns(batches, settings)),
    )
    many = settings.request != "single"
    made = zuora.together(batches, sheets) if many else zuora.singly(batches, sheets)
    for number, (one, text) in enumerate(made, 1):
        path = _PATH if many else f"{_PATH}/{_key(batches, one)}"
        body = b"".join((b'{"invoices":', text, b"}")) if many else text.to_pybytes()
        yield Request(number, "PUT", path, body, one.invoices)


def _key(batches: Batches, one: Batch) -> str:
    """The id or number of the one draft of a batch."""
    keys = batches.invoices.sheets.valid.invoices["invoice_key"]
    return str(keys.iloc[int(batches.invoices.positions[one.invoices[0]])])


def _invoice_columns(batches: Batches, settings: Settings) -> dict[str, Any]:
    """The changes of the header by their key in the request."""
    frame = batches.invoices.sheets.valid.invoices
    keys = _projection(settings).keys("invoices", settings.custom_fields)
    return {key: cells_of(frame[name]) for name, key in keys.items() if name in frame}


def _item_columns(batches: Batches, settings: Settings) -> dict[str, Any]:
    """The items by their key in the request; an amount only where one is given or the item is added."""
    frame = batches.invoices.sheets.items
    if "action" not in frame:
        return {}
    columns = zuora.item_columns(batches, settings, _projection(settings))
    action = plain(cells_of(frame["action"]))
    told = pc.equal(action, ADD)
    if "amount" in frame:
        told = pc.or_kleene(told, pc.is_valid(cells_of(frame["amount"])))
    columns["amount"] = json_text.Numbers(pc.if_else(told, columns["amount"].texts, None))
    return columns | {"delete": pc.if_else(pc.equal(action, DELETE), True, None)}


def _permissions(batches: Batches) -> tuple[str, ...]:
    """What is added needs the permissions of what is created."""
    accepted = batches.invoices
    if not len(accepted):
        return ()
    frame = accepted.sheets.items
    if "action" not in frame:
        return zuora.permissions_for(batches, np.zeros(0, np.int64))
    added = pc.fill_null(pc.equal(plain(cells_of(frame["action"])), ADD), False)
    mine = pc.take(added, pa.array(accepted.items)).to_numpy(zero_copy_only=False)
    return zuora.permissions_for(batches, accepted.items[mine])


def _outcomes(batches: Batches, request: Request, response: Response | None) -> Outcomes:
    """What became of each change: of many, a refusal leaves open what was done of the others."""
    places = Places(batches, schema.projection(by_number=len(request.invoices) == 1))
    told = judged(places, request, response, _of_success)
    return told if len(told) == 1 else tuple(_of_many(each) for each in told)


def _of_success(places: Places, request: Request, told: Any) -> Outcomes:
    if not isinstance(told, dict):
        return places.all_same(request, State.IN_DOUBT, NO_JSON)
    if told.get("success") is True:
        number = str(told.get("number") or told.get("invoiceNumber") or "")
        made = str(told.get("id") or "")
        return tuple(Outcome(each, State.CREATED, made, number) for each in request.invoices.tolist())
    if told.get("success") is False:
        return refused_as_a_whole(places, request, told)
    return places.all_same(request, State.IN_DOUBT, "the answer does not say whether it was changed")


def _of_many(outcome: Outcome) -> Outcome:
    """Refused for its data, one of many leaves in doubt what became of the rest."""
    if outcome.state is not State.REFUSED or outcome.cause is not Cause.DATA:
        return outcome
    reasons = tuple(each._replace(message=f"{each.message}; {_UNSURE}") for each in outcome.reasons)
    return Outcome(outcome.invoice, State.IN_DOUBT, reasons=reasons)


TARGET = Target(
    "zuora-drafts",
    "Zuora: change draft invoices",
    _limits,
    _projection,
    _requests,
    _outcomes,
    permissions=_permissions,
    only_the_api_knows=(
        "Whether the draft and the item exist, belong together, and the invoice still is a draft.",
        "Whether the invoice date lies in a closed accounting period.",
        "What the draft holds now: nothing is compared with it, and the total after the change is not known here.",
        "What became of the others when one of many in a request fails: where that matters, use --request single.",
        "Whether a change was made before: these requests take no key against that; this ledger is the only guard.",
    ),
)
