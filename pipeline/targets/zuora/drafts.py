"""Change draft standalone invoices in Zuora Billing, one by one or many per request.

In: `Batches` of changes, and settings.
Out: `ZUORA_DRAFTS`, the target.
Never: sends a field that the sheet leaves blank, except the amount of an added item.

Source: Zuora API reference, `PUT /v1/invoices/{invoiceKey}` and `PUT /v1/invoices`, read 2026-11-20: at most
50 drafts per request; the response says nothing of each one, and what is done when one of them fails is
not documented. No request of this method takes an idempotency key. An item without an id is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.json_columns import JsonNumbers, JsonObjects
from pipeline.model.invoices import Batch, Batches, Request
from pipeline.model.outcomes import InvoiceOutcome, InvoiceState, RefusalCause, Response
from pipeline.settings import Settings
from pipeline.targets.responses import NOT_JSON, InvoiceOutcomes, RequestLocator
from pipeline.targets.target import Target
from pipeline.targets.zuora.payload import (
    PayloadObjects,
    collect_item_columns,
    encode_invoice_arrays,
    encode_single_invoices,
    get_zuora_limits,
    list_item_permissions,
)
from pipeline.targets.zuora.responses import read_outcomes_by_status, refuse_request
from schemas.arrow.columns import ArrowColumn, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.fields import Projection
from schemas.tables.items import ACTION_ADD, ACTION_DELETE
from schemas.targets import zuora_drafts as schema

_PATH = "/v1/invoices"
_UNDOCUMENTED = "whether others of the same request were changed is not documented"


def _build_projection(settings: Settings) -> Projection:
    return schema.build_zuora_drafts_projection(by_number=settings.request == "single")


def _build_requests(batches: Batches, settings: Settings) -> Iterator[Request]:
    payload = PayloadObjects(
        JsonObjects(_collect_invoice_columns(batches, settings)),
        JsonObjects(_collect_item_columns(batches, settings)),
    )
    is_array = settings.request != "single"
    encoded = (
        encode_invoice_arrays(batches, payload) if is_array else encode_single_invoices(batches, payload)
    )
    for number, (batch, text) in enumerate(encoded, 1):
        path = _PATH if is_array else f"{_PATH}/{_get_draft_key(batches, batch)}"
        body = b"".join((b'{"invoices":', text, b"}")) if is_array else text.to_pybytes()
        yield Request(number, "PUT", path, body, batch.invoices)


def _get_draft_key(batches: Batches, batch: Batch) -> str:
    """Return the id or number of the only draft of a batch."""
    (row,) = batches.invoices.get_rows(batch.invoices).tolist()
    return str(batches.invoices.sheets.valid.invoices["invoice_key"].iloc[row])


def _collect_invoice_columns(batches: Batches, settings: Settings) -> dict[str, ArrowColumn]:
    """Collect the changed header fields by their key in the request."""
    frame = batches.invoices.sheets.valid.invoices
    keys = _build_projection(settings).get_payload_keys("invoices", settings.custom_fields)
    return {key: arrow_column(frame[name]) for name, key in keys.items() if name in frame}


def _collect_item_columns(batches: Batches, settings: Settings) -> dict[str, ArrowColumn | JsonNumbers]:
    """Collect the items' columns by key; an amount only where one is given or the item is added."""
    frame = batches.invoices.sheets.items
    if "action" not in frame:
        return {}
    columns = collect_item_columns(batches, settings, _build_projection(settings))
    action = decode_dictionary(arrow_column(frame["action"]))
    has_amount = pc.equal(action, ACTION_ADD)
    if "amount" in frame:
        # Kleene: an unknown action does not hide an amount that is given
        has_amount = pc.or_kleene(has_amount, pc.is_valid(arrow_column(frame["amount"])))
    columns["amount"] = JsonNumbers(pc.if_else(has_amount, columns["amount"].texts, None))
    return columns | {"delete": pc.if_else(pc.equal(action, ACTION_DELETE), True, None)}


def _list_permissions(batches: Batches) -> tuple[str, ...]:
    """List the permissions that the added items need: those of newly created ones."""
    accepted = batches.invoices
    if not len(accepted):
        return ()
    frame = accepted.sheets.items
    if "action" not in frame:
        return list_item_permissions(batches, np.zeros(0, np.int64))
    added = pc.fill_null(pc.equal(decode_dictionary(arrow_column(frame["action"])), ACTION_ADD), False)
    is_added = pc.take(added, pa.array(accepted.item_rows)).to_numpy(zero_copy_only=False)
    return list_item_permissions(batches, accepted.item_rows[is_added])


def _read_outcomes(batches: Batches, request: Request, response: Response | None) -> InvoiceOutcomes:
    """Return the outcome of each change; refused among many, it is in doubt what was done of the others."""
    locator = RequestLocator(
        batches, schema.build_zuora_drafts_projection(by_number=len(request.invoices) == 1)
    )
    outcomes = read_outcomes_by_status(locator, request, response, _read_success)
    # of many, a refusal says nothing certain of each
    return outcomes if len(outcomes) == 1 else tuple(_mark_in_doubt(outcome) for outcome in outcomes)


def _read_success(locator: RequestLocator, request: Request, body: Any) -> InvoiceOutcomes:
    """Read a response of status 2xx: it speaks of the request as a whole."""
    if not isinstance(body, dict):
        return locator.make_same_outcomes(request, InvoiceState.IN_DOUBT, NOT_JSON)
    if body.get("success") is True:
        number = str(body.get("number") or body.get("invoiceNumber") or "")
        draft_id = str(body.get("id") or "")
        return tuple(
            InvoiceOutcome(invoice, InvoiceState.CREATED, draft_id, number) for invoice in request.invoices
        )
    if body.get("success") is False:
        return refuse_request(locator, request, body)
    return locator.make_same_outcomes(
        request, InvoiceState.IN_DOUBT, "the answer does not say whether it was changed"
    )


def _mark_in_doubt(outcome: InvoiceOutcome) -> InvoiceOutcome:
    """Turn a refusal for the data into a doubt: other drafts of the request may have been changed."""
    if outcome.state is not InvoiceState.REFUSED or outcome.cause is not RefusalCause.DATA:
        return outcome
    reasons = tuple(
        reason._replace(message=f"{reason.message}; {_UNDOCUMENTED}") for reason in outcome.reasons
    )
    return InvoiceOutcome(outcome.invoice, InvoiceState.IN_DOUBT, reasons=reasons)


ZUORA_DRAFTS = Target(
    name="zuora-drafts",
    title="Zuora: change draft invoices",
    get_limits=get_zuora_limits,
    get_projection=_build_projection,
    build_requests=_build_requests,
    read_outcomes=_read_outcomes,
    list_permissions=_list_permissions,
    api_only_checks=(
        "Whether the draft and the item exist, belong together, and the invoice still is a draft.",
        "Whether the invoice date lies in a closed accounting period.",
        "What the draft holds now: nothing is compared with it, and the total after the change is not known "
        "here.",
        "What became of the others when one of many in a request fails: where that matters, use --request "
        "single.",
        "Whether a change was made before: these requests take no key against that; this ledger is the only "
        "guard.",
    ),
)
