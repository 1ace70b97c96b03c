"""Find near-duplicates: same account, currency and amount, dates close together, another reference.

In: the accepted invoices and the earlier ones of the ledger.
Out: findings, or None.
Never: compares every pair; sorted by account, currency, amount and date, near-duplicates are neighbours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.model.indices import Positions
from pipeline.review.invoice_view import describe_run, format_currency_amount
from schemas.arrow.columns import merge_chunks

_KEY_COLUMNS = ("account", "currency", "amount")


def find_near_duplicates(view: pa.Table, history: pa.Table, days: int) -> Findings | None:
    """Report one warning per invoice with a near-duplicate in the ledger or earlier in the file.

    An invoice with an amount of zero has none.

    Args:
        view: the invoices of the file, see `build_invoice_view`.
        history: those of the ledger, as `PAST_INVOICES`.
        days: between the dates at most; 0 turns the check off.
    """
    names = [*_KEY_COLUMNS, "ref", "invoice_date"]
    # the ledger first: from its length on, positions are those of the file
    combined = pa.concat_tables([history.select(names), view.select(names)])
    if not days or len(combined) < 2:
        return None
    is_comparable = (
        combined["amount"].is_valid().to_numpy()
        & pc.not_equal(combined["amount"], 0).fill_null(False).to_numpy()
    )
    is_comparable &= combined["invoice_date"].is_valid().to_numpy()
    days_since_epoch = pc.fill_null(pc.cast(combined["invoice_date"], pa.int32()), 0).to_numpy()
    keys = _encode_keys(combined)
    # by key, then by day: near-duplicates are neighbours
    order = np.lexsort((days_since_epoch, keys))
    first, second = order[:-1], order[1:]
    is_near = (
        (keys[first] == keys[second])
        & (days_since_epoch[second] - days_since_epoch[first] <= days)
        & is_comparable[first]
    )
    reported, duplicates = _choose_reported(first[is_near], second[is_near], len(history))
    if not len(reported):
        return None
    rows = view["position"].to_numpy()[reported - len(history)]
    facts = _build_facts(combined, history, reported, duplicates)
    return Findings("W801", "invoices", "", rows, facts=facts)


def _encode_keys(combined: pa.Table) -> Positions:
    """Return one number per combination of account, currency and amount."""
    keys = np.zeros(len(combined), np.int64)
    for name in _KEY_COLUMNS:
        codes = merge_chunks(combined[name]).dictionary_encode()
        # numbered anew for each column, so that products of many columns never overflow
        _, keys = np.unique(
            keys * (len(codes.dictionary) + 1)
            + pc.fill_null(codes.indices, len(codes.dictionary)).to_numpy(),
            return_inverse=True,
        )
    return keys


def _choose_reported(first: Positions, second: Positions, ledger_count: int) -> tuple[Positions, Positions]:
    """Choose which of two is reported: the one of the file; of two of the file, the later."""
    is_swapped = second < ledger_count
    reported, duplicates = np.where(is_swapped, first, second), np.where(is_swapped, second, first)
    is_in_file = reported >= ledger_count
    reported, duplicates = reported[is_in_file], duplicates[is_in_file]
    # each once, though it may be near to one before it and one after it
    reported, kept = np.unique(reported, return_index=True)
    return reported, duplicates[kept]


def _build_facts(
    combined: pa.Table, history: pa.Table, reported: Positions, duplicates: Positions
) -> dict[str, Any]:
    runs = pa.concat_arrays(
        [merge_chunks(history["run_id"]), pa.nulls(len(combined) - len(history), pa.string())]
    )
    duplicate_rows = combined.take(pa.array(duplicates))
    reported_rows = combined.take(pa.array(reported))
    amounts = zip(reported_rows["amount"].to_pylist(), reported_rows["currency"].to_pylist(), strict=True)
    return {
        "amount": pa.array([format_currency_amount(*amount) for amount in amounts], pa.string()),
        "other": merge_chunks(duplicate_rows["ref"]),
        "date": pc.cast(merge_chunks(duplicate_rows["invoice_date"]), pa.string()),
        "where": pa.array(
            [describe_run(run_id) for run_id in pc.take(runs, pa.array(duplicates)).to_pylist()], pa.string()
        ),
    }
