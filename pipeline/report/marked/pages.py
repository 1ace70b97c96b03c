"""A sheet that was no part of a workbook, as a sheet of one: every row where it was, every value as it was."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.line import Line
from pipeline.model import Page, Sheet
from pipeline.report.marked.fresh import Tab

_DOUBT = "#? "
"""Before the reference of a row with too many or too few cells: whoever puts the cells right takes it away."""
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def tab_of(page: Page, line: Line) -> Tab:
    """A page as it is to be written.

    In a workbook a row with too few cells would look like any other, its values in the wrong columns; so its
    reference is made one that no invoice has.

    Args:
        page: the sheet as it was read.
        line: the end of the line.
    """
    sheet, table = _placed(page, line)
    head = int(np.searchsorted(page.rows, sheet.header_row)) if sheet else 0
    columns = list(page.columns)
    if sheet and len(page.ragged):
        key = next((each.index for each in sheet.columns if each.field == line.tables[table].key[0]), 0)
        columns[key] = _doubted(columns[key], page.ragged)
    return Tab(_name(page, table, line), columns, page.rows, page.kinds, head)


def _placed(page: Page, line: Line) -> tuple[Sheet | None, str]:
    for name, raw in line.raw.tables.items():
        for sheet in raw.sheets:
            if (sheet.source, sheet.name) == (page.source, page.name):
                return sheet, name
    return None, ""


def _name(page: Page, table: str, line: Line) -> str:
    """A file's only sheet is named after its table, so that it is found again; others keep their name."""
    if page.name == line.raw.sources[page.source].name and table:
        return line.tables[table].label
    return page.name.translate(_NOT_IN_NAMES)[:31].strip("' ") or "Sheet"


def _doubted(column: pa.ChunkedArray, rows: np.typing.NDArray[np.int64]) -> pa.Array:
    texts = column.combine_chunks()
    mask = np.zeros(len(texts), np.bool_)
    mask[rows] = True
    return pc.if_else(pa.array(mask), pc.binary_join_element_wise(_DOUBT, texts, ""), texts)
