"""Fields as text: their limits, their example, and the CSV file with the header of a table.

In: a table as the target takes it.
Out: texts.
Never: states a limit of its own: all are those of the declarations.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from pipeline.i18n import translate
from schemas.fields import Field, Kind, Table
from schemas.tables.common import EXAMPLE_REF, INVOICE_REF


def build_csv_template(table: Table) -> str:
    """Return a table as CSV: its header, and the example row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in table)
    writer.writerow(map(get_example_value, table))
    return text.getvalue()


def get_example_value(field: Field) -> str:
    """Return a field's value in the example row, which the reader recognises by its reference and ignores."""
    return EXAMPLE_REF if field.name == INVOICE_REF.name else field.example


def describe_limits(field: Field) -> Iterator[str]:
    """Yield what a field's cells may hold, as text."""
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
