"""The control totals that the preparer expects: Control sheet, control files, flags.

In: the sheets as read, the flags.
Out: `Expectations`, and with the totals of what came in a `ControlResult`.
Never: computes a total; decides whether the run goes on.
"""

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
from pipeline.model.sheets import RawSheets
from pipeline.read.formats.ooxml.formulas import find_formula_rows
from pipeline.settings import Settings
from pipeline.validate import check_table
from pipeline.validate.requirements import Requirements
from schemas.arrow.columns import decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.control import CONTROL

CONTROL_FILE_SUFFIX = ".control.csv"
"""`invoices.csv` may have its control totals in `invoices.control.csv` in the same folder."""


@dataclass(frozen=True)
class Expectations:
    """What is expected, and the issues of how that was written down."""

    expected: tuple[Expectation, ...] = ()
    issues: Issues = control_totals.NO_CONTROL_ISSUES


def add_control_files(files: Sequence[str | Path]) -> list[Path]:
    """Return the files, and the control file of each, where there is one that was not given itself.

    Args:
        files: as they were given.
    """
    given = [Path(path) for path in files]
    # a path like "." has no name, and no control file
    candidates = [path.with_name(path.stem + CONTROL_FILE_SUFFIX) for path in given if path.name]
    control_files = [path for path in dict.fromkeys(candidates) if path not in given and path.is_file()]
    return [*given, *control_files]


def split_control_issues(issues: Issues) -> tuple[Issues, Issues]:
    """Split issues into those of the sheets that are imported and those of the Control sheet."""
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
    """Collect everything that is expected.

    Args:
        raw: the sheets as read.
        read_issues: issues that the reader found in the Control sheet.
        expected_flags: on the command line.
        requirements: with the notation of dates and numbers.
        template_version: of the template that this program writes.
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
    """Return issues of the Control sheet's rows as issues of a sheet: no invoice has these rows."""
    sheet_issues: list[SheetIssue] = []
    for finding in issues.findings:
        sheet_issues += [_make_sheet_issue(finding, index, raw) for index in range(len(finding))]
    return Issues(sheet_issues=tuple(sheet_issues))


def _make_sheet_issue(finding: Findings, index: int, raw: RawSheets) -> SheetIssue:
    """Return one issue of a finding, with the place and the value of its cell."""
    control_sheet = raw.tables[CONTROL.name]
    row = int(finding.rows[index])
    sheet = control_sheet.sheets[control_sheet.sheet_indices[row]]
    columns = {column.field: column for column in sheet.columns}
    column = columns.get(finding.field)
    facts = {
        name: fact if isinstance(fact, str) else str(decode_dictionary(fact)[index])
        for name, fact in finding.facts.items()
    }
    value, label = "", ""
    if column is not None:
        value = str(decode_dictionary(arrow_column(control_sheet.frame[finding.field]))[row])
        label = column.header
    elif finding.field in CONTROL:
        label = CONTROL[finding.field].label
    return SheetIssue(
        finding.code,
        raw.sources[sheet.source].name,
        sheet=sheet.name,
        row=int(control_sheet.row_numbers[row]),
        column=column.letter if column is not None else "",
        value=value,
        facts={"label": label, "header": label, **facts},
    )


def _find_formula_rows(raw: RawSheets) -> Positions:
    """Return the rows of the Control sheet whose expected cell holds a formula."""
    control_sheet = raw.tables[CONTROL.name]
    has_formula = np.zeros(len(control_sheet), bool)
    for sheet_index, sheet in enumerate(control_sheet.sheets):
        letters = [column.letter for column in sheet.columns if column.field == "expected"]
        if letters:
            # a text file has no package and no formulas
            rows = find_formula_rows(raw.sources[sheet.source].package, sheet.part, letters[0])
            is_of_sheet = control_sheet.sheet_indices == sheet_index
            has_formula |= is_of_sheet & np.isin(control_sheet.row_numbers, list(rows))
    return np.flatnonzero(has_formula)


def compare_expectations(
    expectations: Expectations, balance: Balance, raw: RawSheets, settings: Settings
) -> ControlResult:
    """Compare what is expected with what came in.

    Args:
        expectations: of `gather_expectations`.
        balance: with the totals of what came in.
        raw: the sheets as read.
        settings: which files must come with control totals.
    """
    return control_totals.compare_totals(
        expectations.expected, balance.came_in, expectations.issues, _judge_missing_totals(raw, settings)
    )


def _judge_missing_totals(raw: RawSheets, settings: Settings) -> str:
    """Return what it means that nothing is expected: `demanded`, `recommended`, or nothing (empty).

    A CSV file that was cut short passes every other check one time in three.
    """
    sheets = [*raw.tables["invoices"].sheets, *raw.tables["items"].sheets]
    has_text_files = not all(sheet.part for sheet in sheets)  # only a workbook has parts
    if settings.require_control == "always" or (settings.require_control == "csv" and has_text_files):
        return "demanded"
    return "recommended" if has_text_files else ""
