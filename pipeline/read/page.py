"""The page in the documentation: what is read, what is refused, and why. Nothing on it is stated here.

In: the declarations of files, layouts, refusals, cells, forms and settings, and the readers themselves.
Out: Markdown.
Never: promises a reading: the tables of forms are made by reading the forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

import pyarrow as pa

from pipeline.config import SETTINGS, Settings
from pipeline.issues import CATALOGUE
from pipeline.read.accepted import ACCEPTED, LAYOUTS
from pipeline.read.limits import MAX_ROWS, ReadLimits
from pipeline.read.refuse import REFUSALS
from pipeline.read.source import FOREIGN
from schemas import beside, checks, forms
from schemas.cells import CellKind
from schemas.dates import SERIALS, TOKENS, DateFormat
from schemas.fields import Field, Kind, Pattern
from schemas.kinds import real_date
from schemas.numbers import UNREADABLE, NumberFormat
from schemas.tables import EXAMPLE_REF, NO, NOTE_MARK, TOTAL_WORDS, YES

_LIMITS = ("parser_", "file_", "sheet_")
_OF_SHEETS = "1"
_NO_READING = "refused"
_NUMBERS = (
    "1234.5", "1234,5", "1,234.50", "1.234,50", "1,234", "1.234", "1 234,50", "1\u202f234.50", "1'234.50",
    "-45.00", "\u221245.00", "45.00-", "(45.00)", "€ 10.50", "10,50 EUR", "\uff11\uff12", "\u0661\u0662\u066b\u0665",
    "1e3", "1_000", "Infinity", "0x10", "12,34,567",
)  # fmt: skip
"""Texts to show how numbers are read: the ways of `forms`, and some that look like numbers and are none."""
_DATES = ("2026-11-30", "30.11.2026", "11/30/2026", "30-Nov-2026", "30 november 2026", "46356", "30.11.26")
_FORMATS = ("", "dd.mm.yyyy", "mm/dd/yyyy", "dd-mmm-yyyy", "dd mmm yyyy", next(iter(SERIALS)))
_CELLS = {
    CellKind.TEXT: "text",
    CellKind.NUMBER: "number",
    CellKind.DATE: "date",
    CellKind.BOOLEAN: "TRUE or FALSE",
}


def page() -> str:
    """What is read and what is refused, as Markdown."""
    return "\n".join([
        "# What is read, what is refused, and why",
        "",
        "Each file is read exactly as the person sees it, or refused with a sentence that names the place. This",
        "page is made from the declarations that the reader itself uses (`make docs`).",
        *_section("Files that are read", _table(("file", "names", "what is read"), _files())),
        "Formulas are never calculated: the result that the file stores is read, and a formula without one is an",
        "error. A hidden sheet is left out where a visible one has rows of its kind, and an error where none has.",
        *_section("How invoices may lie in them", _table(("layout", "how it is told"), LAYOUTS)),
        "Titles above the header, blank rows, and columns in any order are no matter, nor are case, blanks, line",
        f"breaks and `*` in a header. Left out by name are rows whose reference is `{EXAMPLE_REF}`, rows that start",
        f"with `{NOTE_MARK}`, and totals rows: those that start with one of {', '.join(TOTAL_WORDS)}",
        f"(or have it in a column that starts with `{NOTE_MARK}`)",
        "and hold only numbers besides. What a totals row says is held against the rows above it.",
        *_section("Files that are refused", _table(("sentence", "why"), _refusals())),
        f"Told by their first bytes are {', '.join(sorted({what for _, what in FOREIGN}))}.",
        *_section("Limits", _table(("setting", "default", "what it decides"), _limits())),
        f"The defaults let a sheet with all {MAX_ROWS:,} rows through that Excel can hold, up to",
        f"{ReadLimits().area // MAX_ROWS} columns, and stop bombs. The parser is a process of its own.",
        *_section("What is told of sheets, rows and columns", _table(("code", "what", "what to do"), _codes())),
        *_section("Cells", _table(("kind", "read from cells that hold", "refused"), _kinds())),
        "A cell that shows an error, or a formula without a stored result, is never blank: it is an error.",
        *_section("Numbers as text", _table(("written", *_declarations(("", *forms.MARKS))), _numbers())),
        "What a number cell holds is read with 15 significant digits, whatever is declared.",
        *_section("Dates as text", _table(("written", *_declarations(_FORMATS)), _dates())),
        f"A format is made of {', '.join(f'`{each}`' for each in TOKENS)}, each once, or is one of"
        f" {', '.join(f'`{each}`' for each in SERIALS)}.",
        *_section("Yes and no", _table(("yes", "no"), [(", ".join(YES), ", ".join(NO))])),
        "In any case.",
        "",
    ])  # fmt: skip


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "", *lines, "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |"


def _files() -> Iterator[Sequence[str]]:
    for each in ACCEPTED:
        yield each.what, " ".join(f"`{suffix}`" for suffix in each.suffixes), each.taken


def _refusals() -> Iterator[Sequence[str]]:
    for each in REFUSALS:
        yield f"{{file}}{each.template.removeprefix('{name}')}", each.why


def _limits() -> Iterator[Sequence[str]]:
    for each in fields(Settings):
        if each.name.startswith(_LIMITS):
            yield f"`{each.name}`", str(each.default), str(SETTINGS[each.name].metadata["help"])


def _codes() -> Iterator[Sequence[str]]:
    for code, kind in sorted(CATALOGUE.items()):
        if code[1] == _OF_SHEETS:
            yield f"[{code}](issues.md)", kind.title, kind.fix


def _kinds() -> Iterator[Sequence[str]]:
    """Each kind of field: the cells it is read from, and every check that a cell must pass."""
    for kind in Kind:
        textual = kind in (Kind.TEXT, Kind.IDENTIFIER)
        field = Field(
            "", "", kind, "", "", True, 1 if textual else None, Pattern("", "") if textual else None
        )
        told = [check for suffix in beside.BESIDE for check in beside.of_beside(suffix, field, DateFormat())]
        found = [*told, *checks.of_text(field, astral=False, dates=DateFormat()), *checks.of_values(field)]
        held = [words for cell, words in _CELLS.items() if cell in beside.HELD[kind]]
        yield str(kind), ", ".join(held), "; ".join(f"{CATALOGUE[each.code].title}" for each in found)


def _declarations(declared: Iterable[str]) -> list[str]:
    return [f"`{each}`" if each else "nothing declared" for each in declared]


def _numbers() -> Iterator[Sequence[str]]:
    for text in _NUMBERS:
        texts = [NumberFormat(each).read(pa.array([text])).texts for each in ("", *forms.MARKS)]
        read = [str(each[0].as_py()) for each in texts]
        yield f"`{text}`", *(each if _is_number(each) else _NO_READING for each in read)


def _is_number(text: str) -> bool:
    field = Field("", "", Kind.NUMBER, "", "")
    of_text = checks.of_text(field, astral=False, dates=DateFormat())
    return text != UNREADABLE and all(each.holds(pa.array([text]))[0].as_py() for each in of_text)


def _dates() -> Iterator[Sequence[str]]:
    for text in _DATES:
        days = [DateFormat(each).to_iso(pa.array([text])) for each in _FORMATS]
        yield f"`{text}`", *(each[0].as_py() if real_date(each)[0].as_py() else _NO_READING for each in days)
