"""What the preparer expects: from the Control sheet, from control files beside the others, and from flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline import control
from pipeline.balance import Balance
from pipeline.config import Settings
from pipeline.control import Control, Expected
from pipeline.issues import Findings, Issues, SheetIssue
from pipeline.model import Positions, RawSheets, RawTable
from pipeline.read.formulas import formula_rows
from pipeline.validate import check_table
from pipeline.validate.demands import Demands
from schemas.columns import cells_of, plain
from schemas.control import CONTROL

SIDECAR = ".control.csv"
"""`invoices.csv` may have its control totals beside it, in `invoices.control.csv`."""


@dataclass(frozen=True)
class Expectations:
    """What is expected, and what is wrong with how it was said."""

    expected: tuple[Expected, ...] = ()
    issues: Issues = control.NO_ISSUES


def with_sidecars(files: Sequence[str | Path]) -> list[Path]:
    """The files, each followed by the control file beside it, where there is one that was not given."""
    given = [Path(each) for each in files]
    beside = [each.with_name(each.stem + SIDECAR) for each in given if each.name]  # "." has none
    return [
        *given,
        *(each for each in dict.fromkeys(beside) if each not in given and each.is_file()),
    ]


def split(issues: Issues) -> tuple[Issues, Issues]:
    """Issues of the sheets that are imported, and those of the Control sheet."""
    own = tuple(each for each in issues.findings if each.table == CONTROL.name)
    others = tuple(each for each in issues.findings if each.table != CONTROL.name)
    return Issues(others, issues.sheets), Issues(own)


def expectations(
    raw: RawSheets, unread: Issues, given: Sequence[Expected], demands: Demands, edition: str
) -> Expectations:
    """Everything that is expected.

    Args:
        raw: the sheets as read.
        unread: what the reader found in the Control sheet.
        given: on the command line.
        demands: how dates and numbers are written.
        edition: of the template as it is now.
    """
    own = raw.tables[CONTROL.name]
    if not len(own):
        return Expectations(tuple(given))
    typed, faults = check_table(own, CONTROL, demands.dates, demands.numbers)
    usable, unclear = control.from_sheet(raw, typed, _formulas(raw))
    old = control.versions(raw, typed, edition)
    return Expectations((*given, *usable), _of_the_sheet(unread + faults + unclear + old, raw))


def _of_the_sheet(issues: Issues, raw: RawSheets) -> Issues:
    """The same issues as issues of a sheet: no row of theirs belongs to an invoice."""
    own = raw.tables[CONTROL.name]
    return Issues(
        sheets=tuple(_placed(each, at, own, raw) for each in issues.findings for at in range(len(each)))
    )


def _placed(found: Findings, at: int, own: RawTable, raw: RawSheets) -> SheetIssue:
    row = int(found.rows[at])
    sheet = own.sheets[own.sheet_of[row]]
    column = next((each for each in sheet.columns if each.field == found.field), None)
    value = str(plain(cells_of(own.frame[found.field]))[row]) if column else ""
    facts = {
        name: each if isinstance(each, str) else str(plain(each)[at]) for name, each in found.facts.items()
    }
    label = column.label if column else CONTROL[found.field].label if found.field in CONTROL else ""
    return SheetIssue(
        found.code,
        raw.sources[sheet.source].name,
        sheet.name,
        int(own.row_of[row]),
        column.letter if column else "",
        value,
        {"label": label, "header": label, **facts},
    )


def _formulas(raw: RawSheets) -> Positions:
    """Rows of the table whose expected cell holds a formula."""
    own = raw.tables[CONTROL.name]
    found = np.zeros(len(own), bool)
    for place, sheet in enumerate(own.sheets):
        column = next((each.letter for each in sheet.columns if each.field == "expected"), "")
        rows = formula_rows(raw.sources[sheet.source].package, sheet.part, column) if column else set()
        found |= (own.sheet_of == place) & np.isin(own.row_of, list(rows))
    return np.flatnonzero(found)


def judged(asked: Expectations, books: Balance, raw: RawSheets, chosen: Settings) -> Control:
    """The expectations beside what came in."""
    return control.compared(asked.expected, books.came_in, asked.issues, _missing(raw, chosen))


def _missing(raw: RawSheets, chosen: Settings) -> str:
    """What it means that nothing is expected: a CSV cut short passes every other check one time in three."""
    text = any(not sheet.part for name in ("invoices", "items") for sheet in raw.tables[name].sheets)
    if chosen.require_control == "always" or (chosen.require_control == "csv" and text):
        return "demanded"
    return "recommended" if text else ""
