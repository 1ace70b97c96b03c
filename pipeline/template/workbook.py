"""A workbook to fill: Instructions, a sheet for each table, Control; and lists that nobody sees.

Input: the tables as a target takes them, the codes of its rules, and what the catalog offers. Output: the bytes
of a workbook without macros, the same for the same input. Identifiers are formatted as text, so that the
spreadsheet keeps `00123` as it is; choices drop down; what the check would refuse turns red.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipeline.language import say
from pipeline.template.fields import limits
from pipeline.template.mirrors import (
    CURRENCIES,
    DECIMALS,
    LAST_ROW,
    Mirror,
    Places,
    letters,
    of_cells,
    of_rows,
)
from schemas.control import AMOUNT, CONTROL, INVOICES, ITEMS
from schemas.currencies import DIGITS
from schemas.fields import Field, Kind, Table
from schemas.tables import EXAMPLE_REF, INVOICE_REF

MOST_LISTED = 20_000
"""Keys of the catalog that drop down; of a larger catalog the check knows all."""

_LISTS = "Lists"
_CREATED = datetime(2026, 1, 1)
_FORMATS = {
    Kind.NUMBER: "#,##0.00#######",
    Kind.MONEY: "#,##0.00##",
    Kind.DATE: "yyyy-mm-dd",
    Kind.DATETIME: "yyyy-mm-dd hh:mm:ss",
    Kind.BOOLEAN: "General",
}
_WIDTHS = {
    Kind.DATE: 12,
    Kind.DATETIME: 20,
    Kind.NUMBER: 13,
    Kind.MONEY: 14,
    Kind.BOOLEAN: 10,
    Kind.CURRENCY: 10,
}
_CHARACTERS_A_PAGE = 190
_SHORT = 255
"""Characters that a list inside a validation, or its message, may have."""


@dataclass(frozen=True)
class Offer:
    """What drops down from the catalog: keys by the field they fill."""

    keys: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class _Looks:
    """The formats of one workbook."""

    title: Format
    text: Format
    header: Format
    required: Format
    wrong: Format
    right: Format
    count: Format
    kinds: Mapping[Kind, Format]
    examples: Mapping[Kind, Format]


def workbook(
    title: str, edition: str, tables: Mapping[str, Table], rules: Collection[str], offer: Offer
) -> bytes:
    """The workbook of a target.

    Args:
        title: of the target.
        edition: the name of this template.
        tables: as the target takes them, by name.
        rules: codes of the rules that apply.
        offer: what the catalog has.
    """
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": title, "created": _CREATED})
        book.set_custom_property("invoice-import template", edition)
        looks = _looks(book)
        _instructions(book.add_worksheet("Instructions"), title, edition, tables, looks)
        sheets = {name: book.add_worksheet(table.label) for name, table in tables.items()}
        control = book.add_worksheet(CONTROL.label)
        listed = _lists(book, offer)
        mirrors = of_rows(tables, rules)
        for name, table in tables.items():
            _sheet(sheets[name], table, [*of_cells(table), *mirrors.get(name, [])], listed, looks)
        _control(control, tables, edition, looks)
    return out.getvalue()


def _looks(book: Any) -> _Looks:
    def kind(of: Kind, **more: Any) -> Format:
        made: Format = book.add_format({"num_format": _FORMATS.get(of, "@"), "valign": "top", **more})
        return made

    head = {"bold": True, "text_wrap": True, "valign": "top", "border": 1, "font_color": "#FFFFFF"}
    grey = {"italic": True, "font_color": "#808080"}
    return _Looks(
        book.add_format({"bold": True, "font_size": 16}),
        book.add_format({"text_wrap": True, "valign": "top"}),
        book.add_format({**head, "bg_color": "#5B7083"}),
        book.add_format({**head, "bg_color": "#1F3B57"}),
        book.add_format({"bg_color": "#FFC7CE", "font_color": "#9C0006"}),
        book.add_format({"bg_color": "#C6EFCE", "font_color": "#006100"}),
        book.add_format({"num_format": "#,##0", "valign": "top"}),
        {each: kind(each) for each in Kind},
        {each: kind(each, **grey) for each in Kind},
    )


def _instructions(
    sheet: Worksheet, title: str, edition: str, tables: Mapping[str, Table], looks: _Looks
) -> None:
    """What to do, one sentence a line."""
    sheet.set_column(0, 0, 100)
    sheet.write_string(0, 0, title, looks.title)
    for row, line in enumerate(_lines(edition, tables), 2):
        sheet.write_string(row, 0, line, looks.text)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)


def _lines(edition: str, tables: Mapping[str, Table]) -> Iterator[str]:
    sheets = ", ".join(each.label for each in tables.values())
    yield say(
        "Fill in the sheets {sheets}: one row for each invoice, one row for each of its items.", sheets=sheets
    )
    yield say("The invoice reference is your own name for an invoice; it ties the items to it.")
    yield say("Columns marked with * must be filled; columns you do not need may stay blank or be deleted.")
    yield say("Rest the pointer on a header to read what the column holds, its limits and an example.")
    yield say(
        "The row {example} shows how it is done; it is never imported and may stay.", example=EXAMPLE_REF
    )
    yield say("A cell that turns red would be refused; correct it before you hand the workbook in.")
    yield say(
        "Colours and lists reach to row {row}; rows below are checked all the same.", row=f"{LAST_ROW:,}"
    )
    yield say("Columns and rows that start with # are notes and are ignored; so are rows of totals.")
    yield say("Type identifiers as they are: the cells are formatted as text, so 00123 stays 00123.")
    yield say(
        "On the sheet Control, type what you expect from your own books; a difference stops the import."
    )
    yield say("Template {edition}", edition=edition)


def _lists(book: Any, offer: Offer) -> dict[str, str]:
    """The hidden lists; the defined name of each, by the field that drops it down."""
    sheet = book.add_worksheet(_LISTS)
    sheet.very_hidden()
    columns: list[tuple[str, Sequence[str | int]]] = [
        (CURRENCIES, list(DIGITS)),
        (DECIMALS, list(DIGITS.values())),
        *((f"catalog_{field}", keys[:MOST_LISTED]) for field, keys in offer.keys.items() if keys),
    ]
    for at, (name, values) in enumerate(columns):
        sheet.write_string(0, at, f"list of {name}")
        for row, value in enumerate(values, 1):
            if isinstance(value, int):
                sheet.write_number(row, at, value)
            else:
                sheet.write_string(row, at, value)
        letter = letters(at)
        book.define_name(name, f"={_LISTS}!${letter}$2:${letter}${len(values) + 1}")
    return {field: f"catalog_{field}" for field, keys in offer.keys.items() if keys}


def _sheet(
    sheet: Worksheet, table: Table, mirrors: Sequence[Mirror], listed: Mapping[str, str], looks: _Looks
) -> None:
    """The sheet of a table: headers, the example, lists, and what turns red."""
    at = {field.name: column for column, field in enumerate(table)}
    for field in table:
        column = at[field.name]
        sheet.set_column(column, column, _width(field), looks.kinds[field.kind])
        sheet.write_string(0, column, _header(field), looks.required if field.required else looks.header)
        sheet.write_comment(0, column, _comment(field), {"x_scale": 2.2, "y_scale": 1.3})
        _example(sheet, 1, column, field, looks)
        validation = _validation(field, listed)
        if validation:
            sheet.data_validation(1, column, LAST_ROW - 1, column, validation)
    for mirror in mirrors:
        for name in mirror.fields:
            sheet.conditional_format(
                1, at[name], LAST_ROW - 1, at[name],
                {"type": "formula", "criteria": f"={mirror.formula}", "format": looks.wrong},
            )  # fmt: skip
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, LAST_ROW - 1, len(at) - 1)
    _print(sheet, sum(map(_width, table)))


def _print(sheet: Worksheet, width: int) -> None:
    """Landscape, as many pages across as can be read, header and reference on each."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0)
    sheet.fit_to_pages(-(-width // _CHARACTERS_A_PAGE), 0)
    sheet.set_footer("&L&A&R&P / &N")


def _header(field: Field) -> str:
    return f"{field.label} *" if field.required else field.label


def _width(field: Field) -> int:
    return max(_WIDTHS.get(field.kind, 18), min(len(field.label) // 2 + 4, 24))


def _comment(field: Field) -> str:
    example = say("Example: {value}", value=field.example) if field.example else ""
    return "\n".join(filter(None, (say(field.help), ", ".join(limits(field)), example)))


def _example(sheet: Worksheet, row: int, column: int, field: Field, looks: _Looks) -> None:
    look, text = looks.examples[field.kind], field.example
    if field == INVOICE_REF:
        sheet.write_string(row, column, EXAMPLE_REF, look)
    elif not text:
        sheet.write_blank(row, column, None, look)
    elif field.kind in (Kind.NUMBER, Kind.MONEY):
        sheet.write_number(row, column, Decimal(text), look)
    elif field.kind is Kind.DATE:
        sheet.write_datetime(row, column, date.fromisoformat(text), look)
    elif field.kind is Kind.DATETIME:
        sheet.write_datetime(row, column, datetime.fromisoformat(text), look)
    else:
        sheet.write_string(row, column, text, look)


def _validation(field: Field, listed: Mapping[str, str]) -> dict[str, Any]:
    """What a cell lets be typed: lists stop what is none of them; the catalog's only warns, it may be older."""
    message = {"error_title": field.label[:32], "error_message": ", ".join(limits(field))[:_SHORT]}
    if field.name in listed:
        unknown = say("Not in the catalog that this template was made with.")
        return {
            "validate": "list", "source": f"={listed[field.name]}", "error_type": "warning",
            "error_title": field.label[:32], "error_message": unknown[:_SHORT],
        }  # fmt: skip
    match field.kind:
        case Kind.CHOICE if len(",".join(field.choices)) <= _SHORT:
            return {"validate": "list", "source": list(field.choices), **message}
        case Kind.BOOLEAN:
            return {"validate": "list", "source": ["yes", "no"], **message}
        case Kind.CURRENCY:
            return {"validate": "list", "source": f"={CURRENCIES}", **message}
        case Kind.DATE:
            ends = {"minimum": field.earliest, "maximum": field.latest}
            return {"validate": "date", "criteria": "between", **ends, **message}
        case Kind.TEXT | Kind.IDENTIFIER if field.max_length:
            return {"validate": "length", "criteria": "<=", "value": field.max_length, **message}
        case _:
            return {}


_AMOUNTS = 8


def _control(sheet: Worksheet, tables: Mapping[str, Table], edition: str, looks: _Looks) -> None:
    """What is expected, typed by hand, beside what is counted, for the eye."""
    headers = [_header(CONTROL[each]) for each in ("measure", "currency", "expected")]
    notes = [f"# {say('Counted')}", f"# {say('Difference')}"]
    for column, text in enumerate([*headers, *notes, _header(CONTROL["template"])]):
        sheet.write_string(0, column, text, looks.required if column in (0, 2) else looks.header)
    for column, name in enumerate(("measure", "currency", "expected")):
        sheet.write_comment(0, column, _comment(CONTROL[name]), {"x_scale": 2.2})
    amount, text = looks.kinds[Kind.MONEY], looks.kinds[Kind.TEXT]
    sheet.set_column(0, 1, 12, text)
    sheet.set_column(2, 4, 18, amount)
    sheet.set_column(5, 5, 18, text)
    sheet.write_string(1, 5, edition, looks.examples[Kind.TEXT])
    counted = [*_counted(tables), *(_summed(tables, row) for row in range(4, 4 + _AMOUNTS))]
    measures = (INVOICES, ITEMS, *[AMOUNT] * _AMOUNTS)
    for row, (measure, formula) in enumerate(zip(measures, counted, strict=True), 1):
        sheet.write_string(row, 0, measure, text)
        look = amount if measure == AMOUNT else looks.count
        sheet.write_blank(row, 2, None, look)
        sheet.write_formula(row, 3, formula, look, 0)
        sheet.write_formula(row, 4, f'=IF(C{row + 1}="","",D{row + 1}-C{row + 1})', look, "")
    sheet.data_validation(3, 1, 2 + _AMOUNTS, 1, {"validate": "list", "source": f"={CURRENCIES}"})
    differs, agrees = 'AND($C2<>"",ABS($D2-$C2)>0.0000001)', 'AND($C2<>"",ABS($D2-$C2)<=0.0000001)'
    for criteria, look in ((differs, looks.wrong), (agrees, looks.right)):
        sheet.conditional_format(
            1, 2, 2 + _AMOUNTS, 4, {"type": "formula", "criteria": f"={criteria}", "format": look}
        )
    sheet.freeze_panes(1, 0)
    _print(sheet, _CHARACTERS_A_PAGE)


def _counted(tables: Mapping[str, Table]) -> Iterator[str]:
    for name in ("invoices", "items"):
        refs = Places(tables[name]).column(INVOICE_REF.name)
        yield f'=SUMPRODUCT((LEN({refs})>0)*({refs}<>"{EXAMPLE_REF}"))'


def _summed(tables: Mapping[str, Table], row: int) -> str:
    """The amounts typed for invoices of the currency in this row of Control."""
    invoices, items = Places(tables["invoices"]), Places(tables["items"])
    refs, amounts = items.column(INVOICE_REF.name), items.column("amount")
    if "currency" not in invoices:
        return f"=SUM({amounts})"
    own = invoices.column(INVOICE_REF.name)
    mine = f'({invoices.column("currency")}=B{row})*(LEN(B{row})>0)*({own}<>"{EXAMPLE_REF}")'
    return f"=SUMPRODUCT({mine}*SUMIF({refs},{own},{amounts}))"
