"""What is told beside the text of a column: what its cells held, showed, were merged with; and its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from schemas.cell_kinds import CellKind
from schemas.checks import CellCheck
from schemas.fields import Field, Kind
from schemas.notation.dates import DateNotation

KIND_SUFFIX = ":kind"
"""Beside the text of a column, `amount:kind` tells what each cell held, where not all of it was text."""

MERGED_SUFFIX = ":merged"
"""`amount:merged` tells the merged cells that a cell is part of without being their first; "" for all others."""

SHOWN_SUFFIX = ":shown"
"""`amount:shown` tells what a cell shows that shows another number than it holds; "" for all others."""

FACT_SUFFIXES = (KIND_SUFFIX, MERGED_SUFFIX, SHOWN_SUFFIX)
"""What stands beside the text of a column; it is judged before the text is."""

BLANK, TEXT, NUMBER, DATE, TIME, BOOLEAN, ERROR, FORMULA = CellKind
"""What a cell held."""

READABLE_CELL_KINDS: Mapping[Kind, tuple[int, ...]] = {
    Kind.TEXT: (BLANK, TEXT, NUMBER, BOOLEAN),
    Kind.IDENTIFIER: (BLANK, TEXT, NUMBER),
    Kind.NUMBER: (BLANK, TEXT, NUMBER),
    Kind.MONEY: (BLANK, TEXT, NUMBER),
    Kind.DATE: (BLANK, TEXT, DATE),
    Kind.DATETIME: (BLANK, TEXT, DATE),
    Kind.BOOLEAN: (BLANK, TEXT, BOOLEAN, NUMBER),
    Kind.CHOICE: (BLANK, TEXT),
    Kind.CURRENCY: (BLANK, TEXT),
}
"""Which cells a kind of field can be read from."""


def _check_cell_kinds(field: Field, date_notation: DateNotation) -> Iterator[CellCheck]:
    """What the cell held: no error, no formula without a value, nothing this kind can't be read from."""
    serial_kinds = (NUMBER,) if date_notation.is_serial and field.kind is Kind.DATE else ()
    readable = pa.array([*READABLE_CELL_KINDS[field.kind], *serial_kinds, ERROR, FORMULA], pa.uint8())
    yield CellCheck("E214", field.name, lambda cell_kinds: pc.not_equal(cell_kinds, ERROR))
    yield CellCheck("E215", field.name, lambda cell_kinds: pc.not_equal(cell_kinds, FORMULA))
    yield CellCheck("E216", field.name, lambda cell_kinds: pc.is_in(cell_kinds, value_set=readable))


def _check_merged_cells(field: Field, _: DateNotation) -> Iterator[CellCheck]:
    """No cell that shows what another holds."""
    yield CellCheck("E222", field.name, lambda merged: pc.equal(merged, ""))


def _check_shown_values(field: Field, _: DateNotation) -> Iterator[CellCheck]:
    """No cell that shows another number than it holds."""
    code = "E219" if field.kind in (Kind.IDENTIFIER, Kind.TEXT) else "E218"
    yield CellCheck(code, field.name, lambda shown: pc.equal(shown, ""))


_FACT_CHECKS: Mapping[str, Callable[[Field, DateNotation], Iterator[CellCheck]]] = {
    KIND_SUFFIX: _check_cell_kinds,
    MERGED_SUFFIX: _check_merged_cells,
    SHOWN_SUFFIX: _check_shown_values,
}


def iter_fact_checks(suffix: str, field: Field, date_notation: DateNotation) -> Iterator[CellCheck]:
    """The checks on what stands beside a field's text.

    Args:
        suffix: one of `BESIDE`.
        field: the declaration.
        date_notation: the declared date format.
    """
    return _FACT_CHECKS[suffix](field, date_notation)
