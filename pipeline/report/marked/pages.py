"""A sheet that was no part of a workbook, as a sheet of one: every row where it was, every value as it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.line import Line
from pipeline.model import Page, Positions, Sheet
from pipeline.report.marked import doubts
from pipeline.report.marked.fresh import Tab
from schemas.columns import whole

_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def tab_of(page: Page, line: Line) -> Tab:
    """A page as it is to be written, with a mark on invoices that must not pass as they are.

    Args:
        page: the sheet as it was read.
        line: the end of the line.
    """
    fed = list(_fed(page, line))
    columns = list(page.columns)
    for at in (at for table, at in fed if table == "invoices"):
        rows, column = _doubted(line, at, page)
        if len(rows):
            columns[column] = doubts.marked(whole(columns[column]), rows)
    _, sheet = _first(fed, line)
    head = int(np.searchsorted(page.rows, sheet.header_row)) if sheet else 0
    return Tab(name_of(page, line), columns, page.rows, page.kinds, head)


def _doubted(line: Line, at: int, page: Page) -> tuple[Positions, int]:
    """The rows of a page whose invoice must not pass, and the column that is marked there."""
    raw, table = line.raw.tables["invoices"], line.tables["invoices"]
    here = doubts.in_doubt(line, doubts.RAGGED)
    here = here[raw.sheet_of[here] == at]
    places = {each.field: each.index for each in raw.sheets[at].columns if each.index >= 0}
    return np.searchsorted(page.rows, raw.row_of[here]), places.get(doubts.place(table, places), 0)


def _fed(page: Page, line: Line) -> Iterator[tuple[str, int]]:
    """The tables that a page feeds, and which of their sheets it is; a flat one feeds two."""
    for name, raw in line.raw.tables.items():
        for at, sheet in enumerate(raw.sheets):
            if (sheet.source, sheet.name) == (page.source, page.name):
                yield name, at


def _first(fed: list[tuple[str, int]], line: Line) -> tuple[str, Sheet | None]:
    return (fed[0][0], line.raw.tables[fed[0][0]].sheets[fed[0][1]]) if fed else ("", None)


def name_of(page: Page, line: Line) -> str:
    """A file's only sheet is named after its table, so that it is found again; others keep their name.

    Args:
        page: the sheet as it was read.
        line: the end of the line.
    """
    table, _ = _first(list(_fed(page, line)), line)
    if page.name == line.raw.sources[page.source].name and table:
        return line.tables[table].label
    return page.name.translate(_NOT_IN_NAMES)[:31].strip("' ") or "Sheet"
