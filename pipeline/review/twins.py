"""Invoices very like another: same account, currency and amount, nearly the same date, another reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.model import Positions
from pipeline.review.looked import amount_told, run_named
from schemas.columns import whole

_SAME = ("account", "currency", "amount")


def twins(looked: pa.Table, past: pa.Table, days: int) -> Findings | None:
    """One warning an invoice that has a twin, in the ledger or earlier in the file.

    Side by side in the order of account, currency, amount and date, twins are neighbours: one sort finds them.
    An invoice over nothing has no twin.

    Args:
        looked: the invoices of the file, see `invoices_of`.
        past: those of the ledger, as `PAST_INVOICES`.
        days: apart at most; 0 tells none.
    """
    names = [*_SAME, "ref", "invoice_date"]
    both = pa.concat_tables([past.select(names), looked.select(names)])
    if not days or len(both) < 2:
        return None
    known = both["amount"].is_valid().to_numpy() & pc.not_equal(both["amount"], 0).fill_null(False).to_numpy()
    known &= both["invoice_date"].is_valid().to_numpy()
    day = pc.fill_null(pc.cast(both["invoice_date"], pa.int32()), 0).to_numpy()
    key = _coded(both)
    order = np.lexsort((day, key))
    first, second = order[:-1], order[1:]
    near = (key[first] == key[second]) & (day[second] - day[first] <= days) & known[first]
    mine, other = _told_of(first[near], second[near], len(past))
    if not len(mine):
        return None
    return Findings(
        "W801", "invoices", "", looked["position"].to_numpy()[mine - len(past)], facts=_facts(both, past, mine, other)
    )  # fmt: skip


def _coded(both: pa.Table) -> Positions:
    """A number for each account, currency and amount."""
    key = np.zeros(len(both), np.int64)
    for name in _SAME:
        codes = whole(both[name]).dictionary_encode()
        _, key = np.unique(
            key * (len(codes.dictionary) + 1) + pc.fill_null(codes.indices, len(codes.dictionary)).to_numpy(),
            return_inverse=True,
        )
    return key


def _told_of(first: Positions, second: Positions, ledger: int) -> tuple[Positions, Positions]:
    """Which of two is told, and of which other: the one of the file; of two of the file, the later."""
    swap = second < ledger
    mine, other = np.where(swap, first, second), np.where(swap, second, first)
    told = mine >= ledger
    mine, other = mine[told], other[told]
    mine, at = np.unique(mine, return_index=True)
    return mine, other[at]


def _facts(both: pa.Table, past: pa.Table, mine: Positions, other: Positions) -> dict[str, Any]:
    runs = pa.concat_arrays([whole(past["run_id"]), pa.nulls(len(both) - len(past), pa.string())])
    theirs = both.take(pa.array(other))
    own = both.take(pa.array(mine))
    told = zip(own["amount"].to_pylist(), own["currency"].to_pylist(), strict=True)
    return {
        "amount": pa.array([amount_told(*each) for each in told], pa.string()),
        "other": whole(theirs["ref"]),
        "date": pc.cast(whole(theirs["invoice_date"]), pa.string()),
        "where": pa.array(
            [run_named(each) for each in pc.take(runs, pa.array(other)).to_pylist()], pa.string()
        ),
    }
