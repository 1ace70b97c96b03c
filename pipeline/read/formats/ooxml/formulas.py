"""Which cells of one small sheet hold a formula, whatever value is stored with it.

In: a workbook's bytes, which have passed the gate, and the sheet's part.
Out: the rows, as Excel shows them, of one column whose cells hold a formula.
Never: expands an entity, reads a formula's result, or is asked of a sheet with many rows.
"""

from __future__ import annotations

import io
import zipfile
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse

from pipeline.spreadsheet.references import parse_reference, to_column_letters
from pipeline.spreadsheet.xml_bytes import get_local_name


def find_formula_rows(workbook: bytes, part: str, column: str) -> set[int]:
    """Return the rows of a column that hold a formula.

    Args:
        workbook: its bytes; empty where the file is no package.
        part: the sheet's.
        column: its letters.
    """
    if not workbook or not part:
        return set()
    with zipfile.ZipFile(io.BytesIO(workbook)) as package, package.open(part) as stream:
        cells = (element for _, element in iterparse(stream) if get_local_name(element.tag) == "c")
        positions = [parse_reference(cell.get("r", "")) for cell in cells if _has_formula(cell)]
    return {row + 1 for row, position in positions if position >= 0 and to_column_letters(position) == column}


def _has_formula(cell: Element) -> bool:
    return any(get_local_name(child.tag) == "f" for child in cell)
