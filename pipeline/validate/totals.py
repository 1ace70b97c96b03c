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
from pipeline.model import Mask, RawSheets, Total
from schemas.cells import CellKind
from schemas.columns import cells_of
from schemas.fields import Kind, Table
from schemas.numbers import NumberFormat

_ADDED = {Kind.MONEY, Kind.NUMBER}
_SAYS_A_NUMBER = {CellKind.NUMBER, CellKind.TEXT}


def differences(
    raw: RawSheets,
    tables: Mapping[str, Table],
    values: Mapping[str, pd.DataFrame],
    unread: Mapping[str, Mapping[str, Mask]],
    numbers: NumberFormat,
) -> Iterator[SheetIssue]:
    """The cells of totals rows that are another sum; a column with a cell that cannot be read has no sum.

    Args:
        raw: the sheets as read.
        tables: their declarations.
        values: the typed columns of each table.
        unread: by table and field, the rows whose cell could not be read.
        numbers: how texts write numbers.
    """
    for total in raw.totals:
        for name, cell in total.cells.items():
            if tables[total.table][name].kind not in _ADDED or cell[1] not in _SAYS_A_NUMBER:
                continue
            said, bad = _said(*cell, numbers), unread[total.table].get(name)
            if said is None or (bad is not None and bad[total.first : total.stop].any()):
                continue
            column = cells_of(values[total.table][name])
            sums = [_sum(column, start, total.stop) for start in (total.start, total.first)]
            if said not in sums:
                yield _told(raw, total, name, sums[0])


def _said(text: str, kind: int, numbers: NumberFormat) -> Decimal | None:
    """The number that a cell of a totals row holds; None when it is none."""
    plain = numbers.read(pa.array([text]), np.array([kind], np.uint8)).texts[0].as_py()
    try:
        said = Decimal(plain)
    except InvalidOperation:
        return None
    return said if said.is_finite() else None


def _sum(column: Any, start: int, stop: int) -> Decimal:
    found = pc.sum(pc.cast(column.slice(start, stop - start), pa.decimal256(60, 9))).as_py()
    return Decimal(0) if found is None else Decimal(found)


def _told(raw: RawSheets, total: Total, name: str, found: Decimal) -> SheetIssue:
    sheet = raw.tables[total.table].sheets[total.sheet]
    column = next(each for each in sheet.columns if each.field == name)
    text, facts = total.cells[name][0], {"header": column.label, "sum": f"{found.normalize():f}"}
    return SheetIssue(
        "W104", raw.sources[sheet.source].name, sheet.name, total.row, column.letter, text, facts
    )
