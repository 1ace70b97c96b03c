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
from pipeline.model import Batch, Batches, Limits, Positions, Request, ValidSheets
from pipeline.targets import zuora_catalog
from pipeline.targets.target import Target
from pipeline.targets.zuora_answers import outcomes
from schemas import zuora as schema
from schemas.columns import cells_of, plain
from schemas.fields import Projection

_AT_ONCE = 16_000
"""Items whose texts are made together, at least: some megabytes."""


_PATHS = {"batch": "/v1/invoices/batch", "single": "/v1/invoices"}


def _limits(settings: Settings) -> Limits:
    return Limits(invoices=1 if settings.request == "single" else 50, items=1000)


def _projection(settings: Settings) -> Projection:
    return schema.projection(settings.invoice_number_length)


def _requests(batches: Batches, settings: Settings) -> Iterator[Request]:
    sheets = _sheets(batches, settings)
    bodies = _one_by_one if settings.request == "single" else _many
    path = _PATHS[settings.request]
    for number, (one, body) in enumerate(bodies(batches, sheets, settings), 1):
        yield Request(number, "POST", path, body, one.invoices)


def _one_by_one(batches: Batches, sheets: Written, _: Settings) -> Iterator[tuple[Batch, bytes]]:
    for one, text in singly(batches, sheets):
        yield one, text.to_pybytes()


def _many(batches: Batches, sheets: Written, settings: Settings) -> Iterator[tuple[Batch, bytes]]:
    whole = b"true" if settings.single_transaction else b"false"
    for one, text in together(batches, sheets):
        yield one, b"".join((b'{"invoices":', text, b',"useSingleTransaction":', whole, b"}"))


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


def singly(batches: Batches, sheets: Written) -> Iterator[tuple[Batch, pa.Buffer]]:
    """Batches of one invoice each, and its JSON.

    Args:
        batches: all of them.
        sheets: what their invoices are written from.
    """
    for some, positions, members in _groups(batches, sheets):
        texts = sheets.invoices.at(positions, **members)
        yield from ((one, text.as_buffer()) for one, text in zip(some, texts, strict=True))


def together(batches: Batches, sheets: Written) -> Iterator[tuple[Batch, pa.Buffer]]:
    """Batches, and the JSON array of the invoices of each.

    Args:
        batches: all of them.
        sheets: what their invoices are written from.
    """
    for some, positions, members in _groups(batches, sheets):
        bounds = np.concatenate(([0], np.cumsum([len(each.invoices) for each in some])))
        texts = sheets.invoices.lists(positions, bounds, **members)
        yield from ((one, text.as_buffer()) for one, text in zip(some, texts, strict=True))


def _groups(batches: Batches, sheets: Written) -> Iterator[tuple[tuple[Batch, ...], Any, dict[str, Any]]]:
    """Some batches after the other, the positions of their invoices, and what hangs on these as JSON."""
    accepted = batches.invoices
    for some in _some_at_once(batches):
        chosen = np.concatenate([each.invoices for each in some])
        starts, sizes = accepted.offsets[chosen], accepted.sizes[chosen]
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        rows = pa.array(accepted.items[np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])])
        positions = pa.array(accepted.positions[chosen])
        members = {key: at(positions) for key, at in sheets.on_invoices.items()}
        of_items = {key: each.at(rows) for key, each in sheets.on_items.items()}
        members["invoiceItems"] = sheets.items.lists(rows, offsets, **of_items)
        yield some, positions, members


def _some_at_once(batches: Batches) -> Iterator[tuple[Batch, ...]]:
    sizes, some, items = batches.invoices.sizes, [], 0
    for each in batches.batches:
        some.append(each)
        items += int(sizes[each.invoices].sum())
        if items >= _AT_ONCE:
            yield tuple(some)
            some, items = [], 0
    if some:
        yield tuple(some)


def _sheets(batches: Batches, settings: Settings) -> Written:
    valid = batches.invoices.sheets.valid
    invoices = json_text.Objects(_invoice_columns(batches, settings))
    items = json_text.Objects(item_columns(batches, settings, _projection(settings)))
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


def item_columns(batches: Batches, settings: Settings, projection: Projection) -> dict[str, Any]:
    """The items' fields by their key in the request, without what the charge brings.

    Args:
        batches: all of them.
        settings: they name the custom fields.
        projection: where each field goes.
    """
    frame = batches.invoices.sheets.items
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


def permissions(batches: Batches) -> tuple[str, ...]:
    """An invoice with a charge of the catalog needs one permission, with something else another."""
    accepted = batches.invoices
    return permissions_for(batches, accepted.items) if len(accepted) else ()


def permissions_for(batches: Batches, items: Positions) -> tuple[str, ...]:
    """What must be allowed to who brings some items.

    Args:
        batches: all of them.
        items: positions of the items that are new.
    """
    frame = batches.invoices.sheets.items
    charged = pa.nulls(len(frame), pa.string())
    if "product_rate_plan_charge_id" in frame:
        charged = cells_of(frame["product_rate_plan_charge_id"])
    charge = pc.is_valid(pc.take(charged, pa.array(items)))
    needed = ["Modify Invoice"]
    needed += ["Create Standalone Invoice With Product Catalog"] if pc.any(charge).as_py() else []
    needed += ["Create Standalone Invoice Without Product Catalog"] if pc.all(charge).as_py() is False else []
    return tuple(needed)


TARGET = Target(
    "zuora",
    "Zuora: create standalone invoices",
    _limits,
    _projection,
    _requests,
    outcomes,
    permissions=permissions,
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
