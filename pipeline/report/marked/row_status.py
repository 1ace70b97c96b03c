"""What became of each row, and why: the words that stand beside it."""

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
_MAX_REASON = 2000


class RowStatuses:
    """Status and reason of every row.

    Args:
        line: the end of the line.
        said: the issues that are told one by one.
    """

    def __init__(self, assessment: Assessment, issues: Iterable[RowIssue]) -> None:
        self._line, self._states = (
            assessment,
            np.append(get_state_codes(assessment), np.int8(1)),
        )  # without an invoice: rejected
        self._own: dict[tuple[str, int], list[RowIssue]] = defaultdict(list)
        for issue in issues:
            self._own[issue.table, issue.position].append(issue)
        self._of = {table: self._locate_invoices(table) for table in assessment.tables}
        self._first = self._find_first_errors()
        self._codes: Sequence[str] = (
            join_error_codes(assessment).to_pylist() if assessment.rejected.any() else []
        )

    def find_rejected(self, table: str) -> Positions:
        """Positions of a table's rows that are rejected with their invoice, or have none."""
        return np.flatnonzero(self._states[self._of[table]] == 1)

    def list_statuses(self, table: str) -> list[RowStatus]:
        """What stands beside each row of a table.

        Args:
            table: its name.
        """
        parents = self._of[table]
        return [
            RowStatus(ROW_STATES[state], self._build_reason(table, position, parent, state))
            for position, (parent, state) in enumerate(
                zip(parents.tolist(), self._states[parents].tolist(), strict=True)
            )
        ]

    def explain_rejection(self, table: str, position: int) -> str:
        """Why a row is rejected.

        Args:
            table: its name.
            position: of the row.
        """
        return self._build_reason(table, position, int(self._of[table][position]), 1)

    def _locate_invoices(self, table: str) -> npt.NDArray[np.int64]:
        """Per row of a table the position of its invoice, -1 without one."""
        if not len(self._line.raw.tables[table]):
            return np.empty(0, np.int64)
        return self._line.sheets.valid.find_invoices(table)

    def _find_first_errors(self) -> dict[int, RowIssue]:
        """Per invoice its first error."""
        first: dict[int, RowIssue] = {}
        for (table, position), issues in self._own.items():
            errors = [issue for issue in issues if issue.level is Level.ERROR]
            parent = int(self._of[table][position]) if errors else -1
            if parent >= 0:
                first.setdefault(parent, errors[0])
        return first

    def _build_reason(self, table: str, position: int, parent: int, state: int) -> str:
        issues = self._own.get((table, position), [])
        text = " ".join(f"{issue.code}: {issue.message}" for issue in issues)
        if len(text) > _MAX_REASON:
            text = f"{text[:_MAX_REASON]}…"
        if state == 2:
            return translate("An earlier run accepted it; nothing is done with it.")
        if state == 0 or any(issue.level is Level.ERROR for issue in issues):
            return text
        return f"{self._explain_by_invoice(parent)} {text}".strip()

    def _explain_by_invoice(self, parent: int) -> str:
        """Why a row falls whose own cells are fine."""
        if parent in self._first:
            first = self._first[parent]
            return translate(
                "Rejected with its invoice because of {place} ({code}).", place=first.place, code=first.code
            )
        codes = self._codes[parent] if parent >= 0 else ""
        return (
            translate("Rejected; issues.csv says why ({codes}).", codes=codes)
            if codes
            else translate("Rejected; issues.csv says why.")
        )
