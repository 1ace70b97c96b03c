"""Rules across cells, rows and sheets as conditional formats: what a check would refuse turns red while typing.

Input: the tables as the target takes them, the codes of its rules, and what the settings say. Output: formulas of
a spreadsheet, each with the issue code it mirrors and the columns it marks. No macro, no array constant, English
function names, as the file format wants them. What a formula cannot tell without guessing has no mirror: the
check tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from pipeline.template.cell_mirrors import Mirror
from pipeline.template.places import CURRENCIES, DECIMALS, Places
from schemas.fields import Table
from schemas.tables import EXAMPLE_REF

BRANCHES = ("discounts", "taxes", "rates", "contacts")
"""Tables whose rows hang on an item or an invoice."""


class Habits(NamedTuple):
    """What the settings say that a formula must know.

    Attributes:
        currency: of an invoice whose currency is blank; empty for none.
        tolerance: by how much an amount may differ from quantity times unit price.
        negatives: whether an item may be negative.
    """

    currency: str = ""
    tolerance: Decimal = Decimal(0)
    negatives: bool = False


class _Sheets(NamedTuple):
    """What a rule's formula is made of: the table it judges, all tables by name, and the settings."""

    own: Places
    of: Mapping[str, Places]
    habits: Habits


class _Rule(NamedTuple):
    """A mirror of a rule, before it is known whether the target has its fields."""

    code: str
    table: str
    fields: tuple[str, ...]
    needs: tuple[str, ...]
    formula: Callable[[_Sheets], str]


def of_rows(tables: Mapping[str, Table], rules: Collection[str], habits: Habits) -> dict[str, list[Mirror]]:
    """The mirrors of rules across cells, rows and sheets, by table; only what the target asks for.

    Args:
        tables: as the target takes them, by name.
        rules: codes of the rules that apply.
        habits: what the settings say.
    """
    places = {name: Places(table) for name, table in tables.items()}
    made: dict[str, list[Mirror]] = {name: [] for name in tables}
    for rule in _RULES:
        own = places.get(rule.table)
        if own and rule.code in rules and all(each in own for each in (*rule.fields, *rule.needs)):
            formula = rule.formula(_Sheets(own, places, habits))
            if formula:
                made[rule.table].append(Mirror(rule.code, rule.fields, formula))
    return made


def _same(columns: Places, cells: Places, *names: str) -> str:
    """How many rows of a table have in some columns what the judged row has, to the letter."""
    return f"SUMPRODUCT({'*'.join(f'EXACT({columns.column(n)},{cells.cell(n)})' for n in names)}*1)"


def _filled(own: Places, *names: str) -> str:
    return ",".join(f"LEN({own.cell(each)})>0" for each in names)


def _twice(*names: str) -> Callable[[_Sheets], str]:
    return lambda sheets: f"AND({_filled(sheets.own, *names)},{_same(sheets.own, sheets.own, *names)}>1)"


def _absent(other: str, *names: str, within: str = "") -> Callable[[_Sheets], str]:
    """What the row names stands nowhere in another sheet, while that which would hold it is there.

    Args:
        other: the table that should have a row with the same names.
        names: fields of both tables.
        within: the table that must have a row with all but the last name: else that is the fault to be told.
    """

    def formula(sheets: _Sheets) -> str:
        """Whether all names are filled, and no row of the other sheet has them; the example never counts."""
        example = f'EXACT({sheets.own.cell(names[0])},"{EXAMPLE_REF}")'
        held = f",{_same(sheets.of[within], sheets.own, *names[:-1])}>0" if within else ""
        found = _same(sheets.of[other], sheets.own, *names)
        return f"AND({_filled(sheets.own, *names)},NOT({example}){held},{found}=0)"

    return formula


def _all_blank(*names: str) -> Callable[[_Sheets], str]:
    return lambda sheets: f"AND({sheets.own.begun},{','.join(sheets.own.blank(each) for each in names)})"


def _before(later: str, earlier: str) -> Callable[[_Sheets], str]:
    def formula(sheets: _Sheets) -> str:
        """Whether both are dates in the wrong order."""
        last, first = sheets.own.cell(later), sheets.own.cell(earlier)
        return f"AND(ISNUMBER({last}),ISNUMBER({first}),{last}<{first})"

    return formula


def _no_amount(sheets: _Sheets) -> str:
    own = sheets.own
    missing = f"OR({own.blank('quantity')},{own.blank('unit_price')})"
    return f"AND({own.begun},{own.blank('amount')},{missing})"


def _digits(sheets: _Sheets) -> str:
    """The decimals of the currency of the row's invoice; an error where that is unknown."""
    invoices = sheets.of["invoices"]
    same = f"1/EXACT({invoices.column('invoice_ref')},{sheets.own.cell('invoice_ref')})"  # r1 is not R1
    found = f'LOOKUP(2,{same},{invoices.column("currency")})&""'
    default = sheets.habits.currency
    currency = f'IF({found}="","{default}",{found})' if default else found
    return f"INDEX({DECIMALS},MATCH({currency},{CURRENCIES},0))"


def _not_product(sheets: _Sheets) -> str:
    """The amount is not the product, rounded to the decimals of the currency of the item's invoice."""
    amount, quantity, price = (sheets.own.cell(each) for each in ("amount", "quantity", "unit_price"))
    numbers = ",".join(f"ISNUMBER({each})" for each in (amount, quantity, price))
    apart = f"ABS(ROUND({quantity}*{price},{_digits(sheets)})-{amount})"
    return f"AND({numbers},IFERROR({apart}>{sheets.habits.tolerance}+{_NOISE},FALSE))"


def _too_fine(name: str) -> Callable[[_Sheets], str]:
    def formula(sheets: _Sheets) -> str:
        """Whether an amount has more decimals than its currency."""
        amount = sheets.own.cell(name)
        fine = f"ABS(ROUND({amount},{_digits(sheets)})-{amount})>{_NOISE}"
        return f"AND(ISNUMBER({amount}),IFERROR({fine},FALSE))"

    return formula


def _negative(sheets: _Sheets) -> str:
    """The amount, given or computed, is below zero."""
    amount, quantity, price = (sheets.own.cell(each) for each in ("amount", "quantity", "unit_price"))
    product = f"IFERROR({quantity}*{price}<0,FALSE)"
    computed = f"AND(LEN({amount})=0,ISNUMBER({quantity}),ISNUMBER({price}),{product})"
    return "" if sheets.habits.negatives else f"OR(AND(ISNUMBER({amount}),{amount}<0),{computed})"


def _not_negative(sheets: _Sheets) -> str:
    amount = sheets.own.cell("discount_amount")
    return f"AND(ISNUMBER({amount}),{amount}>=0)"


_NOISE = "0.0000001"
"""Less than any difference that somebody typed, more than what binary numbers are off by."""

_REF, _ITEM = "invoice_ref", "item_no"
_PRICED = ("quantity", "unit_price")
_ACCOUNT = ("account_number", "account_id")
_SOLD = ("catalog_sku", "product_rate_plan_charge_id", "charge_name")
_DISCOUNT = (_REF, _ITEM, "discount_no")
_NAMED = ("discount_name", "product_rate_plan_charge_id")
_ENDS, _STARTS = "service_end_date", "service_start_date"

_RULES = (
    _Rule("E301", "invoices", _ACCOUNT, (), _all_blank(*_ACCOUNT)),
    _Rule("E305", "invoices", ("due_date",), ("invoice_date",), _before("due_date", "invoice_date")),
    _Rule("E307", "invoices", (_REF,), (), _twice(_REF)),
    _Rule("E309", "invoices", (_REF,), (), _absent("items", _REF)),
    _Rule("E316", "invoices", ("invoice_number",), (), _twice("invoice_number")),
    _Rule("E302", "items", ("amount",), _PRICED, _no_amount),
    _Rule("E303", "items", _SOLD, (), _all_blank(*_SOLD)),
    _Rule("E204", "items", ("amount",), (), _too_fine("amount")),
    _Rule("E304", "items", ("amount",), _PRICED, _not_product),
    _Rule("E306", "items", (_ENDS,), (_STARTS,), _before(_ENDS, _STARTS)),
    _Rule("E308", "items", (_REF,), (), _absent("invoices", _REF)),
    _Rule("E312", "items", ("amount",), _PRICED, _negative),
    _Rule("E313", "items", (_ITEM,), (), _twice(_REF, _ITEM)),
    *(_Rule("E322", each, (_REF,), (), _absent("invoices", _REF)) for each in BRANCHES),
    *(
        _Rule("E320", each, (_ITEM,), (), _absent("items", _REF, _ITEM, within="invoices"))
        for each in ("discounts", "taxes")
    ),
    _Rule("E321", "taxes", ("discount_no",), (), _absent("discounts", *_DISCOUNT, within="items")),
    _Rule("E324", "discounts", ("discount_no",), (), _twice(*_DISCOUNT)),
    _Rule("E324", "rates", ("rate_currency",), (), _twice(_REF, "rate_currency")),
    _Rule("E324", "contacts", ("contact_role",), (), _twice(_REF, "contact_role")),
    _Rule("E204", "discounts", ("discount_amount",), (), _too_fine("discount_amount")),
    _Rule("E204", "taxes", ("tax_amount",), (), _too_fine("tax_amount")),
    _Rule("E204", "taxes", ("exempt_amount",), (), _too_fine("exempt_amount")),
    _Rule("E326", "discounts", ("discount_amount",), (), _not_negative),
    _Rule("E327", "discounts", _NAMED, (), _all_blank(*_NAMED)),
)
"""Every rule that a formula can tell; a target's own rules without a mirror are told by the check."""
