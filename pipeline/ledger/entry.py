"""Entering a run in the ledger, and withdrawing what one prepared.

Input: a run's rows, and what gives its folder its name. Output: events. Either everything of a run is in the
ledger and its folder in place, or neither. It never changes an entry that is there, and never decides whether
an invoice may come: it refuses an identity that is taken.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from pipeline.errors import LedgerError, UsageError
from pipeline.ledger.chain import Head, Row, RunDigest, chained, chunks
from pipeline.ledger.store import Ledger, head, writing


class RunRow(NamedTuple):
    """What a run brings about itself; `summary` is JSON text, see `sealed`."""

    run_id: str
    started: str
    target: str
    environment: str
    verdict: str
    catalog_sha256: str | None
    settings_sha256: str
    manifest_sha256: str | None
    summary: str


class SourceRow(NamedTuple):
    """A file as it was handed in."""

    name: str
    sha256: str
    size: int
    rows: int


class InvoiceRow(NamedTuple):
    """An invoice as a run leaves it.

    `items` is JSON text, an array of [product, charge_id, service_start, service_end, amount], None unless
    prepared; `amount` a decimal's text; `reasons` issue codes with commas between; `request` a number
    or None.
    """

    position: int
    ref: str
    account: str | None
    currency: str | None
    invoice_date: str | None
    item_count: int
    amount: str | None
    state: str
    fingerprint: str
    request: int | None
    items: str | None
    reasons: str


class RequestRow(NamedTuple):
    """A request; `file` lies in the run folder (`payloads/0001.json`), `totals` is JSON text by currency."""

    number: int
    file: str
    sha256: str
    invoices: int
    items: int
    totals: str


class Withdrawn(NamedTuple):
    """What a withdrawal took back; `money` by currency."""

    invoices: int
    items: int
    money: dict[str, Decimal]


class IdentityTakenError(LedgerError):
    """Some references have become live since they were looked up: classify them again.

    Attributes:
        refs: the references.
    """

    def __init__(self, refs: tuple[str, ...]) -> None:
        self.refs = refs
        more = "" if len(refs) == 1 else f" and {len(refs) - 1} more"
        super().__init__(f"The invoice {refs[0]}{more} was prepared by another run meanwhile.")


_RUN = "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SOURCE = "INSERT INTO sources VALUES (?, ?, ?, ?, ?)"
_INVOICE = "INSERT INTO invoices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_REQUEST = "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?)"
_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_LIVE = """
INSERT INTO live SELECT ?, ?, ref, invoice_id FROM invoices
WHERE run_id = ? AND state = 'prepared' ORDER BY ref
"""
_TAKEN = """
SELECT DISTINCT i.ref FROM invoices i JOIN live l ON l.environment = ? AND l.target = ? AND l.ref = i.ref
WHERE i.run_id = ? AND i.state = 'prepared'
UNION SELECT ref FROM invoices WHERE run_id = ? AND state = 'prepared' GROUP BY ref HAVING count(*) > 1
ORDER BY 1
"""
_FREE = "DELETE FROM live WHERE environment = ? AND target = ? AND ref = ?"
_PREPARED = """
SELECT i.invoice_id, i.item_count, i.currency, i.amount, r.environment, r.target, i.ref
FROM invoices i JOIN states s USING (invoice_id) JOIN runs r ON r.run_id = i.run_id
WHERE i.run_id = ? AND s.state = 'prepared' ORDER BY i.invoice_id
"""


def record(
    ledger: Ledger,
    run: RunRow,
    sources: Iterable[tuple[Any, ...]],
    invoices: Iterable[tuple[Any, ...]],
    requests: Iterable[tuple[Any, ...]],
    publish: Callable[[str, int], object],
) -> Head:
    """Enters a run, whole or not at all, and has its folder put in place before it counts.

    Args:
        ledger: where.
        run: about the run; `started` is also the time of its event.
        sources: rows like `SourceRow`.
        invoices: rows like `InvoiceRow`, in order; plain tuples will do.
        requests: rows like `RequestRow`, by number.
        publish: given the new head and how many events there are with it, puts the run folder in place.

    Returns:
        The new head.

    Raises:
        IdentityTakenError: prepared references are live already.
        LedgerError: the ledger cannot be written; BusyError: not in time.
    """
    with writing(ledger) as books:
        if books.execute("SELECT 1 FROM runs WHERE run_id = ?", (run.run_id,)).fetchone():
            raise LedgerError(f"The run {run.run_id} is in the ledger already.")
        detail = _insert(books, run, sources, invoices, requests)
        _take_identities(books, run)
        (event,) = chained(head(books), [(run.started, run.run_id, None, "run", detail)])
        books.execute(_EVENT, event)
        new = Head(event[0], event[-1])
        publish(new.hash, new.events)
    return new


def discard(ledger: Ledger, run_id: str, at: str) -> Withdrawn:
    """Withdraws what a run prepared and nothing has sent; its references are free again.

    Args:
        ledger: where.
        run_id: the run.
        at: the time, UTC, ISO 8601.

    Raises:
        UsageError: there is no such run.
        LedgerError: nothing is left to withdraw, or the ledger cannot be written.
    """
    if not ledger.path.exists():
        raise UsageError(f"The ledger has no run {run_id}.")
    with writing(ledger) as books:
        if not books.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone():
            raise UsageError(f"The ledger has no run {run_id}.")
        found = books.execute(_PREPARED, (run_id,)).fetchall()
        if not found:
            raise LedgerError(f"The run {run_id} has nothing left to withdraw.")
        events = chained(head(books), ((at, run_id, row[0], "withdrawn", "") for row in found))
        books.executemany(_EVENT, events)
        books.executemany(_FREE, (row[4:] for row in found))
    money: dict[str, Decimal] = {}
    for _, _, currency, amount, *_ in found:
        money[currency] = money.get(currency, Decimal(0)) + Decimal(amount)
    return Withdrawn(len(found), sum(row[1] for row in found), money)


@contextmanager
def holding(ledger: Ledger) -> Iterator[frozenset[str]]:
    """The run ids the ledger knows, while nobody else can enter one: for the removal of orphans."""
    with writing(ledger) as books:
        yield frozenset(row[0] for row in books.execute("SELECT run_id FROM runs"))


def sealed(summary: str, head: str, count: int) -> bytes:
    """A run's summary with the ledger's head, as it goes into the run folder's `summary.json`."""
    content = orjson.loads(summary) | {"ledger": {"events": count, "head": head}}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _insert(
    books: sqlite3.Connection,
    run: RunRow,
    sources: Iterable[tuple[Any, ...]],
    invoices: Iterable[tuple[Any, ...]],
    requests: Iterable[tuple[Any, ...]],
) -> str:
    """Inserts a run's rows; returns the detail of its event."""
    ((first,),) = books.execute("SELECT coalesce(max(invoice_id), 0) + 1 FROM invoices").fetchall()
    numbered: Iterable[Row] = ((number, run.run_id, *row) for number, row in enumerate(invoices, first))
    tables: tuple[tuple[str, str, Iterable[Row]], ...] = (
        ("runs", _RUN, [tuple(run)]),
        ("sources", _SOURCE, ((run.run_id, _printable(row[0]), *row[1:]) for row in sources)),
        ("invoices", _INVOICE, numbered),
        ("requests", _REQUEST, ((run.run_id, *row) for row in requests)),
    )
    digest, counts = RunDigest(), {}
    for name, statement, rows in tables:
        digest.table(name)
        counts[name] = 0
        for chunk in chunks(rows):
            books.executemany(statement, chunk)
            digest.rows(chunk)
            counts[name] += len(chunk)
    return orjson.dumps({"digest": digest.hexdigest(), **counts}).decode()


def _printable(name: str) -> str:
    """A file's name as text that can be stored: a byte that is not UTF-8 becomes an escape."""
    return name.encode("utf-8", "backslashreplace").decode()


def _take_identities(books: sqlite3.Connection, run: RunRow) -> None:
    """Makes the run's prepared invoices live; the database itself refuses a second one."""
    try:
        books.execute(_LIVE, (run.environment, run.target, run.run_id))
    except sqlite3.IntegrityError as error:
        taken = books.execute(_TAKEN, (run.environment, run.target, run.run_id, run.run_id)).fetchall()
        raise IdentityTakenError(tuple(row[0] for row in taken)) from error
