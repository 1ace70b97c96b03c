"""`rejected.xlsx`: the rejected invoices alone, whole, in the template's own form, marked like the preparer's file.

In: the end of the line, and the bytes of the template that fits its settings.
Out: a workbook whose rows are written as a person wrote them, each with what is wrong; corrected and handed in
again it runs as it is. A fault that would be gone by writing the rows anew leaves a mark instead (`doubts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import translate
from pipeline.issues import Level
from pipeline.model.indices import Positions
from pipeline.report.marked import uncertain_rows, workbooks
from pipeline.report.marked.annotations import SheetAnnotations, WorkbookAnnotations
from pipeline.report.marked.row_status import ROW_REJECTED, RowStatuses
from pipeline.report.marked.selected_issues import RowIssue, describe_location
from pipeline.spreadsheet import styles, template_rows
from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.references import format_reference
from pipeline.spreadsheet.row_writer import CellKinds, OutputColumn, ValueStyles, encode_rows
from schemas.arrow import formula_guard, money
from schemas.arrow.columns import arrow_column, decode_dictionary
from schemas.cell_kinds import CellKind
from schemas.fields import Field, Kind, Table

REJECTED_WORKBOOK_NAME = "rejected.xlsx"
_CONTROL_TOTALS = "6"
"""Of a code: faults of what was expected, which reject no invoice."""
_DATE_KINDS, _NUMBER_KINDS = (Kind.DATE,), (Kind.NUMBER, Kind.MONEY)

RejectedRows = Mapping[str, Positions]
"""By table the positions of its rows that are rejected."""


def find_rejected_rows(assessment: Assessment, statuses: RowStatuses) -> RejectedRows:
    """What is rejected: invoices, all that belongs to them, and what belongs to none.

    Args:
        assessment: the end of the line.
        statuses: what became of each row.
    """
    positions = {name: statuses.find_rejected(name) for name in assessment.tables}
    return {name: table_rows for name, table_rows in positions.items() if len(table_rows)}


def is_rejected_by_file(assessment: Assessment) -> bool:
    """Whether a sheet or header rejects everything: then the file itself must be corrected."""
    return any(
        issue.level is Level.ERROR and issue.code[1] != _CONTROL_TOTALS
        for issue in assessment.issues.sheet_issues
    )


def fill_template(
    template: bytes, assessment: Assessment, rejected: RejectedRows, issues: Sequence[RowIssue]
) -> tuple[WorkbookPackage, WorkbookAnnotations]:
    """The template with the rejected rows, and what is to be marked in it.

    Args:
        template: a workbook with a sheet for each table.
        assessment: the end of the line.
        rejected: the rejected rows.
        issues: the issues that are told one by one.
    """
    package = WorkbookPackage(template)
    parts = template_rows.map_sheet_parts(package)
    placed_issues = [
        _move_issue(issue, assessment.tables[issue.table], rejected)
        for issue in issues
        if _is_among_rejected(issue, rejected)
    ]
    statuses = RowStatuses(assessment, placed_issues)
    annotations: dict[str, SheetAnnotations] = {}
    for name, table in assessment.tables.items():
        part, width, positions = parts[table.label], len(table.fields), rejected.get(name)
        if positions is None:
            template_rows.replace_data_rows(package, part, ())  # without the example
            continue
        columns = _build_columns(package, part, assessment, table, positions)
        columns += _build_status_columns(
            package, width, [statuses.explain_rejection(name, position) for position in positions.tolist()]
        )
        numbers = np.arange(2, len(positions) + 2, dtype=np.int32)
        template_rows.replace_data_rows(package, part, encode_rows(columns, numbers))
        annotations[part] = SheetAnnotations(
            part, table.label, 0, (width, width + 1), has_status_columns=False
        )
    sheet_of = {table: annotations[parts[assessment.tables[table].label]] for table in rejected}
    return package, workbooks.annotate_rejected(
        assessment, sheet_of, placed_issues, _count_faults(assessment, rejected)
    )


def _count_faults(assessment: Assessment, rejected: RejectedRows) -> int:
    """How many faults the rejected rows have."""
    findings = [group for group in assessment.issues.findings if group.table in rejected]
    return sum(int(np.isin(group.rows, rejected[group.table]).sum()) for group in findings)


def _is_among_rejected(issue: RowIssue, rejected: RejectedRows) -> bool:
    positions = rejected.get(issue.table, ())
    index = int(np.searchsorted(positions, issue.position))
    return index < len(positions) and positions[index] == issue.position


def _move_issue(issue: RowIssue, table: Table, rejected: RejectedRows) -> RowIssue:
    """An issue at the place that its row has in the template."""
    names = [field.name for field in table]
    row = int(np.searchsorted(rejected[issue.table], issue.position)) + 1
    column = names.index(issue.field if issue.field in names else table.key[0])
    cell = format_reference(row, column) if issue.field in names else ""
    return issue._replace(
        sheet=0, row=row, column=column, place=describe_location(table.label, cell, row + 1)
    )


def _build_columns(
    package: WorkbookPackage, part: str, assessment: Assessment, table: Table, positions: Positions
) -> list[OutputColumn]:
    """A table's columns in the template's order, each in the format that its column has there."""
    column_styles, value_styles = (
        template_rows.read_column_styles(package, part),
        styles.add_value_styles(package),
    )
    frame = assessment.raw.tables[table.name].frame
    uncertain = (
        uncertain_rows.find_uncertain_invoices(assessment, uncertain_rows.LOST_IN_TEMPLATE)
        if table.parent is None
        else positions[:0]
    )
    marked_field = uncertain_rows.choose_marked_field(table, list(frame.columns)) if len(uncertain) else ""
    columns = []
    for index, field in enumerate(table):
        if field.name in frame:
            texts, kinds = _collect_cells(assessment, table, field, positions)
            if field.name == marked_field:
                texts = uncertain_rows.mark_uncertain(texts, np.searchsorted(positions, uncertain))
                kinds = (
                    None if kinds is None else _set_text_kind(kinds, np.searchsorted(positions, uncertain))
                )
            columns.append(
                OutputColumn(
                    format_reference(0, index)[:-1],
                    texts,
                    _choose_styles(field, column_styles.get(index, value_styles.value), value_styles),
                    kinds,
                )
            )
    return columns


def _set_text_kind(kinds: CellKinds, positions: Positions) -> CellKinds:
    changed = kinds.copy()
    changed[positions] = CellKind.TEXT
    return changed


def _collect_cells(
    assessment: Assessment, table: Table, field: Field, positions: Positions
) -> tuple[Any, CellKinds | None]:
    """A field's cells as they were written; where a mapping said what they mean, as what they mean."""
    raw, selection = assessment.raw.tables[table.name], pa.array(positions)
    texts = formula_guard.escape_apostrophes(
        decode_dictionary(pc.take(arrow_column(raw.frame[field.name]), selection))
    )
    kinds = raw.kinds[field.name][positions] if field.name in raw.kinds else None
    typed = _get_typed_rows(assessment, table.name)
    if not assessment.settings.mapping or field.name not in typed:
        return texts, kinds
    values = pc.take(arrow_column(typed[field.name]), selection)
    if field.kind in _DATE_KINDS:
        understood, kind = pc.cast(values, pa.string()), CellKind.DATE
    elif field.kind in _NUMBER_KINDS:
        understood, kind = money.format_plain(values), CellKind.NUMBER
    else:
        return texts, kinds
    is_known = pc.is_valid(understood)
    kinds_before = kinds if kinds is not None else np.full(len(texts), CellKind.TEXT, np.uint8)
    return pc.coalesce(understood, texts), np.where(
        is_known.to_numpy(zero_copy_only=False), kind, kinds_before
    ).astype(np.uint8)


def _get_typed_rows(assessment: Assessment, table: str) -> pd.DataFrame:
    """A table's rows as they were understood."""
    valid = assessment.sheets.valid
    frames = {"invoices": valid.invoices, "items": valid.items}
    return frames[table] if table in frames else valid.children[table].frame


def _choose_styles(field: Field, column_style: int, value_styles: ValueStyles) -> ValueStyles:
    """The template's format for what the column is made for, and our own for anything else.

    A number in a column of dates keeps the look of a number: with that of a date it would be one.
    """
    if field.kind in (Kind.DATE, Kind.DATETIME):
        return value_styles._replace(
            text=column_style,
            date=column_style,
            date_time=value_styles.date_time if field.kind is Kind.DATE else column_style,
        )
    return value_styles._replace(text=column_style, value=column_style)


def _build_status_columns(package: WorkbookPackage, width: int, reasons: list[str]) -> list[OutputColumn]:
    """Status and reason, behind the last column."""
    mark_styles = styles.add_mark_styles(package)
    status, reason = (format_reference(0, width + offset)[:-1] for offset in (0, 1))
    reason_texts = pa.array(reasons, pa.string())
    status_texts = pa.repeat(pa.scalar(translate(ROW_REJECTED), pa.string()), len(reasons))
    return [
        OutputColumn(status, status_texts, ValueStyles(*[mark_styles.rejected] * 6)),
        OutputColumn(reason, reason_texts, ValueStyles(*[mark_styles.plain] * 6)),
    ]
