"""A sheet that was no part of a workbook, as a sheet of one: every row where it was, every value as it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.acceptance.assessment import Assessment
from pipeline.model.indices import Positions
from pipeline.model.sheets import SheetContent, SourceSheet
from pipeline.report.marked import uncertain_rows
from pipeline.spreadsheet.new_workbook import NewSheet
from schemas.arrow.columns import merge_chunks

_FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def build_sheet(page: SheetContent, assessment: Assessment) -> NewSheet:
    """A page as it is to be written, with a mark on invoices that must not pass as they are.

    Args:
        page: the sheet as it was read.
        assessment: the end of the line.
    """
    feeds = list(_find_fed_tables(page, assessment))
    columns = list(page.columns)
    for position in (position for table, position in feeds if table == "invoices"):
        rows, marked_column = _find_uncertain_rows(assessment, position, page)
        if len(rows):
            columns[marked_column] = uncertain_rows.mark_uncertain(merge_chunks(columns[marked_column]), rows)
    _, sheet = _get_first_fed(feeds, assessment)
    header_index = int(np.searchsorted(page.row_numbers, sheet.header_row)) if sheet else 0
    return NewSheet(choose_sheet_name(page, assessment), columns, page.row_numbers, page.kinds, header_index)


def _find_uncertain_rows(
    assessment: Assessment, sheet_position: int, page: SheetContent
) -> tuple[Positions, int]:
    """The rows of a page whose invoice must not pass, and the column that is marked there."""
    raw, table = assessment.raw.tables["invoices"], assessment.tables["invoices"]
    invoices = uncertain_rows.find_uncertain_invoices(assessment, uncertain_rows.LOST_IN_REWRITE)
    invoices = invoices[raw.sheet_indices[invoices] == sheet_position]
    columns = {
        column.field: column.index for column in raw.sheets[sheet_position].columns if column.index >= 0
    }
    return np.searchsorted(page.row_numbers, raw.row_numbers[invoices]), columns.get(
        uncertain_rows.choose_marked_field(table, columns), 0
    )


def _find_fed_tables(page: SheetContent, assessment: Assessment) -> Iterator[tuple[str, int]]:
    """The tables that a page feeds, and which of their sheets it is; a flat one feeds two."""
    for name, raw in assessment.raw.tables.items():
        for position, sheet in enumerate(raw.sheets):
            if (sheet.source, sheet.name) == (page.source, page.name):
                yield name, position


def _get_first_fed(feeds: list[tuple[str, int]], assessment: Assessment) -> tuple[str, SourceSheet | None]:
    return (feeds[0][0], assessment.raw.tables[feeds[0][0]].sheets[feeds[0][1]]) if feeds else ("", None)


def choose_sheet_name(page: SheetContent, assessment: Assessment) -> str:
    """A file's only sheet is named after its table, so that it is found again; others keep their name.

    Args:
        page: the sheet as it was read.
        assessment: the end of the line.
    """
    table, _ = _get_first_fed(list(_find_fed_tables(page, assessment)), assessment)
    if page.name == assessment.raw.sources[page.source].name and table:
        return assessment.tables[table].label
    return page.name.translate(_FORBIDDEN_IN_NAMES)[:31].strip("' ") or "Sheet"
