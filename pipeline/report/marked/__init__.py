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

from pipeline.line import Line
from pipeline.model import Page
from pipeline.report.marked import books, fresh, listing, rejected, styles
from pipeline.report.marked.books import Book, SheetKey
from pipeline.report.marked.comments import annotate
from pipeline.report.marked.judged import Judged
from pipeline.report.marked.package import Package
from pipeline.report.marked.pages import name_of, tab_of
from pipeline.report.marked.plan import BookMarks
from pipeline.report.marked.sheet import SheetCopy
from pipeline.report.marked.told import Told, told

__all__ = ["MOST_MARKS", "Copy", "file_names", "places", "write_copies"]

MOST_MARKS = 10_000
"""Cells that are marked in all copies: each is a comment with a shape, and spreadsheets open more only slowly."""

_OF_FILE = "the file as a whole is rejected; correct it there"


class Copy(NamedTuple):
    """A marked copy or the workbook of the rejected invoices, or why there is none.

    Attributes:
        file: its name; empty when it was not made.
        of: the names of the files it was made from.
        reason: why it was not made.
        holds: `all` that came in, or `rejected` alone.
    """

    file: str
    of: tuple[str, ...]
    reason: str = ""
    holds: str = "all"


def file_names(line: Line) -> list[str]:
    """The names that copies of these files have, whether they are made or not."""
    return [*(name for _, name in _named(line)), rejected.NAME]


def write_copies(line: Line, template: Callable[[], bytes], create: Callable[[str], BinaryIO]) -> list[Copy]:
    """Write a marked copy of each workbook, and one for files that are none, where anything was found.

    Args:
        line: the end of the line.
        template: makes the workbook that the rejected invoices are written into.
        create: makes a file of a name, open for writing.

    Returns:
        What was made, and what was not and why.
    """
    if not (line.issues.findings or line.issues.sheets):
        return []
    most = line.settings.marked_rows
    if not most:
        return [Copy("", (each.name,), _too_many(each.rows, most)) for each in line.raw.sources if each.rows]
    said = told(line, MOST_MARKS)
    judged = Judged(line, said)
    copies = []
    for book, name in _named(line):
        of = tuple(line.raw.sources[each].name for each in book.sources)
        rows = sum(line.raw.sources[each].rows for each in book.sources)
        if rows > most:
            copies.append(Copy("", of, _too_many(rows, most)))
            continue
        with create(name) as file:
            _write(book, line, said, judged, file)
        copies.append(Copy(name, of))
    made = {each for copy in copies for each in copy.of}
    left = [each for each in line.raw.sources if each.name not in made and each.rows > most]
    copies += [Copy("", (each.name,), _too_many(each.rows, most)) for each in left]
    return copies + _rejected(line, said, judged, template, create)


def _rejected(
    line: Line,
    said: list[Told],
    judged: Judged,
    template: Callable[[], bytes],
    create: Callable[[str], BinaryIO],
) -> list[Copy]:
    """The workbook of the rejected invoices, where there are some."""
    some, most = rejected.rows(line, judged), line.settings.marked_rows
    of = tuple(each.name for each in line.raw.sources if each.rows)
    count = sum(map(len, some.values()))
    if not some or rejected.by_the_file(line):
        return [Copy("", of, _OF_FILE, "rejected")] if some else []
    if count > most:
        return [Copy("", of, _too_many(count, most), "rejected")]
    package, marks = rejected.fill(template(), line, some, said)
    _mark(package, marks)
    with create(rejected.NAME) as file:
        package.save(file)
    return [Copy(rejected.NAME, of, "", "rejected")]


def places(line: Line, copies: Iterable[Copy]) -> dict[tuple[str, str], tuple[str, str]]:
    """By file and sheet the copy in which it is marked, and the sheet there.

    Args:
        line: the end of the line.
        copies: as `write_copies` gives them.
    """
    made = {each: copy.file for copy in copies if copy.holds == "all" for each in copy.of}
    names = {(each.source, each.name): name_of(each, line) for each in line.raw.pages}
    found = {}
    for sheet in (each for raw in line.raw.tables.values() for each in raw.sheets):
        source = line.raw.sources[sheet.source].name
        there = names.get((sheet.source, sheet.name), sheet.name)
        found[source, sheet.name] = (made.get(source, ""), there)
    return found


def _too_many(rows: int, most: int) -> str:
    return f"it has {rows:,} rows; marked copies are made up to {most:,} (setting marked_rows)"


def _named(line: Line) -> Iterator[tuple[Book, str]]:
    """The workbooks that come back, each with a name of its own."""
    taken: set[str] = set()
    for book in books.books(line):
        name, number = books.file_name(book.name), 1
        stem, _, suffix = name.rpartition(".marked.")
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}.marked.{suffix}"
        taken.add(name.casefold())
        yield book, name


def _write(book: Book, line: Line, said: list[Told], judged: Judged, file: BinaryIO) -> None:
    if book.pages:
        data = fresh.workbook([tab_of(each, line) for each in book.pages])
        parts = _parts_of_pages(book.pages, line)
    else:
        data = line.raw.sources[book.sources[0]].package
        parts = _parts_of_package(book.sources[0], line)
    package = Package(data)
    _mark(package, books.marks(book, parts, line, said, judged))
    package.save(file)


def _parts_of_package(source: int, line: Line) -> Mapping[SheetKey, str]:
    return {
        (table, at): sheet.part
        for table in line.tables
        for at, sheet in enumerate(line.raw.tables[table].sheets)
        if sheet.source == source
    }


def _parts_of_pages(pages: tuple[Page, ...], line: Line) -> Mapping[SheetKey, str]:
    places = {(page.source, page.name): fresh.part(at) for at, page in enumerate(pages)}
    return {
        (table, at): places[sheet.source, sheet.name]
        for table in line.tables
        for at, sheet in enumerate(line.raw.tables[table].sheets)
        if (sheet.source, sheet.name) in places
    }


def _mark(package: Package, book: BookMarks) -> None:
    looks = styles.looks(package)
    for part, sheet in book.sheets.items():
        copy = SheetCopy(package, sheet, looks)
        package.replace(part, copy.pieces())
        annotate(
            package, part, copy.drawing, {place: "\n".join(note.said) for place, note in sheet.notes.items()}
        )
    listing.add(package, book, looks)
