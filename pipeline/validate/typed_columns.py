"""Typed columns of a table, present or not: a column that the sheet lacks is null in every row.

In: the fields found, typed, and the table's declaration.
Out: any column by its name; the frame that the table's rules read.
Never: fills a value in.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from pipeline.validate.requirements import Requirements
from schemas.arrow.columns import ArrowColumn
from schemas.arrow.frames import arrow_column, to_series
from schemas.fields import Table
from schemas.notation.parsing import STORAGE_TYPES
from schemas.tables import INVOICES, ITEMS

_STORAGE_BY_FIELD = {field.name: STORAGE_TYPES[field.kind] for field in (*INVOICES, *ITEMS)}

DerivedColumns = dict[str, ArrowColumn]
"""Columns that are derived for the rules, by name."""


class TypedColumns:
    """A table's typed columns by name; a column that the sheet lacks is null in every row."""

    def __init__(self, values: pd.DataFrame, table: Table) -> None:
        """Wrap a frame.

        Args:
            values: the fields found in the sheet, typed.
            table: the declaration.
        """
        self._values = values
        self._table = table

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, name: str) -> ArrowColumn:
        if name in self._values:
            return arrow_column(self._values[name])
        if name not in self._table:  # the target does not take it
            return pa.nulls(len(self), _STORAGE_BY_FIELD.get(name, pa.string()))
        return pa.nulls(len(self), STORAGE_TYPES[self._table[name].kind])

    def build_frame(self, derived: Mapping[str, ArrowColumn], requirements: Requirements) -> pd.DataFrame:
        """Return the frame that the rules of the table read.

        Args:
            derived: derived columns.
            requirements: what the sheets are checked against.
        """
        read: set[str] = set()
        for rule in requirements.get_rules(self._table.name):
            read.update(rule.columns)
        missing = sorted(read - set(derived) - set(self._values))
        columns = {name: self[name] for name in missing} | dict(derived)
        return self._values.assign(**{name: to_series(values) for name, values in columns.items()})
