"""Facts about cells besides their text (kind of cell, merged range, displayed text) and their checks.

In: the declaration of a field.
Out: the checks on each column of facts about it.
Never: looks at the text itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from schemas.cell_kinds import CellKind
from schemas.checks import CellCheck
from schemas.fields import Field, Kind
from schemas.notation.dates import DateNotation

KIND_SUFFIX = ":kind"
"""`amount:kind` has the `CellKind` of each cell of `amount`, where not all of them are text."""

MERGED_SUFFIX = ":merged"
"""`amount:merged` has the merged range that a cell is part of without being its first; "" elsewhere."""

SHOWN_SUFFIX = ":shown"
"""`amount:shown` has what a cell displays where that is another number than it holds; "" elsewhere."""

FACT_SUFFIXES = (KIND_SUFFIX, MERGED_SUFFIX, SHOWN_SUFFIX)
"""The columns of facts about a column of text; they are checked before the text is."""

READABLE_CELL_KINDS: Mapping[Kind, tuple[int, ...]] = {
    Kind.TEXT: (CellKind.BLANK, CellKind.TEXT, CellKind.NUMBER, CellKind.BOOLEAN),
    Kind.IDENTIFIER: (CellKind.BLANK, CellKind.TEXT, CellKind.NUMBER),
    Kind.NUMBER: (CellKind.BLANK, CellKind.TEXT, CellKind.NUMBER),
    Kind.MONEY: (CellKind.BLANK, CellKind.TEXT, CellKind.NUMBER),
    Kind.DATE: (CellKind.BLANK, CellKind.TEXT, CellKind.DATE),
    Kind.DATETIME: (CellKind.BLANK, CellKind.TEXT, CellKind.DATE),
    Kind.BOOLEAN: (CellKind.BLANK, CellKind.TEXT, CellKind.BOOLEAN, CellKind.NUMBER),
    Kind.CHOICE: (CellKind.BLANK, CellKind.TEXT),
    Kind.CURRENCY: (CellKind.BLANK, CellKind.TEXT),
}
"""The kinds of cells that a kind of field can be read from."""


def _check_cell_kinds(field: Field, date_notation: DateNotation) -> Iterator[CellCheck]:
    """Check what the cell holds: no error, no formula without a value, a kind the field can be read from."""
    serial_kinds = (CellKind.NUMBER,) if date_notation.is_serial and field.kind is Kind.DATE else ()
    readable = pa.array(
        [*READABLE_CELL_KINDS[field.kind], *serial_kinds, CellKind.ERROR, CellKind.FORMULA], pa.uint8()
    )
    yield CellCheck("E214", field.name, lambda cell_kinds: pc.not_equal(cell_kinds, CellKind.ERROR))
    yield CellCheck("E215", field.name, lambda cell_kinds: pc.not_equal(cell_kinds, CellKind.FORMULA))
    yield CellCheck("E216", field.name, lambda cell_kinds: pc.is_in(cell_kinds, value_set=readable))


def _check_merged_cells(field: Field, _: DateNotation) -> Iterator[CellCheck]:
    """Check that no cell displays what another one holds."""
    yield CellCheck("E222", field.name, lambda merged: pc.equal(merged, ""))


def _check_shown_values(field: Field, _: DateNotation) -> Iterator[CellCheck]:
    """Check that no cell displays another number than it holds."""
    code = "E219" if field.kind in (Kind.IDENTIFIER, Kind.TEXT) else "E218"
    yield CellCheck(code, field.name, lambda shown: pc.equal(shown, ""))


_FACT_CHECKS: Mapping[str, Callable[[Field, DateNotation], Iterator[CellCheck]]] = {
    KIND_SUFFIX: _check_cell_kinds,
    MERGED_SUFFIX: _check_merged_cells,
    SHOWN_SUFFIX: _check_shown_values,
}


def iter_fact_checks(suffix: str, field: Field, date_notation: DateNotation) -> Iterator[CellCheck]:
    """Return the checks on a column of facts about a field's text.

    Args:
        suffix: one of `FACT_SUFFIXES`.
        field: the declaration.
        date_notation: the declared date format.
    """
    return _FACT_CHECKS[suffix](field, date_notation)
