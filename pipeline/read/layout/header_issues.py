"""Header issues: columns that are missing, unknown, duplicate or unsupported in the header of a bound sheet.

In: a `BoundSheet`, and which of its rows are data.
Out: one issue per column.
Never: takes an unknown header for a similar one: it suggests it.
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

_MIN_SIMILARITY = 0.7


def find_header_issues(bound: BoundSheet, source: str, is_data: Mask) -> Iterator[SheetIssue]:
    """Yield the issues of a header: columns that are missing, unknown, duplicate or unsupported.

    Args:
        bound: the sheet.
        source: the file's name.
        is_data: which rows below the header are data; an unnamed column matters only if one has a value
            there.
    """
    found_fields = {column.field for column in bound.columns}
    for field in bound.table:
        if field.required and field.name not in found_fields:
            yield _make_issue("E103", bound, source, label=field.label)
    if bound.reports_header:
        yield from _find_column_issues(bound, source, is_data)


def _find_column_issues(bound: BoundSheet, source: str, is_data: Mask) -> Iterator[SheetIssue]:
    """Yield the issues of the columns that are bound to no field, or a second time."""
    table = bound.table
    by_field = {column.field: column for column in bound.columns}
    # columns of the other table that a flat sheet feeds
    settled = {column.index for column in bound.columns if column.field not in table}
    settled.update(bound.note_indices, bound.markers.values())
    known = map_known_headers(table)
    for index, label in enumerate(bound.grid.get_texts(bound.header_index, bound.start)[0]):
        if index in settled:
            continue
        column = SheetColumn(known.get(normalize_header(label), ""), label.strip(), index)
        if not column.field:
            issue = _make_unknown_issue(bound, source, is_data, column)
            if issue:
                yield issue
        elif by_field[column.field].index != index:
            first = translate("column {letter}", letter=by_field[column.field].letter)
            second = translate("column {letter}", letter=column.letter)
            yield _make_issue("E105", bound, source, column, first=first, second=second)


def _make_unknown_issue(
    bound: BoundSheet, source: str, is_data: Mask, column: SheetColumn
) -> SheetIssue | None:
    """Return the issue of a column without a field; None for an unnamed or unsupported one without values."""
    if column.index in bound.unnamed_indices:
        title = SheetColumn("", translate("column {letter}", letter=column.letter), column.index)
        has_values = _has_values(bound, column.index, is_data)
        return _make_issue("E104", bound, source, title, near="") if has_values else None
    code = _find_unsupported_code(column.header, bound.table)
    if code:
        has_values = _has_values(bound, column.index, is_data)
        return _make_issue(code, bound, source, column) if has_values else None
    near = _suggest_header(column.header, bound.table)
    return _make_issue("E104", bound, source, column, near=near)


def _make_issue(
    code: str, bound: BoundSheet, source: str, column: SheetColumn | None = None, **facts: str
) -> SheetIssue:
    return SheetIssue(
        code,
        source,
        bound.grid.name,
        bound.header_row,
        column.letter if column else "",
        value=column.header if column else "",
        facts=facts | {"table": bound.table.label},
    )


def _find_unsupported_code(label: str, table: Table) -> str:
    """Return the code of a column that is known but not supported by the target; empty for any other."""
    for code, fields in (("W412", table.unsupported), ("E352", table.forbidden)):
        if normalize_header(label) in map_known_headers(table.replace_fields(fields)):
            return code
    return ""


def _has_values(bound: BoundSheet, index: int, is_data: Mask) -> bool:
    texts = pc.utf8_trim_whitespace(bound.grid.columns[index].slice(bound.start))
    return bool((is_data & (pc.binary_length(texts).to_numpy() > 0)).any())


def _suggest_header(label: str, table: Table) -> str:
    """Return the nearest header as a question: as a label or a field name, as the cell is."""
    is_name = "_" in label or label == label.lower()
    headers = {}
    for field in table:
        for header in field.headers:
            headers[normalize_header(header)] = field.name if is_name else field.label
    matches = get_close_matches(normalize_header(label), list(headers), 1, _MIN_SIMILARITY)
    return suggest_near(label.strip(), headers[matches[0]]) if matches else ""
