"""Whether the ledger and the run folders are still what they were.

In: a `Ledger`.
Out: faults as sentences; none is good. Everything is worked out again: the chain of events, the digest of
each run, who is live, sums, the hashes of the request files, the heads noted outside.
Never: mends or changes anything.
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
from pipeline.ledger.hash_chain import (
    EMPTY_HASH,
    LedgerRow,
    RunDigest,
    encode_run_detail,
    flatten_rows,
    hash_event,
    split_chunks,
)
from pipeline.ledger.run_items import decode_items
from pipeline.ledger.sqlite_connection import Ledger, query_ledger
from schemas.tables import TABLES

_DIGESTED_SQL = {
    "sources": "SELECT * FROM sources WHERE run_id = ? ORDER BY rowid",
    "invoices": "SELECT * FROM invoices WHERE run_id = ? ORDER BY invoice_id",
    "items": "SELECT * FROM items WHERE run_id = ?",
    "requests": "SELECT * FROM requests WHERE run_id = ? ORDER BY number",
    "runs": "SELECT * FROM runs WHERE run_id = ?",
}

_STRAYS_SQL = {
    "runs": "SELECT count(*) FROM runs WHERE run_id NOT IN (SELECT run_id FROM events)",
    "sources": "SELECT count(*) FROM sources WHERE run_id NOT IN (SELECT run_id FROM runs)",
    "invoices": "SELECT count(*) FROM invoices WHERE run_id NOT IN (SELECT run_id FROM runs)",
    "items": "SELECT count(*) FROM items WHERE run_id NOT IN (SELECT run_id FROM runs)",
    "requests": "SELECT count(*) FROM requests WHERE run_id NOT IN (SELECT run_id FROM runs)",
    "events": "SELECT count(*) FROM events WHERE run_id NOT IN (SELECT run_id FROM runs)",
}

_SHOULD_LIVE_SQL = """
SELECT r.environment, r.target, s.ref, s.invoice_id FROM states s JOIN runs r USING (run_id)
WHERE s.state IN (SELECT value FROM json_each(?))
"""

_REQUESTS_SQL = "SELECT number, invoices, items FROM requests WHERE run_id = ? ORDER BY number"

_NAMED_SQL = """
SELECT request, count(*), sum(item_count) FROM invoices
WHERE run_id = ? AND request IS NOT NULL GROUP BY request ORDER BY request
"""

_PREPARED_SQL = (
    "SELECT position, ref, item_count, amount FROM invoices WHERE run_id = ? AND state = 'prepared'"
)

_MAX_FAULTS = 10
"""Faults of one kind that are reported."""

_SUM_TYPE = pa.decimal128(38, 9)
_PART_TYPE = pa.decimal128(37, 9)  # two of them add up to a `_SUM`
_ZERO = pa.scalar(0, _SUM_TYPE)
_COUNTED_COLUMNS = tuple(table.name for table in TABLES if table.amount_field and not table.added_to_total)
"""Columns of the items that count towards an invoice's amount, in addition to the items' own amount."""


def verify_ledger(ledger: Ledger) -> list[str]:
    """Return what is wrong with the ledger and its run folders, in sentences; empty when all is well."""
    try:
        return query_ledger(ledger, lambda connection: list(_find_faults(ledger, connection)), empty=[])
    except LedgerError as error:  # it cannot even be read, or has lost what was noted
        return [str(error)]


def _find_faults(ledger: Ledger, connection: sqlite3.Connection) -> Iterator[str]:
    for (finding,) in connection.execute("PRAGMA integrity_check(10)").fetchall():
        if finding != "ok":
            yield f"The file is damaged: {finding}."
    yield from _check_schema(connection)
    yield from _check_chain(connection)
    yield from _check_live(connection)
    run_ids = {row[0] for row in connection.execute("SELECT run_id FROM runs")}
    yield from _check_strays(connection)
    for run_id in sorted(run_ids):
        yield from _check_run(connection, run_id)
        yield from _check_folder(ledger.runs / run_id, connection, run_id)
    yield from _check_unknown_folders(ledger.runs, run_ids)


def _check_schema(connection: sqlite3.Connection) -> Iterator[str]:
    """Check that tables and triggers are as they were made."""
    query = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    fresh = sqlite3.connect(":memory:")
    try:
        fresh.executescript(schema.SCHEMA_SQL)
        expected = dict(fresh.execute(query).fetchall())
    finally:
        fresh.close()
    actual = dict(connection.execute(query).fetchall())
    for name in sorted(expected.keys() | actual.keys()):
        if expected.get(name) != actual.get(name):
            yield f"The {name} of the ledger is missing, foreign or changed."


def _check_chain(connection: sqlite3.Connection) -> Iterator[str]:
    """Check that every event follows the one before it; report the first break."""
    previous = EMPTY_HASH
    rows = connection.execute("SELECT * FROM events ORDER BY seq")
    for expected, row in enumerate(rows, 1):
        # 0 is seq, 6 previous and 7 hash
        if row[0] != expected or row[6] != previous or row[7] != hash_event(row[:7]):
            yield f"The chain of events breaks at event {expected}: something was changed, added or removed."
            return
        previous = row[7]


def _check_live(connection: sqlite3.Connection) -> Iterator[str]:
    """Check that the live identities are those of the events."""
    expected = set(connection.execute(_SHOULD_LIVE_SQL, (orjson.dumps(schema.LIVE_STATES).decode(),)))
    actual = set(connection.execute("SELECT environment, target, ref, invoice_id FROM live"))
    for row in sorted(expected - actual)[:_MAX_FAULTS]:
        yield f"The invoice {row[2]} is alive by its events but its reference is not held."
    for row in sorted(actual - expected)[:_MAX_FAULTS]:
        yield f"The reference {row[2]} is held, but no event tells why."


def _check_strays(connection: sqlite3.Connection) -> Iterator[str]:
    """Find rows of no run, and runs that were never entered."""
    for table, query in _STRAYS_SQL.items():
        ((count,),) = connection.execute(query).fetchall()
        if count:
            yield f"{count} rows of {table} belong to no run that was entered."


def _check_run(connection: sqlite3.Connection, run_id: str) -> Iterator[str]:
    """Check a run's digest and its sums."""
    entered = connection.execute(
        "SELECT detail FROM events WHERE run_id = ? AND state = 'run'", (run_id,)
    ).fetchall()
    digest, counts = RunDigest(), {}
    for table, query in _DIGESTED_SQL.items():
        digest.start_table(table)
        counts[table] = 0
        for chunk in split_chunks(connection.execute(query, (run_id,))):
            rows = [_hash_items(row) for row in chunk] if table == "items" else chunk
            digest.add_values(flatten_rows(rows))
            counts[table] += len(rows)
    # one event, and with this digest
    if entered != [(encode_run_detail(digest, counts),)]:
        yield f"The entries of the run {run_id} are not those that were entered."
    yield from _check_items(connection, run_id)
    requests, named = (set(connection.execute(query, (run_id,))) for query in (_REQUESTS_SQL, _NAMED_SQL))
    for number in sorted({row[0] for row in requests ^ named}):
        yield f"The request {number} of the run {run_id} does not hold the invoices that name it."


def _hash_items(row: LedgerRow) -> LedgerRow:
    """Hash a row of items, as the digest has it."""
    return row[0], hashlib.sha256(row[1]).hexdigest()


def _check_items(connection: sqlite3.Connection, run_id: str) -> Iterator[str]:
    """Check that the items of each prepared invoice are as many as it says, and add up to its amount."""
    invoices = connection.execute(_PREPARED_SQL, (run_id,)).fetchall()
    row = connection.execute("SELECT parquet FROM items WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        if invoices:
            yield f"The items of the run {run_id} are missing."
        return
    try:
        wrong, strays = _compare_sums(
            decode_items(row[0], ["position", "amount"], _COUNTED_COLUMNS), invoices
        )
    except (ValueError, pa.ArrowException):
        yield f"The items of the run {run_id} cannot be read."
        return
    for ref in wrong[:_MAX_FAULTS]:
        yield f"The items of the invoice {ref} in the run {run_id} do not add up to it."
    if strays:
        yield f"{strays} items of the run {run_id} belong to no invoice that was prepared."


def _compare_sums(items: pa.Table, invoices: list[LedgerRow]) -> tuple[list[str], int]:
    """Return invoices that differ from their items, by reference, and the number of items of no invoice."""
    columns = list(zip(*invoices, strict=True)) if invoices else [()] * 4
    positions, amounts = pa.array(columns[0], pa.int32()), pa.array(columns[3], pa.string())
    amount = pc.cast(items["amount"], _SUM_TYPE)
    for name in {*_COUNTED_COLUMNS} & {*items.column_names}:
        addition = pc.fill_null(pc.cast(items[name], _SUM_TYPE), _ZERO)
        amount = pc.add(pc.cast(amount, _PART_TYPE), pc.cast(addition, _PART_TYPE))
    items = pa.table({"position": items["position"], "amount": pc.cast(amount, _SUM_TYPE)})
    sums = items.group_by("position").aggregate([("amount", "sum"), ([], "count_all")])
    sum_indices = pc.index_in(positions, sums["position"].combine_chunks())
    count = pc.fill_null(pc.take(sums["count_all"], sum_indices), 0)  # a change may have no items
    total = pc.fill_null(pc.cast(pc.take(sums["amount_sum"], sum_indices), _SUM_TYPE), _ZERO)
    agree = pc.and_(
        pc.equal(count, pa.array(columns[2], pa.int64())), pc.equal(total, pc.cast(amounts, _SUM_TYPE))
    )
    wrong = pc.filter(pa.array(columns[1], pa.string()), pc.invert(pc.fill_null(agree, False)))
    strays = pc.sum(pc.is_null(pc.index_in(items["position"], positions))).as_py()
    return wrong.to_pylist(), strays or 0


def _check_folder(folder: Path, connection: sqlite3.Connection, run_id: str) -> Iterator[str]:
    """Check the folder of a run: its summary names the run's event, its files are those that were written."""
    if not folder.is_dir():
        yield f"The folder of the run {run_id} is missing."
        return
    events = "SELECT seq, hash FROM events WHERE run_id = ? AND state = 'run'"
    summary, manifest = connection.execute(
        "SELECT summary, manifest_sha256 FROM runs WHERE run_id = ?", (run_id,)
    ).fetchone()
    heads = [{"events": seq, "head": hash_} for seq, hash_ in connection.execute(events, (run_id,))]
    content = _read_json(folder / "summary.json")
    if [content.pop("ledger", None)] != heads or content != orjson.loads(summary):
        yield f"The summary.json of the run {run_id} is not the one that was written."
    files = dict(
        connection.execute("SELECT file, sha256 FROM requests WHERE run_id = ?", (run_id,)).fetchall()
    )
    if manifest is not None:
        files["payloads/manifest.json"] = manifest
    present = {f"payloads/{path.name}" for path in folder.glob("payloads/*")}
    for name in sorted(files.keys() | present):
        if name not in files:
            yield f"The file {name} of the run {run_id} was added."
        elif _hash_file(folder / name) != files[name]:
            yield f"The file {name} of the run {run_id} is missing or changed."


def _check_unknown_folders(runs: Path, run_ids: set[str]) -> Iterator[str]:
    """Find folders the ledger does not know: of a run that broke off, or of entries that were lost."""
    for folder in sorted(runs.glob("*")):
        if folder.is_dir() and folder.name not in run_ids and not folder.name.startswith("."):
            yield f"The ledger does not know the run of the folder {folder.name}."


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _hash_file(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
