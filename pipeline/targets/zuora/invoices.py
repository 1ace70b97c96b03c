"""Zuora Billing: create standalone invoices, many a request or one by one.

Source: Zuora API reference, `POST /v1/invoices/batch` and `POST /v1/invoices`, read 2026-11-20: at most 50
invoices and 1,000 items a request; with `productRatePlanChargeId` eight fields are read from the
charge whatever the request says, so they are not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import json_columns
from pipeline.model.indices import Positions
from pipeline.model.invoices import Batch, Batches, Request, RequestLimits
from pipeline.model.valid import ValidSheets
from pipeline.settings import Settings
from pipeline.targets.target import Target
from pipeline.targets.zuora import catalog
from pipeline.targets.zuora.responses import read_zuora_outcomes
from schemas.arrow.columns import arrow_column, decode_dictionary
from schemas.fields import Projection
from schemas.targets import zuora as schema

_CHUNK_ITEMS = 16_000
"""Items whose texts are made together, at least: some megabytes."""


_PATHS = {"batch": "/v1/invoices/batch", "single": "/v1/invoices"}


def _get_limits(settings: Settings) -> RequestLimits:
    return RequestLimits(invoices=1 if settings.request == "single" else 50, items=1000)


def _build_projection(settings: Settings) -> Projection:
    return schema.build_zuora_projection(settings.invoice_number_length)


def _build_requests(batches: Batches, settings: Settings) -> Iterator[Request]:
    payload = _build_payload_objects(batches, settings)
    encode_bodies = _encode_single_bodies if settings.request == "single" else _encode_batch_bodies
    path = _PATHS[settings.request]
    for number, (batch, body) in enumerate(encode_bodies(batches, payload, settings), 1):
        yield Request(number, "POST", path, body, batch.invoices)


def _encode_single_bodies(
    batches: Batches, payload: PayloadObjects, _: Settings
) -> Iterator[tuple[Batch, bytes]]:
    for batch, text in encode_single_invoices(batches, payload):
        yield batch, text.to_pybytes()


def _encode_batch_bodies(
    batches: Batches, payload: PayloadObjects, settings: Settings
) -> Iterator[tuple[Batch, bytes]]:
    single_transaction = b"true" if settings.single_transaction else b"false"
    for batch, text in encode_invoice_arrays(batches, payload):
        yield batch, b"".join((b'{"invoices":', text, b',"useSingleTransaction":', single_transaction, b"}"))


class PayloadObjects(NamedTuple):
    """The sheets, ready to be written as JSON.

    Attributes:
        invoices: without what hangs on them.
        items: without what hangs on them.
        item_children: what hangs on items, by key.
        invoice_children: what hangs on invoices beside the items: by key, texts of some positions.
    """

    invoices: json_columns.JsonObjects
    items: json_columns.JsonObjects
    item_children: Mapping[str, json_columns.NestedObjects] = MappingProxyType({})
    invoice_children: Mapping[str, Callable[[Any], Any]] = MappingProxyType({})


def encode_single_invoices(batches: Batches, payload: PayloadObjects) -> Iterator[tuple[Batch, pa.Buffer]]:
    """Batches of one invoice each, and its JSON.

    Args:
        batches: all of them.
        payload: what their invoices are written from.
    """
    for chunk, invoice_rows, members in _encode_chunks(batches, payload):
        texts = payload.invoices.encode_objects(invoice_rows, **members)
        yield from ((batch, text.as_buffer()) for batch, text in zip(chunk, texts, strict=True))


def encode_invoice_arrays(batches: Batches, payload: PayloadObjects) -> Iterator[tuple[Batch, pa.Buffer]]:
    """Batches, and the JSON array of the invoices of each.

    Args:
        batches: all of them.
        payload: what their invoices are written from.
    """
    for chunk, invoice_rows, members in _encode_chunks(batches, payload):
        bounds = np.concatenate(([0], np.cumsum([len(batch.invoices) for batch in chunk])))
        texts = payload.invoices.encode_arrays(invoice_rows, bounds, **members)
        yield from ((batch, text.as_buffer()) for batch, text in zip(chunk, texts, strict=True))


def _encode_chunks(
    batches: Batches, payload: PayloadObjects
) -> Iterator[tuple[tuple[Batch, ...], Any, dict[str, Any]]]:
    """Some batches after the other, the positions of their invoices, and what hangs on these as JSON."""
    accepted = batches.invoices
    for chunk in _split_batches(batches):
        accepted_indices = np.concatenate([batch.invoices for batch in chunk])
        starts, sizes = accepted.offsets[accepted_indices], accepted.sizes[accepted_indices]
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        item_rows = pa.array(accepted.items[np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])])
        invoice_rows = pa.array(accepted.positions[accepted_indices])
        members = {key: encode(invoice_rows) for key, encode in payload.invoice_children.items()}
        item_members = {key: nested.encode_arrays(item_rows) for key, nested in payload.item_children.items()}
        members["invoiceItems"] = payload.items.encode_arrays(item_rows, offsets, **item_members)
        yield chunk, invoice_rows, members


def _split_batches(batches: Batches) -> Iterator[tuple[Batch, ...]]:
    sizes, chunk, items = batches.invoices.sizes, [], 0
    for batch in batches.batches:
        chunk.append(batch)
        items += int(sizes[batch.invoices].sum())
        if items >= _CHUNK_ITEMS:
            yield tuple(chunk)
            chunk, items = [], 0
    if chunk:
        yield tuple(chunk)


def _build_payload_objects(batches: Batches, settings: Settings) -> PayloadObjects:
    valid = batches.invoices.sheets.valid
    invoices = json_columns.JsonObjects(_collect_invoice_columns(batches, settings))
    items = json_columns.JsonObjects(collect_item_columns(batches, settings, _build_projection(settings)))
    if not valid.children:
        return PayloadObjects(invoices, items)
    keys = _build_projection(settings).get_payload_keys
    objects = {
        name: json_columns.JsonObjects(
            _collect_child_columns(name, child.frame, keys(name, settings.custom_fields))
        )
        for name, child in valid.children.items()
    }
    return PayloadObjects(
        invoices,
        items,
        _attach_to_items(valid, objects),
        _attach_to_invoices(valid, objects, len(valid.invoices)),
    )


def _collect_child_columns(table: str, frame: pd.DataFrame, keys: Mapping[str, str]) -> dict[str, Any]:
    """The fields of what hangs on items and invoices, without what the charge of a discount brings."""
    columns = {field: arrow_column(frame[field]) for field in keys if field in frame}
    charge = columns.get("product_rate_plan_charge_id")
    if table == "discounts" and charge is not None:
        for field in {*schema.DISCOUNT_CHARGE_FIELDS} & {*columns}:
            columns[field] = pc.if_else(pc.is_valid(charge), None, decode_dictionary(columns[field]))
    return {keys[field]: values for field, values in columns.items()}


def _attach_to_items(
    valid: ValidSheets, objects: Mapping[str, json_columns.JsonObjects]
) -> dict[str, json_columns.NestedObjects]:
    """Taxes and discounts of items, and the taxes of discounts within them."""
    children, members, discount_members = valid.children, {}, {}
    if "taxes" in children:
        parents = children["taxes"].parents
        members["taxItems"] = json_columns.NestedObjects(
            objects["taxes"], parents["items"], len(valid.items), {}
        )
        if "discounts" in children:
            discount_count = len(children["discounts"].frame)
            discount_members["taxItems"] = json_columns.NestedObjects(
                objects["taxes"], parents["discounts"], discount_count, {}
            )
    if "discounts" in children:
        parent_rows = children["discounts"].parents["items"]
        members["discountItems"] = json_columns.NestedObjects(
            objects["discounts"], parent_rows, len(valid.items), discount_members
        )
    return members


def _attach_to_invoices(
    valid: ValidSheets, objects: Mapping[str, json_columns.JsonObjects], invoice_count: int
) -> dict[str, Callable[[Any], Any]]:
    """Exchange rates as a list, and a new contact in each of its roles."""
    members: dict[str, Callable[[Any], Any]] = {}
    if "rates" in valid.children:
        parent_rows = valid.children["rates"].invoice_positions
        members["customRates"] = json_columns.NestedObjects(
            objects["rates"], parent_rows, invoice_count, {}
        ).encode_arrays
    if "contacts" in valid.children:
        contacts = valid.children["contacts"]
        roles = np.array(decode_dictionary(arrow_column(contacts.frame["contact_role"])).to_pylist(), object)
        for role, key in schema.CONTACT_PAYLOAD_KEYS.items():
            parent_rows = np.where(roles == role, contacts.invoice_positions, -1)
            members[key] = json_columns.NestedObjects(
                objects["contacts"], parent_rows, invoice_count, {}
            ).encode_single
    return members


def _collect_invoice_columns(batches: Batches, settings: Settings) -> dict[str, Any]:
    """The invoices' fields by their key in the request."""
    frame = batches.invoices.sheets.valid.invoices
    keys = _build_projection(settings).get_payload_keys("invoices", settings.custom_fields)
    columns = {key: arrow_column(frame[name]) for name, key in keys.items() if name in frame}
    if settings.send_currency == "always":
        columns[keys["currency"]] = arrow_column(frame["effective_currency"])
    ref, number = arrow_column(frame["invoice_ref"]), keys["invoice_number"]
    if settings.invoice_number == "ref":
        columns[number] = (
            pc.coalesce(decode_dictionary(columns[number]), decode_dictionary(ref))
            if number in columns
            else ref
        )
    if settings.invoice_number == "custom":
        columns[settings.invoice_number_field] = ref
    return columns


def collect_item_columns(batches: Batches, settings: Settings, projection: Projection) -> dict[str, Any]:
    """The items' fields by their key in the request, without what the charge brings.

    Args:
        batches: all of them.
        settings: they name the custom fields.
        projection: where each field goes.
    """
    frame = batches.invoices.sheets.items
    keys = projection.get_payload_keys("items", settings.custom_fields)
    columns = {name: arrow_column(frame[name]) for name in keys if name in frame}
    texts = batches.invoices.sheets.number_texts
    columns |= {
        name: json_columns.JsonNumbers(texts[name]) for name in ("quantity", "unit_price") if name in columns
    }
    columns["amount"] = json_columns.JsonNumbers(texts["effective_amount"])
    charge = columns.get("product_rate_plan_charge_id")
    if charge is not None:
        for name in set(projection.catalog_fields) & set(columns):
            columns[name] = pc.if_else(pc.is_valid(charge), None, decode_dictionary(columns[name]))
    return {key: columns[name] for name, key in keys.items() if name in columns}


def list_invoice_permissions(batches: Batches) -> tuple[str, ...]:
    """An invoice with a charge of the catalog needs one permission, with something else another."""
    accepted = batches.invoices
    return list_item_permissions(batches, accepted.items) if len(accepted) else ()


def list_item_permissions(batches: Batches, items: Positions) -> tuple[str, ...]:
    """What must be allowed to who brings some items.

    Args:
        batches: all of them.
        items: positions of the items that are new.
    """
    frame = batches.invoices.sheets.items
    charge_ids = pa.nulls(len(frame), pa.string())
    if "product_rate_plan_charge_id" in frame:
        charge_ids = arrow_column(frame["product_rate_plan_charge_id"])
    has_charge = pc.is_valid(pc.take(charge_ids, pa.array(items)))
    needed = ["Modify Invoice"]
    needed += ["Create Standalone Invoice With Product Catalog"] if pc.any(has_charge).as_py() else []
    needed += (
        ["Create Standalone Invoice Without Product Catalog"] if pc.all(has_charge).as_py() is False else []
    )
    return tuple(needed)


ZUORA_INVOICES = Target(
    "zuora",
    "Zuora: create standalone invoices",
    _get_limits,
    _build_projection,
    _build_requests,
    read_zuora_outcomes,
    list_permissions=list_invoice_permissions,
    api_only_checks=(
        "Whether the account exists and is active, unless an account list is loaded.",
        "Whether the invoice date lies in a closed accounting period.",
        "Whether the currency is active in the tenant's billing settings.",
        "Whether payment terms, templates, contacts, tax codes and accounting codes exist.",
        "Whether an invoice number was used before by anybody else than this ledger.",
        "Which features the tenant has: taxation, flexible billing attributes, accounting, NetSuite.",
    ),
    list_readers={"catalog": catalog.read_product_catalog},
)
