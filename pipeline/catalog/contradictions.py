"""What a single row cannot tell: rows that contradict each other.

Input: catalog rows in the shape of `rows.SCHEMA`; rows of an account list.
Output: `Contradiction` values: positions of the rows, and for each a row that says otherwise.
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

from pipeline.catalog.rows import CHARGE, PRICE, SCHEMA, SKU
from pipeline.model import Mask, Positions
from schemas.catalog import ACCOUNT_KEYS, folded_key

_IDENTITY = (SKU, "product_id")
_PERIOD = ("effective_from", "effective_to")
_ATTRIBUTES = tuple(name for name in SCHEMA.names if name not in (*_IDENTITY, *_PERIOD, CHARGE, "currency"))
_LAST = 2**31 - 2
"""Beyond the last day, for a validity that is open; days are counted from `_FIRST` as 0."""
_FIRST = -(2**30)


@dataclass(frozen=True)
class Contradiction:
    """All rows that differ in one field where they must not: parallel arrays, one entry a row.

    Attributes:
        kind: `identity`: rows of one charge name different SKUs or products; `validity`: rows of one charge
            and currency overlap in time and differ; `key`: a key of an account list stands on two accounts.
        field: the field in which they differ.
        rows: positions in the table that was loaded, ascending.
        others: for each the position of a row that says otherwise.
        of: the charge id, a row; of an account list the key.
        values: what the row says, as text; null when blank.
        other_values: what the other row says, as text; null when blank.
    """

    kind: Literal["identity", "validity", "key"]
    field: str
    rows: Positions
    others: Positions
    of: pa.Array
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


def contradictions(rows: pa.Table) -> tuple[Contradiction, ...]:
    """Everything in which rows contradict each other; n log n, however many rows a charge has.

    Args:
        rows: of `rows.SCHEMA`.

    Returns:
        One record for each kind and field in which any rows differ that must not.
    """
    charges = _codes(rows[CHARGE])
    zero = np.zeros(len(rows), dtype=np.int64)
    found = _differing(rows, "identity", _IDENTITY, _Spans(charges, zero, zero))
    starts, ends = _period(rows)
    prices = _pairs(charges, _codes(rows["currency"]))
    return tuple(found + _differing(rows, "validity", _ATTRIBUTES, _Spans(prices, starts, ends)))


def keys_twice(rows: pa.Table, first: Positions) -> tuple[Contradiction, ...]:
    """Every key that stands on more than one account.

    Args:
        rows: the distinct rows of an account list.
        first: for each the position it had in the table that was loaded.

    Returns:
        One record for each key field; of several rows each names the one before, the first names the second.
    """
    return tuple(each for each in (_key_twice(rows, first, name) for name in ACCOUNT_KEYS) if len(each))


def _key_twice(rows: pa.Table, first: Positions, name: str) -> Contradiction:
    keys = folded_key(name, rows[name].combine_chunks())
    given = np.flatnonzero(pc.is_valid(keys).to_numpy(zero_copy_only=False))
    codes = keys.dictionary_encode().indices.take(pa.array(given)).to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    same = codes[order][1:] == codes[order][:-1]
    other = np.full(len(rows), -1)
    before, after = given[order][:-1][same], given[order][1:][same]
    other[before], other[after] = (
        after,
        before,
    )  # the first of several names the second, others the one before
    here = np.flatnonzero(other >= 0)
    there = other[here]
    said = _taken(rows[name], here)
    return Contradiction("key", name, first[here], first[there], said, said, _taken(rows[name], there))


def _differing(
    rows: pa.Table, kind: Literal["identity", "validity"], fields: tuple[str, ...], spans: _Spans
) -> list[Contradiction]:
    """The fields in which rows of one group differ on the same day."""
    order = np.argsort(spans.groups, kind="stable")
    found = []
    for name in fields:
        codes = _codes(rows[name])
        varying = _varying(spans.groups, codes, order)
        if not len(varying):
            continue
        some, values = spans[varying], codes[varying]
        alike = _Spans(_pairs(some.groups, values), some.starts, some.ends)
        clashing = _overlaps(some) > _overlaps(alike)
        if clashing.any():
            others = varying[clashing][_partners(some[clashing], values[clashing])]
            found.append(_contradiction(rows, kind, name, varying[clashing], others))
    return found


def _contradiction(
    rows: pa.Table, kind: Literal["identity", "validity"], name: str, here: Positions, there: Positions
) -> Contradiction:
    return Contradiction(
        kind=kind,
        field=name,
        rows=here,
        others=there,
        of=_taken(rows[CHARGE], here),
        values=_taken(rows[name], here),
        other_values=_taken(rows[name], there),
    )


def _taken(column: pa.ChunkedArray, rows: Positions) -> pa.Array:
    """Cells as the text a person knows them by."""
    cells = column.take(pa.array(rows))
    if cells.type == PRICE:
        return pa.array([cell and f"{cell.normalize():f}" for cell in cells.to_pylist()], pa.string())
    return cells.cast(pa.string()).combine_chunks()


def _codes(column: pa.ChunkedArray) -> Positions:
    """A number for each distinct value; a blank is a value too."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    codes: Positions = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _pairs(left: Positions, right: Positions) -> Positions:
    """A number from 0 on for each distinct pair."""
    if not len(left):
        return left
    _, codes = np.unique(left * (right.max() + 1) + right, return_inverse=True)
    return codes.astype(np.int64)


def _period(rows: pa.Table) -> tuple[Positions, Positions]:
    """First and last day of each row; open ends are far away, an end before its start is the start."""
    first, last = (
        pc.fill_null(rows[name].cast(pa.int32()).cast(pa.int64()), value).to_numpy() - _FIRST
        for name, value in zip(_PERIOD, (_FIRST, _LAST + _FIRST), strict=True)
    )
    return first, np.maximum(first, last)


def _varying(groups: Positions, codes: Positions, order: Positions) -> Positions:
    """The rows of the groups in which there is more than one code, ascending."""
    sorted_groups, sorted_codes = groups[order], codes[order]
    changes = (sorted_groups[1:] == sorted_groups[:-1]) & (sorted_codes[1:] != sorted_codes[:-1])
    if not changes.any():
        return np.empty(0, dtype=np.int64)
    mixed = np.zeros(groups.max() + 1, dtype=np.bool_)
    mixed[sorted_groups[1:][changes]] = True
    return np.flatnonzero(mixed[groups])


def _overlaps(spans: _Spans) -> Positions:
    """How many rows of its group each row overlaps with, itself included.

    Those that start by its end, less those that end before its start; what lies in lower groups is in both
    counts and cancels out.
    """
    base = spans.groups << 32
    starts, ends = base + spans.starts, base + spans.ends
    by_end = np.searchsorted(np.sort(starts), ends, side="right")
    before = np.searchsorted(np.sort(ends), starts, side="left")
    return (by_end - before).astype(np.int64)


def _partners(spans: _Spans, values: Positions) -> Positions:
    """For each row the position of one that overlaps with it and has another value; each has one."""
    order = np.lexsort((spans.starts, spans.groups)).tolist()
    groups, codes = spans.groups.tolist(), values.tolist()
    earlier = _earlier(order, groups, codes, spans)
    later = _later(order, groups, codes)
    return np.where(earlier >= 0, earlier, later)


def _earlier(order: list[int], groups: list[int], codes: list[int], spans: _Spans) -> Positions:
    """The row before that still lasts and differs, else -1: one of the two that last longest and differ."""
    starts, ends = spans.starts.tolist(), spans.ends.tolist()
    partners = [-1] * len(codes)
    best = second = -1
    for row in order:
        if best < 0 or groups[best] != groups[row]:
            best, second = row, -1
            continue
        other = second if codes[best] == codes[row] else best
        if other >= 0 and ends[other] >= starts[row]:
            partners[row] = other
        if codes[row] == codes[best]:
            best = row if ends[row] > ends[best] else best
        elif ends[row] > ends[best]:
            best, second = row, best
        elif second < 0 or ends[row] > ends[second]:
            second = row
    return np.array(partners, dtype=np.int64)


def _later(order: list[int], groups: list[int], codes: list[int]) -> Positions:
    """The next row of the group that differs, else -1."""
    partners = [-1] * len(codes)
    for row, after in zip(reversed(order[:-1]), reversed(order[1:]), strict=True):
        if groups[row] == groups[after]:
            partners[row] = after if codes[row] != codes[after] else partners[after]
    return np.array(partners, dtype=np.int64)
