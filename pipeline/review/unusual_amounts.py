"""Find outliers: amounts far from what an account is usually billed.

In: the accepted invoices and the earlier ones of the ledger.
Out: findings, or None.
Never: uses the mean, which a few odd invoices would bend.

Usual is the median of the account's earlier invoices in the currency, of which there must be five. An amount
is an outlier when it is more than `factor` times the median, or less than the median divided by it, and also
farther from it than `factor` times the median absolute deviation of the earlier ones: an account with wide
swings is not reported for every swing.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.review.invoice_view import format_currency_amount
from schemas.arrow.columns import Booleans, Decimals, Indices, Texts, merge_chunks

_MIN_INVOICES = 5
_GROUP_COLUMNS = ["account", "currency"]
_WIDE = pa.decimal256(60, 18)


def find_unusual_amounts(view: pa.Table, history: pa.Table, factor: int) -> Findings | None:
    """Report one warning per invoice whose amount is far from usual.

    Args:
        view: the invoices of the file, see `build_invoice_view`.
        history: those of the ledger, as `PAST_INVOICES`.
        factor: multiple of the median that counts as far; 0 turns the check off.
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
    """Compute median, median absolute deviation and number of earlier invoices, where there are enough."""
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
    """Compute the lower median of a column per account and currency: always one of the values."""
    ordered = rows.sort_by([(column, "ascending") for column in (*_GROUP_COLUMNS, name)])
    # without threads the groups keep the order of the sorted rows, which `starts` relies on
    sizes = ordered.group_by(_GROUP_COLUMNS, use_threads=False).aggregate([(name, "count")])
    count = sizes[f"{name}_count"].to_numpy()
    starts = np.cumsum(count) - count
    return ordered.take(pa.array(starts + (count - 1) // 2)).select([*_GROUP_COLUMNS, name])


def _find_typical_rows(view: pa.Table, typical_amounts: pa.Table) -> Indices:
    """Return for each invoice the row of its account and currency; null without one."""
    view_keys, typical_keys = (_join_keys(table) for table in (view, typical_amounts))
    return pc.index_in(view_keys, value_set=typical_keys, skip_nulls=True)


def _join_keys(table: pa.Table) -> Texts:
    """Join account and currency to one key; null where either is unknown."""
    names = [table[name] for name in _GROUP_COLUMNS]
    return merge_chunks(pc.binary_join_element_wise(*names, "\x1f"))


def _is_far(amount: Decimals, median: Decimals, spread: Decimals, factor: int) -> Booleans:
    multiplier = pa.scalar(Decimal(factor), pa.decimal256(8, 0))
    amount, median, spread = (
        pc.cast(merge_chunks(values), pa.decimal256(50, 18)) for values in (amount, median, spread)
    )
    is_above = pc.greater(amount, pc.multiply(median, multiplier))
    is_below = pc.less(pc.multiply(amount, multiplier), median)
    is_outlier = pc.greater(pc.abs(pc.subtract(amount, median)), pc.multiply(spread, multiplier))
    return pc.fill_null(pc.and_(pc.or_(is_above, is_below), is_outlier), False)


def _build_facts(compared: pa.Table, typical: pa.Table) -> dict[str, Texts]:
    return {
        "amount": _format_amounts(compared["amount"], compared["currency"]),
        "usual": _format_amounts(typical["middle"], compared["currency"]),
        "count": pc.cast(merge_chunks(typical["amount_count"]), pa.string()),
    }


def _format_amounts(amounts: Decimals, currencies: Texts) -> Texts:
    """Format each amount with its currency."""
    pairs = zip(amounts.to_pylist(), currencies.to_pylist(), strict=True)
    return pa.array([format_currency_amount(*pair) for pair in pairs], pa.string())
