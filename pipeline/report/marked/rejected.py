"""`rejected.xlsx`: the rejected invoices alone, whole, in the template's own form, marked like the preparer's file.

In: the end of the line, and the bytes of the template that fits its settings.
Out: a workbook whose rows are written as a person wrote them, each with what is wrong; corrected and handed in
again it runs as it is. A fault that would be gone by writing the rows anew leaves a mark instead (`doubts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Level
from pipeline.language import say
from pipeline.line import Line
from pipeline.model import Positions
from pipeline.report.marked import books, doubts, form, styles
from pipeline.report.marked.cells import address
from pipeline.report.marked.columns import CellLooks, Kinds, Written, rows_of
from pipeline.report.marked.judged import REJECTED, Judged
from pipeline.report.marked.package import Package
from pipeline.report.marked.plan import BookMarks, SheetMarks
from pipeline.report.marked.told import Told, spot
from schemas import inert, money
from schemas.cells import CellKind
from schemas.columns import cells_of, plain
from schemas.fields import Field, Kind, Table

NAME = "rejected.xlsx"
_CONTROL_TOTALS = "6"
"""Of a code: faults of what was expected, which reject no invoice."""
_DATES, _NUMBERS = (Kind.DATE,), (Kind.NUMBER, Kind.MONEY)

Rejected = Mapping[str, Positions]
"""By table the positions of its rows that are rejected."""


def rows(line: Line, judged: Judged) -> Rejected:
    """What is rejected: invoices, all that belongs to them, and what belongs to none.

    Args:
        line: the end of the line.
        judged: what became of each row.
    """
    found = {name: judged.rejected(name) for name in line.tables}
    return {name: each for name, each in found.items() if len(each)}


def by_the_file(line: Line) -> bool:
    """Whether a sheet or header rejects everything: then the file itself must be corrected."""
    return any(each.level is Level.ERROR and each.code[1] != _CONTROL_TOTALS for each in line.issues.sheets)


def fill(template: bytes, line: Line, some: Rejected, said: Sequence[Told]) -> tuple[Package, BookMarks]:
    """The template with the rejected rows, and what is to be marked in it.

    Args:
        template: a workbook with a sheet for each table.
        line: the end of the line.
        some: the rejected rows.
        said: the issues that are told one by one.
    """
    package = Package(template)
    parts = form.sheets(package)
    here = [_moved(each, line.tables[each.table], some) for each in said if _is_in(each, some)]
    judged = Judged(line, here)
    marks: dict[str, SheetMarks] = {}
    for name, table in line.tables.items():
        part, width, positions = parts[table.label], len(table.fields), some.get(name)
        if positions is None:
            form.fill(package, part, ())  # without the example
            continue
        columns = _written(package, part, line, table, positions)
        columns += _beside(package, width, [judged.reason(name, each) for each in positions.tolist()])
        numbers = np.arange(2, len(positions) + 2, dtype=np.int32)
        form.fill(package, part, rows_of(columns, numbers))
        marks[part] = SheetMarks(part, table.label, 0, (width, width + 1), ours=False)
    sheet_of = {table: marks[parts[line.tables[table].label]] for table in some}
    return package, books.marks_of_rejected(line, sheet_of, here, _faults(line, some))


def _faults(line: Line, some: Rejected) -> int:
    """How many faults the rejected rows have."""
    findings = [each for each in line.issues.findings if each.table in some]
    return sum(int(np.isin(each.rows, some[each.table]).sum()) for each in findings)


def _is_in(issue: Told, some: Rejected) -> bool:
    at = some.get(issue.table, ())
    place = int(np.searchsorted(at, issue.position))
    return place < len(at) and at[place] == issue.position


def _moved(issue: Told, table: Table, some: Rejected) -> Told:
    """An issue at the place that its row has in the template."""
    names = [each.name for each in table]
    row = int(np.searchsorted(some[issue.table], issue.position)) + 1
    column = names.index(issue.field if issue.field in names else table.key[0])
    cell = address(row, column) if issue.field in names else ""
    return issue._replace(sheet=0, row=row, column=column, place=spot(table.label, cell, row + 1))


def _written(package: Package, part: str, line: Line, table: Table, positions: Positions) -> list[Written]:
    """A table's columns in the template's order, each in the format that its column has there."""
    given, own = form.formats(package, part), styles.cell_looks(package)
    frame = line.raw.tables[table.name].frame
    doubtful = doubts.in_doubt(line, doubts.TORN) if table.parent is None else positions[:0]
    bears = doubts.place(table, list(frame.columns)) if len(doubtful) else ""
    made = []
    for at, each in enumerate(table):
        if each.name in frame:
            texts, kinds = _cells(line, table, each, positions)
            if each.name == bears:
                texts = doubts.marked(texts, np.searchsorted(positions, doubtful))
                kinds = None if kinds is None else _as_texts(kinds, np.searchsorted(positions, doubtful))
            made.append(
                Written(address(0, at)[:-1], texts, _looks(each, given.get(at, own.value), own), kinds)
            )
    return made


def _as_texts(kinds: Kinds, places: Positions) -> Kinds:
    made = kinds.copy()
    made[places] = CellKind.TEXT
    return made


def _cells(line: Line, table: Table, field: Field, positions: Positions) -> tuple[Any, Kinds | None]:
    """A field's cells as they were written; where a mapping said what they mean, as what they mean."""
    raw, at = line.raw.tables[table.name], pa.array(positions)
    texts = inert.as_typed(plain(pc.take(cells_of(raw.frame[field.name]), at)))
    kinds = raw.kinds[field.name][positions] if field.name in raw.kinds else None
    typed = _typed(line, table.name)
    if not line.settings.mapping or field.name not in typed:
        return texts, kinds
    values = pc.take(cells_of(typed[field.name]), at)
    if field.kind in _DATES:
        meant, kind = pc.cast(values, pa.string()), CellKind.DATE
    elif field.kind in _NUMBERS:
        meant, kind = money.plain_text(values), CellKind.NUMBER
    else:
        return texts, kinds
    known = pc.is_valid(meant)
    before = kinds if kinds is not None else np.full(len(texts), CellKind.TEXT, np.uint8)
    return pc.coalesce(meant, texts), np.where(known.to_numpy(zero_copy_only=False), kind, before).astype(
        np.uint8
    )


def _typed(line: Line, table: str) -> pd.DataFrame:
    """A table's rows as they were understood."""
    valid = line.sheets.valid
    own = {"invoices": valid.invoices, "items": valid.items}
    return own[table] if table in own else valid.branches[table].frame


def _looks(field: Field, given: int, own: CellLooks) -> CellLooks:
    """The template's format for what the column is made for, and our own for anything else.

    A number in a column of dates keeps the look of a number: with that of a date it would be one.
    """
    if field.kind in (Kind.DATE, Kind.DATETIME):
        return own._replace(text=given, date=given, moment=own.moment if field.kind is Kind.DATE else given)
    return own._replace(text=given, value=given)


def _beside(package: Package, width: int, reasons: list[str]) -> list[Written]:
    """Status and reason, behind the last column."""
    looks = styles.looks(package)
    status, reason = (address(0, width + each)[:-1] for each in (0, 1))
    told = pa.array(reasons, pa.string())
    same = pa.repeat(pa.scalar(say(REJECTED), pa.string()), len(reasons))
    return [
        Written(status, same, CellLooks(*[looks.rejected] * 6)),
        Written(reason, told, CellLooks(*[looks.plain] * 6)),
    ]
