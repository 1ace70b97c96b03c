"""Stage 1, in the child: what the parser made of a sheet against its XML, cell by cell.

In: the cells an exact scan found, the parser's columns, and the workbook's shared texts.
Out: the first cell the parser has lost or changed.
Never: runs on a sheet whose XML is written as usual: there the rows are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import pyarrow as pa

from pipeline.read.cells import Kinds, number_of, number_text
from pipeline.read.scanned import Cell
from schemas.cells import CellKind, column_letters

_EPOCHS = (date(1899, 12, 30), date(1904, 1, 1))
_LEAP = 61
"""Below this serial number Excel counts a day that never was."""
_HALF_SECOND = 0.5 / 86400
_BOOLEANS = {"1": "TRUE", "true": "TRUE", "0": "FALSE", "false": "FALSE"}


def lost_cell(
    cells: Sequence[Cell],
    texts: Sequence[pa.Array],
    kinds: Mapping[int, Kinds],
    shared: Callable[[], Sequence[str]],
) -> str | None:
    """The first cell that the parser shows as empty or as something else; None when all agree."""
    columns: dict[int, list[str]] = {}
    known: Sequence[str] | None = None
    for cell in cells:
        if cell.column not in columns:
            columns[cell.column] = texts[cell.column].to_pylist() if cell.column < len(texts) else []
        if cell.type == "s" and known is None:
            known = shared()
        own = columns[cell.column]
        shown = own[cell.row] if cell.row < len(own) else ""
        kind = int(kinds[cell.column][cell.row]) if shown and cell.column in kinds else CellKind.TEXT
        if not _agree(cell, shown, kind, known or ()):
            return f"{column_letters(cell.column)}{cell.row + 1}"
    return None


def _agree(cell: Cell, shown: str, kind: int, shared: Sequence[str]) -> bool:
    """Whether the parser shows what stands in the XML."""
    match cell.type:
        case "s":
            index = cell.value.strip()
            return index.isdecimal() and int(index) < len(shared) and _alike(shared[int(index)], shown)
        case "str" | "inlineStr":
            return _alike(cell.value, shown)
        case "n":
            return bool(shown) and _same_number(cell.value, shown, kind)
        case "b":
            return _BOOLEANS.get(cell.value.strip(), shown) == shown != ""
        case "d":
            return bool(shown)
        case _:
            return True


def _alike(text: str, shown: str) -> bool:
    """Blanks are no matter here, nor is a text with escapes, as long as something is shown."""
    if "_x" in text:
        return bool(shown)
    return "".join(text.split()) == "".join(shown.split())


def _same_number(value: str, shown: str, kind: int) -> bool:
    try:
        number = number_of(value)
        if kind == CellKind.NUMBER:
            return number_text(number) == shown
        if kind == CellKind.DATE:
            return shown[:10] in _dates(number)
    except (ValueError, OverflowError):
        return False
    return kind != CellKind.TEXT


def _dates(number: float) -> set[str]:
    days = int(number + _HALF_SECOND)
    around = (0, 1) if number < _LEAP else (0,)
    return {(epoch + timedelta(days + more)).isoformat() for epoch in _EPOCHS for more in around}


__all__ = ["lost_cell"]
