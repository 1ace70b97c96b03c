"""Totals rows, compared with the sum of the rows above them.

In: the totals rows, and the typed columns above them.
Out: an issue for each cell that is not the sum of its column.
Never: sums a column in which a cell could not be read.

A totals row is no data, but it says what its writer believes to be there: if the sum differs, rows are
missing, surplus, or left out of its formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import SheetIssue
from pipeline.model.indices import Mask
from pipeline.model.sheets import RawSheets, TotalsRow
from schemas.arrow.columns import Decimals
from schemas.arrow.frames import arrow_column
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
    """Yield an issue per cell of a totals row that is not the sum of its column.

    A column with a cell that cannot be read has no sum, and is skipped.

    Args:
        raw: the sheets as read.
        tables: their declarations.
        values: the typed columns of each table.
        unreadable: per table and field a mask of the rows whose cell could not be read.
        numbers: how texts write numbers.
    """
    for total in raw.totals:
        for name, cell in total.cells.items():
            if tables[total.table][name].kind not in _SUMMED_KINDS or cell[1] not in _NUMERIC_CELLS:
                continue
            stated, mask = _parse_total(*cell, numbers), unreadable[total.table].get(name)
            if stated is None or (mask is not None and mask[total.start_since_header : total.stop].any()):
                continue
            # a subtotal sums up the rows since the totals row before it, a grand total those since the header
            column = arrow_column(values[total.table][name])
            subtotal = _sum_rows(column, total.start_since_total, total.stop)
            if stated not in (subtotal, _sum_rows(column, total.start_since_header, total.stop)):
                yield _build_issue(raw, total, name, subtotal)


def _parse_total(text: str, kind: int, numbers: NumberNotation) -> Decimal | None:
    """Return the number in a cell of a totals row; None if it is none."""
    plain = numbers.normalize(pa.array([text]), np.array([kind], np.uint8)).texts[0].as_py()
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _sum_rows(column: Decimals, start: int, stop: int) -> Decimal:
    # a sum of 38-digit decimals may have more digits than decimal128 can hold
    total = pc.sum(pc.cast(column.slice(start, stop - start), pa.decimal256(60, 9))).as_py()
    return Decimal(0) if total is None else Decimal(total)


def _build_issue(raw: RawSheets, total: TotalsRow, name: str, actual: Decimal) -> SheetIssue:
    sheet = raw.tables[total.table].sheets[total.sheet]
    column = next(header for header in sheet.columns if header.field == name)
    return SheetIssue(
        "W104",
        raw.sources[sheet.source].name,
        sheet.name,
        total.row_number,
        column.letter,
        value=total.cells[name][0],
        facts={"header": column.header, "sum": f"{actual.normalize():f}"},
    )
