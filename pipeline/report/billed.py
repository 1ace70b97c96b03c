"""What will be billed, summed up: the largest invoices, and totals by account, month and product.

Every ranking adds up: what is not among its rows stands in one row of its own. All of it is grouped in Arrow,
so that a million items cost a fraction of a second, and is of bounded size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.line import Line
from pipeline.report.entries import PREPARED, billed
from pipeline.report.plan import currencies, largest
from schemas.columns import cells_of, plain, whole

_CURRENCIES = 6
_RANKED = 10
_MONTHS = 24
_PRODUCT = ("product_name", "charge_name", "sku")


@dataclass(frozen=True)
class Row:
    """A group: its name, how many invoices or items are in it, and their sum."""

    name: str
    count: int
    amount: Decimal


@dataclass(frozen=True)
class Ranking:
    """Groups of one currency.

    Attributes:
        rows: the first groups.
        others: how many groups are left out.
        rest: all that is left out, as a row without a name; None when nothing is.
        total: of all groups.
    """

    rows: list[Row]
    others: int
    rest: Row | None
    total: Row


@dataclass(frozen=True)
class Billed:
    """What will be billed in one currency."""

    currency: str
    largest: list[dict[str, Any]]
    accounts: Ranking
    months: Ranking
    products: Ranking


def what_is_billed(line: Line, table: pa.Table) -> Iterator[Billed]:
    """The commonest currencies, each with its rankings.

    Args:
        line: the end of the line.
        table: as `entries.invoice_table` gives it.
    """
    accepted = table.filter(pc.equal(table["state"], PREPARED))
    month = pc.strftime(accepted["invoice_date"], format="%Y-%m")
    accounts = _sums(accepted.select(["currency", "account", "amount"]), "account")
    months = _sums(accepted.append_column("month", month).select(["currency", "month", "amount"]), "month")
    products = _products(line, table)
    for currency in currencies(accepted)[:_CURRENCIES]:
        yield Billed(
            currency,
            largest(accepted, currency, _RANKED),
            _by_amount(_of(accounts, currency), _RANKED),
            _by_name(_of(months, currency), _MONTHS),
            _by_amount(_of(products, currency), _RANKED),
        )


def _products(line: Line, table: pa.Table) -> pa.Table:
    """Sums of the accepted items by what is sold: the product, else the charge, else the free SKU."""
    invoices = line.batches.invoices
    at, owner = pa.array(invoices.items), np.repeat(invoices.positions, invoices.sizes)
    named = [
        values for values in (billed(line, each) for each in _PRODUCT) if values.null_count < len(values)
    ]
    nameless = pa.repeat(pa.scalar("no name", pa.string()), len(at))
    items = pa.table(
        {
            "currency": pc.take(whole(table["currency"]).dictionary_encode(), pa.array(owner)),
            "name": pc.coalesce(*(plain(pc.take(each, at)) for each in named), nameless),
            "amount": pc.take(cells_of(line.sheets.items["effective_amount"]), at),
        }
    )
    sums = items.group_by(["currency", "name"]).aggregate([("amount", "sum"), ("amount", "count")])
    sums = sums.rename_columns({"amount_sum": "amount", "amount_count": "count"})
    return sums.set_column(0, "currency", pc.cast(sums["currency"], pa.string()))


def _sums(rows: pa.Table, by: str) -> pa.Table:
    few = rows.rename_columns({by: "name"})
    sums = few.group_by(["currency", "name"]).aggregate([("amount", "sum"), ("amount", "count")])
    return sums.rename_columns({"amount_sum": "amount", "amount_count": "count"})


def _of(sums: pa.Table, currency: str) -> pa.Table:
    return sums.filter(pc.equal(sums["currency"], currency))


def _by_amount(sums: pa.Table, most: int) -> Ranking:
    return _ranking(sums.sort_by([("amount", "descending"), ("name", "ascending")]), most)


def _by_name(sums: pa.Table, most: int) -> Ranking:
    """In the order of the names; those left out are the last."""
    return _ranking(sums.sort_by("name"), most)


def _ranking(ordered: pa.Table, most: int) -> Ranking:
    first, others = ordered.slice(0, most), ordered.slice(most)
    rows = [Row(each["name"], each["count"], each["amount"]) for each in first.to_pylist()]
    return Ranking(rows, len(others), _together(others) if len(others) else None, _together(ordered))


def _together(sums: pa.Table) -> Row:
    return Row("", pc.sum(sums["count"]).as_py() or 0, pc.sum(sums["amount"]).as_py() or Decimal(0))
