"""Stage 1, in the child: a binary workbook (.xlsb) -> sheets.

In: the package, past the gate.
Out: a `Taken` for each worksheet.
Never: believes a length without looking whether the part is that long, or runs what a formula says.

The format is [MS-XLSB]: a part is a chain of records, each a number, a length, and as many bytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from struct import Struct
from typing import Any, NamedTuple

from pipeline.read.cells import EPOCH, EPOCH_1904, ErrorText, FormulaText, moment
from pipeline.read.limits import ReadLimits
from pipeline.read.number_format import PLAIN, NumberFormat, built_in, number_format
from pipeline.read.package import WORKSHEET, part_of, targets
from pipeline.read.taken import Builder, Taken

_ROW, _BLANK, _RK, _ERROR, _BOOLEAN, _REAL, _TEXT, _SHARED = range(8)
_FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_BOOLEAN, _FORMULA_ERROR = range(8, 12)
_SHARED_ITEM, _FORMAT, _STYLE, _COLUMN, _RICH = 19, 44, 47, 60, 62
_PROPERTIES, _SHEET, _CALCULATION, _FILTER, _MERGE, _STYLES, _STYLES_END = 153, 156, 157, 163, 176, 617, 618
_FORMULAS = range(_FORMULA_TEXT, _FORMULA_ERROR + 1)
_PENDING = 0x11
"""Of how a workbook is calculated: wholly when it is opened, or not done yet when it was saved."""
_ERRORS = {
    0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A", 43: "#GETTING_DATA",
}  # fmt: skip
_U8, _U16, _U32, _I32, _F64 = (Struct(f"<{code}") for code in "BHIid")
_CELL, _ROWS, _RANGE = Struct("<II"), Struct("<IIHBB"), Struct("<IIII")


class _Book(NamedTuple):
    """What the cells of all sheets refer to."""

    texts: list[str]
    styles: list[NumberFormat]
    date_1904: bool
    pending: bool  # what formulas store are no results


class _SheetLink(NamedTuple):
    """A sheet's name, its part, and whether a person sees it."""

    name: str
    part: str
    hidden: bool


def sheets(name: str, package: zipfile.ZipFile, limits: ReadLimits) -> Iterator[Taken]:
    """The worksheets of a binary workbook."""
    workbook = part_of(package, "", "officeDocument") or "xl/workbook.bin"
    links, date_1904, pending = _links(package, workbook)
    book = _Book(_texts(package, workbook), _styles(package, workbook), date_1904, pending)
    for link in links:
        yield _sheet(name, package.read(link.part), link, book, limits)


def _records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each record."""
    at, size = 0, len(data)
    while at < size:
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (data[at] & 0x7F) << 7
            at += 1
        length = data[at]
        at += 1
        if length & 0x80:
            length, shift = length & 0x7F, 7
            while True:
                byte = data[at]
                at += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 or shift > 21:
                    break
        if at + length > size:
            raise ValueError("a record is cut off")
        yield kind, at, at + length
        at += length


def _text(data: bytes, at: int, end: int) -> str:
    """A text: its length in units of two bytes, and those."""
    stop = at + 4 + 2 * _U32.unpack_from(data, at)[0]
    if stop > end:
        raise ValueError("a text is cut off")
    return data[at + 4 : stop].decode("utf-16-le")


def _links(package: zipfile.ZipFile, workbook: str) -> tuple[list[_SheetLink], bool, bool]:
    """The worksheets in their order; whether dates count from 1904; whether formulas wait for their results."""
    data, parts = package.read(workbook), targets(package, workbook, WORKSHEET)
    links, date_1904, pending = [], False, False
    for kind, at, end in _records(data):
        if kind == _PROPERTIES:
            date_1904 = bool(data[at] & 1)
        elif kind == _CALCULATION:
            pending = bool(_U16.unpack_from(data, end - 2)[0] & _PENDING)
        elif kind == _SHEET:
            relation = _text(data, at + 8, end)
            title = _text(data, at + 12 + 2 * len(relation), end)
            if relation in parts:
                links.append(_SheetLink(title, parts[relation], _U32.unpack_from(data, at)[0] != 0))
    return links, date_1904, pending


def _texts(package: zipfile.ZipFile, workbook: str) -> list[str]:
    part = part_of(package, workbook, "sharedStrings")
    data = package.read(part) if part else b""
    return [_text(data, at + 1, end) for kind, at, end in _records(data) if kind == _SHARED_ITEM]


def _styles(package: zipfile.ZipFile, workbook: str) -> list[NumberFormat]:
    """What the number format of each cell style does."""
    part = part_of(package, workbook, "styles")
    data = package.read(part) if part else b""
    codes: dict[int, str] = {}
    styles, inside = [], False
    for kind, at, end in _records(data):
        if kind == _FORMAT:
            codes[_U16.unpack_from(data, at)[0]] = _text(data, at + 2, end)
        elif kind in (_STYLES, _STYLES_END):
            inside = kind == _STYLES
        elif kind == _STYLE and inside:
            number = _U16.unpack_from(data, at + 2)[0]
            styles.append(number_format(codes.get(number) or built_in(number)))
    return styles


def _rk(data: bytes, at: int) -> float:
    """A number in four bytes: 30 bits of a whole or a broken number, perhaps in hundredths."""
    packed = _U32.unpack_from(data, at)[0]
    if packed & 2:
        number: float = _I32.unpack_from(data, at)[0] >> 2
    else:
        (number,) = _F64.unpack(b"\0\0\0\0" + _U32.pack(packed & ~3))
    return number / 100 if packed & 1 else number


def _error(data: bytes, at: int) -> ErrorText:
    return ErrorText(_ERRORS.get(data[at], "#ERROR!"))


_NUMBERS: Mapping[int, Callable[[bytes, int], float]] = {
    _RK: _rk,
    _REAL: lambda data, at: _F64.unpack_from(data, at)[0],
    _FORMULA_NUMBER: lambda data, at: _F64.unpack_from(data, at)[0],
}
_OTHERS: Mapping[int, Callable[[bytes, int, int, list[str]], Any]] = {
    _SHARED: lambda data, at, _, texts: texts[_U32.unpack_from(data, at)[0]],
    _TEXT: lambda data, at, end, _: _text(data, at, end),
    _RICH: lambda data, at, end, _: _text(data, at + 1, end),
    _FORMULA_TEXT: lambda data, at, end, _: _text(data, at, end),
    _BOOLEAN: lambda data, at, _end, _: data[at] != 0,
    _FORMULA_BOOLEAN: lambda data, at, _end, _: data[at] != 0,
    _ERROR: lambda data, at, _end, _: _error(data, at),
    _FORMULA_ERROR: lambda data, at, _end, _: _error(data, at),
}


def _sheet(name: str, data: bytes, link: _SheetLink, book: _Book, limits: ReadLimits) -> Taken:
    """One sheet; rows and cells come in order."""
    builder, rows = Builder(name, limits), set[int]()
    hidden_rows, hidden_columns, merges = set[int](), set[int](), []
    row, filtered, epoch = -1, False, EPOCH_1904 if book.date_1904 else EPOCH
    for kind, at, end in _records(data):
        if book.pending and kind in _FORMULAS:
            builder.put(row, _U32.unpack_from(data, at)[0], FormulaText("="))
        elif kind in _NUMBERS:
            column, style = _CELL.unpack_from(data, at)
            form = book.styles[style & 0xFFFFFF] if book.styles else PLAIN
            number = _NUMBERS[kind](data, at + 8)
            if form.date or form.elapsed:
                builder.put(row, column, moment(number, form, epoch))
            else:
                builder.put(row, column, number, None if form is PLAIN else form)
        elif kind in _OTHERS:
            builder.put(row, _U32.unpack_from(data, at)[0], _OTHERS[kind](data, at + 8, end, book.texts))
        elif kind == _ROW:
            row, _, height, _, flags = _ROWS.unpack_from(data, at)
            rows.add(row + 1)
            if flags & 0x10 or not height:
                hidden_rows.add(row + 1)
        elif kind == _COLUMN and data[at + 16] & 1:
            first, last, _, _ = _RANGE.unpack_from(data, at)
            hidden_columns.update(range(first, min(last, first + 0x4000) + 1))
        elif kind == _MERGE:
            top, bottom, left, right = _RANGE.unpack_from(data, at)
            merges.append((top + 1, bottom + 1, left, right))
        elif kind == _FILTER:
            filtered = True
    taken = builder.finish(link.name, link.part, rows)
    taken.hidden, taken.hidden_rows, taken.hidden_columns = link.hidden, hidden_rows, hidden_columns
    taken.filtered, taken.merges = filtered, merges
    taken.notes = "xlsb workbook" + (", dates from 1904" if book.date_1904 else "")
    return taken


__all__ = ["sheets"]
