"""The comparison of the parser's result with a sheet's XML, cell by cell.

In: the cells an exact scan found, the parser's columns, and the workbook's shared strings.
Out: the first cell the parser has lost or changed.
Never: runs on a sheet whose XML is written as usual: there counting values and rows suffices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.read.formats.cell_values import KindCodes, format_cell_number, parse_xml_number
from pipeline.read.formats.ooxml.sheet_facts import XmlCell
from pipeline.spreadsheet.references import format_reference
from pipeline.spreadsheet.serial_dates import EPOCH_1900, EPOCH_1904, FIRST_RELIABLE_SERIAL
from schemas.cell_kinds import CellKind

if TYPE_CHECKING:
    from schemas.arrow.columns import Texts  # imports pandas, which the worker must not

_HALF_SECOND = 0.5 / 86400
_BOOLEANS = {"1": "TRUE", "true": "TRUE", "0": "FALSE", "false": "FALSE"}


def find_lost_cell(
    cells: Sequence[XmlCell],
    texts: Sequence[Texts],
    kinds: Mapping[int, KindCodes],
    load_shared_strings: Callable[[], Sequence[str]],
) -> str | None:
    """Return the first cell that the parser shows as empty or as something else; None when all agree.

    Args:
        cells: those with a value in the sheet's XML.
        texts: the parser's columns from A, row 1 first.
        kinds: the kinds of their cells, by column.
        load_shared_strings: reads the shared strings, when a cell refers to one.
    """
    columns: dict[int, list[str]] = {}
    has_shared = any(cell.type == "s" for cell in cells)
    shared_strings = load_shared_strings() if has_shared else ()
    for cell in cells:
        if cell.column not in columns:
            columns[cell.column] = texts[cell.column].to_pylist() if cell.column < len(texts) else []
        column = columns[cell.column]
        parsed = column[cell.row] if cell.row < len(column) else ""
        kind = int(kinds[cell.column][cell.row]) if parsed and cell.column in kinds else CellKind.TEXT
        if not _is_same_value(cell, parsed, kind, shared_strings):
            return format_reference(cell.row, cell.column)
    return None


def _is_same_value(cell: XmlCell, parsed: str, kind: int, shared_strings: Sequence[str]) -> bool:
    """Return whether the parser shows what the XML holds."""
    match cell.type:
        case "s":
            index = cell.value.strip()
            return (
                index.isdecimal()
                and int(index) < len(shared_strings)
                and _is_same_text(shared_strings[int(index)], parsed)
            )
        case "str" | "inlineStr":
            return _is_same_text(cell.value, parsed)
        case "n":
            return bool(parsed) and _is_same_number(cell.value, parsed, kind)
        case "b":
            # a boolean that is written in no known way must only be shown as something
            return _BOOLEANS.get(cell.value.strip(), parsed) == parsed != ""
        case "d":
            return bool(parsed)
        case _:
            return True


def _is_same_text(text: str, parsed: str) -> bool:
    """Compare texts without blanks; of a text with escapes (`_x000D_`) only that something is shown."""
    if "_x" in text:
        return bool(parsed)
    return "".join(text.split()) == "".join(parsed.split())


def _is_same_number(value: str, parsed: str, kind: int) -> bool:
    try:
        number = parse_xml_number(value)
        if kind == CellKind.NUMBER:
            return format_cell_number(number) == parsed
        if kind == CellKind.DATE:
            return parsed[:10] in _list_possible_dates(number)
    except (ValueError, OverflowError):
        return False
    return kind != CellKind.TEXT


def _list_possible_dates(serial: float) -> set[str]:
    """Return the days a serial number may mean: in either epoch, and around the day that Excel invented."""
    # a time in the last half second of a day is displayed as the next midnight
    days = int(serial + _HALF_SECOND)
    possible_days = (days, days + 1) if serial < FIRST_RELIABLE_SERIAL else (days,)
    return {(EPOCH_1900 + timedelta(day)).isoformat() for day in possible_days} | {
        (EPOCH_1904 + timedelta(day)).isoformat() for day in possible_days
    }


__all__ = ["find_lost_cell"]
