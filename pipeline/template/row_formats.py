"""Conditional formats for rules across cells, rows and sheets: what a check would reject turns red.

In: the tables as the target takes them, the codes of its rules, and the settings.
Out: formulas, each with the issue code it stands for and the columns it marks; with English function names,
as the file format has them.
Never: uses a macro or an array constant, or guesses: what a formula cannot decide is left to the check.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from pipeline.template.cell_formats import ConditionalFormat
from pipeline.template.named_ranges import CURRENCIES_NAME, CURRENCY_DECIMALS_NAME, TableRanges
from schemas.fields import Table
from schemas.tables.common import EXAMPLE_REF

CHILD_TABLES = ("discounts", "taxes", "rates", "contacts")
"""Tables whose rows belong to an item or an invoice."""


class FormulaSettings(NamedTuple):
    """The settings that formulas depend on.

    Attributes:
        currency: of an invoice whose currency is blank; empty for none.
        tolerance: by how much an amount may differ from quantity times unit price.
        negatives: whether an item may be negative.
    """

    currency: str = ""
    tolerance: Decimal = Decimal(0)
    negatives: bool = False


class _FormulaContext(NamedTuple):
    """What a rule's formula is made of.

    Attributes:
        ranges: of the table it checks.
        ranges_of: of all tables, by name.
        settings: that it depends on.
    """

    ranges: TableRanges
    ranges_of: Mapping[str, TableRanges]
    settings: FormulaSettings


class _RowCondition(NamedTuple):
    """A rule as a formula; it applies only where the target has the fields it marks and needs."""

    code: str
    table: str
    fields: tuple[str, ...]
    needs: tuple[str, ...]
    build_formula: Callable[[_FormulaContext], str]


def build_row_formats(
    tables: Mapping[str, Table], rules: Collection[str], settings: FormulaSettings
) -> dict[str, list[ConditionalFormat]]:
    """Return the conditional formats of each table, for the rules that the target has.

    Args:
        tables: as the target takes them, by name.
        rules: codes of the rules that apply.
        settings: what the settings say.
    """
    ranges_of = {name: TableRanges(table) for name, table in tables.items()}
    formats: dict[str, list[ConditionalFormat]] = {name: [] for name in tables}
    for condition in _ROW_CONDITIONS:
        ranges = ranges_of.get(condition.table)
        if ranges is None or condition.code not in rules:
            continue
        if all(field in ranges for field in (*condition.fields, *condition.needs)):
            formula = condition.build_formula(_FormulaContext(ranges, ranges_of, settings))
            if formula:
                formats[condition.table].append(ConditionalFormat(condition.code, condition.fields, formula))
    return formats


def _count_matches(columns: TableRanges, cells: TableRanges, *names: str) -> str:
    """Return how many rows of a table equal the checked row in some columns, to the letter.

    EXACT, since COUNTIF takes `r1` for `R1`, and `*` in a value for anything.
    """
    matches = [f"EXACT({columns.get_column_name(name)},{cells.get_cell(name)})" for name in names]
    return f"SUMPRODUCT({'*'.join(matches)}*1)"


def _match_filled(ranges: TableRanges, *names: str) -> str:
    return ",".join(f"LEN({ranges.get_cell(name)})>0" for name in names)


def _match_duplicate(*names: str) -> Callable[[_FormulaContext], str]:
    def build_formula(context: _FormulaContext) -> str:
        matches = _count_matches(context.ranges, context.ranges, *names)
        return f"AND({_match_filled(context.ranges, *names)},{matches}>1)"

    return build_formula


def _match_missing(other_table: str, *names: str, within: str = "") -> Callable[[_FormulaContext], str]:
    """Match rows whose reference to another sheet has no row there (a missing foreign key).

    Args:
        other_table: the table that should have a row with the same names.
        names: fields of both tables.
        within: the table that must have a row with all but the last name; else that is the fault.
    """

    def build_formula(context: _FormulaContext) -> str:
        # The example row is never imported, so what it names may be missing.
        example = f'EXACT({context.ranges.get_cell(names[0])},"{EXAMPLE_REF}")'
        parent_condition = (
            f",{_count_matches(context.ranges_of[within], context.ranges, *names[:-1])}>0" if within else ""
        )
        matches = _count_matches(context.ranges_of[other_table], context.ranges, *names)
        return f"AND({_match_filled(context.ranges, *names)},NOT({example}){parent_condition},{matches}=0)"

    return build_formula


def _match_all_blank(*names: str) -> Callable[[_FormulaContext], str]:
    def build_formula(context: _FormulaContext) -> str:
        tests = [context.ranges.build_blank_test(name) for name in names]
        return f"AND({context.ranges.content_test},{','.join(tests)})"

    return build_formula


def _match_wrong_order(later: str, earlier: str) -> Callable[[_FormulaContext], str]:
    def build_formula(context: _FormulaContext) -> str:
        last, first = context.ranges.get_cell(later), context.ranges.get_cell(earlier)
        return f"AND(ISNUMBER({last}),ISNUMBER({first}),{last}<{first})"

    return build_formula


def _match_no_amount(context: _FormulaContext) -> str:
    ranges = context.ranges
    missing = f"OR({ranges.build_blank_test('quantity')},{ranges.build_blank_test('unit_price')})"
    return f"AND({ranges.content_test},{ranges.build_blank_test('amount')},{missing})"


def _look_up_decimals(context: _FormulaContext) -> str:
    """Return the decimals of the currency of the row's invoice; an error where that is unknown."""
    invoices = context.ranges_of["invoices"]
    refs, ref = invoices.get_column_name("invoice_ref"), context.ranges.get_cell("invoice_ref")
    same_invoice = f"1/EXACT({refs},{ref})"  # r1 is not R1; LOOKUP passes over the errors of all others
    invoice_currency = f'LOOKUP(2,{same_invoice},{invoices.get_column_name("currency")})&""'
    default = context.settings.currency
    currency = f'IF({invoice_currency}="","{default}",{invoice_currency})' if default else invoice_currency
    return f"INDEX({CURRENCY_DECIMALS_NAME},MATCH({currency},{CURRENCIES_NAME},0))"


def _match_not_product(context: _FormulaContext) -> str:
    """Match amounts that are not quantity times unit price, rounded to the decimals of the currency."""
    amount, quantity, price = (context.ranges.get_cell(name) for name in ("amount", "quantity", "unit_price"))
    numbers = ",".join(f"ISNUMBER({cell})" for cell in (amount, quantity, price))
    difference = f"ABS(ROUND({quantity}*{price},{_look_up_decimals(context)})-{amount})"
    return f"AND({numbers},IFERROR({difference}>{context.settings.tolerance}+{_TOLERANCE},FALSE))"


def _match_too_many_decimals(name: str) -> Callable[[_FormulaContext], str]:
    def build_formula(context: _FormulaContext) -> str:
        amount = context.ranges.get_cell(name)
        excess = f"ABS(ROUND({amount},{_look_up_decimals(context)})-{amount})>{_TOLERANCE}"
        return f"AND(ISNUMBER({amount}),IFERROR({excess},FALSE))"

    return build_formula


def _match_negative(context: _FormulaContext) -> str:
    """Return the condition that the amount, given or computed, is below zero; "" where that is allowed."""
    amount, quantity, price = (context.ranges.get_cell(name) for name in ("amount", "quantity", "unit_price"))
    product = f"IFERROR({quantity}*{price}<0,FALSE)"
    computed = f"AND(LEN({amount})=0,ISNUMBER({quantity}),ISNUMBER({price}),{product})"
    return "" if context.settings.negatives else f"OR(AND(ISNUMBER({amount}),{amount}<0),{computed})"


def _match_not_negative(context: _FormulaContext) -> str:
    amount = context.ranges.get_cell("discount_amount")
    return f"AND(ISNUMBER({amount}),{amount}>=0)"


_TOLERANCE = "0.0000001"
"""Less than any difference that somebody typed, more than what binary numbers are off by."""

_INVOICE_REF, _ITEM_NO = "invoice_ref", "item_no"
_PRICE_FIELDS = ("quantity", "unit_price")
_ACCOUNT_FIELDS = ("account_number", "account_id")
_CHARGE_FIELDS = ("catalog_sku", "product_rate_plan_charge_id", "charge_name")
_DISCOUNT_KEY = (_INVOICE_REF, _ITEM_NO, "discount_no")
_DISCOUNT_NAMES = ("discount_name", "product_rate_plan_charge_id")
_SERVICE_END, _SERVICE_START = "service_end_date", "service_start_date"

_ROW_CONDITIONS = (
    _RowCondition("E301", "invoices", _ACCOUNT_FIELDS, (), _match_all_blank(*_ACCOUNT_FIELDS)),
    _RowCondition(
        "E305", "invoices", ("due_date",), ("invoice_date",), _match_wrong_order("due_date", "invoice_date")
    ),
    _RowCondition("E307", "invoices", (_INVOICE_REF,), (), _match_duplicate(_INVOICE_REF)),
    _RowCondition("E309", "invoices", (_INVOICE_REF,), (), _match_missing("items", _INVOICE_REF)),
    _RowCondition("E316", "invoices", ("invoice_number",), (), _match_duplicate("invoice_number")),
    _RowCondition("E302", "items", ("amount",), _PRICE_FIELDS, _match_no_amount),
    _RowCondition("E303", "items", _CHARGE_FIELDS, (), _match_all_blank(*_CHARGE_FIELDS)),
    _RowCondition("E204", "items", ("amount",), (), _match_too_many_decimals("amount")),
    _RowCondition("E304", "items", ("amount",), _PRICE_FIELDS, _match_not_product),
    _RowCondition(
        "E306", "items", (_SERVICE_END,), (_SERVICE_START,), _match_wrong_order(_SERVICE_END, _SERVICE_START)
    ),
    _RowCondition("E308", "items", (_INVOICE_REF,), (), _match_missing("invoices", _INVOICE_REF)),
    _RowCondition("E312", "items", ("amount",), _PRICE_FIELDS, _match_negative),
    _RowCondition("E313", "items", (_ITEM_NO,), (), _match_duplicate(_INVOICE_REF, _ITEM_NO)),
    *(
        _RowCondition("E322", table, (_INVOICE_REF,), (), _match_missing("invoices", _INVOICE_REF))
        for table in CHILD_TABLES
    ),
    *(
        _RowCondition(
            "E320", table, (_ITEM_NO,), (), _match_missing("items", _INVOICE_REF, _ITEM_NO, within="invoices")
        )
        for table in ("discounts", "taxes")
    ),
    _RowCondition(
        "E321", "taxes", ("discount_no",), (), _match_missing("discounts", *_DISCOUNT_KEY, within="items")
    ),
    _RowCondition("E324", "discounts", ("discount_no",), (), _match_duplicate(*_DISCOUNT_KEY)),
    _RowCondition("E324", "rates", ("rate_currency",), (), _match_duplicate(_INVOICE_REF, "rate_currency")),
    _RowCondition("E324", "contacts", ("contact_role",), (), _match_duplicate(_INVOICE_REF, "contact_role")),
    _RowCondition("E204", "discounts", ("discount_amount",), (), _match_too_many_decimals("discount_amount")),
    _RowCondition("E204", "taxes", ("tax_amount",), (), _match_too_many_decimals("tax_amount")),
    _RowCondition("E204", "taxes", ("exempt_amount",), (), _match_too_many_decimals("exempt_amount")),
    _RowCondition("E326", "discounts", ("discount_amount",), (), _match_not_negative),
    _RowCondition("E327", "discounts", _DISCOUNT_NAMES, (), _match_all_blank(*_DISCOUNT_NAMES)),
)
"""Every rule that a formula can decide; the rest is left to the check."""
