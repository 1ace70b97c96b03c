"""Whether the ledger and the run folders are still what they were.

Input: a `Ledger`. Output: faults as sentences; none is good. It works everything out again: the chain of
events, the digest of each run, who is live, sums, the hashes of the request files, the heads noted outside.
It mends nothing and changes nothing.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import LedgerError
from pipeline.ledger import schema
from pipeline.ledger.chain import GENESIS, Row, RunDigest, chunks, detail, event_hash, flat
from pipeline.ledger.items import unpacked
from pipeline.ledger.store import Ledger, reading
from schemas.tables import TABLES

_DIGESTED = {
    "sources": "SELECT * FROM sources WHERE run_id = ? ORDER BY rowid",
    "invoices": "SELECT * FROM invoices WHERE run_id = ? ORDER BY invoice_id",
    "items": "SELECT * FROM items WHERE run_id = ?",
    "requests": "SELECT * FROM requests WHERE run_id = ? ORDER BY number",
    "runs": "SELECT * FROM runs WHERE run_id = ?",
}

_STRAYS = {
    "runs": "SELECT count(*) FROM runs WHERE run_id NOT IN (SELECT run_id FROM events)",
    "sources": "SELECT count(*) FROM sources WHERE run_id NOT IN (SELECT run_id FROM runs)",
    "invoices": "SELECT count(*) FROM invoices WHERE run_id NOT IN (SELECT run_id FROM runs)",
    "items": "SELECT count(*) FROM items WHERE run_id NOT IN (SELECT run_id FROM runs)",
    "requests": "SELECT count(*) FROM requests WHERE run_id NOT IN (SELECT run_id FROM runs)",
    "events": "SELECT count(*) FROM events WHERE run_id NOT IN (SELECT run_id FROM runs)",
}

_SHOULD_LIVE = """
SELECT r.environment, r.target, s.ref, s.invoice_id FROM states s JOIN runs r USING (run_id)
WHERE s.state IN (SELECT value FROM json_each(?))
"""

_REQUESTS = "SELECT number, invoices, items FROM requests WHERE run_id = ? ORDER BY number"

_NAMED = """
SELECT request, count(*), sum(item_count) FROM invoices
WHERE run_id = ? AND request IS NOT NULL GROUP BY request ORDER BY request
"""

_PREPARED = "SELECT position, ref, item_count, amount FROM invoices WHERE run_id = ? AND state = 'prepared'"

_MOST = 10
"""Faults of one kind that are told."""

_SUM = pa.decimal128(38, 9)
_PART = pa.decimal128(37, 9)  # two of them add up to a `_SUM`
_NOTHING = pa.scalar(0, _SUM)
_COUNTED = tuple(each.name for each in TABLES if each.amount and not each.on_top)
"""Columns of the items that count towards an invoice's amount beside theirs."""


def verify(ledger: Ledger) -> list[str]:
    """What is wrong with the ledger and its run folders, in sentences; empty when all is well."""
    try:
        return reading(ledger, lambda books: list(_faults(ledger, books)), empty=[])
    except LedgerError as error:  # it cannot even be read, or has lost what was noted
        return [str(error)]


def _faults(ledger: Ledger, books: sqlite3.Connection) -> Iterator[str]:
    for (finding,) in books.execute("PRAGMA integrity_check(10)").fetchall():
        if finding != "ok":
            yield f"The file is damaged: {finding}."
    yield from _schema(books)
    yield from _chain(books)
    yield from _live(books)
    known = {row[0] for row in books.execute("SELECT run_id FROM runs")}
    yield from _strays(books)
    for run_id in sorted(known):
        yield from _run(books, run_id)
        yield from _folder(ledger.runs / run_id, books, run_id)
    yield from _folders(ledger.runs, known)


def _schema(books: sqlite3.Connection) -> Iterator[str]:
    """Tables and triggers as they were made."""
    query = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    fresh = sqlite3.connect(":memory:")
    try:
        fresh.executescript(schema.SCHEMA)
        expected = dict(fresh.execute(query).fetchall())
    finally:
        fresh.close()
    found = dict(books.execute(query).fetchall())
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            yield f"The {name} of the ledger is missing, foreign or changed."


def _chain(books: sqlite3.Connection) -> Iterator[str]:
    """Every event follows the one before it; the first break is told."""
    previous = GENESIS
    rows = books.execute("SELECT * FROM events ORDER BY seq")
    for expected, row in enumerate(rows, 1):
        if row[0] != expected or row[6] != previous or row[7] != event_hash(row[:7]):
            yield f"The chain of events breaks at event {expected}: something was changed, added or removed."
            return
        previous = row[7]


def _live(books: sqlite3.Connection) -> Iterator[str]:
    """The live identities are those the events tell of."""
    should = set(books.execute(_SHOULD_LIVE, (orjson.dumps(schema.ALIVE).decode(),)))
    does = set(books.execute("SELECT environment, target, ref, invoice_id FROM live"))
    for row in sorted(should - does)[:_MOST]:
        yield f"The invoice {row[2]} is alive by its events but its reference is not held."
    for row in sorted(does - should)[:_MOST]:
        yield f"The reference {row[2]} is held, but no event tells why."


def _strays(books: sqlite3.Connection) -> Iterator[str]:
    """Rows of no run, and runs that were never entered."""
    for table, query in _STRAYS.items():
        ((count,),) = books.execute(query).fetchall()
        if count:
            yield f"{count} rows of {table} belong to no run that was entered."


def _run(books: sqlite3.Connection, run_id: str) -> Iterator[str]:
    """A run's digest and its sums."""
    entered = books.execute(
        "SELECT detail FROM events WHERE run_id = ? AND state = 'run'", (run_id,)
    ).fetchall()
    digest, counts = RunDigest(), {}
    for table, query in _DIGESTED.items():
        digest.table(table)
        counts[table] = 0
        for chunk in chunks(books.execute(query, (run_id,))):
            rows = [_hashed(row) for row in chunk] if table == "items" else chunk
            digest.values(flat(rows))
            counts[table] += len(rows)
    if entered != [(detail(digest, counts),)]:
        yield f"The entries of the run {run_id} are not those that were entered."
    yield from _items(books, run_id)
    requests, named = (set(books.execute(query, (run_id,))) for query in (_REQUESTS, _NAMED))
    for number in sorted({row[0] for row in requests ^ named}):
        yield f"The request {number} of the run {run_id} does not hold the invoices that name it."


def _hashed(row: Row) -> Row:
    """A row of items, as the digest has it."""
    return row[0], hashlib.sha256(row[1]).hexdigest()


def _items(books: sqlite3.Connection, run_id: str) -> Iterator[str]:
    """The items of each prepared invoice are as many as it says, and add up to its amount."""
    invoices = books.execute(_PREPARED, (run_id,)).fetchall()
    found = books.execute("SELECT parquet FROM items WHERE run_id = ?", (run_id,)).fetchone()
    if found is None:
        if invoices:
            yield f"The items of the run {run_id} are missing."
        return
    try:
        wrong, strays = _not_adding_up(unpacked(found[0], ["position", "amount"], _COUNTED), invoices)
    except (ValueError, pa.ArrowException):
        yield f"The items of the run {run_id} cannot be read."
        return
    for ref in wrong[:_MOST]:
        yield f"The items of the invoice {ref} in the run {run_id} do not add up to it."
    if strays:
        yield f"{strays} items of the run {run_id} belong to no invoice that was prepared."


def _not_adding_up(items: pa.Table, invoices: list[Row]) -> tuple[list[str], int]:
    """The invoices that differ from their items, by reference, and how many items are of no invoice."""
    columns = list(zip(*invoices, strict=True)) if invoices else [()] * 4
    positions, amounts = pa.array(columns[0], pa.int32()), pa.array(columns[3], pa.string())
    amount = pc.cast(items["amount"], _SUM)
    for name in {*_COUNTED} & {*items.column_names}:
        more = pc.fill_null(pc.cast(items[name], _SUM), _NOTHING)
        amount = pc.add(pc.cast(amount, _PART), pc.cast(more, _PART))
    items = pa.table({"position": items["position"], "amount": pc.cast(amount, _SUM)})
    sums = items.group_by("position").aggregate([("amount", "sum"), ([], "count_all")])
    at = pc.index_in(positions, sums["position"].combine_chunks())
    count = pc.fill_null(pc.take(sums["count_all"], at), 0)  # a change may have no items
    total = pc.fill_null(pc.cast(pc.take(sums["amount_sum"], at), _SUM), _NOTHING)
    agree = pc.and_(
        pc.equal(count, pa.array(columns[2], pa.int64())), pc.equal(total, pc.cast(amounts, _SUM))
    )
    wrong = pc.filter(pa.array(columns[1], pa.string()), pc.invert(pc.fill_null(agree, False)))
    strays = pc.sum(pc.is_null(pc.index_in(items["position"], positions))).as_py()
    return wrong.to_pylist(), strays or 0


def _folder(folder: Path, books: sqlite3.Connection, run_id: str) -> Iterator[str]:
    """The folder of a run: its summary names the run's event, its files are those that were written."""
    if not folder.is_dir():
        yield f"The folder of the run {run_id} is missing."
        return
    events = "SELECT seq, hash FROM events WHERE run_id = ? AND state = 'run'"
    summary, manifest = books.execute(
        "SELECT summary, manifest_sha256 FROM runs WHERE run_id = ?", (run_id,)
    ).fetchone()
    heads = [{"events": seq, "head": hash_} for seq, hash_ in books.execute(events, (run_id,))]
    content = _json(folder / "summary.json")
    if [content.pop("ledger", None)] != heads or content != orjson.loads(summary):
        yield f"The summary.json of the run {run_id} is not the one that was written."
    files = dict(books.execute("SELECT file, sha256 FROM requests WHERE run_id = ?", (run_id,)).fetchall())
    if manifest is not None:
        files["payloads/manifest.json"] = manifest
    there = {f"payloads/{each.name}" for each in folder.glob("payloads/*")}
    for name in sorted(files.keys() | there):
        if name not in files:
            yield f"The file {name} of the run {run_id} was added."
        elif _sha256(folder / name) != files[name]:
            yield f"The file {name} of the run {run_id} is missing or changed."


def _folders(runs: Path, known: set[str]) -> Iterator[str]:
    """Folders the ledger does not know: of a run that broke off, or of entries that were lost."""
    for each in sorted(runs.glob("*")):
        if each.is_dir() and each.name not in known and not each.name.startswith("."):
            yield f"The ledger does not know the run of the folder {each.name}."


def _json(path: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
