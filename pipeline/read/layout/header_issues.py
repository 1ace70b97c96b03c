"""Stage 1: what is wrong with the header of a sheet that feeds a table.

In: a `Placed`, and which of its rows are data.
Out: columns that are missing, unknown, there twice, or for which the target has no place.
Never: takes an unknown header for the one it resembles: it asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.issues import SheetIssue
from pipeline.model.indices import Mask
from pipeline.model.sheets import SheetColumn
from pipeline.read.layout.bound_sheet import BoundSheet
from pipeline.read.layout.headers import map_known_headers, normalize_header
from pipeline.suggest import suggest_near
from schemas.fields import Table


def find_header_issues(bound: BoundSheet, source: str, is_data: Mask) -> Iterator[SheetIssue]:
    """What is wrong with a header: columns that are missing, unknown, or there twice.

    Args:
        bound: the sheet.
        source: the file's name.
        is_data: rows below the header that are data; an unnamed column matters only if one has a value there.
    """
    table, row = bound.table, bound.grid.row_numbers[bound.header_index]
    by_field = {column.field: column for column in bound.columns}
    parent_columns = {column.index: column for column in bound.columns if column.field not in table}

    def make_issue(code: str, column: SheetColumn | None, **facts: str) -> SheetIssue:
        letter, value = (column.letter, column.header) if column else ("", "")
        facts |= {"table": table.label}
        return SheetIssue(code, source, bound.grid.name, int(row), letter, value, facts)

    for field in table:
        if field.required and field.name not in by_field:
            yield make_issue("E103", None, label=field.label)
    if not bound.reports_header:
        return
    known = map_known_headers(table)
    for index, label in enumerate(bound.grid.get_texts(bound.header_index, bound.header_index + 1)[0]):
        column = SheetColumn(known.get(normalize_header(label), ""), label.strip(), index)
        if index in bound.note_indices or index in parent_columns or index in bound.markers.values():
            continue
        if index in bound.unnamed_indices:
            if _has_values(bound, index, is_data):
                yield make_issue(
                    "E104",
                    SheetColumn("", translate("column {letter}", letter=column.letter), index),
                    near="",
                )
        elif not column.field and (code := _find_unsupported_code(label, table)):
            if _has_values(bound, index, is_data):
                yield make_issue(code, column)
        elif not column.field:
            yield make_issue("E104", column, near=_suggest_header(label, table))
        elif by_field[column.field].index != index:
            first = by_field[column.field]
            yield make_issue(
                "E105",
                column,
                first=translate("column {letter}", letter=first.letter),
                second=translate("column {letter}", letter=column.letter),
            )


def _find_unsupported_code(label: str, table: Table) -> str:
    """The code under which a column is told that we know and the target does not; empty for any other."""
    for code, fields in (("W412", table.unsupported), ("E352", table.forbidden)):
        if normalize_header(label) in map_known_headers(table.replace_fields(fields)):
            return code
    return ""


def _has_values(bound: BoundSheet, index: int, is_data: Mask) -> bool:
    lengths = pc.binary_length(
        pc.utf8_trim_whitespace(bound.grid.columns[index].slice(bound.header_index + 1))
    )
    return bool((is_data & (lengths.to_numpy() > 0)).any())


def _suggest_header(label: str, table: Table) -> str:
    """The nearest header, as a question; written as a label or as a name, as the cell is."""
    is_name = "_" in label or label == label.lower()
    headers = {
        normalize_header(header): (field.name if is_name else field.label)
        for field in table
        for header in field.headers
    }
    matches = get_close_matches(normalize_header(label), list(headers), 1, 0.7)
    return suggest_near(label.strip(), headers[matches[0]]) if matches else ""
