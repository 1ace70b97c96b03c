"""Rules of a row and across sheets: one predicate each, with its issue code.

A rule sees a frame's typed columns and the facts that were gathered for it (how many items an invoice has,
say), and tells of each row whether it holds. It is not asked where a cell it needs could not be read: then
its answer is unknown, and unknown is not failed.

Facts, beside the fields themselves:
    invoices  `item_count` items; `total` of their amounts, null when one is unknown; `ref_twice`,
              `number_twice`: the value stands on another row too; `new_bill_to`: a bill-to contact of its
              own; `effective_currency`: the currency or the default, null when there is none. Of the account
              list, where one is loaded: `<key>_known`: it has the account number, account id, ... that is
              given; `accounts_agree`: all that are given name one account; `account_unknown`: one is not
              known; `customer`: the customer's id, given or looked up; `currency_usual`: the currency given
              is the account's.
    items     `has_invoice`; `digits` of the invoice's currency, null when unknown; `product`: quantity times
              unit price rounded to those digits; `product_fits`: it is no longer than an amount may be;
              `amount_known`: given or computed; `priced_later`: the catalog may still bring the price;
              `item_no_twice`; `has_taxes` of its own; `amount_mark_fits`, `unit_price_mark_fits`: the mark of a
              currency in the cell may stand for the invoice's, null when that is unknown.
    what hangs on them  `has_invoice`; `has_item`, `has_discount`: null where none is asked for, or where
              what it would belong to is not there either; `digits`; `place` among the rows of its kind on
              one row, from 1; `twice`: its key stands on another row too; of contacts `given_otherwise`.
    changes   of invoices and items: `says_more` than which draft or item it is about; `key_twice`, `item_id_twice`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow.money import get_currency_digits, round_amounts
from schemas.catalog import ACCOUNT_KEYS
from schemas.draft_rules import DRAFT_RULES
from schemas.notation.parsing import DECIMAL
from schemas.rule import Columns, Rule, RuleSettings

_MAX_DIGITS = 4
_TOTAL_TYPE = pa.decimal128(38, 12)


def _is_blank(values: Any) -> Any:
    return pc.is_null(values)


def _is_given(values: Any) -> Any:
    return pc.is_valid(values)


def has_account(row: Columns, _: RuleSettings) -> Any:
    """The invoice names its account by number or by id."""
    return pc.or_(_is_given(row["account_number"]), _is_given(row["account_id"]))


def has_amount(row: Columns, _: RuleSettings) -> Any:
    """The item's amount is given, can be computed, or may still come from the catalog's price."""
    return pc.or_(row["amount_known"], row["priced_later"])


def has_product(row: Columns, _: RuleSettings) -> Any:
    """The item has a charge name, a charge id or a catalog SKU."""
    columns = (row[field] for field in ("charge_name", "product_rate_plan_charge_id", "catalog_sku"))
    first, second, third = (_is_given(values) for values in columns)
    return pc.or_(first, pc.or_(second, third))


def has_computed_amount(row: Columns, settings: RuleSettings) -> Any:
    """The amount given equals quantity times unit price, rounded to the currency."""
    difference = pc.abs(pc.subtract(row["amount"], row["product"]))
    return pc.and_kleene(
        row["product_fits"], pc.less_equal(difference, pa.scalar(settings.amount_tolerance, DECIMAL))
    )


def require_currency_decimals(field: str) -> Callable[[Columns, RuleSettings], Any]:
    """An amount has no more decimals than its currency."""

    def has_currency_decimals(row: Columns, _: RuleSettings) -> Any:
        return pc.equal(row[field], round_amounts(row[field], row["digits"]))

    return has_currency_decimals


def require_currency_mark(field: str) -> Callable[[Columns, RuleSettings], Any]:
    """The mark of a currency in the cell is one of the invoice's currency."""

    def has_currency_mark(row: Columns, _: RuleSettings) -> Any:
        """The mark of a currency in the cell is one of the invoice's currency."""
        return row[f"{field}_mark_fits"]

    return has_currency_mark


def is_due_after_invoice_date(row: Columns, _: RuleSettings) -> Any:
    """The due date is not before the invoice date."""
    return pc.greater_equal(row["due_date"], row["invoice_date"])


def has_ordered_service_dates(row: Columns, _: RuleSettings) -> Any:
    """The service does not end before it starts."""
    return pc.greater_equal(row["service_end_date"], row["service_start_date"])


def has_unique_reference(row: Columns, _: RuleSettings) -> Any:
    """No other invoice has the same reference."""
    return pc.invert(row["ref_twice"])


def has_unique_number(row: Columns, _: RuleSettings) -> Any:
    """No other invoice has the same number."""
    return pc.invert(row["number_twice"])


def has_unique_item_number(row: Columns, _: RuleSettings) -> Any:
    """No other item of the invoice has the same number."""
    return pc.invert(row["item_no_twice"])


def has_invoice(row: Columns, _: RuleSettings) -> Any:
    """The item's invoice exists."""
    return row["has_invoice"]


def has_items(row: Columns, _: RuleSettings) -> Any:
    """The invoice has an item; the rows of a reference that stands twice share theirs."""
    return pc.or_(pc.greater(row["item_count"], 0), row["ref_twice"])


def has_allowed_item_count(row: Columns, settings: RuleSettings) -> Any:
    """The invoice has no more items than a request can hold."""
    return pc.less_equal(row["item_count"], settings.max_items)


def has_nonnegative_total(row: Columns, _: RuleSettings) -> Any:
    """The invoice's total is not negative."""
    return pc.greater_equal(row["total"], pa.scalar(Decimal(0), row["total"].type))


def has_storable_total(row: Columns, settings: RuleSettings) -> Any:
    """The invoice's total, in the unit that is sent, can be stored."""
    if settings.total_limit is None:
        return pc.is_valid(row["item_count"])
    units = [Decimal(10) ** (digits if settings.in_minor_units else 0) for digits in range(_MAX_DIGITS + 1)]
    bounds = pa.array([settings.total_limit / unit for unit in units], _TOTAL_TYPE)
    bound = pc.take(bounds, get_currency_digits(row["effective_currency"]))
    return pc.less(pc.abs(pc.cast(row["total"], _TOTAL_TYPE)), bound)


def has_nonnegative_amount(row: Columns, settings: RuleSettings) -> Any:
    """The item's amount is not negative, unless the settings allow it."""
    if settings.allow_negative_items:
        return pc.is_valid(row["has_invoice"])
    return pc.greater_equal(row["effective_amount"], pa.scalar(Decimal(0), DECIMAL))


def has_currency(row: Columns, _: RuleSettings) -> Any:
    """The invoice has a currency, its own or the default."""
    return _is_given(row["effective_currency"])


def reject_second_contact(contact: str) -> Callable[[Columns, RuleSettings], Any]:
    """A contact id and "same as bill-to" exclude each other."""

    def has_one_contact(row: Columns, _: RuleSettings) -> Any:
        is_same = pc.fill_null(row[f"{contact}_same_as_bill_to"], False)
        return pc.invert(pc.and_(is_same, _is_given(row[f"{contact}_contact_id"])))

    return has_one_contact


def require_bill_to(contact: str) -> Callable[[Columns, RuleSettings], Any]:
    """A yes to "same as bill-to" needs a bill-to contact to take effect."""

    def has_bill_to(row: Columns, _: RuleSettings) -> Any:
        is_same = pc.fill_null(row[f"{contact}_same_as_bill_to"], False)
        is_bill_to_given = pc.or_(_is_given(row["bill_to_contact_id"]), row["new_bill_to"])
        return pc.invert(pc.and_(is_same, pc.invert(is_bill_to_given)))

    return has_bill_to


def can_be_invoice_number(row: Columns, settings: RuleSettings) -> Any:
    """The reference can be the invoice number, where the settings make it so."""
    reference = row["invoice_ref"]
    if not settings.use_reference_as_number:
        return pc.is_valid(row["item_count"])
    fits = pc.and_(
        pc.match_substring_regex(reference, pattern=settings.number_pattern),
        pc.less_equal(pc.utf8_length(reference), settings.number_max_length),
    )
    return pc.or_(fits, _is_given(row["invoice_number"]))


def require_known_account(key: str) -> Callable[[Columns, RuleSettings], Any]:
    """The account list has the key, where one is loaded and the key is given."""

    def is_known(row: Columns, _: RuleSettings) -> Any:
        """The key is blank, or the account list has it, or none is loaded."""
        return row[f"{key}_known"]

    return is_known


def has_one_account(row: Columns, _: RuleSettings) -> Any:
    """All keys that the invoice gives name the same account."""
    return row["accounts_agree"]


def has_customer(row: Columns, _: RuleSettings) -> Any:
    """The customer's id is given or looked up; a key that is unknown is told as such."""
    return pc.or_(_is_given(row["customer"]), row["account_unknown"])


def has_usual_currency(row: Columns, _: RuleSettings) -> Any:
    """The invoice's currency is the account's."""
    return row["currency_usual"]


def require_true(fact: str) -> Callable[[Columns, RuleSettings], Any]:
    """A fact that must be true."""
    return lambda row, _: row[fact]


def require_false(fact: str) -> Callable[[Columns, RuleSettings], Any]:
    """A fact that must not be true."""
    return lambda row, _: pc.invert(row[fact])


def limit_rows(table: str) -> Callable[[Columns, RuleSettings], Any]:
    """No more rows of a table hang on one row than the target takes."""
    return lambda row, terms: pc.less_equal(row["place"], terms.max_children[table])


def reject_second_taxation(field: str) -> Callable[[Columns, RuleSettings], Any]:
    """Taxes computed elsewhere and a tax code or mode of the item exclude each other."""
    return lambda row, _: pc.invert(pc.and_(row["has_taxes"], _is_given(row[field])))


def has_negative_discount(row: Columns, _: RuleSettings) -> Any:
    """A discount takes something off."""
    return pc.less(row["discount_amount"], pa.scalar(Decimal(0), DECIMAL))


def has_named_discount(row: Columns, _: RuleSettings) -> Any:
    """The discount has a name or a charge id."""
    return pc.or_(_is_given(row["discount_name"]), _is_given(row["product_rate_plan_charge_id"]))


def reject_field_of_charge(field: str) -> Callable[[Columns, RuleSettings], Any]:
    """What the charge of a discount says goes before the sheet."""
    return lambda row, _: pc.invert(
        pc.and_(_is_given(row["product_rate_plan_charge_id"]), _is_given(row[field]))
    )


RULES: tuple[Rule, ...] = (
    Rule("E301", "invoices", "", ("account_number", "account_id"), has_account),
    *(Rule("E413", "invoices", key, (key,), require_known_account(key), (f"{key}_known",)) for key in ACCOUNT_KEYS),
    Rule("E414", "invoices", "", ACCOUNT_KEYS, has_one_account, ("accounts_agree",)),
    Rule(
        "E415", "invoices", "", ACCOUNT_KEYS,
        has_customer, ("customer", "account_unknown"),
    ),
    Rule("W411", "invoices", "currency", ("currency",), has_usual_currency, ("currency_usual",)),
    Rule("E307", "invoices", "invoice_ref", ("invoice_ref",), has_unique_reference, ("ref_twice",)),
    Rule("E316", "invoices", "invoice_number", ("invoice_number",), has_unique_number, ("number_twice",)),
    Rule("E314", "invoices", "currency", ("currency",), has_currency, ("effective_currency",)),
    Rule("E305", "invoices", "due_date", ("due_date", "invoice_date"), is_due_after_invoice_date),
    Rule(
        "E317", "invoices", "invoice_ref", ("invoice_ref", "invoice_number"),
        can_be_invoice_number, ("item_count",),
    ),
    Rule("E309", "invoices", "", ("invoice_ref",), has_items, ("item_count", "ref_twice")),
    Rule("E310", "invoices", "", ("invoice_ref",), has_allowed_item_count, ("item_count",)),
    Rule("E311", "invoices", "", ("invoice_ref",), has_nonnegative_total, ("total",)),
    Rule(
        "E351", "invoices", "", ("invoice_ref",),
        has_storable_total, ("total", "effective_currency", "item_count"),
    ),
    *(
        Rule(
            code, "invoices", f"{contact}_same_as_bill_to",
            (f"{contact}_same_as_bill_to", needed), holds(contact), uses,
        )
        for contact in ("sold_to", "ship_to")
        for code, needed, holds, uses in (
            ("E315", f"{contact}_contact_id", reject_second_contact, ()),
            ("W301", "bill_to_contact_id", require_bill_to, ("new_bill_to",)),
        )
    ),
    Rule("E308", "items", "invoice_ref", ("invoice_ref",), has_invoice, ("has_invoice",)),
    Rule("E313", "items", "item_no", ("invoice_ref", "item_no"), has_unique_item_number, ("item_no_twice",)),
    Rule(
        "E303", "items", "charge_name",
        ("charge_name", "product_rate_plan_charge_id", "catalog_sku"), has_product,
    ),
    Rule(
        "E302", "items", "amount", ("amount", "quantity", "unit_price"),
        has_amount, ("amount_known", "priced_later"),
    ),
    *(
        Rule("E221", table, priced, (priced,), require_currency_mark(priced), (f"{priced}_mark_fits",))
        for table, priced in (
            ("items", "unit_price"), ("items", "amount"), ("discounts", "discount_amount"),
            ("discounts", "unit_price"), ("taxes", "tax_amount"), ("taxes", "exempt_amount"),
        )
    ),
    Rule("E204", "items", "amount", ("amount",), require_currency_decimals("amount"), ("digits",)),
    Rule(
        "E304", "items", "amount", ("amount", "quantity", "unit_price"),
        has_computed_amount, ("product", "product_fits"),
    ),
    Rule(
        "E312", "items", "amount", ("amount", "quantity", "unit_price"),
        has_nonnegative_amount, ("effective_amount", "has_invoice"),
    ),
    Rule(
        "E306", "items", "service_end_date", ("service_end_date", "service_start_date"),
        has_ordered_service_dates,
    ),
    *(
        Rule("E325", "items", field, (field,), reject_second_taxation(field), ("has_taxes",), only_with="taxes")
        for field in ("tax_code", "tax_mode")
    ),
    *(
        Rule("E322", table, "invoice_ref", ("invoice_ref",), require_true("has_invoice"), ("has_invoice",))
        for table in ("discounts", "taxes", "rates", "contacts")
    ),
    *(
        Rule("E320", table, "item_no", ("invoice_ref", "item_no"), require_true("has_item"), ("has_item",))
        for table in ("discounts", "taxes")
    ),
    Rule(
        "E321", "taxes", "discount_no", ("invoice_ref", "item_no", "discount_no"),
        require_true("has_discount"), ("has_discount",),
    ),
    *(
        Rule("E323", table, "", needs, limit_rows(table), ("place",))
        for table, needs in (
            ("discounts", ("invoice_ref", "item_no")),
            ("taxes", ("invoice_ref", "item_no", "discount_no")),
            ("rates", ("invoice_ref",)),
        )
    ),
    *(
        Rule("E324", table, field, ("invoice_ref", field), require_false("twice"), ("twice",))
        for table, field in (("discounts", "discount_no"), ("rates", "rate_currency"), ("contacts", "contact_role"))
    ),
    *(
        Rule("E204", table, field, (field,), require_currency_decimals(field), ("digits",))
        for table, field in (
            ("discounts", "discount_amount"), ("taxes", "tax_amount"), ("taxes", "exempt_amount"),
        )
    ),
    Rule("E326", "discounts", "discount_amount", ("discount_amount",), has_negative_discount),
    Rule(
        "E327", "discounts", "discount_name", ("discount_name", "product_rate_plan_charge_id"),
        has_named_discount,
    ),
    *(
        Rule("W320", "discounts", field, (field, "product_rate_plan_charge_id"), reject_field_of_charge(field))
        for field in ("discount_name", "sku")
    ),
    Rule("E328", "contacts", "contact_role", ("contact_role",), require_false("given_otherwise"), ("given_otherwise",)),
    *DRAFT_RULES,
)  # fmt: skip
"""Every rule; a projection names the ones its target needs."""


def select_rules(codes: Collection[str], table: str, *, mismatch_code: str = "E304") -> list[Rule]:
    """The rules of a table that a target names; an amount mismatch bears the code the settings give it."""
    rules = [rule for rule in RULES if rule.code in codes and rule.table == table]
    return [replace(rule, code=mismatch_code) if rule.code == "E304" else rule for rule in rules]
