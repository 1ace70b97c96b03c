"""Each issue as a person needs it beside the sheet: where it is, and what is said. Only as many as can be marked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipeline.issues import Findings, Issues, Level
from pipeline.language import counted, say
from pipeline.line import Line
from pipeline.model import RawTable
from pipeline.report.issue_table import issue_table
from schemas.fields import Table


class Told(NamedTuple):
    """One issue of a row.

    Attributes:
        table: the table's name.
        position: of the row in the table's frame.
        sheet: position in the table's sheets.
        row: of the cell, counted from 0.
        column: of the cell, counted from 0; for an issue of the row as a whole that of its key.
        field: the field's name; empty for an issue of the row as a whole.
        place: the cell or row as one would say it.
        rows: how many rows it stands for.
    """

    code: str
    level: Level
    table: str
    position: int
    sheet: int
    row: int
    column: int
    field: str
    place: str
    value: str
    message: str
    fix: str
    invoice: str
    rows: int


def told(line: Line, most: int) -> list[Told]:
    """The issues of rows, at most so many, shared out so that no cause goes unsaid.

    Args:
        line: the end of the line.
        most: how many at most.
    """
    waiting = sorted((each for each in line.issues.findings if each.table in line.tables), key=len)
    said: list[Told] = []
    for left, each in zip(range(len(waiting), 0, -1), waiting, strict=True):
        said += _of(_first(each, (most - len(said)) // left), line)
    return said


def _first(found: Findings, most: int) -> Findings:
    """The first of some findings."""
    if len(found) <= most:
        return found
    return dataclasses.replace(
        found,
        rows=found.rows[:most],
        values=None if found.values is None else found.values[:most],
        facts={name: fact if isinstance(fact, str) else fact[:most] for name, fact in found.facts.items()},
        counts=None if found.counts is None else found.counts[:most],
    )


def _of(found: Findings, line: Line) -> Iterator[Told]:
    raw, table = line.raw.tables[found.table], line.tables[found.table]
    columns = [_column(raw, at, found.field, table) for at in range(len(raw.sheets))]
    rows = issue_table(Issues((found,)), line.raw, line.tables)
    for position, each in zip(found.rows.tolist(), rows.to_pylist(), strict=True):
        sheet = int(raw.sheet_of[position])
        yield Told(
            found.code, found.level, found.table, position, sheet, each["row"] - 1, columns[sheet],
            found.field, spot(raw.sheets[sheet].name, each["cell"], each["row"]), each["value"], _also(each),
            each["fix"], each["invoice_ref"], each["rows"],
        )  # fmt: skip


def spot(sheet: str, cell: str, row: int) -> str:
    """Where something is, as one would say it: the cell, else the row.

    Args:
        sheet: its name.
        cell: as `C3`; "" where no one cell is meant.
        row: as the spreadsheet shows it.
    """
    return f"{sheet} {cell}" if cell else say("{where} row {row}", where=sheet, row=str(row))


def _also(issue: dict[str, Any]) -> str:
    """The sentence, and how many rows it stands for besides its own."""
    more = issue["rows"] - 1
    return f"{issue['message']} {_more(more)}" if more else str(issue["message"])


def _more(rows: int) -> str:
    return counted(rows, "(And in {count} more row.)", "(And in {count} more rows.)")


def _column(raw: RawTable, sheet: int, field: str, table: Table) -> int:
    """Where a field stands in a sheet; the key's place when it stands nowhere."""
    places = {each.field: each.index for each in raw.sheets[sheet].columns}
    return places.get(field, places.get(table.key[0], 0))
