"""Rows of a price list or an account list that contradict each other.

In: catalog rows in the shape of `CATALOG_SCHEMA`; rows of an account list.
Out: `Contradiction` values: positions of the rows, and for each a row that it contradicts.
Never: touches a file, words an issue, decides which row is right.

A charge has one SKU and one product for good. Everything else of a charge may change over time, but not
within one currency on the same day. In an account list each key belongs to one account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.catalog.snapshot_kinds import CATALOG_SCHEMA, CHARGE_ID_FIELD, PRICE_TYPE, SKU_FIELD
from pipeline.model.indices import Mask, Positions
from schemas.catalog import ACCOUNT_KEYS, fold_account_keys

_IDENTITY_FIELDS = (SKU_FIELD, "product_id")
_PERIOD_FIELDS = ("effective_from", "effective_to")
_ATTRIBUTE_FIELDS = tuple(
    name
    for name in CATALOG_SCHEMA.names
    if name not in (*_IDENTITY_FIELDS, *_PERIOD_FIELDS, CHARGE_ID_FIELD, "currency")
)
_LAST_DAY = 2**31 - 2
"""Beyond the last day, for a validity that is open; days are counted from `_FIRST` as 0."""
_FIRST_DAY = -(2**30)


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """All rows that differ in one field where they must not: parallel arrays, one entry per row.

    Attributes:
        kind: `identity`: rows of one charge name different SKUs or products; `validity`: rows of one charge
            and currency overlap in time and differ; `key`: two accounts of an account list have the same key.
        field: the field in which they differ.
        rows: positions in the table that was loaded, ascending.
        other_rows: for each the position of a row that it contradicts.
        keys: the charge id of each row; of an account list the key.
        values: the row's value as text; null when blank.
        other_values: the other row's value as text; null when blank.
    """

    kind: Literal["identity", "validity", "key"]
    field: str
    rows: Positions
    other_rows: Positions
    keys: pa.Array
    values: pa.Array
    other_values: pa.Array

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class _Spans:
    """Rows as days of a group: `starts` to `ends`, both included."""

    groups: Positions
    starts: Positions
    ends: Positions

    def __getitem__(self, rows: Positions | Mask) -> _Spans:
        return _Spans(self.groups[rows], self.starts[rows], self.ends[rows])


def find_contradictions(rows: pa.Table) -> tuple[Contradiction, ...]:
    """Find everything in which rows contradict each other, in O(n log n) however many rows a charge has.

    Args:
        rows: of `rows.SCHEMA`.

    Returns:
        One record for each kind and field in which any rows differ that must not.
    """
    charges = _encode_values(rows[CHARGE_ID_FIELD])
    zero = np.zeros(len(rows), dtype=np.int64)
    identity_contradictions = _find_differences(
        rows, "identity", _IDENTITY_FIELDS, _Spans(charges, zero, zero)
    )
    starts, ends = _get_periods(rows)
    prices = _encode_pairs(charges, _encode_values(rows["currency"]))
    return tuple(
        identity_contradictions
        + _find_differences(rows, "validity", _ATTRIBUTE_FIELDS, _Spans(prices, starts, ends))
    )


def find_shared_keys(rows: pa.Table, first: Positions) -> tuple[Contradiction, ...]:
    """Find every key that more than one account has.

    Args:
        rows: the distinct rows of an account list.
        first: for each the position it had in the table that was loaded.

    Returns:
        One record for each key field; of several rows each names the one before, the first names the second.
    """
    found = [_find_shared_key(rows, first, name) for name in ACCOUNT_KEYS]
    return tuple(contradiction for contradiction in found if len(contradiction))


def _find_shared_key(rows: pa.Table, first: Positions, name: str) -> Contradiction:
    keys = fold_account_keys(name, rows[name].combine_chunks())
    filled = np.flatnonzero(pc.is_valid(keys).to_numpy(zero_copy_only=False))
    codes = keys.dictionary_encode().indices.take(pa.array(filled)).to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    is_same = codes[order][1:] == codes[order][:-1]
    partner = np.full(len(rows), -1)
    before, after = filled[order][:-1][is_same], filled[order][1:][is_same]
    # in this order: of several rows the first names the second, the others name the one before
    partner[before] = after
    partner[after] = before
    rows_here = np.flatnonzero(partner >= 0)
    rows_there = partner[rows_here]
    texts = _format_cells(rows[name], rows_here)
    return Contradiction(
        kind="key",
        field=name,
        rows=first[rows_here],
        other_rows=first[rows_there],
        keys=texts,
        values=texts,
        other_values=_format_cells(rows[name], rows_there),
    )


def _find_differences(
    rows: pa.Table, kind: Literal["identity", "validity"], fields: tuple[str, ...], spans: _Spans
) -> list[Contradiction]:
    """Find the fields in which rows of one group differ on the same day."""
    order = np.argsort(spans.groups, kind="stable")
    contradictions = []
    for name in fields:
        codes = _encode_values(rows[name])
        varying = _select_varying(spans.groups, codes, order)
        if not len(varying):
            continue
        varying_spans, values = spans[varying], codes[varying]
        same_value_spans = _Spans(
            _encode_pairs(varying_spans.groups, values), varying_spans.starts, varying_spans.ends
        )
        # who overlaps with more rows than have its value overlaps with one that has another
        is_clashing = _count_overlaps(varying_spans) > _count_overlaps(same_value_spans)
        if is_clashing.any():
            other_rows = varying[is_clashing][_find_partners(varying_spans[is_clashing], values[is_clashing])]
            contradictions.append(_make_contradiction(rows, kind, name, varying[is_clashing], other_rows))
    return contradictions


def _make_contradiction(
    rows: pa.Table,
    kind: Literal["identity", "validity"],
    name: str,
    row_indices: Positions,
    other_indices: Positions,
) -> Contradiction:
    return Contradiction(
        kind=kind,
        field=name,
        rows=row_indices,
        other_rows=other_indices,
        keys=_format_cells(rows[CHARGE_ID_FIELD], row_indices),
        values=_format_cells(rows[name], row_indices),
        other_values=_format_cells(rows[name], other_indices),
    )


def _format_cells(column: pa.ChunkedArray, rows: Positions) -> pa.Array:
    """Return cells as text, decimals without trailing zeros."""
    cells = column.take(pa.array(rows))
    if cells.type == PRICE_TYPE:
        return pa.array([cell and f"{cell.normalize():f}" for cell in cells.to_pylist()], pa.string())
    return cells.cast(pa.string()).combine_chunks()


def _encode_values(column: pa.ChunkedArray) -> Positions:
    """Return a number for each distinct value; a blank is a value too."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    codes: Positions = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _encode_pairs(left: Positions, right: Positions) -> Positions:
    """Return a number from 0 on for each distinct pair."""
    if not len(left):
        return left
    # the right number is below the factor, so no two pairs meet
    _, codes = np.unique(left * (right.max() + 1) + right, return_inverse=True)
    return codes.astype(np.int64)


def _get_periods(rows: pa.Table) -> tuple[Positions, Positions]:
    """Return first and last day of each row; open ends are far away, an end before its start is the start."""
    first, last = (
        pc.fill_null(rows[name].cast(pa.int32()).cast(pa.int64()), value).to_numpy() - _FIRST_DAY
        for name, value in zip(_PERIOD_FIELDS, (_FIRST_DAY, _LAST_DAY + _FIRST_DAY), strict=True)
    )
    return first, np.maximum(first, last)


def _select_varying(groups: Positions, codes: Positions, order: Positions) -> Positions:
    """Return the rows of the groups in which there is more than one code, ascending."""
    sorted_groups, sorted_codes = groups[order], codes[order]
    changes = (sorted_groups[1:] == sorted_groups[:-1]) & (sorted_codes[1:] != sorted_codes[:-1])
    if not changes.any():
        return np.empty(0, dtype=np.int64)
    mixed = np.zeros(groups.max() + 1, dtype=np.bool_)
    mixed[sorted_groups[1:][changes]] = True
    return np.flatnonzero(mixed[groups])


def _count_overlaps(spans: _Spans) -> Positions:
    """Return how many rows of its group each row overlaps with, itself included.

    Those that start by its end, less those that end before its start; what lies in lower groups is in both
    counts and cancels out.
    """
    # a group in the high half of 64 bits, a day in the low half: one sort serves all groups
    base = spans.groups << 32
    starts, ends = base + spans.starts, base + spans.ends
    by_end = np.searchsorted(np.sort(starts), ends, side="right")
    before = np.searchsorted(np.sort(ends), starts, side="left")
    return (by_end - before).astype(np.int64)


def _find_partners(spans: _Spans, values: Positions) -> Positions:
    """Return for each row the position of one that overlaps with it and has another value; each has one."""
    order = np.lexsort((spans.starts, spans.groups)).tolist()
    # lists, since a sweep takes single numbers, each of which NumPy would box
    groups, codes = spans.groups.tolist(), values.tolist()
    earlier = _find_earlier(order, groups, codes, spans)
    later = _find_later(order, groups, codes)
    return np.where(earlier >= 0, earlier, later)


def _find_earlier(order: list[int], groups: list[int], codes: list[int], spans: _Spans) -> Positions:
    """Return an earlier row of the group that still lasts and has another value, else -1.

    One sweep in the order of the starts. It is enough to keep the row that lasts longest, and of those with
    another value the one that lasts longest: one of the two differs from any row that comes.
    """
    starts, ends = spans.starts.tolist(), spans.ends.tolist()
    partners = [-1] * len(codes)
    longest = runner_up = -1
    for row in order:
        if longest < 0 or groups[longest] != groups[row]:
            longest, runner_up = row, -1
            continue
        candidate = runner_up if codes[longest] == codes[row] else longest
        if candidate >= 0 and ends[candidate] >= starts[row]:
            partners[row] = candidate
        longest, runner_up = _rank_by_end(row, longest, runner_up, codes, ends)
    return np.array(partners, dtype=np.int64)


def _rank_by_end(
    row: int, longest: int, runner_up: int, codes: list[int], ends: list[int]
) -> tuple[int, int]:
    """Return the row that lasts longest so far, and the one with another value that lasts longest (or -1)."""
    if codes[row] == codes[longest]:
        return (row if ends[row] > ends[longest] else longest), runner_up
    if ends[row] > ends[longest]:
        return row, longest
    if runner_up < 0 or ends[row] > ends[runner_up]:
        return longest, row
    return longest, runner_up


def _find_later(order: list[int], groups: list[int], codes: list[int]) -> Positions:
    """Return the next row of the group that has another value, else -1."""
    partners = [-1] * len(codes)
    # from the back: the row after has its partner already
    for row, after in zip(reversed(order[:-1]), reversed(order[1:]), strict=True):
        if groups[row] == groups[after]:
            partners[row] = after if codes[row] != codes[after] else partners[after]
    return np.array(partners, dtype=np.int64)
