"""A second look: what an experienced controller would ask before the invoices go out.

Input: the accepted invoices and what the ledger knows of their accounts. Output: warnings; nothing here is
wrong by the rules. Every look is one pass over sorted columns. It reads no ledger itself, changes no row and
rejects nothing, but for a date in a closed period where a setting says so.

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

from pipeline.config import Settings
from pipeline.issues import Findings, Issues, found
from pipeline.language import threads
from pipeline.model import Invoices
from pipeline.past import Past
from pipeline.review import header, periods, prices, twins, usual
from pipeline.review.header import closed, rejected_again
from pipeline.review.looked import invoices_of

__all__ = ["accounts", "bills_periods", "closed", "invoices_of", "rejected_again", "review", "unseen"]


def accounts(looked: pa.Table) -> pa.Array:
    """The accounts of the accepted invoices, as `invoices_of` gives them, each once."""
    return pc.drop_null(pc.unique(looked["account"].combine_chunks()))


def bills_periods(invoices: Invoices) -> bool:
    """Whether any item has a last day of service: only then a period can be billed twice."""
    return "service_end_date" in invoices.sheets.items


def unseen(names: pa.Array, past: Past) -> list[str]:
    """The accounts that the ledger has no live invoice of.

    Args:
        names: as `accounts` gives them.
        past: what the ledger knows of them.
    """
    known = pc.is_in(names, value_set=pc.unique(past.invoices["account"]))
    new: list[str] = pc.filter(names, pc.invert(known)).to_pylist()
    return new


def review(invoices: Invoices, looked: pa.Table, past: Past, settings: Settings) -> Issues:
    """Look at the accepted invoices once more, some looks side by side.

    Args:
        invoices: what would be sent.
        looked: the same, as `invoices_of` gives them.
        past: what the ledger knows of their accounts.
        settings: in effect.
    """
    if not len(invoices):
        return Issues()
    looks = (
        partial(header.charged_at_once, invoices),
        partial(twins.twins, looked, past.invoices, settings.near_duplicate_days),
        partial(usual.unusual, looked, past.invoices, settings.unusual_factor),
        partial(periods.billed_twice, invoices, looked, past.periods),
        partial(prices.unusual, invoices, settings.price_tolerance),
        partial(prices.rounded, invoices, settings),
    )
    with threads() as side_by_side:
        return found(list(side_by_side.map(_look, looks)))


def _look(look: Callable[[], Findings | None]) -> Findings | None:
    return look()
