"""Periods of service billed twice: same account and product, overlapping days, another invoice.

A period has a first and a last day; an item without a last day has none. Against the ledger every item that
overlaps is told. Within the file, of two invoices that bill the same days at least one is told.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.model import Invoices, Mask, Positions
from pipeline.review.looked import run_named
from schemas.columns import cells_of, plain, whole

_PRODUCT = ("product_rate_plan_charge_id", "charge_name", "sku")
_SPAN = np.int64(1) << 22
_ZERO = np.int64(1) << 21
"""Days are counted from here, so that none of them is negative; a key and a day make one number."""


class _Periods(NamedTuple):
    """Periods side by side: whose and of what as one number, first and last day, and the invoice."""

    key: Positions
    first: Positions
    last: Positions
    invoice: Positions


def billed_twice(invoices: Invoices, looked: pa.Table, past: pa.Table) -> Findings | None:
    """One warning an item whose period is billed already.

    Args:
        invoices: what would be sent.
        looked: the invoices of the file, see `invoices_of`.
        past: the periods of the ledger, as `PAST_PERIODS`.
    """
    items, mine = _of_file(invoices, looked)
    if mine is None:
        return None
    both = pa.concat_tables([past.select(mine.column_names), mine])
    all_of_them = _numbered(both)
    old = _Periods(*(each[: len(past)] for each in all_of_them))
    new = _Periods(*(each[len(past) :] for each in all_of_them))
    other = _overlapped(old, new)
    within = _within(new)
    other = np.where(other >= 0, other, np.where(within >= 0, within + len(past), -1))
    rows = np.flatnonzero(other >= 0)
    order = np.argsort(items[rows], kind="stable")
    rows = rows[order]
    return _told(items[rows], both, other[rows], past) if len(rows) else None


def _of_file(invoices: Invoices, looked: pa.Table) -> tuple[Positions, pa.Table | None]:
    """The items of a known account with a period, and the periods."""
    frame = invoices.sheets.items
    if "service_end_date" not in frame or "service_start_date" not in frame:
        return invoices.items, None
    at = pa.array(invoices.items)
    ends = pc.take(cells_of(frame["service_end_date"]), at)
    starts = pc.take(cells_of(frame["service_start_date"]), at)
    owners = pa.array(np.repeat(np.arange(len(invoices)), invoices.sizes))
    needed = (ends, starts, pc.take(whole(looked["account"]), owners))
    known = np.logical_and.reduce([each.is_valid().to_numpy(zero_copy_only=False) for each in needed])
    some = np.flatnonzero(known)
    if not len(some):
        return invoices.items, None
    items, chosen = invoices.items[some], pa.array(invoices.items[some])
    owner = pc.take(owners, pa.array(some))
    names = [name for name in _PRODUCT if name in frame]
    product = pc.coalesce(*(pc.take(plain(cells_of(frame[name])), chosen) for name in names))
    table = pa.table(
        {
            "account": pc.take(whole(looked["account"]), owner),
            "ref": pc.take(whole(looked["ref"]), owner),
            "product": product,
            "first": pc.take(cells_of(frame["service_start_date"]), chosen),
            "last": pc.take(ends, pa.array(some)),
        }
    )
    return items, table


def _numbered(both: pa.Table) -> _Periods:
    account, product, ref = (whole(both[each]).dictionary_encode() for each in ("account", "product", "ref"))
    unnamed = len(product.dictionary)
    named = pc.fill_null(product.indices, unnamed).to_numpy().astype(np.int64)
    key = account.indices.to_numpy().astype(np.int64) * (unnamed + 1) + named
    return _Periods(key, _days(both["first"]), _days(both["last"]), ref.indices.to_numpy().astype(np.int64))


def _days(dates: Any) -> Positions:
    return np.asarray(pc.cast(dates, pa.int32()).to_numpy().astype(np.int64) + _ZERO)


def _overlapped(old: _Periods, new: _Periods) -> Positions:
    """For each new period an old one that it overlaps, -1 without one.

    Of the old ones that begin no later than the new one ends, the one that ends last decides.
    """
    if not len(old.key):
        return np.full(len(new.key), -1)
    order = np.lexsort((old.first, old.key))
    begins = (old.key * _SPAN + old.first)[order]
    ends = (old.key * _SPAN + old.last)[order]
    latest = np.maximum.accumulate(ends)
    bearer = np.maximum.accumulate(np.where(ends == latest, np.arange(len(ends)), 0))
    place = np.searchsorted(begins, new.key * _SPAN + new.last, side="right") - 1
    meets = (place >= 0) & (latest[place] >= new.key * _SPAN + new.first)
    return np.where(meets, order[bearer[place]], -1)


def _within(new: _Periods) -> Positions:
    """For each period an earlier one of another invoice of the file that it overlaps, -1 without one."""
    other = np.full(len(new.key), -1)
    shared = _shared(new.key)
    key, first, last, invoice = (each[shared] for each in new)
    order = np.lexsort((last, first, key))
    begins, ends = (key * _SPAN + first)[order], (key * _SPAN + last)[order]
    invoice, at = invoice[order], shared[order]
    latest = np.maximum.accumulate(ends)
    bearer = np.maximum.accumulate(np.where(ends == latest, np.arange(len(ends)), 0))
    meets: Mask = (latest[:-1] >= begins[1:]) & (invoice[bearer[:-1]] != invoice[1:])
    other[at[1:][meets]] = at[bearer[:-1][meets]]
    return other


def _shared(key: Positions) -> Positions:
    """Positions of the keys that occur more than once: few, and only they can overlap."""
    ordered = np.sort(key)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return np.zeros(0, np.int64)
    place = np.minimum(np.searchsorted(twice, key), len(twice) - 1)
    return np.flatnonzero(twice[place] == key)


def _told(items: Positions, both: pa.Table, other: Positions, past: pa.Table) -> Findings:
    theirs = both.take(pa.array(other))
    runs = pa.concat_arrays([whole(past["run_id"]), pa.nulls(len(both) - len(past), pa.string())])
    where = [run_named(each) for each in pc.take(runs, pa.array(other)).to_pylist()]
    facts = {"other": whole(theirs["ref"]), "where": pa.array(where, pa.string())}
    return Findings("W803", "items", "service_start_date", items, facts=facts)
