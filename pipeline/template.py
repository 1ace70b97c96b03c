"""A line of its own: settings -> target -> tables -> CSV files to fill, and their description.

Input: the settings in effect. Output: for each table a CSV file with its header and an example row, which the
reader recognises and ignores; and the same fields as Markdown. Everything is told by the declarations; it
never states a limit, and never writes over a file that is there.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.config import Settings, settings
from pipeline.errors import UsageError, WorkspaceError
from pipeline.targets import of
from pipeline.workspace import existing
from schemas.fields import Field, Kind, Table
from schemas.tables import EXAMPLE_REF, INVOICE_REF, TABLES

_MARKDOWN_PIPE = str.maketrans({"|": r"\|", "\n": " "})


def write_template(folder: str | Path, *, workspace: str | Path, target: str | None = None) -> list[Path]:
    """Write a CSV file to fill for each table of a target; all of them or none.

    Args:
        folder: made when it is not there.
        workspace: the folder whose settings count; it need not exist.
        target: over the settings; None leaves it to them.

    Returns:
        The files, in the order of the tables.

    Raises:
        UsageError: there is no such target, or a file of that name is there already.
        WorkspaceError: the folder cannot be written.
    """
    chosen = settings({"target": target}, os.environ, existing(workspace).settings)
    contents = {Path(folder) / f"{name}.csv": csv_text(each) for name, each in tables_of(chosen).items()}
    for path in contents:
        if path.exists():
            raise UsageError(f"{path} exists already; name another folder with -o.")
    made: list[Path] = []
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for path, text in contents.items():
            with path.open("x", encoding="utf-8", newline="") as file:
                made.append(path)
                file.write(text)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        raise WorkspaceError(f"The template cannot be written to {folder}: {reason}.") from error
    return made


def tables_of(chosen: Settings) -> Mapping[str, Table]:
    """The tables as the target of the settings takes them, custom fields included, by name."""
    return of(chosen).projection(chosen).bind(TABLES, chosen.custom_fields)


def csv_text(table: Table) -> str:
    """A table as CSV: its header, and the example row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(each.name for each in table)
    writer.writerow(EXAMPLE_REF if each == INVOICE_REF else each.example for each in table)
    return text.getvalue()


def fields_text(table: Table) -> str:
    """A table's fields as a table in Markdown."""
    lines = [
        "| column | in a workbook | must be filled | holds | limits | example |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(each) for each in table),
    ]
    return "\n".join(lines) + "\n"


def _row(field: Field) -> str:
    cells = [
        f"`{field.name}`",
        field.label,
        "yes" if field.required else "",
        field.help.translate(_MARKDOWN_PIPE),
        ", ".join(limits(field)).translate(_MARKDOWN_PIPE),
        field.example.translate(_MARKDOWN_PIPE),
    ]
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def limits(field: Field) -> Iterator[str]:
    """What a field's cells may hold, in words."""
    match field.kind:
        case Kind.NUMBER | Kind.MONEY:
            decimals = (
                f"{field.fraction_digits} after it"
                if field.kind is Kind.NUMBER
                else "after it as many as the currency has"
            )
            yield f"number, {field.integer_digits} digits before the point, {decimals}"
        case Kind.DATE:
            yield f"date, {field.earliest} to {field.latest}"
        case Kind.DATETIME:
            yield "date and time"
        case Kind.BOOLEAN:
            yield "yes or no"
        case Kind.CURRENCY:
            yield "three letters of ISO 4217"
        case Kind.CHOICE:
            yield " or ".join(field.choices)
        case _:
            yield field.kind.value + (f", at most {field.max_length} characters" if field.max_length else "")
    if field.pattern:
        yield field.pattern.words
