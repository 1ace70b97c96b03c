"""Conditional formats for single cells: each limit of a field, as its declaration states it.

In: a table as the target takes it.
Out: formulas, each with the issue code it stands for and the column it marks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from pipeline.template.named_ranges import CURRENCIES_NAME, TableRanges
from schemas.fields import Field, Kind, Table
from schemas.tables.common import EXAMPLE_REF, INVOICE_REF, NO_WORDS, YES_WORDS


class ConditionalFormat(NamedTuple):
    """A formula that is true where a check would fail, written for row 2.

    Attributes:
        code: of the issue.
        fields: whose cells turn red.
        formula: relative to row 2.
    """

    code: str
    fields: tuple[str, ...]
    formula: str


def build_cell_formats(table: Table) -> Iterator[ConditionalFormat]:
    """Yield the conditional formats of each field's cells.

    Args:
        table: as the target takes it.
    """
    ranges = TableRanges(table)
    for field in table:
        for code, formula in _build_conditions(field, ranges):
            yield ConditionalFormat(code, (field.name,), formula)


def _build_conditions(field: Field, ranges: TableRanges) -> Iterator[tuple[str, str]]:
    cell = ranges.get_cell(field.name)
    filled = f"LEN({cell})>0"
    yield "E214", f"ISERROR({cell})"
    if field.required:
        yield "E201", f"AND({ranges.content_test},{ranges.build_blank_test(field.name)})"
    if field.max_length:
        yield "E208", f"LEN({cell})>{field.max_length}"
    match field.kind:
        case Kind.CHOICE:
            yield "E209", _match_no_choice(cell, field.choices)
        case Kind.BOOLEAN:
            yield "E210", f"AND({_match_no_choice(cell, (*YES_WORDS, *NO_WORDS))},NOT(ISLOGICAL({cell})))"
        case Kind.CURRENCY:
            yield "E220", f"AND({filled},ISNA(MATCH({cell},{CURRENCIES_NAME},0)))"
        case Kind.NUMBER | Kind.MONEY:
            # `+0` asks whether a text can be read as a number as well
            yield "E202", f"AND({filled},ISERROR({cell}+0))"
        case Kind.DATE:
            first, last = (
                f"DATE({limit.year},{limit.month},{limit.day})" for limit in (field.earliest, field.latest)
            )
            yield "E205", f"AND({filled},NOT(ISNUMBER({cell})),ISERROR(DATEVALUE({cell})))"
            # the last day includes its hours
            yield "E207", f"AND(ISNUMBER({cell}),OR({cell}<{first},{cell}>={last}+1))"
        case _:
            pass


def build_unlisted_condition(field: Field, table: Table, listed: str) -> str:
    """Match a key that is in no list of the catalog; a newer catalog may have it, so the check decides.

    Args:
        field: the key.
        table: of the field.
        listed: the defined name of the list.
    """
    ranges = TableRanges(table)
    cell, ref = ranges.get_cell(field.name), ranges.get_cell(INVOICE_REF.name)
    return f'AND(LEN({cell})>0,NOT(EXACT({ref},"{EXAMPLE_REF}")),ISNA(MATCH({cell},{listed},0)))'


def _match_no_choice(cell: str, choices: Collection[str]) -> str:
    comparisons = ",".join(f'TRIM({cell})<>"{choice}"' for choice in choices)
    return f"AND(LEN(TRIM({cell}))>0,{comparisons})"
