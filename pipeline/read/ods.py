"""Stage 1, in the child: an OpenDocument spreadsheet (.ods) -> sheets.

In: the package, past the gate.
Out: a `Taken` for each table.
Never: follows a link, expands an entity, or lets a repeated cell fill the memory.

The format is OpenDocument 1.3, part 3; `content.xml` is read as a stream.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from xml.parsers import expat

from pipeline.read import refuse
from pipeline.read.cells import ErrorText, FormulaText, number_in
from pipeline.read.limits import ReadLimits
from pipeline.read.number_format import PLAIN, NumberFormat
from pipeline.read.taken import Builder, Taken

MIME = b"application/vnd.oasis.opendocument.spreadsheet"
_SPACES = {
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": "office",
    "urn:oasis:names:tc:opendocument:xmlns:table:1.0": "table",
    "urn:oasis:names:tc:opendocument:xmlns:text:1.0": "text",
    "urn:oasis:names:tc:opendocument:xmlns:style:1.0": "style",
    "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0": "number",
    "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0": "calcext",
}
_ERROR = re.compile(r"#[A-Z0-9/_]+[!?]?|Err:\d{3}")
_DURATION = re.compile(r"(-?)P(?:(\d+)D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?")
_BLANKS = {"text:tab": "\t", "text:line-break": "\n"}
_HIDDEN = {"collapse", "filter"}
_CELLS = {"table:table-cell", "table:covered-table-cell"}
_ASIDE = {"office:annotation", "table:shapes", "office:forms", "table:dde-links", "text:ruby-text"}
_DATA_STYLES = {"number:number-style", "number:currency-style", "number:percentage-style"}
_FILLER = 1 << 14


def sheets(name: str, package: zipfile.ZipFile, limits: ReadLimits) -> Iterator[Taken]:
    """The tables of a spreadsheet."""
    names = package.NameToInfo
    if "META-INF/manifest.xml" in names and b":encryption-data" in package.read("META-INF/manifest.xml"):
        raise refuse.PROTECTED(name)
    if package.read("mimetype").strip() not in (MIME, MIME + b"-template"):
        raise refuse.UNSUPPORTED_ODF(name)
    styles = _Styles()
    if "styles.xml" in names:
        _parse(package, "styles.xml", styles)
    content = _Content(name, limits, styles)
    _parse(package, "content.xml", content)
    yield from content.found


class _Handler:
    """Follows the elements of a part; names are prefix and local name, whatever prefix the file uses."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def text(self, content: str) -> None:
        """Characters between."""


def _parse(package: zipfile.ZipFile, part: str, handler: _Handler) -> None:
    """Feed a part to a handler; an entity cannot come past the gate, nor past this."""
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    known: dict[str, str] = {}

    def short(name: str) -> str:
        if name not in known:
            space, _, local = name.rpartition("}")
            known[name] = f"{_SPACES.get(space, space.rpartition(':')[0].rpartition(':')[2])}:{local}"
        return known[name]

    def start(name: str, attributes: Mapping[str, str]) -> None:
        handler.start(short(name), {short(key): value for key, value in attributes.items()})

    def refuse(*_: object) -> None:
        raise ValueError("it declares a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: handler.end(short(name))
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = refuse
    with package.open(part) as stream:
        parser.ParseFile(stream)


class _Styles(_Handler):
    """Which formats the cell styles have, and which tables and columns are not shown."""

    def __init__(self) -> None:
        self.forms: dict[str, NumberFormat] = {}
        self.unseen: set[str] = set()
        self._data: dict[str, NumberFormat] = {}
        self._style = ""
        self._own = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Styles of numbers stand before the cell styles that name them."""
        name = attributes.get("style:name", "")
        if tag in _DATA_STYLES:
            self._own = name
        elif tag == "number:number" and self._own:
            decimals = attributes.get("number:decimal-places")
            self._data[self._own] = NumberFormat(
                decimals=int(decimals) if decimals else None,
                zeros=int(attributes.get("number:min-integer-digits", "1")),
            )
        elif tag == "style:style":
            self._style = name
            form = self._data.get(attributes.get("style:data-style-name", ""))
            form = form or self.forms.get(attributes.get("style:parent-style-name", ""))
            if form and attributes.get("style:family") == "table-cell":
                self.forms[name] = form
        elif tag == "style:table-properties" and attributes.get("table:display") == "false":
            self.unseen.add(self._style)

    def end(self, tag: str) -> None:
        """A style of numbers is over."""
        if tag in _DATA_STYLES:
            self._own = ""


@dataclass
class _Table:
    """A table while its rows pass."""

    name: str
    hidden: bool
    builder: Builder
    row: int = 0
    column: int = 0
    columns: int = 0
    repeated: int = 1
    filled: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    forms: dict[int, NumberFormat] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    filtered: bool = False
    row_cells: list[tuple[int, Any, NumberFormat | None]] = field(default_factory=list)
    unseen_rows: list[tuple[int, int]] = field(default_factory=list)


class _Content(_Handler):
    """Follows tables, rows, cells and their paragraphs."""

    def __init__(self, name: str, limits: ReadLimits, styles: _Styles) -> None:
        self.found: list[Taken] = []
        self._name, self._limits, self._styles = name, limits, styles
        self._table: _Table | None = None
        self._cell: Mapping[str, str] | None = None
        self._paragraphs: list[list[str]] = []
        self._in_text = self._aside = 0
        self._visible = True

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Tables within shapes, and notes at cells, are no cells."""
        within = tag.startswith("drawing:") or (tag == "table:table" and self._table)
        if self._aside or tag in _ASIDE or within:
            self._aside += 1
        elif self._cell is not None:
            self._inside_cell(tag, attributes)
        elif tag in _CELLS and self._table:
            self._cell, self._paragraphs = attributes, []
        elif tag == "table:table-row" and self._table:
            self._row(self._table, attributes)
        elif tag == "table:table-column" and self._table:
            self._column(self._table, attributes)
        elif tag == "table:table":
            self._begin(attributes)
        else:
            self._styles.start(tag, attributes)

    def _inside_cell(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in {"text:p", "text:h"}:
            self._paragraphs.append([])
            self._in_text += 1
        elif self._in_text and tag == "text:s":
            self._paragraphs[-1].append(" " * min(int(attributes.get("text:c", "1")), _FILLER))
        elif self._in_text and tag in _BLANKS:
            self._paragraphs[-1].append(_BLANKS[tag])

    def text(self, content: str) -> None:
        """Only what stands in a paragraph of a cell is shown."""
        if self._in_text and not self._aside:
            self._paragraphs[-1].append(content)

    def end(self, tag: str) -> None:
        """A cell is placed when it ends, a row when it ends."""
        if self._aside:
            self._aside -= 1
        elif self._cell is not None:
            if tag in {"text:p", "text:h"}:
                self._in_text -= 1
            elif tag in _CELLS and self._table:
                self._place(self._table, self._cell)
                self._cell = None
        elif tag == "table:table-row" and self._table:
            self._end_row(self._table)
        elif tag == "table:table" and self._table:
            self._finish(self._table)
            self._table = None
        else:
            self._styles.end(tag)

    def _begin(self, attributes: Mapping[str, str]) -> None:
        if len(self.found) >= self._limits.members:
            raise refuse.TOO_MANY_SHEETS(self._name, most=self._limits.members)
        hidden = attributes.get("table:style-name", "") in self._styles.unseen
        name = attributes.get("table:name", "")
        self._table = _Table(name, hidden, Builder(self._name, self._limits))

    def _column(self, table: _Table, attributes: Mapping[str, str]) -> None:
        count = _count(attributes, "table:number-columns-repeated")
        span = range(table.columns, table.columns + min(count, _FILLER))
        if attributes.get("table:visibility") in _HIDDEN:
            table.hidden_columns.update(span)
        if form := self._styles.forms.get(attributes.get("table:default-cell-style-name", "")):
            table.forms.update(dict.fromkeys(span, form))
        table.columns += count

    def _row(self, table: _Table, attributes: Mapping[str, str]) -> None:
        table.column, table.row_cells = 0, []
        table.repeated = _count(attributes, "table:number-rows-repeated")
        visibility = attributes.get("table:visibility", "")
        if visibility in _HIDDEN:
            table.unseen_rows.append((table.row, table.repeated))
        table.filtered |= visibility == "filter"

    def _place(self, table: _Table, cell: Mapping[str, str]) -> None:
        """Keep the cell for its row, as often as it is repeated."""
        count = _count(cell, "table:number-columns-repeated")
        value = _value(cell, "\n".join("".join(each) for each in self._paragraphs))
        if value is not None and value != "":
            form = self._styles.forms.get(cell.get("table:style-name", ""))
            percent = cell.get("office:value-type") == "percentage"
            table.builder.reach(table.row + table.repeated - 1, table.column + count - 1)
            for column in range(table.column, table.column + count):
                own = _percent(form or table.forms.get(column) or PLAIN, percent)
                table.row_cells.append((column, value, None if own is PLAIN else own))
        down, right = _count(cell, "table:number-rows-spanned"), _count(cell, "table:number-columns-spanned")
        if down > 1 or right > 1:
            table.merges.append((table.row + 1, table.row + down, table.column, table.column + right - 1))
        table.column += count

    @staticmethod
    def _end_row(table: _Table) -> None:
        if table.row_cells:
            for row in range(table.row, table.row + table.repeated):
                for column, value, form in table.row_cells:
                    table.builder.put(row, column, value, form)
        table.row += table.repeated

    def _finish(self, table: _Table) -> None:
        taken = table.builder.finish(table.name, f"content.xml/{len(self.found) + 1}")
        height = taken.height
        taken.hidden, taken.filtered, taken.merges = table.hidden, table.filtered, table.merges
        taken.hidden_columns = table.hidden_columns
        taken.hidden_rows = {
            row + 1 for first, count in table.unseen_rows for row in range(first, min(first + count, height))
        }
        taken.notes = "ods workbook"
        self.found.append(taken)


def _count(attributes: Mapping[str, str], name: str) -> int:
    return max(int(attributes.get(name, "1")), 1)


def _percent(form: NumberFormat, percent: bool) -> NumberFormat:
    return NumberFormat(decimals=form.decimals, zeros=form.zeros, shift=2) if percent else form


def _value(cell: Mapping[str, str], shown: str) -> Any:
    """What a cell holds; None for nothing."""
    kind, formula = cell.get("office:value-type", ""), cell.get("table:formula")
    if cell.get("calcext:value-type") == "error" or (formula and _ERROR.fullmatch(shown)):
        return ErrorText(shown or "#ERROR!")
    match kind:
        case "float" | "percentage" | "currency":
            return number_in(cell["office:value"])
        case "date":
            return _date(cell["office:date-value"])
        case "time":
            return _time(cell["office:time-value"])
        case "boolean":
            return cell["office:boolean-value"] == "true"
        case "string":
            return shown or cell.get("office:string-value", "")
        case _:
            return (
                FormulaText(f"={formula.partition(':=')[2] or formula}") if formula and not shown else shown
            )


def _date(text: str) -> date | datetime | str:
    """A day, or a day with a time; what is none of them stays a text."""
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return text


def _time(text: str) -> timedelta | str:
    found = _DURATION.fullmatch(text)
    if not found:
        return text
    days, hours, minutes, seconds = (int(each or 0) for each in found.groups()[1:5])
    span = timedelta(days, seconds, 0, 0, minutes, hours) + timedelta(seconds=_fraction(found[6]))
    return -span if found[1] else span


def _fraction(digits: str | None) -> int:
    """Parts of a second, rounded to the second as times are shown."""
    return int(bool(digits) and (digits or "0")[0] >= "5")


__all__ = ["MIME", "sheets"]
