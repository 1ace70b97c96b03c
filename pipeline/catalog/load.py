"""Loading: a snapshot is built under another name, verified, put in place by a rename, and never changed.

In: rows of a shape as an Arrow table; the folder of the snapshots.
Out: a `Load` with the snapshot, or with the contradictions and nothing written.
Never: changes or removes a snapshot; leaves a half-built one under a name that is read.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.catalog.contradictions import Contradiction, find_contradictions, find_shared_keys
from pipeline.catalog.duckdb_connection import MEMORY_LIMIT, SQL_MISTAKES, open_catalog_file, register_table
from pipeline.catalog.snapshot_kinds import CHARGES, SnapshotKind, cast_rows, hash_rows
from pipeline.catalog.snapshots import (
    CURRENT_FILE_NAME,
    Snapshot,
    describe_snapshot,
    get_snapshot_path,
    has_content,
)
from pipeline.errors import CatalogError
from pipeline.i18n import translate
from pipeline.model.indices import Positions
from pipeline.model.sheets import SourceFile

_BUILD_PREFIX = ".load-"
_ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class SnapshotLoad:
    """What became of a load.

    Attributes:
        snapshot: None when rows contradict each other: then nothing was written.
        duplicates: positions of rows that repeat an earlier one cell by cell; they count once.
        contradictions: what must be corrected first.
    """

    snapshot: Snapshot | None
    duplicates: Positions
    contradictions: tuple[Contradiction, ...] = ()


def build_snapshot(
    table: pa.Table,
    folder: Path,
    source: SourceFile,
    kind: SnapshotKind = CHARGES,
    memory: str = MEMORY_LIMIT,
) -> SnapshotLoad:
    """Make the rows the snapshot in use, one of their own; the same content is the same snapshot.

    Args:
        table: read and validated; columns of the declaration, absent ones count as blank.
        folder: of the snapshots; made when it is not there.
        source: the file the rows come from.
        kind: what the rows are.
        memory: DuckDB's limit.

    Returns:
        The load.

    Raises:
        CatalogError: there are no rows, or the snapshot cannot be written.
        ValueError: the table was not validated.
    """
    rows = cast_rows(table, kind)
    if not len(rows):
        raise CatalogError(
            translate(
                "The {called} has no rows: fill in at least one and load it again.",
                called=translate(kind.title),
            )
        )
    hashed = hash_rows(rows.to_batches(), kind.salt)
    # equal rows of an account list would share every key without being two accounts
    distinct = rows.take(pa.array(hashed.first)) if len(hashed.duplicates) else rows
    found_contradictions = (
        find_contradictions(rows) if kind is CHARGES else find_shared_keys(distinct, hashed.first)
    )
    if found_contradictions:
        return SnapshotLoad(None, hashed.duplicates, found_contradictions)
    path = get_snapshot_path(folder, hashed.sha256)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_abandoned(folder)
        if not has_content(path, hashed.sha256, kind):
            _write_snapshot(
                distinct, path, _build_about_table(distinct, hashed.sha256, source, kind), kind, memory
            )
        _set_current(folder, hashed.sha256)
        return SnapshotLoad(describe_snapshot(path, kind), hashed.duplicates)
    except SQL_MISTAKES:  # uncovered: our own mistake in SQL is a bug, not a fault of the disk
        raise
    except (duckdb.Error, OSError, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise CatalogError(
            translate(
                "The {called} cannot be written to {folder}: {error}",
                called=translate(kind.title), folder=str(folder), error=reason,
            )
        ) from error  # fmt: skip


def _build_about_table(rows: pa.Table, sha256: str, source: SourceFile, kind: SnapshotKind) -> pa.Table:
    """Return what the snapshot says about itself: one row."""
    about_row = {
        "sha256": sha256,
        **kind.count_figures(rows),
        "rows": len(rows),
        "source": source.name,
        "source_sha256": source.sha256,
        "loaded": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return pa.Table.from_pylist([about_row])


def _write_snapshot(rows: pa.Table, path: Path, about: pa.Table, kind: SnapshotKind, memory: str) -> None:
    """Build in a neighbouring folder, close, verify, flush, rename."""
    build_folder = Path(tempfile.mkdtemp(prefix=_BUILD_PREFIX, dir=path.parent))
    try:
        file = build_folder / "catalog.duckdb"
        with open_catalog_file(file, "build", build_folder / "spill", memory) as connection:
            for name, table in ((kind.table_name, rows), ("about", about)):
                with register_table(connection, "incoming", table):
                    # in one order, whichever the file had
                    columns = "SELECT * FROM incoming ORDER BY ALL"
                    statement = f"CREATE TABLE catalog.{name} AS {columns}"
                    connection.execute(statement)  # the name is that of a declared table
            # all into the file itself: nothing may be left in a write-ahead log next to it
            connection.execute("CHECKPOINT catalog")
        file.chmod(0o600)
        sha256 = str(about["sha256"][0])
        if file.with_name("catalog.duckdb.wal").exists() or not has_content(file, sha256, kind):
            raise OSError("what was written is not what was read")  # uncovered: a faulty disk makes this
        _flush_path(file)
        file.replace(path)
        _flush_path(path.parent)
    finally:
        shutil.rmtree(build_folder, ignore_errors=True)


def _set_current(folder: Path, sha256: str) -> None:
    """Make the snapshot the one in use."""
    handle, name = tempfile.mkstemp(prefix=_BUILD_PREFIX, dir=folder)  # readable by its owner alone
    try:
        with open(handle, "w", encoding="ascii") as pointer:
            pointer.write(f"{sha256}\n")
            pointer.flush()
            os.fsync(pointer.fileno())
        Path(name).replace(folder / CURRENT_FILE_NAME)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _flush_path(folder)


def _flush_path(path: Path) -> None:
    """Bring a file or a folder to the disk; Windows cannot flush folders."""
    if path.is_dir() and os.name == "nt":
        return  # uncovered: reached on Windows alone
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_abandoned(folder: Path) -> None:
    """Remove what loads that were killed have left, once no load can still be at it."""
    for leftover in folder.glob(f"{_BUILD_PREFIX}*"):
        if time.time() - leftover.lstat().st_mtime > _ABANDONED_SECONDS:
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
