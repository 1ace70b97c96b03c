"""Stage 1, in the child: an old workbook (.xls, Excel 5 to 2003) -> sheets.

In: the bytes of an OLE container or of a bare stream.
Out: a `Taken` for each worksheet.
Never: tries a password, or takes a formula that was never calculated for a zero.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from struct import Struct, error
from typing import Any

import xlrd
from xlrd.biffh import XLRDError
from xlrd.compdoc import CompDoc, CompDocError

from pipeline.language import say
from pipeline.read import refuse
from pipeline.read.cells import EPOCH, EPOCH_1904, ErrorText, FormulaText, moment
from pipeline.read.limits import ReadLimits
from pipeline.read.number_format import PLAIN, NumberFormat, number_format
from pipeline.read.taken import Builder, Taken

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FAULTS = (XLRDError, CompDocError, error, AssertionError)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OLDEST = 50
_FORMULA, _UNCALCULATED, _BOF, _EOF = 0x0006, 0x005E, 0x0809, 0x000A
_RECORD, _RESULT = Struct("<HH"), Struct("<HHH8sH")
_ON_LOAD = 2
STRANGERS = {
    "WordDocument": "a Word document", "PowerPoint Document": "a PowerPoint file",
    "__properties_version1.0": "an e-mail of Outlook",
}  # fmt: skip
"""What else lies in a container as an old workbook does, by a stream of it."""


def sheets(name: str, data: bytes, limits: ReadLimits) -> Iterator[Taken]:
    """The worksheets of an old workbook.

    Raises:
        SourceError: it is protected, older than Excel 5, or no workbook.
    """
    book = _opened(name, data)
    if book.nsheets > limits.members:
        raise refuse.TOO_MANY_SHEETS(name, most=limits.members)
    forms = [number_format(book.format_map[style.format_key].format_str) for style in book.xf_list]
    waiting = _never_calculated(book)
    for index in range(book.nsheets):
        sheet = book.sheet_by_index(index)
        taken = _taken(name, sheet, forms, waiting.get(index, set()), limits)
        taken.hidden = sheet.visibility != 0
        taken.notes = "xls workbook" + (", dates from 1904" if book.datemode else "")
        yield taken
        book.unload_sheet(index)


def _opened(name: str, data: bytes) -> Any:
    if data.startswith(OLE):
        _same_kind(name, data)
    try:
        book = xlrd.open_workbook(
            file_contents=data, formatting_info=True, ragged_rows=True, on_demand=True, logfile=io.StringIO()
        )
    except XLRDError as fault:
        if "encrypted" in str(fault):
            raise refuse.PROTECTED(name) from fault
        raise refuse.DAMAGED(name, why="") from fault
    if book.biff_version < _OLDEST:
        raise refuse.TOO_OLD(name)
    return book


def _same_kind(name: str, data: bytes) -> None:
    """Refuse a container that holds something else than an old workbook."""
    try:
        names = {each.name for each in CompDoc(data, logfile=io.StringIO()).dirlist}
    except FAULTS as fault:
        raise (refuse.PROTECTED(name) if _ENCRYPTED in data else refuse.DAMAGED(name, why="")) from fault
    if "EncryptedPackage" in names:
        raise refuse.PROTECTED(name)
    if names & {"Workbook", "Book"}:
        return
    what = next((what for stream, what in STRANGERS.items() if stream in names), refuse.NO_WORKBOOK)
    raise refuse.FOREIGN(name, what=say(what))


def _never_calculated(book: Any) -> dict[int, set[tuple[int, int]]]:
    """Cells, by sheet, whose formula has no result of its own.

    A program wrote it without one, a zero to be calculated on opening; or Excel, told to calculate only when asked,
    saved the workbook before it had: then what any formula stores may be what stood there before.
    """
    starts = {start: index for index, start in enumerate(book._sh_abs_posn)}
    found: dict[int, set[tuple[int, int]]] = {}
    pending, own = any(kind == _UNCALCULATED for _, kind, _ in _records(book)), -1
    for at, kind, length in _records(book):
        own = starts.get(at, own)
        if kind == _FORMULA and length >= _RESULT.size:
            row, column, _, result, flags = _RESULT.unpack_from(book.mem, at + 4)
            if pending or (flags & _ON_LOAD and result == bytes(8)):
                found.setdefault(own, set()).add((row, column))
    return found


def _records(book: Any) -> Iterator[tuple[int, int, int]]:
    """Where each record starts, its kind and its length."""
    at, stop = book.base, book.base + book.stream_len
    while at + 4 <= stop:
        kind, length = _RECORD.unpack_from(book.mem, at)
        yield at, kind, length
        at += 4 + length


def _taken(
    name: str, sheet: Any, forms: list[NumberFormat], waiting: set[tuple[int, int]], limits: ReadLimits
) -> Taken:
    builder, epoch = Builder(name, limits), EPOCH_1904 if sheet.book.datemode else EPOCH
    for row in range(sheet.nrows):
        types, values = sheet.row_types(row), sheet.row_values(row)
        for column, (kind, value) in enumerate(zip(types, values, strict=True)):
            if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                continue
            if (row, column) in waiting:
                builder.put(row, column, FormulaText("="))
            elif kind in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
                form = forms[sheet.cell_xf_index(row, column)]
                builder.put(row, column, *_number(value, form, epoch))
            else:
                builder.put(row, column, _other(kind, value))
    taken = builder.finish(sheet.name, f"Workbook/{sheet.number + 1}", {row + 1 for row in sheet.rowinfo_map})
    taken.hidden_rows = {
        row + 1 for row, about in sheet.rowinfo_map.items() if about.hidden or about.height == 0
    }
    taken.hidden_columns = {at for at, about in sheet.colinfo_map.items() if about.hidden}
    taken.merges = [(top + 1, bottom, left, right - 1) for top, bottom, left, right in sheet.merged_cells]
    return taken


def _number(value: float, form: NumberFormat, epoch: date) -> tuple[Any, NumberFormat | None]:
    if form.date or form.elapsed:
        return moment(value, form, epoch), None
    return value, None if form is PLAIN else form


def _other(kind: int, value: Any) -> Any:
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_ERROR:
        return ErrorText(xlrd.error_text_from_code.get(value, "#ERROR!"))
    return value


__all__ = ["FAULTS", "OLE", "sheets"]
