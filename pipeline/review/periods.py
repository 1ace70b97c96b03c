"""Periods of service billed twice: same account and product, overlapping days, another invoice.

A period has a first and a last day; an item without a last day has none. Against the ledger every item that
overlaps is told. Within the file, of two invoices that bill the same days at least one is told.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
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
    frame = invoices.sheets.items
    if "service_end_date" not in frame or "service_start_date" not in frame:
        return None
    accounts = whole(looked["account"]).dictionary_encode()
    items, owner = _with_a_period(invoices, accounts)
    product = _products(frame, items)
    new = _Periods(
        _keys(pc.take(accounts.indices, pa.array(owner)), product.indices, product.dictionary),
        _days(pc.take(cells_of(frame["service_start_date"]), pa.array(items))),
        _days(pc.take(cells_of(frame["service_end_date"]), pa.array(items))),
        owner,
    )
    known, old = _of_ledger(past, accounts.dictionary, product.dictionary)
    before, within = _overlapped(old, new), _within(new)
    rows = np.flatnonzero((before >= 0) | (within >= 0))
    if not len(rows):
        return None
    rows = rows[np.argsort(items[rows], kind="stable")]
    earlier = pa.array(known[before[rows]] if len(known) else before[rows], mask=before[rows] < 0)
    here = whole(looked["ref"]).take(pa.array(owner[within[rows]]))
    refs = pc.coalesce(whole(past["ref"]).take(earlier), here)
    runs = whole(past["run_id"]).take(earlier).to_pylist()
    facts = {"other": refs, "where": pa.array([run_named(each) for each in runs], pa.string())}
    return Findings("W803", "items", "service_start_date", items[rows], facts=facts)


def _with_a_period(invoices: Invoices, accounts: Any) -> tuple[Positions, Positions]:
    """The items of a known account that have a first and a last day, and the invoice of each."""
    frame, owners = invoices.sheets.items, np.repeat(np.arange(len(invoices)), invoices.sizes)
    both = pc.and_(*(cells_of(frame[f"service_{end}_date"]).is_valid() for end in ("start", "end")))
    known = both.to_numpy(zero_copy_only=False)[invoices.items]
    known &= accounts.is_valid().to_numpy(zero_copy_only=False)[owners]
    return invoices.items[known], owners[known]


def _products(frame: pd.DataFrame, items: Positions) -> Any:
    """What each of some items bills, dictionary-encoded; null where nothing names it."""
    at = pa.array(items)
    named = [pc.take(cells_of(frame[name]), at) for name in _PRODUCT if name in frame]
    if named and isinstance(named[0], pa.DictionaryArray) and not named[0].null_count:
        once = named[0].dictionary.dictionary_encode()  # a charge has a row in the catalog for each currency
        return pc.take(once, named[0].indices)
    return pc.coalesce(*map(plain, named), pa.nulls(len(items), pa.string())).dictionary_encode()


def _keys(account: Any, product: Any, products: Any) -> Positions:
    """Account and product as one number; what nothing names is a product of its own."""
    numbered = pc.fill_null(product, len(products)).to_numpy().astype(np.int64)
    return np.asarray(account.to_numpy().astype(np.int64) * (len(products) + 1) + numbered)


def _of_ledger(past: pa.Table, accounts: Any, products: Any) -> tuple[Positions, _Periods]:
    """The periods of the ledger whose account and product the file bills too, and their rows."""
    account = pc.index_in(past["account"], value_set=accounts)
    product = pc.index_in(past["product"], value_set=products, skip_nulls=True)
    meant = pc.and_(account.is_valid(), pc.or_(product.is_valid(), past["product"].is_null()))
    rows = np.flatnonzero(meant.to_numpy())
    at = pa.array(rows)
    key = _keys(account.take(at), product.take(at), products)
    first, last = (_days(past[end].take(at)) for end in ("first", "last"))
    return rows, _Periods(key, first, last, np.full(len(rows), -1))


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
    """Positions of the keys that occur more than once, ascending: few, and only they can overlap."""
    order = np.argsort(key)
    same = np.zeros(len(key) + 1, bool)
    same[1:-1] = key[order[1:]] == key[order[:-1]]
    return np.sort(order[same[1:] | same[:-1]])
