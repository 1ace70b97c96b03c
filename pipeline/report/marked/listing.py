"""The Issues sheet: the causes with their counts, and each issue with a link to its cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pipeline.language import say
from pipeline.report.marked.cells import address, text_cell
from pipeline.report.marked.markup import document, text
from pipeline.report.marked.package import Package
from pipeline.report.marked.plan import BookMarks, Listing
from pipeline.report.marked.styles import MAIN, STRICT_MAIN, Looks
from schemas.tables import ISSUES_TITLE

NAME = "Issues"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_WIDTHS = (10, 28, 20, 26, 70, 60)
_LINE, _MOST_LINES = 15, 20
CAUSES = ("Code", "Cause", "Faults", "Invoices", "What to do")
LINES = ("Code", "Cell", "Invoice", "Value", "What is wrong", "What to do")
"""The headers of the causes, and of the issues."""
_BOOK = (
    *("fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets"),
    *("functionGroups", "externalReferences", "definedNames", "calcPr"),
)


Cells = Sequence[tuple[str | int, int]]
"""What stands in a row, each with the position of its format."""


def add(package: Package, book: BookMarks, looks: Looks) -> None:
    """Add the Issues sheet to a workbook, or put it in the place of the one an earlier marking added.

    Args:
        package: the workbook.
        book: what is said.
        looks: formats.
    """
    part = book.our_sheets[0] if book.our_sheets else _new_part(package)
    package.replace(part, _sheet(book.listing, looks, STRICT_MAIN if package.strict else MAIN))


def _new_part(package: Package) -> str:
    part = package.free("xl/worksheets/issues{}.xml")
    package.declare(part, _CONTENT)
    link = package.relate(package.workbook, "worksheet", part)
    book = document(package.read(package.workbook))
    old = book.find("sheets")
    sheets = document(old.xml if old else b"<sheets/>")
    known = [each.attributes for each in sheets.children]
    taken = {each.get("name", "").casefold() for each in known}
    names = (NAME, *(f"{NAME} {number}" for number in range(2, len(taken) + 3)))
    name = next(each for each in names if each.casefold() not in taken)
    number = max((int(each.get("sheetId", "0")) for each in known), default=0) + 1
    p, space = sheets.prefix.decode(), package.relations_namespace
    entry = f'<{p}sheet xmlns:r="{space}" name="{name}" sheetId="{number}" r:id="{link}"/>'
    sheets.put(entry.encode(), ("sheet",))
    book.put(bytes(sheets), _BOOK, old=old)
    package.write(package.workbook, bytes(book))
    return part


def _sheet(listing: Listing, looks: Looks, namespace: str) -> Iterator[bytes]:
    yield f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{namespace}">'.encode()
    yield b'<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
    yield b'<sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews><cols>'
    for at, width in enumerate(_WIDTHS, 1):
        yield b'<col min="%d" max="%d" width="%d" customWidth="1"/>' % (at, at, width)
    yield b"</cols><sheetData>"
    links: list[bytes] = []
    for row, cells in enumerate(_rows(listing, looks)):
        made = b"".join(
            _cell(address(row, column), value, look)
            for column, (value, look) in enumerate(cells)
            if value != ""
        )
        yield b'<row r="%d" ht="%d" customHeight="1">%s</row>' % (row + 1, _height(cells), made)
    at = _first_line(listing)
    for row, line in enumerate(listing.lines, at):
        if line.sheet:
            to = text("'{}'!{}".format(line.sheet.replace("'", "''"), line.cell))
            links.append(b'<hyperlink ref="%s" location="%s"/>' % (address(row, 1).encode(), to))
    yield b"</sheetData>"
    if links:
        yield b"<hyperlinks>" + b"".join(links) + b"</hyperlinks>"
    yield b'<pageMargins left="0.5" right="0.5" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
    yield b'<pageSetup orientation="landscape" fitToHeight="0"/></worksheet>'


def _height(cells: Cells) -> int:
    """Of a row in points, so that its wrapped texts are seen whole; a text that stands alone runs on."""
    lengths = [len(str(value)) / (width - 2) for (value, _), width in zip(cells, _WIDTHS, strict=False)]
    lines = max(map(math.ceil, lengths), default=1) if len(cells) > 1 else 1
    return max(1, min(lines, _MOST_LINES)) * _LINE


def _cell(where: str, value: str | int, look: int) -> bytes:
    if isinstance(value, int):
        return b'<c r="%s" s="%d"><v>%d</v></c>' % (where.encode(), look, value)
    return text_cell(where, value, look)


def _rows(listing: Listing, looks: Looks) -> Iterator[Cells]:
    yield [(ISSUES_TITLE, looks.title)]
    yield from ([(each, looks.plain)] for each in listing.sentences)
    yield []
    if listing.causes:
        yield [(say(each), looks.head) for each in CAUSES]
        for cause in listing.causes:
            yield [(cause.code, looks.plain), (cause.title, looks.wrapped), (cause.faults, looks.plain),
                   (cause.invoices, looks.plain), (cause.fix, looks.wrapped)]  # fmt: skip
        yield []
    yield [(say(each), looks.head) for each in LINES]
    for line in listing.lines:
        yield [(line.code, looks.plain), (line.place, looks.link if line.sheet else looks.plain),
               (line.invoice, looks.plain), (line.value, looks.wrapped), (line.message, looks.wrapped),
               (line.fix, looks.wrapped)]  # fmt: skip


def _first_line(listing: Listing) -> int:
    """The row of the first issue, counted from 0."""
    causes = len(listing.causes) + 2 if listing.causes else 0
    return 1 + len(listing.sentences) + 1 + causes + 1
