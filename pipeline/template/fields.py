"""Fields as a person is told them: the header of a CSV, a table in Markdown, limits in words.

Input: a table as the target takes it. Output: texts. Everything is told by the declarations.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from pipeline.language import say
from schemas.fields import Field, Kind, Table
from schemas.tables import EXAMPLE_REF, INVOICE_REF

_MARKDOWN_PIPE = str.maketrans({"|": r"\|", "\n": " "})


def csv_text(table: Table) -> str:
    """A table as CSV: its header, and the example row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(each.name for each in table)
    writer.writerow(map(example_of, table))
    return text.getvalue()


def example_of(field: Field) -> str:
    """What stands in the example row; its reference is the one by which the row is recognised and ignored."""
    return EXAMPLE_REF if field.name == INVOICE_REF.name else field.example


def fields_text(table: Table, keys: Mapping[str, str] | None = None) -> str:
    """A table's fields as a table in Markdown.

    Args:
        table: as a target takes it.
        keys: field name to its key in the request, to be told as well; None leaves that column out.
    """
    heads = ["column", "in a workbook", "must be filled", "holds", "limits", "example"]
    heads[2:2] = [] if keys is None else ["in the request"]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for each in table:
        cells = _cells(each)
        cells[2:2] = [] if keys is None else [f"`{keys[each.name]}`" if each.name in keys else ""]
        lines.append(_line(cells))
    return "\n".join(lines) + "\n"


def _cells(field: Field) -> list[str]:
    return [
        f"`{field.name}`",
        field.label,
        "yes" if field.required else "",
        field.help.translate(_MARKDOWN_PIPE),
        ", ".join(limits(field)).translate(_MARKDOWN_PIPE),
        field.example.translate(_MARKDOWN_PIPE),
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def limits(field: Field) -> Iterator[str]:
    """What a field's cells may hold, in words."""
    match field.kind:
        case Kind.NUMBER | Kind.MONEY:
            decimals = (
                say("{digits} after it", digits=str(field.fraction_digits))
                if field.kind is Kind.NUMBER
                else say("after it as many as the currency has")
            )
            whole = str(field.integer_digits)
            yield say("number, {digits} digits before the point, {decimals}", digits=whole, decimals=decimals)
        case Kind.DATE:
            yield say("date, {first} to {last}", first=str(field.earliest), last=str(field.latest))
        case Kind.DATETIME:
            yield say("date and time")
        case Kind.BOOLEAN:
            yield say("yes or no")
        case Kind.CURRENCY:
            yield say("three letters of ISO 4217")
        case Kind.CHOICE:
            yield say(" or ").join(field.choices)
        case _:
            most = say("at most {count} characters", count=str(field.max_length)) if field.max_length else ""
            yield ", ".join(filter(None, (say(field.kind.value), most)))
    if field.pattern:
        yield say(field.pattern.words)
