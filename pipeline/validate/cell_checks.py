"""Checks of cells as text: is each one there, readable, short enough and of the right type.

In: a raw table and its cells as text.
Out: `Findings` by column, and the cells that cannot be read.
Never: a look at another cell of the row; that is for the rules, once cells are typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipeline.issues import Findings
from pipeline.model.indices import Mask
from pipeline.model.sheets import RawTable
from pipeline.process import open_thread_pool
from pipeline.validate.issue_facts import FailedCells, collect_cell_facts
from schemas.cell_facts import FACT_SUFFIXES
from schemas.fields import Table
from schemas.notation.dates import DateNotation
from schemas.notation.numbers import NumberNotation

if TYPE_CHECKING:
    from schemas.pandera_schemas import Failure


@dataclass(frozen=True)
class TextNotation:
    """How texts are written, and which characters they may have.

    Attributes:
        dates: how text dates are written.
        numbers: how texts write numbers.
        allow_astral: characters beyond the basic plane, such as emoji, are allowed.
    """

    dates: DateNotation
    numbers: NumberNotation
    allow_astral: bool = True


def check_cells(table: Table, raw: RawTable, cells: pd.DataFrame, notation: TextNotation) -> list[Findings]:
    """Check the cells of a table as text, several columns in parallel.

    Args:
        table: its declaration.
        raw: the table as read.
        cells: its cells as text.
        notation: how texts are written.

    Returns:
        The failures, column by column in the order of the sheet.
    """
    from schemas import pandera_schemas

    def check_column(name: str) -> list[Findings]:
        fact_columns = [name + suffix for suffix in FACT_SUFFIXES if name + suffix in cells]
        schema = pandera_schemas.build_text_schema(
            table,
            [name],
            fact_columns,
            allow_astral=notation.allow_astral,
            date_notation=notation.dates,
        )
        failures = list(pandera_schemas.iter_failures(schema, cells[[*fact_columns, name]]))
        return _collect_column_findings(table, name, raw, failures, notation)

    findings = []
    with open_thread_pool() as pool:
        # `map` keeps the order of the sheet, whichever column is done first
        for column_findings in pool.map(check_column, raw.fields):
            findings += column_findings
    return findings


def _collect_column_findings(
    table: Table, name: str, raw: RawTable, failures: list[Failure], notation: TextNotation
) -> list[Findings]:
    """Turn the failures of one column into findings; a cell counts under the first check that it fails."""
    field, findings = table[name], []
    reported = np.zeros(len(raw), bool)
    # a ragged row is reported as such: which of its cells belongs to which column is not known
    reported[raw.ragged_rows] = True
    for failure in failures:
        rows = failure.rows[~reported[failure.rows]]
        reported[rows] = True
        facts = collect_cell_facts(
            failure.code, FailedCells(field, raw, rows, notation.dates, notation.numbers)
        )
        findings.append(Findings(failure.code, raw.name, field.name, rows, facts=facts))
    return findings


def mark_unreadable(findings: list[Findings], raw: RawTable) -> dict[str, Mask]:
    """Return per field a mask of the rows whose cell could not be read; in a ragged row that is every cell.

    Args:
        findings: of the cells as text.
        raw: the table as read.
    """
    masks = mark_rows_by_field(findings, len(raw))
    if len(raw.ragged_rows):
        for name in raw.fields:
            masks.setdefault(name, np.zeros(len(raw), bool))[raw.ragged_rows] = True
    return masks


def mark_rows_by_field(findings: list[Findings], row_count: int) -> dict[str, Mask]:
    """Return per field a mask of the rows that have a finding.

    Args:
        findings: of one table.
        row_count: the table's number of rows.
    """
    masks: dict[str, Mask] = {}
    for finding in findings:
        masks.setdefault(finding.field, np.zeros(row_count, bool))[finding.rows] = True
    return masks
