"""Stage 1: one flat sheet, whose invoice columns repeat on every item row -> the rows of both tables.

In: the data rows of a sheet that feeds the items and the invoices they hang on.
Out: a body of items and a body of invoices, one row a reference, and the findings of rows that disagree.
Never: lets the first of two values win, or takes a row's position for an invoice.

Rows of one reference are one invoice, wherever they stand. A blank invoice cell is no value: of an invoice's
rows some may leave it blank, as long as the others agree. Where the sheet has the columns that mark the start of
an invoice and of an item, a row that starts no invoice and has no reference belongs to the invoice above it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.model import Addresses, Column, Mask, Positions
from pipeline.read.rows import IGNORED, Body, Trimmed
from schemas.fields import Table
from schemas.tables import NO, YES


@dataclass(frozen=True)
class Split:
    """A flat sheet taken apart.

    Attributes:
        items: its rows as items.
        invoices: a row an invoice, where its reference stands first.
        findings: rows that disagree; positions count within `items`.
    """

    items: Body
    invoices: Body
    findings: list[Findings] = field(default_factory=list)


class _Marked(NamedTuple):
    body: Body  # references filled, rows that are items
    wrong: Positions  # rows whose marks make no sense


def split(own: Body, parent: Table) -> Split:
    """Take a flat sheet apart.

    Args:
        own: its data rows; its table is the items'.
        parent: the table of the invoices.
    """
    child = own.placed.table
    key = parent.key[0]
    fields = [
        each.name
        for each in parent
        if each.name in own.columns and (each.name == key or each.name not in child)
    ]
    marked = _by_marks(own, parent, child)
    own = marked.body
    refs = own.columns[key].combine_chunks()
    coded = pc.if_else(pc.equal(refs, ""), None, refs).dictionary_encode()
    code = pc.fill_null(coded.indices, -1).to_numpy().astype(np.int64)
    first = _first(code, np.arange(len(code)), len(coded.dictionary))
    order = np.argsort(code, kind="stable")
    columns, kinds, shown, addresses, findings = {}, {}, {}, {}, []
    for name in fields:
        filled = _filled(own, name, code)
        at, clash = _agreed(own.columns[name], filled, code, first)
        addresses[name] = _addresses(own.rows, code, order[filled[order]], len(first))
        columns[name] = pa.chunked_array([own.columns[name].combine_chunks().take(pa.array(at))])
        if name in own.kinds:
            kinds[name] = own.kinds[name][at]
        if name in own.shown:
            shown[name] = own.shown[name].take(pa.array(at))
        if len(clash):
            findings.append(_disagreement(own, name, clash, at[code[clash]]))
    placed = replace(own.placed, table=parent, leading=False, columns=_columns(own, fields))
    trimmed = {
        name: Trimmed(each.count, int(max(code[each.first], 0)), each.value)
        for name, each in own.trimmed.items()
        if name in fields and name != key
    }
    nothing = dict.fromkeys(IGNORED, 0)
    empty = np.empty(0, np.int64), np.empty(0, np.int32)
    invoices = Body(
        placed, columns, kinds, own.rows[first], own.kept, nothing, trimmed, empty,
        shown=shown, addresses=addresses,
    )  # fmt: skip
    if len(marked.wrong):
        findings.append(Findings("E111", child.name, "", marked.wrong))
    return Split(_items(own, child), invoices, findings)


def _filled(own: Body, name: str, code: Positions) -> Mask:
    """Rows of a known invoice that hold a value of a field; of a ragged row nobody knows."""
    filled: Mask = (pc.binary_length(own.columns[name]).to_numpy() > 0) & (code >= 0)
    filled[own.ragged[0]] = False
    return filled


def _addresses(rows: npt.NDArray[np.int32], code: Positions, holding: Positions, count: int) -> Addresses:
    """The rows that hold the value of each invoice; `holding` are ordered by invoice."""
    return Addresses(np.searchsorted(code[holding], np.arange(count + 1)), rows[holding])


def _items(own: Body, child: Table) -> Body:
    """The rows as items; the sheet keeps its other columns, so that a cell in one can be told."""
    return replace(
        own,
        columns={name: each for name, each in own.columns.items() if name in child},
        kinds={name: each for name, each in own.kinds.items() if name in child},
        trimmed={name: each for name, each in own.trimmed.items() if name in child},
        shown={name: each for name, each in own.shown.items() if name in child},
        merged={name: each for name, each in own.merged.items() if name in child},
    )


def _columns(own: Body, fields: list[str]) -> tuple[Column, ...]:
    return tuple(each for each in own.placed.columns if each.field in fields)


def _first(code: Positions, rows: Positions, count: int) -> Positions:
    """The first of some rows, a code; -1 without one."""
    found = np.full(count, -1, np.int64)
    known = rows[code[rows] >= 0][::-1]
    found[code[known]] = known
    return found


def _agreed(
    column: pa.ChunkedArray, filled: Mask, code: Positions, first: Positions
) -> tuple[Positions, Positions]:
    """Per invoice the row that holds its value, and the rows whose value is another."""
    own = _first(code, np.flatnonzero(filled), len(first))
    at = np.where(own < 0, first, own)
    values = column.combine_chunks().dictionary_encode().indices.to_numpy()
    differs: Mask = filled.copy()
    differs[filled] = values[filled] != values[at[code[filled]]]
    return at, np.flatnonzero(differs)


def _disagreement(own: Body, name: str, rows: Positions, others: Positions) -> Findings:
    column = next(each for each in own.placed.shown_columns if each.field == name)
    cells = own.columns[name].combine_chunks()
    places = [f"{column.letter}{row}" for row in own.rows[others].tolist()]
    facts = {"other": cells.take(pa.array(others)), "cell": pa.array(places, pa.string())}
    return Findings("E110", own.placed.table.name, name, rows, cells.take(pa.array(rows)), facts)


def _by_marks(own: Body, parent: Table, child: Table) -> _Marked:
    """Follow the columns that mark where an invoice and an item start."""
    markers = own.markers
    wrong = np.zeros(len(own.rows), np.bool_)
    if parent.marker in markers:
        starts, odd = _says_yes(markers[parent.marker])
        own, torn = _continued(own, starts, parent.key[0])
        wrong |= odd | torn
    if child.marker in markers:
        starts, odd = _says_yes(markers[child.marker])
        wrong |= odd | ~starts
    return _Marked(own, np.flatnonzero(wrong))


def _says_yes(marks: pa.ChunkedArray) -> tuple[Mask, Mask]:
    """Rows that say yes, and rows that say neither yes nor no."""
    folded = pc.utf8_lower(marks)
    yes = pc.is_in(folded, value_set=pa.array(YES)).to_numpy()
    known = yes | pc.is_in(folded, value_set=pa.array([*NO, ""])).to_numpy()
    return yes, ~known


def _continued(own: Body, starts: Mask, key: str) -> tuple[Body, Mask]:
    """References filled downwards in rows that start no invoice; and rows that contradict the one above."""
    refs = own.columns[key].combine_chunks()
    blank = pc.equal(refs, "").to_numpy(zero_copy_only=False)
    above = np.maximum.accumulate(np.where(starts, np.arange(len(starts)), -1)) if len(starts) else starts
    takes = blank & ~starts & (above >= 0)
    source = np.where(takes, above, np.arange(len(starts)))
    filled = refs.take(pa.array(source, pa.int64()))
    same = pc.equal(filled, refs.take(pa.array(np.maximum(above, 0), pa.int64()))).to_numpy(
        zero_copy_only=False
    )
    torn = ~starts & ~blank & ((above < 0) | ~same)
    repeated = starts & _seen_before(filled, starts)
    return replace(own, columns={**own.columns, key: pa.chunked_array([filled])}), torn | repeated


def _seen_before(refs: pa.Array, starts: Mask) -> Mask:
    """Rows that start an invoice whose reference an earlier row has started."""
    codes: npt.NDArray[np.int32] = refs.dictionary_encode().indices.to_numpy()
    rows = np.flatnonzero(starts)
    seen = np.zeros(len(starts), np.bool_)
    _, firsts = np.unique(codes[rows], return_index=True)
    seen[np.delete(rows, firsts)] = True
    return seen
