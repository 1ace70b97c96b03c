"""The parser of binary workbooks (.xlsb).

In: the package, past the gate.
Out: a `Grid` for each worksheet.
Never: believes a length without looking whether the part is that long, or runs what a formula says.

The format is [MS-XLSB]: a part is a chain of records, each a number, a length, and as many bytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, NamedTuple

from pipeline.read.files.limits import MAX_COLUMNS
from pipeline.read.formats import FormatInput
from pipeline.read.formats.cell_values import ErrorText, FormulaText, convert_number
from pipeline.read.formats.ooxml.package_parts import (
    WORKSHEET_RELATION,
    find_part,
    find_workbook_part,
    list_related_parts,
)
from pipeline.read.formats.parsed_sheet import MergedRange, ParsedSheet, SheetBuilder
from pipeline.read.grid import Grid
from pipeline.spreadsheet.number_formats import (
    PLAIN_FORMAT,
    NumberFormat,
    get_builtin_format,
    parse_number_format,
)
from pipeline.spreadsheet.serial_dates import EPOCH_1900, EPOCH_1904

# numbers of records, from here on
_ROW, _BLANK, _RK, _ERROR, _BOOLEAN, _REAL, _TEXT, _SHARED = range(8)
_FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_BOOLEAN, _FORMULA_ERROR = range(8, 12)
_SHARED_ITEM, _FORMAT, _STYLE, _COLUMN, _RICH = 19, 44, 47, 60, 62
_PROPERTIES, _SHEET, _CALCULATION, _FILTER, _MERGE, _STYLES, _STYLES_END = 153, 156, 157, 163, 176, 617, 618
_FORMULAS = range(_FORMULA_TEXT, _FORMULA_ERROR + 1)
_PENDING = 0x11
"""Of how a workbook is calculated: wholly when it is opened, or not done yet when it was saved."""
_ERRORS = {
    0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A",
    43: "#GETTING_DATA",
}  # fmt: skip
_U8, _U16, _U32, _I32, _F64 = (Struct(f"<{code}") for code in "BHIid")
_CELL, _ROWS, _RANGE = Struct("<II"), Struct("<IIHBB"), Struct("<IIII")


class _Workbook(NamedTuple):
    """What all sheets share: strings, formats of styles, the epoch; whether formulas await results."""

    texts: list[str]
    styles: list[NumberFormat]
    date_1904: bool
    is_pending: bool  # what formulas store are no results


class _SheetLink(NamedTuple):
    """A sheet's name, its part, and whether a person sees it."""

    name: str
    part: str
    is_hidden: bool


def is_xlsb(file: FormatInput) -> bool:
    """Return whether a package is a workbook whose parts are chains of records."""
    package = file.require_package()
    workbook = find_workbook_part(package)
    is_workbook = workbook.startswith("xl/") and workbook.lower().endswith(".bin")
    return is_workbook and "mimetype" not in package.NameToInfo


def read_xlsb_sheets(file: FormatInput) -> Iterator[Grid]:
    """Read the worksheets of a binary workbook."""
    package = file.require_package()
    workbook = find_part(package, "", "officeDocument") or "xl/workbook.bin"
    links, date_1904, is_pending = _read_sheet_links(package, workbook)
    shared = _Workbook(
        _read_shared_strings(package, workbook),
        _read_number_formats(package, workbook),
        date_1904,
        is_pending,
    )
    for link in links:
        yield _build_sheet(file, package.read(link.part), link, shared).to_grid()


def _iter_records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of each record."""
    offset, size = 0, len(data)
    while offset < size:
        kind = data[offset]  # one byte, or two of seven bits each
        offset += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (data[offset] & 0x7F) << 7
            offset += 1
        length = data[offset]  # one to four bytes of seven bits each, the lowest first
        offset += 1
        if length & 0x80:
            length, shift = length & 0x7F, 7
            while True:
                byte = data[offset]
                offset += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 or shift > 21:
                    break
        if offset + length > size:
            raise ValueError("a record is cut off")
        yield kind, offset, offset + length
        offset += length


def _decode_text(data: bytes, offset: int, end: int) -> str:
    """Decode a text: its length in units of two bytes, and those."""
    stop = offset + 4 + 2 * _U32.unpack_from(data, offset)[0]
    if stop > end:
        raise ValueError("a text is cut off")
    return data[offset + 4 : stop].decode("utf-16-le")


def _read_sheet_links(package: zipfile.ZipFile, workbook: str) -> tuple[list[_SheetLink], bool, bool]:
    """Return the worksheets in order, whether dates count from 1904, and whether formulas await results."""
    data, parts = package.read(workbook), list_related_parts(package, workbook, WORKSHEET_RELATION)
    links, date_1904, is_pending = [], False, False
    for kind, offset, end in _iter_records(data):
        if kind == _PROPERTIES:
            date_1904 = bool(data[offset] & 1)
        elif kind == _CALCULATION:
            is_pending = bool(_U16.unpack_from(data, end - 2)[0] & _PENDING)
        elif kind == _SHEET:
            relation = _decode_text(data, offset + 8, end)
            # an id is ASCII: as many characters as units of two bytes
            title = _decode_text(data, offset + 12 + 2 * len(relation), end)
            if relation in parts:
                links.append(_SheetLink(title, parts[relation], _U32.unpack_from(data, offset)[0] != 0))
    return links, date_1904, is_pending


def _read_shared_strings(package: zipfile.ZipFile, workbook: str) -> list[str]:
    part = find_part(package, workbook, "sharedStrings")
    data = package.read(part) if part else b""
    return [
        _decode_text(data, offset + 1, end)
        # one byte of flags comes before the text
        for kind, offset, end in _iter_records(data)
        if kind == _SHARED_ITEM
    ]


def _read_number_formats(package: zipfile.ZipFile, workbook: str) -> list[NumberFormat]:
    """Return the number format of each cell style."""
    part = find_part(package, workbook, "styles")
    data = package.read(part) if part else b""
    codes: dict[int, str] = {}
    styles, in_cell_styles = [], False
    for kind, offset, end in _iter_records(data):
        if kind == _FORMAT:
            codes[_U16.unpack_from(data, offset)[0]] = _decode_text(data, offset + 2, end)
        elif kind in (_STYLES, _STYLES_END):
            in_cell_styles = kind == _STYLES
        elif kind == _STYLE and in_cell_styles:
            number = _U16.unpack_from(data, offset + 2)[0]
            styles.append(parse_number_format(codes.get(number) or get_builtin_format(number)))
    return styles


def _decode_rk(data: bytes, offset: int) -> float:
    """Decode an RkNumber: 30 bits of an integer or of a float, perhaps in hundredths."""
    packed = _U32.unpack_from(data, offset)[0]
    if packed & 2:
        number: float = _I32.unpack_from(data, offset)[0] >> 2
    else:
        # the upper half of a float without the two flags; its lower half is zero
        (number,) = _F64.unpack(b"\0\0\0\0" + _U32.pack(packed & ~3))
    return number / 100 if packed & 1 else number


def _decode_error(data: bytes, offset: int) -> ErrorText:
    return ErrorText(_ERRORS.get(data[offset], "#ERROR!"))


_NUMBER_DECODERS: Mapping[int, Callable[[bytes, int], float]] = {
    _RK: _decode_rk,
    _REAL: lambda data, offset: _F64.unpack_from(data, offset)[0],
    _FORMULA_NUMBER: lambda data, offset: _F64.unpack_from(data, offset)[0],
}
_VALUE_DECODERS: Mapping[int, Callable[[bytes, int, int, list[str]], Any]] = {
    _SHARED: lambda data, offset, _, texts: texts[_U32.unpack_from(data, offset)[0]],
    _TEXT: lambda data, offset, end, _: _decode_text(data, offset, end),
    _RICH: lambda data, offset, end, _: _decode_text(data, offset + 1, end),
    _FORMULA_TEXT: lambda data, offset, end, _: _decode_text(data, offset, end),
    _BOOLEAN: lambda data, offset, _end, _: data[offset] != 0,
    _FORMULA_BOOLEAN: lambda data, offset, _end, _: data[offset] != 0,
    _ERROR: lambda data, offset, _end, _: _decode_error(data, offset),
    _FORMULA_ERROR: lambda data, offset, _end, _: _decode_error(data, offset),
}


@dataclass
class _SheetProperties:
    """What a sheet's records say of rows, columns and merged cells; positions count as in `ParsedSheet`."""

    rows: set[int] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merges: list[MergedRange] = field(default_factory=list)
    is_filtered: bool = False

    def start_row(self, data: bytes, offset: int) -> int:
        """Record a row, and return its position."""
        row: int
        row, _, height, _, flags = _ROWS.unpack_from(data, offset)
        self.rows.add(row + 1)
        if flags & 0x10 or not height:  # hidden by a person or a filter, or drawn without height
            self.hidden_rows.add(row + 1)
        return row

    def record_property(self, kind: int, data: bytes, offset: int) -> None:
        """Record what a record says of columns, merged cells or the filter; others say nothing here."""
        if kind == _COLUMN and data[offset + 16] & 1:
            first, last, _, _ = _RANGE.unpack_from(data, offset)
            # a forged last column would fill the memory
            self.hidden_columns.update(range(first, min(last, first + MAX_COLUMNS) + 1))
        elif kind == _MERGE:
            top, bottom, left, right = _RANGE.unpack_from(data, offset)
            self.merges.append((top + 1, bottom + 1, left, right))
        elif kind == _FILTER:
            self.is_filtered = True


def _build_sheet(file: FormatInput, data: bytes, link: _SheetLink, shared: _Workbook) -> ParsedSheet:
    """Build one sheet; its rows and cells come in order."""
    builder, properties = SheetBuilder(file.name, file.limits), _SheetProperties()
    row, epoch = -1, EPOCH_1904 if shared.date_1904 else EPOCH_1900
    for kind, offset, end in _iter_records(data):
        if shared.is_pending and kind in _FORMULAS:
            # the formula itself is in tokens, which nobody needs to read
            builder.add_cell(row, _U32.unpack_from(data, offset)[0], FormulaText("="))
        elif kind in _NUMBER_DECODERS:
            column, style = _CELL.unpack_from(data, offset)
            # the highest byte of the style holds flags
            number_format = shared.styles[style & 0xFFFFFF] if shared.styles else PLAIN_FORMAT
            number = _NUMBER_DECODERS[kind](data, offset + 8)
            builder.add_cell(row, column, *convert_number(number, number_format, epoch))
        elif kind in _VALUE_DECODERS:
            value = _VALUE_DECODERS[kind](data, offset + 8, end, shared.texts)
            builder.add_cell(row, _U32.unpack_from(data, offset)[0], value)
        elif kind == _ROW:
            row = properties.start_row(data, offset)
        else:
            properties.record_property(kind, data, offset)
    parsed = builder.finish(link.name, link.part, properties.rows)
    parsed.is_hidden, parsed.is_filtered = link.is_hidden, properties.is_filtered
    parsed.hidden_rows, parsed.hidden_columns = properties.hidden_rows, properties.hidden_columns
    parsed.merges = properties.merges
    parsed.notes = "xlsb workbook" + (", dates from 1904" if shared.date_1904 else "")
    return parsed


__all__ = ["is_xlsb", "read_xlsb_sheets"]
