"""A workbook to fill: Instructions, a sheet for each table, Control; and lists that nobody sees.

Input: the tables as a target takes them, the codes of its rules, and what the catalog offers. Output: the bytes
of a workbook without macros, the same for the same input. Identifiers are formatted as text, so that the
spreadsheet keeps `00123` as it is; choices drop down; what the check would refuse turns red.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from pipeline.language import figure, say
from pipeline.template import control_sheet, sheet
from pipeline.template.cell_mirrors import of_cells
from pipeline.template.looks import Looks, looks
from pipeline.template.mirrors import Habits, of_rows
from pipeline.template.places import CURRENCIES, DECIMALS, LAST_ROW, Places
from schemas.cells import column_letters
from schemas.control import CONTROL
from schemas.currencies import DIGITS
from schemas.fields import Table
from schemas.tables import EXAMPLE_REF

MOST_LISTED = 20_000
"""Keys of the catalog that drop down; of a larger catalog the check knows all."""

_LISTS = "Lists"
_CREATED = datetime(2026, 1, 1)


@dataclass(frozen=True)
class Offer:
    """What drops down from the catalog: keys by the field they fill."""

    keys: Mapping[str, Sequence[str]]


def workbook(
    title: str,
    edition: str,
    tables: Mapping[str, Table],
    rules: Collection[str],
    offer: Offer,
    habits: Habits,
) -> bytes:
    """The workbook of a target.

    Args:
        title: of the target.
        edition: the name of this template.
        tables: as the target takes them, by name.
        rules: codes of the rules that apply.
        offer: what the catalog has.
        habits: what the settings say.
    """
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": title, "created": _CREATED})
        book.set_custom_property("invoice-import template", edition)
        made = looks(book)
        _instructions(book.add_worksheet("Instructions"), title, edition, tables, made)
        sheets = {name: book.add_worksheet(table.label) for name, table in tables.items()}
        control = book.add_worksheet(CONTROL.label)
        rows = of_rows(tables, rules, habits)
        mirrors = {name: [*of_cells(table), *rows.get(name, [])] for name, table in tables.items()}
        counts = control_sheet.formulas(tables, habits)
        listed = _lists(
            book, tables, offer, [*counts, *(m.formula for some in mirrors.values() for m in some)]
        )
        for name, table in tables.items():
            sheet.fill(sheets[name], table, mirrors[name], listed, made)
        control_sheet.fill(control, counts, edition, made)
        sheets["invoices"].activate()
    return out.getvalue()


def _instructions(
    sheet: Worksheet, title: str, edition: str, tables: Mapping[str, Table], looks: Looks
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
    invoices, items, *hanging = tables.values()
    others = ", ".join(each.label for each in hanging)
    yield say(
        "Fill in the sheets {invoices}, one row for each invoice, and {items}, one row for each of its items that is "
        "meant; an invoice may have none."
        if items.optional
        else "Fill in the sheets {invoices}, one row for each invoice, and {items}, one row for each of its items.",
        invoices=invoices.label,
        items=items.label,
    )
    if others:
        yield say(
            "The sheets {sheets} may stay as they are; a row there names its invoice, and its item by the item's "
            "number.",
            sheets=others,
        )
    yield say("The invoice reference is your own name for an invoice; it ties the items to it.")
    yield say("Columns marked with * must be filled; columns you do not need may stay blank or be deleted.")
    yield say("Rest the pointer on a header to read what the column holds, its limits and an example.")
    yield say(
        "The row {example} shows how it is done; it is never imported and may stay.", example=EXAMPLE_REF
    )
    yield say("A cell that turns red would be refused; correct it before you hand the workbook in.")
    yield say(
        "A SKU or charge that turns yellow was not in the catalog when this template was made; the check tells "
        "whether it is now."
    )
    yield say(
        "Colours and lists reach to row {row}; rows below are checked all the same.", row=figure(LAST_ROW)
    )
    yield say("Columns and rows that start with # are notes and are ignored; so are rows of totals.")
    yield say("Type identifiers as they are: the cells are formatted as text, so 00123 stays 00123.")
    yield say(
        "On the sheet Control, type what you expect from your own books; a difference stops the import."
    )
    yield say("Template {edition}", edition=edition)


def _lists(book: Any, tables: Mapping[str, Table], offer: Offer, formulas: Sequence[str]) -> dict[str, str]:
    """The hidden lists, and the names that formulas use; the list of each field that drops one down."""
    hidden = book.add_worksheet(_LISTS)
    hidden.very_hidden()
    keys = {field: keys[:MOST_LISTED] for field, keys in offer.keys.items() if keys}
    columns: list[tuple[str, Sequence[str | int]]] = [
        (CURRENCIES, list(DIGITS)),
        (DECIMALS, list(DIGITS.values())),
        *((f"catalog_{field}", some) for field, some in keys.items()),
    ]
    for at, (name, values) in enumerate(columns):
        hidden.write_string(0, at, f"list of {name}")
        hidden.write_column(1, at, values)
        book.define_name(name, f"={_range(at, len(values))}")
    _names(book, hidden, len(columns), [Places(table) for table in tables.values()], formulas)
    return {field: f"catalog_{field}" for field in keys}


def _names(book: Any, hidden: Worksheet, at: int, places: Sequence[Places], formulas: Sequence[str]) -> None:
    """Names for the columns that formulas look through, and how many rows of each table are filled."""
    used = set(re.findall(r"\w+", " ".join(formulas)))
    for column, each in enumerate(places, at):
        hidden.write_string(0, column, each.rows)
        hidden.write_formula(1, column, each.rows_formula, None, 1)
        book.define_name(each.rows, f"={_LISTS}!${column_letters(column)}$2")
        for name, meaning in each.names():
            if name in used:
                book.define_name(name, meaning)


def _range(column: int, rows: int) -> str:
    letter = column_letters(column)
    return f"{_LISTS}!${letter}$2:${letter}${rows + 1}"
