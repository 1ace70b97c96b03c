"""Flat sheet: one sheet whose invoice columns repeat on every item row, split into items and invoices.

In: the data rows of a sheet that feeds the items and the invoices they belong to.
Out: data rows of items and of invoices, one per reference, and findings about rows that disagree.
Never: lets the first of two values win, or groups rows by their order alone.

Rows of the same reference are one invoice, wherever they are. A blank invoice cell is not a value: some of an
invoice's rows may leave it blank as long as the others agree. Where the sheet has the columns that mark the
start of an invoice and of an item, a row that starts no invoice and has no reference belongs to the invoice
above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.model.indices import Mask, Positions
from pipeline.model.sheets import Addresses
from pipeline.read.rows.data_rows import IGNORED_KINDS, DataRows, TrimmedBlanks
from schemas.arrow.columns import Texts
from schemas.fields import Table
from schemas.tables.common import NO_WORDS, YES_WORDS

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class FlatSplit:
    """The two tables of a flat sheet.

    Attributes:
        items: its rows as items.
        invoices: one row per invoice, in the order of the references' first rows.
        findings: rows that disagree; their positions are rows of `items`.
    """

    items: DataRows
    invoices: DataRows
    findings: list[Findings] = field(default_factory=list)


class _MarkedRows(NamedTuple):
    rows: DataRows  # references filled, rows that are items
    inconsistent: Positions  # rows whose marks contradict each other


class _InvoiceRows(NamedTuple):
    """The invoice of each row of a flat sheet.

    Attributes:
        codes: per row the position of its invoice, -1 without a reference.
        first_rows: per invoice its first row.
        order: the rows sorted by invoice, each invoice's rows in the order of the sheet.
    """

    codes: Positions
    first_rows: Positions
    order: Positions


class _InvoiceField(NamedTuple):
    """The values of a field, one per invoice.

    Attributes:
        rows: per invoice the row whose value is taken.
        addresses: per invoice the rows that hold a value.
        clashing: rows that hold another value than their invoice's.
    """

    rows: Positions
    addresses: Addresses
    clashing: Positions


def split_flat_sheet(sheet_rows: DataRows, parent: Table) -> FlatSplit:
    """Split a flat sheet into the rows of its two tables.

    Args:
        sheet_rows: its data rows; its table is that of the items.
        parent: the table of the invoices.
    """
    child = sheet_rows.sheet.table
    fields = _list_invoice_fields(sheet_rows, parent, child)
    marked = _apply_markers(sheet_rows, parent, child)
    sheet_rows = marked.rows
    invoice_rows = _group_by_reference(sheet_rows.columns[parent.key[0]].combine_chunks())
    by_field = {name: _choose_values(sheet_rows, name, invoice_rows) for name in fields}
    findings = []
    for name, invoice_field in by_field.items():
        clashing = invoice_field.clashing
        if len(clashing):
            agreed_rows = invoice_field.rows[invoice_rows.codes[clashing]]
            findings.append(_make_disagreement(sheet_rows, name, clashing, agreed_rows))
    if len(marked.inconsistent):
        findings.append(Findings("E111", child.name, "", marked.inconsistent))
    invoices = _build_invoices(sheet_rows, parent, by_field, invoice_rows)
    return FlatSplit(_keep_item_fields(sheet_rows, child), invoices, findings)


def _list_invoice_fields(sheet_rows: DataRows, parent: Table, child: Table) -> list[str]:
    """Return the sheet's fields of an invoice: its key, and what is not a field of an item as well."""
    names = [field.name for field in parent if field.name in sheet_rows.columns]
    return [name for name in names if name == parent.key[0] or name not in child]


def _group_by_reference(refs: Texts) -> _InvoiceRows:
    # a blank reference is no invoice: null has no code
    encoded = pc.if_else(pc.equal(refs, ""), None, refs).dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int64)
    first_rows = _find_first_rows(codes, np.arange(len(codes)), len(encoded.dictionary))
    # stable, so that the rows of an invoice stay in the order of the sheet
    return _InvoiceRows(codes, first_rows, np.argsort(codes, kind="stable"))


def _build_invoices(
    sheet_rows: DataRows,
    parent: Table,
    by_field: Mapping[str, _InvoiceField],
    invoice_rows: _InvoiceRows,
) -> DataRows:
    """Return the invoices of a flat sheet as data rows; ragged rows are reported with the items."""
    bound_columns = tuple(column for column in sheet_rows.sheet.columns if column.field in by_field)
    columns, kinds, displayed = {}, {}, {}
    for name, invoice_field in by_field.items():
        indices = pa.array(invoice_field.rows)
        columns[name] = pa.chunked_array([sheet_rows.columns[name].combine_chunks().take(indices)])
        if name in sheet_rows.kinds:
            kinds[name] = sheet_rows.kinds[name][invoice_field.rows]
        if name in sheet_rows.displayed:
            displayed[name] = sheet_rows.displayed[name].take(indices)
    return DataRows(
        sheet=replace(sheet_rows.sheet, table=parent, reports_header=False, columns=bound_columns),
        columns=columns,
        kinds=kinds,
        row_numbers=sheet_rows.row_numbers[invoice_rows.first_rows],
        is_data=sheet_rows.is_data,
        ignored=dict.fromkeys(IGNORED_KINDS, 0),
        trimmed=_move_trimmed(sheet_rows, parent, by_field, invoice_rows.codes),
        ragged=(np.empty(0, np.int64), np.empty(0, np.int32)),
        displayed=displayed,
        addresses={name: invoice_field.addresses for name, invoice_field in by_field.items()},
    )


def _move_trimmed(
    sheet_rows: DataRows, parent: Table, by_field: Mapping[str, _InvoiceField], codes: Positions
) -> dict[str, TrimmedBlanks]:
    """Return the removed blanks of the invoice fields, by invoice; those of the key are the items'."""
    moved = {}
    for name, blanks in sheet_rows.trimmed.items():
        if name in by_field and name != parent.key[0]:
            # a row without a reference has the code -1, and the warning needs an invoice to stand at
            invoice = int(max(codes[blanks.first_row], 0))
            moved[name] = TrimmedBlanks(blanks.count, invoice, blanks.value)
    return moved


def _keep_item_fields(sheet_rows: DataRows, child: Table) -> DataRows:
    """Return the rows as items; the sheet keeps its other columns, so that their cells can be reported."""
    return replace(
        sheet_rows,
        columns=_select_fields(sheet_rows.columns, child),
        kinds=_select_fields(sheet_rows.kinds, child),
        trimmed=_select_fields(sheet_rows.trimmed, child),
        displayed=_select_fields(sheet_rows.displayed, child),
        merged=_select_fields(sheet_rows.merged, child),
    )


def _select_fields(by_field: Mapping[str, _Value], table: Table) -> dict[str, _Value]:
    return {name: value for name, value in by_field.items() if name in table}


def _find_first_rows(codes: Positions, rows: Positions, invoice_count: int) -> Positions:
    """Return per invoice the first of the given rows that is its own; -1 without one."""
    first_rows = np.full(invoice_count, -1, np.int64)
    # Assigned backwards: of an invoice's rows numpy keeps the last assignment, which is the first row.
    known = rows[codes[rows] >= 0][::-1]
    first_rows[codes[known]] = known
    return first_rows


def _choose_values(sheet_rows: DataRows, name: str, invoice_rows: _InvoiceRows) -> _InvoiceField:
    """Choose the value of a field for each invoice: the first that is not blank."""
    codes, first_rows, order = invoice_rows
    column = sheet_rows.columns[name]
    is_filled: Mask = (pc.binary_length(column).to_numpy() > 0) & (codes >= 0)
    is_filled[sheet_rows.ragged[0]] = False  # which cell of a ragged row is which is unknown
    value_rows = _find_first_rows(codes, np.flatnonzero(is_filled), len(first_rows))
    # an invoice without any value takes the blank of its first row
    chosen_rows = np.where(value_rows < 0, first_rows, value_rows)
    # codes are compared instead of texts: equal texts have one code
    values = column.combine_chunks().dictionary_encode().indices.to_numpy()
    differs: Mask = is_filled.copy()
    differs[is_filled] = values[is_filled] != values[chosen_rows[codes[is_filled]]]
    filled_rows = order[is_filled[order]]
    # sorted by invoice, the addresses of each are one span
    starts = np.searchsorted(codes[filled_rows], np.arange(len(first_rows) + 1))
    addresses = Addresses(starts, sheet_rows.row_numbers[filled_rows])
    return _InvoiceField(chosen_rows, addresses, np.flatnonzero(differs))


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
    """Return the rows that say yes, and the rows that say neither yes nor no."""
    folded = pc.utf8_lower(marks)
    says_yes = pc.is_in(folded, value_set=pa.array(YES_WORDS)).to_numpy()
    is_known = says_yes | pc.is_in(folded, value_set=pa.array([*NO_WORDS, ""])).to_numpy()
    return says_yes, ~is_known


def _fill_references(sheet_rows: DataRows, starts_invoice: Mask, key: str) -> tuple[DataRows, Mask]:
    """Fill references down into rows that start no invoice; return also the rows that contradict them."""
    refs = sheet_rows.columns[key].combine_chunks()
    is_blank = pc.equal(refs, "").to_numpy(zero_copy_only=False)
    rows = np.arange(len(starts_invoice))
    # Per row the last row up to it that starts an invoice: the running maximum of their positions.
    start_above = np.maximum.accumulate(np.where(starts_invoice, rows, -1)) if len(rows) else rows
    takes_above = is_blank & ~starts_invoice & (start_above >= 0)
    filled = refs.take(pa.array(np.where(takes_above, start_above, rows), pa.int64()))
    # without a start above any row will do: `start_above < 0` decides below
    refs_above = refs.take(pa.array(np.maximum(start_above, 0), pa.int64()))
    is_same = pc.equal(filled, refs_above).to_numpy(zero_copy_only=False)
    is_torn = ~starts_invoice & ~is_blank & ((start_above < 0) | ~is_same)
    is_repeated = starts_invoice & _find_repeated_starts(filled, starts_invoice)
    columns = {**sheet_rows.columns, key: pa.chunked_array([filled])}
    return replace(sheet_rows, columns=columns), is_torn | is_repeated


def _find_repeated_starts(refs: Texts, starts_invoice: Mask) -> Mask:
    """Return the rows that start an invoice whose reference an earlier row has started."""
    codes: npt.NDArray[np.int32] = refs.dictionary_encode().indices.to_numpy()
    rows = np.flatnonzero(starts_invoice)
    is_repeated = np.zeros(len(starts_invoice), np.bool_)
    # `unique` names the first row of each reference; all others repeat one
    _, first_indices = np.unique(codes[rows], return_index=True)
    is_repeated[np.delete(rows, first_indices)] = True
    return is_repeated
