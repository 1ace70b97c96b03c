"""Row issues: ragged rows, hidden rows and columns, and removed blanks, whatever the cells hold.

In: the data rows of one table's sheets.
Out: findings, whose positions are rows of the whole table.
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
    """Yield the findings about rows of a table; None stands for no finding.

    Args:
        table: its declaration.
        blocks: the data rows of its sheets.
        hidden_setting: the treatment of hidden rows, one of `HIDDEN_ROW_CHOICES`.
    """
    yield from _find_trimmed(table, blocks)
    yield _find_ragged(table, blocks)
    yield from _find_hidden(table, blocks, hidden_setting)


def find_hidden_column_issues(block: DataRows, source: str) -> Iterator[SheetIssue]:
    """Yield an issue for each hidden column that feeds a field and holds a value.

    Args:
        block: the data rows of a sheet.
        source: the file's name.
    """
    sheet = block.sheet
    for column in visibility.find_hidden_columns(sheet):
        if column.field in block.columns and pc.any(pc.not_equal(block.columns[column.field], "")).as_py():
            yield SheetIssue(
                "W103",
                source,
                sheet.grid.name,
                sheet.header_row,
                column.letter,
                value=column.header,
                facts={"table": sheet.table.label},
            )


def compute_row_offsets(blocks: Sequence[DataRows]) -> list[int]:
    """Return per sheet the position of its first row in the table's frame."""
    # the last sum is where the table ends, no start
    return [0, *np.cumsum([len(block.row_numbers) for block in blocks]).tolist()][: len(blocks)]


def _find_trimmed(table: Table, blocks: Sequence[DataRows]) -> Iterator[Findings]:
    """Yield one warning per column with removed blanks, which stands for all its rows."""
    offsets = compute_row_offsets(blocks)
    for field in table:
        hits = [
            (start + block.trimmed[field.name].first_row, block.trimmed[field.name])
            for start, block in zip(offsets, blocks, strict=True)
            if field.name in block.trimmed
        ]
        if hits:
            row, first = hits[0]
            row_counts = np.array([sum(blanks.count for _, blanks in hits)])
            value = pa.array([first.value], pa.string())
            yield Findings("W201", table.name, field.name, np.array([row]), value, row_counts=row_counts)


def _find_ragged(table: Table, blocks: Sequence[DataRows]) -> Findings | None:
    """Return the rows with too many or too few cells, with the number of cells found and expected."""
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
    """Yield an error for each hidden row or, where the setting reads them, one notice per sheet."""
    for start, block in zip(compute_row_offsets(blocks), blocks, strict=True):
        rows = np.flatnonzero(block.is_hidden) + start
        if not len(rows):
            continue
        is_filtered = block.sheet.grid.is_filtered
        facts = {"how": translate("a filter is set in this sheet") if is_filtered else translate("by hand")}
        if hidden_setting == HIDDEN_IS_READ:
            yield Findings("W102", table.name, "", rows[:1], facts=facts, row_counts=np.array([len(rows)]))
        else:
            yield Findings("E112", table.name, "", rows, facts=facts)
