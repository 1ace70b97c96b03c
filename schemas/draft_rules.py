"""Rules of changes to drafts: a draft's header, and items added, changed or deleted.

A blank cell leaves a value as it is. What cannot be meant, or would be read in two ways, is refused before
anything is sent.
"""

from __future__ import annotations

from functools import partial

import pyarrow.compute as pc

from schemas.arrow.columns import Booleans, decode_dictionary
from schemas.rule import Columns, Predicate, Rule, RuleSettings
from schemas.tables.items import ACTION_ADD, ACTION_CHANGE, ACTION_DELETE


def _is_action(row: Columns, action: str) -> Booleans:
    return pc.fill_null(pc.equal(decode_dictionary(row["action"]), action), False)


def _is_added(row: Columns) -> Booleans:
    return _is_action(row, ACTION_ADD)


def has_item_id(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether what is changed or deleted is named by its id."""
    return pc.or_(_is_added(row), pc.is_valid(row["item_id"]))


def has_no_id_if_added(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether what is added has no id yet."""
    return pc.invert(pc.and_(_is_added(row), pc.is_valid(row["item_id"])))


def has_only_id_if_deleted(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether an item is deleted or changed, not both."""
    return pc.invert(pc.and_(_is_action(row, ACTION_DELETE), row["says_more"]))


def has_unique_item_id(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether no other row is about the same item."""
    return pc.invert(row["item_id_twice"])


def has_unique_draft_key(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether no other row is about the same draft."""
    return pc.invert(row["key_twice"])


def has_item_changes(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether a change of an item gives something to change."""
    return pc.or_(pc.invert(_is_action(row, ACTION_CHANGE)), row["says_more"])


def has_draft_changes(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether a change of a draft gives something to change, in its header or its items."""
    return pc.or_(row["says_more"], pc.or_(pc.greater(row["item_count"], 0), row["ref_twice"]))


def reject_field_of_change(field: str) -> Predicate:
    """Return the predicate: a change leaves blank what an item keeps from when it was added."""
    return lambda row, _: pc.invert(pc.and_(_is_action(row, ACTION_CHANGE), pc.is_valid(row[field])))


def has_one_date(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether at most one of invoice date and due date is given: one request takes no more."""
    return pc.invert(pc.and_(pc.is_valid(row["invoice_date"]), pc.is_valid(row["due_date"])))


def has_amount_if_added(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether an added item's amount is given, can be computed, or may come from the catalog."""
    return pc.or_(pc.invert(_is_added(row)), pc.or_(row["amount_known"], row["priced_later"]))


def has_start_if_added(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether an added item says when its service starts."""
    return pc.or_(pc.invert(_is_added(row)), pc.is_valid(row["service_start_date"]))


def require_without_charge(field: str) -> Predicate:
    """Return the predicate: an item added without a charge gives what the charge would have brought."""

    def is_given_if_added(row: Columns, _: RuleSettings) -> Booleans:
        has_charge = pc.or_(pc.is_valid(row["product_rate_plan_charge_id"]), pc.is_valid(row["catalog_sku"]))
        return pc.or_(pc.invert(_is_added(row)), pc.or_(has_charge, pc.is_valid(row[field])))

    return is_given_if_added


def has_amount_with_price(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether a change of quantity or unit price gives the new amount as well."""
    has_price = pc.or_(pc.is_valid(row["quantity"]), pc.is_valid(row["unit_price"]))
    return pc.invert(pc.and_(_is_action(row, ACTION_CHANGE), pc.and_(has_price, pc.is_null(row["amount"]))))


_CHARGE_FIELDS = ("product_rate_plan_charge_id", "catalog_sku")

_invoice_rule = partial(Rule, table="invoices")
_item_rule = partial(Rule, table="items")

DRAFT_RULES: tuple[Rule, ...] = (
    _item_rule(code="E330", field="item_id", inputs=("action", "item_id"), predicate=has_item_id),
    _item_rule(code="E331", field="item_id", inputs=("action", "item_id"), predicate=has_no_id_if_added),
    _item_rule(code="E332", inputs=("action",), predicate=has_only_id_if_deleted, derived=("says_more",)),
    _item_rule(
        code="E333",
        field="item_id",
        inputs=("item_id",),
        predicate=has_unique_item_id,
        derived=("item_id_twice",),
    ),
    _item_rule(code="E334", inputs=("action",), predicate=has_item_changes, derived=("says_more",)),
    _invoice_rule(
        code="E334",
        inputs=("invoice_ref",),
        predicate=has_draft_changes,
        derived=("says_more", "item_count", "ref_twice"),
    ),
    *(
        _item_rule(
            code="E335", field=field, inputs=("action", field), predicate=reject_field_of_change(field)
        )
        for field in (*_CHARGE_FIELDS, "booking_reference")
    ),
    _invoice_rule(code="E336", field="due_date", inputs=("invoice_date", "due_date"), predicate=has_one_date),
    _item_rule(
        code="E337",
        field="amount",
        inputs=("action", "amount", "quantity", "unit_price"),
        predicate=has_amount_if_added,
        derived=("amount_known", "priced_later"),
    ),
    _item_rule(
        code="E337",
        field="service_start_date",
        inputs=("action", "service_start_date"),
        predicate=has_start_if_added,
    ),
    *(
        _item_rule(
            code="E337",
            field=field,
            inputs=("action", field, *_CHARGE_FIELDS),
            predicate=require_without_charge(field),
        )
        for field in ("charge_name", "unit_price")
    ),
    _invoice_rule(
        code="E338",
        field="invoice_key",
        inputs=("invoice_key",),
        predicate=has_unique_draft_key,
        derived=("key_twice",),
    ),
    _item_rule(
        code="E339",
        field="amount",
        inputs=("action", "amount", "quantity", "unit_price"),
        predicate=has_amount_with_price,
    ),
)
"""Every rule of changes; a projection names the ones its target needs."""
