"""Each issue as a person needs it beside the sheet: where it is, and what is said. Only as many as can be marked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import translate, translate_count
from pipeline.issues import Findings, Issues, Level
from pipeline.model.sheets import RawTable
from pipeline.report.issue_table import make_issue_table
from schemas.fields import Table


class RowIssue(NamedTuple):
    """One issue of a row.

    Attributes:
        table: the table's name.
        position: of the row in the table's frame.
        sheet: position in the table's sheets.
        row: of the cell, counted from 0.
        column: of the cell, counted from 0; for an issue of the row as a whole that of its key.
        field: the field's name; empty for an issue of the row as a whole.
        place: the cell or row as one would say it.
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
    """The issues of rows, at most so many, shared out so that no cause goes unsaid.

    Args:
        assessment: the end of the line.
        limit: how many at most.
    """
    waiting = sorted(
        (findings for findings in assessment.issues.findings if findings.table in assessment.tables), key=len
    )
    issues: list[RowIssue] = []
    for remaining, findings in zip(range(len(waiting), 0, -1), waiting, strict=True):
        issues += _build_row_issues(_take_first(findings, (limit - len(issues)) // remaining), assessment)
    return issues


def _take_first(findings: Findings, limit: int) -> Findings:
    """The first of some findings."""
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
    columns = [
        _locate_column(raw, sheet_position, findings.field, table)
        for sheet_position in range(len(raw.sheets))
    ]
    rows = make_issue_table(Issues((findings,)), assessment.raw, assessment.tables)
    for position, record in zip(findings.rows.tolist(), rows.to_pylist(), strict=True):
        sheet = int(raw.sheet_indices[position])
        yield RowIssue(
            findings.code, findings.level, findings.table, position, sheet, record["row"] - 1, columns[sheet],
            findings.field, describe_location(raw.sheets[sheet].name, record["cell"], record["row"]), record["value"], _build_message(record),
            record["fix"], record["invoice_ref"], record["rows"],
        )  # fmt: skip


def describe_location(sheet: str, cell: str, row: int) -> str:
    """Where something is, as one would say it: the cell, else the row.

    Args:
        sheet: its name.
        cell: as `C3`; "" where no one cell is meant.
        row: as the spreadsheet shows it.
    """
    return f"{sheet} {cell}" if cell else translate("{where} row {row}", where=sheet, row=str(row))


def _build_message(issue: dict[str, Any]) -> str:
    """The sentence, and how many rows it stands for besides its own."""
    more = issue["rows"] - 1
    return f"{issue['message']} {_count_more_rows(more)}" if more else str(issue["message"])


def _count_more_rows(rows: int) -> str:
    return translate_count(rows, "(And in {count} more row.)", "(And in {count} more rows.)")


def _locate_column(raw: RawTable, sheet: int, field: str, table: Table) -> int:
    """Where a field stands in a sheet; the key's place when it stands nowhere."""
    columns = {column.field: column.index for column in raw.sheets[sheet].columns}
    return columns.get(field, columns.get(table.key[0], 0))
