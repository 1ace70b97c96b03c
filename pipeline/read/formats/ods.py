"""The parser of OpenDocument spreadsheets (.ods).

In: the package, past the gate.
Out: a `Grid` for each table.
Never: follows a link, expands an entity, or lets a repeated cell fill the memory.

The format is OpenDocument 1.3, part 3; `content.xml` is read as a stream.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from xml.parsers import expat

from pipeline.read.files.limits import ReadLimits
from pipeline.read.files.refusals import Refusal
from pipeline.read.formats import FormatInput
from pipeline.read.formats.cell_values import ErrorText, FormulaText, parse_stored_number
from pipeline.read.formats.parsed_sheet import ParsedSheet, SheetBuilder
from pipeline.read.grid import Grid
from pipeline.spreadsheet.number_formats import PLAIN_FORMAT, NumberFormat

_MIME = b"application/vnd.oasis.opendocument.spreadsheet"
_NAMESPACE_PREFIXES = {
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": "office",
    "urn:oasis:names:tc:opendocument:xmlns:table:1.0": "table",
    "urn:oasis:names:tc:opendocument:xmlns:text:1.0": "text",
    "urn:oasis:names:tc:opendocument:xmlns:style:1.0": "style",
    "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0": "number",
    "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0": "calcext",
}
_ERROR = re.compile(r"#[A-Z0-9/_]+[!?]?|Err:\d{3}")
_DURATION = re.compile(r"(-?)P(?:(\d+)D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?")
_BLANK_ELEMENTS = {"text:tab": "\t", "text:line-break": "\n"}
_HIDDEN_VISIBILITIES = {"collapse", "filter"}
_CELL_ELEMENTS = {"table:table-cell", "table:covered-table-cell"}
_IGNORED_ELEMENTS = {"office:annotation", "table:shapes", "office:forms", "table:dde-links", "text:ruby-text"}
_DATA_STYLES = {"number:number-style", "number:currency-style", "number:percentage-style"}
# how far a count of the file is believed, in blanks of a text and in columns without cells
_MAX_FILLER = 1 << 14


def is_open_document(file: FormatInput) -> bool:
    """Return whether a package is an OpenDocument file of any kind."""
    return "mimetype" in file.require_package().NameToInfo


def read_ods_sheets(file: FormatInput) -> Iterator[Grid]:
    """Read the tables of a spreadsheet.

    Raises:
        SourceError: it is encrypted, or an OpenDocument file that is no spreadsheet.
    """
    package = file.require_package()
    parts = package.NameToInfo
    # no prefix: the file chooses it
    if "META-INF/manifest.xml" in parts and b":encryption-data" in package.read("META-INF/manifest.xml"):
        raise Refusal.PROTECTED(file.name)
    if package.read("mimetype").strip() not in (_MIME, _MIME + b"-template"):
        raise Refusal.UNSUPPORTED_ODF(file.name)
    styles = _Styles()
    if "styles.xml" in parts:
        _parse_part(package, "styles.xml", styles)
    content = _Content(file.name, file.limits, styles)
    _parse_part(package, "content.xml", content)
    for sheet in content.sheets:
        yield sheet.to_grid()


class _PartHandler:
    """Follows the elements of a part; a tag is a fixed prefix and a local name, whatever the file uses."""

    def start_element(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Handle the start of an element."""

    def finish_element(self, tag: str) -> None:
        """Handle the end of an element."""

    def add_text(self, content: str) -> None:
        """Handle the characters between tags."""


def _parse_part(package: zipfile.ZipFile, part: str, handler: _PartHandler) -> None:
    """Feed a part to a handler; an entity passes neither the gate nor this."""
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True  # one call per run of characters instead of one per line and entity
    short_names: dict[str, str] = {}

    def shorten(name: str) -> str:
        if name not in short_names:
            namespace, _, local_name = name.rpartition("}")
            # a namespace that is not listed is called by the last word but one of its URN, like `drawing`
            unlisted = namespace.rpartition(":")[0].rpartition(":")[2]
            short_names[name] = f"{_NAMESPACE_PREFIXES.get(namespace, unlisted)}:{local_name}"
        return short_names[name]

    def start_element(name: str, attributes: Mapping[str, str]) -> None:
        handler.start_element(shorten(name), {shorten(key): value for key, value in attributes.items()})

    def refuse_doctype(*_: object) -> None:
        raise ValueError("it declares a document type")

    parser.StartElementHandler = start_element
    parser.EndElementHandler = lambda name: handler.finish_element(shorten(name))
    parser.CharacterDataHandler = handler.add_text
    parser.StartDoctypeDeclHandler = refuse_doctype
    with package.open(part) as stream:
        parser.ParseFile(stream)


class _Styles(_PartHandler):
    """Collects the formats of cell styles, and the styles of hidden tables."""

    def __init__(self) -> None:
        self.number_formats: dict[str, NumberFormat] = {}
        self.hidden_styles: set[str] = set()
        self._data_formats: dict[str, NumberFormat] = {}
        self._style_name = ""
        self._data_style = ""

    def start_element(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Collect styles; those of numbers come before the cell styles that name them."""
        name = attributes.get("style:name", "")
        if tag in _DATA_STYLES:
            self._data_style = name
        elif tag == "number:number" and self._data_style:
            decimals = attributes.get("number:decimal-places")
            self._data_formats[self._data_style] = NumberFormat(
                decimals=int(decimals) if decimals else None,
                zeros=int(attributes.get("number:min-integer-digits", "1")),
            )
        elif tag == "style:style":
            self._style_name = name
            if attributes.get("style:family") == "table-cell":
                self._add_cell_style(name, attributes)
        elif tag == "style:table-properties" and attributes.get("table:display") == "false":
            self.hidden_styles.add(self._style_name)

    def _add_cell_style(self, name: str, attributes: Mapping[str, str]) -> None:
        """Record the number format of a cell style: its own, or its parent's."""
        own_format = self._data_formats.get(attributes.get("style:data-style-name", ""))
        parent_format = self.number_formats.get(attributes.get("style:parent-style-name", ""))
        number_format = own_format or parent_format
        if number_format:
            self.number_formats[name] = number_format

    def finish_element(self, tag: str) -> None:
        """Finish a style of numbers."""
        if tag in _DATA_STYLES:
            self._data_style = ""


@dataclass(kw_only=True)
class _Table:
    """A table while its rows are read."""

    name: str
    is_hidden: bool
    builder: SheetBuilder
    row: int = 0
    column: int = 0
    column_count: int = 0
    repeated: int = 1
    filled: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    column_formats: dict[int, NumberFormat] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    is_filtered: bool = False
    row_cells: list[tuple[int, Any, NumberFormat | None]] = field(default_factory=list)
    hidden_spans: list[tuple[int, int]] = field(default_factory=list)


class _Content(_PartHandler):
    """Follows tables, rows, cells and their paragraphs."""

    def __init__(self, name: str, limits: ReadLimits, styles: _Styles) -> None:
        self.sheets: list[ParsedSheet] = []
        self._name, self._limits, self._styles = name, limits, styles
        self._table: _Table | None = None
        self._cell: Mapping[str, str] | None = None
        self._paragraphs: list[list[str]] = []
        self._paragraph_depth = self._ignored_depth = 0
        self._visible = True

    def start_element(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Start what an element is; tables within shapes, and notes at cells, are no cells."""
        is_nested = tag.startswith("drawing:") or (tag == "table:table" and self._table)
        if self._ignored_depth or tag in _IGNORED_ELEMENTS or is_nested:
            self._ignored_depth += 1
        elif self._cell is not None:
            self._start_in_cell(tag, attributes)
        elif self._table is None or not self._start_in_table(self._table, tag, attributes):
            if tag == "table:table":
                self._start_table(attributes)
            else:
                # content.xml has styles of its own before its tables
                self._styles.start_element(tag, attributes)

    def _start_in_table(self, table: _Table, tag: str, attributes: Mapping[str, str]) -> bool:
        """Start a cell, row or column; return whether the element is one."""
        if tag in _CELL_ELEMENTS:
            self._cell, self._paragraphs = attributes, []
        elif tag == "table:table-row":
            self._start_row(table, attributes)
        elif tag == "table:table-column":
            self._start_column(table, attributes)
        else:
            return False
        return True

    def _start_in_cell(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in {"text:p", "text:h"}:
            self._paragraphs.append([])
            self._paragraph_depth += 1
        elif self._paragraph_depth and tag == "text:s":
            self._paragraphs[-1].append(" " * min(int(attributes.get("text:c", "1")), _MAX_FILLER))
        elif self._paragraph_depth and tag in _BLANK_ELEMENTS:
            self._paragraphs[-1].append(_BLANK_ELEMENTS[tag])

    def add_text(self, content: str) -> None:
        """Add text to the paragraph of a cell; other text is not displayed."""
        if self._paragraph_depth and not self._ignored_depth:
            self._paragraphs[-1].append(content)

    def finish_element(self, tag: str) -> None:
        """Place a cell or a row at its end."""
        if self._ignored_depth:
            self._ignored_depth -= 1
        elif self._cell is not None:
            if tag in {"text:p", "text:h"}:
                self._paragraph_depth -= 1
            elif tag in _CELL_ELEMENTS and self._table:
                self._place_cell(self._table, self._cell)
                self._cell = None
        elif tag == "table:table-row" and self._table:
            self._finish_row(self._table)
        elif tag == "table:table" and self._table:
            self._finish_table(self._table)
            self._table = None
        else:
            self._styles.finish_element(tag)

    def _start_table(self, attributes: Mapping[str, str]) -> None:
        if len(self.sheets) >= self._limits.members:
            raise Refusal.TOO_MANY_SHEETS(self._name, most=self._limits.members)
        hidden = attributes.get("table:style-name", "") in self._styles.hidden_styles
        name = attributes.get("table:name", "")
        self._table = _Table(name=name, is_hidden=hidden, builder=SheetBuilder(self._name, self._limits))

    def _start_column(self, table: _Table, attributes: Mapping[str, str]) -> None:
        count = _get_count(attributes, "table:number-columns-repeated")
        # the last columns are repeated to the end of the sheet
        span = range(table.column_count, table.column_count + min(count, _MAX_FILLER))
        if attributes.get("table:visibility") in _HIDDEN_VISIBILITIES:
            table.hidden_columns.update(span)
        if number_format := self._styles.number_formats.get(
            attributes.get("table:default-cell-style-name", "")
        ):
            table.column_formats.update(dict.fromkeys(span, number_format))
        table.column_count += count

    def _start_row(self, table: _Table, attributes: Mapping[str, str]) -> None:
        table.column, table.row_cells = 0, []
        table.repeated = _get_count(attributes, "table:number-rows-repeated")
        visibility = attributes.get("table:visibility", "")
        if visibility in _HIDDEN_VISIBILITIES:
            table.hidden_spans.append((table.row, table.repeated))
        table.is_filtered |= visibility == "filter"

    def _place_cell(self, table: _Table, cell: Mapping[str, str]) -> None:
        """Add the cell to its row, as often as it is repeated."""
        count = _get_count(cell, "table:number-columns-repeated")
        value = _convert_value(cell, "\n".join("".join(paragraph) for paragraph in self._paragraphs))
        # empty cells are repeated to the end of the sheet and take no room
        if value is not None and value != "":
            number_format = self._styles.number_formats.get(cell.get("table:style-name", ""))
            is_percent = cell.get("office:value-type") == "percentage"
            table.builder.require_room(table.row + table.repeated - 1, table.column + count - 1)
            for column in range(table.column, table.column + count):
                cell_format = _apply_percent(
                    number_format or table.column_formats.get(column) or PLAIN_FORMAT, is_percent
                )
                table.row_cells.append((column, value, None if cell_format is PLAIN_FORMAT else cell_format))
        spanned_rows, spanned_columns = (
            _get_count(cell, "table:number-rows-spanned"),
            _get_count(cell, "table:number-columns-spanned"),
        )
        if spanned_rows > 1 or spanned_columns > 1:
            table.merges.append(
                (table.row + 1, table.row + spanned_rows, table.column, table.column + spanned_columns - 1)
            )
        table.column += count

    @staticmethod
    def _finish_row(table: _Table) -> None:
        if table.row_cells:
            for row in range(table.row, table.row + table.repeated):
                for column, value, number_format in table.row_cells:
                    table.builder.add_cell(row, column, value, number_format)
        table.row += table.repeated

    def _finish_table(self, table: _Table) -> None:
        parsed = table.builder.finish(table.name, f"content.xml/{len(self.sheets) + 1}")
        height = parsed.height
        parsed.is_hidden, parsed.is_filtered, parsed.merges = table.is_hidden, table.is_filtered, table.merges
        parsed.hidden_columns = table.hidden_columns
        # kept as spans up to here: the last may reach to the end of the sheet, far beyond the last cell
        for first, count in table.hidden_spans:
            parsed.hidden_rows.update(range(first + 1, min(first + count, height) + 1))
        parsed.notes = "ods workbook"
        self.sheets.append(parsed)


def _get_count(attributes: Mapping[str, str], name: str) -> int:
    return max(int(attributes.get(name, "1")), 1)


def _apply_percent(number_format: NumberFormat, is_percent: bool) -> NumberFormat:
    return (
        NumberFormat(decimals=number_format.decimals, zeros=number_format.zeros, shift=2)
        if is_percent
        else number_format
    )


def _convert_value(cell: Mapping[str, str], displayed: str) -> Any:
    """Return what a cell holds; None or "" for nothing."""
    formula = cell.get("table:formula")
    # LibreOffice marks an error in a namespace of its own; of other programs only the text tells
    if cell.get("calcext:value-type") == "error" or (formula and _ERROR.fullmatch(displayed)):
        return ErrorText(displayed or "#ERROR!")
    convert = _CONVERTERS.get(cell.get("office:value-type", ""))
    if convert is not None:
        return convert(cell, displayed)
    if formula and not displayed:
        # a formula begins with its language, like `of:=`
        return FormulaText(f"={formula.partition(':=')[2] or formula}")
    return displayed


def _parse_date(text: str) -> date | datetime | str:
    """Parse a day, or a day with a time; what is neither stays a text."""
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return text


def _parse_duration(text: str) -> timedelta | str:
    match = _DURATION.fullmatch(text)
    if not match:
        return text
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups()[1:5])
    duration = timedelta(days, seconds, 0, 0, minutes, hours) + timedelta(seconds=_round_fraction(match[6]))
    return -duration if match[1] else duration


def _round_fraction(digits: str | None) -> int:
    """Round the decimals of a second to 0 or 1: times are displayed to the second."""
    return int(bool(digits) and (digits or "0")[0] >= "5")


_CONVERTERS: Mapping[str, Callable[[Mapping[str, str], str], Any]] = {
    **dict.fromkeys(
        ("float", "percentage", "currency"), lambda cell, _: parse_stored_number(cell["office:value"])
    ),
    "date": lambda cell, _: _parse_date(cell["office:date-value"]),
    "time": lambda cell, _: _parse_duration(cell["office:time-value"]),
    "boolean": lambda cell, _: cell["office:boolean-value"] == "true",
    "string": lambda cell, displayed: displayed or cell.get("office:string-value", ""),
}
"""How a cell's value is taken from its attributes and the text it displays, by `office:value-type`."""

__all__ = ["is_open_document", "read_ods_sheets"]
