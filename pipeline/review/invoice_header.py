"""Check invoice headers: closed periods, automatic payments, and repeated rejections.

In: typed invoices, accepted ones, or fingerprints of rejected ones.
Out: findings or issues.
Never: rejects, except for a date in a closed period where a setting says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.issues import Findings, Issues, collect_findings
from pipeline.model.indices import Mask, Positions
from pipeline.model.invoices import Invoices
from pipeline.model.valid import ValidSheets
from pipeline.settings import Settings
from schemas.arrow.columns import decode_dictionary
from schemas.arrow.frames import arrow_column


def find_closed_periods(valid: ValidSheets, settings: Settings) -> Issues:
    """Report the invoices dated in a closed period: warnings, or errors where the setting says so.

    Args:
        valid: typed sheets.
        settings: in effect.
    """
    if not settings.closed_through or "invoice_date" not in valid.invoices:
        return Issues()
    closed_through = pa.scalar(date.fromisoformat(settings.closed_through), pa.date32())
    is_closed = pc.fill_null(
        pc.less_equal(arrow_column(valid.invoices["invoice_date"]), closed_through), False
    )
    rows = np.flatnonzero(is_closed.to_numpy(zero_copy_only=False))
    code = "E804" if settings.closed_period == "error" else "W804"
    return collect_findings(
        [Findings(code, "invoices", "invoice_date", rows, facts={"closed": settings.closed_through})]
    )


def find_immediate_payments(invoices: Invoices) -> Findings | None:
    """Report the posted invoices with auto pay as one warning, on the first of them.

    Args:
        invoices: what would be sent.
    """
    frame = invoices.sheets.valid.invoices
    if "auto_pay" not in frame or "status" not in frame:
        return None
    is_posted = pc.equal(decode_dictionary(arrow_column(frame["status"])), "Posted")
    is_charged = pc.fill_null(pc.and_(is_posted, arrow_column(frame["auto_pay"])), False)
    rows = invoices.invoice_rows[is_charged.to_numpy(zero_copy_only=False)[invoices.invoice_rows]]
    return Findings(
        "W806",
        "invoices",
        "auto_pay",
        rows[:1],
        _get_references(frame, rows[:1]),
        row_counts=_count_rows(rows),
    )


def _get_references(frame: pd.DataFrame, rows: Positions) -> pa.Array:
    return decode_dictionary(pc.take(arrow_column(frame["invoice_ref"]), pa.array(rows)))


def _count_rows(rows: Positions) -> Positions:
    # without a row there is no count either
    return np.array([len(rows)])[: len(rows)]


def find_repeated_rejections(
    positions: Positions,
    fingerprints: list[str],
    references: list[str],
    rejected_fingerprints: Mapping[str, str],
    rejected: Mask,
) -> Issues:
    """Report the invoices with the same content as when they were rejected before.

    Args:
        positions: of the invoices whose references were rejected before.
        fingerprints: the fingerprint of each.
        references: the reference of each.
        rejected_fingerprints: by reference the fingerprint of what was rejected last.
        rejected: one boolean per invoice: it is rejected now as well.
    """
    is_same = np.array(
        [
            rejected_fingerprints[reference] == fingerprint
            for reference, fingerprint in zip(references, fingerprints, strict=True)
        ],
        bool,
    )
    rows = positions[is_same]
    clauses = np.where(
        rejected[rows], translate(", and is rejected again"), translate(", and is accepted this time")
    )
    return collect_findings(
        [Findings("W808", "invoices", "", rows, facts={"now": pa.array(clauses.tolist(), pa.string())})]
    )
