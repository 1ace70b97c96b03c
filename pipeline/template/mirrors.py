"""The rules as conditional formats: what the check would refuse turns red while it is typed.

Input: the tables as the target takes them, and the codes of its rules. Output: formulas of a spreadsheet, each
with the issue code it mirrors and the columns it marks. No macro, no array constant, English function names, as
the file format wants them. What a formula cannot tell without guessing has no mirror: the check tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from schemas.fields import Field, Kind, Table
from schemas.tables import EXAMPLE_REF, NO, YES

LAST_ROW = 20_000
"""Help while typing reaches to this row; the check itself knows no such end."""

CURRENCIES, DECIMALS = "currencies", "currency_decimals"
"""The defined names of the list of currencies, and of the decimals of each."""


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


def letters(index: int) -> str:
    """The column as a spreadsheet names it: 0 is A, 26 is AA."""
    name, rest = "", index + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        name = chr(65 + digit) + name
    return name


class Places:
    """Where the cells of a table stand, as formulas name them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._letters = {each.name: letters(at) for at, each in enumerate(table)}

    def __contains__(self, name: str) -> bool:
        return name in self._letters

    def cell(self, name: str) -> str:
        """The cell of a field in the row that is judged."""
        return f"${self._letters[name]}2"

    def column(self, name: str) -> str:
        """All cells of a field."""
        letter = self._letters[name]
        return f"'{self._table.label}'!${letter}$2:${letter}${LAST_ROW}"

    def blank(self, name: str) -> str:
        """Whether the cell is blank."""
        return f"LEN(TRIM({self.cell(name)}))=0"

    @property
    def begun(self) -> str:
        """Whether anything stands in the row."""
        return f"COUNTA($A2:${letters(len(self._letters) - 1)}2)>0"


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


def _none_of(cell: str, choices: Collection[str]) -> str:
    others = ",".join(f'TRIM({cell})<>"{each}"' for each in choices)
    return f"AND(LEN(TRIM({cell}))>0,{others})"


class _Rule(NamedTuple):
    """A mirror of a rule, before it is known whether the target has its fields."""

    code: str
    table: str
    fields: tuple[str, ...]
    needs: tuple[str, ...]
    formula: Callable[[Places, Places], str]


def of_rows(tables: Mapping[str, Table], rules: Collection[str]) -> dict[str, list[Mirror]]:
    """The mirrors of rules across cells, rows and sheets, by table; only what the target asks for.

    Args:
        tables: as the target takes them, by name.
        rules: codes of the rules that apply.
    """
    invoices, items = Places(tables["invoices"]), Places(tables["items"])
    made: dict[str, list[Mirror]] = {"invoices": [], "items": []}
    for rule in _RULES:
        own = invoices if rule.table == "invoices" else items
        if rule.code in rules and all(each in own for each in (*rule.fields, *rule.needs)):
            made[rule.table].append(Mirror(rule.code, rule.fields, rule.formula(invoices, items)))
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


def _no_amount(_: Places, own: Places) -> str:
    missing = f"OR({own.blank('quantity')},{own.blank('unit_price')})"
    return f"AND({own.begun},{own.blank('amount')},{missing})"


def _not_product(invoices: Places, own: Places) -> str:
    """The amount is not the product, rounded to the decimals of the currency of the item's invoice."""
    amount, quantity, price = (own.cell(each) for each in ("amount", "quantity", "unit_price"))
    numbers = ",".join(f"ISNUMBER({each})" for each in (amount, quantity, price))
    digits = "2"
    if "currency" in invoices:
        same = f"1/EXACT({invoices.column('invoice_ref')},{own.cell('invoice_ref')})"  # r1 is not R1
        currency = f"LOOKUP(2,{same},{invoices.column('currency')})"
        digits = f"IFERROR(INDEX({DECIMALS},MATCH({currency},{CURRENCIES},0)),2)"
    return f"AND({numbers},ABS(ROUND({quantity}*{price},{digits})-{amount})>0.0000001)"


_RULES = (
    _Rule(
        "E301", "invoices", ("account_number", "account_id"), (),
        lambda own, _: _all_blank(own, "account_number", "account_id"),
    ),
    _Rule(
        "E305", "invoices", ("due_date",), ("invoice_date",),
        lambda own, _: _before(own, "due_date", "invoice_date"),
    ),
    _Rule("E307", "invoices", ("invoice_ref",), (), lambda own, _: _twice(own, "invoice_ref")),
    _Rule("E309", "invoices", ("invoice_ref",), (), _absent),
    _Rule("E316", "invoices", ("invoice_number",), (), lambda own, _: _twice(own, "invoice_number")),
    _Rule("E302", "items", ("amount",), ("quantity", "unit_price"), _no_amount),
    _Rule(
        "E303", "items", ("catalog_sku", "product_rate_plan_charge_id", "charge_name"), (),
        lambda _, own: _all_blank(own, "catalog_sku", "product_rate_plan_charge_id", "charge_name"),
    ),
    _Rule("E304", "items", ("amount",), ("quantity", "unit_price"), _not_product),
    _Rule(
        "E306", "items", ("service_end_date",), ("service_start_date",),
        lambda _, own: _before(own, "service_end_date", "service_start_date"),
    ),
    _Rule("E308", "items", ("invoice_ref",), (), lambda invoices, own: _absent(own, invoices)),
    _Rule("E313", "items", ("item_no",), (), lambda _, own: _twice(own, "invoice_ref", "item_no")),
)  # fmt: skip
"""Every rule that a formula can tell; a target's own rules without a mirror are told by the check."""
