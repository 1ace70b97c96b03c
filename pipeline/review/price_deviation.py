"""Check item prices: deviation from the catalog's, and amounts that differ by rounding.

In: the accepted invoices.
Out: findings, or None.
Never: changes a price.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.model.invoices import Invoices
from pipeline.settings import Settings
from schemas.arrow import money
from schemas.arrow.columns import Booleans, Decimals, Indices, Texts, decode_dictionary, merge_chunks
from schemas.arrow.frames import arrow_column

_WIDE = pa.decimal256(50, 18)


def find_price_deviations(invoices: Invoices, tolerance: Decimal) -> Findings | None:
    """Report one warning per charge whose price differs, on its first item.

    Args:
        invoices: what would be sent.
        tolerance: in percent of the catalog's price.
    """
    items, catalog = invoices.sheets.items, invoices.sheets.catalog
    if "list_price" not in catalog or "unit_price" not in items:
        return None
    indices = pa.array(invoices.item_rows)
    price, list_price = (
        pc.take(arrow_column(column), indices) for column in (items["unit_price"], catalog["list_price"])
    )
    differ = np.flatnonzero(
        pc.fill_null(pc.not_equal(price, list_price), False).to_numpy(zero_copy_only=False)
    )
    price, list_price = (pc.take(values, pa.array(differ)) for values in (price, list_price))
    is_far = _is_far(price, list_price, tolerance).to_numpy(zero_copy_only=False)
    rows = invoices.item_rows[differ[is_far]]
    order = np.argsort(rows, kind="stable")
    rows, list_price = rows[order], pc.take(list_price, pa.array(np.flatnonzero(is_far)[order]))
    charges = decode_dictionary(pc.take(arrow_column(items["product_rate_plan_charge_id"]), pa.array(rows)))
    _, first, counts = np.unique(
        charges.dictionary_encode().indices.to_numpy(), return_index=True, return_counts=True
    )
    item_indices = pa.array(rows[first])
    facts = {
        "product": _get_names(catalog, item_indices, pc.take(charges, pa.array(first))),
        "expected": money.format_plain(pc.take(list_price, pa.array(first))),
    }
    return Findings("W805", "items", "unit_price", rows[first], facts=facts, row_counts=counts)


def _is_far(price: Decimals, list_price: Decimals, tolerance: Decimal) -> Booleans:
    deviation = pc.abs(pc.subtract(pc.cast(price, _WIDE), pc.cast(list_price, _WIDE)))
    hundred, percent = (pa.scalar(number, pa.decimal256(24, 9)) for number in (Decimal(100), tolerance))
    return pc.greater(
        # multiplied out: a quotient would have to be rounded
        pc.multiply(pc.cast(deviation, pa.decimal256(48, 18)), hundred),
        pc.multiply(pc.cast(pc.abs(list_price), pa.decimal256(48, 18)), percent),
    )


def _get_names(catalog: pd.DataFrame, rows: Indices, charges: Texts) -> Texts:
    """Return the SKU of each charge, else its id."""
    skus = (
        decode_dictionary(pc.take(arrow_column(catalog["sku"]), rows))
        if "sku" in catalog
        else pa.nulls(len(rows), pa.string())
    )
    return pc.coalesce(skus, charges)


def find_rounding_differences(invoices: Invoices, settings: Settings) -> Findings | None:
    """Report one warning per item whose amount differs from quantity times unit price within the tolerance.

    Args:
        invoices: what would be sent.
        settings: in effect.
    """
    items = invoices.sheets.items
    if not settings.amount_tolerance or not {"amount", "quantity", "unit_price"} <= set(items.columns):
        return None
    indices = pa.array(invoices.item_rows)
    amount, quantity, price = (
        pc.take(arrow_column(items[name]), indices) for name in ("amount", "quantity", "unit_price")
    )
    digits = pc.take(pa.array(invoices.sheets.valid.digits), indices)
    product = money.calculate_amounts(quantity, price, digits)
    deviation = pc.abs(pc.subtract(pc.cast(amount, _WIDE), pc.cast(product, _WIDE)))
    limit = pa.scalar(settings.amount_tolerance, pa.decimal256(40, 18))
    is_near = pc.and_(pc.not_equal(amount, product), pc.less_equal(deviation, limit))
    chosen = np.flatnonzero(pc.fill_null(is_near, False).to_numpy(zero_copy_only=False))
    rows = invoices.item_rows[chosen]
    order = np.argsort(rows, kind="stable")
    expected = money.format_plain(pc.take(merge_chunks(product), pa.array(chosen[order])))
    return Findings("W807", "items", "amount", rows[order], facts={"expected": expected})
