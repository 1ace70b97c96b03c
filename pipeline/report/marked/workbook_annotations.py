"""What is said in a marked workbook: notes on cells, a status for each row, and the list of issues.

In: the assessment, the issues that are marked, and the part of each sheet.
Out: `WorkbookAnnotations`.
Never: touches the workbook itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import translate
from pipeline.issues.findings import Issues, SheetIssue
from pipeline.model.sheets import RawTable, SourceSheet
from pipeline.report.issue_table import make_issue_table
from pipeline.report.marked.annotations import IssueEntry, RowStatus, SheetAnnotations, WorkbookAnnotations
from pipeline.report.marked.issue_list import (
    build_issue_list,
    describe_next_steps,
    describe_outcome,
    describe_rejected,
)
from pipeline.report.marked.row_status import ROW_REJECTED, RowStatuses
from pipeline.report.marked.selected_issues import RowIssue
from pipeline.report.marked.uncertain_rows import LOST_IN_REWRITE, LOST_IN_TEMPLATE
from pipeline.report.marked.workbooks import SheetKey, SourceWorkbook
from pipeline.report.root_causes import find_root_causes
from pipeline.spreadsheet.references import format_reference, parse_reference
from schemas.tables.common import REASON_HEADER, STATUS_HEADER


def annotate_workbook(
    workbook: SourceWorkbook,
    parts: Mapping[SheetKey, str],
    assessment: Assessment,
    issues: Iterable[RowIssue],
    statuses: RowStatuses,
) -> WorkbookAnnotations:
    """Return what is said in a marked copy.

    Args:
        workbook: the workbook.
        parts: the part of each sheet in it.
        assessment: what is known at the end of a check.
        issues: those that are marked, of all workbooks.
        statuses: what became of each row.
    """
    own_issues = [issue for issue in issues if (issue.table, issue.sheet) in parts]
    sheets = _annotate_sheets(parts, assessment, statuses)
    row_entries = [_enter_issue(issue, sheets[parts[issue.table, issue.sheet]]) for issue in own_issues]
    entries = [*_enter_sheet_issues(workbook, sheets, assessment), *row_entries]
    issues_sheets = tuple(
        part
        for source, part in assessment.raw.issues_sheets
        if source in workbook.sources and not workbook.pages
    )
    causes = find_root_causes(assessment)
    issue_count = sum(len(findings) for findings in assessment.issues.findings)
    hidden = LOST_IN_REWRITE if workbook.pages else frozenset()
    next_steps = describe_next_steps(assessment, causes, (len(own_issues), issue_count), hidden)
    sentences = [describe_outcome(assessment), *next_steps]
    return WorkbookAnnotations(sheets, build_issue_list(causes, entries, sentences), issues_sheets)


def annotate_rejected(
    assessment: Assessment,
    sheets: Mapping[str, SheetAnnotations],
    issues: Iterable[RowIssue],
    issue_count: int,
) -> WorkbookAnnotations:
    """Return what is said in the workbook of the rejected invoices.

    Args:
        assessment: what is known at the end of a check.
        sheets: of the workbook, by the table that each holds; notes are added to them.
        issues: those that are marked, at their place in it.
        issue_count: how many there are in all.
    """
    entries = [_enter_issue(issue, sheets[issue.table]) for issue in issues]
    codes = {entry.code for entry in entries}
    causes = [cause for cause in find_root_causes(assessment) if cause.code in codes]
    next_steps = describe_next_steps(assessment, causes, (len(entries), issue_count), LOST_IN_TEMPLATE)
    sentences = [*describe_rejected(assessment), *next_steps]
    sheet_of_part = {sheet.part: sheet for sheet in sheets.values()}
    return WorkbookAnnotations(sheet_of_part, build_issue_list(causes, entries, sentences))


def _annotate_sheets(
    parts: Mapping[SheetKey, str], assessment: Assessment, statuses: RowStatuses
) -> dict[str, SheetAnnotations]:
    """Return the sheets of which there is something to say, by part, with the status of their rows."""
    sheets: dict[str, SheetAnnotations] = {}
    for (table, index), part in parts.items():
        raw = assessment.raw.tables[table]
        source_sheet = raw.sheets[index]
        has_rows = (raw.sheet_indices == index).any()
        if has_rows or _is_marked_before(source_sheet) or _has_sheet_issue(assessment, source_sheet):
            sheet = sheets.setdefault(part, _place_status_columns(part, source_sheet))
            _add_row_statuses(sheet, raw, index, statuses.list_statuses(table))
    return sheets


def _place_status_columns(part: str, sheet: SourceSheet) -> SheetAnnotations:
    """Put status and reason where an earlier marking put them, or behind the last column."""
    note_columns = {note.header: note.index for note in sheet.notes}
    has_status = STATUS_HEADER in note_columns and REASON_HEADER in note_columns
    width = max([sheet.width, *(column.index + 1 for column in (*sheet.columns, *sheet.notes))])
    columns = (note_columns[STATUS_HEADER], note_columns[REASON_HEADER]) if has_status else (width, width + 1)
    return SheetAnnotations(
        part=part,
        name=sheet.name,
        header=sheet.header_row - 1,
        columns=columns,
        has_status_columns=has_status,
    )


def _is_marked_before(sheet: SourceSheet) -> bool:
    return STATUS_HEADER in {note.header for note in sheet.notes}


def _has_sheet_issue(assessment: Assessment, sheet: SourceSheet) -> bool:
    return any(issue.sheet == sheet.name for issue in assessment.issues.sheet_issues)


def _add_row_statuses(
    sheet: SheetAnnotations, raw: RawTable, sheet_index: int, statuses: list[RowStatus]
) -> None:
    positions = (raw.sheet_indices == sheet_index).nonzero()[0].tolist()
    for row, position in zip(raw.row_numbers[positions].tolist(), positions, strict=True):
        new, old = statuses[position], sheet.statuses.get(row - 1)
        if old is not None and old != new:  # a flat sheet: the invoice and its first item share a row
            status = new.status if new.status == ROW_REJECTED else old.status
            new = RowStatus(status, " ".join(dict.fromkeys(filter(None, (old.reason, new.reason)))))
        sheet.statuses[row - 1] = new


def _format_note(code: str, message: str, fix: str) -> str:
    return f"{code} {message}\n{translate('Fix: {fix}', fix=fix)}"


def _enter_sheet_issues(
    workbook: SourceWorkbook, sheets: Mapping[str, SheetAnnotations], assessment: Assessment
) -> Iterator[IssueEntry]:
    """Yield the issues of files, sheets and headers; a header cell that one is about is marked as well."""
    all_names = {source.name for source in assessment.raw.sources}
    foreign_names = all_names - {assessment.raw.sources[index].name for index in workbook.sources}
    sheet_issues = assessment.issues.sheet_issues
    table = make_issue_table(Issues(sheet_issues=sheet_issues), assessment.raw, assessment.tables)
    for issue, record in zip(sheet_issues, table.to_pylist(), strict=True):
        if issue.source in foreign_names:
            continue
        yield IssueEntry(
            code=issue.code,
            place=" ".join(filter(None, (issue.sheet or issue.source, record["cell"]))),
            sheet=_add_header_note(issue, record, sheets),
            cell=record["cell"] or "",
            invoice="",
            value=record["value"],
            message=record["message"],
            fix=record["fix"],
        )


def _add_header_note(
    issue: SheetIssue, record: Mapping[str, Any], sheets: Mapping[str, SheetAnnotations]
) -> str:
    """Note an issue on the header cell it is about; returns the sheet of that cell, "" without one."""
    sheet = next((candidate for candidate in sheets.values() if candidate.name == issue.sheet), None)
    position = parse_reference(record["cell"]) if issue.column and issue.row else (-1, -1)
    if sheet is None or position[0] < 0:
        return ""
    sheet.add_note(position, issue.level, _format_note(issue.code, record["message"], record["fix"]))
    return sheet.name


def _enter_issue(issue: RowIssue, sheet: SheetAnnotations) -> IssueEntry:
    """Note an issue on its cell, and return its entry in the list."""
    note = _format_note(issue.code, issue.message, issue.fix)
    sheet.add_note((issue.row, issue.column), issue.level, note)
    return IssueEntry(
        code=issue.code,
        place=issue.place,
        sheet=sheet.name,
        cell=format_reference(issue.row, issue.column),
        invoice=issue.invoice,
        value=issue.value,
        message=issue.message,
        fix=issue.fix,
    )
