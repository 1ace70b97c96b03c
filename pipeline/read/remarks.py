"""Stage 1: what is said of rows and columns whatever stands in their cells: ragged, hidden, blanks removed.

In: the bodies of one table.
Out: findings, told by their place in the whole table.
Never: judges a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings, SheetIssue
from pipeline.language import say
from pipeline.model import Positions
from pipeline.read import unseen
from pipeline.read.declared import HIDDEN_READ
from pipeline.read.rows import Body
from schemas.fields import Table


def of_rows(table: Table, bodies: Sequence[Body], hidden: str) -> Iterator[Findings | None]:
    """What is said of rows.

    Args:
        table: its declaration.
        bodies: its sheets.
        hidden: what a hidden row is, as the setting says.
    """
    yield from _trimmed(table, bodies)
    yield _ragged(table, bodies)
    yield from _hidden(table, bodies, hidden)


def of_columns(own: Body, source: str) -> Iterator[SheetIssue]:
    """The hidden columns that feed a field and hold anything."""
    placed = own.placed
    for each in unseen.hidden_columns(placed):
        if each.field in own.columns and pc.any(pc.not_equal(own.columns[each.field], "")).as_py():
            yield SheetIssue(
                "W103", source, placed.grid.name, int(placed.grid.rows[placed.header]), each.letter, each.label,
                {"table": placed.table.label},
            )  # fmt: skip


def starts(bodies: Sequence[Body]) -> list[int]:
    """Where the rows of each sheet begin in the table's frame."""
    return [0, *np.cumsum([len(each.rows) for each in bodies]).tolist()][: len(bodies)]


def _trimmed(table: Table, bodies: Sequence[Body]) -> list[Findings]:
    """One warning a column, standing for all its rows."""
    findings = []
    for field in table:
        hits = [
            (start + each.trimmed[field.name].first, each.trimmed[field.name])
            for start, each in zip(starts(bodies), bodies, strict=True)
            if field.name in each.trimmed
        ]
        if hits:
            row, first = hits[0]
            count = sum(each.count for _, each in hits)
            value = pa.array([first.value], pa.string())
            findings.append(
                Findings("W201", table.name, field.name, np.array([row]), value, counts=np.array([count]))
            )
    return findings


def _ragged(table: Table, bodies: Sequence[Body]) -> Findings | None:
    """Rows with too many or too few cells, with the number of both."""
    rows: list[Positions] = []
    cells: list[str] = []
    expected: list[str] = []
    for start, each in zip(starts(bodies), bodies, strict=True):
        own, counts = each.ragged
        rows.append(own + start)
        cells += map(str, counts.tolist())
        expected += [str(each.placed.grid.width)] * len(own)
    if not cells:
        return None
    facts = {"cells": pa.array(cells, pa.string()), "expected": pa.array(expected, pa.string())}
    return Findings("E106", table.name, "", np.concatenate(rows), facts=facts)


def _hidden(table: Table, bodies: Sequence[Body], hidden: str) -> Iterator[Findings]:
    """Each hidden row; or, where the setting takes them as they are, one notice a sheet."""
    for start, each in zip(starts(bodies), bodies, strict=True):
        rows = np.flatnonzero(each.hidden) + start
        if not len(rows):
            continue
        how = say("a filter is set in this sheet") if each.placed.grid.filtered else say("by hand")
        if hidden == HIDDEN_READ:
            yield Findings("W102", table.name, "", rows[:1], facts={"how": how}, counts=np.array([len(rows)]))
        else:
            yield Findings("E112", table.name, "", rows, facts={"how": how})
