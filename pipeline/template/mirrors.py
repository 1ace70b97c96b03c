"""The rules as conditional formats: what the check would refuse turns red while it is typed.

Input: the tables as the target takes them, the codes of its rules, and what the settings say. Output: formulas of
a spreadsheet, each with the issue code it mirrors and the columns it marks. No macro, no array constant, English
function names, as the file format wants them. What a formula cannot tell without guessing has no mirror: the
check tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from pipeline.template.places import CURRENCIES, DECIMALS, Places
from schemas.fields import Field, Kind, Table
from schemas.tables import EXAMPLE_REF, NO, YES


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


class Mirror(NamedTuple):
    """A formula that is true where a check would fail, written for row 2.

    Attributes:
        code: of the issue.
        fields: whose cells turn red.
        formula: relative to row 2.
    """

    code: str
    fields: tuple[str, ...]
    formula: str


def of_cells(table: Table) -> Iterator[Mirror]:
    """The mirrors of what each cell must be."""
    places = Places(table)
    for field in table:
        for code, formula in _of_cell(field, places):
            yield Mirror(code, (field.name,), formula)


def _of_cell(field: Field, places: Places) -> Iterator[tuple[str, str]]:
    cell = places.cell(field.name)
    filled = f"LEN({cell})>0"
    yield "E214", f"ISERROR({cell})"
    if field.required:
        yield "E201", f"AND({places.begun},{places.blank(field.name)})"
    if field.max_length:
        yield "E208", f"LEN({cell})>{field.max_length}"
    match field.kind:
        case Kind.CHOICE:
            yield "E209", _none_of(cell, field.choices)
        case Kind.BOOLEAN:
            yield "E210", f"AND({_none_of(cell, (*YES, *NO))},NOT(ISLOGICAL({cell})))"
        case Kind.CURRENCY:
            yield "E220", f"AND({filled},ISNA(MATCH({cell},{CURRENCIES},0)))"
        case Kind.NUMBER | Kind.MONEY:
            yield "E202", f"AND({filled},ISERROR({cell}+0))"
        case Kind.DATE:
            first, last = (f"DATE({d.year},{d.month},{d.day})" for d in (field.earliest, field.latest))
            yield "E205", f"AND({filled},NOT(ISNUMBER({cell})),ISERROR(DATEVALUE({cell})))"
            yield "E207", f"AND(ISNUMBER({cell}),OR({cell}<{first},{cell}>={last}+1))"
        case _:
            pass


def not_listed(field: Field, table: Table, listed: str) -> str:
    """Whether a key is none of a list of the catalog; it may be in a newer one, so the check has the last word."""
    cell = Places(table).cell(field.name)
    return f"AND(LEN({cell})>0,ISNA(MATCH({cell},{listed},0)))"


def _none_of(cell: str, choices: Collection[str]) -> str:
    others = ",".join(f'TRIM({cell})<>"{each}"' for each in choices)
    return f"AND(LEN(TRIM({cell}))>0,{others})"


class _Sheets(NamedTuple):
    """What a rule's formula is made of."""

    invoices: Places
    items: Places
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
    sheets = _Sheets(Places(tables["invoices"]), Places(tables["items"]), habits)
    made: dict[str, list[Mirror]] = {"invoices": [], "items": []}
    for rule in _RULES:
        own = sheets.invoices if rule.table == "invoices" else sheets.items
        if rule.code in rules and all(each in own for each in (*rule.fields, *rule.needs)):
            formula = rule.formula(sheets)
            if formula:
                made[rule.table].append(Mirror(rule.code, rule.fields, formula))
    return made


def _twice(own: Places, *names: str) -> str:
    same = "*".join(f"EXACT({own.column(each)},{own.cell(each)})" for each in names)
    filled = ",".join(f"LEN({own.cell(each)})>0" for each in names)
    return f"AND({filled},SUMPRODUCT({same}*1)>1)"


def _absent(own: Places, other: Places) -> str:
    """The reference stands nowhere in the other sheet; the example is left out of account."""
    ref = own.cell("invoice_ref")
    found = f"SUMPRODUCT(EXACT({other.column('invoice_ref')},{ref})*1)"
    return f'AND(LEN({ref})>0,NOT(EXACT({ref},"{EXAMPLE_REF}")),{found}=0)'


def _all_blank(own: Places, *names: str) -> str:
    return f"AND({own.begun},{','.join(own.blank(each) for each in names)})"


def _before(own: Places, later: str, earlier: str) -> str:
    last, first = own.cell(later), own.cell(earlier)
    return f"AND(ISNUMBER({last}),ISNUMBER({first}),{last}<{first})"


def _no_amount(sheets: _Sheets) -> str:
    own = sheets.items
    missing = f"OR({own.blank('quantity')},{own.blank('unit_price')})"
    return f"AND({own.begun},{own.blank('amount')},{missing})"


def _digits(sheets: _Sheets) -> str:
    """The decimals of the currency of the item's invoice; an error where that is unknown."""
    invoices, own = sheets.invoices, sheets.items
    same = f"1/EXACT({invoices.column('invoice_ref')},{own.cell('invoice_ref')})"  # r1 is not R1
    found = f'LOOKUP(2,{same},{invoices.column("currency")})&""'
    default = sheets.habits.currency
    currency = f'IF({found}="","{default}",{found})' if default else found
    return f"INDEX({DECIMALS},MATCH({currency},{CURRENCIES},0))"


def _not_product(sheets: _Sheets) -> str:
    """The amount is not the product, rounded to the decimals of the currency of the item's invoice."""
    amount, quantity, price = (sheets.items.cell(each) for each in ("amount", "quantity", "unit_price"))
    numbers = ",".join(f"ISNUMBER({each})" for each in (amount, quantity, price))
    apart = f"ABS(ROUND({quantity}*{price},{_digits(sheets)})-{amount})"
    return f"AND({numbers},IFERROR({apart}>{sheets.habits.tolerance}+{_NOISE},FALSE))"


def _too_fine(sheets: _Sheets) -> str:
    """The amount has more decimals than its currency."""
    amount = sheets.items.cell("amount")
    fine = f"ABS(ROUND({amount},{_digits(sheets)})-{amount})>{_NOISE}"
    return f"AND(ISNUMBER({amount}),IFERROR({fine},FALSE))"


def _negative(sheets: _Sheets) -> str:
    """The amount, given or computed, is below zero."""
    amount, quantity, price = (sheets.items.cell(each) for each in ("amount", "quantity", "unit_price"))
    computed = (
        f"AND(LEN({amount})=0,ISNUMBER({quantity}),ISNUMBER({price}),IFERROR({quantity}*{price}<0,FALSE))"
    )
    return "" if sheets.habits.negatives else f"OR(AND(ISNUMBER({amount}),{amount}<0),{computed})"


_NOISE = "0.0000001"
"""Less than any difference that somebody typed, more than what binary numbers are off by."""

_RULES = (
    _Rule(
        "E301", "invoices", ("account_number", "account_id"), (),
        lambda sheets: _all_blank(sheets.invoices, "account_number", "account_id"),
    ),
    _Rule(
        "E305", "invoices", ("due_date",), ("invoice_date",),
        lambda sheets: _before(sheets.invoices, "due_date", "invoice_date"),
    ),
    _Rule("E307", "invoices", ("invoice_ref",), (), lambda sheets: _twice(sheets.invoices, "invoice_ref")),
    _Rule("E309", "invoices", ("invoice_ref",), (), lambda sheets: _absent(sheets.invoices, sheets.items)),
    _Rule("E316", "invoices", ("invoice_number",), (), lambda sheets: _twice(sheets.invoices, "invoice_number")),
    _Rule("E302", "items", ("amount",), ("quantity", "unit_price"), _no_amount),
    _Rule(
        "E303", "items", ("catalog_sku", "product_rate_plan_charge_id", "charge_name"), (),
        lambda sheets: _all_blank(sheets.items, "catalog_sku", "product_rate_plan_charge_id", "charge_name"),
    ),
    _Rule("E204", "items", ("amount",), (), _too_fine),
    _Rule("E304", "items", ("amount",), ("quantity", "unit_price"), _not_product),
    _Rule(
        "E306", "items", ("service_end_date",), ("service_start_date",),
        lambda sheets: _before(sheets.items, "service_end_date", "service_start_date"),
    ),
    _Rule("E308", "items", ("invoice_ref",), (), lambda sheets: _absent(sheets.items, sheets.invoices)),
    _Rule("E312", "items", ("amount",), ("quantity", "unit_price"), _negative),
    _Rule("E313", "items", ("item_no",), (), lambda sheets: _twice(sheets.items, "invoice_ref", "item_no")),
)  # fmt: skip
"""Every rule that a formula can tell; a target's own rules without a mirror are told by the check."""
