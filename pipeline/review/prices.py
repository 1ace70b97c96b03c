"""A second look at the items' prices: away from the catalog's, and amounts that differ by rounding."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Settings
from pipeline.issues import Findings
from pipeline.model import Invoices
from schemas import money
from schemas.columns import cells_of, plain, whole

_WIDE = pa.decimal256(50, 18)


def unusual(invoices: Invoices, tolerance: Decimal) -> Findings | None:
    """One warning a charge whose price differs: its first item bears it.

    Args:
        invoices: what would be sent.
        tolerance: in percent of the catalog's price.
    """
    items, catalog = invoices.sheets.items, invoices.sheets.catalog
    if "list_price" not in catalog or "unit_price" not in items:
        return None
    at = pa.array(invoices.items)
    price, listed = (pc.take(cells_of(each), at) for each in (items["unit_price"], catalog["list_price"]))
    differ = np.flatnonzero(pc.fill_null(pc.not_equal(price, listed), False).to_numpy(zero_copy_only=False))
    price, listed = (pc.take(each, pa.array(differ)) for each in (price, listed))
    far = _far(price, listed, tolerance).to_numpy(zero_copy_only=False)
    rows = invoices.items[differ[far]]
    order = np.argsort(rows, kind="stable")
    rows, listed = rows[order], pc.take(listed, pa.array(np.flatnonzero(far)[order]))
    charges = plain(pc.take(cells_of(items["product_rate_plan_charge_id"]), pa.array(rows)))
    _, first, counts = np.unique(
        charges.dictionary_encode().indices.to_numpy(), return_index=True, return_counts=True
    )
    named = pa.array(rows[first])
    facts = {
        "product": _named(catalog, named, pc.take(charges, pa.array(first))),
        "expected": money.plain_text(pc.take(listed, pa.array(first))),
    }
    return Findings("W805", "items", "unit_price", rows[first], facts=facts, counts=counts)


def _far(price: Any, listed: Any, tolerance: Decimal) -> Any:
    apart = pc.abs(pc.subtract(pc.cast(price, _WIDE), pc.cast(listed, _WIDE)))
    hundred, percent = (pa.scalar(each, pa.decimal256(24, 9)) for each in (Decimal(100), tolerance))
    return pc.greater(
        pc.multiply(pc.cast(apart, pa.decimal256(48, 18)), hundred),
        pc.multiply(pc.cast(pc.abs(listed), pa.decimal256(48, 18)), percent),
    )


def _named(catalog: Any, rows: Any, charges: Any) -> Any:
    """The SKU of the charge, else its id."""
    skus = (
        plain(pc.take(cells_of(catalog["sku"]), rows))
        if "sku" in catalog
        else pa.nulls(len(rows), pa.string())
    )
    return pc.coalesce(skus, charges)


def rounded(invoices: Invoices, settings: Settings) -> Findings | None:
    """One warning an item whose amount differs from quantity times unit price within the tolerance.

    Args:
        invoices: what would be sent.
        settings: in effect.
    """
    items = invoices.sheets.items
    if not settings.amount_tolerance or not {"amount", "quantity", "unit_price"} <= set(items.columns):
        return None
    at = pa.array(invoices.items)
    amount, quantity, price = (
        pc.take(cells_of(items[each]), at) for each in ("amount", "quantity", "unit_price")
    )
    digits = pc.take(pa.array(invoices.sheets.valid.digits), at)
    product = money.product(quantity, price, digits)
    apart = pc.abs(pc.subtract(pc.cast(amount, _WIDE), pc.cast(product, _WIDE)))
    limit = pa.scalar(settings.amount_tolerance, pa.decimal256(40, 18))
    near = pc.and_(pc.not_equal(amount, product), pc.less_equal(apart, limit))
    chosen = np.flatnonzero(pc.fill_null(near, False).to_numpy(zero_copy_only=False))
    rows = invoices.items[chosen]
    order = np.argsort(rows, kind="stable")
    expected = money.plain_text(pc.take(whole(product), pa.array(chosen[order])))
    return Findings("W807", "items", "amount", rows[order], facts={"expected": expected})
