"""Warnings that an experienced controller would give before the invoices go out.

In: the accepted invoices and what the ledger holds on their accounts.
Out: warnings; nothing here breaks a rule. Every check is one pass over sorted columns.
Never: reads the ledger, changes a row or rejects an invoice, except for a date in a closed period where a
    setting says so.

    header      a date in a closed period; auto pay with Posted
    twins       an invoice very like another
    usual       an amount far from what the account is usually billed
    periods     a period of service that is billed already
    prices      a price away from the catalog's; a difference by rounding
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings, Issues, collect_findings
from pipeline.model.history import BillingHistory
from pipeline.model.invoices import Invoices
from pipeline.process import open_thread_pool
from pipeline.review import (
    invoice_header,
    near_duplicates,
    overlapping_periods,
    price_deviation,
    unusual_amounts,
)
from pipeline.review.invoice_header import find_closed_periods, find_repeated_rejections
from pipeline.review.invoice_view import build_invoice_view
from pipeline.settings import Settings

__all__ = [
    "build_invoice_view",
    "collect_accounts",
    "find_closed_periods",
    "find_new_accounts",
    "find_repeated_rejections",
    "has_service_periods",
    "review_invoices",
]


def collect_accounts(view: pa.Table) -> pa.Array:
    """Return the distinct accounts of the invoices in `build_invoice_view`'s table."""
    return pc.drop_null(pc.unique(view["account"].combine_chunks()))


def has_service_periods(invoices: Invoices) -> bool:
    """Return whether items have a last day of service: only then can a period be billed twice."""
    return "service_end_date" in invoices.sheets.items


def find_new_accounts(accounts: pa.Array, history: BillingHistory) -> list[str]:
    """Return the accounts that the ledger has no live invoice of.

    Args:
        accounts: as `collect_accounts` gives them.
        history: what the ledger holds on them.
    """
    is_known = pc.is_in(accounts, value_set=pc.unique(history.invoices["account"]))
    new_accounts: list[str] = pc.filter(accounts, pc.invert(is_known)).to_pylist()
    return new_accounts


def review_invoices(
    invoices: Invoices, view: pa.Table, history: BillingHistory, settings: Settings
) -> Issues:
    """Run all checks on the accepted invoices, in parallel threads.

    Args:
        invoices: what would be sent.
        view: the same, as `build_invoice_view` gives them.
        history: what the ledger holds on their accounts.
        settings: in effect.
    """
    if not len(invoices):
        return Issues()
    checks = (
        partial(invoice_header.find_immediate_payments, invoices),
        partial(near_duplicates.find_near_duplicates, view, history.invoices, settings.near_duplicate_days),
        partial(unusual_amounts.find_unusual_amounts, view, history.invoices, settings.unusual_factor),
        partial(overlapping_periods.find_overlapping_periods, invoices, view, history.periods),
        partial(price_deviation.find_price_deviations, invoices, settings.price_tolerance),
        partial(price_deviation.find_rounding_differences, invoices, settings),
    )
    with open_thread_pool() as pool:
        return collect_findings(list(pool.map(_run_check, checks)))


def _run_check(check: Callable[[], Findings | None]) -> Findings | None:
    return check()
