"""`rejected.xlsx`: the rejected invoices alone, with all their rows, marked in the template's form.

In: what is known at the end of a check, and the bytes of the template that fits its settings.
Out: a workbook whose rows are written as a person wrote them, each with what is wrong; corrected and handed
in again it can be read as it is.
Never: hides a fault that is gone once the rows are written anew: such an invoice gets a mark
(`uncertain_rows`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import translate
from pipeline.issues import CATALOGUE, Level, Scope
from pipeline.model.indices import Positions
from pipeline.report.marked import uncertain_rows
from pipeline.report.marked.annotations import SheetAnnotations, WorkbookAnnotations
from pipeline.report.marked.row_status import ROW_REJECTED, RowStatuses
from pipeline.report.marked.selected_issues import RowIssue, describe_location
from pipeline.report.marked.workbook_annotations import annotate_rejected
from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.references import format_reference, to_column_letters
from pipeline.spreadsheet.row_writer import CellKinds, OutputColumn, ValueStyles, encode_rows
from pipeline.spreadsheet.styles import add_mark_styles, add_value_styles
from pipeline.spreadsheet.template_rows import map_sheet_parts, read_column_styles, replace_data_rows
from schemas.arrow import formula_guard, money
from schemas.arrow.columns import Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.cell_kinds import CellKind
from schemas.fields import Field, Kind, Table

REJECTED_WORKBOOK_NAME = "rejected.xlsx"

RejectedRows = Mapping[str, Positions]
"""By table the positions of its rows that are rejected, ascending."""


def find_rejected_rows(assessment: Assessment, statuses: RowStatuses) -> RejectedRows:
    """Return what is rejected: invoices, all that belongs to them, and what belongs to none.

    Args:
        assessment: what is known at the end of a check.
        statuses: what became of each row.

    Returns:
        Only the tables that have rejected rows.
    """
    positions = {name: statuses.find_rejected(name) for name in assessment.tables}
    return {name: table_rows for name, table_rows in positions.items() if len(table_rows)}


def is_rejected_by_file(assessment: Assessment) -> bool:
    """Return whether a sheet or header rejects everything: then the file itself must be corrected."""
    return any(
        issue.level is Level.ERROR and CATALOGUE[issue.code].scope is not Scope.CONTROL
        for issue in assessment.issues.sheet_issues
    )


def fill_template(
    template: bytes, assessment: Assessment, rejected: RejectedRows, issues: Sequence[RowIssue]
) -> tuple[WorkbookPackage, WorkbookAnnotations]:
    """Fill a template with the rejected rows.

    Args:
        template: a workbook with a sheet for each table.
        assessment: what is known at the end of a check.
        rejected: the rejected rows.
        issues: those that are marked.

    Returns:
        The workbook, and what is said in it.
    """
    package = WorkbookPackage(template)
    parts = map_sheet_parts(package)
    moved_issues = [
        _move_issue(issue, assessment.tables[issue.table], rejected)
        for issue in issues
        if _is_among_rejected(issue, rejected)
    ]
    statuses = RowStatuses(assessment, moved_issues)
    sheets: dict[str, SheetAnnotations] = {}
    for name, table in assessment.tables.items():
        part = parts[table.label]
        if name not in rejected:
            replace_data_rows(package, part, ())  # without the example
            continue
        _fill_sheet(package, part, assessment, table, rejected[name], statuses)
        width = len(table.fields)
        sheets[name] = SheetAnnotations(
            part=part, name=table.label, header=0, columns=(width, width + 1), has_status_columns=False
        )
    return package, annotate_rejected(assessment, sheets, moved_issues, _count_issues(assessment, rejected))


def _fill_sheet(
    package: WorkbookPackage,
    part: str,
    assessment: Assessment,
    table: Table,
    positions: Positions,
    statuses: RowStatuses,
) -> None:
    reasons = [statuses.explain_rejection(table.name, position) for position in positions.tolist()]
    columns = _build_columns(package, part, assessment, table, positions)
    columns += _build_status_columns(package, len(table.fields), reasons)
    # row 1 is the header
    numbers = np.arange(2, len(positions) + 2, dtype=np.int32)
    replace_data_rows(package, part, encode_rows(columns, numbers))


def _count_issues(assessment: Assessment, rejected: RejectedRows) -> int:
    """Return how many issues the rejected rows have."""
    findings = [group for group in assessment.issues.findings if group.table in rejected]
    return sum(int(np.isin(group.rows, rejected[group.table]).sum()) for group in findings)


def _is_among_rejected(issue: RowIssue, rejected: RejectedRows) -> bool:
    positions = rejected.get(issue.table, ())
    # positions ascend, so this is a look-up without a set of them all
    index = int(np.searchsorted(positions, issue.position))
    return index < len(positions) and positions[index] == issue.position


def _move_issue(issue: RowIssue, table: Table, rejected: RejectedRows) -> RowIssue:
    """Return an issue at the place that its row has in the template."""
    names = [field.name for field in table]
    row = int(np.searchsorted(rejected[issue.table], issue.position)) + 1
    column = names.index(issue.field if issue.field in names else table.key[0])
    cell = format_reference(row, column) if issue.field in names else ""
    place = describe_location(table.label, cell, row + 1)
    return dataclasses.replace(issue, sheet=0, row=row, column=column, place=place)


def _build_columns(
    package: WorkbookPackage, part: str, assessment: Assessment, table: Table, positions: Positions
) -> list[OutputColumn]:
    """Return a table's columns in the template's order, each in the format that its column has there."""
    column_styles, value_styles = read_column_styles(package, part), add_value_styles(package)
    frame = assessment.raw.tables[table.name].frame
    uncertain = _find_uncertain(assessment, table, positions)
    marked_field = uncertain_rows.choose_marked_field(table, list(frame.columns)) if len(uncertain) else ""
    columns = []
    for index, field in enumerate(table):
        if field.name not in frame:
            continue
        texts, kinds = _collect_cells(assessment, table, field, positions)
        if field.name == marked_field:
            texts = uncertain_rows.mark_uncertain(texts, uncertain)
            kinds = None if kinds is None else _set_text_kind(kinds, uncertain)
        styles = _choose_styles(field, column_styles.get(index, value_styles.value), value_styles)
        columns.append(OutputColumn(to_column_letters(index), texts, styles, kinds))
    return columns


def _find_uncertain(assessment: Assessment, table: Table, positions: Positions) -> Positions:
    """Return the indices of uncertain invoices among the rows to be written; none for other tables."""
    if table.parent is not None:
        return positions[:0]
    invoices = uncertain_rows.find_uncertain_invoices(assessment, uncertain_rows.LOST_IN_TEMPLATE)
    return np.searchsorted(positions, invoices)


def _set_text_kind(kinds: CellKinds, rows: Positions) -> CellKinds:
    changed = kinds.copy()
    changed[rows] = CellKind.TEXT
    return changed


def _collect_cells(
    assessment: Assessment, table: Table, field: Field, positions: Positions
) -> tuple[Texts, CellKinds | None]:
    """Return a field's cells as they were written; where a mapping says what they mean, as what they mean.

    Returns:
        A text for each position, and the CellKind of each; None where all are texts.
    """
    raw, selection = assessment.raw.tables[table.name], pa.array(positions)
    cells = decode_dictionary(pc.take(arrow_column(raw.frame[field.name]), selection))
    # the reader takes an apostrophe off before a text like a formula, so one that is there gets another
    texts = formula_guard.escape_apostrophes(cells)
    kinds = raw.kinds[field.name][positions] if field.name in raw.kinds else None
    typed = _get_typed_rows(assessment, table.name)
    # only a mapping can make the written text mean something else in the template
    if not assessment.settings.mapping or field.name not in typed:
        return texts, kinds
    values = pc.take(arrow_column(typed[field.name]), selection)
    if field.kind is Kind.DATE:
        understood, kind = pc.cast(values, pa.string()), CellKind.DATE
    elif field.kind in (Kind.NUMBER, Kind.MONEY):
        understood, kind = money.format_plain(values), CellKind.NUMBER
    else:
        return texts, kinds
    if kinds is None:
        kinds = np.full(len(texts), CellKind.TEXT, np.uint8)
    is_known = pc.is_valid(understood).to_numpy(zero_copy_only=False)
    return pc.coalesce(understood, texts), np.where(is_known, kind, kinds).astype(np.uint8)


def _get_typed_rows(assessment: Assessment, table: str) -> pd.DataFrame:
    """Return a table's rows as they were understood."""
    valid = assessment.sheets.valid
    frames = {"invoices": valid.invoices, "items": valid.items}
    return frames[table] if table in frames else valid.children[table].frame


def _choose_styles(field: Field, column_style: int, value_styles: ValueStyles) -> ValueStyles:
    """Return the template's format for what the column is made for, and our own for anything else.

    A number in a column of dates keeps the look of a number: with that of a date it would be one.
    """
    if field.kind is Kind.DATE:
        return value_styles._replace(text=column_style, date=column_style)
    if field.kind is Kind.DATETIME:
        return value_styles._replace(text=column_style, date=column_style, date_time=column_style)
    return value_styles._replace(text=column_style, value=column_style)


def _build_status_columns(package: WorkbookPackage, width: int, reasons: list[str]) -> list[OutputColumn]:
    """Return status and reason, behind the last column."""
    styles = add_mark_styles(package)
    statuses = pa.repeat(pa.scalar(translate(ROW_REJECTED), pa.string()), len(reasons))
    reason_texts = pa.array(reasons, pa.string())
    return [
        OutputColumn(to_column_letters(width), statuses, ValueStyles(*[styles.rejected] * 6)),
        OutputColumn(to_column_letters(width + 1), reason_texts, ValueStyles(*[styles.plain] * 6)),
    ]
