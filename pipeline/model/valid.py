"""Valid sheets: the typed frames of invoices, items and child tables.

In: nothing; these are records.
Out: `ValidSheets`, `ChildTable`, and the totals of invoices computed from them.
Never: holds a value whose cell could not be read; it is null, and `unread_masks` marks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pipeline.model.indices import Mask, Positions
from pipeline.model.sheets import RawSheets
from schemas.arrow import money
from schemas.arrow.columns import Decimals, Texts
from schemas.arrow.frames import arrow_column


@dataclass(frozen=True)
class ChildTable:
    """The typed rows of a table below invoices or items: discounts, taxes, rates, contacts.

    Attributes:
        frame: the fields found, typed; blank or unread is null.
        parents: per parent table, the position of each row's parent row, -1 for none.
        item_positions: per row the position of its item, -1 without one.
        invoice_positions: per row the position of its invoice, -1 without one.
        amounts: `DECIMAL`, what counts in balances; None when the table has no money.
        added_to_total: the money is not part of the invoice's total but added to it, like taxes.
    """

    frame: pd.DataFrame
    parents: Mapping[str, Positions]
    item_positions: Positions
    invoice_positions: Positions
    amounts: Decimals | None = None
    added_to_total: bool = False


@dataclass(frozen=True, kw_only=True)
class ValidSheets:
    """Typed frames of every row. Blank and unreadable cells are null; `unread_masks` marks the second.

    Attributes:
        raw: the sheets they were made from.
        invoices: the fields found, typed, and `effective_currency` (the currency or the default).
        items: the fields found, typed, and `effective_amount` (the amount, or quantity times unit price).
        unread_masks: per table and field, the rows whose cell could not be read; only fields that have any.
        invoice_of_item: per item the position of its invoice, -1 without one.
        digits: per item the decimals of its invoice's currency, -1 when unknown.
        accounts: per invoice what is known of its account: `customer_id`, from the sheet or the account list.
        children: the tables below items and invoices, by name; only tables that have rows.
    """

    raw: RawSheets
    invoices: pd.DataFrame
    items: pd.DataFrame
    unread_masks: Mapping[str, Mapping[str, Mask]]
    invoice_of_item: Positions
    digits: npt.NDArray[np.int8]
    accounts: pd.DataFrame = attribute(default_factory=pd.DataFrame)
    children: Mapping[str, ChildTable] = attribute(default_factory=dict)

    def find_invoices(self, table: str) -> Positions:
        """Return, per row of a table, the position of its invoice, -1 without one."""
        if table == "invoices":
            return np.arange(len(self.invoices))
        return self.invoice_of_item if table == "items" else self.children[table].invoice_positions

    def sum_totals(self, amounts: Decimals) -> Decimals:
        """Return each invoice's total: its items less its discounts; null where a part of it is unknown.

        Args:
            amounts: `DECIMAL`, one per item.
        """
        return sum_invoice_totals(self.invoice_of_item, amounts, self.children, len(self.invoices))

    @cached_property
    def number_texts(self) -> Mapping[str, Texts]:
        """Quantity, unit price and effective amount as plain texts: formatted once for all outputs."""
        return format_item_numbers(self.items)


def sum_invoice_totals(
    invoice_of_item: Positions, amounts: Decimals, children: Mapping[str, ChildTable], invoice_count: int
) -> Decimals:
    """Return per invoice the sum of its items and of all that counts towards its total.

    Args:
        invoice_of_item: per item the position of its invoice, -1 without one.
        amounts: `DECIMAL`, one per item.
        children: the tables below items and invoices, by name.
        invoice_count: number of invoices.

    Returns:
        `DECIMAL`, one per invoice; null where a part is unknown.
    """
    # taxes come on top of the total; discounts are part of it
    counted = [child for child in children.values() if child.amounts is not None and not child.added_to_total]
    if not counted:
        return money.sum_by_parent(invoice_of_item, amounts, invoice_count)
    owner_invoices = np.concatenate([invoice_of_item, *(child.invoice_positions for child in counted)])
    parts = pa.concat_arrays([amounts, *(child.amounts for child in counted)])
    return money.sum_by_parent(owner_invoices, parts, invoice_count)


def format_item_numbers(items: pd.DataFrame) -> Mapping[str, Texts]:
    """Return the texts of the items' number columns; all null where a column is missing."""
    names = ("quantity", "unit_price", "effective_amount")
    return {
        name: money.format_plain(arrow_column(items[name]))
        if name in items
        else pa.nulls(len(items), pa.string())
        for name in names
    }
