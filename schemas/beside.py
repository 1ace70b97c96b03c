"""What is told beside the text of a column: what its cells held, showed, were merged with; and its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from schemas.cells import CellKind
from schemas.checks import CellCheck
from schemas.dates import DateFormat
from schemas.fields import Field, Kind

KIND_SUFFIX = ":kind"
"""Beside the text of a column, `amount:kind` tells what each cell held, where not all of it was text."""

MERGED_SUFFIX = ":merged"
"""`amount:merged` tells the merged cells that a cell is part of without being their first; "" for all others."""

SHOWN_SUFFIX = ":shown"
"""`amount:shown` tells what a cell shows that shows another number than it holds; "" for all others."""

BESIDE = (KIND_SUFFIX, MERGED_SUFFIX, SHOWN_SUFFIX)
"""What stands beside the text of a column; it is judged before the text is."""

BLANK, TEXT, NUMBER, DATE, TIME, BOOLEAN, ERROR, FORMULA = CellKind
"""What a cell held."""

HELD: Mapping[Kind, tuple[int, ...]] = {
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


def _of_held(field: Field, dates: DateFormat) -> Iterator[CellCheck]:
    """What the cell held: no error, no formula without a value, nothing this kind can't be read from."""
    serial = (NUMBER,) if dates.serial and field.kind is Kind.DATE else ()
    readable = pa.array([*HELD[field.kind], *serial, ERROR, FORMULA], pa.uint8())
    yield CellCheck("E214", field.name, lambda held: pc.not_equal(held, ERROR))
    yield CellCheck("E215", field.name, lambda held: pc.not_equal(held, FORMULA))
    yield CellCheck("E216", field.name, lambda held: pc.is_in(held, value_set=readable))


def _of_merged(field: Field, _: DateFormat) -> Iterator[CellCheck]:
    """No cell that shows what another holds."""
    yield CellCheck("E222", field.name, lambda merged: pc.equal(merged, ""))


def _of_shown(field: Field, _: DateFormat) -> Iterator[CellCheck]:
    """No cell that shows another number than it holds."""
    code = "E219" if field.kind in (Kind.IDENTIFIER, Kind.TEXT) else "E218"
    yield CellCheck(code, field.name, lambda shown: pc.equal(shown, ""))


_OF_BESIDE: Mapping[str, Callable[[Field, DateFormat], Iterator[CellCheck]]] = {
    KIND_SUFFIX: _of_held,
    MERGED_SUFFIX: _of_merged,
    SHOWN_SUFFIX: _of_shown,
}


def of_beside(suffix: str, field: Field, dates: DateFormat) -> Iterator[CellCheck]:
    """The checks on what stands beside a field's text.

    Args:
        suffix: one of `BESIDE`.
        field: the declaration.
        dates: the declared date format.
    """
    return _OF_BESIDE[suffix](field, dates)
