"""The issues of rows that are marked, with their cell and message: as many as spreadsheet programs handle.

In: the assessment, and how many issues may be marked.
Out: `RowIssue` records, those of the rarest causes first.
Never: leaves a cause out because another has many rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import translate, translate_count
from pipeline.issues import Findings, Issues, Level
from pipeline.model.sheets import RawTable
from pipeline.report.issue_table import make_issue_table
from schemas.fields import Table


@dataclass(frozen=True, kw_only=True)
class RowIssue:
    """One issue of a row.

    Attributes:
        code: of the catalogue.
        level: error or warning.
        table: the table's name.
        position: of the row in the table's frame.
        sheet: position in the table's sheets.
        row: of the cell, counted from 0.
        column: of the cell, counted from 0; for an issue of the row as a whole that of its key.
        field: the field's name; empty for an issue of the row as a whole.
        place: the cell or row as a sentence names it.
        value: what the cell holds.
        message: what is wrong.
        fix: what to do.
        invoice: the reference of its invoice.
        rows: how many rows it stands for.
    """

    code: str
    level: Level
    table: str
    position: int
    sheet: int
    row: int
    column: int
    field: str
    place: str
    value: str
    message: str
    fix: str
    invoice: str
    rows: int


def select_row_issues(assessment: Assessment, limit: int) -> list[RowIssue]:
    """Select issues of rows so that no cause is left out for another's sake.

    Args:
        assessment: what is known at the end of a check.
        limit: how many at most.

    Returns:
        The issues, those of the rarest causes first.
    """
    waiting = [findings for findings in assessment.issues.findings if findings.table in assessment.tables]
    # the smallest first, so that what they leave of their share is known to the others
    waiting.sort(key=len)
    issues: list[RowIssue] = []
    # Each group may take its share of what is left; what a small one does not need goes to the larger ones.
    for remaining, findings in zip(range(len(waiting), 0, -1), waiting, strict=True):
        issues += _build_row_issues(_take_first(findings, (limit - len(issues)) // remaining), assessment)
    return issues


def _take_first(findings: Findings, limit: int) -> Findings:
    if len(findings) <= limit:
        return findings
    return dataclasses.replace(
        findings,
        rows=findings.rows[:limit],
        values=None if findings.values is None else findings.values[:limit],
        facts={
            name: fact if isinstance(fact, str) else fact[:limit] for name, fact in findings.facts.items()
        },
        row_counts=None if findings.row_counts is None else findings.row_counts[:limit],
    )


def _build_row_issues(findings: Findings, assessment: Assessment) -> Iterator[RowIssue]:
    raw, table = assessment.raw.tables[findings.table], assessment.tables[findings.table]
    columns = [_locate_column(raw, index, findings.field, table) for index in range(len(raw.sheets))]
    records = make_issue_table(Issues((findings,)), assessment.raw, assessment.tables).to_pylist()
    for position, record in zip(findings.rows.tolist(), records, strict=True):
        sheet = int(raw.sheet_indices[position])
        yield RowIssue(
            code=findings.code,
            level=findings.level,
            table=findings.table,
            position=position,
            sheet=sheet,
            row=record["row"] - 1,
            column=columns[sheet],
            field=findings.field,
            place=describe_location(raw.sheets[sheet].name, record["cell"], record["row"]),
            value=record["value"],
            message=_build_message(record),
            fix=record["fix"],
            invoice=record["invoice_ref"],
            rows=record["rows"],
        )


def describe_location(sheet: str, cell: str, row: int) -> str:
    """Return a place as a sentence names it: the cell, else the row.

    Args:
        sheet: its name.
        cell: as `C3`; "" where no single cell is meant.
        row: as the spreadsheet shows it.
    """
    return f"{sheet} {cell}" if cell else translate("{where} row {row}", where=sheet, row=str(row))


def _build_message(record: dict[str, Any]) -> str:
    """Return the message, with the number of further rows it stands for."""
    further = record["rows"] - 1
    if not further:
        return str(record["message"])
    count = translate_count(further, "(And in {count} more row.)", "(And in {count} more rows.)")
    return f"{record['message']} {count}"


def _locate_column(raw: RawTable, sheet: int, field: str, table: Table) -> int:
    """Return the position of a field's column in a sheet; of the key's where the field has none."""
    columns = {column.field: column.index for column in raw.sheets[sheet].columns}
    return columns.get(field, columns.get(table.key[0], 0))
