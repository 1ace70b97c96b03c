"""The sheet of a table: headers with help, the example row, data validation, conditional formats.

In: a table as the target takes it, the conditional formats of its rules, and the names of the lists.
Out: a filled worksheet.
Never: states a limit of its own: all are those of the declarations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipeline.i18n import translate
from pipeline.template.cell_formats import ConditionalFormat, build_unlisted_condition
from pipeline.template.field_limits import describe_limits, get_example_value
from pipeline.template.named_ranges import CURRENCIES_NAME, LAST_ROW
from pipeline.template.workbook_formats import TemplateFormats, set_up_printing
from schemas.fields import Field, Kind, Table

_WIDTHS = {
    Kind.DATE: 12,
    Kind.DATETIME: 20,
    Kind.NUMBER: 13,
    Kind.MONEY: 14,
    Kind.BOOLEAN: 10,
    Kind.CURRENCY: 10,
}
_MAX_VALIDATION_CHARACTERS = 255
"""Characters that a list inside a validation, or its message, may have."""


def fill_sheet(
    sheet: Worksheet,
    table: Table,
    conditional_formats: Sequence[ConditionalFormat],
    list_names: Mapping[str, str],
    formats: TemplateFormats,
) -> None:
    """Fill a sheet with headers, example, data validation and conditional formats.

    Args:
        sheet: to fill.
        table: as the target takes it.
        conditional_formats: of its cells and rows.
        list_names: by field the defined name of the list that drops down.
        formats: the formats.
    """
    columns = {field.name: column for column, field in enumerate(table)}
    for field in table:
        column = columns[field.name]
        sheet.set_column(column, column, _choose_width(field), formats.kinds[field.kind])
        sheet.write_string(
            0, column, format_header(field), formats.required if field.required else formats.header
        )
        sheet.write_comment(0, column, build_help_comment(field), {"x_scale": 2.2, "y_scale": 1.3})
        _write_example(sheet, 1, column, field, formats)
        validation = _build_validation(field, list_names)
        if validation:
            sheet.data_validation(1, column, LAST_ROW - 1, column, validation)
    for conditional in conditional_formats:
        for name in conditional.fields:
            _add_conditional_format(sheet, columns[name], conditional.formula, formats.wrong)
    for name in filter(columns.__contains__, list_names):
        formula = build_unlisted_condition(table[name], table, list_names[name])
        _add_conditional_format(sheet, columns[name], formula, formats.doubtful)
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, LAST_ROW - 1, len(columns) - 1)
    set_up_printing(sheet, sum(map(_choose_width, table)))


def _add_conditional_format(sheet: Worksheet, column: int, formula: str, cell_format: Format) -> None:
    options = {"type": "formula", "criteria": f"={formula}", "format": cell_format}
    sheet.conditional_format(1, column, LAST_ROW - 1, column, options)


def format_header(field: Field) -> str:
    """Return a field's header, with a mark where it must be filled."""
    return f"{field.label} *" if field.required else field.label


# a long header wraps in two lines, so half of it is enough
def _choose_width(field: Field) -> int:
    return max(_WIDTHS.get(field.kind, 18), min(len(field.label) // 2 + 4, 24))


def build_help_comment(field: Field) -> str:
    """Return the comment on a header: its translated name, the help, the limits and an example."""
    translated_label = translate(field.label)
    example = translate("Example: {value}", value=field.example) if field.example else ""
    name = translated_label if translated_label != field.label else ""
    paragraphs = (name, translate(field.help), ", ".join(describe_limits(field)), example)
    return "\n".join(filter(None, paragraphs))


def _write_example(sheet: Worksheet, row: int, column: int, field: Field, formats: TemplateFormats) -> None:
    cell_format, text = formats.examples[field.kind], get_example_value(field)
    if not text:
        sheet.write_blank(row, column, None, cell_format)
    elif field.kind in (Kind.NUMBER, Kind.MONEY):
        sheet.write_number(row, column, Decimal(text), cell_format)
    elif field.kind is Kind.DATE:
        sheet.write_datetime(row, column, date.fromisoformat(text), cell_format)
    elif field.kind is Kind.DATETIME:
        sheet.write_datetime(row, column, datetime.fromisoformat(text), cell_format)
    else:
        sheet.write_string(row, column, text, cell_format)


def _build_validation(field: Field, list_names: Mapping[str, str]) -> dict[str, Any]:
    """Return the data validation of a field; that of the catalog only warns, since a newer one may differ."""
    message = {
        "error_title": field.label[:32],
        "error_message": ", ".join(describe_limits(field))[:_MAX_VALIDATION_CHARACTERS],
    }
    if field.name in list_names:
        unknown = translate("Not in the catalog that this template was made with.")
        message["error_message"] = unknown[:_MAX_VALIDATION_CHARACTERS]
        source = f"={list_names[field.name]}"
        return {"validate": "list", "source": source, "error_type": "warning", **message}
    match field.kind:
        case Kind.CHOICE if len(",".join(field.choices)) <= _MAX_VALIDATION_CHARACTERS:
            return {"validate": "list", "source": list(field.choices), **message}
        case Kind.BOOLEAN:
            return {"validate": "list", "source": ["yes", "no"], **message}
        case Kind.CURRENCY:
            return {"validate": "list", "source": f"={CURRENCIES_NAME}", **message}
        case Kind.DATE:
            bounds = {"minimum": field.earliest, "maximum": field.latest}
            return {"validate": "date", "criteria": "between", **bounds, **message}
        case Kind.TEXT | Kind.IDENTIFIER if field.max_length:
            return {"validate": "length", "criteria": "<=", "value": field.max_length, **message}
        case _:
            return {}
