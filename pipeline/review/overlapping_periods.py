"""Find overlapping service periods: same account and product, shared days, another invoice.

In: the accepted invoices and the periods billed before.
Out: findings, or None.
Never: compares every pair; sorted by key and first day, a running maximum of the last days finds overlaps.

A period has a first and a last day; an item without a last day has none. Against the ledger every overlapping
item is reported. Within the file, of two invoices that bill the same days at least one is reported.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.model.indices import Mask, Positions
from pipeline.model.invoices import Invoices
from pipeline.review.invoice_view import describe_run
from schemas.arrow.columns import Dates, Indices, Texts, decode_dictionary, merge_chunks
from schemas.arrow.frames import arrow_column

_PRODUCT_COLUMNS = ("product_rate_plan_charge_id", "charge_name", "sku")
# 22 bits hold the days of eleven thousand years
_DAYS_PER_KEY = np.int64(1) << 22
_DAY_OFFSET = np.int64(1) << 21
"""Added to days since 1970, so that none is negative; a key and a day make one number."""


class _Periods(NamedTuple):
    """Columns of periods: account and product as one number, first and last day, and the invoice."""

    key: Positions
    first: Positions
    last: Positions
    invoice: Positions


def find_overlapping_periods(invoices: Invoices, view: pa.Table, history: pa.Table) -> Findings | None:
    """Report one warning per item whose period is billed already.

    Args:
        invoices: what would be sent.
        view: the invoices of the file, see `build_invoice_view`.
        history: the periods of the ledger, as `PAST_PERIODS`.
    """
    frame = invoices.sheets.items
    if "service_end_date" not in frame or "service_start_date" not in frame:
        return None
    accounts = merge_chunks(view["account"]).dictionary_encode()
    items, invoice_of_item = _select_items_with_period(invoices, accounts)
    product = _encode_products(frame, items)
    file_periods = _Periods(
        _build_keys(
            pc.take(accounts.indices, pa.array(invoice_of_item)), product.indices, product.dictionary
        ),
        _to_day_numbers(pc.take(arrow_column(frame["service_start_date"]), pa.array(items))),
        _to_day_numbers(pc.take(arrow_column(frame["service_end_date"]), pa.array(items))),
        invoice_of_item,
    )
    ledger_rows, ledger_periods = _select_ledger_periods(history, accounts.dictionary, product.dictionary)
    ledger_overlaps, file_overlaps = (
        _find_overlaps(ledger_periods, file_periods),
        _find_overlaps_within(file_periods),
    )
    rows = np.flatnonzero((ledger_overlaps >= 0) | (file_overlaps >= 0))
    if not len(rows):
        return None
    # in the order of the sheet, as other findings are
    rows = rows[np.argsort(items[rows], kind="stable")]
    ledger_indices = pa.array(
        ledger_rows[ledger_overlaps[rows]] if len(ledger_rows) else ledger_overlaps[rows],
        mask=ledger_overlaps[rows] < 0,
    )
    file_refs = merge_chunks(view["ref"]).take(pa.array(invoice_of_item[file_overlaps[rows]]))
    refs = pc.coalesce(merge_chunks(history["ref"]).take(ledger_indices), file_refs)
    runs = merge_chunks(history["run_id"]).take(ledger_indices).to_pylist()
    facts = {"other": refs, "where": pa.array([describe_run(run_id) for run_id in runs], pa.string())}
    return Findings("W803", "items", "service_start_date", items[rows], facts=facts)


def _select_items_with_period(invoices: Invoices, accounts: Texts) -> tuple[Positions, Positions]:
    """Select the items of a known account that have a first and a last day, with the invoice of each."""
    frame, owners = invoices.sheets.items, np.repeat(np.arange(len(invoices)), invoices.item_counts)
    has_period = pc.and_(*(arrow_column(frame[f"service_{end}_date"]).is_valid() for end in ("start", "end")))
    is_known = has_period.to_numpy(zero_copy_only=False)[invoices.item_rows]
    is_known &= accounts.is_valid().to_numpy(zero_copy_only=False)[owners]
    return invoices.item_rows[is_known], owners[is_known]


def _encode_products(frame: pd.DataFrame, items: Positions) -> Texts:
    """Return what each item bills, dictionary-encoded; null where no column names it."""
    indices = pa.array(items)
    columns = [pc.take(arrow_column(frame[name]), indices) for name in _PRODUCT_COLUMNS if name in frame]
    if columns and isinstance(columns[0], pa.DictionaryArray) and not columns[0].null_count:
        # a charge has a row in the catalog for each currency
        distinct = columns[0].dictionary.dictionary_encode()
        return pc.take(distinct, columns[0].indices)
    return pc.coalesce(
        *map(decode_dictionary, columns), pa.nulls(len(items), pa.string())
    ).dictionary_encode()


def _build_keys(account: Indices, product: Indices, products: Texts) -> Positions:
    """Encode account and product as one number; without a name it is a product of its own."""
    product_numbers = pc.fill_null(product, len(products)).to_numpy().astype(np.int64)
    return np.asarray(account.to_numpy().astype(np.int64) * (len(products) + 1) + product_numbers)


def _select_ledger_periods(history: pa.Table, accounts: Texts, products: Texts) -> tuple[Positions, _Periods]:
    """Select the ledger's periods whose account and product the file bills too; return rows and periods."""
    account = pc.index_in(history["account"], value_set=accounts)
    product = pc.index_in(history["product"], value_set=products, skip_nulls=True)
    is_billed = pc.and_(account.is_valid(), pc.or_(product.is_valid(), history["product"].is_null()))
    rows = np.flatnonzero(is_billed.to_numpy())
    indices = pa.array(rows)
    key = _build_keys(account.take(indices), product.take(indices), products)
    first, last = (_to_day_numbers(history[end].take(indices)) for end in ("first", "last"))
    return rows, _Periods(key, first, last, np.full(len(rows), -1))


def _to_day_numbers(dates: Dates) -> Positions:
    return np.asarray(pc.cast(dates, pa.int32()).to_numpy().astype(np.int64) + _DAY_OFFSET)


def _find_overlaps(old: _Periods, new: _Periods) -> Positions:
    """Return for each new period an old one that it overlaps, -1 without one.

    Of the old ones that begin no later than the new one ends, the one that ends last decides.
    """
    if not len(old.key):
        return np.full(len(new.key), -1)
    order = np.lexsort((old.first, old.key))
    begins = (old.key * _DAYS_PER_KEY + old.first)[order]
    ends = (old.key * _DAYS_PER_KEY + old.last)[order]
    latest = np.maximum.accumulate(ends)
    # where the running maximum was set last: the period that ends last so far
    longest = np.maximum.accumulate(np.where(ends == latest, np.arange(len(ends)), 0))
    index = np.searchsorted(begins, new.key * _DAYS_PER_KEY + new.last, side="right") - 1
    is_overlapping = (index >= 0) & (latest[index] >= new.key * _DAYS_PER_KEY + new.first)
    return np.where(is_overlapping, order[longest[index]], -1)


def _find_overlaps_within(new: _Periods) -> Positions:
    """Return for each period an earlier one of another invoice that it overlaps, -1 without one."""
    overlaps = np.full(len(new.key), -1)
    shared = _find_shared(new.key)
    key, first, last, invoice = (column[shared] for column in new)
    order = np.lexsort((last, first, key))
    begins, ends = (key * _DAYS_PER_KEY + first)[order], (key * _DAYS_PER_KEY + last)[order]
    invoice, period_indices = invoice[order], shared[order]
    latest = np.maximum.accumulate(ends)
    longest = np.maximum.accumulate(np.where(ends == latest, np.arange(len(ends)), 0))
    is_overlapping: Mask = (latest[:-1] >= begins[1:]) & (invoice[longest[:-1]] != invoice[1:])
    overlaps[period_indices[1:][is_overlapping]] = period_indices[longest[:-1][is_overlapping]]
    return overlaps


def _find_shared(key: Positions) -> Positions:
    """Return the positions of keys that occur more than once, ascending: few, and only they can overlap."""
    order = np.argsort(key)
    is_shared = np.zeros(len(key) + 1, bool)
    is_shared[1:-1] = key[order[1:]] == key[order[:-1]]
    return np.sort(order[is_shared[1:] | is_shared[:-1]])
