"""Sheets of CSV, Parquet and old workbooks as sheets of a new workbook: same rows, same values.

In: a sheet as it was read.
Out: a `NewSheet`, under a name by which the reader assigns it again.
Never: lets an invoice pass whose fault the new sheet cannot show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.acceptance.assessment import Assessment
from pipeline.model.indices import Positions
from pipeline.model.sheets import SheetContent, SourceSheet
from pipeline.report.marked import uncertain_rows
from pipeline.spreadsheet.new_workbook import NewSheet
from schemas.arrow.columns import merge_chunks
from schemas.control import CONTROL

_FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_MAX_SHEET_NAME = 31
"""Characters that Excel allows in the name of a sheet."""


def build_sheet(page: SheetContent, assessment: Assessment) -> NewSheet:
    """Return a sheet to be written, with a mark on invoices that must not pass as they are.

    Args:
        page: the sheet as it was read.
        assessment: what is known at the end of a check.
    """
    feeds = list(_find_fed_tables(page, assessment))
    columns = list(page.columns)
    for table, sheet_index in feeds:
        if table == "invoices":
            rows, marked_column = _find_uncertain_rows(assessment, sheet_index, page)
            if len(rows):
                texts = merge_chunks(columns[marked_column])
                columns[marked_column] = uncertain_rows.mark_uncertain(texts, rows)
    _, sheet = _get_first_fed(feeds, assessment)
    header_index = int(np.searchsorted(page.row_numbers, sheet.header_row)) if sheet else 0
    return NewSheet(choose_sheet_name(page, assessment), columns, page.row_numbers, page.kinds, header_index)


def _find_uncertain_rows(
    assessment: Assessment, sheet_index: int, page: SheetContent
) -> tuple[Positions, int]:
    """Return the rows of a page whose invoice must not pass, and the column that is marked there."""
    raw, table = assessment.raw.tables["invoices"], assessment.tables["invoices"]
    invoices = uncertain_rows.find_uncertain_invoices(assessment, uncertain_rows.LOST_IN_REWRITE)
    invoices = invoices[raw.sheet_indices[invoices] == sheet_index]
    columns = {column.field: column.index for column in raw.sheets[sheet_index].columns if column.index >= 0}
    marked_field = uncertain_rows.choose_marked_field(table, columns)
    rows = np.searchsorted(page.row_numbers, raw.row_numbers[invoices])
    return rows, columns.get(marked_field, 0)


def _find_fed_tables(page: SheetContent, assessment: Assessment) -> Iterator[tuple[str, int]]:
    """Yield the tables that a page feeds, and which of their sheets it is; a flat one feeds two."""
    for name, raw in assessment.raw.tables.items():
        for index, sheet in enumerate(raw.sheets):
            if (sheet.source, sheet.name) == (page.source, page.name):
                yield name, index


def _get_first_fed(
    feeds: Sequence[tuple[str, int]], assessment: Assessment
) -> tuple[str, SourceSheet | None]:
    if not feeds:
        return "", None
    table, index = feeds[0]
    return table, assessment.raw.tables[table].sheets[index]


def choose_sheet_name(page: SheetContent, assessment: Assessment) -> str:
    """Return the name of a page's sheet in the copy.

    A file's only sheet is named after its table, so that the reader assigns it again; others keep their name.

    Args:
        page: the sheet as it was read.
        assessment: what is known at the end of a check.
    """
    table, _ = _get_first_fed(list(_find_fed_tables(page, assessment)), assessment)
    if page.name == assessment.raw.sources[page.source].name and table:
        return CONTROL.label if table == CONTROL.name else assessment.tables[table].label
    # Excel takes no quote at either end of a name
    return page.name.translate(_FORBIDDEN_IN_NAMES)[:_MAX_SHEET_NAME].strip("' ") or "Sheet"
