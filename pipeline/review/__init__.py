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

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Settings
from pipeline.issues import Issues, found
from pipeline.model import Invoices
from pipeline.past import Past
from pipeline.review import header, periods, prices, twins, usual
from pipeline.review.header import closed, rejected_again
from pipeline.review.looked import invoices_of

__all__ = ["accounts", "bills_periods", "closed", "rejected_again", "review", "unseen"]


def accounts(invoices: Invoices) -> pa.Array:
    """The accounts of the accepted invoices, each once."""
    return pc.drop_null(pc.unique(invoices_of(invoices)["account"].combine_chunks()))


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


def review(invoices: Invoices, past: Past, settings: Settings) -> Issues:
    """Look at the accepted invoices once more.

    Args:
        invoices: what would be sent.
        past: what the ledger knows of their accounts.
        settings: in effect.
    """
    if not len(invoices):
        return Issues()
    looked: Any = invoices_of(invoices)
    return found(
        [
            header.charged_at_once(invoices),
            twins.twins(looked, past.invoices, settings.near_duplicate_days),
            usual.unusual(looked, past.invoices, settings.unusual_factor),
            periods.billed_twice(invoices, looked, past.periods),
            prices.unusual(invoices, settings.price_tolerance),
            prices.rounded(invoices, settings),
        ]
    )
