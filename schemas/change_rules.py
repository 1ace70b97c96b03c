"""Rules of changes to what is in the billing system already: a draft's header, and items added, changed or deleted.

A blank cell leaves a value as it is. What cannot be meant, or would be read in two ways, is refused before
anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow.compute as pc

from schemas.columns import plain
from schemas.tables import ADD, CHANGE, DELETE
from schemas.terms import Columns, Rule, Terms


def _is(row: Columns, action: str) -> Any:
    return pc.fill_null(pc.equal(plain(row["action"]), action), False)


def _added(row: Columns) -> Any:
    return _is(row, ADD)


def names_item(row: Columns, _: Terms) -> Any:
    """What is changed or deleted is named by its id."""
    return pc.or_(_added(row), pc.is_valid(row["item_id"]))


def added_has_no_id(row: Columns, _: Terms) -> Any:
    """What is added has no id yet."""
    return pc.invert(pc.and_(_added(row), pc.is_valid(row["item_id"])))


def delete_says_no_more(row: Columns, _: Terms) -> Any:
    """An item is deleted or changed, not both."""
    return pc.invert(pc.and_(_is(row, DELETE), row["says_more"]))


def item_once(row: Columns, _: Terms) -> Any:
    """No other row is about the same item."""
    return pc.invert(row["item_id_twice"])


def draft_once(row: Columns, _: Terms) -> Any:
    """No other row is about the same draft."""
    return pc.invert(row["key_twice"])


def change_says_what(row: Columns, _: Terms) -> Any:
    """A change of an item gives something to change."""
    return pc.or_(pc.invert(_is(row, CHANGE)), row["says_more"])


def draft_says_what(row: Columns, _: Terms) -> Any:
    """A change of a draft gives something to change, in its header or its items."""
    return pc.or_(row["says_more"], pc.or_(pc.greater(row["item_count"], 0), row["ref_twice"]))


def only_when_added(field: str) -> Callable[[Columns, Terms], Any]:
    """A value that an item keeps from when it was added."""
    return lambda row, _: pc.invert(pc.and_(_is(row, CHANGE), pc.is_valid(row[field])))


def one_date(row: Columns, _: Terms) -> Any:
    """The invoice date or the due date, never both in one request."""
    return pc.invert(pc.and_(pc.is_valid(row["invoice_date"]), pc.is_valid(row["due_date"])))


def added_has_amount(row: Columns, _: Terms) -> Any:
    """An added item's amount is given, can be computed, or may still come from the catalog's price."""
    return pc.or_(pc.invert(_added(row)), pc.or_(row["amount_known"], row["priced_later"]))


def added_has_start(row: Columns, _: Terms) -> Any:
    """An added item says when its service starts."""
    return pc.or_(pc.invert(_added(row)), pc.is_valid(row["service_start_date"]))


def from_scratch_has(field: str) -> Callable[[Columns, Terms], Any]:
    """An item that is added without the catalog gives what the charge would have brought."""

    def holds(row: Columns, _: Terms) -> Any:
        charged = pc.or_(pc.is_valid(row["product_rate_plan_charge_id"]), pc.is_valid(row["catalog_sku"]))
        return pc.or_(pc.invert(_added(row)), pc.or_(charged, pc.is_valid(row[field])))

    return holds


def price_comes_with_amount(row: Columns, _: Terms) -> Any:
    """Who changes the quantity or the price says what the amount becomes."""
    priced = pc.or_(pc.is_valid(row["quantity"]), pc.is_valid(row["unit_price"]))
    return pc.invert(pc.and_(_is(row, CHANGE), pc.and_(priced, pc.is_null(row["amount"]))))


_CHARGED = ("product_rate_plan_charge_id", "catalog_sku")

CHANGE_RULES: tuple[Rule, ...] = (
    Rule("E330", "items", "item_id", ("action", "item_id"), names_item),
    Rule("E331", "items", "item_id", ("action", "item_id"), added_has_no_id),
    Rule("E332", "items", "", ("action",), delete_says_no_more, ("says_more",)),
    Rule("E333", "items", "item_id", ("item_id",), item_once, ("item_id_twice",)),
    Rule("E334", "items", "", ("action",), change_says_what, ("says_more",)),
    Rule(
        "E334", "invoices", "", ("invoice_ref",),
        draft_says_what, ("says_more", "item_count", "ref_twice"),
    ),
    *(
        Rule("E335", "items", each, ("action", each), only_when_added(each))
        for each in (*_CHARGED, "booking_reference")
    ),
    Rule("E336", "invoices", "due_date", ("invoice_date", "due_date"), one_date),
    Rule(
        "E337", "items", "amount", ("action", "amount", "quantity", "unit_price"),
        added_has_amount, ("amount_known", "priced_later"),
    ),
    Rule("E337", "items", "service_start_date", ("action", "service_start_date"), added_has_start),
    *(
        Rule("E337", "items", each, ("action", each, *_CHARGED), from_scratch_has(each))
        for each in ("charge_name", "unit_price")
    ),
    Rule("E338", "invoices", "invoice_key", ("invoice_key",), draft_once, ("key_twice",)),
    Rule("E339", "items", "amount", ("action", "amount", "quantity", "unit_price"), price_comes_with_amount),
)  # fmt: skip
"""Every rule of changes; a projection names the ones its target needs."""
