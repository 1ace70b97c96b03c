"""Stage 1: what is said of rows and columns whatever stands in their cells: ragged, hidden, blanks removed.

In: the bodies of one table.
Out: findings, told by their place in the whole table.
Never: judges a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.issues import Findings, SheetIssue
from pipeline.model.indices import Positions
from pipeline.read.files.options import HIDDEN_IS_READ
from pipeline.read.rows import visibility
from pipeline.read.rows.data_rows import DataRows
from schemas.fields import Table


def find_row_findings(
    table: Table, blocks: Sequence[DataRows], hidden_setting: str
) -> Iterator[Findings | None]:
    """What is said of rows.

    Args:
        table: its declaration.
        blocks: its sheets.
        hidden_setting: what a hidden row is, as the setting says.
    """
    yield from _find_trimmed(table, blocks)
    yield _find_ragged(table, blocks)
    yield from _find_hidden(table, blocks, hidden_setting)


def find_hidden_column_issues(block: DataRows, source: str) -> Iterator[SheetIssue]:
    """The hidden columns that feed a field and hold anything."""
    sheet = block.sheet
    for column in visibility.find_hidden_columns(sheet):
        if column.field in block.columns and pc.any(pc.not_equal(block.columns[column.field], "")).as_py():
            yield SheetIssue(
                "W103", source, sheet.grid.name, int(sheet.grid.row_numbers[sheet.header_index]), column.letter, column.header,
                {"table": sheet.table.label},
            )  # fmt: skip


def compute_row_offsets(blocks: Sequence[DataRows]) -> list[int]:
    """Where the rows of each sheet begin in the table's frame."""
    return [0, *np.cumsum([len(block.row_numbers) for block in blocks]).tolist()][: len(blocks)]


def _find_trimmed(table: Table, blocks: Sequence[DataRows]) -> list[Findings]:
    """One warning a column, standing for all its rows."""
    findings = []
    for field in table:
        hits = [
            (start + block.trimmed[field.name].first_row, block.trimmed[field.name])
            for start, block in zip(compute_row_offsets(blocks), blocks, strict=True)
            if field.name in block.trimmed
        ]
        if hits:
            row, first = hits[0]
            count = sum(blanks.count for _, blanks in hits)
            value = pa.array([first.value], pa.string())
            findings.append(
                Findings("W201", table.name, field.name, np.array([row]), value, row_counts=np.array([count]))
            )
    return findings


def _find_ragged(table: Table, blocks: Sequence[DataRows]) -> Findings | None:
    """Rows with too many or too few cells, with the number of both."""
    rows: list[Positions] = []
    cells: list[str] = []
    expected: list[str] = []
    for start, block in zip(compute_row_offsets(blocks), blocks, strict=True):
        ragged_rows, counts = block.ragged
        rows.append(ragged_rows + start)
        cells += map(str, counts.tolist())
        expected += [str(block.sheet.grid.width)] * len(ragged_rows)
    if not cells:
        return None
    facts = {"cells": pa.array(cells, pa.string()), "expected": pa.array(expected, pa.string())}
    return Findings("E106", table.name, "", np.concatenate(rows), facts=facts)


def _find_hidden(table: Table, blocks: Sequence[DataRows], hidden_setting: str) -> Iterator[Findings]:
    """Each hidden row; or, where the setting takes them as they are, one notice a sheet."""
    for start, block in zip(compute_row_offsets(blocks), blocks, strict=True):
        rows = np.flatnonzero(block.is_hidden) + start
        if not len(rows):
            continue
        how = (
            translate("a filter is set in this sheet")
            if block.sheet.grid.is_filtered
            else translate("by hand")
        )
        if hidden_setting == HIDDEN_IS_READ:
            yield Findings(
                "W102", table.name, "", rows[:1], facts={"how": how}, row_counts=np.array([len(rows)])
            )
        else:
            yield Findings("E112", table.name, "", rows, facts={"how": how})
