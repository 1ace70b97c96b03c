"""The catalog's price where the unit price is blank: on demand only, in the invoice's currency, and told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.enrich.choose import Choice, grouped
from pipeline.issues import Findings
from pipeline.model import Mask, ValidSheets
from schemas import money, rules
from schemas.columns import cells_of, plain, series
from schemas.kinds import DECIMAL
from schemas.terms import Terms


def fill(
    valid: ValidSheets, items: pd.DataFrame, choice: Choice, terms: Terms
) -> tuple[pd.DataFrame, list[Findings]]:
    """Fill blank unit prices and compute the amounts that waited for them.

    Args:
        valid: typed sheets.
        items: the items' frame to fill.
        choice: each item's charge.
        terms: what the settings say about rules.

    Returns:
        The filled frame; one warning a price used, an error where there is none to use, and the rules of
        amounts and totals for what became known only now.
    """
    quantity, price, amount = (
        _decimals(items, each) for each in ("quantity", "unit_price", "effective_amount")
    )
    waits = waiting(valid) & (choice.row >= 0)
    used = pc.if_else(pa.array(waits), listed(valid, choice), None)
    digits = pa.array(valid.digits, mask=valid.digits < 0)
    price = pc.coalesce(price, used)
    amount = pc.coalesce(amount, money.product(quantity, price, digits))
    filled = items.assign(unit_price=series(price), effective_amount=series(amount))
    came = np.flatnonzero(pc.is_valid(used).to_numpy(zero_copy_only=False))
    none = np.flatnonzero(waits & pc.is_null(amount).to_numpy(zero_copy_only=False))
    findings = [
        Findings("E302", "items", "amount", none),
        *_told(came, choice, used),
        *_judged(valid, amount, came, terms),
    ]
    return filled, findings


def listed(valid: ValidSheets, choice: Choice) -> Any:
    """The catalog's price of each item, null where it has none in the invoice's currency.

    Args:
        valid: typed sheets.
        choice: each item's charge.
    """
    return pc.if_else(_in_currency(valid, choice), choice.column("list_price"), None)


def waiting(valid: ValidSheets) -> Mask:
    """Items whose amount waits for a price alone: quantity and currency are known, nothing is unreadable.

    Args:
        valid: typed sheets.
    """
    quantity, price, amount = (
        _decimals(valid.items, each) for each in ("quantity", "unit_price", "effective_amount")
    )
    lacking = pc.and_(pc.is_null(amount), pc.and_(pc.is_null(price), pc.is_valid(quantity)))
    return np.asarray(lacking.to_numpy(zero_copy_only=False) & (valid.digits >= 0) & ~_unread(valid))


def _decimals(items: pd.DataFrame, name: str) -> Any:
    return cells_of(items[name]) if name in items else pa.nulls(len(items), DECIMAL)


def _unread(valid: ValidSheets) -> Mask:
    """Items with an amount, quantity or price that could not be read: nothing is filled in there."""
    mask = np.zeros(len(valid.items), bool)
    for name in ("amount", "quantity", "unit_price"):
        mask |= valid.unread["items"].get(name, False)
    return mask


def _in_currency(valid: ValidSheets, choice: Choice) -> Any:
    invoice = pa.array(valid.parent, mask=valid.parent < 0)
    wanted = pc.take(plain(cells_of(valid.invoices["effective_currency"])), invoice)
    return pc.fill_null(pc.equal(wanted, plain(choice.column("currency"))), False)


def _told(came: Any, choice: Choice, used: Any) -> list[Findings]:
    if not len(came):
        return []
    at = pa.array(came)
    prices = money.plain_text(pc.take(used, at))
    return [grouped("W403", "unit_price", came, plain(pc.take(choice.column("sku"), at)), prices)]


def _judged(valid: ValidSheets, amount: Any, came: Any, terms: Terms) -> list[Findings]:
    """The rules that could not be asked before the price was known."""
    row = {"effective_amount": amount, "has_invoice": pa.array(valid.parent >= 0)}
    holds = pc.fill_null(rules.item_not_negative(row, terms), True).to_numpy(zero_copy_only=False)
    negative = came[~holds[came]]
    total = valid.totals(amount)
    whole = pc.fill_null(rules.total_not_negative({"total": total}, terms), True).to_numpy(
        zero_copy_only=False
    )
    touched = np.zeros(len(valid.invoices), bool)
    touched[valid.parent[came][valid.parent[came] >= 0]] = True
    fallen = np.flatnonzero(touched & ~whole)
    values = pc.take(amount, pa.array(negative))
    sums = pc.take(total, pa.array(fallen))
    return [
        Findings("E312", "items", "amount", negative, money.plain_text(values)),
        Findings("E311", "invoices", "", fallen, facts={"total": money.plain_text(sums)}),
    ]
