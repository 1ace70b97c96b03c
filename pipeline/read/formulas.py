"""Stage 1: which cells of one small sheet hold a formula, whatever value is stored beside it.

In: a workbook's bytes, which have passed the gate, and the sheet's part.
Out: the rows, as Excel shows them, of one column whose cells hold a formula.
Never: unfolds an entity, reads a formula's result, or is asked of a sheet with many rows.
"""

from __future__ import annotations

import io
import zipfile

from defusedxml.ElementTree import iterparse

_CELL, _FORMULA = "c", "f"


def formula_rows(package: bytes, part: str, column: str) -> set[int]:
    """Rows of a column in which a formula stands.

    Args:
        package: the workbook.
        part: of the sheet.
        column: its letter.
    """
    if not package or not part:
        return set()
    with zipfile.ZipFile(io.BytesIO(package)) as book, book.open(part) as stream:
        return {
            row
            for _, cell in iterparse(stream)
            if _name(cell.tag) == _CELL and any(_name(each.tag) == _FORMULA for each in cell)
            for letters, row in (_split(cell.get("r", "")),)
            if letters == column
        }


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _split(reference: str) -> tuple[str, int]:
    letters = reference.rstrip("0123456789")
    return letters, int(reference[len(letters) :] or 0)
