"""The Issues sheet: the causes with their counts, and each issue with a link to its cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pipeline.i18n import translate
from pipeline.report.marked.annotations import IssueList, WorkbookAnnotations
from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.references import format_reference
from pipeline.spreadsheet.row_writer import encode_text_cell
from pipeline.spreadsheet.styles import MAIN_NAMESPACE, STRICT_NAMESPACE, MarkStyles
from pipeline.spreadsheet.xml_bytes import escape_text, parse_element
from schemas.tables.common import ISSUES_TITLE

ISSUES_SHEET_NAME = "Issues"
_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_WIDTHS = (10, 28, 20, 26, 70, 60)
_LINE_HEIGHT, _MAX_LINES = 15, 20
CAUSE_HEADERS = ("Code", "Cause", "Faults", "Invoices", "What to do")
ISSUE_HEADERS = ("Code", "Cell", "Invoice", "Value", "What is wrong", "What to do")
"""The headers of the causes, and of the issues."""
_WORKBOOK_ORDER = (
    *("fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets"),
    *("functionGroups", "externalReferences", "definedNames", "calcPr"),
)


ListCells = Sequence[tuple[str | int, int]]
"""What stands in a row, each with the position of its format."""


def add_issues_sheet(
    package: WorkbookPackage, annotations: WorkbookAnnotations, mark_styles: MarkStyles
) -> None:
    """Add the Issues sheet to a workbook, or put it in the place of the one an earlier marking added.

    Args:
        package: the workbook.
        annotations: what is said.
        mark_styles: formats.
    """
    part = annotations.issues_sheets[0] if annotations.issues_sheets else _add_sheet_part(package)
    package.replace(
        part,
        _encode_list(
            annotations.issue_list, mark_styles, STRICT_NAMESPACE if package.strict else MAIN_NAMESPACE
        ),
    )


def _add_sheet_part(package: WorkbookPackage) -> str:
    part = package.choose_free_name("xl/worksheets/issues{}.xml")
    package.declare_content_type(part, _CONTENT_TYPE)
    link = package.add_relation(package.workbook, "worksheet", part)
    workbook = parse_element(package.read(package.workbook))
    old = workbook.find("sheets")
    sheets = parse_element(old.xml if old else b"<sheets/>")
    sheet_attributes = [child.attributes for child in sheets.children]
    taken_names = {sheet.get("name", "").casefold() for sheet in sheet_attributes}
    candidates = (
        ISSUES_SHEET_NAME,
        *(f"{ISSUES_SHEET_NAME} {number}" for number in range(2, len(taken_names) + 3)),
    )
    name = next(candidate for candidate in candidates if candidate.casefold() not in taken_names)
    number = max((int(sheet.get("sheetId", "0")) for sheet in sheet_attributes), default=0) + 1
    prefix, namespace = sheets.prefix.decode(), package.relations_namespace
    entry = f'<{prefix}sheet xmlns:r="{namespace}" name="{name}" sheetId="{number}" r:id="{link}"/>'
    sheets.insert(entry.encode(), ("sheet",))
    workbook.insert(bytes(sheets), _WORKBOOK_ORDER, replaced=old)
    package.write(package.workbook, bytes(workbook))
    return part


def _encode_list(issue_list: IssueList, mark_styles: MarkStyles, namespace: str) -> Iterator[bytes]:
    yield f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{namespace}">'.encode()
    yield b'<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
    yield b'<sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews><cols>'
    for column, width in enumerate(_WIDTHS, 1):
        yield b'<col min="%d" max="%d" width="%d" customWidth="1"/>' % (column, column, width)
    yield b"</cols><sheetData>"
    links: list[bytes] = []
    for row, cells in enumerate(_build_rows(issue_list, mark_styles)):
        row_cells = b"".join(
            _encode_cell(format_reference(row, column), value, style)
            for column, (value, style) in enumerate(cells)
            if value != ""
        )
        yield b'<row r="%d" ht="%d" customHeight="1">%s</row>' % (row + 1, _estimate_height(cells), row_cells)
    first_row = _find_first_entry(issue_list)
    for row, entry in enumerate(issue_list.entries, first_row):
        if entry.sheet:
            location = escape_text("'{}'!{}".format(entry.sheet.replace("'", "''"), entry.cell))
            links.append(
                b'<hyperlink ref="%s" location="%s"/>' % (format_reference(row, 1).encode(), location)
            )
    yield b"</sheetData>"
    if links:
        yield b"<hyperlinks>" + b"".join(links) + b"</hyperlinks>"
    yield b'<pageMargins left="0.5" right="0.5" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
    yield b'<pageSetup orientation="landscape" fitToHeight="0"/></worksheet>'


def _estimate_height(cells: ListCells) -> int:
    """Of a row in points, so that its wrapped texts are seen whole; a text that stands alone runs on."""
    lengths = [len(str(value)) / (width - 2) for (value, _), width in zip(cells, _WIDTHS, strict=False)]
    lines = max(map(math.ceil, lengths), default=1) if len(cells) > 1 else 1
    return max(1, min(lines, _MAX_LINES)) * _LINE_HEIGHT


def _encode_cell(reference: str, value: str | int, style: int) -> bytes:
    if isinstance(value, int):
        return b'<c r="%s" s="%d"><v>%d</v></c>' % (reference.encode(), style, value)
    return encode_text_cell(reference, value, style)


def _build_rows(issue_list: IssueList, mark_styles: MarkStyles) -> Iterator[ListCells]:
    yield [(ISSUES_TITLE, mark_styles.title)]
    yield from ([(sentence, mark_styles.plain)] for sentence in issue_list.sentences)
    yield []
    if issue_list.causes:
        yield [(translate(header), mark_styles.head) for header in CAUSE_HEADERS]
        for cause in issue_list.causes:
            yield [(cause.code, mark_styles.plain), (cause.title, mark_styles.wrapped), (cause.faults, mark_styles.plain),
                   (cause.invoices, mark_styles.plain), (cause.fix, mark_styles.wrapped)]  # fmt: skip
        yield []
    yield [(translate(header), mark_styles.head) for header in ISSUE_HEADERS]
    for entry in issue_list.entries:
        yield [(entry.code, mark_styles.plain), (entry.place, mark_styles.link if entry.sheet else mark_styles.plain),
               (entry.invoice, mark_styles.plain), (entry.value, mark_styles.wrapped), (entry.message, mark_styles.wrapped),
               (entry.fix, mark_styles.wrapped)]  # fmt: skip


def _find_first_entry(issue_list: IssueList) -> int:
    """The row of the first issue, counted from 0."""
    cause_rows = len(issue_list.causes) + 2 if issue_list.causes else 0
    return 1 + len(issue_list.sentences) + 1 + cause_rows + 1
