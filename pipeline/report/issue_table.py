"""The table of issues: place, sentence and fix of each, for CSV, terminal and notebooks.

In: the issues, the sheets as read and the declarations.
Out: an Arrow table with a row for each issue, in the language in use.
Never: leaves an issue out, or lets a control character through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import PLACEHOLDER, translate
from pipeline.issues import CATALOGUE, Findings, Issues, SheetIssue
from pipeline.model.sheets import RawSheets, RawTable
from schemas.arrow.columns import Indices, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.arrow.text_bytes import find_byte_range
from schemas.fields import Table

ISSUE_SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("level", pa.string()),
        ("file", pa.string()),
        ("sheet", pa.string()),
        ("row", pa.int32()),
        ("column", pa.string()),
        ("cell", pa.string()),
        ("value", pa.string()),
        ("message", pa.string()),
        ("fix", pa.string()),
        ("invoice_ref", pa.string()),
        ("rows", pa.int64()),
    ]
)
"""`column`: the header as written; `cell`: the address as Excel shows it; `rows`: how many it stands for."""

_MAX_LENGTH = 80
_REQUIRED_MARK = r"\s*\*\s*$"
"""Marks a header as required; not part of the column's name."""
_MAX_CELLS = 5
"""Cells with the same value that a sentence names, at most."""


def strip_required_mark(header: str) -> str:
    """Return a header without the mark of a required column, for sentences.

    Args:
        header: as written.
    """
    return re.sub(_REQUIRED_MARK, "", header)


def make_issue_table(issues: Issues, raw: RawSheets, tables: Mapping[str, Table]) -> pa.Table:
    """Return all issues, files and headers first, then by table and row.

    Args:
        issues: everything found.
        raw: the sheets as read.
        tables: the declarations, by name.
    """
    # files and headers first: what is wrong there may explain the rows
    parts = [_make_sheet_table(issues.sheet_issues)] if issues.sheet_issues else []
    for name, table in tables.items():
        rows = [_make_rows(findings, raw, table) for findings in issues.findings if findings.table == name]
        if rows:
            sorted_rows = pa.concat_tables(rows)
            parts.append(
                sorted_rows.take(pc.sort_indices(sorted_rows, [("order", "ascending")])).drop(["order"])
            )
    return pa.concat_tables(parts).cast(ISSUE_SCHEMA) if parts else ISSUE_SCHEMA.empty_table()


def _make_sheet_table(issues: tuple[SheetIssue, ...]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(ISSUE_SCHEMA.names, _make_sheet_row(issue), strict=True)) for issue in issues], ISSUE_SCHEMA
    )


def _make_sheet_row(issue: SheetIssue) -> Iterator[Any]:
    issue_type = CATALOGUE[issue.code]
    facts = {"value": _quote(issue.value), **issue.facts}
    yield from (issue.code, issue_type.level.value, issue.source, issue.sheet, issue.row or None)
    yield issue.facts.get("header", issue.value)
    yield f"{issue.column}{issue.row}" if issue.column and issue.row else issue.column
    yield from (
        issue.value,
        _fill_template(issue_type.template, facts),
        _fill_template(issue_type.fix, facts),
        "",
        1,
    )


def _fill_template(template: str, facts: dict[str, str]) -> str:
    return PLACEHOLDER.sub(lambda hole: facts.get(hole[1], ""), translate(template))


def _quote(text: str) -> str:
    return f'"{text}"' if text else translate("blank")


def _make_rows(findings: Findings, raw: RawSheets, table: Table) -> pa.Table:
    """Return the issues of one code in one column."""
    issue_type, sheets = CATALOGUE[findings.code], raw.tables[findings.table]
    count, row_indices = len(findings), pa.array(findings.rows)
    invoice_refs = _get_invoice_refs(sheets, row_indices)
    values = _get_values(findings, sheets, row_indices, invoice_refs)
    labels, letters = _get_headers(findings, sheets, table)
    sheet_of = pa.array(sheets.sheet_indices[findings.rows])
    row_numbers = pa.array(sheets.get_row_numbers(findings.field, findings.rows))
    cells = pc.if_else(
        pc.equal(letters, ""), "", pc.binary_join_element_wise(letters, pc.cast(row_numbers, pa.string()), "")
    )
    facts = {
        "label": pc.replace_substring_regex(labels, _REQUIRED_MARK, ""),
        "value": _quote_values(values),
        **findings.facts,
    }
    columns = {
        "code": _fill_column(findings.code, count),
        "level": _fill_column(issue_type.level.value, count),
        "file": pc.take(pa.array([raw.sources[sheet.source].name for sheet in sheets.sheets]), sheet_of),
        "sheet": pc.take(pa.array([sheet.name for sheet in sheets.sheets]), sheet_of),
        "row": row_numbers,
        "column": labels,
        "cell": cells,
        "value": _replace_control_characters(values),
        "message": _append_repeated_cells(
            _fill_sentences(issue_type.template, facts, count), findings, sheets, letters
        ),
        "fix": _fill_sentences(issue_type.fix, facts, count),
        "invoice_ref": _replace_control_characters(invoice_refs),
        "rows": pa.array(np.ones(count, np.int64) if findings.row_counts is None else findings.row_counts),
        "order": row_indices,
    }
    return pa.table(columns)


def _append_repeated_cells(messages: Texts, findings: Findings, sheets: RawTable, letters: Texts) -> Texts:
    """Append to sentences the other cells with the same value, where a flat sheet repeats it."""
    addresses = sheets.addresses.get(findings.field)
    if addresses is None:
        return messages
    row_lists = [addresses.get_rows(row)[1:] for row in findings.rows.tolist()]
    suffixes = [
        _list_repeated_cells(repeated_rows, letter) if repeated_rows else ""
        for repeated_rows, letter in zip(row_lists, letters.to_pylist(), strict=True)
    ]
    return pc.binary_join_element_wise(messages, pa.array(suffixes, pa.string()), "")


def _list_repeated_cells(rows: Sequence[int], letter: str) -> str:
    cells = ", ".join(f"{letter}{row}" for row in rows[:_MAX_CELLS])
    remaining = len(rows) - _MAX_CELLS
    if remaining > 0:
        return translate(" The same stands in {cells} and {count} more.", cells=cells, count=str(remaining))
    return translate(" The same stands in {cells}.", cells=cells)


def _fill_column(text: str, count: int) -> Texts:
    return pa.repeat(pa.scalar(text, pa.string()), count)


def _get_invoice_refs(sheets: RawTable, row_indices: Indices) -> Texts:
    if "invoice_ref" not in sheets.frame:
        return _fill_column("", len(row_indices))
    return decode_dictionary(pc.take(arrow_column(sheets.frame["invoice_ref"]), row_indices))


def _get_values(findings: Findings, sheets: RawTable, row_indices: Indices, invoice_refs: Texts) -> Texts:
    """Return the values of the cells; for a row as a whole, the reference of its invoice."""
    if findings.values is not None:
        return decode_dictionary(findings.values)
    if not findings.field:
        return invoice_refs
    if findings.field not in sheets.frame:
        return _fill_column("", len(row_indices))
    return decode_dictionary(pc.take(arrow_column(sheets.frame[findings.field]), row_indices))


def _get_headers(findings: Findings, sheets: RawTable, table: Table) -> tuple[Texts, Texts]:
    """Return for each row the header as written and the column's letter: sheets of one table may differ."""
    declared_label = table[findings.field].label if findings.field in table else ""
    labels, letters = [], []
    for sheet in sheets.sheets:
        bound_column = next((column for column in sheet.columns if column.field == findings.field), None)
        labels.append(bound_column.header if bound_column else declared_label)
        letters.append(bound_column.letter if bound_column else "")
    sheet_of = pa.array(sheets.sheet_indices[findings.rows])
    return pc.take(pa.array(labels, pa.string()), sheet_of), pc.take(pa.array(letters, pa.string()), sheet_of)


def _fill_sentences(template: str, facts: dict[str, str | Texts], count: int) -> Texts:
    """Fill the placeholders of a template for each row."""
    pieces = PLACEHOLDER.split(translate(template))
    # `split` gives texts and the names of placeholders by turns
    parts = [facts.get(piece, "") if index % 2 else piece for index, piece in enumerate(pieces)]
    parts = [
        pc.fill_null(decode_dictionary(part), translate("blank")) if isinstance(part, pa.Array) else part
        for part in parts
    ]
    # the blank column makes it one text per row even where no part is a column
    return pc.binary_join_element_wise(_fill_column("", count), *parts, "")


def _quote_values(values: Texts) -> Texts:
    """Quote values for a sentence: shortened, hidden characters visible."""
    shortened = pc.if_else(
        pc.greater(pc.utf8_length(values), _MAX_LENGTH),
        pc.binary_join_element_wise(pc.utf8_slice_codeunits(values, 0, _MAX_LENGTH), "…", ""),
        values,
    )
    quoted = pc.binary_join_element_wise('"', _replace_control_characters(shortened), '"', "")
    return pc.if_else(pc.equal(values, ""), translate("blank"), quoted)


def _replace_control_characters(values: Texts) -> Texts:
    """Replace control characters, so that no report breaks on them."""
    # one pass over the bytes spares most columns the expression
    lowest, highest = find_byte_range(values)
    if lowest >= ord(" ") and highest < 0x7F:
        return values
    return pc.replace_substring_regex(values, pattern=r"[\x00-\x1f\x7f-\x{9f}]", replacement="\ufffd")
