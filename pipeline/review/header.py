"""A second look at the headers: closed periods, payments at once, and what was rejected before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Settings
from pipeline.issues import Findings, Issues, found
from pipeline.language import say
from pipeline.model import Invoices, Mask, Positions, ValidSheets
from schemas.columns import cells_of, plain


def closed(valid: ValidSheets, settings: Settings) -> Issues:
    """The invoices dated in a closed period: warnings, or errors where the setting says so.

    Args:
        valid: typed sheets.
        settings: in effect.
    """
    if not settings.closed_through or "invoice_date" not in valid.invoices:
        return Issues()
    last = pa.scalar(date.fromisoformat(settings.closed_through), pa.date32())
    early = pc.fill_null(pc.less_equal(cells_of(valid.invoices["invoice_date"]), last), False)
    rows = np.flatnonzero(early.to_numpy(zero_copy_only=False))
    code = "E804" if settings.closed_period == "error" else "W804"
    return found(
        [Findings(code, "invoices", "invoice_date", rows, facts={"closed": settings.closed_through})]
    )


def charged_at_once(invoices: Invoices) -> Findings | None:
    """The posted invoices with auto pay, as one warning: the first bears it.

    Args:
        invoices: what would be sent.
    """
    frame = invoices.sheets.valid.invoices
    if "auto_pay" not in frame or "status" not in frame:
        return None
    posted = pc.equal(plain(cells_of(frame["status"])), "Posted")
    both = pc.fill_null(pc.and_(posted, cells_of(frame["auto_pay"])), False)
    rows = invoices.positions[both.to_numpy(zero_copy_only=False)[invoices.positions]]
    return Findings("W806", "invoices", "auto_pay", rows[:1], _refs(frame, rows[:1]), counts=_count(rows))


def _refs(frame: pd.DataFrame, rows: Positions) -> pa.Array:
    return plain(pc.take(cells_of(frame["invoice_ref"]), pa.array(rows)))


def _count(rows: Positions) -> Positions:
    return np.array([len(rows)])[: len(rows)]


def rejected_again(
    positions: Positions, prints: list[str], refs: list[str], before: Mapping[str, str], fallen: Mask
) -> Issues:
    """The invoices that say what they said when they were rejected.

    Args:
        positions: of the invoices whose references were rejected before.
        prints: the fingerprint of each.
        refs: the reference of each.
        before: by reference the fingerprint of what was rejected last.
        fallen: a boolean an invoice: it is rejected now as well.
    """
    same = np.array([before[ref] == mine for ref, mine in zip(refs, prints, strict=True)], bool)
    rows = positions[same]
    now = np.where(fallen[rows], say(", and is rejected again"), say(", and is accepted this time"))
    return found([Findings("W808", "invoices", "", rows, facts={"now": pa.array(now.tolist(), pa.string())})])
