"""The books: every row and every cent that came in is accepted, rejected or skipped.

What came in is counted from the sheets as read; what was accepted, from the batches that will be sent; what
was rejected and skipped, from the invoices left over. Nothing is taken for granted: when the three don't add
up to the first, the run is unbalanced, and the verdict says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
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

Pick = Callable[[Positions], Positions]
"""Which rows belong to a share, told by the invoice of each row."""


@dataclass(frozen=True)
class Twigs:
    """Some rows of what hangs on items and invoices.

    Attributes:
        rows: how many.
        unread: those whose amount is unknown.
        money: sums by currency of what comes on top of the total; else it is in `Share.money`.
    """

    rows: int
    unread: int
    money: Money


@dataclass(frozen=True)
class Share:
    """Some of the rows.

    Attributes:
        invoices: how many.
        items: how many.
        money: sums by currency: items, and what counts towards the total beside them.
        unread: items whose amount is unknown.
        branches: of what hangs on them, by table.
    """

    invoices: int
    items: int
    money: Money
    unread: int
    branches: Mapping[str, Twigs] = attribute(default_factory=dict)


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
            found += _apart(
                currency, [each.money.get(currency, Decimal(0)) for each in (self.came_in, *parts)]
            )
        for name, came in self.came_in.branches.items():
            shares = [came, *(each.branches[name] for each in parts)]
            found += _apart(name, [Decimal(each.rows) for each in shares])
            found += _apart(f"{name} unread", [Decimal(each.unread) for each in shares])
            for currency in sorted({code for each in shares for code in each.money}):
                found += _apart(
                    f"{name} {currency}", [each.money.get(currency, Decimal(0)) for each in shares]
                )
        return found


def _apart(what: str, shares: list[Decimal]) -> list[str]:
    """What came in, and is not the sum of what became of it."""
    total, told = shares[0], sum(shares[1:], Decimal(0))
    return [] if total == told else [f"{what}: {total} came in, {told} accounted for"]


def balance(valid: ValidSheets, amounts: Any, batches: Batches, rejected: Mask, skipped: Mask) -> Balance:
    """Draw up the books.

    Args:
        valid: typed sheets.
        amounts: `DECIMAL`, an item; null where unknown.
        batches: what will be sent.
        rejected: the invoices that an error falls on, a boolean an invoice.
        skipped: the invoices that were accepted before, a boolean an invoice.
    """
    currencies = _currencies(valid, valid.parent)
    invoices, items, counts = _sent(batches, len(rejected))

    def everything(owners: Positions) -> Positions:
        return np.arange(len(owners))

    def fallen(owners: Positions) -> Positions:
        return np.flatnonzero(np.append(rejected, True)[owners])  # -1, without an invoice, is rejected

    def left_out(owners: Positions) -> Positions:
        return np.flatnonzero(np.append(skipped, False)[owners])

    def sent(owners: Positions) -> Positions:
        return np.repeat(np.arange(len(owners)), np.append(counts, 0)[owners])

    def share(invoices: int, items: Positions, pick: Pick) -> Share:
        money, unread = _sums(items, amounts, currencies)
        return _with_branches(Share(invoices, len(items), money, unread), valid, pick)

    return Balance(
        share(len(valid.raw.tables["invoices"]), everything(valid.parent), everything),
        share(invoices, items, sent),
        share(int(rejected.sum()), fallen(valid.parent), fallen),
        share(int(skipped.sum()), left_out(valid.parent), left_out),
    )


def _sent(batches: Batches, invoices: int) -> tuple[int, Positions, Positions]:
    """How many invoices stand in the batches; their items; and, an invoice, how often it stands there."""
    accepted = batches.invoices
    if not batches.batches:
        return 0, np.zeros(0, np.int64), np.zeros(invoices, np.int64)
    chosen = np.concatenate([each.invoices for each in batches.batches])
    starts, sizes = accepted.offsets[chosen], accepted.sizes[chosen]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    counts = np.bincount(accepted.positions[chosen], minlength=invoices)
    return len(chosen), accepted.items[np.repeat(starts, sizes) + within], counts


def _with_branches(share: Share, valid: ValidSheets, pick: Pick) -> Share:
    """A share with what hangs on its items and invoices; what is part of the total is in its money."""
    money, twigs = dict(share.money), {}
    for name, branch in valid.branches.items():
        rows = pick(branch.invoice)
        sums, unread = dict[str, Decimal](), 0
        if branch.amounts is not None:
            sums, unread = _sums(rows, branch.amounts, _currencies(valid, branch.invoice))
        twigs[name] = Twigs(len(rows), unread, sums if branch.on_top else {})
        if not branch.on_top:
            money |= {code: money.get(code, Decimal(0)) + total for code, total in sums.items()}
    return replace(share, money=money, branches=twigs) if twigs else share


def _currencies(valid: ValidSheets, owners: Positions) -> Any:
    """Each row's currency; `NO_CURRENCY` where there is none."""
    own = plain(cells_of(valid.invoices["effective_currency"]))
    parent = pa.array(owners, mask=owners < 0)
    return pc.fill_null(pc.take(own, parent), NO_CURRENCY).dictionary_encode()


def _sums(rows: Positions, amounts: Any, currencies: Any) -> tuple[dict[str, Decimal], int]:
    """The sum of some rows by currency, and how many of them have no amount."""
    at = pa.array(rows)
    table = pa.table({"currency": pc.take(currencies, at), "amount": pc.take(amounts, at)})
    sums = table.group_by("currency").aggregate([("amount", "sum")])
    found = zip(sums["currency"].to_pylist(), sums["amount_sum"].to_pylist(), strict=True)
    money = {currency: total for currency, total in found if total is not None}
    return money, table["amount"].null_count
