"""Canonical bytes, digests of a run, and the chain of events.

In: rows as the ledger holds them.
Out: hashes. An event's hash covers its columns and the hash of the event before it, so nothing can be
changed, added, removed or moved without breaking the chain; the event that enters a run carries the digest of
all its rows.
Never: touches a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import orjson

EMPTY_HASH = ""
"""What the first event has before it."""

_CHUNK_ROWS = 2_000
"""Rows at once: as many as one statement can insert, for a value is a parameter and SQLite takes 32,766."""

LedgerRow = tuple[Any, ...]


class Head(NamedTuple):
    """The newest event: its number, which is how many there are, and its hash."""

    events: int
    hash: str


class RunDigest:
    """The digest of a run over the values of its rows, table by table; how they are cut does not matter."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def start_table(self, name: str) -> None:
        """Begin a table: the rows that follow belong to this table."""
        # a line of its own: JSON has no bare line end, so no value can pass for the name of a table
        self._hash.update(b"\n" + name.encode() + b"\n")

    def add_values(self, values: Sequence[Any]) -> None:
        """Add rows, in order, as one list of the values of them all."""
        if values:
            # without the brackets, so that it does not matter how the rows are cut into lists
            self._hash.update(orjson.dumps(values)[1:-1])
            self._hash.update(b",")

    def hexdigest(self) -> str:
        """Return the digest of all rows."""
        return self._hash.hexdigest()


def encode_run_detail(digest: RunDigest, counts: Mapping[str, int]) -> str:
    """Encode what the event that enters a run says: its digest, and how many rows each table has of it."""
    return orjson.dumps({"digest": digest.hexdigest(), **counts}).decode()


def split_chunks(rows: Iterable[LedgerRow]) -> Iterator[list[LedgerRow]]:
    """Split the rows into lists of a size that keeps memory flat."""
    source = iter(rows)
    while chunk := list(islice(source, _CHUNK_ROWS)):
        yield chunk


def flatten_rows(rows: Iterable[LedgerRow]) -> list[Any]:
    """Return the values of rows, one row after the other."""
    return list(chain.from_iterable(rows))


def hash_event(event: LedgerRow) -> str:
    """Hash an event without its own hash: seq, at, run_id, invoice_id, state, detail, previous."""
    return hashlib.sha256(orjson.dumps(event)).hexdigest()


def chain_events(head: Head, events: Iterable[LedgerRow]) -> Iterator[LedgerRow]:
    """Turn events (at, run_id, invoice_id, state, detail) into rows that follow the head."""
    number, previous = head
    for event in events:
        number += 1
        row = (number, *event, previous)
        previous = hash_event(row)
        yield (*row, previous)
