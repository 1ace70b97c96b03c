"""Rules of invoices, items and child tables: one predicate each, with its issue code and facts.

A rule reads a frame's typed columns and the columns derived for it (the number of items of an invoice,
say), and says for each row whether it is kept. It is skipped where a cell among its inputs could not be
read: the answer is unknown then, and unknown does not fail.

Derived columns, besides the fields themselves (`pipeline.validate.derived_columns` makes them):
    invoices  `item_count`; `total` of the items' amounts, null if one is unknown; `ref_twice` and
              `number_twice`: another row has the same value; `number`, given or the reference;
              `new_bill_to`: a row of Contacts gives a bill-to contact; `effective_currency`: the invoice's
              currency or the default, null if there is none. From the account list, if one is loaded:
              `<key>_known`: it has the account number, account id, ... that is given; `accounts_agree`: all
              keys that are given name one account; `account_unknown`: one is not known; `account_named`:
              any is given; `customer`: the customer's id, given or looked up; `account_currency`;
              `currency_usual`: the invoice's currency is the account's.
    items     `has_invoice`; `digits`: decimals of the invoice's currency, null if unknown; `product`:
              quantity times unit price, rounded to those; `product_fits`: it is no longer than an amount
              may be; `amount_known`: given or computed; `effective_amount`; `priced_later`: the catalog may
              still bring the price; `item_no_twice`; `has_taxes`: rows of Taxes belong to it;
              `amount_mark_fits`, `unit_price_mark_fits`: the currency mark in the cell may stand for the
              invoice's currency, null if that is unknown.
    child tables  `has_invoice`; `has_item`, `has_discount`: null if none is named, or if what it would
              belong to is missing as well; `digits`; `place` among the rows of its kind with the same
              parent, from 1; `twice`: another row has the same key; of contacts `given_otherwise`: the
              invoice gives the contact itself.
    changes   of invoices and items: `says_more` than which draft or item is meant; `key_twice`,
              `item_id_twice`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow.columns import DECIMAL, ArrowColumn, Booleans
from schemas.arrow.money import get_currency_digits, round_amounts
from schemas.catalog import ACCOUNT_KEYS
from schemas.draft_rules import DRAFT_RULES
from schemas.rule import Columns, Computation, FactSource, Predicate, Rule, RuleSettings

# the most decimals that a currency has
_MAX_DIGITS = 4
_TOTAL_TYPE = pa.decimal128(38, 12)


def _is_given(values: ArrowColumn) -> Booleans:
    return pc.is_valid(values)


def has_account(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether the invoice names its account by number or by id."""
    return pc.or_(_is_given(row["account_number"]), _is_given(row["account_id"]))


def has_amount(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether the item's amount is given, can be computed, or may come from the catalog."""
    return pc.or_(row["amount_known"], row["priced_later"])


def has_product(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether the item has a charge name, a charge id or a catalog SKU."""
    columns = (row[field] for field in ("charge_name", "product_rate_plan_charge_id", "catalog_sku"))
    first, second, third = (_is_given(values) for values in columns)
    return pc.or_(first, pc.or_(second, third))


def has_computed_amount(row: Columns, settings: RuleSettings) -> Booleans:
    """Return whether the amount given equals quantity times unit price, rounded to the currency."""
    difference = pc.abs(pc.subtract(row["amount"], row["product"]))
    # Kleene logic: a product too long to be computed is null, and the rule is broken all the same
    return pc.and_kleene(
        row["product_fits"], pc.less_equal(difference, pa.scalar(settings.amount_tolerance, DECIMAL))
    )


def require_currency_decimals(field: str) -> Predicate:
    """Return the predicate: an amount has no more decimals than its currency."""

    def has_currency_decimals(row: Columns, _: RuleSettings) -> Booleans:
        return pc.equal(row[field], round_amounts(row[field], row["digits"]))

    return has_currency_decimals


def is_due_after_invoice_date(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether the due date is not before the invoice date."""
    return pc.greater_equal(row["due_date"], row["invoice_date"])


def has_ordered_service_dates(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether the service does not end before it starts."""
    return pc.greater_equal(row["service_end_date"], row["service_start_date"])


def has_items(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether the invoice has an item; rows with the same reference share theirs."""
    return pc.or_(pc.greater(row["item_count"], 0), row["ref_twice"])


def has_allowed_item_count(row: Columns, settings: RuleSettings) -> Booleans:
    """Return whether the invoice has no more items than a request can hold."""
    return pc.less_equal(row["item_count"], settings.max_items)


def has_nonnegative_total(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether the invoice's total is not negative."""
    return pc.greater_equal(row["total"], pa.scalar(Decimal(0), row["total"].type))


def has_storable_total(row: Columns, settings: RuleSettings) -> Booleans:
    """Return whether the invoice's total, in the unit that is sent, can be stored."""
    if settings.total_limit is None:
        return pc.is_valid(row["item_count"])  # never null: every row keeps the rule
    # the limit in units of each currency, by the number of its decimals
    units = [Decimal(10) ** (digits if settings.in_minor_units else 0) for digits in range(_MAX_DIGITS + 1)]
    bounds = pa.array([settings.total_limit / unit for unit in units], _TOTAL_TYPE)
    bound = pc.take(bounds, get_currency_digits(row["effective_currency"]))
    return pc.less(pc.abs(pc.cast(row["total"], _TOTAL_TYPE)), bound)


def has_nonnegative_amount(row: Columns, settings: RuleSettings) -> Booleans:
    """Return whether the item's amount is not negative, unless the settings allow it."""
    if settings.allow_negative_items:
        return pc.is_valid(row["has_invoice"])  # never null: every row keeps the rule
    return pc.greater_equal(row["effective_amount"], pa.scalar(Decimal(0), DECIMAL))


def has_currency(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether the invoice has a currency, its own or the default."""
    return _is_given(row["effective_currency"])


def reject_second_contact(contact: str) -> Predicate:
    """Return the predicate: a contact id and "same as bill-to" exclude each other."""

    def has_one_contact(row: Columns, _: RuleSettings) -> Booleans:
        is_same = pc.fill_null(row[f"{contact}_same_as_bill_to"], False)
        return pc.invert(pc.and_(is_same, _is_given(row[f"{contact}_contact_id"])))

    return has_one_contact


def require_bill_to(contact: str) -> Predicate:
    """Return the predicate: a yes to "same as bill-to" needs a bill-to contact to take effect."""

    def has_bill_to(row: Columns, _: RuleSettings) -> Booleans:
        is_same = pc.fill_null(row[f"{contact}_same_as_bill_to"], False)
        is_bill_to_given = pc.or_(_is_given(row["bill_to_contact_id"]), row["new_bill_to"])
        return pc.invert(pc.and_(is_same, pc.invert(is_bill_to_given)))

    return has_bill_to


def can_be_invoice_number(row: Columns, settings: RuleSettings) -> Booleans:
    """Return whether the reference can be the invoice number, where the settings make it so."""
    reference = row["invoice_ref"]
    if not settings.use_reference_as_number:
        return pc.is_valid(row["item_count"])  # never null: every row keeps the rule
    fits = pc.and_(
        pc.match_substring_regex(reference, pattern=settings.number_pattern),
        pc.less_equal(pc.utf8_length(reference), settings.number_max_length),
    )
    return pc.or_(fits, _is_given(row["invoice_number"]))


def has_customer(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether the customer's id is given or looked up; an unknown key is reported on its own."""
    return pc.or_(_is_given(row["customer"]), row["account_unknown"])


def require_true(column: str) -> Predicate:
    """Return the predicate: a derived column is true."""
    return lambda row, _: row[column]


def require_false(column: str) -> Predicate:
    """Return the predicate: a derived column is not true."""
    return lambda row, _: pc.invert(row[column])


def limit_rows(table: str) -> Predicate:
    """Return the predicate: a parent row has no more rows of a table than the target takes."""
    return lambda row, settings: pc.less_equal(row["place"], settings.max_children[table])


def reject_second_taxation(field: str) -> Predicate:
    """Return the predicate: computed taxes and a tax code or mode of the item exclude each other."""
    return lambda row, _: pc.invert(pc.and_(row["has_taxes"], _is_given(row[field])))


def has_negative_discount(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether a discount takes something off."""
    return pc.less(row["discount_amount"], pa.scalar(Decimal(0), DECIMAL))


def has_named_discount(row: Columns, _: RuleSettings) -> Booleans:
    """Return whether the discount has a name or a charge id."""
    return pc.or_(_is_given(row["discount_name"]), _is_given(row["product_rate_plan_charge_id"]))


def reject_field_of_charge(field: str) -> Predicate:
    """Return the predicate: a discount with a charge id leaves blank what the charge itself gives."""
    return lambda row, _: pc.invert(
        pc.and_(_is_given(row["product_rate_plan_charge_id"]), _is_given(row[field]))
    )


_MONEY_FACTS: Mapping[str, FactSource] = {
    "currency": Computation.CURRENCY,
    "decimals": Computation.CURRENCY_DECIMALS,
    "shown": Computation.ROUNDED_AMOUNT,
}
_PRICED = ("amount", "quantity", "unit_price")

_invoice_rule = partial(Rule, table="invoices")
_item_rule = partial(Rule, table="items")


def _limit_decimals(table: str, field: str) -> Rule:
    return Rule(
        code="E204",
        table=table,
        field=field,
        inputs=(field,),
        predicate=require_currency_decimals(field),
        derived=("digits",),
        facts=_MONEY_FACTS,
        value=field,
    )


def _check_mark(table: str, field: str) -> Rule:
    mark_fits = f"{field}_mark_fits"
    return Rule(
        code="E221",
        table=table,
        field=field,
        inputs=(field,),
        predicate=require_true(mark_fits),
        derived=(mark_fits,),
        facts={"currency": Computation.CURRENCY},
    )


def _limit_children(table: str, *inputs: str) -> Rule:
    return Rule(
        code="E323",
        table=table,
        inputs=inputs,
        predicate=limit_rows(table),
        derived=("place",),
        facts={"place": "place", "limit": lambda settings: str(settings.max_children[table])},
    )


_INVOICE_RULES = (
    _invoice_rule(code="E301", inputs=("account_number", "account_id"), predicate=has_account),
    *(
        _invoice_rule(
            code="E413",
            field=key,
            inputs=(key,),
            predicate=require_true(f"{key}_known"),
            derived=(f"{key}_known",),
            facts={"near": Computation.NEAR_ACCOUNT},
        )
        for key in ACCOUNT_KEYS
    ),
    _invoice_rule(
        code="E414",
        inputs=ACCOUNT_KEYS,
        predicate=require_true("accounts_agree"),
        derived=("accounts_agree",),
        facts={"accounts": Computation.NAMED_ACCOUNTS},
    ),
    _invoice_rule(
        code="E415",
        inputs=ACCOUNT_KEYS,
        predicate=has_customer,
        derived=("customer", "account_unknown"),
        facts={"reason": Computation.NO_CUSTOMER_REASON},
    ),
    _invoice_rule(
        code="W411",
        field="currency",
        inputs=("currency",),
        predicate=require_true("currency_usual"),
        derived=("currency_usual",),
        facts={"expected": "account_currency"},
    ),
    _invoice_rule(
        code="E307",
        field="invoice_ref",
        inputs=("invoice_ref",),
        predicate=require_false("ref_twice"),
        derived=("ref_twice",),
    ),
    _invoice_rule(
        code="E316",
        field="invoice_number",
        inputs=("invoice_number",),
        predicate=require_false("number_twice"),
        derived=("number_twice",),
        value="number",
    ),
    _invoice_rule(
        code="E314",
        field="currency",
        inputs=("currency",),
        predicate=has_currency,
        derived=("effective_currency",),
    ),
    _invoice_rule(
        code="E305",
        field="due_date",
        inputs=("due_date", "invoice_date"),
        predicate=is_due_after_invoice_date,
        facts={"expected": "invoice_date"},
    ),
    _invoice_rule(
        code="E317",
        field="invoice_ref",
        inputs=("invoice_ref", "invoice_number"),
        predicate=can_be_invoice_number,
        derived=("item_count",),
        facts={
            "form": Computation.NUMBER_FORM,
            "max_length": lambda settings: str(settings.number_max_length),
        },
    ),
    _invoice_rule(
        code="E309",
        inputs=("invoice_ref",),
        predicate=has_items,
        derived=("item_count", "ref_twice"),
        only_with="items",
    ),
    _invoice_rule(
        code="E310",
        inputs=("invoice_ref",),
        predicate=has_allowed_item_count,
        derived=("item_count",),
        facts={"items": "item_count", "limit": lambda settings: str(settings.max_items)},
    ),
    _invoice_rule(
        code="E311",
        inputs=("invoice_ref",),
        predicate=has_nonnegative_total,
        derived=("total",),
        facts={"total": Computation.TOTAL},
    ),
    _invoice_rule(
        code="E351",
        inputs=("invoice_ref",),
        predicate=has_storable_total,
        derived=("total", "effective_currency", "item_count"),
        facts={"total": Computation.TOTAL},
    ),
)


def _iter_contact_rules(contact: str) -> Iterator[Rule]:
    same, contact_id = f"{contact}_same_as_bill_to", f"{contact}_contact_id"
    yield _invoice_rule(
        code="E315",
        field=same,
        inputs=(same, contact_id),
        predicate=reject_second_contact(contact),
        facts={"other": contact_id},
    )
    yield _invoice_rule(
        code="W301",
        field=same,
        inputs=(same, "bill_to_contact_id"),
        predicate=require_bill_to(contact),
        derived=("new_bill_to",),
    )


_ITEM_RULES = (
    _item_rule(
        code="E308",
        field="invoice_ref",
        inputs=("invoice_ref",),
        predicate=require_true("has_invoice"),
        derived=("has_invoice",),
        only_with="invoices",
        facts={"near": Computation.NEAR_REFERENCE},
    ),
    _item_rule(
        code="E313",
        field="item_no",
        inputs=("invoice_ref", "item_no"),
        predicate=require_false("item_no_twice"),
        derived=("item_no_twice",),
    ),
    _item_rule(
        code="E303",
        field="charge_name",
        inputs=("charge_name", "product_rate_plan_charge_id", "catalog_sku"),
        predicate=has_product,
    ),
    _item_rule(
        code="E302",
        field="amount",
        inputs=_PRICED,
        predicate=has_amount,
        derived=("amount_known", "priced_later"),
    ),
    _check_mark("items", "unit_price"),
    _check_mark("items", "amount"),
    _check_mark("discounts", "discount_amount"),
    _check_mark("discounts", "unit_price"),
    _check_mark("taxes", "tax_amount"),
    _check_mark("taxes", "exempt_amount"),
    _limit_decimals("items", "amount"),
    _item_rule(
        code="E304",
        field="amount",
        inputs=_PRICED,
        predicate=has_computed_amount,
        derived=("product", "product_fits"),
        facts={"expected": Computation.PRODUCT},
        warning_code="W304",
        is_warning=lambda settings: settings.mismatch_is_warning,
    ),
    _item_rule(
        code="E312",
        field="amount",
        inputs=_PRICED,
        predicate=has_nonnegative_amount,
        derived=("effective_amount", "has_invoice"),
        value=Computation.TYPED_AMOUNT,
    ),
    _item_rule(
        code="E306",
        field="service_end_date",
        inputs=("service_end_date", "service_start_date"),
        predicate=has_ordered_service_dates,
        facts={"expected": "service_start_date"},
    ),
    *(
        _item_rule(
            code="E325",
            field=field,
            inputs=(field,),
            predicate=reject_second_taxation(field),
            derived=("has_taxes",),
            only_with="taxes",
        )
        for field in ("tax_code", "tax_mode")
    ),
)

_CHILD_RULES = (
    *(
        Rule(
            code="E322",
            table=table,
            field="invoice_ref",
            inputs=("invoice_ref",),
            predicate=require_true("has_invoice"),
            derived=("has_invoice",),
            only_with="invoices",
            facts={"near": Computation.NEAR_REFERENCE},
        )
        for table in ("discounts", "taxes", "rates", "contacts")
    ),
    *(
        Rule(
            code="E320",
            table=table,
            field="item_no",
            inputs=("invoice_ref", "item_no"),
            predicate=require_true("has_item"),
            derived=("has_item",),
        )
        for table in ("discounts", "taxes")
    ),
    Rule(
        code="E321",
        table="taxes",
        field="discount_no",
        inputs=("invoice_ref", "item_no", "discount_no"),
        predicate=require_true("has_discount"),
        derived=("has_discount",),
    ),
    _limit_children("discounts", "invoice_ref", "item_no"),
    _limit_children("taxes", "invoice_ref", "item_no", "discount_no"),
    _limit_children("rates", "invoice_ref"),
    *(
        Rule(
            code="E324",
            table=table,
            field=field,
            inputs=("invoice_ref", field),
            predicate=require_false("twice"),
            derived=("twice",),
        )
        for table, field in (
            ("discounts", "discount_no"),
            ("rates", "rate_currency"),
            ("contacts", "contact_role"),
        )
    ),
    _limit_decimals("discounts", "discount_amount"),
    _limit_decimals("taxes", "tax_amount"),
    _limit_decimals("taxes", "exempt_amount"),
    Rule(
        code="E326",
        table="discounts",
        field="discount_amount",
        inputs=("discount_amount",),
        predicate=has_negative_discount,
    ),
    Rule(
        code="E327",
        table="discounts",
        field="discount_name",
        inputs=("discount_name", "product_rate_plan_charge_id"),
        predicate=has_named_discount,
    ),
    *(
        Rule(
            code="W320",
            table="discounts",
            field=field,
            inputs=(field, "product_rate_plan_charge_id"),
            predicate=reject_field_of_charge(field),
        )
        for field in ("discount_name", "sku")
    ),
    Rule(
        code="E328",
        table="contacts",
        field="contact_role",
        inputs=("contact_role",),
        predicate=require_false("given_otherwise"),
        derived=("given_otherwise",),
    ),
)

RULES: tuple[Rule, ...] = (
    *_INVOICE_RULES,
    *_iter_contact_rules("sold_to"),
    *_iter_contact_rules("ship_to"),
    *_ITEM_RULES,
    *_CHILD_RULES,
    *DRAFT_RULES,
)
"""Every rule, in the order in which failures are reported; a projection names the ones its target needs."""


def select_rules(codes: Collection[str], table: str) -> list[Rule]:
    """Return the rules of a table that a target names.

    Args:
        codes: of the rules that the target names.
        table: the table's name.
    """
    return [rule for rule in RULES if rule.code in codes and rule.table == table]


def select_error_codes(codes: Collection[str], settings: RuleSettings) -> tuple[str, ...]:
    """Return the codes of rules that reject an invoice; the settings make some of the rules warnings.

    Args:
        codes: of the rules that the target names.
        settings: what the settings say about rules.
    """
    warnings = {rule.code for rule in RULES if rule.is_warning(settings)}
    return tuple(code for code in codes if code not in warnings)
