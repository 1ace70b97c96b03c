"""What a copy cannot show: cells without a column, rows of one invoice that disagree, and what a sheet hid.

In the file such rows are told as faults. In a copy that is made anew they would look like any other, and pass, or
their invoice would go on without them. So a date of their invoice gets a mark that no date has: the invoice is
refused whole until somebody has put its rows right and taken the mark away.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.line import Line
from pipeline.model import Positions
from schemas.fields import Kind, Table

MARK = "#? "
"""Before a value in doubt."""

RAGGED = ("E106", "E112", "E218", "E219", "E222")
"""Faults that are gone when a sheet's rows are written anew: ragged, hidden, shown as another, merged."""

TORN = (*RAGGED, "E110", "E111")
"""Faults that are gone when invoices and items are written to sheets of their own."""

_NEVER_SO = (Kind.DATE, Kind.DATETIME, Kind.NUMBER, Kind.MONEY, Kind.CURRENCY, Kind.CHOICE, Kind.BOOLEAN)
"""Kinds of which no value begins with the mark."""


def in_doubt(line: Line, codes: Collection[str]) -> Positions:
    """Positions of the invoices that must not pass.

    Args:
        line: the end of the line.
        codes: of the faults that a copy cannot show.
    """
    found = [each for each in line.issues.findings if each.code in codes]
    hung = [line.sheets.valid.invoice_of(each.table)[each.rows] for each in found]
    fallen = np.unique(np.concatenate([np.empty(0, np.int64), *hung]))
    return fallen[fallen >= 0]


def place(table: Table, there: Collection[str]) -> str:
    """The field that bears the mark: the first that cannot hold it, else the key.

    Args:
        table: of the invoices.
        there: names of the fields that the copy has.
    """
    of_kinds = (each.name for kind in _NEVER_SO for each in table if each.kind is kind)
    return next((each for each in of_kinds if each in there), table.key[0])


def marked(texts: Any, rows: Positions) -> Any:
    """Texts with the mark before some.

    Args:
        texts: a string array.
        rows: positions of those in doubt.
    """
    mask = np.zeros(len(texts), np.bool_)
    mask[rows] = True
    return pc.if_else(pa.array(mask), pc.binary_join_element_wise(MARK, texts, ""), texts)
