"""What became of each row, and why: the text of the two columns that marking adds.

In: the assessment, and the issues that are marked.
Out: a `RowStatus` for each row of a table.
Never: leaves a rejected row without a reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import translate
from pipeline.issues import Level
from pipeline.model.indices import Positions
from pipeline.report.invoice_table import get_state_codes, join_error_codes
from pipeline.report.marked.annotations import RowStatus
from pipeline.report.marked.selected_issues import RowIssue

ROW_STATES = ROW_ACCEPTED, ROW_REJECTED, ROW_SKIPPED = ("accepted", "rejected", "skipped")
"""What a row may be, by the codes of `get_state_codes`."""

_ACCEPTED, _REJECTED, _SKIPPED = range(3)
_MAX_REASON = 2000
"""Characters of a reason; the rest is cut, and issues.csv has all of it."""


class RowStatuses:
    """Status and reason of every row.

    Args:
        assessment: what is known at the end of a check.
        issues: those that are marked.
    """

    def __init__(self, assessment: Assessment, issues: Iterable[RowIssue]) -> None:
        self._assessment = assessment
        # One state more at the end: rows without an invoice have position -1, and are rejected.
        self._states = np.append(get_state_codes(assessment), np.int8(_REJECTED))
        self._issues: dict[tuple[str, int], list[RowIssue]] = defaultdict(list)
        for issue in issues:
            self._issues[issue.table, issue.position].append(issue)
        self._invoice_of = {table: self._locate_invoices(table) for table in assessment.tables}
        self._first_errors = self._find_first_errors()
        self._codes: Sequence[str] = (
            join_error_codes(assessment).to_pylist() if assessment.rejected.any() else []
        )

    def find_rejected(self, table: str) -> Positions:
        """Return the positions of a table's rows that are rejected with their invoice, or have none.

        Args:
            table: its name.
        """
        return np.flatnonzero(self._states[self._invoice_of[table]] == _REJECTED)

    def list_statuses(self, table: str) -> list[RowStatus]:
        """Return the status of each row of a table.

        Args:
            table: its name.
        """
        invoices = self._invoice_of[table]
        states = self._states[invoices].tolist()
        return [
            RowStatus(ROW_STATES[state], self._build_reason(table, position, invoice, state))
            for position, (invoice, state) in enumerate(zip(invoices.tolist(), states, strict=True))
        ]

    def explain_rejection(self, table: str, position: int) -> str:
        """Return why a row is rejected.

        Args:
            table: its name.
            position: of the row.
        """
        return self._build_reason(table, position, int(self._invoice_of[table][position]), _REJECTED)

    def _locate_invoices(self, table: str) -> npt.NDArray[np.int64]:
        """Return the position of the invoice of each row of a table, -1 without one."""
        if not len(self._assessment.raw.tables[table]):
            return np.empty(0, np.int64)
        return self._assessment.sheets.valid.find_invoices(table)

    def _find_first_errors(self) -> dict[int, RowIssue]:
        """Return the first error of each invoice that has one."""
        first_errors: dict[int, RowIssue] = {}
        for (table, position), issues in self._issues.items():
            errors = [issue for issue in issues if issue.level is Level.ERROR]
            invoice = int(self._invoice_of[table][position]) if errors else -1
            if invoice >= 0:
                first_errors.setdefault(invoice, errors[0])
        return first_errors

    def _build_reason(self, table: str, position: int, invoice: int, state: int) -> str:
        if state == _SKIPPED:
            return translate("An earlier run accepted it; nothing is done with it.")
        issues = self._issues.get((table, position), [])
        text = " ".join(f"{issue.code}: {issue.message}" for issue in issues)
        if len(text) > _MAX_REASON:
            text = f"{text[:_MAX_REASON]}…"
        if state == _ACCEPTED or any(issue.level is Level.ERROR for issue in issues):
            return text
        return f"{self._explain_by_invoice(invoice)} {text}".strip()

    def _explain_by_invoice(self, invoice: int) -> str:
        """Return why a row is rejected that has no error of its own."""
        if invoice in self._first_errors:
            error = self._first_errors[invoice]
            return translate(
                "Rejected with its invoice because of {place} ({code}).", place=error.place, code=error.code
            )
        codes = self._codes[invoice] if invoice >= 0 else ""
        if codes:
            return translate("Rejected; issues.csv says why ({codes}).", codes=codes)
        return translate("Rejected; issues.csv says why.")
