"""Fingerprints: SHA-256 of an invoice's content in one canonical text.

In: typed sheets.
Out: a hash per invoice.
Never: depends on the order of rows or columns, or on how a value is written.

The content is the typed values of the sheet, items as a multiset: without the reference (it is the identity),
without item numbers (they are positions), without what the catalog filled. Two sheets that differ in the
order of rows or columns, in spaces, or in how a number or date is written, have the same content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.accept import gather_items
from pipeline.model.indices import Positions
from pipeline.model.valid import ValidSheets
from schemas.arrow import money
from schemas.arrow.columns import ArrowColumn, Decimals, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.arrow.text_bytes import get_text_bytes

_IDENTITY_COLUMNS = ("invoice_ref", "item_no", "discount_no")
_EFFECTIVE_COLUMNS = ("amount", "currency")
"""Columns whose effective value counts: computed or by default, it is what will be billed."""

# the separators that ASCII has: of units, records and groups
_FIELD_SEPARATOR = "\x1f"
_LINE_END = "\x1e"
_TABLE_SEPARATOR = "\x1d"
# invoices whose lines are in memory at once
_CHUNK_INVOICES = 5_000

ChildLines = dict[str, dict[int, list[str]]]
"""Lines of child rows, by parent table and row of the parent."""


def compute_fingerprints(valid: ValidSheets, positions: Positions) -> list[str]:
    """Compute the SHA-256 of the content of some invoices, in hex.

    Args:
        valid: typed sheets.
        positions: rows of the invoices, ascending.
    """
    items, offsets = gather_items(valid.invoice_of_item, positions, len(valid.invoices))
    invoice_members, item_members = _collect_members(valid, "invoices"), _collect_members(valid, "items")
    amounts = _get_order_keys(arrow_column(valid.items["effective_amount"]))
    child_lines = _collect_child_lines(valid)
    hashes: list[str] = []
    for start in range(0, len(positions), _CHUNK_INVOICES):
        stop = min(start + _CHUNK_INVOICES, len(positions))
        headers = _build_lines(invoice_members, positions[start:stop])
        headers = _append_child_lines(child_lines, "invoices", positions[start:stop], headers)
        rows, bounds = items[offsets[start] : offsets[stop]], offsets[start : stop + 1] - offsets[start]
        owner = np.repeat(np.arange(stop - start), np.diff(bounds))
        # numbers first, since they sort faster than lines; those of one amount are sorted by text below
        order = np.lexsort((amounts[rows], owner))
        rows = rows[order]
        lines = _append_child_lines(child_lines, "items", rows, _build_lines(item_members, rows))
        lines = _sort_ties_by_text(lines, owner, amounts[rows])
        hashes += _hash_invoices(headers, lines, bounds)
    return hashes


def _hash_invoices(headers: Texts, lines: Texts, bounds: Positions) -> Iterator[str]:
    """Yield the hash of each header with its lines, `bounds[i]` to `bounds[i + 1]`.

    The texts are read from Arrow's buffers, so that no Python string is made of them.
    """
    header_bytes, line_bytes = (get_text_bytes(texts).data for texts in (headers, lines))
    header_bounds, line_bounds = (
        pairwise(_compute_offsets(headers).tolist()),
        pairwise(_compute_offsets(lines)[bounds].tolist()),
    )
    for (begin, end), (top, bottom) in zip(header_bounds, line_bounds, strict=True):
        digest = sha256(header_bytes[begin:end])
        digest.update(line_bytes[top:bottom])
        yield digest.hexdigest()


def _compute_offsets(texts: Texts) -> Positions:
    """Return where each text begins in the texts joined, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(pc.binary_length(texts).to_numpy())))


def _get_order_keys(amounts: Decimals) -> npt.NDArray[np.int64]:
    """Return the low 64 bits of each decimal: equal for equal values, and enough for a fixed order."""
    filled = pc.fill_null(amounts, 0)
    # 128 bits are two words, the low one first
    low_words = np.frombuffer(filled.buffers()[1], np.int64)
    return low_words[2 * filled.offset : 2 * (filled.offset + len(filled)) : 2]


def _sort_ties_by_text(lines: Texts, owner: Positions, amounts: npt.NDArray[np.int64]) -> Texts:
    """Sort the lines of one owner and one amount by their text; the others are in order already."""
    same = (owner[1:] == owner[:-1]) & (amounts[1:] == amounts[:-1])
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if not len(tied):
        return lines
    group = np.cumsum(np.append(True, ~same))[tied]
    table = pa.table({"group": group, "line": pc.take(lines, pa.array(tied))})
    order = pc.sort_indices(table, sort_keys=[("group", "ascending"), ("line", "ascending")])
    permutation = np.arange(len(lines))
    permutation[tied] = tied[order.to_numpy()]
    return pc.take(lines, pa.array(permutation))


def _collect_child_lines(valid: ValidSheets) -> ChildLines:
    """Collect the lines of all child rows, by parent table and row."""
    child_lines: ChildLines = {}
    # children before parents: the lines of child rows are part of the parent's line
    for name in reversed([*valid.children]):
        rows = np.arange(len(valid.children[name].frame))
        lines = _append_child_lines(
            child_lines, name, rows, _build_lines(_collect_members(valid, name), rows)
        ).to_pylist()
        for table, parents in valid.children[name].parents.items():
            lines_by_row = child_lines.setdefault(table, {})
            for parent, line in zip(parents.tolist(), lines, strict=True):
                lines_by_row.setdefault(parent, []).append(f"{name}{_TABLE_SEPARATOR}{line}")
    return child_lines


def _append_child_lines(child_lines: ChildLines, table: str, rows: Positions, lines: Texts) -> Texts:
    """Append to each row's line those of its child rows, sorted, so that their order does not count."""
    if table not in child_lines:
        return lines
    lines_by_row = child_lines[table]
    pairs = zip(rows.tolist(), lines.to_pylist(), strict=True)
    joined = [_TABLE_SEPARATOR.join((line, *sorted(lines_by_row.get(row, ())))) for row, line in pairs]
    return pa.array(joined, pa.string())


def _collect_members(valid: ValidSheets, table: str) -> dict[str, ArrowColumn]:
    """Collect the content columns by the prefix of their values: `name=`, and one column of all unread cells.

    Blank cells are null; a repetitive column has its texts written already.
    """
    frame = {"invoices": valid.invoices, "items": valid.items}.get(table)
    frame = valid.children[table].frame if frame is None else frame
    numbers = valid.number_texts if table == "items" else {}
    # of a change a blank amount is not an amount of nothing
    effective = () if "action" in frame else _EFFECTIVE_COLUMNS
    names = {str(column) for column in frame.columns} - {*_IDENTITY_COLUMNS, *effective}
    members = {f"{name}=": numbers.get(name, arrow_column(frame[name])) for name in sorted(names)}
    return {prefix: _encode_distinct(prefix, values) for prefix, values in members.items()} | _collect_unread(
        valid, table
    )


def _collect_unread(valid: ValidSheets, table: str) -> dict[str, ArrowColumn]:
    """Build the column of unread cells, `name!text` as in the sheet, null in rows without any."""
    masks, raw = valid.unread_masks[table], valid.raw.tables[table].frame
    names = [column for column in sorted(set(masks) - set(_IDENTITY_COLUMNS)) if masks[column].any()]
    if not names:
        return {}
    rows = np.flatnonzero(np.logical_or.reduce([masks[column] for column in names]))
    indices = pa.array(rows)
    texts = [
        pc.binary_join_element_wise(
            f"{name}!",
            pc.if_else(
                pa.array(masks[name][rows]),
                decode_dictionary(pc.take(arrow_column(raw[name]), indices)),
                None,
            ),
            "",
        )
        for name in names
    ]
    index_of_row = np.full(len(raw), -1, np.int32)
    index_of_row[rows] = np.arange(len(rows))
    joined = pc.binary_join_element_wise(*texts, "", _FIELD_SEPARATOR, null_handling="skip")
    return {
        # the indices are made here and need no check
        "!": pa.DictionaryArray.from_arrays(pa.array(index_of_row, mask=index_of_row < 0), joined, safe=False)
    }


def _encode_distinct(prefix: str, values: ArrowColumn) -> ArrowColumn:
    # dates repeat: each distinct one is written once
    if pa.types.is_date32(values.type):
        values = values.dictionary_encode()
    if not isinstance(values, pa.DictionaryArray):
        return values
    return pa.DictionaryArray.from_arrays(
        values.indices, _encode_values(prefix, values.dictionary), safe=False
    )


def _encode_values(prefix: str, values: ArrowColumn) -> Texts:
    texts = money.format_plain(values) if pa.types.is_decimal(values.type) else pc.cast(values, pa.string())
    return pc.binary_join_element_wise(prefix, texts, "")


def _build_lines(members: Mapping[str, ArrowColumn], rows: Positions) -> Texts:
    """Build one text per row: its fields by name, blank ones left out, unread ones as in the sheet."""
    indices = pa.array(rows)
    parts = [
        pc.take(values.dictionary, pc.take(values.indices, indices))
        if isinstance(values, pa.DictionaryArray)
        else _encode_values(prefix, pc.take(values, indices))
        for prefix, values in members.items()
    ]
    return pc.binary_join_element_wise(*parts, _LINE_END, _FIELD_SEPARATOR, null_handling="skip")
