"""Stage 1: which cells of one small sheet hold a formula, whatever value is stored beside it.

In: a workbook's bytes, which have passed the gate, and the sheet's part.
Out: the rows, as Excel shows them, of one column whose cells hold a formula.
Never: unfolds an entity, reads a formula's result, or is asked of a sheet with many rows.
"""

from __future__ import annotations

import io
import zipfile

from defusedxml.ElementTree import iterparse

_CELL_TAG, _FORMULA_TAG = "c", "f"


def find_formula_rows(workbook: bytes, part: str, column: str) -> set[int]:
    """Rows of a column in which a formula stands.

    Args:
        workbook: the workbook.
        part: of the sheet.
        column: its letter.
    """
    if not workbook or not part:
        return set()
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive, archive.open(part) as stream:
        return {
            row
            for _, cell in iterparse(stream)
            if _strip_namespace(cell.tag) == _CELL_TAG
            and any(_strip_namespace(child.tag) == _FORMULA_TAG for child in cell)
            for letters, row in (_split_reference(cell.get("r", "")),)
            if letters == column
        }


def _strip_namespace(tag: str) -> str:
    return tag.rpartition("}")[2]


def _split_reference(reference: str) -> tuple[str, int]:
    letters = reference.rstrip("0123456789")
    return letters, int(reference[len(letters) :] or 0)
