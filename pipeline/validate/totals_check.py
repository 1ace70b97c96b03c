"""Totals rows, held against the rows above them.

A totals row is no data, but it says what its writer believes to be there: where it is another sum, rows are
missing, surplus, or left out of its formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import SheetIssue
from pipeline.model.indices import Mask
from pipeline.model.sheets import RawSheets, TotalsRow
from schemas.arrow.columns import arrow_column
from schemas.cell_kinds import CellKind
from schemas.fields import Kind, Table
from schemas.notation.numbers import NumberNotation

_SUMMED_KINDS = {Kind.MONEY, Kind.NUMBER}
_NUMERIC_CELLS = {CellKind.NUMBER, CellKind.TEXT}


def check_totals(
    raw: RawSheets,
    tables: Mapping[str, Table],
    values: Mapping[str, pd.DataFrame],
    unreadable: Mapping[str, Mapping[str, Mask]],
    numbers: NumberNotation,
) -> Iterator[SheetIssue]:
    """The cells of totals rows that are another sum; a column with a cell that cannot be read has no sum.

    Args:
        raw: the sheets as read.
        tables: their declarations.
        values: the typed columns of each table.
        unreadable: by table and field, the rows whose cell could not be read.
        numbers: how texts write numbers.
    """
    for total in raw.totals:
        for name, cell in total.cells.items():
            if tables[total.table][name].kind not in _SUMMED_KINDS or cell[1] not in _NUMERIC_CELLS:
                continue
            stated, bad = _parse_total(*cell, numbers), unreadable[total.table].get(name)
            if stated is None or (bad is not None and bad[total.start_since_header : total.stop].any()):
                continue
            column = arrow_column(values[total.table][name])
            sums = [
                _sum_rows(column, start, total.stop)
                for start in (total.start_since_total, total.start_since_header)
            ]
            if stated not in sums:
                yield _build_issue(raw, total, name, sums[0])


def _parse_total(text: str, kind: int, numbers: NumberNotation) -> Decimal | None:
    """The number that a cell of a totals row holds; None when it is none."""
    plain = numbers.normalize(pa.array([text]), np.array([kind], np.uint8)).texts[0].as_py()
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _sum_rows(column: Any, start: int, stop: int) -> Decimal:
    total = pc.sum(pc.cast(column.slice(start, stop - start), pa.decimal256(60, 9))).as_py()
    return Decimal(0) if total is None else Decimal(total)


def _build_issue(raw: RawSheets, total: TotalsRow, name: str, actual: Decimal) -> SheetIssue:
    sheet = raw.tables[total.table].sheets[total.sheet]
    column = next(header for header in sheet.columns if header.field == name)
    text, facts = total.cells[name][0], {"header": column.header, "sum": f"{actual.normalize():f}"}
    return SheetIssue(
        "W104", raw.sources[sheet.source].name, sheet.name, total.row_number, column.letter, text, facts
    )
