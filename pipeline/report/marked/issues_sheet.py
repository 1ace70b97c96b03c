"""The Issues sheet: what explains the faults, the causes with their counts, each issue with a link.

In: a package, and the `IssueList` of its workbook.
Out: the package with the sheet, in place of the one of an earlier marking.
Never: writes a formula, or takes the name of another sheet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pipeline.i18n import translate
from pipeline.report.marked.annotations import CauseEntry, IssueEntry, IssueList, WorkbookAnnotations
from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.references import format_reference
from pipeline.spreadsheet.row_writer import encode_text_cell
from pipeline.spreadsheet.styles import MarkStyles, get_main_namespace
from pipeline.spreadsheet.xml_bytes import escape_text, parse_element
from schemas.tables.common import ISSUES_TITLE

ISSUES_SHEET_NAME = "Issues"
_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_WIDTHS = (10, 28, 20, 26, 70, 60)
_LINE_HEIGHT, _MAX_LINES = 15, 20
"""Points of a line, and how many lines a row may take."""
CAUSE_HEADERS = ("Code", "Cause", "Faults", "Invoices", "What to do")
ISSUE_HEADERS = ("Code", "Cell", "Invoice", "Value", "What is wrong", "What to do")
"""The headers of the causes, and of the issues."""
_WORKBOOK_ORDER = (
    *("fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets"),
    *("functionGroups", "externalReferences", "definedNames", "calcPr"),
)


ListCells = Sequence[tuple[str | int, int]]
"""The values of a row, each with the position of its format."""


def add_issues_sheet(
    package: WorkbookPackage, annotations: WorkbookAnnotations, mark_styles: MarkStyles
) -> None:
    """Add the Issues sheet to a workbook, or replace the one that an earlier marking added.

    Args:
        package: the workbook.
        annotations: what is said.
        mark_styles: formats.
    """
    part = annotations.issues_sheets[0] if annotations.issues_sheets else _add_sheet_part(package)
    namespace = get_main_namespace(package)
    package.replace(part, _encode_list(annotations.issue_list, mark_styles, namespace))


def _add_sheet_part(package: WorkbookPackage) -> str:
    part = package.choose_free_name("xl/worksheets/issues{}.xml")
    package.declare_content_type(part, _CONTENT_TYPE)
    link = package.add_relation(package.workbook, "worksheet", part)
    workbook = parse_element(package.read(package.workbook))
    old = workbook.find("sheets")
    sheets = parse_element(old.xml if old else b"<sheets/>")
    sheet_attributes = [child.attributes for child in sheets.children]
    # Excel compares the names of sheets without case
    taken_names = {sheet.get("name", "").casefold() for sheet in sheet_attributes}
    name, number = ISSUES_SHEET_NAME, 1
    while name.casefold() in taken_names:
        number += 1
        name = f"{ISSUES_SHEET_NAME} {number}"
    sheet_id = max((int(sheet.get("sheetId", "0")) for sheet in sheet_attributes), default=0) + 1
    prefix, namespace = sheets.prefix.decode(), package.relations_namespace
    entry = f'<{prefix}sheet xmlns:r="{namespace}" name="{name}" sheetId="{sheet_id}" r:id="{link}"/>'
    sheets.insert(entry.encode(), ("sheet",))
    workbook.insert(bytes(sheets), _WORKBOOK_ORDER, replaced=old)
    package.write(package.workbook, bytes(workbook))
    return part


def _encode_list(issue_list: IssueList, styles: MarkStyles, namespace: str) -> Iterator[bytes]:
    yield f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{namespace}">'.encode()
    yield b'<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
    yield b'<sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews><cols>'
    for column, width in enumerate(_WIDTHS, 1):
        yield b'<col min="%d" max="%d" width="%d" customWidth="1"/>' % (column, column, width)
    yield b"</cols><sheetData>"
    for row, cells in enumerate(_build_rows(issue_list, styles)):
        yield _encode_row(row, cells)
    yield b"</sheetData>"
    if links := b"".join(_encode_links(issue_list)):
        yield b"<hyperlinks>" + links + b"</hyperlinks>"
    yield b'<pageMargins left="0.5" right="0.5" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
    yield b'<pageSetup orientation="landscape" fitToHeight="0"/></worksheet>'


def _encode_row(row: int, cells: ListCells) -> bytes:
    encoded = b"".join(
        _encode_cell(format_reference(row, column), value, style)
        for column, (value, style) in enumerate(cells)
        if value != ""
    )
    return b'<row r="%d" ht="%d" customHeight="1">%s</row>' % (row + 1, _estimate_height(cells), encoded)


def _encode_links(issue_list: IssueList) -> Iterator[bytes]:
    for row, entry in enumerate(issue_list.entries, _find_first_entry(issue_list)):
        if entry.sheet:
            # a quote in the name of a sheet is doubled within its quotes
            location = escape_text("'{}'!{}".format(entry.sheet.replace("'", "''"), entry.cell))
            reference = format_reference(row, 1).encode()
            yield b'<hyperlink ref="%s" location="%s"/>' % (reference, location)


def _estimate_height(cells: ListCells) -> int:
    """Return the height of a row in points at which its wrapped texts show whole.

    A single text does not wrap: it runs on over the empty cells to its right.
    """
    # two characters less, for the margins of a cell
    lengths = [len(str(value)) / (width - 2) for (value, _), width in zip(cells, _WIDTHS, strict=False)]
    lines = max(map(math.ceil, lengths), default=1) if len(cells) > 1 else 1
    return max(1, min(lines, _MAX_LINES)) * _LINE_HEIGHT


def _encode_cell(reference: str, value: str | int, style: int) -> bytes:
    if isinstance(value, int):
        return b'<c r="%s" s="%d"><v>%d</v></c>' % (reference.encode(), style, value)
    return encode_text_cell(reference, value, style)


def _build_rows(issue_list: IssueList, styles: MarkStyles) -> Iterator[ListCells]:
    yield [(ISSUES_TITLE, styles.title)]
    yield from ([(sentence, styles.plain)] for sentence in issue_list.sentences)
    yield []
    if issue_list.causes:
        yield [(translate(header), styles.head) for header in CAUSE_HEADERS]
        yield from (_build_cause_row(cause, styles) for cause in issue_list.causes)
        yield []
    yield [(translate(header), styles.head) for header in ISSUE_HEADERS]
    yield from (_build_issue_row(entry, styles) for entry in issue_list.entries)


def _build_cause_row(cause: CauseEntry, styles: MarkStyles) -> ListCells:
    return [
        (cause.code, styles.plain),
        (cause.title, styles.wrapped),
        (cause.faults, styles.plain),
        (cause.invoices, styles.plain),
        (cause.fix, styles.wrapped),
    ]


def _build_issue_row(entry: IssueEntry, styles: MarkStyles) -> ListCells:
    return [
        (entry.code, styles.plain),
        (entry.place, styles.link if entry.sheet else styles.plain),
        (entry.invoice, styles.plain),
        (entry.value, styles.wrapped),
        (entry.message, styles.wrapped),
        (entry.fix, styles.wrapped),
    ]


def _find_first_entry(issue_list: IssueList) -> int:
    """Return the row of the first issue, counted from 0."""
    title, blank, headers = 1, 1, 1
    cause_rows = len(issue_list.causes) + headers + blank if issue_list.causes else 0
    return title + len(issue_list.sentences) + blank + cause_rows + headers
