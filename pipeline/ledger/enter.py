"""Entering a run in the ledger, and withdrawing what one prepared.

Input: a run's rows, and what gives its folder its name. Output: events. Either everything of a run is in the
ledger and its folder in place, or neither. It never changes an entry that is there, and never decides whether
an invoice may come: it refuses an identity that is taken.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

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
"""Bytes of the items that are written at once."""


class Withdrawal(NamedTuple):
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


_INSERT_SQL = {table: f"INSERT INTO {table} VALUES" for table in ("sources", "invoices", "requests", "runs")}
_EVENT_SQL = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_LIVE_SQL = """
INSERT INTO live SELECT ?, ?, ref, invoice_id FROM invoices
WHERE run_id = ? AND state = 'prepared' ORDER BY ref
"""
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


def enter_run(
    ledger: Ledger,
    run_id: str,
    build_run_row: Callable[[], RunRow],
    sources: Iterable[tuple[Any, ...]],
    invoices: Iterable[tuple[Any, ...]],
    requests: Iterable[tuple[Any, ...]],
    publish: Callable[[str, int], object],
    get_items: Callable[[], memoryview | None],
) -> Head:
    """Enters a run, whole or not at all, and has its folder put in place before it counts.

    The write lock is held from the first moment to the last, so also while `invoices`, `items`, `requests` and
    `run` are waited for, in this order: another process that writes waits as long, or gives up after its
    `busy_seconds`. Readers need not wait.

    Args:
        ledger: where.
        run_id: of the run.
        build_run_row: tells about the run; asked last. `started` is also the time of its event.
        sources: rows like `SourceRow`.
        invoices: rows like `InvoiceRow`, in order; plain tuples will do.
        requests: rows like `RequestRow`, by number; may end only when the last file is written.
        publish: given the new head and how many events there are with it, puts the run folder in place.
        get_items: gives the items of the prepared invoices as `packed` makes them; None when there are none.

    Returns:
        The new head.

    Raises:
        IdentityTakenError: prepared references are live already.
        LedgerError: the ledger cannot be written; BusyError: not in time.
    """
    with write_transaction(ledger) as connection:
        if connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone():
            raise LedgerError(translate("The run {run} is in the ledger already.", run=run_id))
        run_row, run_detail = _insert_run(
            connection, run_id, build_run_row, sources, invoices, requests, get_items
        )
        _take_identities(connection, run_row)
        (event,) = chain_events(get_head(connection), [(run_row.started, run_id, None, "run", run_detail)])
        connection.execute(_EVENT_SQL, event)
        new_head = Head(event[0], event[-1])
        publish(new_head.hash, new_head.events)
    return new_head


def withdraw_run(ledger: Ledger, run_id: str, at: str) -> Withdrawal:
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
    """The run ids the ledger knows, while nobody else can enter one: for the removal of orphans."""
    with write_transaction(ledger) as connection:
        yield frozenset(row[0] for row in connection.execute("SELECT run_id FROM runs"))


def add_ledger_head(summary: str, head: str, count: int) -> bytes:
    """A run's summary with the ledger's head, as it goes into the run folder's `summary.json`."""
    content = orjson.loads(summary) | {"ledger": {"events": count, "head": head}}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _insert_run(
    connection: sqlite3.Connection,
    run_id: str,
    build_run_row: Callable[[], RunRow],
    sources: Iterable[tuple[Any, ...]],
    invoices: Iterable[tuple[Any, ...]],
    requests: Iterable[tuple[Any, ...]],
    get_items: Callable[[], memoryview | None],
) -> tuple[RunRow, str]:
    """Inserts a run's rows; returns what is said about it, and the detail of its event."""
    ((first,),) = connection.execute("SELECT coalesce(max(invoice_id), 0) + 1 FROM invoices").fetchall()
    digest = RunDigest()
    source_rows = ((run_id, _escape_name(row[0]), *row[1:]) for row in sources)
    invoice_rows = ((number, run_id, *row) for number, row in enumerate(invoices, first))
    counts = {
        "sources": _insert_rows(connection, digest, "sources", source_rows),
        "invoices": _insert_rows(connection, digest, "invoices", invoice_rows),
        "items": _insert_items(connection, digest, run_id, get_items()),
        "requests": _insert_rows(connection, digest, "requests", ((run_id, *row) for row in requests)),
    }
    run_row = build_run_row()
    if run_row.run_id != run_id:
        raise ValueError(f"The run {run_id} calls itself {run_row.run_id}.")
    counts["runs"] = _insert_rows(connection, digest, "runs", [tuple(run_row)])
    return run_row, encode_run_detail(digest, counts)


def _insert_rows(
    connection: sqlite3.Connection, digest: RunDigest, table: str, rows: Iterable[LedgerRow]
) -> int:
    """Inserts rows, many with one statement: with one each, Python and SQLite would take turns a row."""
    digest.start_table(table)
    count = 0
    for chunk in split_chunks(rows):
        values, placeholders = flatten_rows(chunk), f"({', '.join('?' * len(chunk[0]))})"
        connection.execute(" ".join((_INSERT_SQL[table], ", ".join([placeholders] * len(chunk)))), values)
        digest.add_values(values)
        count += len(chunk)
    return count


def _insert_items(
    connection: sqlite3.Connection, digest: RunDigest, run_id: str, parquet: memoryview | None
) -> int:
    """Inserts the items; the digest takes their hash."""
    digest.start_table("items")
    if parquet is None:
        return 0
    inserted = connection.execute("INSERT INTO items VALUES (?, zeroblob(?))", (run_id, len(parquet)))
    with connection.blobopen(
        "items", "parquet", inserted.lastrowid or 0
    ) as blob:  # a value would be copied twice
        for start in range(0, len(parquet), _PIECE_BYTES):
            blob.write(parquet[start : start + _PIECE_BYTES])
    digest.add_values((run_id, hashlib.sha256(parquet).hexdigest()))
    return 1


def _escape_name(name: str) -> str:
    """A file's name as text that can be stored: a byte that is not UTF-8 becomes an escape."""
    return name.encode("utf-8", "backslashreplace").decode()


def _take_identities(connection: sqlite3.Connection, run: RunRow) -> None:
    """Makes the run's prepared invoices live; the database itself refuses a second one."""
    try:
        connection.execute(_LIVE_SQL, (run.environment, run.target, run.run_id))
    except sqlite3.IntegrityError as error:
        taken = connection.execute(
            _TAKEN_SQL, (run.environment, run.target, run.run_id, run.run_id)
        ).fetchall()
        raise IdentityTakenError(tuple(row[0] for row in taken)) from error
