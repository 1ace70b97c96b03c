"""The sheet Control: what is expected, typed by hand, beside what is counted, for the eye.

Input: the tables, and what the settings say. Output: a filled worksheet. Its formulas are never read: a result
would agree with whatever stands in the sheets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xlsxwriter.worksheet import Worksheet

from pipeline.language import say
from pipeline.template.looks import CHARACTERS_A_PAGE, Looks, printed
from pipeline.template.mirrors import Habits
from pipeline.template.places import CURRENCIES, DECIMALS, Places
from pipeline.template.sheet import comment, header
from schemas.control import AMOUNT, CONTROL, INVOICES, ITEMS
from schemas.fields import Kind, Table
from schemas.tables import EXAMPLE_REF, INVOICE_REF, NOTE_MARK

_AMOUNTS = 8
"""Currencies that a template has room for; further rows may be typed below."""

_MEASURES = (INVOICES, ITEMS, *[AMOUNT] * _AMOUNTS)
_DIFFERS = 'AND($C2<>"",IFERROR(ABS($D2-$C2)>0.0000001,TRUE))'
_AGREES = 'AND($C2<>"",IFERROR(ABS($D2-$C2)<=0.0000001,FALSE))'


def fill(sheet: Worksheet, formulas: list[str], edition: str, looks: Looks) -> None:
    """Headers, a row for each measure, and the edition of the template.

    Args:
        sheet: to fill.
        formulas: what is counted, row by row, as `formulas` gives them.
        edition: the name of the template.
        looks: the formats.
    """
    _head(sheet, looks)
    sheet.write_string(1, 5, edition, looks.examples[Kind.TEXT])
    for row, (measure, formula) in enumerate(zip(_MEASURES, formulas, strict=True), 1):
        _row(sheet, row, measure, formula, looks)
    last = len(_MEASURES)
    sheet.data_validation(3, 1, last, 1, {"validate": "list", "source": f"={CURRENCIES}"})
    for criteria, look in ((_DIFFERS, looks.wrong), (_AGREES, looks.right)):
        sheet.conditional_format(
            1, 3, last, 4, {"type": "formula", "criteria": f"={criteria}", "format": look}
        )
    sheet.freeze_panes(1, 0)
    printed(sheet, CHARACTERS_A_PAGE)


def _head(sheet: Worksheet, looks: Looks) -> None:
    asked = ("measure", "currency", "expected")
    notes = (f"{NOTE_MARK} {say('Counted')}", f"{NOTE_MARK} {say('Difference')}")
    texts = (*(header(CONTROL[each]) for each in asked), *notes, header(CONTROL["template"]))
    for column, text in enumerate(texts):
        sheet.write_string(0, column, text, looks.required if column in (0, 2) else looks.header)
    for column, name in enumerate(asked):
        sheet.write_comment(0, column, comment(CONTROL[name]), {"x_scale": 2.2})
    sheet.set_column(0, 1, 12, looks.kinds[Kind.TEXT])
    sheet.set_column(2, 4, 18, looks.kinds[Kind.MONEY])
    sheet.set_column(5, 5, 18, looks.kinds[Kind.TEXT])


def _row(sheet: Worksheet, row: int, measure: str, formula: str, looks: Looks) -> None:
    money = measure == AMOUNT
    counted = looks.kinds[Kind.MONEY] if money else looks.count
    sheet.write_string(row, 0, measure, looks.kinds[Kind.TEXT])
    if money:
        sheet.write_blank(row, 1, None, looks.asked_text)
    sheet.write_blank(row, 2, None, looks.asked if money else looks.asked_count)
    sheet.write_formula(row, 3, formula, counted, "" if money else 0)
    apart = f'=IF(C{row + 1}="","",IFERROR(D{row + 1}-C{row + 1},"?"))'
    sheet.write_formula(row, 4, apart, counted, "")


def formulas(tables: Mapping[str, Table], habits: Habits) -> list[str]:
    """What is counted beside each measure.

    Args:
        tables: as the target takes them, by name.
        habits: what the settings say.
    """
    places = {name: Places(table) for name, table in tables.items()}
    counted = [
        (places[name], table.amount) for name, table in tables.items() if table.amount and not table.on_top
    ]
    return [
        *(_rows(places[name]) for name in ("invoices", "items")),
        *(_summed(places, counted, row, habits) for row in range(4, 4 + _AMOUNTS)),
    ]


def _rows(places: Places) -> str:
    """Rows with a reference; the example and notes are none."""
    refs = places.column(INVOICE_REF.name)
    rows = f'(LEN({refs})>0)*(LEFT({refs},1)<>"{NOTE_MARK}")*({refs}<>"{EXAMPLE_REF}")'
    return f"=SUMPRODUCT({rows})"


def _summed(
    places: Mapping[str, Places], counted: Iterable[tuple[Places, str]], row: int, habits: Habits
) -> str:
    """The amounts, given or computed, of rows whose invoice is in the currency of this row."""
    items = places["items"]
    amount, quantity, price = (items.column(each) for each in ("amount", "quantity", "unit_price"))
    digits = f"INDEX({DECIMALS},MATCH($B{row},{CURRENCIES},0))"
    sums = [(items, f"{amount}+(LEN({amount})=0)*ROUND({quantity}*{price},{digits})")]
    sums += [(each, each.column(name)) for each, name in counted]
    parts = (
        f"SUMPRODUCT({_mine(places['invoices'], each, row, habits)}*({own_sum}))" for each, own_sum in sums
    )
    return f'=IF($B{row}="","",IFERROR({"+".join(parts)},"?"))'


def _mine(invoices: Places, own: Places, row: int, habits: Habits) -> str:
    """Whether the invoice of a row is in the currency of this row of Control."""
    refs, theirs = own.column(INVOICE_REF.name), invoices.column(INVOICE_REF.name)
    currencies = invoices.column("currency")
    known = f'COUNTIFS({theirs},"="&{refs},{currencies},$B{row})'
    if habits.currency:
        known += f'+($B{row}="{habits.currency}")*COUNTIFS({theirs},"="&{refs},{currencies},"=")'
    return f'({known}>0)*(LEN({refs})>0)*({refs}<>"{EXAMPLE_REF}")'
