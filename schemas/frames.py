"""From declarations to pandera schemas.

A table is judged in two passes, because a cell must be readable before its value can be judged: `text_schema`
on the cells as text, `value_schema` on the typed columns and the facts gathered about them. Every check is an
Arrow kernel wrapped as a `pandera.Check` that carries its issue code; `failures` runs a schema and returns
the failing rows of each check, taken from the check's own output.
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
from schemas.beside import BESIDE, of_beside
from schemas.columns import cells_of
from schemas.dates import DateFormat
from schemas.fields import Table
from schemas.terms import Rule, Terms

Mask = npt.NDArray[np.bool_]


class Failure(NamedTuple):
    """A check that failed: its code, the column, and the rows (positions) that failed it."""

    code: str
    field: str
    rows: npt.NDArray[np.int64]


def text_schema(
    table: Table, columns: Collection[str], beside: Collection[str], *, astral: bool, dates: DateFormat
) -> pandera.DataFrameSchema:
    """The schema of a table's cells as text.

    Args:
        table: as the target takes it.
        columns: names of the fields found in the sheet.
        beside: what is told beside them, like `amount:kind`, for those whose cells are not all text.
        astral: whether characters of 4 bytes are allowed.
        dates: the declared date format.
    """
    found = [each for each in table if each.name in columns]
    texts = {
        each.name: _column([_kernel(c) for c in checks.of_text(each, astral=astral, dates=dates)])
        for each in found
    }
    held = {
        each.name + suffix: _column([_kernel(c) for c in of_beside(suffix, each, dates)])
        for each in found
        for suffix in BESIDE
        if each.name + suffix in beside
    }
    return pandera.DataFrameSchema(held | texts)  # error cells before what their text would break


def value_schema(
    table: Table, columns: Collection[str], applied: Iterable[Rule], terms: Terms
) -> pandera.DataFrameSchema:
    """The schema of a table's typed columns and facts.

    Args:
        table: as the target takes it.
        columns: names of the fields found in the sheet.
        applied: the rules of this table.
        terms: what the settings say about rules.
    """
    return pandera.DataFrameSchema(
        {
            each.name: _column([_kernel(c) for c in checks.of_values(each)])
            for each in table
            if each.name in columns
        },
        checks=[_rule(each, terms) for each in applied],
    )


def failures(schema: pandera.DataFrameSchema, frame: pd.DataFrame) -> Iterator[Failure]:
    """Ask every check of a schema; the failing rows of each that fails, in the order of declaration.

    The checks are called as pandera calls them. `schema.validate` finds the same, but it also words each failure
    for a person, which takes longer than the check and is not what we show.

    Raises:
        KeyError: a column is missing: a mistake of ours.
    """
    for name, column in schema.columns.items():
        for check in column.checks:
            yield from _failed(check, frame[name])
    for check in schema.checks:
        yield from _failed(check, frame)


def _failed(check: pandera.Check, data: Any) -> Iterator[Failure]:
    result = check(data)
    if not result.check_passed:
        code, _, field = str(check.name).partition(" ")
        yield Failure(code, field, np.flatnonzero(~np.asarray(result.check_output)))


def _column(of: list[pandera.Check]) -> pandera.Column:
    return pandera.Column(None, checks=of, nullable=True)


def _kernel(check: checks.CellCheck) -> pandera.Check:
    return _pandera(check.code, check.field, lambda series: _on_distinct(check.holds, cells_of(series)))


def _rule(rule: Rule, terms: Terms) -> pandera.Check:
    def holds(frame: pd.DataFrame) -> Any:
        columns = {name: cells_of(frame[name]) for name in dict.fromkeys((*rule.needs, *rule.uses))}
        return pc.fill_null(rule.holds(columns, terms), True)

    return _pandera(rule.code, rule.field, holds)


def _pandera(code: str, field: str, holds: Callable[[Any], Any]) -> pandera.Check:
    """A pandera check around a function that returns an Arrow column of booleans, one a row."""

    def check(data: Any) -> pd.Series[bool]:
        return pd.Series(holds(data).to_numpy(zero_copy_only=False), index=data.index)

    return pandera.Check(check, name=f"{code} {field}", error=code, ignore_na=False)


def _on_distinct(holds: checks.Kernel, cells: Any) -> Any:
    """Judge each distinct value once where the column is dictionary-encoded."""
    if isinstance(cells, pa.DictionaryArray):
        held = holds(cells.dictionary)
        if pc.all(held).as_py():
            return pa.array(np.ones(len(cells), bool))
        return pc.take(held, cells.indices)
    return holds(cells)
