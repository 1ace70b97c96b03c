"""Which workbooks come back, and what is said in each: one for every workbook, and one for files that are none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.issues import Issues, Level
from pipeline.language import figure, say
from pipeline.line import Line
from pipeline.model import Page, RawTable, Sheet
from pipeline.report import explained
from pipeline.report.issue_table import issue_table
from pipeline.report.marked import doubts
from pipeline.report.marked.cells import address, place_of
from pipeline.report.marked.judged import Judged
from pipeline.report.marked.plan import Beside, BookMarks, CauseLine, Listing, Note, SheetMarks
from pipeline.report.marked.plan import Line as IssueLine
from pipeline.report.marked.told import Told
from schemas.tables import REASON_HEADER, STATUS_HEADER

SheetKey = tuple[str, int]
"""A table's name, and the position of one of its sheets."""


@dataclass(frozen=True)
class Book:
    """A workbook that comes back.

    Attributes:
        name: of the file it is a copy of, or the first of the files.
        sources: positions of the files.
        pages: what it is made from; empty for one that is patched where it is.
    """

    name: str
    sources: tuple[int, ...]
    pages: tuple[Page, ...] = ()


def books(line: Line) -> list[Book]:
    """The workbooks that come back; the first invoices and the first items of CSV files share one, and so on.

    Args:
        line: the end of the line.
    """
    sources, made = line.raw.sources, []
    made += [Book(each.name, (at,)) for at, each in enumerate(sources) if each.package]
    own = Counter(each.source for each in line.raw.pages)
    shared: dict[int, list[Page]] = defaultdict(list)
    met: Counter[str] = Counter()
    fed = _tables_of_pages(line)
    for page in line.raw.pages:
        table = fed.get((page.source, page.name), "")
        if own[page.source] == 1 and table:
            shared[met[table]].append(page)
            met[table] += 1
    for at in [each for each, count in own.items() if count > 1]:
        pages = tuple(each for each in line.raw.pages if each.source == at)
        made.append(Book(sources[at].name, (at,), pages))
    for some in shared.values():
        made.append(Book(sources[some[0].source].name, tuple(each.source for each in some), tuple(some)))
    return made


def _tables_of_pages(line: Line) -> Mapping[tuple[int, str], str]:
    return {(sheet.source, sheet.name): name for name, raw in line.raw.tables.items() for sheet in raw.sheets}


def file_name(name: str) -> str:
    """The name of a marked copy: the file's own, made harmless and short enough for any disk.

    Args:
        name: of the file, perhaps behind that of its zip.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    stem = "".join(each if each.isprintable() and each not in '<>:"|?*' else "_" for each in path.stem)
    short = stem.removesuffix(".marked").encode()[:180].decode("utf-8", "ignore").strip(". ") or "sheets"
    suffix = ".xlsm" if path.suffix.lower() == ".xlsm" else ".xlsx"
    return f"{short}.marked{suffix}"


def marks(
    book: Book, parts: Mapping[SheetKey, str], line: Line, said: Iterable[Told], judged: Judged
) -> BookMarks:
    """What is said in a workbook.

    Args:
        book: the workbook.
        parts: the part of each sheet that lies in it.
        line: the end of the line.
        said: the issues that are told one by one.
        judged: what became of each row.
    """
    mine = [each for each in said if (each.table, each.sheet) in parts]
    sheets: dict[str, SheetMarks] = {}
    for (table, at), part in parts.items():
        raw = line.raw.tables[table]
        if (
            not (raw.sheet_of == at).any()
            and not _marked_before(raw.sheets[at])
            and not _told(line, raw.sheets[at])
        ):
            continue  # nothing stands in it that could be said of
        sheet = sheets.setdefault(part, _sheet(part, raw.sheets[at]))
        _stand_beside(sheet, raw, at, judged.beside(table))
    for each in mine:
        _note(sheets[parts[each.table, each.sheet]], (each.row, each.column), each.level, _words(each))
    lines = [
        *_sheet_issues(book, sheets, line),
        *(_line(each, sheets[parts[each.table, each.sheet]]) for each in mine),
    ]
    ours = tuple(part for source, part in line.raw.our_sheets if source in book.sources and not book.pages)
    found, faults = explained.causes(line), sum(len(each) for each in line.issues.findings)
    sentences = (
        *_of_all(line),
        *_hints(line, found, (len(mine), faults), doubts.RAGGED if book.pages else ()),
    )
    return BookMarks(sheets, _listing(found, lines, sentences), ours)


def marks_of_rejected(
    line: Line, sheets: Mapping[str, SheetMarks], said: Iterable[Told], faults: int
) -> BookMarks:
    """What is said in the workbook of the rejected invoices.

    Args:
        line: the end of the line.
        sheets: of the workbook, by the table that each holds.
        said: the issues that are told one by one, at their place in it.
        faults: how many there are in all.
    """
    mine = list(said)
    for each in mine:
        _note(sheets[each.table], (each.row, each.column), each.level, _words(each))
    lines = [_line(each, sheets[each.table]) for each in mine]
    found = [each for each in explained.causes(line) if each.code in {one.code for one in lines}]
    sentences = (*_of_rejected(line), *_hints(line, found, (len(mine), faults), doubts.TORN))
    return BookMarks({each.part: each for each in sheets.values()}, _listing(found, lines, sentences))


def _sheet(part: str, sheet: Sheet) -> SheetMarks:
    """Where status and reason go: where an earlier marking put them, or beside the last column."""
    notes = {each.label: each.index for each in sheet.notes}
    ours = STATUS_HEADER in notes and REASON_HEADER in notes
    width = max([sheet.width, *(each.index + 1 for each in (*sheet.columns, *sheet.notes))])
    columns = (notes[STATUS_HEADER], notes[REASON_HEADER]) if ours else (width, width + 1)
    return SheetMarks(part, sheet.name, sheet.header_row - 1, columns, ours)


def _marked_before(sheet: Sheet) -> bool:
    return STATUS_HEADER in {each.label for each in sheet.notes}


def _told(line: Line, sheet: Sheet) -> bool:
    """Whether something is said of the sheet itself, or its header."""
    return any(each.sheet == sheet.name for each in line.issues.sheets)


def _stand_beside(sheet: SheetMarks, raw: RawTable, at: int, beside: list[Beside]) -> None:
    here = (raw.sheet_of == at).nonzero()[0].tolist()
    for row, position in zip(raw.row_of[here].tolist(), here, strict=True):
        new, old = beside[position], sheet.beside.get(row - 1)
        if old is not None and old != new:  # a flat sheet: the invoice and its first item share a row
            status = new.status if "rejected" in (new.status,) else old.status
            new = Beside(status, " ".join(dict.fromkeys(filter(None, (old.reason, new.reason)))))
        sheet.beside[row - 1] = new


def _note(sheet: SheetMarks, place: tuple[int, int], level: Level, words: str) -> None:
    known = sheet.notes.setdefault(place, Note(level, []))
    known.level = level if level is Level.ERROR else known.level
    if words not in known.said:
        known.said.append(words)


def _words(issue: Told) -> str:
    return f"{issue.code} {issue.message}\n{say('Fix: {fix}', fix=issue.fix)}"


def _sheet_issues(book: Book, sheets: Mapping[str, SheetMarks], line: Line) -> Iterator[IssueLine]:
    """Issues of files, sheets and headers; where a header cell is meant, it is marked as well."""
    names = {line.raw.sources[each].name for each in book.sources}
    table = issue_table(Issues(sheets=line.issues.sheets), line.raw, line.tables).to_pylist()
    for each, told in zip(line.issues.sheets, table, strict=True):
        if each.source not in names and each.source in {one.name for one in line.raw.sources}:
            continue
        sheet = next((one for one in sheets.values() if one.name == each.sheet), None)
        row, column = place_of(told["cell"]) if each.column and each.row else (-1, -1)
        if sheet and row >= 0:
            _note(
                sheet,
                (row, column),
                each.level,
                f"{each.code} {told['message']}\n{say('Fix: {fix}', fix=told['fix'])}",
            )
        link = sheet.name if sheet and row >= 0 else ""
        place = " ".join(filter(None, (each.sheet or each.source, told["cell"])))
        yield IssueLine(
            each.code, place, link, told["cell"] or "", "", told["value"], told["message"], told["fix"]
        )


def _line(issue: Told, sheet: SheetMarks) -> IssueLine:
    cell = address(issue.row, issue.column)
    return IssueLine(
        issue.code, issue.place, sheet.name, cell, issue.invoice, issue.value, issue.message, issue.fix
    )


def _listing(found: list[explained.Cause], lines: list[IssueLine], sentences: tuple[str, ...]) -> Listing:
    rank = {code: at for at, code in reversed(list(enumerate(each.code for each in found)))}
    fixes: dict[str, set[str]] = defaultdict(set)
    for each in lines:
        fixes[each.code].add(each.fix)
    causes = tuple(
        CauseLine(each.code, each.title, _one(fixes[each.code]), each.faults, len(each.invoices))
        for each in found
    )
    return Listing(sentences, causes, tuple(sorted(lines, key=lambda each: rank.get(each.code, 0))))


def _one(fixes: set[str]) -> str:
    return next(iter(fixes)) if len(fixes) == 1 else say("Each line below says what to do.")


def _of_all(line: Line) -> Iterator[str]:
    """What became of the invoices of a file that comes back."""
    shares = {each: getattr(line.balance, each).invoices for each in ("accepted", "rejected", "skipped")}
    told = ", ".join(f"{figure(count)} {say(share)}" for share, count in shares.items())
    yield say("Invoices: {shares}.", shares=told)


def _of_rejected(line: Line) -> Iterator[str]:
    """What a workbook of rejected invoices holds."""
    count, orphans = line.balance.rejected.invoices, int((line.sheets.valid.parent < 0).sum())
    yield say(
        "Rejected invoices, each with all its items, also those that are right: {count}.", count=figure(count)
    )
    if orphans:
        yield say("Items without an invoice: {count}.", count=figure(orphans))


def _hints(
    line: Line, found: list[explained.Cause], marked: tuple[int, int], hidden: Collection[str]
) -> Iterator[str]:
    """Where to begin, how to go on, and what is not shown.

    Args:
        line: the end of the line.
        found: the causes.
        marked: how many issues are told one by one, and how many there are.
        hidden: codes of the faults that the workbook cannot show.
    """
    if few := explained.sentence(line, found):
        yield few
    yield say(
        "Red cells are errors, yellow ones are warnings; each has a comment. Correct them here and hand in this"
        " workbook again: what a run has accepted is skipped then."
    )
    if len(doubts.in_doubt(line, hidden)):
        yield say(
            'A value that begins with "{mark}" belongs to an invoice of which a row is in doubt; its reason'
            ' says why. Put the row right, then take the "{mark}" away.',
            mark=doubts.MARK,
        )
    yield say("This sheet and the columns that start with # are ignored; they may stay.")
    told, faults = marked
    if told < faults:
        yield say(
            "Of {faults} faults {told} are marked and listed here; issues.csv lists them all.",
            faults=figure(faults), told=figure(told),
        )  # fmt: skip
