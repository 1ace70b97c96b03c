"""Marked copies of the preparer's workbooks, and a marked workbook made from files that are none.

In: what is known at the end of a check, with the bytes of the workbooks that were read.
Out: for each workbook a copy with colored and commented cells, two columns with the status of each row, and
an Issues sheet that links to the cells. Every part that is not touched is the same byte for byte. Besides,
`rejected.xlsx` with the rejected invoices alone (`rejected_workbook`).
Never: writes a formula, touches a cell of the preparer's, or adds up: marking twice is marking once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO, NamedTuple

from pipeline.acceptance.assessment import Assessment
from pipeline.report.marked.annotated_sheet import SheetAnnotator
from pipeline.report.marked.annotations import WorkbookAnnotations
from pipeline.report.marked.issues_sheet import add_issues_sheet
from pipeline.report.marked.rejected_workbook import (
    REJECTED_WORKBOOK_NAME,
    RejectedRows,
    fill_template,
    find_rejected_rows,
    is_rejected_by_file,
)
from pipeline.report.marked.row_status import RowStatuses
from pipeline.report.marked.selected_issues import RowIssue, select_row_issues
from pipeline.report.marked.source_sheets import build_sheet, choose_sheet_name
from pipeline.report.marked.workbook_annotations import annotate_workbook
from pipeline.report.marked.workbooks import SourceWorkbook, map_sheets_to_parts, name_workbooks
from pipeline.spreadsheet.comments import write_comments
from pipeline.spreadsheet.new_workbook import build_workbook
from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.styles import add_mark_styles

__all__ = ["MAX_MARKS", "MarkedCopy", "list_copy_names", "locate_marked_sheets", "write_marked_copies"]

MAX_MARKS = 10_000
"""Cells marked in all copies: each has a comment with a shape, and spreadsheets open more only slowly."""

_WHOLE_FILE_REJECTED = "the file as a whole is rejected; correct it there"


class MarkedCopy(NamedTuple):
    """A marked copy or the workbook of the rejected invoices, or why there is none.

    Attributes:
        file_name: of the copy; empty when it was not made.
        source_names: the names of the files it was made from.
        reason: why it was not made.
        contents: `all` that came in, or `rejected` alone.
    """

    file_name: str
    source_names: tuple[str, ...]
    reason: str = ""
    contents: str = "all"

    def to_dict(self) -> dict[str, object]:
        """Return the copy as `summary.json` has it under `copies`."""
        return {
            "file": self.file_name,
            "of": self.source_names,
            "reason": self.reason,
            "holds": self.contents,
        }


def list_copy_names(assessment: Assessment) -> list[str]:
    """List the names that copies of these files have, whether they are made or not.

    Args:
        assessment: what is known at the end of a check.
    """
    return [*(name for _, name in name_workbooks(assessment)), REJECTED_WORKBOOK_NAME]


def write_marked_copies(
    assessment: Assessment, template: Callable[[], bytes], create: Callable[[str], BinaryIO]
) -> list[MarkedCopy]:
    """Write a marked copy of each workbook, and one for files that are none, where there are issues.

    Args:
        assessment: what is known at the end of a check.
        template: makes the workbook that the rejected invoices are written into.
        create: makes a file of a name, open for writing.

    Returns:
        What was made, and what was not and why.
    """
    if not (assessment.issues.findings or assessment.issues.sheet_issues):
        return []
    # the setting 0: no copy of anything
    if not assessment.settings.marked_rows:
        return _explain_missing(assessment, (), 0)
    issues = select_row_issues(assessment, MAX_MARKS)
    statuses = RowStatuses(assessment, issues)
    copies = _write_workbooks(assessment, issues, statuses, create)
    rejected = _write_rejected(assessment, issues, statuses, template, create)
    return copies + _explain_missing(assessment, copies, assessment.settings.marked_rows) + rejected


def _write_workbooks(
    assessment: Assessment,
    issues: Sequence[RowIssue],
    statuses: RowStatuses,
    create: Callable[[str], BinaryIO],
) -> list[MarkedCopy]:
    max_rows = assessment.settings.marked_rows
    copies = []
    for workbook, name in name_workbooks(assessment):
        sources = [assessment.raw.sources[index] for index in workbook.sources]
        names, rows = tuple(source.name for source in sources), sum(source.rows for source in sources)
        if rows > max_rows:
            copies.append(MarkedCopy("", names, _explain_too_many_rows(rows, max_rows)))
            continue
        with create(name) as file:
            _write_copy(workbook, assessment, issues, statuses, file)
        copies.append(MarkedCopy(name, names))
    return copies


def _explain_missing(assessment: Assessment, copies: Iterable[MarkedCopy], max_rows: int) -> list[MarkedCopy]:
    """Return the files that have too many rows and are in no copy: files that are no workbooks."""
    copied_names = set[str]().union(*(copy.source_names for copy in copies))
    return [
        MarkedCopy("", (source.name,), _explain_too_many_rows(source.rows, max_rows))
        for source in assessment.raw.sources
        if source.name not in copied_names and source.rows > max_rows
    ]


def _write_rejected(
    assessment: Assessment,
    issues: Sequence[RowIssue],
    statuses: RowStatuses,
    template: Callable[[], bytes],
    create: Callable[[str], BinaryIO],
) -> list[MarkedCopy]:
    """Write the workbook of the rejected invoices, where there are some."""
    rows: RejectedRows = find_rejected_rows(assessment, statuses)
    if not rows:
        return []
    names = tuple(source.name for source in assessment.raw.sources if source.rows)
    count, max_rows = sum(map(len, rows.values())), assessment.settings.marked_rows
    # a fault of the whole file is corrected in the file, not row by row
    if is_rejected_by_file(assessment):
        return [MarkedCopy("", names, _WHOLE_FILE_REJECTED, "rejected")]
    if count > max_rows:
        return [MarkedCopy("", names, _explain_too_many_rows(count, max_rows), "rejected")]
    package, annotations = fill_template(template(), assessment, rows, issues)
    _apply_annotations(package, annotations)
    with create(REJECTED_WORKBOOK_NAME) as file:
        package.save(file)
    return [MarkedCopy(REJECTED_WORKBOOK_NAME, names, "", "rejected")]


def locate_marked_sheets(
    assessment: Assessment, copies: Iterable[MarkedCopy]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return where each sheet is marked.

    Args:
        assessment: what is known at the end of a check.
        copies: as `write_marked_copies` returns them.

    Returns:
        By file and sheet the name of the copy, "" without one, and of the sheet in it.
    """
    copy_of_source: dict[str, str] = {}
    for copy in copies:
        if copy.contents == "all":
            copy_of_source.update(dict.fromkeys(copy.source_names, copy.file_name))
    sheet_names = {
        (page.source, page.name): choose_sheet_name(page, assessment)
        for page in assessment.raw.sheet_contents
    }
    locations = {}
    for raw in assessment.raw.tables.values():
        for sheet in raw.sheets:
            source = assessment.raw.sources[sheet.source].name
            copy_sheet = sheet_names.get((sheet.source, sheet.name), sheet.name)
            locations[source, sheet.name] = (copy_of_source.get(source, ""), copy_sheet)
    return locations


def _explain_too_many_rows(rows: int, max_rows: int) -> str:
    return f"it has {rows:,} rows; marked copies are made up to {max_rows:,} (setting marked_rows)"


def _write_copy(
    workbook: SourceWorkbook,
    assessment: Assessment,
    issues: Sequence[RowIssue],
    statuses: RowStatuses,
    file: BinaryIO,
) -> None:
    if workbook.pages:
        data = build_workbook([build_sheet(page, assessment) for page in workbook.pages])
    else:
        data = assessment.raw.sources[workbook.sources[0]].package
    package, parts = WorkbookPackage(data), map_sheets_to_parts(workbook, assessment)
    _apply_annotations(package, annotate_workbook(workbook, parts, assessment, issues, statuses))
    package.save(file)


def _apply_annotations(package: WorkbookPackage, annotations: WorkbookAnnotations) -> None:
    styles = add_mark_styles(package)
    for part, sheet in annotations.sheets.items():
        annotator = SheetAnnotator(package, sheet, styles)
        # the drawing is known only once all pieces have been taken
        package.replace(part, annotator.iterate_pieces())
        notes = {position: "\n".join(note.paragraphs) for position, note in sheet.notes.items()}
        write_comments(package, part, annotator.drawing, notes)
    add_issues_sheet(package, annotations, styles)
