"""Amounts far from what an account is usually billed, by a rule that a few odd invoices cannot bend.

Usual is the median of the account's earlier invoices in the currency, of which there must be five. An amount is
far when it is more than `factor` times the median, or less than a part of it, and also farther from it than
`factor` times the median distance of the earlier ones: an account with wide swings is not told for every swing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.review.invoice_view import format_currency_amount
from schemas.arrow.columns import merge_chunks

_MIN_INVOICES = 5
_GROUP_COLUMNS = ["account", "currency"]
_WIDE = pa.decimal256(60, 18)


def find_unusual_amounts(view: pa.Table, history: pa.Table, factor: int) -> Findings | None:
    """One warning an invoice whose amount is far from usual.

    Args:
        view: the invoices of the file, see `invoices_of`.
        history: those of the ledger, as `PAST_INVOICES`.
        factor: how far is far; 0 tells none.
    """
    if not factor or len(history) < _MIN_INVOICES:
        return None
    typical_amounts = _compute_typical_amounts(history)
    if not len(typical_amounts):
        return None
    typical_rows = _find_typical_rows(view, typical_amounts)
    compared = view.filter(pc.is_valid(typical_rows))
    typical = typical_amounts.take(typical_rows.drop_null())
    is_far = _is_far(compared["amount"], typical["middle"], typical["spread"], factor)
    compared, typical = compared.filter(is_far), typical.filter(is_far)
    return Findings(
        "W802", "invoices", "", compared["position"].to_numpy(), facts=_build_facts(compared, typical)
    )


def _compute_typical_amounts(history: pa.Table) -> pa.Table:
    """Median, median distance and number of earlier invoices, for each account with enough of them."""
    counts = history.group_by(_GROUP_COLUMNS).aggregate([("amount", "count")])
    counts = counts.filter(pc.greater_equal(counts["amount_count"], _MIN_INVOICES))
    amounts = history.select([*_GROUP_COLUMNS, "amount"]).join(counts, _GROUP_COLUMNS, join_type="inner")
    medians = _compute_medians(amounts, "amount").rename_columns({"amount": "middle"})
    joined = amounts.join(medians, _GROUP_COLUMNS, join_type="inner")
    deviations = pc.abs(pc.subtract(pc.cast(joined["amount"], _WIDE), pc.cast(joined["middle"], _WIDE)))
    spreads = _compute_medians(joined.append_column("spread", deviations), "spread")
    return (
        medians.join(spreads, _GROUP_COLUMNS)
        .join(counts, _GROUP_COLUMNS)
        .sort_by([(column, "ascending") for column in _GROUP_COLUMNS])
    )


def _compute_medians(rows: pa.Table, name: str) -> pa.Table:
    """The lower median of a column, for each account and currency: a value that was there, exactly."""
    ordered = rows.sort_by([(column, "ascending") for column in (*_GROUP_COLUMNS, name)])
    sizes = ordered.group_by(_GROUP_COLUMNS, use_threads=False).aggregate([(name, "count")])
    count = sizes[f"{name}_count"].to_numpy()
    starts = np.cumsum(count) - count
    return ordered.take(pa.array(starts + (count - 1) // 2)).select([*_GROUP_COLUMNS, name])


def _find_typical_rows(view: pa.Table, typical_amounts: pa.Table) -> Any:
    """For each invoice the row of its account and currency; null without one."""
    key_columns = (
        pc.binary_join_element_wise(*(table[name] for name in _GROUP_COLUMNS), "\x1f")
        for table in (view, typical_amounts)
    )
    view_keys, typical_keys = (merge_chunks(keys) for keys in key_columns)
    return pc.index_in(view_keys, value_set=typical_keys, skip_nulls=True)


def _is_far(amount: Any, median: Any, spread: Any, factor: int) -> Any:
    multiplier = pa.scalar(Decimal(factor), pa.decimal256(8, 0))
    amount, median, spread = (
        pc.cast(merge_chunks(values), pa.decimal256(50, 18)) for values in (amount, median, spread)
    )
    is_above = pc.greater(amount, pc.multiply(median, multiplier))
    is_below = pc.less(pc.multiply(amount, multiplier), median)
    is_outlier = pc.greater(pc.abs(pc.subtract(amount, median)), pc.multiply(spread, multiplier))
    return pc.fill_null(pc.and_(pc.or_(is_above, is_below), is_outlier), False)


def _build_facts(compared: pa.Table, typical: pa.Table) -> dict[str, Any]:
    amounts = [
        [
            format_currency_amount(*pair)
            for pair in zip(values.to_pylist(), compared["currency"].to_pylist(), strict=True)
        ]
        for values in (compared["amount"], typical["middle"])
    ]
    return {
        "amount": pa.array(amounts[0], pa.string()),
        "usual": pa.array(amounts[1], pa.string()),
        "count": pc.cast(merge_chunks(typical["amount_count"]), pa.string()),
    }
