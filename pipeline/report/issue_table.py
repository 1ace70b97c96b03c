"""Issues with their place and their sentence: one row an issue, for CSV, terminal and notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import CATALOGUE, Findings, Issues, SheetIssue
from pipeline.language import HOLE, say
from pipeline.model import RawSheets, RawTable
from schemas.columns import cells_of, plain
from schemas.fields import Table
from schemas.texts import byte_range

SCHEMA = pa.schema(
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

_LONGEST = 80
_MARK = r"\s*\*\s*$"
"""What marks a header as required: it belongs to the header, not to the name of the column."""
_PLACES = 5
"""Cells that hold the same value and are named, at most."""


def spoken(header: str) -> str:
    """A column's name as one says it: its header without the mark of what is required.

    Args:
        header: as written.
    """
    return re.sub(_MARK, "", header)


def issue_table(issues: Issues, raw: RawSheets, tables: Mapping[str, Table]) -> pa.Table:
    """All issues, files and headers first, then by table and row.

    Args:
        issues: everything found.
        raw: the sheets as read.
        tables: the declarations, by name.
    """
    parts = [_of_sheets(issues.sheets)] if issues.sheets else []
    for name, table in tables.items():
        mine = [_rows(each, raw, table) for each in issues.findings if each.table == name]
        if mine:
            together = pa.concat_tables(mine)
            parts.append(together.take(pc.sort_indices(together, [("order", "ascending")])).drop(["order"]))
    return pa.concat_tables(parts).cast(SCHEMA) if parts else SCHEMA.empty_table()


def _of_sheets(found: tuple[SheetIssue, ...]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(SCHEMA.names, _sheet_row(each), strict=True)) for each in found], SCHEMA
    )


def _sheet_row(issue: SheetIssue) -> Iterator[Any]:
    kind = CATALOGUE[issue.code]
    told = {"value": _quoted(issue.value), **issue.facts}
    yield from (issue.code, kind.level.value, issue.source, issue.sheet, issue.row or None)
    yield issue.facts.get("header", issue.value)
    yield f"{issue.column}{issue.row}" if issue.column and issue.row else issue.column
    yield from (issue.value, _filled(kind.template, told), _filled(kind.fix, told), "", 1)


def _filled(template: str, told: dict[str, str]) -> str:
    return HOLE.sub(lambda hole: told.get(hole[1], ""), say(template))


def _quoted(text: str) -> str:
    return f'"{text}"' if text else say("blank")


def _rows(found: Findings, raw: RawSheets, table: Table) -> pa.Table:
    """The issues of one code in one column."""
    kind, sheets = CATALOGUE[found.code], raw.tables[found.table]
    count, at = len(found), pa.array(found.rows)
    refs = _refs(sheets, at)
    values = _values(found, sheets, at, refs)
    label, letter = _headers(found, sheets, table)
    sheet_of = pa.array(sheets.sheet_of[found.rows])
    row = pa.array(sheets.rows(found.field, found.rows))
    cell = pc.if_else(
        pc.equal(letter, ""), "", pc.binary_join_element_wise(letter, pc.cast(row, pa.string()), "")
    )
    told = {"label": pc.replace_substring_regex(label, _MARK, ""), "value": _shown(values), **found.facts}
    columns = {
        "code": _repeated(found.code, count),
        "level": _repeated(kind.level.value, count),
        "file": pc.take(pa.array([raw.sources[each.source].name for each in sheets.sheets]), sheet_of),
        "sheet": pc.take(pa.array([each.name for each in sheets.sheets]), sheet_of),
        "row": row,
        "column": label,
        "cell": cell,
        "value": _visible(values),
        "message": _with_places(_sentence(kind.template, told, count), found, sheets, letter),
        "fix": _sentence(kind.fix, told, count),
        "invoice_ref": _visible(refs),
        "rows": pa.array(np.ones(count, np.int64) if found.counts is None else found.counts),
        "order": at,
    }
    return pa.table(columns)


def _with_places(messages: Any, found: Findings, sheets: RawTable, letters: Any) -> Any:
    """The sentences; where a flat sheet repeats the value, with the other cells that hold it."""
    places = sheets.addresses.get(found.field)
    if places is None:
        return messages
    rows = [places.of(each)[1:] for each in found.rows.tolist()]
    also = [_also(own, letter) if own else "" for own, letter in zip(rows, letters.to_pylist(), strict=True)]
    return pc.binary_join_element_wise(messages, pa.array(also, pa.string()), "")


def _also(rows: Sequence[int], letter: str) -> str:
    told = ", ".join(f"{letter}{row}" for row in rows[:_PLACES])
    more = len(rows) - _PLACES
    if more > 0:
        return say(" The same stands in {cells} and {count} more.", cells=told, count=str(more))
    return say(" The same stands in {cells}.", cells=told)


def _repeated(text: str, count: int) -> Any:
    return pa.repeat(pa.scalar(text, pa.string()), count)


def _refs(sheets: RawTable, at: Any) -> Any:
    if "invoice_ref" not in sheets.frame:
        return _repeated("", len(at))
    return plain(pc.take(cells_of(sheets.frame["invoice_ref"]), at))


def _values(found: Findings, sheets: RawTable, at: Any, refs: Any) -> Any:
    """The cells' values; for the row as a whole, the reference of its invoice."""
    if found.values is not None:
        return plain(found.values)
    if not found.field:
        return refs
    if found.field not in sheets.frame:
        return _repeated("", len(at))
    return plain(pc.take(cells_of(sheets.frame[found.field]), at))


def _headers(found: Findings, sheets: RawTable, table: Table) -> tuple[Any, Any]:
    """The header as written and the column's letter, a row: sheets of one table may differ."""
    declared = table[found.field].label if found.field in table else ""
    labels, letters = [], []
    for sheet in sheets.sheets:
        here = next((each for each in sheet.columns if each.field == found.field), None)
        labels.append(here.label if here else declared)
        letters.append(here.letter if here else "")
    sheet_of = pa.array(sheets.sheet_of[found.rows])
    return pc.take(pa.array(labels, pa.string()), sheet_of), pc.take(pa.array(letters, pa.string()), sheet_of)


def _sentence(template: str, told: dict[str, Any], count: int) -> Any:
    """The template with its holes filled, a row."""
    pieces = HOLE.split(say(template))
    parts = [told.get(piece, "") if odd % 2 else piece for odd, piece in enumerate(pieces)]
    parts = [
        pc.fill_null(plain(each), say("blank")) if isinstance(each, pa.Array) else each for each in parts
    ]
    return pc.binary_join_element_wise(_repeated("", count), *parts, "")


def _shown(values: Any) -> Any:
    """Values as they stand in a sentence: quoted, shortened, hidden characters visible."""
    short = pc.if_else(
        pc.greater(pc.utf8_length(values), _LONGEST),
        pc.binary_join_element_wise(pc.utf8_slice_codeunits(values, 0, _LONGEST), "…", ""),
        values,
    )
    quoted = pc.binary_join_element_wise('"', _visible(short), '"', "")
    return pc.if_else(pc.equal(values, ""), say("blank"), quoted)


def _visible(values: Any) -> Any:
    """Control characters as a replacement character, so that no report breaks on them."""
    least, most = byte_range(values)
    if least >= ord(" ") and most < 0x7F:
        return values
    return pc.replace_substring_regex(values, pattern=r"[\x00-\x1f\x7f-\x{9f}]", replacement="\ufffd")
