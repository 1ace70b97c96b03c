"""The sheet of a table: its headers with help, the example, what drops down, and what turns red.

Input: a table as the target takes it, the mirrors of its rules, and the names of the lists. Output: a filled
worksheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipeline.language import say
from pipeline.template.cell_mirrors import Mirror, not_listed
from pipeline.template.fields import example_of, limits
from pipeline.template.looks import Looks, printed
from pipeline.template.places import CURRENCIES, LAST_ROW
from schemas.fields import Field, Kind, Table

_WIDTHS = {
    Kind.DATE: 12,
    Kind.DATETIME: 20,
    Kind.NUMBER: 13,
    Kind.MONEY: 14,
    Kind.BOOLEAN: 10,
    Kind.CURRENCY: 10,
}
_SHORT = 255
"""Characters that a list inside a validation, or its message, may have."""


def fill(
    sheet: Worksheet, table: Table, mirrors: Sequence[Mirror], listed: Mapping[str, str], looks: Looks
) -> None:
    """Headers, the example, lists, and what turns red.

    Args:
        sheet: to fill.
        table: as the target takes it.
        mirrors: of its cells and rows.
        listed: by field the defined name of the list that drops down.
        looks: the formats.
    """
    at = {field.name: column for column, field in enumerate(table)}
    for field in table:
        column = at[field.name]
        sheet.set_column(column, column, _width(field), looks.kinds[field.kind])
        sheet.write_string(0, column, header(field), looks.required if field.required else looks.header)
        sheet.write_comment(0, column, comment(field), {"x_scale": 2.2, "y_scale": 1.3})
        _example(sheet, 1, column, field, looks)
        validation = _validation(field, listed)
        if validation:
            sheet.data_validation(1, column, LAST_ROW - 1, column, validation)
    for mirror in mirrors:
        for name in mirror.fields:
            _colour(sheet, at[name], mirror.formula, looks.wrong)
    for name in filter(at.__contains__, listed):
        _colour(sheet, at[name], not_listed(table[name], table, listed[name]), looks.doubtful)
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, LAST_ROW - 1, len(at) - 1)
    printed(sheet, sum(map(_width, table)))


def _colour(sheet: Worksheet, column: int, formula: str, look: Format) -> None:
    colour = {"type": "formula", "criteria": f"={formula}", "format": look}
    sheet.conditional_format(1, column, LAST_ROW - 1, column, colour)


def header(field: Field) -> str:
    """A field's header, with its mark where it must be filled."""
    return f"{field.label} *" if field.required else field.label


def _width(field: Field) -> int:
    return max(_WIDTHS.get(field.kind, 18), min(len(field.label) // 2 + 4, 24))


def comment(field: Field) -> str:
    """What a header tells: its name where the language has another, the help, the limits and an example."""
    own = say(field.label)
    example = say("Example: {value}", value=field.example) if field.example else ""
    return "\n".join(
        filter(None, (own if own != field.label else "", say(field.help), ", ".join(limits(field)), example))
    )


def _example(sheet: Worksheet, row: int, column: int, field: Field, looks: Looks) -> None:
    look, text = looks.examples[field.kind], example_of(field)
    if not text:
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
