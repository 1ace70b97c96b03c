"""What came of requests, as issues: each reason of the API with the sheet, row and column it leads back to."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from pipeline.issues import Findings, Issues
from pipeline.outcome import Cause, Outcome, Reason, State

_CODES = {Cause.DATA: "E361", Cause.ACCESS: "E362", Cause.BUSY: "E363"}
_IN_DOUBT = "E364"


def issues_of(outcomes: Iterable[Outcome]) -> Issues:
    """One issue for each reason of an invoice that was not created, or may not have been.

    Args:
        outcomes: of any requests of one set of batches.
    """
    together: dict[tuple[str, str, str], list[Reason]] = {}
    for each in outcomes:
        if each.state is State.CREATED:
            continue
        code = _IN_DOUBT if each.state is State.IN_DOUBT else _CODES[each.cause]
        for reason in each.reasons:
            together.setdefault((code, reason.table, reason.field), []).append(reason)
    return Issues(tuple(_findings(*key, reasons) for key, reasons in together.items()))


def _findings(code: str, table: str, field: str, reasons: list[Reason]) -> Findings:
    ordered = sorted(reasons, key=lambda each: each.row)
    said = [f"{each.message} ({each.code})" if each.code else each.message for each in ordered]
    rows = np.array([each.row for each in ordered], np.int64)
    return Findings(code, table, field, rows, facts={"message": pa.array(said, pa.string())})
