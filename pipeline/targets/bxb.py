"""bxb: create one-off invoices, one a request.

Source: the open-source server 0.7.0, `POST /v1/invoices/one_off`, observed 2026-11-20: it bills the sum of the
amounts alone and never compares them with quantity and unit price; numbers pass through a float, so decimals
are sent as strings; it converts no unit of money; it ignores an idempotency key, and a field it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import json_text
from pipeline.config import Settings
from pipeline.model import Batches, Limits, Request
from pipeline.targets import bxb_customers
from pipeline.targets.bxb_answers import outcomes
from pipeline.targets.target import Target
from schemas import bxb as schema
from schemas import money
from schemas.columns import cells_of, plain
from schemas.fields import Projection

_PATH = "/v1/invoices/one_off"
_AT_ONCE = 5_000
"""Invoices whose texts are made together."""

_WIDE = pa.decimal128(28, 9)
_FACTORS = pa.array([Decimal(10) ** digits for digits in range(5)], pa.decimal128(5, 0))
"""By the decimals of a currency: minor units in one major unit."""


def _limits(_: Settings) -> Limits:
    return Limits(invoices=1, items=schema.MOST_ITEMS)


def _projection(_: Settings) -> Projection:
    return schema.projection()


def _requests(batches: Batches, settings: Settings) -> Iterator[Request]:
    if not len(batches):
        return  # a mandatory column may be missing altogether
    accepted = batches.invoices
    invoices = json_text.Objects(_invoice_columns(batches))
    items = json_text.Objects(_item_columns(batches, settings))
    order = np.concatenate([each.invoices for each in batches.batches])
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        starts, sizes = accepted.offsets[some], accepted.sizes[some]
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        rows = pa.array(accepted.items[np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])])
        heads = pa.array(accepted.positions[some])
        bodies = invoices.at(heads, line_items=items.lists(rows, offsets))
        for place, body in enumerate(bodies, start):
            one = order[place : place + 1]
            yield Request(place + 1, "POST", _PATH, body.as_buffer().to_pybytes(), one)


def _invoice_columns(batches: Batches) -> dict[str, Any]:
    """The invoices' fields by their key in the request; the currency is never left to the server's USD."""
    valid = batches.invoices.sheets.valid
    columns = {
        "customer_id": plain(cells_of(valid.accounts["customer_id"])),
        "currency": cells_of(valid.invoices["effective_currency"]),
    }
    if "due_date" in valid.invoices:
        days = pc.cast(cells_of(valid.invoices["due_date"]), pa.string())
        columns["due_date"] = pc.binary_join_element_wise(days, "T00:00:00Z", "")
    if "billing_entity_id" in valid.invoices:
        columns["billing_entity_id"] = cells_of(valid.invoices["billing_entity_id"])
    return columns


def _item_columns(batches: Batches, settings: Settings) -> dict[str, Any]:
    """The line items' fields by their key in the request; decimals as strings, in the unit of the settings."""
    sheets = batches.invoices.sheets
    texts = dict(sheets.number_texts)
    if settings.money_unit == "minor":
        for name in ("unit_price", "effective_amount"):
            texts[name] = _in_minor_units(cells_of(sheets.items[name]), sheets.valid.digits)
    columns = {
        "description": cells_of(sheets.items["description"]),
        "quantity": texts["quantity"],
        "unit_price": texts["unit_price"],
        "amount": texts["effective_amount"],
    }
    optional = {
        name: key for name, key in schema.projection().keys("items", {}).items() if key not in columns
    }
    return columns | {
        key: cells_of(sheets.items[name]) for name, key in optional.items() if name in sheets.items
    }


def _in_minor_units(values: Any, digits: Any) -> Any:
    """Money as text, in the smallest unit of its currency: 12.50 EUR is 1250, 7 JPY is 7."""
    factors = pc.take(_FACTORS, pa.array(digits, mask=digits < 0))
    return money.plain_text(pc.multiply(pc.cast(values, _WIDE), factors))


TARGET = Target(
    "bxb",
    "bxb: create one-off invoices",
    _limits,
    _projection,
    _requests,
    outcomes,
    must_set=("money_unit",),
    only_the_api_knows=(
        "Whether the customer and the billing entity exist in the organisation that the API key belongs to: an "
        "unknown customer is answered with 404, an unknown billing entity with a bare 500, and one of another "
        "organisation is accepted.",
        "Whether the charge and the metric exist: the server does not look.",
        "The invoice's number and date: the server sets both. It can give 10,000 numbers a day.",
        "Whether an invoice was sent before: the server has no key against that; this ledger is the only guard.",
        "Tax: the server computes none for such invoices.",
    ),
    lists={"accounts": bxb_customers.rows},
)
