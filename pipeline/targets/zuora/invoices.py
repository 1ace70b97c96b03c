"""Create standalone invoices in Zuora Billing, many per request or one by one.

In: `Batches` and settings.
Out: `ZUORA_INVOICES`, the target; its requests hold the same bytes for the same batches.
Never: sends a field that the API reads from the charge.

Source: Zuora API reference, `POST /v1/invoices/batch` and `POST /v1/invoices`, read 2026-11-20: at most 50
invoices and 1,000 items per request; with `productRatePlanChargeId` eight fields are read from the
charge whatever the request says, so they are not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from pipeline.json_columns import JsonObjects, NestedObjects
from pipeline.model.invoices import Batch, Batches, Request
from pipeline.model.valid import ValidSheets
from pipeline.settings import Settings
from pipeline.targets.target import Target
from pipeline.targets.zuora import catalog
from pipeline.targets.zuora.payload import (
    CHARGE_ID,
    PayloadObjects,
    collect_item_columns,
    encode_invoice_arrays,
    encode_single_invoices,
    get_zuora_limits,
    list_item_permissions,
)
from pipeline.targets.zuora.responses import read_zuora_outcomes
from schemas.arrow.columns import ArrowColumn, Indices, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.fields import Projection
from schemas.targets import zuora as schema

_PATHS = {"batch": "/v1/invoices/batch", "single": "/v1/invoices"}


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
    """Yield each batch with its invoice as the body."""
    for batch, text in encode_single_invoices(batches, payload):
        yield batch, text.to_pybytes()


def _encode_batch_bodies(
    batches: Batches, payload: PayloadObjects, settings: Settings
) -> Iterator[tuple[Batch, bytes]]:
    """Yield each batch with its invoices in the envelope of the batch operation."""
    single_transaction = b"true" if settings.single_transaction else b"false"
    for batch, text in encode_invoice_arrays(batches, payload):
        yield batch, b"".join((b'{"invoices":', text, b',"useSingleTransaction":', single_transaction, b"}"))


def _build_payload_objects(batches: Batches, settings: Settings) -> PayloadObjects:
    """Build the encoders of invoices, items and their children."""
    valid = batches.invoices.sheets.valid
    invoices = JsonObjects(_collect_invoice_columns(batches, settings))
    items = JsonObjects(collect_item_columns(batches, settings, _build_projection(settings)))
    if not valid.children:
        return PayloadObjects(invoices, items)
    keys = _build_projection(settings).get_payload_keys
    objects = {
        name: JsonObjects(_collect_child_columns(name, child.frame, keys(name, settings.custom_fields)))
        for name, child in valid.children.items()
    }
    return PayloadObjects(
        invoices,
        items,
        _attach_to_items(valid, objects),
        _attach_to_invoices(valid, objects, len(valid.invoices)),
    )


def _collect_child_columns(
    table: str, frame: pd.DataFrame, keys: Mapping[str, str]
) -> dict[str, ArrowColumn]:
    """Collect the columns of a child table by key; null where the API reads them from a discount's charge."""
    columns = {field: arrow_column(frame[field]) for field in keys if field in frame}
    charge = columns.get(CHARGE_ID)
    if table == "discounts" and charge is not None:
        for field in {*schema.DISCOUNT_CHARGE_FIELDS} & {*columns}:
            columns[field] = pc.if_else(pc.is_valid(charge), None, decode_dictionary(columns[field]))
    return {keys[field]: values for field, values in columns.items()}


def _attach_to_items(valid: ValidSheets, objects: Mapping[str, JsonObjects]) -> dict[str, NestedObjects]:
    """Build the encoders of the items' taxes and discounts, and of the discounts' taxes."""
    children = valid.children
    members: dict[str, NestedObjects] = {}
    discount_members: dict[str, NestedObjects] = {}
    if "taxes" in children:
        parents = children["taxes"].parents
        members["taxItems"] = NestedObjects(objects["taxes"], parents["items"], len(valid.items), {})
        if "discounts" in children:
            discount_count = len(children["discounts"].frame)
            discount_members["taxItems"] = NestedObjects(
                objects["taxes"], parents["discounts"], discount_count, {}
            )
    if "discounts" in children:
        parent_rows = children["discounts"].parents["items"]
        members["discountItems"] = NestedObjects(
            objects["discounts"], parent_rows, len(valid.items), discount_members
        )
    return members


def _attach_to_invoices(
    valid: ValidSheets, objects: Mapping[str, JsonObjects], invoice_count: int
) -> dict[str, Callable[[Indices], Texts]]:
    """Build the encoders of the exchange rates, as a list, and of a new contact in each of its roles."""
    members: dict[str, Callable[[Indices], Texts]] = {}
    if "rates" in valid.children:
        parent_rows = valid.children["rates"].invoice_positions
        members["customRates"] = NestedObjects(objects["rates"], parent_rows, invoice_count, {}).encode_arrays
    if "contacts" in valid.children:
        contacts = valid.children["contacts"]
        roles = np.array(decode_dictionary(arrow_column(contacts.frame["contact_role"])).to_pylist(), object)
        for role, key in schema.CONTACT_PAYLOAD_KEYS.items():
            # the rows of other roles have no parent here
            parent_rows = np.where(roles == role, contacts.invoice_positions, -1)
            members[key] = NestedObjects(objects["contacts"], parent_rows, invoice_count, {}).encode_single
    return members


def _collect_invoice_columns(batches: Batches, settings: Settings) -> dict[str, ArrowColumn]:
    """Collect the invoices' columns by their key in the request, one value per row of the frame."""
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


def _list_permissions(batches: Batches) -> tuple[str, ...]:
    """List the permissions that the accepted items need."""
    accepted = batches.invoices
    return list_item_permissions(batches, accepted.item_rows) if len(accepted) else ()


ZUORA_INVOICES = Target(
    name="zuora",
    title="Zuora: create standalone invoices",
    get_limits=get_zuora_limits,
    get_projection=_build_projection,
    build_requests=_build_requests,
    read_outcomes=read_zuora_outcomes,
    list_permissions=_list_permissions,
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
