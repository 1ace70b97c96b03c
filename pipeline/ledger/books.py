"""What is said of the ledger: which references are live, which runs there are, what one run holds.

Input: a `Ledger` and what is asked for. Output: values. It creates and changes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from pipeline.errors import UsageError
from pipeline.language import say
from pipeline.ledger.rows import InvoiceRow, RequestRow, RunRow, SourceRow
from pipeline.ledger.store import Ledger, reading

_LIVE = """
SELECT l.ref, i.fingerprint, i.run_id, s.state
FROM json_each(?) r
CROSS JOIN live l ON l.environment = ? AND l.target = ? AND l.ref = r.value
CROSS JOIN invoices i ON i.invoice_id = l.invoice_id
CROSS JOIN states s ON s.invoice_id = l.invoice_id
"""

_REJECTED = """
SELECT i.ref, i.fingerprint
FROM json_each(?) r
CROSS JOIN invoices i ON i.ref = r.value AND i.state = 'rejected'
CROSS JOIN runs ON runs.run_id = i.run_id AND runs.environment = ? AND runs.target = ?
ORDER BY i.invoice_id
"""

_RUNS = "SELECT run_id, started, target, environment, verdict FROM runs ORDER BY started, run_id"

_STATES = "SELECT run_id, state, count(*) FROM states GROUP BY run_id, state ORDER BY run_id, state"

_RUN = """
SELECT run_id, started, target, environment, verdict, catalog_sha256, settings_sha256,
    manifest_sha256, summary
FROM runs WHERE run_id = ?
"""

_REQUESTS = """
SELECT number, file, sha256, invoices, items, totals FROM requests WHERE run_id = ? ORDER BY number
"""

_ENTRIES = """
SELECT position, ref, account, currency, invoice_date, item_count, amount,
    (SELECT state FROM states s WHERE s.invoice_id = i.invoice_id), fingerprint, request, reasons
FROM invoices i WHERE run_id = ? ORDER BY invoice_id
"""


class Live(NamedTuple):
    """An invoice that keeps its reference to itself: what it holds, who prepared it, how far it is."""

    fingerprint: str
    run_id: str
    state: str


@dataclass(frozen=True)
class RunEntry:
    """A run in a list; `states` counts its invoices by their state now."""

    run_id: str
    started: str
    target: str
    environment: str
    verdict: str
    states: Mapping[str, int]


@dataclass(frozen=True)
class RunShown:
    """A run with all but its invoices; `states` counts those by their state now."""

    run: RunRow
    states: Mapping[str, int]
    sources: tuple[SourceRow, ...]
    requests: tuple[RequestRow, ...]


def live(ledger: Ledger, environment: str, target: str, refs: Iterable[str]) -> dict[str, Live]:
    """Those of the references that are live, with what is known of them."""
    asked = (orjson.dumps(list(refs)).decode(), environment, target)
    return reading(
        ledger, lambda books: {row[0]: Live(*row[1:]) for row in books.execute(_LIVE, asked)}, empty={}
    )


def rejected_before(ledger: Ledger, environment: str, target: str, refs: Iterable[str]) -> dict[str, str]:
    """Those of the references that were rejected, with the fingerprint of the latest."""

    def query(books: sqlite3.Connection) -> dict[str, str]:
        if not books.execute("SELECT 1 FROM invoices WHERE state = 'rejected' LIMIT 1").fetchone():
            return {}
        asked = (orjson.dumps(list(refs)).decode(), environment, target)
        return dict(books.execute(_REJECTED, asked).fetchall())

    return reading(ledger, query, empty={})


def runs(ledger: Ledger) -> list[RunEntry]:
    """All runs, oldest first."""

    def query(books: sqlite3.Connection) -> list[RunEntry]:
        states: dict[str, dict[str, int]] = {}
        for run_id, state, count in books.execute(_STATES):
            states.setdefault(run_id, {})[state] = count
        return [
            RunEntry(run_id, started, target, environment, verdict, states.get(run_id, {}))
            for run_id, started, target, environment, verdict in books.execute(_RUNS)
        ]

    return reading(ledger, query, empty=[])


def show(ledger: Ledger, run_id: str) -> RunShown:
    """One run.

    Raises:
        UsageError: the ledger has no such run.
    """

    def query(books: sqlite3.Connection) -> RunShown | None:
        run = books.execute(_RUN, (run_id,)).fetchone()
        if run is None:
            return None
        states = "SELECT state, count(*) FROM states WHERE run_id = ? GROUP BY state ORDER BY state"
        sources = "SELECT name, sha256, size, rows FROM sources WHERE run_id = ? ORDER BY rowid"
        requests = _REQUESTS
        return RunShown(
            RunRow(*run),
            dict(books.execute(states, (run_id,)).fetchall()),
            tuple(SourceRow(*row) for row in books.execute(sources, (run_id,))),
            tuple(RequestRow(*row) for row in books.execute(requests, (run_id,))),
        )

    shown = reading(ledger, query, empty=None)
    if shown is None:
        raise UsageError(say("The ledger has no run {run}.", run=run_id))
    return shown


def entries(ledger: Ledger, run_id: str) -> list[InvoiceRow]:
    """The invoices of a run in the order they were entered, each with its state now."""
    return reading(
        ledger, lambda books: [InvoiceRow(*row) for row in books.execute(_ENTRIES, (run_id,))], empty=[]
    )
