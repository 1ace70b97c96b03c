"""Entering a run in the ledger, and withdrawing what one prepared.

In: a run's rows, table by table.
Out: events; the head that a run folder's summary names. Everything of a run is in the ledger and its folder
in place, or neither.
Never: changes an entry that is there; decides whether an invoice may come: it refuses an identity that is
taken.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import NamedTuple

import orjson

from pipeline.errors import LedgerError, UsageError
from pipeline.i18n import translate
from pipeline.ledger.hash_chain import (
    Head,
    LedgerRow,
    RunDigest,
    chain_events,
    encode_run_detail,
    flatten_rows,
    split_chunks,
)
from pipeline.ledger.records import RunRow
from pipeline.ledger.sqlite_connection import Ledger, get_head, write_transaction

_PIECE_BYTES = 8 << 20
"""Bytes of the items that are written in one call."""


class Withdrawal(NamedTuple):
    """What a withdrawal took back: counts, and sums by currency."""

    invoices: int
    items: int
    money: dict[str, Decimal]


class IdentityTakenError(LedgerError):
    """Raised when references have become live since they were looked up: the run must be classified again.

    Attributes:
        refs: the references.
    """

    def __init__(self, refs: tuple[str, ...]) -> None:
        self.refs = refs
        more = "" if len(refs) == 1 else f" and {len(refs) - 1} more"
        super().__init__(f"The invoice {refs[0]}{more} was prepared by another run meanwhile.")


_INSERT_SQL = {table: f"INSERT INTO {table} VALUES" for table in ("sources", "invoices", "requests", "runs")}
_EVENT_SQL = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_LIVE_SQL = """
INSERT INTO live SELECT ?, ?, ref, invoice_id FROM invoices
WHERE run_id = ? AND state = 'prepared' ORDER BY ref
"""
# behind UNION: references that this run itself has twice
_TAKEN_SQL = """
SELECT DISTINCT i.ref FROM invoices i JOIN live l ON l.environment = ? AND l.target = ? AND l.ref = i.ref
WHERE i.run_id = ? AND i.state = 'prepared'
UNION SELECT ref FROM invoices WHERE run_id = ? AND state = 'prepared' GROUP BY ref HAVING count(*) > 1
ORDER BY 1
"""
_FREE_SQL = "DELETE FROM live WHERE environment = ? AND target = ? AND ref = ?"
_PREPARED_SQL = """
SELECT i.invoice_id, i.item_count, i.currency, i.amount, r.environment, r.target, i.ref
FROM invoices i JOIN states s USING (invoice_id) JOIN runs r ON r.run_id = i.run_id
WHERE i.run_id = ? AND s.state = 'prepared' ORDER BY i.invoice_id
"""


class RunWriter:
    """Writes the rows of one run, table by table, within the transaction of `enter_run`.

    The methods are called in the order in which they are defined here, each once: the digest of a run covers
    its tables in that order. Rows are tuples in the order of the record's fields (`SourceRow`, `InvoiceRow`,
    `RequestRow`).
    """

    def __init__(self, connection: sqlite3.Connection, run_id: str) -> None:
        self._connection = connection
        self._run_id = run_id
        self._digest = RunDigest()
        self._counts: dict[str, int] = {}

    def add_sources(self, sources: Iterable[LedgerRow]) -> None:
        """Insert the files that were handed in."""
        rows = ((self._run_id, _escape_name(source[0]), *source[1:]) for source in sources)
        self._insert_rows("sources", rows)

    def add_invoices(self, invoices: Iterable[LedgerRow]) -> None:
        """Insert the invoices, in the order of the sheet; numbering goes on from the last of all runs."""
        query = "SELECT coalesce(max(invoice_id), 0) + 1 FROM invoices"
        ((first,),) = self._connection.execute(query).fetchall()
        rows = ((number, self._run_id, *invoice) for number, invoice in enumerate(invoices, first))
        self._insert_rows("invoices", rows)

    def add_items(self, parquet: memoryview | None) -> None:
        """Insert the items of the prepared invoices, packed by `encode_items`; None when there are none."""
        self._digest.start_table("items")
        self._counts["items"] = 0
        if parquet is None:
            return
        # An empty blob that is filled piece by piece: as a parameter SQLite would copy the whole value twice.
        inserted = self._connection.execute(
            "INSERT INTO items VALUES (?, zeroblob(?))", (self._run_id, len(parquet))
        )
        with self._connection.blobopen("items", "parquet", inserted.lastrowid or 0) as blob:
            for start in range(0, len(parquet), _PIECE_BYTES):
                blob.write(parquet[start : start + _PIECE_BYTES])
        # bytes are no JSON, so the hash of the items stands for them in the digest
        self._digest.add_values((self._run_id, hashlib.sha256(parquet).hexdigest()))
        self._counts["items"] = 1

    def add_requests(self, requests: Iterable[LedgerRow]) -> None:
        """Insert the requests, by number."""
        self._insert_rows("requests", ((self._run_id, *request) for request in requests))

    def finish(self, run: RunRow) -> Head:
        """Insert what is said of the run itself, make its prepared invoices live, and append its event.

        Returns:
            The new head, which the run folder's summary names.

        Raises:
            IdentityTakenError: prepared references are live already.
        """
        if run.run_id != self._run_id:
            raise ValueError(f"The run {self._run_id} calls itself {run.run_id}.")
        # the row that all others refer to comes last: foreign keys are checked at the commit
        self._insert_rows("runs", [run.to_row()])
        _take_identities(self._connection, run)
        detail = encode_run_detail(self._digest, self._counts)
        events = [(run.started, self._run_id, None, "run", detail)]
        (event,) = chain_events(get_head(self._connection), events)
        self._connection.execute(_EVENT_SQL, event)
        return Head(event[0], event[-1])

    def _insert_rows(self, table: str, rows: Iterable[LedgerRow]) -> None:
        """Insert rows, many with one statement: with one each, Python and SQLite take turns row by row."""
        self._digest.start_table(table)
        self._counts[table] = 0
        for chunk in split_chunks(rows):
            values, placeholders = flatten_rows(chunk), f"({', '.join('?' * len(chunk[0]))})"
            statement = " ".join((_INSERT_SQL[table], ", ".join([placeholders] * len(chunk))))
            self._connection.execute(statement, values)
            self._digest.add_values(values)
            self._counts[table] += len(chunk)


@contextmanager
def enter_run(ledger: Ledger, run_id: str) -> Iterator[RunWriter]:
    """Enter a run, whole or not at all.

    The write lock is held from the first moment of the block to its end, where the transaction commits:
    another process that writes waits as long, or gives up after its `busy_seconds`; readers need not wait.
    The caller puts the run folder in place within the block, after `RunWriter.finish`: an error there leaves
    no entry.

    Args:
        ledger: where.
        run_id: of the run.

    Yields:
        The writer of its rows.

    Raises:
        IdentityTakenError: prepared references are live already.
        LedgerError: the ledger cannot be written, or has the run already; BusyError: not in time.
    """
    with write_transaction(ledger) as connection:
        if connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone():
            raise LedgerError(translate("The run {run} is in the ledger already.", run=run_id))
        yield RunWriter(connection, run_id)


def withdraw_run(ledger: Ledger, run_id: str, at: str) -> Withdrawal:
    """Withdraw what a run prepared and nothing has sent; its references are free again.

    Args:
        ledger: where.
        run_id: the run.
        at: the time, UTC, ISO 8601.

    Raises:
        UsageError: there is no such run.
        LedgerError: nothing is left to withdraw, or the ledger cannot be written.
    """
    # opened for writing, a ledger that is absent would be made
    if not ledger.path.exists():
        raise UsageError(translate("The ledger has no run {run}.", run=run_id))
    with write_transaction(ledger) as connection:
        if not connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone():
            raise UsageError(translate("The ledger has no run {run}.", run=run_id))
        prepared = connection.execute(_PREPARED_SQL, (run_id,)).fetchall()
        if not prepared:
            raise LedgerError(translate("The run {run} has nothing left to withdraw.", run=run_id))
        events = chain_events(
            get_head(connection), ((at, run_id, row[0], "withdrawn", "") for row in prepared)
        )
        connection.executemany(_EVENT_SQL, events)
        connection.executemany(_FREE_SQL, (row[4:] for row in prepared))
    money: dict[str, Decimal] = {}
    for _, _, currency, amount, *_ in prepared:
        money[currency] = money.get(currency, Decimal(0)) + Decimal(amount)
    return Withdrawal(len(prepared), sum(row[1] for row in prepared), money)


@contextmanager
def lock_run_ids(ledger: Ledger) -> Iterator[frozenset[str]]:
    """Yield the run ids in the ledger, while no other process can enter one."""
    with write_transaction(ledger) as connection:
        yield frozenset(row[0] for row in connection.execute("SELECT run_id FROM runs"))


def add_ledger_head(summary: str, head: Head) -> bytes:
    """Return a run's summary with the ledger's head, as it goes into the run folder's `summary.json`.

    Args:
        summary: JSON text, as the ledger keeps it.
        head: with the run's own event.
    """
    content = orjson.loads(summary) | {"ledger": {"events": head.events, "head": head.hash}}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _escape_name(name: str) -> str:
    """Return a file's name as text that can be stored: a byte that is not UTF-8 becomes an escape."""
    return name.encode("utf-8", "backslashreplace").decode()


def _take_identities(connection: sqlite3.Connection, run: RunRow) -> None:
    """Make the run's prepared invoices live; the primary key refuses a reference that is live already."""
    try:
        connection.execute(_LIVE_SQL, (run.environment, run.target, run.run_id))
    except sqlite3.IntegrityError as error:
        taken = connection.execute(
            _TAKEN_SQL, (run.environment, run.target, run.run_id, run.run_id)
        ).fetchall()
        raise IdentityTakenError(tuple(row[0] for row in taken)) from error
