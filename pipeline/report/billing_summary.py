"""What will be billed: the largest invoices, and totals by account, month and product.

In: the assessment and the table of invoices.
Out: rankings of bounded size. Each adds up: what is not among its rows is in one row of its own.
Never: loops over items: they are grouped in Arrow, so that a million of them cost a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import translate
from pipeline.report.billing_plan import select_largest, sort_currencies
from pipeline.report.invoice_table import ACCEPTED_STATES, get_billed_values
from schemas.arrow.columns import ArrowColumn, decode_dictionary, merge_chunks
from schemas.arrow.frames import arrow_column

_MAX_CURRENCIES = 6
_MAX_RANKED = 10
_MAX_MONTHS = 24
_PRODUCT_FIELDS = ("product_name", "charge_name", "sku")


@dataclass(frozen=True)
class GroupTotal:
    """A group: its name, how many invoices or items are in it, and their sum."""

    name: str
    count: int
    amount: Decimal


@dataclass(frozen=True)
class Ranking:
    """Groups of one currency.

    Attributes:
        rows: the first groups.
        omitted: how many groups are left out.
        remainder: the sum of all that are left out, without a name; None when none is.
        total: of all groups.
    """

    rows: list[GroupTotal]
    omitted: int
    remainder: GroupTotal | None
    total: GroupTotal


@dataclass(frozen=True)
class CurrencyBilling:
    """What will be billed in a currency."""

    currency: str
    largest: list[dict[str, Any]]
    accounts: Ranking
    months: Ranking
    products: Ranking


def summarise_billing(assessment: Assessment, invoice_table: pa.Table) -> Iterator[CurrencyBilling]:
    """Yield the commonest currencies, each with its rankings.

    Args:
        assessment: the end of a check.
        invoice_table: as `make_invoice_table` gives it.
    """
    accepted = invoice_table.filter(pc.is_in(invoice_table["state"], value_set=ACCEPTED_STATES))
    invoice_dates = merge_chunks(accepted["invoice_date"]).dictionary_encode()
    # each day is formatted once, not each invoice
    month = pc.take(pc.strftime(invoice_dates.dictionary, format="%Y-%m"), invoice_dates.indices)
    accounts = _sum_groups(accepted.select(["currency", "account", "amount"]), "account")
    months = _sum_groups(
        accepted.append_column("month", month).select(["currency", "month", "amount"]), "month"
    )
    products = _sum_products(assessment, invoice_table)
    for currency in sort_currencies(accepted)[:_MAX_CURRENCIES]:
        yield CurrencyBilling(
            currency,
            select_largest(accepted, currency, _MAX_RANKED),
            _rank_by_amount(_select_currency(accounts, currency), _MAX_RANKED),
            _list_by_name(_select_currency(months, currency), _MAX_MONTHS),
            _rank_by_amount(_select_currency(products, currency), _MAX_RANKED),
        )


def _sum_products(assessment: Assessment, invoice_table: pa.Table) -> pa.Table:
    """Sum the accepted items by what is sold: the product, else the charge, else the free SKU."""
    invoices = assessment.batches.invoices
    invoice_rows = pa.array(np.repeat(invoices.invoice_rows, invoices.item_counts))
    names, currency = _name_items(assessment), merge_chunks(invoice_table["currency"]).dictionary_encode()
    name_codes, currency_codes = (
        pc.take(names.indices, pa.array(invoices.item_rows)),
        pc.take(currency.indices, invoice_rows),
    )
    items = pa.table(
        {
            # one number for currency and name, taken apart again below
            "group": currency_codes.to_numpy().astype(np.int64) * len(names.dictionary)
            + name_codes.to_numpy(),
            "amount": pc.take(
                arrow_column(assessment.sheets.items["effective_amount"]), pa.array(invoices.item_rows)
            ),
        }
    )
    sums = items.group_by("group").aggregate([("amount", "sum"), ("amount", "count")])
    # the inverse of how the groups were numbered
    currency_code, name_code = np.divmod(sums["group"].to_numpy(), len(names.dictionary))
    return pa.table(
        {
            "currency": pc.take(currency.dictionary, pa.array(currency_code)),
            "name": pc.take(names.dictionary, pa.array(name_code)),
            "amount": sums["amount_sum"],
            "count": sums["amount_count"],
        }
    )


def _name_items(assessment: Assessment) -> pa.DictionaryArray:
    """Return what each item is, dictionary-encoded, each name once."""
    placeholder = translate("no name")
    columns = [get_billed_values(assessment, field) for field in _PRODUCT_FIELDS]
    columns = [column for column in columns if column.null_count < len(column)]
    if not columns:
        nameless = pa.nulls(len(assessment.sheets.items), pa.string())
        return pc.coalesce(nameless, placeholder).dictionary_encode()
    if not _share_indices(columns):
        return pc.coalesce(*map(decode_dictionary, columns), placeholder).dictionary_encode()
    # all point to the same charges: it is enough to name each charge once
    indices = columns[0].indices
    values = pc.coalesce(*(column.dictionary for column in columns), placeholder)
    # one name more at the end, for items without a charge
    names = pa.concat_arrays([values, pa.array([placeholder])]).dictionary_encode()
    codes = pc.take(names.indices, pc.fill_null(indices, len(values)))
    return pa.DictionaryArray.from_arrays(codes, names.dictionary)


def _share_indices(columns: Sequence[ArrowColumn]) -> bool:
    first = columns[0]
    return all(
        isinstance(column, pa.DictionaryArray) and column.indices.equals(first.indices) for column in columns
    )


def _sum_groups(rows: pa.Table, group_field: str) -> pa.Table:
    renamed = rows.rename_columns({group_field: "name"})
    sums = renamed.group_by(["currency", "name"]).aggregate([("amount", "sum"), ("amount", "count")])
    return sums.rename_columns({"amount_sum": "amount", "amount_count": "count"})


def _select_currency(sums: pa.Table, currency: str) -> pa.Table:
    return sums.filter(pc.equal(sums["currency"], currency))


def _rank_by_amount(sums: pa.Table, limit: int) -> Ranking:
    order = [("amount", "descending"), ("name", "ascending")]
    # only the first are sorted, not every group
    first = pc.select_k_unstable(sums, k=min(limit, len(sums)), sort_keys=order)
    return _make_ranking(sums, sums.take(first).sort_by(order))


def _list_by_name(sums: pa.Table, limit: int) -> Ranking:
    """List the groups in the order of their names; those left out are the last."""
    return _make_ranking(sums, sums.sort_by("name").slice(0, limit))


def _make_ranking(sums: pa.Table, top: pa.Table) -> Ranking:
    """Return the first groups, and the sum of those that are left out."""
    rows = [GroupTotal(group["name"], group["count"], group["amount"]) for group in top.to_pylist()]
    total, shown, omitted = _total_groups(sums), _total_groups(top), len(sums) - len(top)
    remainder = GroupTotal("", total.count - shown.count, total.amount - shown.amount)
    return Ranking(rows, omitted, remainder if omitted else None, total)


def _total_groups(sums: pa.Table) -> GroupTotal:
    return GroupTotal("", pc.sum(sums["count"]).as_py() or 0, pc.sum(sums["amount"]).as_py() or Decimal(0))
