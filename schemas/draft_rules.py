"""Rules of changes to what is in the billing system already: a draft's header, and items added, changed or deleted.

A blank cell leaves a value as it is. What cannot be meant, or would be read in two ways, is refused before
anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow.compute as pc

from schemas.arrow.columns import decode_dictionary
from schemas.rule import Columns, Rule, RuleSettings
from schemas.tables.items import ACTION_ADD, ACTION_CHANGE, ACTION_DELETE


def _is_action(row: Columns, action: str) -> Any:
    return pc.fill_null(pc.equal(decode_dictionary(row["action"]), action), False)


def _is_added(row: Columns) -> Any:
    return _is_action(row, ACTION_ADD)


def has_item_id(row: Columns, _: RuleSettings) -> Any:
    """What is changed or deleted is named by its id."""
    return pc.or_(_is_added(row), pc.is_valid(row["item_id"]))


def has_no_id_if_added(row: Columns, _: RuleSettings) -> Any:
    """What is added has no id yet."""
    return pc.invert(pc.and_(_is_added(row), pc.is_valid(row["item_id"])))


def has_only_id_if_deleted(row: Columns, _: RuleSettings) -> Any:
    """An item is deleted or changed, not both."""
    return pc.invert(pc.and_(_is_action(row, ACTION_DELETE), row["says_more"]))


def has_unique_item_id(row: Columns, _: RuleSettings) -> Any:
    """No other row is about the same item."""
    return pc.invert(row["item_id_twice"])


def has_unique_draft_key(row: Columns, _: RuleSettings) -> Any:
    """No other row is about the same draft."""
    return pc.invert(row["key_twice"])


def has_item_changes(row: Columns, _: RuleSettings) -> Any:
    """A change of an item gives something to change."""
    return pc.or_(pc.invert(_is_action(row, ACTION_CHANGE)), row["says_more"])


def has_draft_changes(row: Columns, _: RuleSettings) -> Any:
    """A change of a draft gives something to change, in its header or its items."""
    return pc.or_(row["says_more"], pc.or_(pc.greater(row["item_count"], 0), row["ref_twice"]))


def reject_field_of_change(field: str) -> Callable[[Columns, RuleSettings], Any]:
    """A value that an item keeps from when it was added."""
    return lambda row, _: pc.invert(pc.and_(_is_action(row, ACTION_CHANGE), pc.is_valid(row[field])))


def has_one_date(row: Columns, _: RuleSettings) -> Any:
    """The invoice date or the due date, never both in one request."""
    return pc.invert(pc.and_(pc.is_valid(row["invoice_date"]), pc.is_valid(row["due_date"])))


def has_amount_if_added(row: Columns, _: RuleSettings) -> Any:
    """An added item's amount is given, can be computed, or may still come from the catalog's price."""
    return pc.or_(pc.invert(_is_added(row)), pc.or_(row["amount_known"], row["priced_later"]))


def has_start_if_added(row: Columns, _: RuleSettings) -> Any:
    """An added item says when its service starts."""
    return pc.or_(pc.invert(_is_added(row)), pc.is_valid(row["service_start_date"]))


def require_without_charge(field: str) -> Callable[[Columns, RuleSettings], Any]:
    """An item that is added without the catalog gives what the charge would have brought."""

    def is_given_if_added(row: Columns, _: RuleSettings) -> Any:
        has_charge = pc.or_(pc.is_valid(row["product_rate_plan_charge_id"]), pc.is_valid(row["catalog_sku"]))
        return pc.or_(pc.invert(_is_added(row)), pc.or_(has_charge, pc.is_valid(row[field])))

    return is_given_if_added


def has_amount_with_price(row: Columns, _: RuleSettings) -> Any:
    """Who changes the quantity or the price says what the amount becomes."""
    has_price = pc.or_(pc.is_valid(row["quantity"]), pc.is_valid(row["unit_price"]))
    return pc.invert(pc.and_(_is_action(row, ACTION_CHANGE), pc.and_(has_price, pc.is_null(row["amount"]))))


_CHARGE_FIELDS = ("product_rate_plan_charge_id", "catalog_sku")

DRAFT_RULES: tuple[Rule, ...] = (
    Rule("E330", "items", "item_id", ("action", "item_id"), has_item_id),
    Rule("E331", "items", "item_id", ("action", "item_id"), has_no_id_if_added),
    Rule("E332", "items", "", ("action",), has_only_id_if_deleted, ("says_more",)),
    Rule("E333", "items", "item_id", ("item_id",), has_unique_item_id, ("item_id_twice",)),
    Rule("E334", "items", "", ("action",), has_item_changes, ("says_more",)),
    Rule(
        "E334", "invoices", "", ("invoice_ref",),
        has_draft_changes, ("says_more", "item_count", "ref_twice"),
    ),
    *(
        Rule("E335", "items", field, ("action", field), reject_field_of_change(field))
        for field in (*_CHARGE_FIELDS, "booking_reference")
    ),
    Rule("E336", "invoices", "due_date", ("invoice_date", "due_date"), has_one_date),
    Rule(
        "E337", "items", "amount", ("action", "amount", "quantity", "unit_price"),
        has_amount_if_added, ("amount_known", "priced_later"),
    ),
    Rule("E337", "items", "service_start_date", ("action", "service_start_date"), has_start_if_added),
    *(
        Rule("E337", "items", field, ("action", field, *_CHARGE_FIELDS), require_without_charge(field))
        for field in ("charge_name", "unit_price")
    ),
    Rule("E338", "invoices", "invoice_key", ("invoice_key",), has_unique_draft_key, ("key_twice",)),
    Rule("E339", "items", "amount", ("action", "amount", "quantity", "unit_price"), has_amount_with_price),
)  # fmt: skip
"""Every rule of changes; a projection names the ones its target needs."""
