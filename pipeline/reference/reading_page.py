"""The page on reading in the documentation: what is read, what is refused, and why.

In: the declarations of files, layouts, refusals, cells, forms and settings, and the readers themselves.
Out: Markdown.
Never: states a fact of its own: the tables of forms are made by reading the forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import chain

import pyarrow as pa

from pipeline.issues import CATALOGUE, Chapter
from pipeline.read.files.file_types import FILE_LAYOUTS
from pipeline.read.files.input_files import FOREIGN_SIGNATURES
from pipeline.read.files.limits import MAX_ROWS, ReadLimits
from pipeline.read.files.refusals import Refusal
from pipeline.read.formats import FORMATS
from pipeline.settings import SETTINGS, Settings
from schemas import cell_facts, checks
from schemas.cell_kinds import CellKind
from schemas.fields import Field, Kind, Pattern
from schemas.notation import number_forms
from schemas.notation.dates import DATE_TOKENS, SERIAL_EPOCHS, DateNotation
from schemas.notation.numbers import UNREADABLE_NUMBER, NumberNotation
from schemas.notation.parsing import is_real_date
from schemas.tables.common import EXAMPLE_REF, NO_WORDS, NOTE_MARK, TOTAL_WORDS, YES_WORDS

_LIMIT_PREFIXES = ("parser_", "file_", "sheet_")
_NO_READING = "refused"
_SAMPLE_NUMBERS = (
    "1234.5", "1234,5", "1,234.50", "1.234,50", "1,234", "1.234", "1 234,50", "1\u202f234.50", "1'234.50",
    "-45.00", "\u221245.00", "45.00-", "(45.00)", "€ 10.50", "10,50 EUR", "\uff11\uff12",
    "\u0661\u0662\u066b\u0665", "1e3", "1_000", "Infinity", "0x10", "12,34,567",
)  # fmt: skip
"""Texts to show how numbers are read: the ways of `forms`, and some that look like numbers and are none."""
_SAMPLE_DATES = (
    "2026-11-30",
    "30.11.2026",
    "11/30/2026",
    "30-Nov-2026",
    "30 november 2026",
    "46356",
    "30.11.26",
)
_SAMPLE_FORMATS = ("", "dd.mm.yyyy", "mm/dd/yyyy", "dd-mmm-yyyy", "dd mmm yyyy", next(iter(SERIAL_EPOCHS)))
_CELL_TITLES = {
    CellKind.TEXT: "text",
    CellKind.NUMBER: "number",
    CellKind.DATE: "date",
    CellKind.BOOLEAN: "TRUE or FALSE",
}


def build_reading_page() -> str:
    """Return the page as Markdown."""
    lines = chain(
        _iter_file_sections(),
        _iter_refusal_sections(),
        _iter_cell_sections(),
        _iter_text_sections(),
    )
    return "\n".join([*lines, ""])


def _iter_file_sections() -> Iterator[str]:
    yield from ("# What is read, what is refused, and why", "")
    yield (
        "Each file is read exactly as the person sees it, or refused with a sentence that names the "
        "place. This"
    )
    yield "page is made from the declarations that the reader itself uses (`make docs`)."
    files = _iter_table(("file", "names", "what is read"), _iter_file_rows())
    yield from _iter_section("Files that are read", files)
    yield (
        "Formulas are never calculated: the result that the file stores is read, and a formula without "
        "one is an"
    )
    yield (
        "error. A hidden sheet is left out where a visible one has rows of its kind, and an error where "
        "none has."
    )
    layouts = _iter_table(("layout", "how it is told"), FILE_LAYOUTS)
    yield from _iter_section("How invoices may lie in them", layouts)
    yield (
        "Titles above the header, blank rows, and columns in any order are no matter, nor are case, "
        "blanks, line"
    )
    yield (
        f"breaks and `*` in a header. Left out by name are rows whose reference is `{EXAMPLE_REF}`, rows "
        "that start"
    )
    yield f"with `{NOTE_MARK}`, and totals rows: those that start with one of {', '.join(TOTAL_WORDS)}"
    yield f"(or have it in a column that starts with `{NOTE_MARK}`)"
    yield "and hold only numbers besides. What a totals row says is held against the rows above it."


def _iter_refusal_sections() -> Iterator[str]:
    refusals = _iter_table(("sentence", "why"), _iter_refusal_rows())
    yield from _iter_section("Files that are refused", refusals)
    foreign_types = sorted({file_type for _, file_type in FOREIGN_SIGNATURES})
    yield f"Told by their first bytes are {', '.join(foreign_types)}."
    limits = _iter_table(("setting", "default", "what it decides"), _iter_limit_rows())
    yield from _iter_section("Limits", limits)
    yield f"The defaults let a sheet with all {MAX_ROWS:,} rows through that Excel can hold, up to"
    yield f"{ReadLimits().area // MAX_ROWS} columns, and stop bombs. The parser is a process of its own."


def _iter_cell_sections() -> Iterator[str]:
    codes = _iter_table(("code", "what", "what to do"), _iter_code_rows())
    yield from _iter_section("What is told of sheets, rows and columns", codes)
    kinds = _iter_table(("kind", "read from cells that hold", "refused"), _iter_kind_rows())
    yield from _iter_section("Cells", kinds)
    yield "A cell that shows an error, or a formula without a stored result, is never blank: it is an error."


def _iter_text_sections() -> Iterator[str]:
    number_heads = ("written", *_quote_declarations(("", *number_forms.DECIMAL_MARKS)))
    yield from _iter_section("Numbers as text", _iter_table(number_heads, _iter_number_rows()))
    yield "What a number cell holds is read with 15 significant digits, whatever is declared."
    date_heads = ("written", *_quote_declarations(_SAMPLE_FORMATS))
    yield from _iter_section("Dates as text", _iter_table(date_heads, _iter_date_rows()))
    tokens, serials = _quote_names(DATE_TOKENS), _quote_names(SERIAL_EPOCHS)
    yield f"A format is made of {tokens}, each once, or is one of {serials}."
    words = [(", ".join(YES_WORDS), ", ".join(NO_WORDS))]
    yield from _iter_section("Yes and no", _iter_table(("yes", "no"), words))
    yield "In any case."


def _iter_section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "", *lines, "")


def _iter_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _iter_file_rows() -> Iterator[Sequence[str]]:
    for file_format in FORMATS.values():
        suffixes = " ".join(f"`{suffix}`" for suffix in file_format.suffixes)
        yield file_format.title, suffixes, file_format.description


def _iter_refusal_rows() -> Iterator[Sequence[str]]:
    for refusal in Refusal:
        yield f"{{file}}{refusal.template.removeprefix('{name}')}", refusal.why


def _iter_limit_rows() -> Iterator[Sequence[str]]:
    for setting in fields(Settings):
        if setting.name.startswith(_LIMIT_PREFIXES):
            yield f"`{setting.name}`", str(setting.default), str(SETTINGS[setting.name].metadata["help"])


def _iter_code_rows() -> Iterator[Sequence[str]]:
    for code, issue_type in sorted(CATALOGUE.items()):
        if issue_type.chapter is Chapter.FILES:
            yield f"[{code}](issues.md)", issue_type.title, issue_type.fix


def _iter_kind_rows() -> Iterator[Sequence[str]]:
    """Yield each kind of field: the cells it is read from, and every check that a cell must pass."""
    for kind in Kind:
        is_textual = kind in (Kind.TEXT, Kind.IDENTIFIER)
        field = Field(
            "",
            "",
            kind,
            help="",
            example="",
            required=True,
            max_length=1 if is_textual else None,
            pattern=Pattern("", "") if is_textual else None,
        )
        field_checks = [
            *chain.from_iterable(
                cell_facts.iter_fact_checks(suffix, field, DateNotation())
                for suffix in cell_facts.FACT_SUFFIXES
            ),
            *checks.iter_text_checks(field, allow_astral=False, date_notation=DateNotation()),
            *checks.iter_value_checks(field),
        ]
        held_titles = [
            words for cell, words in _CELL_TITLES.items() if cell in cell_facts.READABLE_CELL_KINDS[kind]
        ]
        yield (
            str(kind),
            ", ".join(held_titles),
            "; ".join(f"{CATALOGUE[check.code].title}" for check in field_checks),
        )


def _quote_names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _quote_declarations(declared: Iterable[str]) -> list[str]:
    return [f"`{declaration}`" if declaration else "nothing declared" for declaration in declared]


def _iter_number_rows() -> Iterator[Sequence[str]]:
    for text in _SAMPLE_NUMBERS:
        texts = [
            NumberNotation(mark).normalize(pa.array([text])).texts
            for mark in ("", *number_forms.DECIMAL_MARKS)
        ]
        number_texts = [str(texts_read[0].as_py()) for texts_read in texts]
        yield (
            f"`{text}`",
            *(number_text if _is_number(number_text) else _NO_READING for number_text in number_texts),
        )


def _is_number(text: str) -> bool:
    field = Field("", "", Kind.NUMBER, help="", example="")
    text_checks = checks.iter_text_checks(field, allow_astral=False, date_notation=DateNotation())
    return text != UNREADABLE_NUMBER and all(
        check.predicate(pa.array([text]))[0].as_py() for check in text_checks
    )


def _iter_date_rows() -> Iterator[Sequence[str]]:
    for text in _SAMPLE_DATES:
        days = [DateNotation(token).to_iso_dates(pa.array([text])) for token in _SAMPLE_FORMATS]
        yield (
            f"`{text}`",
            *(
                iso_dates[0].as_py() if is_real_date(iso_dates)[0].as_py() else _NO_READING
                for iso_dates in days
            ),
        )
