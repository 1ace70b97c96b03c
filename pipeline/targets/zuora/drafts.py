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

from pipeline import json_columns
from pipeline.model.invoices import Batch, Batches, Request, RequestLimits
from pipeline.model.outcomes import InvoiceOutcome, InvoiceState, RefusalCause, Response
from pipeline.settings import Settings
from pipeline.targets.responses import NOT_JSON, RequestLocator
from pipeline.targets.target import Target
from pipeline.targets.zuora import invoices
from pipeline.targets.zuora.responses import InvoiceOutcomes, read_outcomes_by_status, refuse_request
from schemas.arrow.columns import arrow_column, decode_dictionary
from schemas.fields import Projection
from schemas.tables.items import ACTION_ADD, ACTION_DELETE
from schemas.targets import zuora_drafts as schema

_PATH = "/v1/invoices"
_UNDOCUMENTED = "whether others of the same request were changed is not documented"


def _get_limits(settings: Settings) -> RequestLimits:
    return RequestLimits(invoices=1 if settings.request == "single" else 50, items=1000)


def _build_projection(settings: Settings) -> Projection:
    return schema.build_zuora_drafts_projection(by_number=settings.request == "single")


def _build_requests(batches: Batches, settings: Settings) -> Iterator[Request]:
    payload = invoices.PayloadObjects(
        json_columns.JsonObjects(_collect_invoice_columns(batches, settings)),
        json_columns.JsonObjects(_collect_item_columns(batches, settings)),
    )
    is_array = settings.request != "single"
    encoded = (
        invoices.encode_invoice_arrays(batches, payload)
        if is_array
        else invoices.encode_single_invoices(batches, payload)
    )
    for number, (batch, text) in enumerate(encoded, 1):
        path = _PATH if is_array else f"{_PATH}/{_get_draft_key(batches, batch)}"
        body = b"".join((b'{"invoices":', text, b"}")) if is_array else text.to_pybytes()
        yield Request(number, "PUT", path, body, batch.invoices)


def _get_draft_key(batches: Batches, batch: Batch) -> str:
    """The id or number of the one draft of a batch."""
    keys = batches.invoices.sheets.valid.invoices["invoice_key"]
    return str(keys.iloc[int(batches.invoices.positions[batch.invoices[0]])])


def _collect_invoice_columns(batches: Batches, settings: Settings) -> dict[str, Any]:
    """The changes of the header by their key in the request."""
    frame = batches.invoices.sheets.valid.invoices
    keys = _build_projection(settings).get_payload_keys("invoices", settings.custom_fields)
    return {key: arrow_column(frame[name]) for name, key in keys.items() if name in frame}


def _collect_item_columns(batches: Batches, settings: Settings) -> dict[str, Any]:
    """The items by their key in the request; an amount only where one is given or the item is added."""
    frame = batches.invoices.sheets.items
    if "action" not in frame:
        return {}
    columns = invoices.collect_item_columns(batches, settings, _build_projection(settings))
    action = decode_dictionary(arrow_column(frame["action"]))
    has_amount = pc.equal(action, ACTION_ADD)
    if "amount" in frame:
        has_amount = pc.or_kleene(has_amount, pc.is_valid(arrow_column(frame["amount"])))
    columns["amount"] = json_columns.JsonNumbers(pc.if_else(has_amount, columns["amount"].texts, None))
    return columns | {"delete": pc.if_else(pc.equal(action, ACTION_DELETE), True, None)}


def _list_permissions(batches: Batches) -> tuple[str, ...]:
    """What is added needs the permissions of what is created."""
    accepted = batches.invoices
    if not len(accepted):
        return ()
    frame = accepted.sheets.items
    if "action" not in frame:
        return invoices.list_item_permissions(batches, np.zeros(0, np.int64))
    added = pc.fill_null(pc.equal(decode_dictionary(arrow_column(frame["action"])), ACTION_ADD), False)
    is_added = pc.take(added, pa.array(accepted.items)).to_numpy(zero_copy_only=False)
    return invoices.list_item_permissions(batches, accepted.items[is_added])


def _read_outcomes(batches: Batches, request: Request, response: Response | None) -> InvoiceOutcomes:
    """What became of each change: of many, a refusal leaves open what was done of the others."""
    locator = RequestLocator(
        batches, schema.build_zuora_drafts_projection(by_number=len(request.invoices) == 1)
    )
    outcomes = read_outcomes_by_status(locator, request, response, _read_success)
    return outcomes if len(outcomes) == 1 else tuple(_mark_in_doubt(outcome) for outcome in outcomes)


def _read_success(locator: RequestLocator, request: Request, body: Any) -> InvoiceOutcomes:
    if not isinstance(body, dict):
        return locator.make_same_outcomes(request, InvoiceState.IN_DOUBT, NOT_JSON)
    if body.get("success") is True:
        number = str(body.get("number") or body.get("invoiceNumber") or "")
        draft_id = str(body.get("id") or "")
        return tuple(
            InvoiceOutcome(invoice, InvoiceState.CREATED, draft_id, number)
            for invoice in request.invoices.tolist()
        )
    if body.get("success") is False:
        return refuse_request(locator, request, body)
    return locator.make_same_outcomes(
        request, InvoiceState.IN_DOUBT, "the answer does not say whether it was changed"
    )


def _mark_in_doubt(outcome: InvoiceOutcome) -> InvoiceOutcome:
    """Refused for its data, one of many leaves in doubt what became of the rest."""
    if outcome.state is not InvoiceState.REFUSED or outcome.cause is not RefusalCause.DATA:
        return outcome
    reasons = tuple(
        reason._replace(message=f"{reason.message}; {_UNDOCUMENTED}") for reason in outcome.reasons
    )
    return InvoiceOutcome(outcome.invoice, InvoiceState.IN_DOUBT, reasons=reasons)


ZUORA_DRAFTS = Target(
    "zuora-drafts",
    "Zuora: change draft invoices",
    _get_limits,
    _build_projection,
    _build_requests,
    _read_outcomes,
    list_permissions=_list_permissions,
    api_only_checks=(
        "Whether the draft and the item exist, belong together, and the invoice still is a draft.",
        "Whether the invoice date lies in a closed accounting period.",
        "What the draft holds now: nothing is compared with it, and the total after the change is not known here.",
        "What became of the others when one of many in a request fails: where that matters, use --request single.",
        "Whether a change was made before: these requests take no key against that; this ledger is the only guard.",
    ),
)
