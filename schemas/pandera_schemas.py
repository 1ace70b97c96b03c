"""Pandera schemas derived from the declarations, and the rows that fail them.

In: declarations and rules; then a frame.
Out: schemas; then the failing rows of each check.
Never: formats a message, or lets pandera drop or convert a row.

A table is checked in two passes, because a cell must be readable before its value can be checked:
`build_text_schema` for the cells as text, `build_value_schema` for the parsed columns and those derived from
them. Every check is an Arrow kernel wrapped as a `pandera.Check` that carries its issue code; `iter_failures`
runs a schema and returns the failing rows of each check, taken from the check's own output.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc

from schemas import checks
from schemas.arrow.columns import ArrowColumn, Booleans
from schemas.arrow.frames import arrow_column
from schemas.cell_facts import FACT_SUFFIXES, iter_fact_checks
from schemas.fields import Table
from schemas.notation.dates import DateNotation
from schemas.rule import Rule, RuleSettings

RowMask = npt.NDArray[np.bool_]


class Failure(NamedTuple):
    """A check that failed: its code, the column, and the rows (positions) that failed it."""

    code: str
    field: str
    rows: npt.NDArray[np.int64]


def build_text_schema(
    table: Table,
    columns: Collection[str],
    fact_columns: Collection[str],
    *,
    allow_astral: bool,
    date_notation: DateNotation,
) -> pandera.DataFrameSchema:
    """Build the schema of a table's cells as text.

    Args:
        table: as the target takes it.
        columns: names of the fields found in the sheet.
        fact_columns: the columns of facts in the sheet, like `amount:kind`.
        allow_astral: whether characters of 4 bytes are allowed.
        date_notation: the declared date format.
    """
    fact_schemas, text_schemas = {}, {}
    for field in table:
        if field.name not in columns:
            continue
        text_checks = checks.iter_text_checks(field, allow_astral=allow_astral, date_notation=date_notation)
        text_schemas[field.name] = _build_column(text_checks)
        for suffix in FACT_SUFFIXES:
            if field.name + suffix in fact_columns:
                fact_checks = iter_fact_checks(suffix, field, date_notation)
                fact_schemas[field.name + suffix] = _build_column(fact_checks)
    # facts first: an error cell is reported as such, not as what its text would break
    return pandera.DataFrameSchema(fact_schemas | text_schemas)


def build_value_schema(
    table: Table, columns: Collection[str], rules: Iterable[Rule], rule_settings: RuleSettings
) -> pandera.DataFrameSchema:
    """Build the schema of a table's parsed columns and derived columns.

    Args:
        table: as the target takes it.
        columns: names of the fields found in the sheet.
        rules: the rules of this table.
        rule_settings: what the settings say about rules.
    """
    return pandera.DataFrameSchema(
        {
            field.name: _build_column(checks.iter_value_checks(field))
            for field in table
            if field.name in columns
        },
        checks=[_wrap_rule(rule, rule_settings) for rule in rules],
    )


def iter_failures(schema: pandera.DataFrameSchema, frame: pd.DataFrame) -> Iterator[Failure]:
    """Run every check of a schema and yield the failing rows of each that fails, in the order of declaration.

    The checks are called as pandera calls them. `schema.validate` finds the same, but it also formats a
    message per failure, which takes longer than the check and is not shown.

    Args:
        schema: from `build_text_schema` or `build_value_schema`.
        frame: a row per row of the table.

    Raises:
        KeyError: a column is missing: a mistake of ours.
    """
    for name, column in schema.columns.items():
        for check in column.checks:
            yield from _run_check(check, frame[name])
    for check in schema.checks:
        yield from _run_check(check, frame)


def _run_check(check: pandera.Check, data: Any) -> Iterator[Failure]:
    result = check(data)
    if not result.check_passed:
        code, _, field = str(check.name).partition(" ")
        yield Failure(code, field, np.flatnonzero(~np.asarray(result.check_output)))


def _build_column(cell_checks: Iterable[checks.CellCheck]) -> pandera.Column:
    return pandera.Column(None, checks=[_wrap_cell_check(check) for check in cell_checks], nullable=True)


def _wrap_cell_check(check: checks.CellCheck) -> pandera.Check:
    return _build_pandera_check(
        check.code, check.field, lambda series: _apply_to_distinct(check.predicate, arrow_column(series))
    )


def _wrap_rule(rule: Rule, rule_settings: RuleSettings) -> pandera.Check:
    def apply_rule(frame: pd.DataFrame) -> Booleans:
        columns = {name: arrow_column(frame[name]) for name in rule.columns}
        return pc.fill_null(rule.predicate(columns, rule_settings), True)

    return _build_pandera_check(rule.get_code(rule_settings), rule.field, apply_rule)


def _build_pandera_check(code: str, field: str, predicate: Callable[[Any], Any]) -> pandera.Check:
    """Wrap a function that returns an Arrow column of booleans, one per row, as a pandera check."""

    def run_check(data: Any) -> pd.Series[bool]:
        return pd.Series(predicate(data).to_numpy(zero_copy_only=False), index=data.index)

    # pandera would leave null cells out of the column, and the positions would be wrong
    return pandera.Check(run_check, name=f"{code} {field}", error=code, ignore_na=False)


def _apply_to_distinct(predicate: checks.Kernel, cells: ArrowColumn) -> Booleans:
    """Check each distinct value once where the column is dictionary-encoded."""
    if isinstance(cells, pa.DictionaryArray):
        is_held = predicate(cells.dictionary)
        if pc.all(is_held).as_py():
            return pa.array(np.ones(len(cells), bool))
        return pc.take(is_held, cells.indices)
    return predicate(cells)
