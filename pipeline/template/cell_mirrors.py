"""What a cell must be, as conditional formats: each limit of a field, as its declaration states it.

Input: a table as the target takes it. Output: formulas of a spreadsheet, each with the issue code it mirrors and
the column it marks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from pipeline.template.places import CURRENCIES, Places
from schemas.fields import Field, Kind, Table
from schemas.tables import EXAMPLE_REF, INVOICE_REF, NO, YES


class Mirror(NamedTuple):
    """A formula that is true where a check would fail, written for row 2.

    Attributes:
        code: of the issue.
        fields: whose cells turn red.
        formula: relative to row 2.
    """

    code: str
    fields: tuple[str, ...]
    formula: str


def of_cells(table: Table) -> Iterator[Mirror]:
    """The mirrors of what each cell must be."""
    places = Places(table)
    for field in table:
        for code, formula in _of_cell(field, places):
            yield Mirror(code, (field.name,), formula)


def _of_cell(field: Field, places: Places) -> Iterator[tuple[str, str]]:
    cell = places.cell(field.name)
    filled = f"LEN({cell})>0"
    yield "E214", f"ISERROR({cell})"
    if field.required:
        yield "E201", f"AND({places.begun},{places.blank(field.name)})"
    if field.max_length:
        yield "E208", f"LEN({cell})>{field.max_length}"
    match field.kind:
        case Kind.CHOICE:
            yield "E209", _none_of(cell, field.choices)
        case Kind.BOOLEAN:
            yield "E210", f"AND({_none_of(cell, (*YES, *NO))},NOT(ISLOGICAL({cell})))"
        case Kind.CURRENCY:
            yield "E220", f"AND({filled},ISNA(MATCH({cell},{CURRENCIES},0)))"
        case Kind.NUMBER | Kind.MONEY:
            yield "E202", f"AND({filled},ISERROR({cell}+0))"
        case Kind.DATE:
            first, last = (f"DATE({d.year},{d.month},{d.day})" for d in (field.earliest, field.latest))
            yield "E205", f"AND({filled},NOT(ISNUMBER({cell})),ISERROR(DATEVALUE({cell})))"
            yield "E207", f"AND(ISNUMBER({cell}),OR({cell}<{first},{cell}>={last}+1))"
        case _:
            pass


def not_listed(field: Field, table: Table, listed: str) -> str:
    """Whether a key is none of a list of the catalog; it may be in a newer one, so the check has the last word."""
    places = Places(table)
    cell, ref = places.cell(field.name), places.cell(INVOICE_REF.name)
    return f'AND(LEN({cell})>0,NOT(EXACT({ref},"{EXAMPLE_REF}")),ISNA(MATCH({cell},{listed},0)))'


def _none_of(cell: str, choices: Collection[str]) -> str:
    others = ",".join(f'TRIM({cell})<>"{each}"' for each in choices)
    return f"AND(LEN(TRIM({cell}))>0,{others})"
