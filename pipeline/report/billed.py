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

from pipeline.language import say
from pipeline.line import Line
from pipeline.report.entries import ACCEPTED, billed
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
    accepted = table.filter(pc.is_in(table["state"], value_set=ACCEPTED))
    days = whole(accepted["invoice_date"]).dictionary_encode()
    month = pc.take(pc.strftime(days.dictionary, format="%Y-%m"), days.indices)
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
    owner = pa.array(np.repeat(invoices.positions, invoices.sizes))
    names, currency = _names(line), whole(table["currency"]).dictionary_encode()
    of_item, at = pc.take(names.indices, pa.array(invoices.items)), pc.take(currency.indices, owner)
    items = pa.table(
        {
            "group": at.to_numpy().astype(np.int64) * len(names.dictionary) + of_item.to_numpy(),
            "amount": pc.take(cells_of(line.sheets.items["effective_amount"]), pa.array(invoices.items)),
        }
    )
    sums = items.group_by("group").aggregate([("amount", "sum"), ("amount", "count")])
    codes, name = np.divmod(sums["group"].to_numpy(), len(names.dictionary))
    return pa.table(
        {
            "currency": pc.take(currency.dictionary, pa.array(codes)),
            "name": pc.take(names.dictionary, pa.array(name)),
            "amount": sums["amount_sum"],
            "count": sums["amount_count"],
        }
    )


def _names(line: Line) -> Any:
    """What each item is, dictionary-encoded, each name once."""
    nameless = say("no name")
    told = [billed(line, each) for each in _PRODUCT]
    told = [each for each in told if each.null_count < len(each)]
    first = told[0] if told else pa.nulls(len(line.sheets.items), pa.string())
    if not all(isinstance(each, pa.DictionaryArray) and each.indices.equals(first.indices) for each in told):
        return pc.coalesce(*(plain(each) for each in told), nameless).dictionary_encode()
    if not told:
        return pc.coalesce(first, nameless).dictionary_encode()
    rows = pc.coalesce(*(each.dictionary for each in told), nameless)
    names = pa.concat_arrays([rows, pa.array([nameless])]).dictionary_encode()
    at = pc.take(names.indices, pc.fill_null(first.indices, len(rows)))
    return pa.DictionaryArray.from_arrays(at, names.dictionary)


def _sums(rows: pa.Table, by: str) -> pa.Table:
    few = rows.rename_columns({by: "name"})
    sums = few.group_by(["currency", "name"]).aggregate([("amount", "sum"), ("amount", "count")])
    return sums.rename_columns({"amount_sum": "amount", "amount_count": "count"})


def _of(sums: pa.Table, currency: str) -> pa.Table:
    return sums.filter(pc.equal(sums["currency"], currency))


def _by_amount(sums: pa.Table, most: int) -> Ranking:
    order = [("amount", "descending"), ("name", "ascending")]
    first = pc.select_k_unstable(sums, k=min(most, len(sums)), sort_keys=order)
    return _ranking(sums, sums.take(first).sort_by(order))


def _by_name(sums: pa.Table, most: int) -> Ranking:
    """In the order of the names; those left out are the last."""
    return _ranking(sums, sums.sort_by("name").slice(0, most))


def _ranking(sums: pa.Table, first: pa.Table) -> Ranking:
    """The first groups, and all others together."""
    rows = [Row(each["name"], each["count"], each["amount"]) for each in first.to_pylist()]
    total, shown, others = _together(sums), _together(first), len(sums) - len(first)
    rest = Row("", total.count - shown.count, total.amount - shown.amount)
    return Ranking(rows, others, rest if others else None, total)


def _together(sums: pa.Table) -> Row:
    return Row("", pc.sum(sums["count"]).as_py() or 0, pc.sum(sums["amount"]).as_py() or Decimal(0))
