"""Stage 1, in the child: what the parser made of a sheet against its XML, cell by cell.

In: the cells an exact scan found, the parser's columns, and the workbook's shared texts.
Out: the first cell the parser has lost or changed.
Never: runs on a sheet whose XML is written as usual: there the rows are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import pyarrow as pa

from pipeline.read.formats.cell_values import KindCodes, format_cell_number, parse_xml_number
from pipeline.read.formats.ooxml.sheet_facts import XmlCell
from pipeline.spreadsheet.references import to_column_letters
from schemas.cell_kinds import CellKind

_EPOCHS = (date(1899, 12, 30), date(1904, 1, 1))
_FIRST_REAL_SERIAL = 61
"""Below this serial number Excel counts a day that never was."""
_HALF_SECOND = 0.5 / 86400
_BOOLEANS = {"1": "TRUE", "true": "TRUE", "0": "FALSE", "false": "FALSE"}


def find_lost_cell(
    cells: Sequence[XmlCell],
    texts: Sequence[pa.Array],
    kinds: Mapping[int, KindCodes],
    load_shared_strings: Callable[[], Sequence[str]],
) -> str | None:
    """The first cell that the parser shows as empty or as something else; None when all agree."""
    columns: dict[int, list[str]] = {}
    shared_strings: Sequence[str] | None = None
    for cell in cells:
        if cell.column not in columns:
            columns[cell.column] = texts[cell.column].to_pylist() if cell.column < len(texts) else []
        if cell.type == "s" and shared_strings is None:
            shared_strings = load_shared_strings()
        column = columns[cell.column]
        parsed = column[cell.row] if cell.row < len(column) else ""
        kind = int(kinds[cell.column][cell.row]) if parsed and cell.column in kinds else CellKind.TEXT
        if not _is_same_value(cell, parsed, kind, shared_strings or ()):
            return f"{to_column_letters(cell.column)}{cell.row + 1}"
    return None


def _is_same_value(cell: XmlCell, parsed: str, kind: int, shared_strings: Sequence[str]) -> bool:
    """Whether the parser shows what stands in the XML."""
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
            return _BOOLEANS.get(cell.value.strip(), parsed) == parsed != ""
        case "d":
            return bool(parsed)
        case _:
            return True


def _is_same_text(text: str, parsed: str) -> bool:
    """Blanks are no matter here, nor is a text with escapes, as long as something is shown."""
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


def _list_possible_dates(number: float) -> set[str]:
    days = int(number + _HALF_SECOND)
    offsets = (0, 1) if number < _FIRST_REAL_SERIAL else (0,)
    return {(epoch + timedelta(days + offset)).isoformat() for epoch in _EPOCHS for offset in offsets}


__all__ = ["find_lost_cell"]
