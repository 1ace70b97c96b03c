"""The template of a target: Instructions, a sheet for each table, Control, and hidden lists.

In: the tables as a target takes them, the codes of its rules, and what the catalog has.
Out: the bytes of a workbook without macros, the same for the same input. Identifiers are formatted as text,
so that the spreadsheet keeps `00123` as it is; choices drop down; what the check would reject turns red.
Never: states a limit of its own: all are those of the declarations.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from pipeline.i18n import format_number, translate
from pipeline.spreadsheet.references import to_column_letters
from pipeline.template import control_sheet, sheet
from pipeline.template.cell_formats import build_cell_formats
from pipeline.template.named_ranges import CURRENCIES_NAME, CURRENCY_DECIMALS_NAME, LAST_ROW, TableRanges
from pipeline.template.row_formats import FormulaSettings, build_row_formats
from pipeline.template.workbook_formats import TemplateFormats, add_formats
from schemas.control import CONTROL
from schemas.currencies import CURRENCY_DIGITS
from schemas.fields import Table
from schemas.tables.common import EXAMPLE_REF

MAX_LISTED_KEYS = 20_000
"""Keys of the catalog in a drop-down list; the check knows all keys of a larger catalog."""

_LISTS_SHEET = "Lists"
_CREATED = datetime(2026, 1, 1)


@dataclass(frozen=True)
class CatalogChoices:
    """What drops down from the catalog.

    Attributes:
        keys: by the field that they fill.
    """

    keys: Mapping[str, Sequence[str]]


def build_template_workbook(
    title: str,
    edition: str,
    tables: Mapping[str, Table],
    rules: Collection[str],
    choices: CatalogChoices,
    formula_settings: FormulaSettings,
) -> bytes:
    """Return the workbook of a target.

    Args:
        title: of the target.
        edition: the name of this template.
        tables: as the target takes them, by name.
        rules: codes of the rules that apply.
        choices: what the catalog has.
        formula_settings: what the settings say.
    """
    out = io.BytesIO()
    # texts that look like formulas or addresses stay texts
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as workbook:
        # a fixed day, so that the same input gives the same bytes
        workbook.set_properties({"title": title, "created": _CREATED})
        workbook.set_custom_property("invoice-import template", edition)
        formats = add_formats(workbook)
        _write_instructions(workbook.add_worksheet("Instructions"), title, edition, tables, formats)
        sheets = {name: workbook.add_worksheet(table.label) for name, table in tables.items()}
        control = workbook.add_worksheet(CONTROL.label)
        conditional_formats = build_row_formats(tables, rules, formula_settings)
        for name, table in tables.items():
            conditional_formats[name][:0] = build_cell_formats(table)
        control_formulas = control_sheet.build_control_formulas(tables, formula_settings)
        every_format = chain.from_iterable(conditional_formats.values())
        formulas = [*control_formulas, *(conditional.formula for conditional in every_format)]
        list_names = _write_lists(workbook, tables, choices, formulas)
        for name, table in tables.items():
            sheet.fill_sheet(sheets[name], table, conditional_formats[name], list_names, formats)
        control_sheet.fill_control_sheet(control, control_formulas, edition, formats)
        sheets["invoices"].activate()
    return out.getvalue()


def _write_instructions(
    sheet: Worksheet, title: str, edition: str, tables: Mapping[str, Table], formats: TemplateFormats
) -> None:
    """Write what to do, one sentence per line."""
    sheet.set_column(0, 0, 100)
    sheet.write_string(0, 0, title, formats.title)
    for row, line in enumerate(_list_instructions(edition, tables), 2):
        sheet.write_string(row, 0, line, formats.text)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)


def _list_instructions(edition: str, tables: Mapping[str, Table]) -> Iterator[str]:
    invoices, items, *child_tables = tables.values()
    other_sheets = ", ".join(table.label for table in child_tables)
    yield translate(
        "Fill in the sheets {invoices}, one row for each invoice, and {items}, one row for each of "
        "its items that is meant; an invoice may have none."
        if items.optional
        else "Fill in the sheets {invoices}, one row for each invoice, and {items}, one row for each "
        "of its items.",
        invoices=invoices.label,
        items=items.label,
    )
    if other_sheets:
        yield translate(
            "The sheets {sheets} may stay as they are; a row there names its invoice, and its item "
            "by the item's number.",
            sheets=other_sheets,
        )
    yield translate("The invoice reference is your own name for an invoice; it ties the items to it.")
    yield translate(
        "Columns marked with * must be filled; columns you do not need may stay blank or be deleted."
    )
    yield translate("Rest the pointer on a header to read what the column holds, its limits and an example.")
    yield translate(
        "The row {example} shows how it is done; it is never imported and may stay.", example=EXAMPLE_REF
    )
    yield translate("A cell that turns red would be refused; correct it before you hand the workbook in.")
    yield translate(
        "A SKU or charge that turns yellow was not in the catalog when this template was made; the "
        "check tells whether it is now."
    )
    yield translate(
        "Colours and lists reach to row {row}; rows below are checked all the same.",
        row=format_number(LAST_ROW),
    )
    yield translate("Columns and rows that start with # are notes and are ignored; so are rows of totals.")
    yield translate("Type identifiers as they are: the cells are formatted as text, so 00123 stays 00123.")
    yield translate(
        "On the sheet Control, type what you expect from your own books; a difference stops the import."
    )
    yield translate("Template {edition}", edition=edition)


def _write_lists(
    workbook: Any, tables: Mapping[str, Table], choices: CatalogChoices, formulas: Sequence[str]
) -> dict[str, str]:
    """Write the hidden lists, and define the names that formulas use.

    Returns:
        The name of the list of each field that drops one down.
    """
    hidden = workbook.add_worksheet(_LISTS_SHEET)
    # not even listed among the sheets to be shown again
    hidden.very_hidden()
    keys = {field: keys[:MAX_LISTED_KEYS] for field, keys in choices.keys.items() if keys}
    columns: list[tuple[str, Sequence[str | int]]] = [
        (CURRENCIES_NAME, list(CURRENCY_DIGITS)),
        (CURRENCY_DECIMALS_NAME, list(CURRENCY_DIGITS.values())),
        *((f"catalog_{field}", choices_of_field) for field, choices_of_field in keys.items()),
    ]
    for index, (name, values) in enumerate(columns):
        hidden.write_string(0, index, f"list of {name}")
        hidden.write_column(1, index, values)
        workbook.define_name(name, f"={_format_list_range(index, len(values))}")
    _define_names(workbook, hidden, len(columns), [TableRanges(table) for table in tables.values()], formulas)
    return {field: f"catalog_{field}" for field in keys}


def _define_names(
    workbook: Any,
    hidden: Worksheet,
    first_column: int,
    table_ranges: Sequence[TableRanges],
    formulas: Sequence[str],
) -> None:
    """Define names for the columns that formulas search, and for the number of rows of each table."""
    # A name that no formula uses would only be computed for nothing, and clutter the name manager.
    used = set(re.findall(r"\w+", " ".join(formulas)))
    for column, ranges in enumerate(table_ranges, first_column):
        hidden.write_string(0, column, ranges.row_count_name)
        hidden.write_formula(1, column, ranges.row_count_formula, None, 1)
        workbook.define_name(ranges.row_count_name, f"={_LISTS_SHEET}!${to_column_letters(column)}$2")
        for name, meaning in ranges.iterate_names():
            if name in used:
                workbook.define_name(name, meaning)


def _format_list_range(column: int, rows: int) -> str:
    letter = to_column_letters(column)
    return f"{_LISTS_SHEET}!${letter}$2:${letter}${rows + 1}"
