"""The books: every row and every cent that came in is accepted, rejected or skipped.

What came in is counted from the sheets as read; what was accepted, from the batches that will be sent; what
was rejected and skipped, from the invoices left over. Nothing is taken for granted: when the three don't add
up to the first, the run is unbalanced, and the verdict says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Batches, Mask, Positions, ValidSheets
from schemas.columns import cells_of, plain
from schemas.currencies import NO_CURRENCY

Money = Mapping[str, Decimal]
"""Sums by currency."""


@dataclass(frozen=True)
class Share:
    """Some of the rows: numbers of invoices and items, sums by currency, items whose amount is unknown."""

    invoices: int
    items: int
    money: Money
    unread: int


@dataclass(frozen=True)
class Balance:
    """The identity: `came_in` = `accepted` + `rejected` + `skipped`."""

    came_in: Share
    accepted: Share
    rejected: Share
    skipped: Share

    @property
    def currencies(self) -> list[str]:
        """All currencies, the unknown one last."""
        found = set(self.came_in.money) | set(self.accepted.money) | set(self.rejected.money)
        return sorted(found | set(self.skipped.money), key=lambda each: (each == NO_CURRENCY, each))

    @property
    def differences(self) -> list[str]:
        """What does not add up, in words; empty when the books balance."""
        parts = (self.accepted, self.rejected, self.skipped)
        found = []
        for name in ("invoices", "items", "unread"):
            there, here = getattr(self.came_in, name), sum(getattr(each, name) for each in parts)
            if there != here:
                found.append(f"{name}: {there} came in, {here} accounted for")
        for currency in self.currencies:
            total = self.came_in.money.get(currency, Decimal(0))
            told = sum((each.money.get(currency, Decimal(0)) for each in parts), Decimal(0))
            if total != told:
                found.append(f"{currency}: {total} came in, {told} accounted for")
        return found


def balance(valid: ValidSheets, amounts: Any, batches: Batches, rejected: Mask, skipped: Mask) -> Balance:
    """Draw up the books.

    Args:
        valid: typed sheets.
        amounts: `DECIMAL`, an item; null where unknown.
        batches: what will be sent.
        rejected: the invoices that an error falls on, a boolean an invoice.
        skipped: the invoices that were accepted before, a boolean an invoice.
    """
    currencies = _currencies(valid)
    owned = valid.parent >= 0
    fallen, left_out = ~owned, np.zeros(len(valid.parent), bool)
    fallen[owned] = rejected[valid.parent[owned]]
    left_out[owned] = skipped[valid.parent[owned]]
    invoices, items = _sent(batches)
    return Balance(
        _share(len(valid.raw.tables["invoices"]), np.arange(len(amounts)), amounts, currencies),
        _share(invoices, items, amounts, currencies),
        _share(int(rejected.sum()), np.flatnonzero(fallen), amounts, currencies),
        _share(int(skipped.sum()), np.flatnonzero(left_out), amounts, currencies),
    )


def _sent(batches: Batches) -> tuple[int, Positions]:
    """How many invoices stand in the batches, and their items, each as often as it stands there."""
    accepted = batches.invoices
    if not batches.batches:
        return 0, np.zeros(0, np.int64)
    chosen = np.concatenate([each.invoices for each in batches.batches])
    starts, sizes = accepted.offsets[chosen], accepted.sizes[chosen]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return len(chosen), accepted.items[np.repeat(starts, sizes) + within]


def _currencies(valid: ValidSheets) -> Any:
    """Each item's currency; `NO_CURRENCY` where there is none."""
    own = plain(cells_of(valid.invoices["effective_currency"]))
    parent = pa.array(valid.parent, mask=valid.parent < 0)
    return pc.fill_null(pc.take(own, parent), NO_CURRENCY).dictionary_encode()


def _share(invoices: int, items: Positions, amounts: Any, currencies: Any) -> Share:
    at = pa.array(items)
    table = pa.table({"currency": pc.take(currencies, at), "amount": pc.take(amounts, at)})
    sums = table.group_by("currency").aggregate([("amount", "sum")])
    found = zip(sums["currency"].to_pylist(), sums["amount_sum"].to_pylist(), strict=True)
    money = {currency: total for currency, total in found if total is not None}
    return Share(invoices, len(items), money, table["amount"].null_count)
