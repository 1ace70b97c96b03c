"""The balance: every row and every cent that came in is accepted, rejected or skipped.

In: typed sheets, the amounts of their items, the batches, and which invoices were rejected or skipped.
Out: a `Balance`, with a sentence for each figure that does not add up.
Never: takes one share for what the others leave.

What came in is counted from the sheets as read; what was accepted, from the batches that will be sent; what
was rejected and skipped, from the invoices left over. Nothing is taken for granted: when the three don't add
up to the first, the run is unbalanced, and the verdict says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask, Positions
from pipeline.model.invoices import Batches
from pipeline.model.valid import ValidSheets
from schemas.arrow.columns import Decimals, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.currencies import NO_CURRENCY

CurrencySums = Mapping[str, Decimal]
"""Sums by currency."""

RowPicker = Callable[[Positions], Positions]
"""From the invoice of each row to the rows that belong to a share."""


@dataclass(frozen=True)
class ChildTotals:
    """Totals of a share's rows in one child table.

    Attributes:
        rows: how many.
        unread: those whose amount is unknown.
        money: sums by currency of what is added to the total; otherwise they are in `Share.money`.
    """

    rows: int
    unread: int
    money: CurrencySums


@dataclass(frozen=True)
class Share:
    """Totals of the rows that came in, or of those with one fate.

    Attributes:
        invoices: how many.
        items: how many.
        money: sums by currency: items, and the child rows that count towards the total.
        unread: items whose amount is unknown.
        children: totals of the child tables, by table.
    """

    invoices: int
    items: int
    money: CurrencySums
    unread: int
    children: Mapping[str, ChildTotals] = attribute(default_factory=dict)


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
        currencies = set(self.came_in.money) | set(self.accepted.money) | set(self.rejected.money)
        return sorted(
            currencies | set(self.skipped.money), key=lambda currency: (currency == NO_CURRENCY, currency)
        )

    @property
    def differences(self) -> list[str]:
        """Sentences on what does not add up; empty when the run balances."""
        shares = [self.came_in, self.accepted, self.rejected, self.skipped]
        differences = []
        for name in ("invoices", "items", "unread"):
            differences += _describe_difference(name, [getattr(share, name) for share in shares])
        for currency in self.currencies:
            sums = [share.money.get(currency, Decimal(0)) for share in shares]
            differences += _describe_difference(currency, sums)
        for name in self.came_in.children:
            differences += _compare_children(name, [share.children[name] for share in shares])
        return differences


def _compare_children(table: str, totals: Sequence[ChildTotals]) -> list[str]:
    """Describe what does not add up in one child table: its rows, unknown amounts and money."""
    differences = _describe_difference(table, [share.rows for share in totals])
    differences += _describe_difference(f"{table} unread", [share.unread for share in totals])
    currencies: set[str] = set().union(*(share.money for share in totals))
    for currency in sorted(currencies):
        sums = [share.money.get(currency, Decimal(0)) for share in totals]
        differences += _describe_difference(f"{table} {currency}", sums)
    return differences


def _describe_difference(label: str, shares: Sequence[int] | Sequence[Decimal]) -> list[str]:
    """Describe a figure whose first share is not the sum of the others; an empty list if it is."""
    total, accounted = shares[0], sum(shares[1:])
    return [] if total == accounted else [f"{label}: {total} came in, {accounted} accounted for"]


def compute_balance(
    valid: ValidSheets, amounts: Decimals, batches: Batches, rejected: Mask, skipped: Mask
) -> Balance:
    """Compute the balance of a run.

    Args:
        valid: typed sheets.
        amounts: `DECIMAL`, one per item; null where unknown.
        batches: what will be sent.
        rejected: one boolean per invoice: it has an error.
        skipped: one boolean per invoice: it was accepted before.
    """
    currencies = _look_up_currencies(valid, valid.invoice_of_item)
    invoices, items, counts = _collect_sent(batches, len(rejected))

    def pick_all(owners: Positions) -> Positions:
        return np.arange(len(owners))

    def pick_rejected(owners: Positions) -> Positions:
        return np.flatnonzero(np.append(rejected, True)[owners])  # -1, without an invoice, is rejected

    def pick_skipped(owners: Positions) -> Positions:
        return np.flatnonzero(np.append(skipped, False)[owners])

    def pick_sent(owners: Positions) -> Positions:
        # as often as it is batched: an invoice sent twice would show as money that never came in
        return np.repeat(np.arange(len(owners)), np.append(counts, 0)[owners])

    def build_share(invoices: int, items: Positions, pick: RowPicker) -> Share:
        money, unread = _sum_by_currency(items, amounts, currencies)
        return _add_children(Share(invoices, len(items), money, unread), valid, pick)

    return Balance(
        build_share(len(valid.raw.tables["invoices"]), pick_all(valid.invoice_of_item), pick_all),
        build_share(invoices, items, pick_sent),
        build_share(int(rejected.sum()), pick_rejected(valid.invoice_of_item), pick_rejected),
        build_share(int(skipped.sum()), pick_skipped(valid.invoice_of_item), pick_skipped),
    )


def _collect_sent(batches: Batches, invoice_count: int) -> tuple[int, Positions, Positions]:
    """Return the number of batched invoices, their items, and per invoice how often it is batched."""
    invoices, index = batches.invoices, batches.index
    item_rows, _ = invoices.gather_item_rows(index)
    counts = np.bincount(invoices.get_rows(index), minlength=invoice_count)
    return len(index), item_rows, counts


def _add_children(share: Share, valid: ValidSheets, pick: RowPicker) -> Share:
    """Add the totals of child rows to a share; what counts towards the total, to its money."""
    money, child_totals = dict(share.money), {}
    for name, child in valid.children.items():
        rows = pick(child.invoice_positions)
        sums, unread = dict[str, Decimal](), 0
        if child.amounts is not None:
            sums, unread = _sum_by_currency(
                rows, child.amounts, _look_up_currencies(valid, child.invoice_positions)
            )
        child_totals[name] = ChildTotals(len(rows), unread, sums if child.added_to_total else {})
        if not child.added_to_total:
            money |= {code: money.get(code, Decimal(0)) + total for code, total in sums.items()}
    return replace(share, money=money, children=child_totals) if child_totals else share


def _look_up_currencies(valid: ValidSheets, owners: Positions) -> Texts:
    """Return each row's currency, dictionary-encoded; `NO_CURRENCY` where there is none."""
    invoice_currencies = decode_dictionary(arrow_column(valid.invoices["effective_currency"]))
    indices = pa.array(owners, mask=owners < 0)
    return pc.fill_null(pc.take(invoice_currencies, indices), NO_CURRENCY).dictionary_encode()


def _sum_by_currency(rows: Positions, amounts: Decimals, currencies: Texts) -> tuple[dict[str, Decimal], int]:
    """Return the sums of some rows by currency, and how many of them have no amount."""
    indices = pa.array(rows)
    table = pa.table({"currency": pc.take(currencies, indices), "amount": pc.take(amounts, indices)})
    sums = table.group_by("currency").aggregate([("amount", "sum")])
    groups = zip(sums["currency"].to_pylist(), sums["amount_sum"].to_pylist(), strict=True)
    money = {currency: total for currency, total in groups if total is not None}
    return money, table["amount"].null_count
