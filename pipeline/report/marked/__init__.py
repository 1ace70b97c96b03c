"""The preparer's own workbook back, every fault marked in it; and a workbook made from files that are none.

In: the end of the line, with the bytes of the workbooks that were read.
Out: for each workbook a copy with colored and commented cells, two columns beside the rows that say what became
of each, and an Issues sheet that links to the cells. Every part that is not touched is the same byte for byte.
Besides `rejected.xlsx`, with the rejected invoices alone (`rejected`).
Never: writes a formula, touches a cell of the preparer's, or changes its mind: marking twice is marking once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO, NamedTuple

from pipeline.acceptance.assessment import Assessment
from pipeline.model.sheets import SheetContent
from pipeline.report.marked import issues_sheet, rejected_workbook, workbooks
from pipeline.report.marked.annotated_sheet import SheetAnnotator
from pipeline.report.marked.annotations import WorkbookAnnotations
from pipeline.report.marked.row_status import RowStatuses
from pipeline.report.marked.selected_issues import RowIssue, select_row_issues
from pipeline.report.marked.source_sheets import build_sheet, choose_sheet_name
from pipeline.report.marked.workbooks import SheetKey, SourceWorkbook
from pipeline.spreadsheet import new_workbook, styles
from pipeline.spreadsheet.comments import write_comments
from pipeline.spreadsheet.package import WorkbookPackage

__all__ = ["MAX_MARKS", "MarkedCopy", "list_copy_names", "locate_marked_sheets", "write_marked_copies"]

MAX_MARKS = 10_000
"""Cells that are marked in all copies: each is a comment with a shape, and spreadsheets open more only slowly."""

_WHOLE_FILE_REJECTED = "the file as a whole is rejected; correct it there"


class MarkedCopy(NamedTuple):
    """A marked copy or the workbook of the rejected invoices, or why there is none.

    Attributes:
        file_name: its name; empty when it was not made.
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
        return {"file": self.file_name, "of": self.source_names, "reason": self.reason, "holds": self.contents}


def list_copy_names(assessment: Assessment) -> list[str]:
    """The names that copies of these files have, whether they are made or not."""
    return [*(name for _, name in _name_workbooks(assessment)), rejected_workbook.REJECTED_WORKBOOK_NAME]


def write_marked_copies(
    assessment: Assessment, template: Callable[[], bytes], create: Callable[[str], BinaryIO]
) -> list[MarkedCopy]:
    """Write a marked copy of each workbook, and one for files that are none, where anything was found.

    Args:
        assessment: the end of the line.
        template: makes the workbook that the rejected invoices are written into.
        create: makes a file of a name, open for writing.

    Returns:
        What was made, and what was not and why.
    """
    if not (assessment.issues.findings or assessment.issues.sheet_issues):
        return []
    max_rows = assessment.settings.marked_rows
    if not max_rows:
        return [
            MarkedCopy("", (source.name,), _explain_too_many_rows(source.rows, max_rows))
            for source in assessment.raw.sources
            if source.rows
        ]
    issues = select_row_issues(assessment, MAX_MARKS)
    statuses = RowStatuses(assessment, issues)
    copies = []
    for workbook, name in _name_workbooks(assessment):
        names = tuple(assessment.raw.sources[index].name for index in workbook.sources)
        rows = sum(assessment.raw.sources[index].rows for index in workbook.sources)
        if rows > max_rows:
            copies.append(MarkedCopy("", names, _explain_too_many_rows(rows, max_rows)))
            continue
        with create(name) as file:
            _write_copy(workbook, assessment, issues, statuses, file)
        copies.append(MarkedCopy(name, names))
    copied_names = {source_name for copy in copies for source_name in copy.source_names}
    oversized = [
        source
        for source in assessment.raw.sources
        if source.name not in copied_names and source.rows > max_rows
    ]
    copies += [
        MarkedCopy("", (source.name,), _explain_too_many_rows(source.rows, max_rows)) for source in oversized
    ]
    return copies + _write_rejected(assessment, issues, statuses, template, create)


def _write_rejected(
    assessment: Assessment,
    issues: list[RowIssue],
    statuses: RowStatuses,
    template: Callable[[], bytes],
    create: Callable[[str], BinaryIO],
) -> list[MarkedCopy]:
    """The workbook of the rejected invoices, where there are some."""
    rejected_rows, max_rows = (
        rejected_workbook.find_rejected_rows(assessment, statuses),
        assessment.settings.marked_rows,
    )
    names = tuple(source.name for source in assessment.raw.sources if source.rows)
    count = sum(map(len, rejected_rows.values()))
    if not rejected_rows or rejected_workbook.is_rejected_by_file(assessment):
        return [MarkedCopy("", names, _WHOLE_FILE_REJECTED, "rejected")] if rejected_rows else []
    if count > max_rows:
        return [MarkedCopy("", names, _explain_too_many_rows(count, max_rows), "rejected")]
    package, marks = rejected_workbook.fill_template(template(), assessment, rejected_rows, issues)
    _apply_annotations(package, marks)
    with create(rejected_workbook.REJECTED_WORKBOOK_NAME) as file:
        package.save(file)
    return [MarkedCopy(rejected_workbook.REJECTED_WORKBOOK_NAME, names, "", "rejected")]


def locate_marked_sheets(
    assessment: Assessment, copies: Iterable[MarkedCopy]
) -> dict[tuple[str, str], tuple[str, str]]:
    """By file and sheet the copy in which it is marked, and the sheet there.

    Args:
        assessment: the end of the line.
        copies: as `write_copies` gives them.
    """
    copy_of_source = {
        source_name: copy.file_name
        for copy in copies
        if copy.contents == "all"
        for source_name in copy.source_names
    }
    sheet_names = {
        (page.source, page.name): choose_sheet_name(page, assessment)
        for page in assessment.raw.sheet_contents
    }
    locations = {}
    for sheet in (sheet for raw in assessment.raw.tables.values() for sheet in raw.sheets):
        source = assessment.raw.sources[sheet.source].name
        copy_sheet = sheet_names.get((sheet.source, sheet.name), sheet.name)
        locations[source, sheet.name] = (copy_of_source.get(source, ""), copy_sheet)
    return locations


def _explain_too_many_rows(rows: int, max_rows: int) -> str:
    return f"it has {rows:,} rows; marked copies are made up to {max_rows:,} (setting marked_rows)"


def _name_workbooks(assessment: Assessment) -> Iterator[tuple[SourceWorkbook, str]]:
    """The workbooks that come back, each with a name of its own."""
    taken_names: set[str] = set()
    for workbook in workbooks.list_workbooks(assessment):
        name, number = workbooks.build_copy_name(workbook.name), 1
        stem, _, suffix = name.rpartition(".marked.")
        while name.casefold() in taken_names:
            number += 1
            name = f"{stem}-{number}.marked.{suffix}"
        taken_names.add(name.casefold())
        yield workbook, name


def _write_copy(
    workbook: SourceWorkbook,
    assessment: Assessment,
    issues: list[RowIssue],
    statuses: RowStatuses,
    file: BinaryIO,
) -> None:
    if workbook.pages:
        data = new_workbook.build_workbook([build_sheet(page, assessment) for page in workbook.pages])
        parts = _map_page_sheets(workbook.pages, assessment)
    else:
        data = assessment.raw.sources[workbook.sources[0]].package
        parts = _map_package_sheets(workbook.sources[0], assessment)
    package = WorkbookPackage(data)
    _apply_annotations(package, workbooks.annotate_workbook(workbook, parts, assessment, issues, statuses))
    package.save(file)


def _map_package_sheets(source: int, assessment: Assessment) -> Mapping[SheetKey, str]:
    return {
        (table, position): sheet.part
        for table in assessment.tables
        for position, sheet in enumerate(assessment.raw.tables[table].sheets)
        if sheet.source == source
    }


def _map_page_sheets(pages: tuple[SheetContent, ...], assessment: Assessment) -> Mapping[SheetKey, str]:
    page_parts = {
        (page.source, page.name): new_workbook.get_sheet_part(index) for index, page in enumerate(pages)
    }
    return {
        (table, position): page_parts[sheet.source, sheet.name]
        for table in assessment.tables
        for position, sheet in enumerate(assessment.raw.tables[table].sheets)
        if (sheet.source, sheet.name) in page_parts
    }


def _apply_annotations(package: WorkbookPackage, annotations: WorkbookAnnotations) -> None:
    mark_styles = styles.add_mark_styles(package)
    for part, sheet in annotations.sheets.items():
        copy = SheetAnnotator(package, sheet, mark_styles)
        package.replace(part, copy.iterate_pieces())
        write_comments(
            package,
            part,
            copy.drawing,
            {position: "\n".join(note.paragraphs) for position, note in sheet.notes.items()},
        )
    issues_sheet.add_issues_sheet(package, annotations, mark_styles)
