"""Marks on invoices with faults that a rewritten copy cannot show: ragged, hidden, contradictory rows.

In: the issues, and the texts of a column of invoices.
Out: the invoices that must not pass; the column with a mark before their values.
Never: changes a value behind its mark.

In the file such rows have issues. In a copy that is made anew they would look like any other, and pass, or
their invoice would go on without them. So a date of their invoice gets a mark that no date has: the invoice
is rejected until somebody has corrected its rows and removed the mark.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.assessment import Assessment
from pipeline.issues import CATALOGUE, CopyLoss
from pipeline.model.indices import Positions
from schemas.arrow.columns import Texts
from schemas.fields import Kind, Table

UNCERTAIN_MARK = "#? "
"""What an uncertain value begins with."""

LOST_IN_REWRITE = frozenset(code for code, kind in CATALOGUE.items() if kind.lost_if is CopyLoss.REWRITTEN)
"""Codes of faults that are gone when a sheet's rows are written anew: ragged, hidden, merged, ..."""

LOST_IN_TEMPLATE = frozenset(code for code, kind in CATALOGUE.items() if kind.lost_if is not CopyLoss.NEVER)
"""Codes of faults that are gone when invoices and items are written to sheets of their own."""

_MARKABLE_KINDS = (
    Kind.DATE,
    Kind.DATETIME,
    Kind.NUMBER,
    Kind.MONEY,
    Kind.CURRENCY,
    Kind.CHOICE,
    Kind.BOOLEAN,
)
"""Kinds of which no value begins with the mark."""


def find_uncertain_invoices(assessment: Assessment, codes: Collection[str]) -> Positions:
    """Return the positions of the invoices that must not pass.

    Args:
        assessment: what is known at the end of a check.
        codes: of the faults that a copy cannot show.
    """
    findings = [group for group in assessment.issues.findings if group.code in codes]
    invoices = [assessment.sheets.valid.find_invoices(group.table)[group.rows] for group in findings]
    positions = np.unique(np.concatenate([np.empty(0, np.int64), *invoices]))
    return positions[positions >= 0]


def choose_marked_field(table: Table, fields: Collection[str]) -> str:
    """Return the field that takes the mark: the first that the mark makes invalid, else the key.

    Args:
        table: of the invoices.
        fields: names of the fields that the copy has.
    """
    for kind in _MARKABLE_KINDS:
        for field in table:
            if field.kind is kind and field.name in fields:
                return field.name
    # without such a field the reference itself is marked, and nothing can be linked to it
    return table.key[0]


def mark_uncertain(texts: Texts, rows: Positions) -> Texts:
    """Put the mark before some texts.

    Args:
        texts: a column.
        rows: positions of the uncertain ones.
    """
    mask = np.zeros(len(texts), np.bool_)
    mask[rows] = True
    return pc.if_else(pa.array(mask), pc.binary_join_element_wise(UNCERTAIN_MARK, texts, ""), texts)
