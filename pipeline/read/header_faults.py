"""Stage 1: what is wrong with the header of a sheet that feeds a table.

In: a `Placed`, and which of its rows are data.
Out: columns that are missing, unknown, there twice, or for which the target has no place.
Never: takes an unknown header for the one it resembles: it asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

import pyarrow.compute as pc

from pipeline.issues import SheetIssue
from pipeline.language import say
from pipeline.model import Column, Mask
from pipeline.near import question
from pipeline.read.headers import known_headers, normal
from pipeline.read.placed import Placed
from schemas.fields import Table


def header_issues(placed: Placed, source: str, kept: Mask) -> Iterator[SheetIssue]:
    """What is wrong with a header: columns that are missing, unknown, or there twice.

    Args:
        placed: the sheet.
        source: the file's name.
        kept: rows below the header that are data; an unnamed column matters only if one has a value there.
    """
    table, row = placed.table, placed.grid.rows[placed.header]
    found = {each.field: each for each in placed.columns}
    beside = {each.index: each for each in placed.columns if each.field not in table}

    def issue(code: str, column: Column | None, **facts: str) -> SheetIssue:
        letter, value = (column.letter, column.label) if column else ("", "")
        facts |= {"table": table.label}
        return SheetIssue(code, source, placed.grid.name, int(row), letter, value, facts)

    for each in table:
        if each.required and each.name not in found:
            yield issue("E103", None, label=each.label)
    if not placed.leading:
        return
    known = known_headers(table)
    for index, cell in enumerate(placed.grid.texts(placed.header, placed.header + 1)[0]):
        here = Column(known.get(normal(cell), ""), cell.strip(), index)
        if index in placed.notes or index in beside or index in placed.markers.values():
            continue
        if index in placed.unnamed:
            if _has_values(placed, index, kept):
                yield issue("E104", Column("", say("column {letter}", letter=here.letter), index), near="")
        elif not here.field and (code := _without_a_place(cell, table)):
            if _has_values(placed, index, kept):
                yield issue(code, here)
        elif not here.field:
            yield issue("E104", here, near=_near(cell, table))
        elif found[here.field].index != index:
            first = found[here.field]
            yield issue(
                "E105",
                here,
                first=say("column {letter}", letter=first.letter),
                second=say("column {letter}", letter=here.letter),
            )


def _without_a_place(cell: str, table: Table) -> str:
    """The code under which a column is told that we know and the target does not; empty for any other."""
    for code, fields in (("W412", table.left_out), ("E352", table.refused)):
        if normal(cell) in known_headers(table.with_fields(fields)):
            return code
    return ""


def _has_values(placed: Placed, index: int, kept: Mask) -> bool:
    lengths = pc.binary_length(pc.utf8_trim_whitespace(placed.grid.columns[index].slice(placed.header + 1)))
    return bool((kept & (lengths.to_numpy() > 0)).any())


def _near(cell: str, table: Table) -> str:
    """The nearest header, as a question; written as a label or as a name, as the cell is."""
    plain = "_" in cell or cell == cell.lower()
    shown = {
        normal(header): (each.name if plain else each.label) for each in table for header in each.headers
    }
    near = get_close_matches(normal(cell), list(shown), 1, 0.7)
    return question(cell.strip(), shown[near[0]]) if near else ""
