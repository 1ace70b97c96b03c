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
from pipeline.language import say
from pipeline.ledger.chain import Head, Row, RunDigest, chained, chunks, detail, flat
from pipeline.ledger.rows import RunRow
from pipeline.ledger.store import Ledger, head, writing

_PIECE = 8 << 20
"""Bytes of the items that are written at once."""


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


_INSERT = {table: f"INSERT INTO {table} VALUES" for table in ("sources", "invoices", "requests", "runs")}
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
    run_id: str,
    run: Callable[[], RunRow],
    sources: Iterable[tuple[Any, ...]],
    invoices: Iterable[tuple[Any, ...]],
    requests: Iterable[tuple[Any, ...]],
    publish: Callable[[str, int], object],
    items: Callable[[], memoryview | None],
) -> Head:
    """Enters a run, whole or not at all, and has its folder put in place before it counts.

    The write lock is held from the first moment to the last, so also while `invoices`, `items`, `requests` and
    `run` are waited for, in this order: another process that writes waits as long, or gives up after its
    `busy_seconds`. Readers need not wait.

    Args:
        ledger: where.
        run_id: of the run.
        run: tells about the run; asked last. `started` is also the time of its event.
        sources: rows like `SourceRow`.
        invoices: rows like `InvoiceRow`, in order; plain tuples will do.
        requests: rows like `RequestRow`, by number; may end only when the last file is written.
        publish: given the new head and how many events there are with it, puts the run folder in place.
        items: gives the items of the prepared invoices as `packed` makes them; None when there are none.

    Returns:
        The new head.

    Raises:
        IdentityTakenError: prepared references are live already.
        LedgerError: the ledger cannot be written; BusyError: not in time.
    """
    with writing(ledger) as books:
        if books.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone():
            raise LedgerError(say("The run {run} is in the ledger already.", run=run_id))
        entered, said = _insert(books, run_id, run, sources, invoices, requests, items)
        _take_identities(books, entered)
        (event,) = chained(head(books), [(entered.started, run_id, None, "run", said)])
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
        raise UsageError(say("The ledger has no run {run}.", run=run_id))
    with writing(ledger) as books:
        if not books.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone():
            raise UsageError(say("The ledger has no run {run}.", run=run_id))
        found = books.execute(_PREPARED, (run_id,)).fetchall()
        if not found:
            raise LedgerError(say("The run {run} has nothing left to withdraw.", run=run_id))
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
    run_id: str,
    run: Callable[[], RunRow],
    sources: Iterable[tuple[Any, ...]],
    invoices: Iterable[tuple[Any, ...]],
    requests: Iterable[tuple[Any, ...]],
    items: Callable[[], memoryview | None],
) -> tuple[RunRow, str]:
    """Inserts a run's rows; returns what is said about it, and the detail of its event."""
    ((first,),) = books.execute("SELECT coalesce(max(invoice_id), 0) + 1 FROM invoices").fetchall()
    digest = RunDigest()
    named = ((run_id, _printable(row[0]), *row[1:]) for row in sources)
    numbered = ((number, run_id, *row) for number, row in enumerate(invoices, first))
    counts = {
        "sources": _insert_rows(books, digest, "sources", named),
        "invoices": _insert_rows(books, digest, "invoices", numbered),
        "items": _insert_items(books, digest, run_id, items()),
        "requests": _insert_rows(books, digest, "requests", ((run_id, *row) for row in requests)),
    }
    about = run()
    if about.run_id != run_id:
        raise ValueError(f"The run {run_id} calls itself {about.run_id}.")
    counts["runs"] = _insert_rows(books, digest, "runs", [tuple(about)])
    return about, detail(digest, counts)


def _insert_rows(books: sqlite3.Connection, digest: RunDigest, table: str, rows: Iterable[Row]) -> int:
    """Inserts rows, many with one statement: with one each, Python and SQLite would take turns a row."""
    digest.table(table)
    count = 0
    for chunk in chunks(rows):
        values, row = flat(chunk), f"({', '.join('?' * len(chunk[0]))})"
        books.execute(" ".join((_INSERT[table], ", ".join([row] * len(chunk)))), values)
        digest.values(values)
        count += len(chunk)
    return count


def _insert_items(
    books: sqlite3.Connection, digest: RunDigest, run_id: str, parquet: memoryview | None
) -> int:
    """Inserts the items; the digest takes their hash."""
    digest.table("items")
    if parquet is None:
        return 0
    made = books.execute("INSERT INTO items VALUES (?, zeroblob(?))", (run_id, len(parquet)))
    with books.blobopen("items", "parquet", made.lastrowid or 0) as blob:  # a value would be copied twice
        for start in range(0, len(parquet), _PIECE):
            blob.write(parquet[start : start + _PIECE])
    digest.values((run_id, hashlib.sha256(parquet).hexdigest()))
    return 1


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
