"""For `submit`, not called yet: the outcomes of requests as issues of sheets, rows and columns.

In: outcomes, whose reasons hold the row and field they are about.
Out: `Issues`, in the order in which code, table and field first appear.
Never: reports an invoice that was created.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from pipeline.issues import Findings, Issues
from pipeline.model.outcomes import InvoiceOutcome, InvoiceState, RefusalCause, RefusalReason

_CODE_BY_CAUSE = {RefusalCause.DATA: "E361", RefusalCause.ACCESS: "E362", RefusalCause.BUSY: "E363"}
_IN_DOUBT_CODE = "E364"


def build_outcome_issues(outcomes: Iterable[InvoiceOutcome]) -> Issues:
    """Build one issue per reason of each invoice that was refused or is in doubt.

    Args:
        outcomes: of any requests of one set of batches.
    """
    # a dictionary keeps the order in which its keys first appeared
    reasons_by_column: dict[tuple[str, str, str], list[RefusalReason]] = {}
    for outcome in outcomes:
        if outcome.state is InvoiceState.CREATED:
            continue
        code = _IN_DOUBT_CODE if outcome.state is InvoiceState.IN_DOUBT else _CODE_BY_CAUSE[outcome.cause]
        for reason in outcome.reasons:
            reasons_by_column.setdefault((code, reason.table, reason.field), []).append(reason)
    return Issues(tuple(_build_findings(*key, reasons) for key, reasons in reasons_by_column.items()))


def _build_findings(code: str, table: str, field: str, reasons: list[RefusalReason]) -> Findings:
    """Build the findings of one code and column, in the order of the rows."""
    ordered = sorted(reasons, key=lambda reason: reason.row)
    messages = [f"{reason.message} ({reason.code})" if reason.code else reason.message for reason in ordered]
    rows = np.array([reason.row for reason in ordered], np.int64)
    return Findings(code, table, field, rows, facts={"message": pa.array(messages, pa.string())})
