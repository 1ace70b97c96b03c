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

from schemas.catalog import ACCOUNT_KEYS
from schemas.change_rules import CHANGE_RULES
from schemas.kinds import DECIMAL
from schemas.money import digits_of, round_to
from schemas.terms import Columns, Rule, Terms

_MOST_DIGITS = 4
_TOTAL = pa.decimal128(38, 12)


def _blank(values: Any) -> Any:
    return pc.is_null(values)


def _given(values: Any) -> Any:
    return pc.is_valid(values)


def has_account(row: Columns, _: Terms) -> Any:
    """The invoice names its account by number or by id."""
    return pc.or_(_given(row["account_number"]), _given(row["account_id"]))


def has_amount(row: Columns, _: Terms) -> Any:
    """The item's amount is given, can be computed, or may still come from the catalog's price."""
    return pc.or_(row["amount_known"], row["priced_later"])


def says_what_is_sold(row: Columns, _: Terms) -> Any:
    """The item has a charge name, a charge id or a catalog SKU."""
    named = (row[each] for each in ("charge_name", "product_rate_plan_charge_id", "catalog_sku"))
    first, second, third = (_given(each) for each in named)
    return pc.or_(first, pc.or_(second, third))


def amount_is_product(row: Columns, terms: Terms) -> Any:
    """The amount given equals quantity times unit price, rounded to the currency."""
    difference = pc.abs(pc.subtract(row["amount"], row["product"]))
    return pc.and_kleene(
        row["product_fits"], pc.less_equal(difference, pa.scalar(terms.amount_tolerance, DECIMAL))
    )


def fits_currency(amount: str) -> Callable[[Columns, Terms], Any]:
    """An amount has no more decimals than its currency."""

    def holds(row: Columns, _: Terms) -> Any:
        return pc.equal(row[amount], round_to(row[amount], row["digits"]))

    return holds


def mark_fits(field: str) -> Callable[[Columns, Terms], Any]:
    """The mark of a currency in the cell is one of the invoice's currency."""

    def holds(row: Columns, _: Terms) -> Any:
        """The mark of a currency in the cell is one of the invoice's currency."""
        return row[f"{field}_mark_fits"]

    return holds


def due_after_invoice(row: Columns, _: Terms) -> Any:
    """The due date is not before the invoice date."""
    return pc.greater_equal(row["due_date"], row["invoice_date"])


def service_ends_after_start(row: Columns, _: Terms) -> Any:
    """The service does not end before it starts."""
    return pc.greater_equal(row["service_end_date"], row["service_start_date"])


def reference_once(row: Columns, _: Terms) -> Any:
    """No other invoice has the same reference."""
    return pc.invert(row["ref_twice"])


def number_once(row: Columns, _: Terms) -> Any:
    """No other invoice has the same number."""
    return pc.invert(row["number_twice"])


def item_number_once(row: Columns, _: Terms) -> Any:
    """No other item of the invoice has the same number."""
    return pc.invert(row["item_no_twice"])


def item_has_invoice(row: Columns, _: Terms) -> Any:
    """The item's invoice exists."""
    return row["has_invoice"]


def invoice_has_items(row: Columns, _: Terms) -> Any:
    """The invoice has an item; the rows of a reference that stands twice share theirs."""
    return pc.or_(pc.greater(row["item_count"], 0), row["ref_twice"])


def not_too_many_items(row: Columns, terms: Terms) -> Any:
    """The invoice has no more items than a request can hold."""
    return pc.less_equal(row["item_count"], terms.most_items)


def total_not_negative(row: Columns, _: Terms) -> Any:
    """The invoice's total is not negative."""
    return pc.greater_equal(row["total"], pa.scalar(Decimal(0), row["total"].type))


def total_in_range(row: Columns, terms: Terms) -> Any:
    """The invoice's total, in the unit that is sent, can be stored."""
    if terms.total_below is None:
        return pc.is_valid(row["item_count"])
    units = [Decimal(10) ** (digits if terms.minor_units else 0) for digits in range(_MOST_DIGITS + 1)]
    bounds = pa.array([terms.total_below / unit for unit in units], _TOTAL)
    bound = pc.take(bounds, digits_of(row["effective_currency"]))
    return pc.less(pc.abs(pc.cast(row["total"], _TOTAL)), bound)


def item_not_negative(row: Columns, terms: Terms) -> Any:
    """The item's amount is not negative, unless the settings allow it."""
    if terms.allow_negative_items:
        return pc.is_valid(row["has_invoice"])
    return pc.greater_equal(row["effective_amount"], pa.scalar(Decimal(0), DECIMAL))


def has_currency(row: Columns, _: Terms) -> Any:
    """The invoice has a currency, its own or the default."""
    return _given(row["effective_currency"])


def contact_in_one_way(contact: str) -> Callable[[Columns, Terms], Any]:
    """A contact id and "same as bill-to" exclude each other."""

    def holds(row: Columns, _: Terms) -> Any:
        same = pc.fill_null(row[f"{contact}_same_as_bill_to"], False)
        return pc.invert(pc.and_(same, _given(row[f"{contact}_contact_id"])))

    return holds


def same_as_has_bill_to(contact: str) -> Callable[[Columns, Terms], Any]:
    """A yes to "same as bill-to" needs a bill-to contact to take effect."""

    def holds(row: Columns, _: Terms) -> Any:
        same = pc.fill_null(row[f"{contact}_same_as_bill_to"], False)
        somebody = pc.or_(_given(row["bill_to_contact_id"]), row["new_bill_to"])
        return pc.invert(pc.and_(same, pc.invert(somebody)))

    return holds


def reference_fits_number(row: Columns, terms: Terms) -> Any:
    """The reference can be the invoice number, where the settings make it so."""
    ref = row["invoice_ref"]
    if not terms.ref_is_number:
        return pc.is_valid(row["item_count"])
    fits = pc.and_(
        pc.match_substring_regex(ref, pattern=terms.number_form),
        pc.less_equal(pc.utf8_length(ref), terms.number_length),
    )
    return pc.or_(fits, _given(row["invoice_number"]))


def account_known(key: str) -> Callable[[Columns, Terms], Any]:
    """The account list has the key, where one is loaded and the key is given."""

    def holds(row: Columns, _: Terms) -> Any:
        """The key is blank, or the account list has it, or none is loaded."""
        return row[f"{key}_known"]

    return holds


def accounts_agree(row: Columns, _: Terms) -> Any:
    """All keys that the invoice gives name the same account."""
    return row["accounts_agree"]


def has_customer(row: Columns, _: Terms) -> Any:
    """The customer's id is given or looked up; a key that is unknown is told as such."""
    return pc.or_(_given(row["customer"]), row["account_unknown"])


def currency_usual(row: Columns, _: Terms) -> Any:
    """The invoice's currency is the account's."""
    return row["currency_usual"]


def known(fact: str) -> Callable[[Columns, Terms], Any]:
    """A fact that must be true."""
    return lambda row, _: row[fact]


def never(fact: str) -> Callable[[Columns, Terms], Any]:
    """A fact that must not be true."""
    return lambda row, _: pc.invert(row[fact])


def not_too_many(table: str) -> Callable[[Columns, Terms], Any]:
    """No more rows of a table hang on one row than the target takes."""
    return lambda row, terms: pc.less_equal(row["place"], terms.most[table])


def taxed_in_one_way(field: str) -> Callable[[Columns, Terms], Any]:
    """Taxes computed elsewhere and a tax code or mode of the item exclude each other."""
    return lambda row, _: pc.invert(pc.and_(row["has_taxes"], _given(row[field])))


def discount_is_negative(row: Columns, _: Terms) -> Any:
    """A discount takes something off."""
    return pc.less(row["discount_amount"], pa.scalar(Decimal(0), DECIMAL))


def discount_says_what_it_is(row: Columns, _: Terms) -> Any:
    """The discount has a name or a charge id."""
    return pc.or_(_given(row["discount_name"]), _given(row["product_rate_plan_charge_id"]))


def charge_names_discount(field: str) -> Callable[[Columns, Terms], Any]:
    """What the charge of a discount says goes before the sheet."""
    return lambda row, _: pc.invert(pc.and_(_given(row["product_rate_plan_charge_id"]), _given(row[field])))


RULES: tuple[Rule, ...] = (
    Rule("E301", "invoices", "", ("account_number", "account_id"), has_account),
    *(Rule("E413", "invoices", key, (key,), account_known(key), (f"{key}_known",)) for key in ACCOUNT_KEYS),
    Rule("E414", "invoices", "", ACCOUNT_KEYS, accounts_agree, ("accounts_agree",)),
    Rule(
        "E415", "invoices", "", ACCOUNT_KEYS,
        has_customer, ("customer", "account_unknown"),
    ),
    Rule("W411", "invoices", "currency", ("currency",), currency_usual, ("currency_usual",)),
    Rule("E307", "invoices", "invoice_ref", ("invoice_ref",), reference_once, ("ref_twice",)),
    Rule("E316", "invoices", "invoice_number", ("invoice_number",), number_once, ("number_twice",)),
    Rule("E314", "invoices", "currency", ("currency",), has_currency, ("effective_currency",)),
    Rule("E305", "invoices", "due_date", ("due_date", "invoice_date"), due_after_invoice),
    Rule(
        "E317", "invoices", "invoice_ref", ("invoice_ref", "invoice_number"),
        reference_fits_number, ("item_count",),
    ),
    Rule("E309", "invoices", "", ("invoice_ref",), invoice_has_items, ("item_count", "ref_twice")),
    Rule("E310", "invoices", "", ("invoice_ref",), not_too_many_items, ("item_count",)),
    Rule("E311", "invoices", "", ("invoice_ref",), total_not_negative, ("total",)),
    Rule(
        "E351", "invoices", "", ("invoice_ref",),
        total_in_range, ("total", "effective_currency", "item_count"),
    ),
    *(
        Rule(
            code, "invoices", f"{contact}_same_as_bill_to",
            (f"{contact}_same_as_bill_to", needed), holds(contact), uses,
        )
        for contact in ("sold_to", "ship_to")
        for code, needed, holds, uses in (
            ("E315", f"{contact}_contact_id", contact_in_one_way, ()),
            ("W301", "bill_to_contact_id", same_as_has_bill_to, ("new_bill_to",)),
        )
    ),
    Rule("E308", "items", "invoice_ref", ("invoice_ref",), item_has_invoice, ("has_invoice",)),
    Rule("E313", "items", "item_no", ("invoice_ref", "item_no"), item_number_once, ("item_no_twice",)),
    Rule(
        "E303", "items", "charge_name",
        ("charge_name", "product_rate_plan_charge_id", "catalog_sku"), says_what_is_sold,
    ),
    Rule(
        "E302", "items", "amount", ("amount", "quantity", "unit_price"),
        has_amount, ("amount_known", "priced_later"),
    ),
    *(
        Rule("E221", table, priced, (priced,), mark_fits(priced), (f"{priced}_mark_fits",))
        for table, priced in (
            ("items", "unit_price"), ("items", "amount"), ("discounts", "discount_amount"),
            ("discounts", "unit_price"), ("taxes", "tax_amount"), ("taxes", "exempt_amount"),
        )
    ),
    Rule("E204", "items", "amount", ("amount",), fits_currency("amount"), ("digits",)),
    Rule(
        "E304", "items", "amount", ("amount", "quantity", "unit_price"),
        amount_is_product, ("product", "product_fits"),
    ),
    Rule(
        "E312", "items", "amount", ("amount", "quantity", "unit_price"),
        item_not_negative, ("effective_amount", "has_invoice"),
    ),
    Rule(
        "E306", "items", "service_end_date", ("service_end_date", "service_start_date"),
        service_ends_after_start,
    ),
    *(
        Rule("E325", "items", each, (each,), taxed_in_one_way(each), ("has_taxes",), beside="taxes")
        for each in ("tax_code", "tax_mode")
    ),
    *(
        Rule("E322", table, "invoice_ref", ("invoice_ref",), known("has_invoice"), ("has_invoice",))
        for table in ("discounts", "taxes", "rates", "contacts")
    ),
    *(
        Rule("E320", table, "item_no", ("invoice_ref", "item_no"), known("has_item"), ("has_item",))
        for table in ("discounts", "taxes")
    ),
    Rule(
        "E321", "taxes", "discount_no", ("invoice_ref", "item_no", "discount_no"),
        known("has_discount"), ("has_discount",),
    ),
    *(
        Rule("E323", table, "", needs, not_too_many(table), ("place",))
        for table, needs in (
            ("discounts", ("invoice_ref", "item_no")),
            ("taxes", ("invoice_ref", "item_no", "discount_no")),
            ("rates", ("invoice_ref",)),
        )
    ),
    *(
        Rule("E324", table, field, ("invoice_ref", field), never("twice"), ("twice",))
        for table, field in (("discounts", "discount_no"), ("rates", "rate_currency"), ("contacts", "contact_role"))
    ),
    *(
        Rule("E204", table, field, (field,), fits_currency(field), ("digits",))
        for table, field in (
            ("discounts", "discount_amount"), ("taxes", "tax_amount"), ("taxes", "exempt_amount"),
        )
    ),
    Rule("E326", "discounts", "discount_amount", ("discount_amount",), discount_is_negative),
    Rule(
        "E327", "discounts", "discount_name", ("discount_name", "product_rate_plan_charge_id"),
        discount_says_what_it_is,
    ),
    *(
        Rule("W320", "discounts", each, (each, "product_rate_plan_charge_id"), charge_names_discount(each))
        for each in ("discount_name", "sku")
    ),
    Rule("E328", "contacts", "contact_role", ("contact_role",), never("given_otherwise"), ("given_otherwise",)),
    *CHANGE_RULES,
)  # fmt: skip
"""Every rule; a projection names the ones its target needs."""


def applied(codes: Collection[str], table: str, *, mismatch_code: str = "E304") -> list[Rule]:
    """The rules of a table that a target names; an amount mismatch bears the code the settings give it."""
    named = [each for each in RULES if each.code in codes and each.table == table]
    return [replace(each, code=mismatch_code) if each.code == "E304" else each for each in named]
