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

from pipeline import json_text
from pipeline.config import Settings
from pipeline.model import Batch, Batches, Limits, Request, ValidSheets
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
    sheets = _sheets(batches, settings)
    path, number = _PATHS[settings.request], 0
    for some, texts in written(batches, sheets):
        for body, one in zip(_bodies(some, texts, settings), some, strict=True):
            number += 1
            yield Request(number, "POST", path, body, one.invoices)


def _bodies(some: tuple[Batch, ...], texts: Any, settings: Settings) -> Iterator[bytes]:
    """The bodies of some batches: an invoice each, or many in a frame."""
    if settings.request == "single":
        yield from (text.as_buffer().to_pybytes() for text in texts)
        return
    whole = b"true" if settings.single_transaction else b"false"
    for array in together(some, texts):
        yield b'{"invoices":%b,"useSingleTransaction":%b}' % (array, whole)


class Written(NamedTuple):
    """The sheets, ready to be written as JSON.

    Attributes:
        invoices: without what hangs on them.
        items: without what hangs on them.
        on_items: what hangs on items, by key.
        on_invoices: what hangs on invoices beside the items: by key, texts of some positions.
    """

    invoices: json_text.Objects
    items: json_text.Objects
    on_items: Mapping[str, json_text.Nested] = MappingProxyType({})
    on_invoices: Mapping[str, Callable[[Any], Any]] = MappingProxyType({})


def written(batches: Batches, sheets: Written) -> Iterator[tuple[tuple[Batch, ...], Any]]:
    """Some batches after the other, and the JSON texts of their invoices.

    Args:
        batches: all of them.
        sheets: what their invoices are written from.
    """
    accepted = batches.invoices
    for start in range(0, len(batches), _AT_ONCE):
        some = batches.batches[start : start + _AT_ONCE]
        chosen = np.concatenate([each.invoices for each in some])
        starts, sizes = accepted.offsets[chosen], accepted.sizes[chosen]
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
        rows = pa.array(accepted.items[np.repeat(starts, sizes) + within])
        positions = pa.array(accepted.positions[chosen])
        texts = sheets.items.at(rows, **{key: each.at(rows) for key, each in sheets.on_items.items()})
        lists = pc.if_else(pa.array(sizes > 0), json_text.arrays(texts, offsets), None)
        nested = {key: at(positions) for key, at in sheets.on_invoices.items()}
        yield some, sheets.invoices.at(positions, **nested, invoiceItems=lists)


def together(some: tuple[Batch, ...], texts: Any) -> Iterator[bytes]:
    """One JSON array of invoices a batch.

    Args:
        some: the batches.
        texts: of their invoices, batch after batch.
    """
    bounds = np.concatenate(([0], np.cumsum([len(each.invoices) for each in some])))
    for array in json_text.arrays(texts, bounds):
        yield array.as_buffer().to_pybytes()


def _sheets(batches: Batches, settings: Settings) -> Written:
    valid = batches.invoices.sheets.valid
    invoices = json_text.Objects(_invoice_columns(batches, settings))
    items = json_text.Objects(_item_columns(batches, settings))
    if not valid.branches:
        return Written(invoices, items)
    keys = _projection(settings).keys
    objects = {
        name: json_text.Objects(_branch_columns(name, each.frame, keys(name, settings.custom_fields)))
        for name, each in valid.branches.items()
    }
    return Written(
        invoices, items, _on_items(valid, objects), _on_invoices(valid, objects, len(valid.invoices))
    )


def _branch_columns(name: str, frame: pd.DataFrame, keys: Mapping[str, str]) -> dict[str, Any]:
    """The fields of what hangs on items and invoices, without what the charge of a discount brings."""
    columns = {field: cells_of(frame[field]) for field in keys if field in frame}
    charge = columns.get("product_rate_plan_charge_id")
    if name == "discounts" and charge is not None:
        for field in {*schema.OWNED_BY_DISCOUNT} & {*columns}:
            columns[field] = pc.if_else(pc.is_valid(charge), None, plain(columns[field]))
    return {keys[field]: values for field, values in columns.items()}


def _on_items(valid: ValidSheets, objects: Mapping[str, json_text.Objects]) -> dict[str, json_text.Nested]:
    """Taxes and discounts of items, and the taxes of discounts within them."""
    branches, found, of_discounts = valid.branches, {}, {}
    if "taxes" in branches:
        taxes = branches["taxes"].on
        found["taxItems"] = json_text.Nested(objects["taxes"], taxes["items"], len(valid.items), {})
        if "discounts" in branches:
            count = len(branches["discounts"].frame)
            of_discounts["taxItems"] = json_text.Nested(objects["taxes"], taxes["discounts"], count, {})
    if "discounts" in branches:
        on = branches["discounts"].on["items"]
        found["discountItems"] = json_text.Nested(objects["discounts"], on, len(valid.items), of_discounts)
    return found


def _on_invoices(
    valid: ValidSheets, objects: Mapping[str, json_text.Objects], invoices: int
) -> dict[str, Callable[[Any], Any]]:
    """Exchange rates as a list, and a new contact in each of its roles."""
    found: dict[str, Callable[[Any], Any]] = {}
    if "rates" in valid.branches:
        on = valid.branches["rates"].invoice
        found["customRates"] = json_text.Nested(objects["rates"], on, invoices, {}).at
    if "contacts" in valid.branches:
        contacts = valid.branches["contacts"]
        roles = np.array(plain(cells_of(contacts.frame["contact_role"])).to_pylist(), object)
        for role, key in schema.CONTACT_KEYS.items():
            on = np.where(roles == role, contacts.invoice, -1)
            found[key] = json_text.Nested(objects["contacts"], on, invoices, {}).single
    return found


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
