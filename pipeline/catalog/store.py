"""Loading: a snapshot is built beside, verified, put in place by a rename, and never changed.

Input: rows of a shape as an Arrow table; the folder of the snapshots.
Output: a `Load` with the snapshot, or with the contradictions and nothing written.
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

from pipeline.catalog.contradictions import Contradiction, contradictions, keys_twice
from pipeline.catalog.engine import MEMORY, MISTAKES, connection, registered
from pipeline.catalog.rows import CHARGES, Shape, content, shaped
from pipeline.catalog.snapshots import CURRENT, Snapshot, described, file, holds
from pipeline.errors import CatalogError
from pipeline.language import say
from pipeline.model import Positions, Source

_BUILDING = ".load-"
_ABANDONED = 24 * 3600


@dataclass(frozen=True)
class Load:
    """What became of a load.

    Attributes:
        snapshot: None when rows contradict each other: then nothing was written.
        duplicates: positions of rows that repeat an earlier one cell by cell; they count once.
        contradictions: what must be corrected first.
    """

    snapshot: Snapshot | None
    duplicates: Positions
    contradictions: tuple[Contradiction, ...] = ()


def build(
    table: pa.Table, folder: Path, source: Source, shape: Shape = CHARGES, memory: str = MEMORY
) -> Load:
    """Make the rows the snapshot in use, one of their own; the same content is the same snapshot.

    Args:
        table: read and validated; columns of the declaration, absent ones count as blank.
        folder: of the snapshots; made when it is not there.
        source: the file the rows come from.
        shape: what the rows are.
        memory: DuckDB's limit.

    Returns:
        The load.

    Raises:
        CatalogError: there are no rows, or the snapshot cannot be written.
        ValueError: the table was not validated.
    """
    rows = shaped(table, shape)
    if not len(rows):
        raise CatalogError(
            say("The {called} has no rows: fill in at least one and load it again.", called=say(shape.called))
        )
    found = content(rows.to_batches(), shape.salt)
    distinct = rows.take(pa.array(found.first)) if len(found.duplicates) else rows
    clashes = contradictions(rows) if shape is CHARGES else keys_twice(distinct, found.first)
    if clashes:
        return Load(None, found.duplicates, clashes)
    path = file(folder, found.sha256)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(folder)
        if not holds(path, found.sha256, shape):
            _place(distinct, path, _about(distinct, found.sha256, source, shape), shape, memory)
        _point(folder, found.sha256)
        return Load(described(path, shape), found.duplicates)
    except MISTAKES:
        raise
    except (duckdb.Error, OSError, UnicodeError) as error:
        said = " ".join(str(error).split())
        raise CatalogError(
            say(
                "The {called} cannot be written to {folder}: {error}",
                called=say(shape.called), folder=str(folder), error=said,
            )
        ) from error  # fmt: skip


def _about(rows: pa.Table, sha256: str, source: Source, shape: Shape) -> pa.Table:
    """What the snapshot says about itself: one row."""
    told = {
        "sha256": sha256,
        **shape.counted(rows),
        "rows": len(rows),
        "source": source.name,
        "source_sha256": source.sha256,
        "loaded": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return pa.Table.from_pylist([told])


def _place(rows: pa.Table, path: Path, about: pa.Table, shape: Shape, memory: str) -> None:
    """Build in a folder beside, close, verify, flush, rename."""
    beside = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=path.parent))
    try:
        built = beside / "catalog.duckdb"
        with connection(built, "build", beside / "spill", memory) as opened:
            for name, table in ((shape.stored, rows), ("about", about)):
                with registered(opened, "incoming", table):
                    opened.execute(f"CREATE TABLE catalog.{name} AS SELECT * FROM incoming ORDER BY ALL")  # noqa: S608 - the name of a declared table
            opened.execute("CHECKPOINT catalog")
        built.chmod(0o600)
        sha256 = str(about["sha256"][0])
        if built.with_name("catalog.duckdb.wal").exists() or not holds(built, sha256, shape):
            raise OSError("what was written is not what was read")
        _flush(built)
        built.replace(path)
        _flush(path.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _point(folder: Path, sha256: str) -> None:
    """Make the snapshot the one in use."""
    number, name = tempfile.mkstemp(prefix=_BUILDING, dir=folder)  # readable by its owner alone
    try:
        with open(number, "w", encoding="ascii") as pointer:
            pointer.write(f"{sha256}\n")
            pointer.flush()
            os.fsync(pointer.fileno())
        Path(name).replace(folder / CURRENT)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _flush(folder)


def _flush(path: Path) -> None:
    """Bring a file or a folder to the disk; Windows cannot flush folders."""
    if path.is_dir() and os.name == "nt":
        return
    number = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _sweep(folder: Path) -> None:
    """Remove what loads that were killed have left, once no load can still be at it."""
    for left in folder.glob(f"{_BUILDING}*"):
        if time.time() - left.lstat().st_mtime > _ABANDONED:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
