"""The sheet Control: what is expected, typed by hand, next to what formulas count.

In: the tables, and the settings.
Out: a filled worksheet.
Never: has a formula that is read: its result would agree with whatever is in the sheets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xlsxwriter.worksheet import Worksheet

from pipeline.i18n import translate
from pipeline.template.named_ranges import CURRENCIES_NAME, CURRENCY_DECIMALS_NAME, TableRanges
from pipeline.template.row_formats import FormulaSettings
from pipeline.template.sheet import build_help_comment, format_header
from pipeline.template.workbook_formats import PAGE_CHARACTERS, TemplateFormats, set_up_printing
from schemas.control import CONTROL, MEASURE_AMOUNT, MEASURE_INVOICES, MEASURE_ITEMS
from schemas.fields import Kind, Table
from schemas.tables.common import EXAMPLE_REF, INVOICE_REF, NOTE_MARK

_AMOUNT_ROWS = 8
"""Currencies that a template has room for; further rows may be typed below."""

_MEASURES = (MEASURE_INVOICES, MEASURE_ITEMS, *[MEASURE_AMOUNT] * _AMOUNT_ROWS)
# a tolerance, since formulas count in binary fractions
_DIFFERS = 'AND($C2<>"",IFERROR(ABS($D2-$C2)>0.0000001,TRUE))'
_AGREES = 'AND($C2<>"",IFERROR(ABS($D2-$C2)<=0.0000001,FALSE))'


def fill_control_sheet(sheet: Worksheet, formulas: list[str], edition: str, formats: TemplateFormats) -> None:
    """Fill the sheet with headers, a row for each measure, and the edition of the template.

    Args:
        sheet: to fill.
        formulas: what is counted, row by row, as `build_control_formulas` returns them.
        edition: the name of the template.
        formats: the formats.
    """
    _write_header(sheet, formats)
    sheet.write_string(1, 5, edition, formats.examples[Kind.TEXT])
    for row, (measure, formula) in enumerate(zip(_MEASURES, formulas, strict=True), 1):
        _write_measure(sheet, row, measure, formula, formats)
    last = len(_MEASURES)
    # from row 4 on, where the amounts begin: a count has no currency
    sheet.data_validation(3, 1, last, 1, {"validate": "list", "source": f"={CURRENCIES_NAME}"})
    for criteria, cell_format in ((_DIFFERS, formats.wrong), (_AGREES, formats.right)):
        sheet.conditional_format(
            1, 3, last, 4, {"type": "formula", "criteria": f"={criteria}", "format": cell_format}
        )
    sheet.freeze_panes(1, 0)
    set_up_printing(sheet, PAGE_CHARACTERS)


def _write_header(sheet: Worksheet, formats: TemplateFormats) -> None:
    field_names = ("measure", "currency", "expected")
    notes = (f"{NOTE_MARK} {translate('Counted')}", f"{NOTE_MARK} {translate('Difference')}")
    texts = (
        *(format_header(CONTROL[name]) for name in field_names),
        *notes,
        format_header(CONTROL["template"]),
    )
    for column, text in enumerate(texts):
        sheet.write_string(0, column, text, formats.required if column in (0, 2) else formats.header)
    for column, name in enumerate(field_names):
        sheet.write_comment(0, column, build_help_comment(CONTROL[name]), {"x_scale": 2.2})
    sheet.set_column(0, 1, 12, formats.kinds[Kind.TEXT])
    sheet.set_column(2, 4, 18, formats.kinds[Kind.MONEY])
    sheet.set_column(5, 5, 18, formats.kinds[Kind.TEXT])


def _write_measure(sheet: Worksheet, row: int, measure: str, formula: str, formats: TemplateFormats) -> None:
    is_amount = measure == MEASURE_AMOUNT
    count_format = formats.kinds[Kind.MONEY] if is_amount else formats.count
    sheet.write_string(row, 0, measure, formats.kinds[Kind.TEXT])
    if is_amount:
        sheet.write_blank(row, 1, None, formats.asked_text)
    sheet.write_blank(row, 2, None, formats.asked if is_amount else formats.asked_count)
    sheet.write_formula(row, 3, formula, count_format, "" if is_amount else 0)
    difference = f'=IF(C{row + 1}="","",IFERROR(D{row + 1}-C{row + 1},"?"))'
    sheet.write_formula(row, 4, difference, count_format, "")


def build_control_formulas(tables: Mapping[str, Table], formula_settings: FormulaSettings) -> list[str]:
    """Return the formula that counts each measure.

    Args:
        tables: as the target takes them, by name.
        formula_settings: what the settings say.
    """
    ranges = {name: TableRanges(table) for name, table in tables.items()}
    amount_columns = [
        (ranges[name], table.amount_field)
        for name, table in tables.items()
        if table.amount_field and not table.added_to_total
    ]
    return [
        *(_count_rows_formula(ranges[name]) for name in ("invoices", "items")),
        *(
            _sum_amounts_formula(ranges, amount_columns, row, formula_settings)
            for row in range(4, 4 + _AMOUNT_ROWS)
        ),
    ]


def _count_rows_formula(ranges: TableRanges) -> str:
    """Return how many rows have a reference, without the example and notes."""
    refs = ranges.get_column_name(INVOICE_REF.name)
    rows = f'(LEN({refs})>0)*(LEFT({refs},1)<>"{NOTE_MARK}")*({refs}<>"{EXAMPLE_REF}")'
    return f"=SUMPRODUCT({rows})"


def _sum_amounts_formula(
    ranges: Mapping[str, TableRanges],
    amount_columns: Iterable[tuple[TableRanges, str]],
    row: int,
    formula_settings: FormulaSettings,
) -> str:
    """Return the sum of the amounts, given or computed, of rows whose invoice is in this row's currency."""
    items = ranges["items"]
    amount, quantity, price = (items.get_column_name(name) for name in ("amount", "quantity", "unit_price"))
    digits = f"INDEX({CURRENCY_DECIMALS_NAME},MATCH($B{row},{CURRENCIES_NAME},0))"
    # a filled amount counts as it is: the product is multiplied by 0 then
    sums = [(items, f"{amount}+(LEN({amount})=0)*ROUND({quantity}*{price},{digits})")]
    sums += [(table_ranges, table_ranges.get_column_name(name)) for table_ranges, name in amount_columns]
    parts = (
        f"SUMPRODUCT({_match_currency(ranges['invoices'], table_ranges, row, formula_settings)}*({own_sum}))"
        for table_ranges, own_sum in sums
    )
    return f'=IF($B{row}="","",IFERROR({"+".join(parts)},"?"))'


def _match_currency(
    invoices: TableRanges, ranges: TableRanges, row: int, formula_settings: FormulaSettings
) -> str:
    """Match rows whose invoice is in the currency of this row of Control."""
    refs, invoice_refs = ranges.get_column_name(INVOICE_REF.name), invoices.get_column_name(INVOICE_REF.name)
    currencies = invoices.get_column_name("currency")
    # `"="&`, since a reference could begin with a sign that COUNTIF takes for an operator
    matches = f'COUNTIFS({invoice_refs},"="&{refs},{currencies},$B{row})'
    if formula_settings.currency:
        matches += (
            f'+($B{row}="{formula_settings.currency}")*COUNTIFS({invoice_refs},"="&{refs},{currencies},"=")'
        )
    return f'({matches}>0)*(LEN({refs})>0)*({refs}<>"{EXAMPLE_REF}")'
