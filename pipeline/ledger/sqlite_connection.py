"""Opening the ledger's file, to write and to read, and its errors as sentences.

In: a `Ledger`, which says where.
Out: a connection for one short transaction, or a query's answer.
Never: lets a reader create or change anything, not even the files that SQLite keeps next to a database in WAL
mode, or a connection outlive the call that opened it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from pipeline.errors import BusyError, LedgerError
from pipeline.i18n import translate
from pipeline.ledger import head_note, schema
from pipeline.ledger.hash_chain import EMPTY_HASH, Head

Answer = TypeVar("Answer")

_MAX_ATTEMPTS = 5
_CACHE_KIB = 65_536
"""What a writer may keep in memory, so that a page of a large run is written once, at the end."""
_PROCESS_LOCK = threading.Lock()
"""Held by the one writer, or the one copier, of this process: closing a copied database file would drop the
locks that a writer in the same process holds on it (POSIX)."""

SQLITE_ERROR_TEXTS = {
    sqlite3.SQLITE_NOTADB: "The ledger {path} is not a ledger.",
    sqlite3.SQLITE_CORRUPT: "The ledger {path} is damaged.",
    sqlite3.SQLITE_FULL: "The ledger {path} cannot grow: the disk is full.",
    sqlite3.SQLITE_READONLY: "The ledger {path} cannot be written: it is read-only.",
    sqlite3.SQLITE_CANTOPEN: "The ledger {path} cannot be opened.",
    sqlite3.SQLITE_PERM: "The ledger {path} cannot be opened: permission denied.",
    sqlite3.SQLITE_IOERR: "The ledger {path} cannot be read or written: the disk fails or is full.",
}
"""What SQLite's errors mean to the person whose ledger it is."""


@dataclass(frozen=True)
class Ledger:
    """Where the ledger lies.

    Attributes:
        path: its file.
        runs: the folder of run folders.
        busy_seconds: how long to wait for another process.
    """

    path: Path
    runs: Path
    busy_seconds: float = 10.0


@contextmanager
def write_transaction(ledger: Ledger) -> Iterator[sqlite3.Connection]:
    """Open a transaction that holds the write lock from its start; the ledger is made when it is absent.

    It commits when the body ends, durably, and rolls back on any exception.

    Raises:
        BusyError: another process writes for too long.
        LedgerError: the file is no ledger, is damaged, has lost entries, or cannot be written.
    """
    if not _PROCESS_LOCK.acquire(timeout=ledger.busy_seconds):
        raise _make_busy_error(ledger)
    try:
        with translate_ledger_errors(ledger):
            _create_ledger(ledger)
            with closing(_open_ledger(ledger.path.absolute().as_uri() + "?mode=rw", ledger)) as connection:
                # readers go on while somebody writes
                connection.execute("PRAGMA journal_mode = WAL")
                # each commit is on the disk when it returns; in WAL mode NORMAL flushes at checkpoints alone
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
                # SQLite has them off unless asked
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA recursive_triggers = ON")  # so that REPLACE is a removal, too
                # the write lock now, not at the first INSERT: what is looked up from here on stays true
                connection.execute("BEGIN IMMEDIATE")
                try:
                    _require_head(connection, ledger, head_note.read_head(ledger.runs))
                    yield connection
                    last = get_head(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    with suppress(sqlite3.Error):
                        connection.rollback()
                    raise
        head_note.write_head(ledger.runs, last)
    finally:
        _PROCESS_LOCK.release()


def query_ledger(ledger: Ledger, query: Callable[[sqlite3.Connection], Answer], empty: Answer) -> Answer:
    """Return a query's answer from the ledger as it is; the file and its folder stay as they are.

    Without a `-wal` file next to it the database is complete in itself and is read as immutable; that it was
    is checked afterwards. With one, somebody writes or was killed: a private copy is read. Only if the ledger
    changes under every attempt it is read in place, while the writer keeps it open.

    Args:
        ledger: where.
        query: asked of a connection; asked again when the ledger changed meanwhile.
        empty: the answer when there is no ledger.
    """
    with translate_ledger_errors(ledger):
        expected = head_note.read_head(ledger.runs)

        def ask(uri: str) -> Answer:
            with closing(_open_ledger(uri, ledger)) as connection:
                _require_head(connection, ledger, expected)
                return query(connection)

        uri_base = ledger.path.absolute().as_uri()
        for _ in range(_MAX_ATTEMPTS):
            before = _get_stamps(ledger)
            if before[0] is None:
                _refuse_lost_ledger(ledger, expected)
                return empty
            try:
                answer = (
                    ask(uri_base + "?mode=ro&immutable=1")
                    if not _has_pending_wal(before)
                    else _query_copy(ledger, ask)
                )
            except (sqlite3.Error, LedgerError, OSError):
                # an error while the file was changing says nothing about it: ask again
                if _get_stamps(ledger) == before:
                    raise
            else:
                if _get_stamps(ledger) == before:
                    return answer
        return ask(uri_base + "?mode=ro")  # uncovered: other processes wrote during each try


def get_head(connection: sqlite3.Connection) -> Head:
    """Return the newest event."""
    row = connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(*row) if row else Head(0, EMPTY_HASH)


@contextmanager
def translate_ledger_errors(ledger: Ledger) -> Iterator[None]:
    """Turn the errors of SQLite and of the system into sentences that name the ledger."""
    try:
        yield
    except sqlite3.Error as error:
        # the low byte is the error; the rest says more about it
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise _make_busy_error(ledger) from error
        facts = {"path": str(ledger.path), "error": str(error)}
        known_text = SQLITE_ERROR_TEXTS.get(code)
        raise LedgerError(
            translate(known_text, **facts)
            if known_text
            else translate("The ledger {path} fails: {error}.", **facts)
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        sentence = translate(
            "The ledger {path} cannot be used: {reason}.", path=str(ledger.path), reason=reason
        )
        raise LedgerError(sentence) from error


def _make_busy_error(ledger: Ledger) -> BusyError:
    return BusyError(
        translate(
            "The ledger {path} has been held by another process for more than {seconds} seconds; try again "
            "later.",
            path=str(ledger.path), seconds=f"{ledger.busy_seconds:g}",
        )
    )  # fmt: skip


def _open_ledger(uri: str, ledger: Ledger) -> sqlite3.Connection:
    """Return a connection without a transaction, after a look at whose file it is."""
    # no isolation level: Python begins no transaction by itself
    connection = sqlite3.connect(uri, uri=True, timeout=ledger.busy_seconds, isolation_level=None)
    try:
        ((application,),) = connection.execute("PRAGMA application_id").fetchall()
        ((version,),) = connection.execute("PRAGMA user_version").fetchall()
        if application != schema.APPLICATION_ID:
            raise LedgerError(translate(SQLITE_ERROR_TEXTS[sqlite3.SQLITE_NOTADB], path=str(ledger.path)))
        if version != schema.VERSION:
            raise LedgerError(
                translate(
                    "The ledger {path} has version {version}; this program reads {own}.",
                    path=str(ledger.path), version=str(version), own=str(schema.VERSION),
                )
            )  # fmt: skip
    except BaseException:
        connection.close()
        raise
    return connection


def _create_ledger(ledger: Ledger) -> None:
    """Make an empty ledger, 0600, whole at once; of several processes one does."""
    if ledger.path.exists():
        return
    _refuse_lost_ledger(ledger, head_note.read_head(ledger.runs))
    fresh = ledger.path.with_name(ledger.path.name + ".new")
    # a killed process may have left the file; the lock tells whose turn it is
    handle = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if (
            ledger.path.exists()
        ):  # another process was quicker; what has the name is ours, or the ledger itself
            with suppress(FileNotFoundError):
                if os.path.samestat(os.stat(fresh), os.fstat(handle)):
                    os.unlink(fresh)  # uncovered: a race between two processes, both of which found none
            return
        os.fchmod(handle, 0o600)
        os.ftruncate(handle, 0)
        with open(handle, "wb", closefd=False) as file:
            file.write(_build_empty_ledger())
        os.fsync(handle)
        os.rename(fresh, ledger.path)
        # a new name is on the disk when its folder is flushed
        folder = os.open(ledger.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        os.close(handle)


def _build_empty_ledger() -> bytes:
    """Return an empty ledger's bytes, marked as in WAL mode."""
    # in memory, so that the file gets its name only as a whole ledger
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {schema.PAGE_SIZE}")
        connection.executescript(schema.SCHEMA_SQL)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {schema.VERSION}")
        content = bytearray(connection.serialize())
    content[18:20] = b"\2\2"  # the format's read and write version
    return bytes(content)


def _require_head(connection: sqlite3.Connection, ledger: Ledger, expected: Head) -> None:
    """Raise for a ledger that lacks the event noted outside it."""
    row = connection.execute("SELECT hash FROM events WHERE seq = ?", (expected.events,)).fetchone()
    if expected.events and (row is None or row[0] != expected.hash):
        raise LedgerError(
            translate(
                "The ledger {path} lacks entries that were made: it is an older copy or was changed; bring "
                "back the"
                " newest one.",
                path=str(ledger.path),
            )
        )


def _refuse_lost_ledger(ledger: Ledger, expected: Head) -> None:
    """Raise if the ledger file is missing although a head was noted."""
    if expected.events:
        raise LedgerError(
            translate(
                "The ledger {path} is gone, but runs were entered in it; bring it back.",
                path=str(ledger.path),
            )
        )


FileStamp = tuple[int, int, int] | None


def _get_stamps(ledger: Ledger) -> tuple[FileStamp, FileStamp]:
    """Return what shows whether the ledger's file and its `-wal` have changed."""
    return _get_stamp(ledger.path), _get_stamp(_get_wal_path(ledger.path))


def _get_stamp(path: Path) -> FileStamp:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _has_pending_wal(stamps: tuple[FileStamp, FileStamp]) -> bool:
    """Return whether a `-wal` holds what the database lacks."""
    return stamps[1] is not None and stamps[1][1] > 0


def _get_wal_path(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _query_copy(ledger: Ledger, ask: Callable[[str], Answer]) -> Answer:
    """Return the answer from a private copy; where this process writes, from the ledger itself."""
    if not _PROCESS_LOCK.acquire(blocking=False):
        return ask(ledger.path.absolute().as_uri() + "?mode=ro")
    try:
        with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
            copy = Path(folder, "ledger.sqlite")
            shutil.copyfile(ledger.path, copy)
            shutil.copyfile(_get_wal_path(ledger.path), _get_wal_path(copy))
            return ask(f"file://{quote(str(copy))}")
    finally:
        _PROCESS_LOCK.release()
