"""The parser of old workbooks (.xls, Excel 5 to 2003).

In: the bytes of an OLE container or of a bare stream.
Out: a `Grid` for each worksheet.
Never: tries a password, or takes a formula that was never calculated for a zero.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from struct import Struct, error
from typing import Any

import xlrd
from xlrd.biffh import XLRDError
from xlrd.compdoc import CompDoc, CompDocError

from pipeline.i18n import translate
from pipeline.read.files.refusals import NOT_A_WORKBOOK, Refusal
from pipeline.read.formats import OLE_MAGIC, FormatInput
from pipeline.read.formats.cell_values import ErrorText, FormulaText, convert_number
from pipeline.read.formats.parsed_sheet import ParsedSheet, SheetBuilder
from pipeline.read.grid import Grid
from pipeline.spreadsheet.number_formats import NumberFormat, parse_number_format
from pipeline.spreadsheet.serial_dates import EPOCH_1900, EPOCH_1904

_FAULTS = (XLRDError, CompDocError, error, AssertionError)
# the directory of an OLE container holds its names in UTF-16
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
# what xlrd calls Excel 5
_OLDEST_BIFF = 50
_FORMULA, _UNCALCULATED, _BOF, _EOF = 0x0006, 0x005E, 0x0809, 0x000A
_RECORD, _RESULT = Struct("<HH"), Struct("<HHH8sH")
_CALCULATE_ON_LOAD = 2
_NUMERIC_KINDS = (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE)
FOREIGN_STREAMS = {
    "WordDocument": "a Word document", "PowerPoint Document": "a PowerPoint file",
    "__properties_version1.0": "an e-mail of Outlook",
}  # fmt: skip
"""What else lies in a container as an old workbook does, by a stream of it."""


def read_xls_sheets(file: FormatInput) -> Iterator[Grid]:
    """Read the worksheets of an old workbook.

    Raises:
        SourceError: it is protected, older than Excel 5, or no workbook.
    """
    workbook = _open_workbook(file.name, file.data)
    if workbook.nsheets > file.limits.members:
        raise Refusal.TOO_MANY_SHEETS(file.name, most=file.limits.members)
    number_formats = [
        parse_number_format(workbook.format_map[style.format_key].format_str) for style in workbook.xf_list
    ]
    uncalculated = _find_uncalculated_cells(workbook)
    for index in range(workbook.nsheets):
        sheet = workbook.sheet_by_index(index)
        parsed = _build_sheet(file, sheet, number_formats, uncalculated.get(index, set()))
        parsed.is_hidden = sheet.visibility != 0
        parsed.notes = "xls workbook" + (", dates from 1904" if workbook.datemode else "")
        yield parsed.to_grid()
        # its cells are in Arrow by now
        workbook.unload_sheet(index)


def _open_workbook(name: str, data: bytes) -> Any:
    if data.startswith(OLE_MAGIC):
        _refuse_foreign_container(name, data)
    try:
        # formats say what numbers show; on demand, one sheet at a time is in memory; xlrd prints its warnings
        workbook = xlrd.open_workbook(
            file_contents=data, formatting_info=True, ragged_rows=True, on_demand=True, logfile=io.StringIO()
        )
    except XLRDError as fault:
        if "encrypted" in str(fault):
            raise Refusal.PROTECTED(name) from fault
        raise Refusal.DAMAGED(name, why="") from fault
    if workbook.biff_version < _OLDEST_BIFF:
        raise Refusal.TOO_OLD(name)
    return workbook


def _refuse_foreign_container(name: str, data: bytes) -> None:
    """Refuse a container that holds something else than an old workbook."""
    try:
        names = {entry.name for entry in CompDoc(data, logfile=io.StringIO()).dirlist}
    except _FAULTS as fault:
        # a broken directory lists nothing, but the name of the encrypted stream is still among the bytes
        raise (
            Refusal.PROTECTED(name) if _ENCRYPTED_STREAM in data else Refusal.DAMAGED(name, why="")
        ) from fault
    if "EncryptedPackage" in names:
        raise Refusal.PROTECTED(name)
    if names & {"Workbook", "Book"}:
        return
    title = next((title for stream, title in FOREIGN_STREAMS.items() if stream in names), NOT_A_WORKBOOK)
    raise Refusal.FOREIGN(name, what=translate(title))


def _find_uncalculated_cells(workbook: Any) -> dict[int, set[tuple[int, int]]]:
    """Return the cells, by sheet, whose formula has no result of its own.

    A program wrote it without one, a zero to be calculated on opening; or Excel, set to calculate only when
    asked, saved the workbook before it had: then what any formula stores may be an older result.
    """
    # xlrd does not tell which results are none, so its records are read again, by where each sheet starts
    starts = {start: index for index, start in enumerate(workbook._sh_abs_posn)}
    cells: dict[int, set[tuple[int, int]]] = {}
    is_pending, sheet_index = any(kind == _UNCALCULATED for _, kind, _ in _iter_records(workbook)), -1
    for offset, kind, length in _iter_records(workbook):
        sheet_index = starts.get(offset, sheet_index)
        if kind == _FORMULA and length >= _RESULT.size:
            row, column, _, result, flags = _RESULT.unpack_from(workbook.mem, offset + 4)
            if is_pending or (flags & _CALCULATE_ON_LOAD and result == bytes(8)):
                cells.setdefault(sheet_index, set()).add((row, column))
    return cells


def _iter_records(workbook: Any) -> Iterator[tuple[int, int, int]]:
    """Yield where each record starts, its kind and its length."""
    offset, stop = workbook.base, workbook.base + workbook.stream_len
    while offset + 4 <= stop:
        kind, length = _RECORD.unpack_from(workbook.mem, offset)
        yield offset, kind, length
        offset += 4 + length


def _build_sheet(
    file: FormatInput,
    sheet: Any,
    number_formats: list[NumberFormat],
    uncalculated: set[tuple[int, int]],
) -> ParsedSheet:
    builder, epoch = SheetBuilder(file.name, file.limits), EPOCH_1904 if sheet.book.datemode else EPOCH_1900
    for row, column, kind, value in _iter_cells(sheet):
        if (row, column) in uncalculated:
            builder.add_cell(row, column, FormulaText("="))
        elif kind in _NUMERIC_KINDS:
            number_format = number_formats[sheet.cell_xf_index(row, column)]
            builder.add_cell(row, column, *convert_number(value, number_format, epoch))
        else:
            builder.add_cell(row, column, _convert_other(kind, value))
    rows = {row + 1: info for row, info in sheet.rowinfo_map.items()}
    parsed = builder.finish(sheet.name, f"Workbook/{sheet.number + 1}", set(rows))
    parsed.hidden_rows = {number for number, info in rows.items() if info.hidden or info.height == 0}
    parsed.hidden_columns = _find_hidden_columns(sheet)
    # xlrd's ranges count from 0 and end behind the last cell
    parsed.merges = [(top + 1, bottom, left, right - 1) for top, bottom, left, right in sheet.merged_cells]
    return parsed


def _find_hidden_columns(sheet: Any) -> set[int]:
    return {column for column, info in sheet.colinfo_map.items() if info.hidden}


def _iter_cells(sheet: Any) -> Iterator[tuple[int, int, int, Any]]:
    """Yield row, column, kind and value of the cells that hold something."""
    for row in range(sheet.nrows):
        types, values = sheet.row_types(row), sheet.row_values(row)
        for column, (kind, value) in enumerate(zip(types, values, strict=True)):
            if kind not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                yield row, column, kind, value


def _convert_other(kind: int, value: Any) -> Any:
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_ERROR:
        return ErrorText(xlrd.error_text_from_code.get(value, "#ERROR!"))
    return value


__all__ = ["FOREIGN_STREAMS", "read_xls_sheets"]
