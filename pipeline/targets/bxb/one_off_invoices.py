"""Create one-off invoices in bxb, one per request.

In: `Batches` of one invoice each, and settings.
Out: `BXB_INVOICES`, the target.
Never: sends money as a number; decimals are strings.

Source: the open-source server 0.7.0, `POST /v1/invoices/one_off`, observed 2026-11-20: it bills the sum of
the amounts alone and never compares them with quantity and unit price; numbers pass through a float, so
decimals are sent as strings; it converts no unit of money; it ignores an idempotency key, and a field it does
not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.json_columns import JsonObjects
from pipeline.model.invoices import Batches, Request, RequestLimits
from pipeline.settings import Settings
from pipeline.targets.bxb import customers
from pipeline.targets.bxb.responses import read_bxb_outcomes
from pipeline.targets.target import Target
from schemas.arrow import money
from schemas.arrow.columns import ArrowColumn, Decimals, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.fields import Projection
from schemas.targets import bxb as schema

_PATH = "/v1/invoices/one_off"
# 28 digits and the factor's 5 make a product of 34, of the 38 that there are
_MINOR_UNIT_TYPE = pa.decimal128(28, 9)
_MINOR_UNITS = pa.array([Decimal(10) ** digits for digits in range(5)], pa.decimal128(5, 0))
"""Minor units in one major unit, indexed by the decimals of the currency."""


def _get_limits(_: Settings) -> RequestLimits:
    return RequestLimits(invoices=1, items=schema.MAX_ITEMS)


def _build_projection(_: Settings) -> Projection:
    return schema.build_bxb_projection()


def _build_requests(batches: Batches, settings: Settings) -> Iterator[Request]:
    if not len(batches):
        return  # a mandatory column may be missing altogether
    invoice_objects = JsonObjects(_collect_invoice_columns(batches))
    item_objects = JsonObjects(_collect_item_columns(batches, settings))
    number = 0
    for group in batches.iter_groups():
        line_items = item_objects.encode_arrays(pa.array(group.item_rows), group.item_offsets)
        bodies = invoice_objects.encode_objects(pa.array(group.invoice_rows), line_items=line_items)
        for batch, body in zip(group.batches, bodies, strict=True):
            number += 1
            yield Request(number, "POST", _PATH, body.as_buffer().to_pybytes(), batch.invoices)


def _collect_invoice_columns(batches: Batches) -> dict[str, ArrowColumn]:
    """Collect the invoices' columns by key; the currency always, as the server's default is USD."""
    valid = batches.invoices.sheets.valid
    columns = {
        "customer_id": decode_dictionary(arrow_column(valid.accounts["customer_id"])),
        "currency": arrow_column(valid.invoices["effective_currency"]),
    }
    if "due_date" in valid.invoices:
        days = pc.cast(arrow_column(valid.invoices["due_date"]), pa.string())
        # the server takes a time, and a due date has none: the beginning of its day
        columns["due_date"] = pc.binary_join_element_wise(days, "T00:00:00Z", "")
    if "billing_entity_id" in valid.invoices:
        columns["billing_entity_id"] = arrow_column(valid.invoices["billing_entity_id"])
    return columns


def _collect_item_columns(batches: Batches, settings: Settings) -> dict[str, ArrowColumn]:
    """Collect the line items' columns by key; decimals as strings, in the unit of the settings."""
    sheets = batches.invoices.sheets
    texts = dict(sheets.number_texts)
    if settings.money_unit == "minor":
        for name in ("unit_price", "effective_amount"):
            texts[name] = _convert_to_minor_units(arrow_column(sheets.items[name]), sheets.valid.digits)
    columns = {
        "description": arrow_column(sheets.items["description"]),
        "quantity": texts["quantity"],
        "unit_price": texts["unit_price"],
        "amount": texts["effective_amount"],
    }
    optional = {
        name: key
        for name, key in schema.build_bxb_projection().get_payload_keys("items", {}).items()
        if key not in columns
    }
    return columns | {
        key: arrow_column(sheets.items[name]) for name, key in optional.items() if name in sheets.items
    }


def _convert_to_minor_units(values: Decimals, digits: npt.NDArray[np.int8]) -> Texts:
    """Format money in the smallest unit of its currency: 12.50 EUR is 1250, 7 JPY is 7."""
    factors = pc.take(_MINOR_UNITS, pa.array(digits, mask=digits < 0))
    return money.format_plain(pc.multiply(pc.cast(values, _MINOR_UNIT_TYPE), factors))


BXB_INVOICES = Target(
    name="bxb",
    title="bxb: create one-off invoices",
    get_limits=_get_limits,
    get_projection=_build_projection,
    build_requests=_build_requests,
    read_outcomes=read_bxb_outcomes,
    required_settings=("money_unit",),
    api_only_checks=(
        "Whether the customer and the billing entity exist in the organisation that the API key belongs to: "
        "an unknown customer is answered with 404, an unknown billing entity with a bare 500, and one of "
        "another organisation is accepted.",
        "Whether the charge and the metric exist: the server does not look.",
        "The invoice's number and date: the server sets both. It can give 10,000 numbers a day.",
        "Whether an invoice was sent before: the server has no key against that; this ledger is the only "
        "guard.",
        "Tax: the server computes none for such invoices.",
    ),
    list_readers={"accounts": customers.read_customers},
)
