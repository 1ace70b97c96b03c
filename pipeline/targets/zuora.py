"""Zuora Billing: create standalone invoices, many a request or one by one.

Source: Zuora API reference, `POST /v1/invoices/batch` and `POST /v1/invoices`, read 2026-11-20: at most 50
invoices and 1,000 items a request; with `productRatePlanChargeId` eight fields are read from the
charge whatever the request says, so they are not sent.
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
from pipeline.targets import zuora_catalog
from pipeline.targets.target import Target
from pipeline.targets.zuora_answers import outcomes
from schemas import zuora as schema
from schemas.columns import cells_of, plain
from schemas.fields import Projection

_AT_ONCE = 16
"""Batches whose texts are made together: some tens of thousands of items, some tens of megabytes."""


_PATHS = {"batch": "/v1/invoices/batch", "single": "/v1/invoices"}


def _limits(settings: Settings) -> Limits:
    return Limits(invoices=1 if settings.request == "single" else 50, items=1000)


def _projection(settings: Settings) -> Projection:
    return schema.projection(settings.invoice_number_length)


def _requests(batches: Batches, settings: Settings) -> Iterator[Request]:
    invoices = json_text.Objects(_invoice_columns(batches, settings))
    items = json_text.Objects(_item_columns(batches, settings))
    path, number = _PATHS[settings.request], 0
    for start in range(0, len(batches), _AT_ONCE):
        some = batches.batches[start : start + _AT_ONCE]
        for body, one in zip(_bodies(batches, some, invoices, items, settings), some, strict=True):
            number += 1
            yield Request(number, "POST", path, body, one.invoices)


def _bodies(
    batches: Batches,
    some: tuple[Batch, ...],
    invoices: json_text.Objects,
    items: json_text.Objects,
    settings: Settings,
) -> Iterator[bytes]:
    """The bodies of some batches: an invoice each, or many in a frame."""
    accepted = batches.invoices
    chosen = np.concatenate([each.invoices for each in some])
    starts, sizes = accepted.offsets[chosen], accepted.sizes[chosen]
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    rows = pa.array(accepted.items[np.repeat(starts, sizes) + within])
    positions = pa.array(accepted.positions[chosen])
    texts = invoices.at(positions, invoiceItems=json_text.arrays(items.at(rows), offsets))
    if settings.request == "single":
        yield from (text.as_buffer().to_pybytes() for text in texts)
        return
    frame = b'{"invoices":%%b,"useSingleTransaction":%b}' % (
        b"true" if settings.single_transaction else b"false"
    )
    bounds = np.concatenate(([0], np.cumsum([len(each.invoices) for each in some])))
    for array in json_text.arrays(texts, bounds):
        yield frame % array.as_buffer().to_pybytes()


def _invoice_columns(batches: Batches, settings: Settings) -> dict[str, Any]:
    """The invoices' fields by their key in the request."""
    frame = batches.invoices.sheets.valid.invoices
    keys = _projection(settings).keys("invoices", settings.custom_fields)
    columns = {key: cells_of(frame[name]) for name, key in keys.items() if name in frame}
    if settings.send_currency == "always":
        columns[keys["currency"]] = cells_of(frame["effective_currency"])
    ref, number = cells_of(frame["invoice_ref"]), keys["invoice_number"]
    if settings.invoice_number == "ref":
        columns[number] = pc.coalesce(plain(columns[number]), plain(ref)) if number in columns else ref
    if settings.invoice_number == "custom":
        columns[settings.invoice_number_field] = ref
    return columns


def _item_columns(batches: Batches, settings: Settings) -> dict[str, Any]:
    """The items' fields by their key in the request, without what the charge brings."""
    frame = batches.invoices.sheets.items
    projection = _projection(settings)
    keys = projection.keys("items", settings.custom_fields)
    columns = {name: cells_of(frame[name]) for name in keys if name in frame}
    texts = batches.invoices.sheets.number_texts
    columns |= {
        name: json_text.Numbers(texts[name]) for name in ("quantity", "unit_price") if name in columns
    }
    columns["amount"] = json_text.Numbers(texts["effective_amount"])
    charge = columns.get("product_rate_plan_charge_id")
    if charge is not None:
        for name in set(projection.owned_by_catalog) & set(columns):
            columns[name] = pc.if_else(pc.is_valid(charge), None, plain(columns[name]))
    return {key: columns[name] for name, key in keys.items() if name in columns}


def _permissions(batches: Batches) -> tuple[str, ...]:
    """An invoice with a charge of the catalog needs one permission, with something else another."""
    accepted = batches.invoices
    if not len(accepted):
        return ()
    frame = accepted.sheets.items
    charged = pa.nulls(len(frame), pa.string())
    if "product_rate_plan_charge_id" in frame:
        charged = cells_of(frame["product_rate_plan_charge_id"])
    charge = pc.is_valid(pc.take(charged, pa.array(accepted.items)))
    needed = ["Modify Invoice"]
    needed += ["Create Standalone Invoice With Product Catalog"] if pc.any(charge).as_py() else []
    needed += [] if pc.all(charge).as_py() else ["Create Standalone Invoice Without Product Catalog"]
    return tuple(needed)


TARGET = Target(
    "zuora",
    "Zuora: create standalone invoices",
    _limits,
    _projection,
    _requests,
    outcomes,
    permissions=_permissions,
    only_the_api_knows=(
        "Whether the account exists and is active, unless an account list is loaded.",
        "Whether the invoice date lies in a closed accounting period.",
        "Whether the currency is active in the tenant's billing settings.",
        "Whether payment terms, templates, contacts, tax codes and accounting codes exist.",
        "Whether an invoice number was used before by anybody else than this ledger.",
        "Which features the tenant has: taxation, flexible billing attributes, accounting, NetSuite.",
    ),
    lists={"catalog": zuora_catalog.rows},
)
