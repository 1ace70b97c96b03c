"""Which workbooks come back, and what is said in each: one for every workbook, and one for files that are none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import format_number, translate
from pipeline.issues import Issues, Level
from pipeline.model.sheets import RawTable, SheetContent, SourceSheet
from pipeline.report import root_causes
from pipeline.report.issue_table import make_issue_table
from pipeline.report.marked import uncertain_rows
from pipeline.report.marked.annotations import (
    CauseEntry,
    CellNote,
    IssueList,
    RowStatus,
    SheetAnnotations,
    WorkbookAnnotations,
)
from pipeline.report.marked.annotations import IssueEntry as IssueLine
from pipeline.report.marked.row_status import RowStatuses
from pipeline.report.marked.selected_issues import RowIssue
from pipeline.spreadsheet.references import format_reference, parse_reference
from schemas.tables.common import REASON_HEADER, STATUS_HEADER

SheetKey = tuple[str, int]
"""A table's name, and the position of one of its sheets."""


@dataclass(frozen=True)
class SourceWorkbook:
    """A workbook that comes back.

    Attributes:
        name: of the file it is a copy of, or the first of the files.
        sources: positions of the files.
        pages: what it is made from; empty for one that is patched where it is.
    """

    name: str
    sources: tuple[int, ...]
    pages: tuple[SheetContent, ...] = ()


def list_workbooks(assessment: Assessment) -> list[SourceWorkbook]:
    """The workbooks that come back; the first invoices and the first items of CSV files share one, and so on.

    Args:
        assessment: the end of the line.
    """
    sources, workbooks = assessment.raw.sources, []
    workbooks += [
        SourceWorkbook(source.name, (index,)) for index, source in enumerate(sources) if source.package
    ]
    pages_of_source = Counter(page.source for page in assessment.raw.sheet_contents)
    shared: dict[int, list[SheetContent]] = defaultdict(list)
    seen_of_table: Counter[str] = Counter()
    table_of_page = _map_pages_to_tables(assessment)
    for page in assessment.raw.sheet_contents:
        table = table_of_page.get((page.source, page.name), "")
        if pages_of_source[page.source] == 1 and table:
            shared[seen_of_table[table]].append(page)
            seen_of_table[table] += 1
    for index in [source_index for source_index, count in pages_of_source.items() if count > 1]:
        pages = tuple(page for page in assessment.raw.sheet_contents if page.source == index)
        workbooks.append(SourceWorkbook(sources[index].name, (index,), pages))
    for group in shared.values():
        workbooks.append(
            SourceWorkbook(sources[group[0].source].name, tuple(page.source for page in group), tuple(group))
        )
    return workbooks


def _map_pages_to_tables(assessment: Assessment) -> Mapping[tuple[int, str], str]:
    return {
        (sheet.source, sheet.name): name
        for name, raw in assessment.raw.tables.items()
        for sheet in raw.sheets
    }


def build_copy_name(name: str) -> str:
    """The name of a marked copy: the file's own, made harmless and short enough for any disk.

    Args:
        name: of the file, perhaps behind that of its zip.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    stem = "".join(
        character if character.isprintable() and character not in '<>:"|?*' else "_"
        for character in path.stem
    )
    short = stem.removesuffix(".marked").encode()[:180].decode("utf-8", "ignore").strip(". ") or "sheets"
    suffix = ".xlsm" if path.suffix.lower() == ".xlsm" else ".xlsx"
    return f"{short}.marked{suffix}"


def annotate_workbook(
    workbook: SourceWorkbook,
    parts: Mapping[SheetKey, str],
    assessment: Assessment,
    issues: Iterable[RowIssue],
    statuses: RowStatuses,
) -> WorkbookAnnotations:
    """What is said in a workbook.

    Args:
        workbook: the workbook.
        parts: the part of each sheet that lies in it.
        assessment: the end of the line.
        issues: the issues that are told one by one.
        statuses: what became of each row.
    """
    placed_issues = [issue for issue in issues if (issue.table, issue.sheet) in parts]
    sheets: dict[str, SheetAnnotations] = {}
    for (table, position), part in parts.items():
        raw = assessment.raw.tables[table]
        if (
            not (raw.sheet_indices == position).any()
            and not _is_marked_before(raw.sheets[position])
            and not _has_sheet_issue(assessment, raw.sheets[position])
        ):
            continue  # nothing stands in it that could be said of
        sheet = sheets.setdefault(part, _place_status_columns(part, raw.sheets[position]))
        _add_row_statuses(sheet, raw, position, statuses.list_statuses(table))
    for issue in placed_issues:
        _add_note(
            sheets[parts[issue.table, issue.sheet]],
            (issue.row, issue.column),
            issue.level,
            _describe_issue(issue),
        )
    lines = [
        *_list_sheet_issues(workbook, sheets, assessment),
        *(_list_entry(issue, sheets[parts[issue.table, issue.sheet]]) for issue in placed_issues),
    ]
    issues_sheets = tuple(
        part
        for source, part in assessment.raw.issues_sheets
        if source in workbook.sources and not workbook.pages
    )
    causes, fault_count = (
        root_causes.find_root_causes(assessment),
        sum(len(findings) for findings in assessment.issues.findings),
    )
    sentences = (
        *_describe_outcome(assessment),
        *_write_hints(
            assessment,
            causes,
            (len(placed_issues), fault_count),
            uncertain_rows.LOST_IN_REWRITE if workbook.pages else (),
        ),
    )
    return WorkbookAnnotations(sheets, _build_issue_list(causes, lines, sentences), issues_sheets)


def annotate_rejected(
    assessment: Assessment,
    sheets: Mapping[str, SheetAnnotations],
    issues: Iterable[RowIssue],
    fault_count: int,
) -> WorkbookAnnotations:
    """What is said in the workbook of the rejected invoices.

    Args:
        assessment: the end of the line.
        sheets: of the workbook, by the table that each holds.
        issues: the issues that are told one by one, at their place in it.
        fault_count: how many there are in all.
    """
    placed_issues = list(issues)
    for issue in placed_issues:
        _add_note(sheets[issue.table], (issue.row, issue.column), issue.level, _describe_issue(issue))
    lines = [_list_entry(issue, sheets[issue.table]) for issue in placed_issues]
    causes = [
        cause
        for cause in root_causes.find_root_causes(assessment)
        if cause.code in {entry.code for entry in lines}
    ]
    sentences = (
        *_describe_rejected(assessment),
        *_write_hints(assessment, causes, (len(placed_issues), fault_count), uncertain_rows.LOST_IN_TEMPLATE),
    )
    return WorkbookAnnotations(
        {sheet.part: sheet for sheet in sheets.values()}, _build_issue_list(causes, lines, sentences)
    )


def _place_status_columns(part: str, sheet: SourceSheet) -> SheetAnnotations:
    """Where status and reason go: where an earlier marking put them, or beside the last column."""
    note_columns = {note.header: note.index for note in sheet.notes}
    has_status = STATUS_HEADER in note_columns and REASON_HEADER in note_columns
    width = max([sheet.width, *(column.index + 1 for column in (*sheet.columns, *sheet.notes))])
    columns = (note_columns[STATUS_HEADER], note_columns[REASON_HEADER]) if has_status else (width, width + 1)
    return SheetAnnotations(part, sheet.name, sheet.header_row - 1, columns, has_status)


def _is_marked_before(sheet: SourceSheet) -> bool:
    return STATUS_HEADER in {note.header for note in sheet.notes}


def _has_sheet_issue(assessment: Assessment, sheet: SourceSheet) -> bool:
    """Whether something is said of the sheet itself, or its header."""
    return any(issue.sheet == sheet.name for issue in assessment.issues.sheet_issues)


def _add_row_statuses(
    sheet: SheetAnnotations, raw: RawTable, sheet_position: int, statuses: list[RowStatus]
) -> None:
    positions = (raw.sheet_indices == sheet_position).nonzero()[0].tolist()
    for row, position in zip(raw.row_numbers[positions].tolist(), positions, strict=True):
        new, old = statuses[position], sheet.statuses.get(row - 1)
        if old is not None and old != new:  # a flat sheet: the invoice and its first item share a row
            status = new.status if "rejected" in (new.status,) else old.status
            new = RowStatus(status, " ".join(dict.fromkeys(filter(None, (old.reason, new.reason)))))
        sheet.statuses[row - 1] = new


def _add_note(sheet: SheetAnnotations, position: tuple[int, int], level: Level, paragraph: str) -> None:
    note = sheet.notes.setdefault(position, CellNote(level, []))
    note.level = level if level is Level.ERROR else note.level
    if paragraph not in note.paragraphs:
        note.paragraphs.append(paragraph)


def _describe_issue(issue: RowIssue) -> str:
    return f"{issue.code} {issue.message}\n{translate('Fix: {fix}', fix=issue.fix)}"


def _list_sheet_issues(
    workbook: SourceWorkbook, sheets: Mapping[str, SheetAnnotations], assessment: Assessment
) -> Iterator[IssueLine]:
    """Issues of files, sheets and headers; where a header cell is meant, it is marked as well."""
    names = {assessment.raw.sources[index].name for index in workbook.sources}
    table = make_issue_table(
        Issues(sheet_issues=assessment.issues.sheet_issues), assessment.raw, assessment.tables
    ).to_pylist()
    for issue, record in zip(assessment.issues.sheet_issues, table, strict=True):
        if issue.source not in names and issue.source in {source.name for source in assessment.raw.sources}:
            continue
        sheet = next((candidate for candidate in sheets.values() if candidate.name == issue.sheet), None)
        row, column = parse_reference(record["cell"]) if issue.column and issue.row else (-1, -1)
        if sheet and row >= 0:
            _add_note(
                sheet,
                (row, column),
                issue.level,
                f"{issue.code} {record['message']}\n{translate('Fix: {fix}', fix=record['fix'])}",
            )
        link = sheet.name if sheet and row >= 0 else ""
        place = " ".join(filter(None, (issue.sheet or issue.source, record["cell"])))
        yield IssueLine(
            issue.code,
            place,
            link,
            record["cell"] or "",
            "",
            record["value"],
            record["message"],
            record["fix"],
        )


def _list_entry(issue: RowIssue, sheet: SheetAnnotations) -> IssueLine:
    cell = format_reference(issue.row, issue.column)
    return IssueLine(
        issue.code, issue.place, sheet.name, cell, issue.invoice, issue.value, issue.message, issue.fix
    )


def _build_issue_list(
    causes: list[root_causes.RootCause], entries: list[IssueLine], sentences: tuple[str, ...]
) -> IssueList:
    rank = {code: position for position, code in reversed(list(enumerate(cause.code for cause in causes)))}
    fixes: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        fixes[entry.code].add(entry.fix)
    cause_lines = tuple(
        CauseEntry(
            cause.code,
            cause.title,
            _summarise_fixes(fixes[cause.code]),
            cause.issue_count,
            len(cause.invoices),
        )
        for cause in causes
    )
    return IssueList(
        sentences, cause_lines, tuple(sorted(entries, key=lambda entry: rank.get(entry.code, 0)))
    )


def _summarise_fixes(fixes: set[str]) -> str:
    return next(iter(fixes)) if len(fixes) == 1 else translate("Each line below says what to do.")


def _describe_outcome(assessment: Assessment) -> Iterator[str]:
    """What became of the invoices of a file that comes back."""
    counts = {
        state: getattr(assessment.balance, state).invoices for state in ("accepted", "rejected", "skipped")
    }
    parts = ", ".join(f"{format_number(count)} {translate(share)}" for share, count in counts.items())
    yield translate("Invoices: {shares}.", shares=parts)


def _describe_rejected(assessment: Assessment) -> Iterator[str]:
    """What a workbook of rejected invoices holds."""
    count, orphans = (
        assessment.balance.rejected.invoices,
        int((assessment.sheets.valid.invoice_of_item < 0).sum()),
    )
    yield translate(
        "Rejected invoices, each with all its items, also those that are right: {count}.",
        count=format_number(count),
    )
    if orphans:
        yield translate("Items without an invoice: {count}.", count=format_number(orphans))


def _write_hints(
    assessment: Assessment,
    causes: list[root_causes.RootCause],
    marked_and_total: tuple[int, int],
    hidden: Collection[str],
) -> Iterator[str]:
    """Where to begin, how to go on, and what is not shown.

    Args:
        assessment: the end of the line.
        causes: the causes.
        marked_and_total: how many issues are told one by one, and how many there are.
        hidden: codes of the faults that the workbook cannot show.
    """
    if root_cause := root_causes.summarize_root_causes(assessment, causes):
        yield root_cause
    yield translate(
        "Red cells are errors, yellow ones are warnings; each has a comment. Correct them here and hand in this"
        " workbook again: what a run has accepted is skipped then."
    )
    if len(uncertain_rows.find_uncertain_invoices(assessment, hidden)):
        yield translate(
            'A value that begins with "{mark}" belongs to an invoice of which a row is in doubt; its reason'
            ' says why. Put the row right, then take the "{mark}" away.',
            mark=uncertain_rows.UNCERTAIN_MARK,
        )
    yield translate("This sheet and the columns that start with # are ignored; they may stay.")
    marked_count, fault_count = marked_and_total
    if marked_count < fault_count:
        yield translate(
            "Of {faults} faults {told} are marked and listed here; issues.csv lists them all.",
            faults=format_number(fault_count), told=format_number(marked_count),
        )  # fmt: skip
