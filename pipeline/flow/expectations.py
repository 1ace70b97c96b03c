"""What the preparer expects: from the Control sheet, from control files beside the others, and from flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.acceptance import control_totals
from pipeline.acceptance.balance import Balance
from pipeline.acceptance.control_totals import ControlResult, Expectation
from pipeline.issues import Findings, Issues, SheetIssue
from pipeline.model.indices import Positions
from pipeline.model.sheets import RawSheets, RawTable
from pipeline.read.formats.ooxml.formulas import find_formula_rows
from pipeline.settings import Settings
from pipeline.validate import check_table
from pipeline.validate.requirements import Requirements
from schemas.arrow.columns import arrow_column, decode_dictionary
from schemas.control import CONTROL

CONTROL_FILE_SUFFIX = ".control.csv"
"""`invoices.csv` may have its control totals beside it, in `invoices.control.csv`."""


@dataclass(frozen=True)
class Expectations:
    """What is expected, and what is wrong with how it was said."""

    expected: tuple[Expectation, ...] = ()
    issues: Issues = control_totals.NO_CONTROL_ISSUES


def add_control_files(files: Sequence[str | Path]) -> list[Path]:
    """The files, each followed by the control file beside it, where there is one that was not given."""
    given = [Path(path) for path in files]
    candidates = [
        path.with_name(path.stem + CONTROL_FILE_SUFFIX) for path in given if path.name
    ]  # "." has none
    return [
        *given,
        *(path for path in dict.fromkeys(candidates) if path not in given and path.is_file()),
    ]


def split_control_issues(issues: Issues) -> tuple[Issues, Issues]:
    """Issues of the sheets that are imported, and those of the Control sheet."""
    control_findings = tuple(finding for finding in issues.findings if finding.table == CONTROL.name)
    other_findings = tuple(finding for finding in issues.findings if finding.table != CONTROL.name)
    return Issues(other_findings, issues.sheet_issues), Issues(control_findings)


def gather_expectations(
    raw: RawSheets,
    read_issues: Issues,
    expected_flags: Sequence[Expectation],
    requirements: Requirements,
    template_version: str,
) -> Expectations:
    """Everything that is expected.

    Args:
        raw: the sheets as read.
        read_issues: what the reader found in the Control sheet.
        expected_flags: on the command line.
        requirements: how dates and numbers are written.
        template_version: of the template as it is now.
    """
    control_sheet = raw.tables[CONTROL.name]
    if not len(control_sheet):
        return Expectations(tuple(expected_flags))
    typed, cell_issues = check_table(
        control_sheet, CONTROL, requirements.date_format, requirements.number_format
    )
    usable, unclear_issues = control_totals.read_control_sheet(raw, typed, _find_formula_rows(raw))
    version_issues = control_totals.find_other_templates(raw, typed, template_version)
    return Expectations(
        (*expected_flags, *usable),
        _convert_to_sheet_issues(read_issues + cell_issues + unclear_issues + version_issues, raw),
    )


def _convert_to_sheet_issues(issues: Issues, raw: RawSheets) -> Issues:
    """The same issues as issues of a sheet: no row of theirs belongs to an invoice."""
    control_sheet = raw.tables[CONTROL.name]
    return Issues(
        sheet_issues=tuple(
            _make_sheet_issue(finding, index, control_sheet, raw)
            for finding in issues.findings
            for index in range(len(finding))
        )
    )


def _make_sheet_issue(finding: Findings, index: int, control_sheet: RawTable, raw: RawSheets) -> SheetIssue:
    row = int(finding.rows[index])
    sheet = control_sheet.sheets[control_sheet.sheet_indices[row]]
    column = next(
        (bound_column for bound_column in sheet.columns if bound_column.field == finding.field), None
    )
    value = str(decode_dictionary(arrow_column(control_sheet.frame[finding.field]))[row]) if column else ""
    facts = {
        name: fact if isinstance(fact, str) else str(decode_dictionary(fact)[index])
        for name, fact in finding.facts.items()
    }
    label = column.header if column else CONTROL[finding.field].label if finding.field in CONTROL else ""
    return SheetIssue(
        finding.code,
        raw.sources[sheet.source].name,
        sheet.name,
        int(control_sheet.row_numbers[row]),
        column.letter if column else "",
        value,
        {"label": label, "header": label, **facts},
    )


def _find_formula_rows(raw: RawSheets) -> Positions:
    """Rows of the table whose expected cell holds a formula."""
    control_sheet = raw.tables[CONTROL.name]
    has_formula = np.zeros(len(control_sheet), bool)
    for sheet_index, sheet in enumerate(control_sheet.sheets):
        column = next(
            (bound_column.letter for bound_column in sheet.columns if bound_column.field == "expected"), ""
        )
        rows = find_formula_rows(raw.sources[sheet.source].package, sheet.part, column) if column else set()
        has_formula |= (control_sheet.sheet_indices == sheet_index) & np.isin(
            control_sheet.row_numbers, list(rows)
        )
    return np.flatnonzero(has_formula)


def compare_expectations(
    expectations: Expectations, balance: Balance, raw: RawSheets, settings: Settings
) -> ControlResult:
    """The expectations beside what came in."""
    return control_totals.compare_totals(
        expectations.expected, balance.came_in, expectations.issues, _judge_missing_totals(raw, settings)
    )


def _judge_missing_totals(raw: RawSheets, settings: Settings) -> str:
    """What it means that nothing is expected: a CSV cut short passes every other check one time in three."""
    has_text_files = any(
        not sheet.part for name in ("invoices", "items") for sheet in raw.tables[name].sheets
    )
    if settings.require_control == "always" or (settings.require_control == "csv" and has_text_files):
        return "demanded"
    return "recommended" if has_text_files else ""
