"""What became of each row, and why: the words that stand beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.issues import Level
from pipeline.language import say
from pipeline.line import Line
from pipeline.model import Positions
from pipeline.report.entries import reasons, states
from pipeline.report.marked.plan import Beside
from pipeline.report.marked.told import Told

STATES = ACCEPTED, REJECTED, SKIPPED = ("accepted", "rejected", "skipped")
_LONGEST = 2000


class Judged:
    """Status and reason of every row.

    Args:
        line: the end of the line.
        said: the issues that are told one by one.
    """

    def __init__(self, line: Line, said: Iterable[Told]) -> None:
        self._line, self._states = line, np.append(states(line), np.int8(1))  # without an invoice: rejected
        self._own: dict[tuple[str, int], list[Told]] = defaultdict(list)
        for each in said:
            self._own[each.table, each.position].append(each)
        self._of = {each: self._parents(each) for each in line.tables}
        self._first = self._first_errors()
        self._codes: Sequence[str] = reasons(line).to_pylist() if line.rejected.any() else []

    def rejected(self, table: str) -> Positions:
        """Positions of a table's rows that are rejected with their invoice, or have none."""
        return np.flatnonzero(self._states[self._of[table]] == 1)

    def beside(self, table: str) -> list[Beside]:
        """What stands beside each row of a table.

        Args:
            table: its name.
        """
        parents = self._of[table]
        return [
            Beside(STATES[state], self._reason(table, position, parent, state))
            for position, (parent, state) in enumerate(
                zip(parents.tolist(), self._states[parents].tolist(), strict=True)
            )
        ]

    def reason(self, table: str, position: int) -> str:
        """Why a row is rejected.

        Args:
            table: its name.
            position: of the row.
        """
        return self._reason(table, position, int(self._of[table][position]), 1)

    def _parents(self, table: str) -> npt.NDArray[np.int64]:
        """Per row of a table the position of its invoice, -1 without one."""
        if not len(self._line.raw.tables[table]):
            return np.empty(0, np.int64)
        return self._line.sheets.valid.invoice_of(table)

    def _first_errors(self) -> dict[int, Told]:
        """Per invoice its first error."""
        first: dict[int, Told] = {}
        for (table, position), own in self._own.items():
            errors = [each for each in own if each.level is Level.ERROR]
            parent = int(self._of[table][position]) if errors else -1
            if parent >= 0:
                first.setdefault(parent, errors[0])
        return first

    def _reason(self, table: str, position: int, parent: int, state: int) -> str:
        own = self._own.get((table, position), [])
        told = " ".join(f"{each.code}: {each.message}" for each in own)
        if len(told) > _LONGEST:
            told = f"{told[:_LONGEST]}…"
        if state == 2:
            return say("An earlier run accepted it; nothing is done with it.")
        if state == 0 or any(each.level is Level.ERROR for each in own):
            return told
        return f"{self._because(parent)} {told}".strip()

    def _because(self, parent: int) -> str:
        """Why a row falls whose own cells are fine."""
        if parent in self._first:
            first = self._first[parent]
            return say(
                "Rejected with its invoice because of {place} ({code}).", place=first.place, code=first.code
            )
        codes = self._codes[parent] if parent >= 0 else ""
        return (
            say("Rejected; issues.csv says why ({codes}).", codes=codes)
            if codes
            else say("Rejected; issues.csv says why.")
        )
