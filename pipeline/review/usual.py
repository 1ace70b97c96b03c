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
from pipeline.review.looked import amount_told
from schemas.columns import whole

_LEAST = 5
_BY = ["account", "currency"]
_WIDE = pa.decimal256(60, 18)


def unusual(looked: pa.Table, past: pa.Table, factor: int) -> Findings | None:
    """One warning an invoice whose amount is far from usual.

    Args:
        looked: the invoices of the file, see `invoices_of`.
        past: those of the ledger, as `PAST_INVOICES`.
        factor: how far is far; 0 tells none.
    """
    if not factor or len(past) < _LEAST:
        return None
    usual = _usual(past)
    if not len(usual):
        return None
    at = _places(looked, usual)
    mine = looked.filter(pc.is_valid(at))
    theirs = usual.take(at.drop_null())
    far = _far(mine["amount"], theirs["middle"], theirs["spread"], factor)
    mine, theirs = mine.filter(far), theirs.filter(far)
    return Findings("W802", "invoices", "", mine["position"].to_numpy(), facts=_facts(mine, theirs))


def _usual(past: pa.Table) -> pa.Table:
    """Median, median distance and number of earlier invoices, for each account with enough of them."""
    counts = past.group_by(_BY).aggregate([("amount", "count")])
    counts = counts.filter(pc.greater_equal(counts["amount_count"], _LEAST))
    several = past.select([*_BY, "amount"]).join(counts, _BY, join_type="inner")
    middle = _middle(several, "amount").rename_columns({"amount": "middle"})
    apart = several.join(middle, _BY, join_type="inner")
    distance = pc.abs(pc.subtract(pc.cast(apart["amount"], _WIDE), pc.cast(apart["middle"], _WIDE)))
    spread = _middle(apart.append_column("spread", distance), "spread")
    return middle.join(spread, _BY).join(counts, _BY).sort_by([(each, "ascending") for each in _BY])


def _middle(rows: pa.Table, name: str) -> pa.Table:
    """The lower median of a column, for each account and currency: a value that was there, exactly."""
    ordered = rows.sort_by([(each, "ascending") for each in (*_BY, name)])
    sizes = ordered.group_by(_BY, use_threads=False).aggregate([(name, "count")])
    count = sizes[f"{name}_count"].to_numpy()
    starts = np.cumsum(count) - count
    return ordered.take(pa.array(starts + (count - 1) // 2)).select([*_BY, name])


def _places(looked: pa.Table, usual: pa.Table) -> Any:
    """For each invoice the row of its account and currency; null without one."""
    names = (pc.binary_join_element_wise(*(each[name] for name in _BY), "\x1f") for each in (looked, usual))
    mine, theirs = (whole(each) for each in names)
    return pc.index_in(mine, value_set=theirs, skip_nulls=True)


def _far(amount: Any, middle: Any, spread: Any, factor: int) -> Any:
    times = pa.scalar(Decimal(factor), pa.decimal256(8, 0))
    amount, middle, spread = (
        pc.cast(whole(each), pa.decimal256(50, 18)) for each in (amount, middle, spread)
    )
    more = pc.greater(amount, pc.multiply(middle, times))
    less = pc.less(pc.multiply(amount, times), middle)
    apart = pc.greater(pc.abs(pc.subtract(amount, middle)), pc.multiply(spread, times))
    return pc.fill_null(pc.and_(pc.or_(more, less), apart), False)


def _facts(mine: pa.Table, theirs: pa.Table) -> dict[str, Any]:
    money = [
        [amount_told(*each) for each in zip(values.to_pylist(), mine["currency"].to_pylist(), strict=True)]
        for values in (mine["amount"], theirs["middle"])
    ]
    return {
        "amount": pa.array(money[0], pa.string()),
        "usual": pa.array(money[1], pa.string()),
        "count": pc.cast(whole(theirs["amount_count"]), pa.string()),
    }
