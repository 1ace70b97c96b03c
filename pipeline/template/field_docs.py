"""Fields as a person is told them: the header of a CSV, a table in Markdown, limits in words.

Input: a table as the target takes it. Output: texts. Everything is told by the declarations.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from pipeline.i18n import translate
from schemas.fields import Field, Kind, Table
from schemas.tables.common import EXAMPLE_REF, INVOICE_REF

_MARKDOWN_PIPE = str.maketrans({"|": r"\|", "\n": " "})


def build_csv_template(table: Table) -> str:
    """A table as CSV: its header, and the example row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in table)
    writer.writerow(map(get_example_value, table))
    return text.getvalue()


def get_example_value(field: Field) -> str:
    """What stands in the example row; its reference is the one by which the row is recognised and ignored."""
    return EXAMPLE_REF if field.name == INVOICE_REF.name else field.example


def render_fields_table(table: Table, keys: Mapping[str, str] | None = None) -> str:
    """A table's fields as a table in Markdown.

    Args:
        table: as a target takes it.
        keys: field name to its key in the request, to be told as well; None leaves that column out.
    """
    heads = ["column", "in a workbook", "must be filled", "holds", "limits", "example"]
    heads[2:2] = [] if keys is None else ["in the request"]
    lines = [_format_table_row(heads), _format_table_row(["---"] * len(heads))]
    for field in table:
        cells = _describe_field(field)
        cells[2:2] = [] if keys is None else [f"`{keys[field.name]}`" if field.name in keys else ""]
        lines.append(_format_table_row(cells))
    return "\n".join(lines) + "\n"


def _describe_field(field: Field) -> list[str]:
    return [
        f"`{field.name}`",
        field.label,
        "yes" if field.required else "",
        field.help.translate(_MARKDOWN_PIPE),
        ", ".join(describe_limits(field)).translate(_MARKDOWN_PIPE),
        field.example.translate(_MARKDOWN_PIPE),
    ]


def _format_table_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def describe_limits(field: Field) -> Iterator[str]:
    """What a field's cells may hold, in words."""
    match field.kind:
        case Kind.NUMBER | Kind.MONEY:
            decimals = (
                translate("{digits} after it", digits=str(field.fraction_digits))
                if field.kind is Kind.NUMBER
                else translate("after it as many as the currency has")
            )
            integer_digits = str(field.integer_digits)
            yield translate(
                "number, {digits} digits before the point, {decimals}",
                digits=integer_digits,
                decimals=decimals,
            )
        case Kind.DATE:
            yield translate("date, {first} to {last}", first=str(field.earliest), last=str(field.latest))
        case Kind.DATETIME:
            yield translate("date and time")
        case Kind.BOOLEAN:
            yield translate("yes or no")
        case Kind.CURRENCY:
            yield translate("three letters of ISO 4217")
        case Kind.CHOICE:
            yield translate(" or ").join(field.choices)
        case _:
            max_length = (
                translate("at most {count} characters", count=str(field.max_length))
                if field.max_length
                else ""
            )
            yield ", ".join(filter(None, (translate(field.kind.value), max_length)))
    if field.pattern:
        yield translate(field.pattern.description)
