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
from pipeline.model.indices import Mask, Positions
from pipeline.model.sheets import Addresses, SheetColumn
from pipeline.read.rows.data_rows import IGNORED_KINDS, DataRows, TrimmedBlanks
from schemas.fields import Table
from schemas.tables.common import NO_WORDS, YES_WORDS


@dataclass(frozen=True)
class FlatSplit:
    """A flat sheet taken apart.

    Attributes:
        items: its rows as items.
        invoices: a row an invoice, where its reference stands first.
        findings: rows that disagree; positions count within `items`.
    """

    items: DataRows
    invoices: DataRows
    findings: list[Findings] = field(default_factory=list)


class _MarkedRows(NamedTuple):
    rows: DataRows  # references filled, rows that are items
    inconsistent: Positions  # rows whose marks make no sense


def split_flat_sheet(sheet_rows: DataRows, parent: Table) -> FlatSplit:
    """Take a flat sheet apart.

    Args:
        sheet_rows: its data rows; its table is the items'.
        parent: the table of the invoices.
    """
    child = sheet_rows.sheet.table
    key = parent.key[0]
    fields = [
        field.name
        for field in parent
        if field.name in sheet_rows.columns and (field.name == key or field.name not in child)
    ]
    marked = _apply_markers(sheet_rows, parent, child)
    sheet_rows = marked.rows
    refs = sheet_rows.columns[key].combine_chunks()
    encoded = pc.if_else(pc.equal(refs, ""), None, refs).dictionary_encode()
    invoice_codes = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int64)
    first_rows = _find_first_rows(invoice_codes, np.arange(len(invoice_codes)), len(encoded.dictionary))
    order = np.argsort(invoice_codes, kind="stable")
    columns, kinds, displayed, addresses, findings = {}, {}, {}, {}, []
    for name in fields:
        is_filled = _find_filled(sheet_rows, name, invoice_codes)
        value_rows, clashing = _choose_values(sheet_rows.columns[name], is_filled, invoice_codes, first_rows)
        addresses[name] = _build_addresses(
            sheet_rows.row_numbers, invoice_codes, order[is_filled[order]], len(first_rows)
        )
        columns[name] = pa.chunked_array(
            [sheet_rows.columns[name].combine_chunks().take(pa.array(value_rows))]
        )
        if name in sheet_rows.kinds:
            kinds[name] = sheet_rows.kinds[name][value_rows]
        if name in sheet_rows.displayed:
            displayed[name] = sheet_rows.displayed[name].take(pa.array(value_rows))
        if len(clashing):
            findings.append(
                _make_disagreement(sheet_rows, name, clashing, value_rows[invoice_codes[clashing]])
            )
    sheet = replace(
        sheet_rows.sheet, table=parent, reports_header=False, columns=_select_columns(sheet_rows, fields)
    )
    trimmed = {
        name: TrimmedBlanks(
            trimmed_blanks.count, int(max(invoice_codes[trimmed_blanks.first_row], 0)), trimmed_blanks.value
        )
        for name, trimmed_blanks in sheet_rows.trimmed.items()
        if name in fields and name != key
    }
    no_ignored = dict.fromkeys(IGNORED_KINDS, 0)
    no_ragged = np.empty(0, np.int64), np.empty(0, np.int32)
    invoices = DataRows(
        sheet, columns, kinds, sheet_rows.row_numbers[first_rows], sheet_rows.is_data, no_ignored, trimmed, no_ragged,
        displayed=displayed, addresses=addresses,
    )  # fmt: skip
    if len(marked.inconsistent):
        findings.append(Findings("E111", child.name, "", marked.inconsistent))
    return FlatSplit(_keep_item_fields(sheet_rows, child), invoices, findings)


def _find_filled(sheet_rows: DataRows, name: str, invoice_codes: Positions) -> Mask:
    """Rows of a known invoice that hold a value of a field; of a ragged row nobody knows."""
    is_filled: Mask = (pc.binary_length(sheet_rows.columns[name]).to_numpy() > 0) & (invoice_codes >= 0)
    is_filled[sheet_rows.ragged[0]] = False
    return is_filled


def _build_addresses(
    row_numbers: npt.NDArray[np.int32], invoice_codes: Positions, filled_rows: Positions, invoice_count: int
) -> Addresses:
    """The rows that hold the value of each invoice; `holding` are ordered by invoice."""
    return Addresses(
        np.searchsorted(invoice_codes[filled_rows], np.arange(invoice_count + 1)), row_numbers[filled_rows]
    )


def _keep_item_fields(sheet_rows: DataRows, child: Table) -> DataRows:
    """The rows as items; the sheet keeps its other columns, so that a cell in one can be told."""
    return replace(
        sheet_rows,
        columns={name: column for name, column in sheet_rows.columns.items() if name in child},
        kinds={name: column for name, column in sheet_rows.kinds.items() if name in child},
        trimmed={name: column for name, column in sheet_rows.trimmed.items() if name in child},
        displayed={name: column for name, column in sheet_rows.displayed.items() if name in child},
        merged={name: column for name, column in sheet_rows.merged.items() if name in child},
    )


def _select_columns(sheet_rows: DataRows, fields: list[str]) -> tuple[SheetColumn, ...]:
    return tuple(column for column in sheet_rows.sheet.columns if column.field in fields)


def _find_first_rows(invoice_codes: Positions, rows: Positions, invoice_count: int) -> Positions:
    """The first of some rows, a code; -1 without one."""
    first_rows = np.full(invoice_count, -1, np.int64)
    known = rows[invoice_codes[rows] >= 0][::-1]
    first_rows[invoice_codes[known]] = known
    return first_rows


def _choose_values(
    column: pa.ChunkedArray, is_filled: Mask, invoice_codes: Positions, first_rows: Positions
) -> tuple[Positions, Positions]:
    """Per invoice the row that holds its value, and the rows whose value is another."""
    value_rows = _find_first_rows(invoice_codes, np.flatnonzero(is_filled), len(first_rows))
    chosen_rows = np.where(value_rows < 0, first_rows, value_rows)
    values = column.combine_chunks().dictionary_encode().indices.to_numpy()
    differs: Mask = is_filled.copy()
    differs[is_filled] = values[is_filled] != values[chosen_rows[invoice_codes[is_filled]]]
    return chosen_rows, np.flatnonzero(differs)


def _make_disagreement(sheet_rows: DataRows, name: str, rows: Positions, agreed_rows: Positions) -> Findings:
    column = next(column for column in sheet_rows.sheet.file_columns if column.field == name)
    cells = sheet_rows.columns[name].combine_chunks()
    cell_names = [f"{column.letter}{row}" for row in sheet_rows.row_numbers[agreed_rows].tolist()]
    facts = {"other": cells.take(pa.array(agreed_rows)), "cell": pa.array(cell_names, pa.string())}
    return Findings("E110", sheet_rows.sheet.table.name, name, rows, cells.take(pa.array(rows)), facts)


def _apply_markers(sheet_rows: DataRows, parent: Table, child: Table) -> _MarkedRows:
    """Follow the columns that mark where an invoice and an item start."""
    markers = sheet_rows.markers
    is_inconsistent = np.zeros(len(sheet_rows.row_numbers), np.bool_)
    if parent.marker in markers:
        says_yes, is_unclear = _parse_marks(markers[parent.marker])
        sheet_rows, is_torn = _fill_references(sheet_rows, says_yes, parent.key[0])
        is_inconsistent |= is_unclear | is_torn
    if child.marker in markers:
        says_yes, is_unclear = _parse_marks(markers[child.marker])
        is_inconsistent |= is_unclear | ~says_yes
    return _MarkedRows(sheet_rows, np.flatnonzero(is_inconsistent))


def _parse_marks(marks: pa.ChunkedArray) -> tuple[Mask, Mask]:
    """Rows that say yes, and rows that say neither yes nor no."""
    folded = pc.utf8_lower(marks)
    says_yes = pc.is_in(folded, value_set=pa.array(YES_WORDS)).to_numpy()
    is_known = says_yes | pc.is_in(folded, value_set=pa.array([*NO_WORDS, ""])).to_numpy()
    return says_yes, ~is_known


def _fill_references(sheet_rows: DataRows, starts_invoice: Mask, key: str) -> tuple[DataRows, Mask]:
    """References filled downwards in rows that start no invoice; and rows that contradict the one above."""
    refs = sheet_rows.columns[key].combine_chunks()
    is_blank = pc.equal(refs, "").to_numpy(zero_copy_only=False)
    start_above = (
        np.maximum.accumulate(np.where(starts_invoice, np.arange(len(starts_invoice)), -1))
        if len(starts_invoice)
        else starts_invoice
    )
    takes_above = is_blank & ~starts_invoice & (start_above >= 0)
    source_rows = np.where(takes_above, start_above, np.arange(len(starts_invoice)))
    filled = refs.take(pa.array(source_rows, pa.int64()))
    is_same = pc.equal(filled, refs.take(pa.array(np.maximum(start_above, 0), pa.int64()))).to_numpy(
        zero_copy_only=False
    )
    is_torn = ~starts_invoice & ~is_blank & ((start_above < 0) | ~is_same)
    is_repeated = starts_invoice & _find_repeated_starts(filled, starts_invoice)
    return replace(
        sheet_rows, columns={**sheet_rows.columns, key: pa.chunked_array([filled])}
    ), is_torn | is_repeated


def _find_repeated_starts(refs: pa.Array, starts_invoice: Mask) -> Mask:
    """Rows that start an invoice whose reference an earlier row has started."""
    codes: npt.NDArray[np.int32] = refs.dictionary_encode().indices.to_numpy()
    rows = np.flatnonzero(starts_invoice)
    is_repeated = np.zeros(len(starts_invoice), np.bool_)
    _, first_indices = np.unique(codes[rows], return_index=True)
    is_repeated[np.delete(rows, first_indices)] = True
    return is_repeated
