"""What new invoices and changes of drafts share: limits, item columns, JSON of batches, permissions.

In: `Batches`, and the columns of the sheets by their key in the request.
Out: the JSON of each batch, in the order of the batches.
Never: knows the operation: paths, envelopes and header columns stay with `invoices` and `drafts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.json_columns import JsonNumbers, JsonObjects, NestedObjects
from pipeline.model.indices import Positions
from pipeline.model.invoices import Batch, Batches, BatchGroup, RequestLimits
from pipeline.settings import Settings
from schemas.arrow.columns import ArrowColumn, Indices, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.fields import Projection

CHARGE_ID = "product_rate_plan_charge_id"


class PayloadObjects(NamedTuple):
    """Encoders of the sheets' rows as JSON.

    Attributes:
        invoices: the invoices' own fields, without their children.
        items: the items' own fields, without their children.
        item_children: encoders of the items' children, by key.
        invoice_children: encoders of the invoices' children other than items, by key: rows to texts.
    """

    invoices: JsonObjects
    items: JsonObjects
    item_children: Mapping[str, NestedObjects] = MappingProxyType({})
    invoice_children: Mapping[str, Callable[[Indices], Texts]] = MappingProxyType({})


def get_zuora_limits(settings: Settings) -> RequestLimits:
    """Return what one request may hold: one invoice or 50, and 1,000 items.

    Args:
        settings: `request` decides between one invoice and many per request.
    """
    return RequestLimits(invoices=1 if settings.request == "single" else 50, items=1000)


def encode_single_invoices(batches: Batches, payload: PayloadObjects) -> Iterator[tuple[Batch, pa.Buffer]]:
    """Yield each batch with the JSON object of its only invoice.

    Args:
        batches: of one invoice each.
        payload: encoders of their rows.
    """
    for group in batches.iter_groups():
        members = _encode_children(group, payload)
        texts = payload.invoices.encode_objects(pa.array(group.invoice_rows), **members)
        yield from ((batch, text.as_buffer()) for batch, text in zip(group.batches, texts, strict=True))


def encode_invoice_arrays(batches: Batches, payload: PayloadObjects) -> Iterator[tuple[Batch, pa.Buffer]]:
    """Yield each batch with the JSON array of its invoices.

    Args:
        batches: of any size.
        payload: encoders of their rows.
    """
    for group in batches.iter_groups():
        members = _encode_children(group, payload)
        rows = pa.array(group.invoice_rows)
        texts = payload.invoices.encode_arrays(rows, group.invoice_offsets, **members)
        yield from ((batch, text.as_buffer()) for batch, text in zip(group.batches, texts, strict=True))


def _encode_children(group: BatchGroup, payload: PayloadObjects) -> dict[str, Texts]:
    """Encode the children of a group's invoices, by key; one text per invoice."""
    item_rows, invoice_rows = pa.array(group.item_rows), pa.array(group.invoice_rows)
    members = {key: encode(invoice_rows) for key, encode in payload.invoice_children.items()}
    item_members = {key: nested.encode_arrays(item_rows) for key, nested in payload.item_children.items()}
    members["invoiceItems"] = payload.items.encode_arrays(item_rows, group.item_offsets, **item_members)
    return members


def collect_item_columns(
    batches: Batches, settings: Settings, projection: Projection
) -> dict[str, ArrowColumn | JsonNumbers]:
    """Collect the items' columns by their key in the request, one value per row of the items' frame.

    Args:
        batches: all of them.
        settings: they name the custom fields.
        projection: where each field goes.

    Returns:
        The columns; where an item names a charge, the fields that the API reads from the charge are null.
    """
    frame = batches.invoices.sheets.items
    keys = projection.get_payload_keys("items", settings.custom_fields)
    columns = {name: arrow_column(frame[name]) for name in keys if name in frame}
    texts = batches.invoices.sheets.number_texts
    columns |= {name: JsonNumbers(texts[name]) for name in ("quantity", "unit_price") if name in columns}
    columns["amount"] = JsonNumbers(texts["effective_amount"])
    charge = columns.get(CHARGE_ID)
    if charge is not None:
        for name in set(projection.catalog_fields) & set(columns):
            columns[name] = pc.if_else(pc.is_valid(charge), None, decode_dictionary(columns[name]))
    return {key: columns[name] for name, key in keys.items() if name in columns}


def list_item_permissions(batches: Batches, item_rows: Positions) -> tuple[str, ...]:
    """List the permissions that a user needs to create some items.

    Args:
        batches: all of them.
        item_rows: rows of the new items.

    Returns:
        One permission for any change, one more for items with a charge of the catalog, one for items without.
    """
    frame = batches.invoices.sheets.items
    charge_ids = arrow_column(frame[CHARGE_ID]) if CHARGE_ID in frame else pa.nulls(len(frame), pa.string())
    has_charge = pc.is_valid(pc.take(charge_ids, pa.array(item_rows)))
    permissions = ["Modify Invoice"]
    if pc.any(has_charge).as_py():
        permissions.append("Create Standalone Invoice With Product Catalog")
    # `all` of no items is true: only an item without a charge needs the permission
    if pc.all(has_charge).as_py() is False:
        permissions.append("Create Standalone Invoice Without Product Catalog")
    return tuple(permissions)
