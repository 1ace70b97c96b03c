"""Fill blank unit prices from the catalog, on demand, in the invoice's currency, with a warning.

In: typed items and their matched charges.
Out: the filled frame, and findings on every price used or missing.
Never: replaces a price, or fills one in where a cell could not be read.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.enrich.charge_match import ChargeMatches, group_findings
from pipeline.issues import Findings
from pipeline.model.indices import Mask, Positions
from pipeline.model.valid import ValidSheets
from schemas import rules
from schemas.arrow import money
from schemas.arrow.columns import DECIMAL, Booleans, Decimals, decode_dictionary
from schemas.arrow.frames import arrow_column, to_series
from schemas.rule import RuleSettings


def fill_prices(
    valid: ValidSheets, items: pd.DataFrame, matches: ChargeMatches, rule_settings: RuleSettings
) -> tuple[pd.DataFrame, list[Findings]]:
    """Fill blank unit prices and compute the amounts that waited for them.

    Args:
        valid: typed sheets.
        items: the items' frame to fill.
        matches: each item's charge.
        rule_settings: settings that rules depend on.

    Returns:
        The filled frame; one warning per price used, an error where the catalog has none, and the rules on
        amounts and totals for the amounts that are known only now.
    """
    quantity, price, amount = (
        _get_decimals(items, name) for name in ("quantity", "unit_price", "effective_amount")
    )
    is_waiting = find_waiting_items(valid) & (matches.candidate_of_item >= 0)
    used_prices = pc.if_else(pa.array(is_waiting), get_list_prices(valid, matches), None)
    digits = pa.array(valid.digits, mask=valid.digits < 0)
    price = pc.coalesce(price, used_prices)
    amount = pc.coalesce(amount, money.calculate_amounts(quantity, price, digits))
    filled_items = items.assign(unit_price=to_series(price), effective_amount=to_series(amount))
    filled_rows = np.flatnonzero(pc.is_valid(used_prices).to_numpy(zero_copy_only=False))
    missing_rows = np.flatnonzero(is_waiting & pc.is_null(amount).to_numpy(zero_copy_only=False))
    findings = [
        report_missing_amounts(missing_rows),
        *_warn_of_prices(filled_rows, matches, used_prices),
        *_check_amounts(valid, amount, filled_rows, rule_settings),
    ]
    return filled_items, findings


def report_missing_amounts(rows: Positions) -> Findings:
    """Return the findings of items whose amount neither the sheet nor the catalog's price gives.

    Args:
        rows: the items.
    """
    return Findings("E302", "items", "amount", rows)


def get_list_prices(valid: ValidSheets, matches: ChargeMatches) -> Decimals:
    """Return the catalog's price of each item, null where it has none in the invoice's currency.

    Args:
        valid: typed sheets.
        matches: each item's charge.
    """
    return pc.if_else(_has_invoice_currency(valid, matches), matches.get_column("list_price"), None)


def find_waiting_items(valid: ValidSheets) -> Mask:
    """Find the items whose amount lacks only a price: quantity and currency are known, nothing is unreadable.

    Args:
        valid: typed sheets.
    """
    quantity, price, amount = (
        _get_decimals(valid.items, name) for name in ("quantity", "unit_price", "effective_amount")
    )
    lacks_price = pc.and_(pc.is_null(amount), pc.and_(pc.is_null(price), pc.is_valid(quantity)))
    return np.asarray(lacks_price.to_numpy(zero_copy_only=False) & (valid.digits >= 0) & ~_find_unread(valid))


def _get_decimals(items: pd.DataFrame, name: str) -> Decimals:
    return arrow_column(items[name]) if name in items else pa.nulls(len(items), DECIMAL)


def _find_unread(valid: ValidSheets) -> Mask:
    """Find the items with an unreadable amount, quantity or price: nothing is filled in there."""
    mask = np.zeros(len(valid.items), bool)
    for name in ("amount", "quantity", "unit_price"):
        mask |= valid.unread_masks["items"].get(name, False)
    return mask


def _has_invoice_currency(valid: ValidSheets, matches: ChargeMatches) -> Booleans:
    invoice_rows = pa.array(valid.invoice_of_item, mask=valid.invoice_of_item < 0)
    invoice_currencies = pc.take(
        decode_dictionary(arrow_column(valid.invoices["effective_currency"])), invoice_rows
    )
    return pc.fill_null(
        pc.equal(invoice_currencies, decode_dictionary(matches.get_column("currency"))), False
    )


def _warn_of_prices(filled_rows: Positions, matches: ChargeMatches, used_prices: Decimals) -> list[Findings]:
    if not len(filled_rows):
        return []
    indices = pa.array(filled_rows)
    prices = money.format_plain(pc.take(used_prices, indices))
    return [
        group_findings(
            "W403",
            "unit_price",
            filled_rows,
            decode_dictionary(pc.take(matches.get_column("sku"), indices)),
            prices,
        )
    ]


def _check_amounts(
    valid: ValidSheets, amounts: Decimals, filled_rows: Positions, rule_settings: RuleSettings
) -> list[Findings]:
    """Apply the rules that could not be checked before the price was known."""
    columns = {"effective_amount": amounts, "has_invoice": pa.array(valid.invoice_of_item >= 0)}
    # what is unknown does not fail
    is_nonnegative = pc.fill_null(rules.has_nonnegative_amount(columns, rule_settings), True).to_numpy(
        zero_copy_only=False
    )
    negative_rows = filled_rows[~is_nonnegative[filled_rows]]
    totals = valid.sum_totals(amounts)
    has_valid_total = pc.fill_null(
        rules.has_nonnegative_total({"total": totals}, rule_settings), True
    ).to_numpy(zero_copy_only=False)
    is_touched = np.zeros(len(valid.invoices), bool)
    is_touched[valid.invoice_of_item[filled_rows][valid.invoice_of_item[filled_rows] >= 0]] = True
    rejected_rows = np.flatnonzero(is_touched & ~has_valid_total)
    values = pc.take(amounts, pa.array(negative_rows))
    rejected_totals = pc.take(totals, pa.array(rejected_rows))
    return [
        Findings("E312", "items", "amount", negative_rows, money.format_plain(values)),
        Findings("E311", "invoices", "", rejected_rows, facts={"total": money.format_plain(rejected_totals)}),
    ]
