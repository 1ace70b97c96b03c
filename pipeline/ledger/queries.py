"""What is said of the ledger: which references are live, which runs there are, what one run holds.

In: a `Ledger` and what is asked for.
Out: values.
Never: creates or changes anything.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from pipeline.errors import UsageError
from pipeline.i18n import translate
from pipeline.ledger.records import InvoiceRow, RequestRow, RunRow, SourceRow
from pipeline.ledger.sqlite_connection import Ledger, query_ledger

# one JSON parameter, however many references; CROSS JOIN keeps the order: from the few asked for outwards
_LIVE_SQL = """
SELECT l.ref, i.fingerprint, i.run_id, s.state
FROM json_each(?) r
CROSS JOIN live l ON l.environment = ? AND l.target = ? AND l.ref = r.value
CROSS JOIN invoices i ON i.invoice_id = l.invoice_id
CROSS JOIN states s ON s.invoice_id = l.invoice_id
"""

_REJECTED_SQL = """
SELECT i.ref, i.fingerprint
FROM json_each(?) r
CROSS JOIN invoices i ON i.ref = r.value AND i.state = 'rejected'
CROSS JOIN runs ON runs.run_id = i.run_id AND runs.environment = ? AND runs.target = ?
ORDER BY i.invoice_id
"""

_RUNS_SQL = "SELECT run_id, started, target, environment, verdict FROM runs ORDER BY started, run_id"

_STATES_SQL = "SELECT run_id, state, count(*) FROM states GROUP BY run_id, state ORDER BY run_id, state"

_RUN_SQL = """
SELECT run_id, started, target, environment, verdict, catalog_sha256, settings_sha256,
    manifest_sha256, summary
FROM runs WHERE run_id = ?
"""

_REQUESTS_SQL = """
SELECT number, file, sha256, invoices, items, totals FROM requests WHERE run_id = ? ORDER BY number
"""

_INVOICES_SQL = """
SELECT position, ref, account, currency, invoice_date, item_count, amount,
    (SELECT state FROM states s WHERE s.invoice_id = i.invoice_id), fingerprint, request, reasons
FROM invoices i WHERE run_id = ? ORDER BY invoice_id
"""


class LiveInvoice(NamedTuple):
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
class RunDetails:
    """A run with all but its invoices; `states` counts those by their state now."""

    run: RunRow
    states: Mapping[str, int]
    sources: tuple[SourceRow, ...]
    requests: tuple[RequestRow, ...]


def find_live_by_reference(
    ledger: Ledger, environment: str, target: str, refs: Iterable[str]
) -> dict[str, LiveInvoice]:
    """Find those of the references that are live, with what is known of them."""
    parameters = (orjson.dumps(list(refs)).decode(), environment, target)
    return query_ledger(
        ledger,
        lambda connection: {
            row[0]: LiveInvoice(*row[1:]) for row in connection.execute(_LIVE_SQL, parameters)
        },
        empty={},
    )


def find_rejected(ledger: Ledger, environment: str, target: str, refs: Iterable[str]) -> dict[str, str]:
    """Find those of the references that were rejected, with the fingerprint of the latest."""

    def query(connection: sqlite3.Connection) -> dict[str, str]:
        # nothing was ever rejected: no reference needs to be looked for
        if not connection.execute("SELECT 1 FROM invoices WHERE state = 'rejected' LIMIT 1").fetchone():
            return {}
        parameters = (orjson.dumps(list(refs)).decode(), environment, target)
        # in the order of entry, so that the latest of a reference is the one that stays
        return dict(connection.execute(_REJECTED_SQL, parameters).fetchall())

    return query_ledger(ledger, query, empty={})


def list_run_entries(ledger: Ledger) -> list[RunEntry]:
    """Return all runs, oldest first."""

    def query(connection: sqlite3.Connection) -> list[RunEntry]:
        states: dict[str, dict[str, int]] = {}
        for run_id, state, count in connection.execute(_STATES_SQL):
            states.setdefault(run_id, {})[state] = count
        return [
            RunEntry(run_id, started, target, environment, verdict, states.get(run_id, {}))
            for run_id, started, target, environment, verdict in connection.execute(_RUNS_SQL)
        ]

    return query_ledger(ledger, query, empty=[])


def read_run(ledger: Ledger, run_id: str) -> RunDetails:
    """Return one run.

    Raises:
        UsageError: the ledger has no such run.
    """

    def query(connection: sqlite3.Connection) -> RunDetails | None:
        run = connection.execute(_RUN_SQL, (run_id,)).fetchone()
        if run is None:
            return None
        states = "SELECT state, count(*) FROM states WHERE run_id = ? GROUP BY state ORDER BY state"
        sources = "SELECT name, sha256, size, rows FROM sources WHERE run_id = ? ORDER BY rowid"
        requests = _REQUESTS_SQL
        return RunDetails(
            RunRow.from_row(run),
            dict(connection.execute(states, (run_id,)).fetchall()),
            tuple(SourceRow(*row) for row in connection.execute(sources, (run_id,))),
            tuple(RequestRow(*row) for row in connection.execute(requests, (run_id,))),
        )

    details = query_ledger(ledger, query, empty=None)
    if details is None:
        raise UsageError(translate("The ledger has no run {run}.", run=run_id))
    return details


def list_invoices(ledger: Ledger, run_id: str) -> list[InvoiceRow]:
    """Return the invoices of a run in the order they were entered, each with its state now."""
    return query_ledger(
        ledger,
        lambda connection: [InvoiceRow.from_row(row) for row in connection.execute(_INVOICES_SQL, (run_id,))],
        empty=[],
    )
