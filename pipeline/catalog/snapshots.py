"""Snapshots on disk: which there are, which one is in use, what each says about itself.

In: the folder of the snapshots, or the path of one.
Out: a `Snapshot`, or a read-only connection to it.
Never: writes, except what does not fit into memory, to a folder of its own away from the snapshots.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.catalog.duckdb_connection import MEMORY_LIMIT, fetch_rows, open_catalog_file
from pipeline.catalog.snapshot_kinds import CHARGES, SnapshotKind, hash_rows
from pipeline.errors import CatalogError, UsageError
from pipeline.i18n import translate

CURRENT_FILE_NAME = "current"
_MIN_HASH_CHARACTERS = 6
"""Characters of a hash that a person must give at least."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A catalog or account list as it was at one load.

    Attributes:
        path: the DuckDB file.
        sha256: of the content, whatever the order of its rows, in hex.
        counts: the figures of its shape: of a catalog `charges` (distinct ids), `products` (distinct SKUs)
            and `prices`; of an account list how many accounts have each key.
        rows: distinct rows.
        source: name of the file it was first loaded from.
        source_sha256: of that file.
        loaded: when, in UTC, ISO 8601.
    """

    path: Path
    sha256: str
    counts: Mapping[str, int]
    rows: int
    source: str
    source_sha256: str
    loaded: str

    @property
    def charges(self) -> int:
        """Of a catalog: distinct charge ids."""
        return self.counts["charges"]

    @property
    def products(self) -> int:
        """Of a catalog: distinct SKUs."""
        return self.counts["products"]

    @property
    def prices(self) -> int:
        """Of a catalog: rows with a list price."""
        return self.counts["prices"]


def get_current_snapshot(folder: Path, kind: SnapshotKind = CHARGES) -> Snapshot | None:
    """Return the snapshot in use.

    Args:
        folder: of the snapshots.
        kind: what they hold.

    Returns:
        The snapshot; None when nothing was loaded yet.

    Raises:
        CatalogError: it cannot be found out or opened.
    """
    pointer = folder / CURRENT_FILE_NAME
    try:
        sha256 = pointer.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise CatalogError(
            translate("{path} cannot be read; load it again: {command}.", **_get_facts(pointer, kind))
        ) from error
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise CatalogError(
            translate(
                "{path} does not name a {called}; load it again: {command}.", **_get_facts(pointer, kind)
            )
        )
    snapshot = describe_snapshot(get_snapshot_path(folder, sha256), kind)
    if snapshot.sha256 != sha256:
        raise CatalogError(
            translate(
                "The {called} {path} is not the one it is named after; load it again: {command}.",
                **_get_facts(snapshot.path, kind),
            )
        )
    return snapshot


def list_snapshots(folder: Path, kind: SnapshotKind = CHARGES) -> list[Snapshot]:
    """Return every snapshot, the oldest first; past runs name them by their hash.

    Args:
        folder: of the snapshots; it need not exist.
        kind: what they hold.

    Raises:
        CatalogError: one is damaged.
    """
    # what a load is still building begins with a dot
    snapshots = [describe_snapshot(path, kind) for path in folder.glob("[0-9a-f]*.duckdb")]
    return sorted(snapshots, key=lambda snapshot: (snapshot.loaded, snapshot.sha256))


def find_snapshot(folder: Path, sha256: str, kind: SnapshotKind = CHARGES) -> Snapshot:
    """Return the one snapshot whose hash begins so.

    Args:
        folder: of the snapshots.
        sha256: the beginning of a hash, as reports and the ledger show it.
        kind: what they hold.

    Raises:
        CatalogError: it is damaged.
        UsageError: there is none, or more than one, or the text is no beginning of a hash.
    """
    begins = sha256.lower()
    if not re.fullmatch(rf"[0-9a-f]{{{_MIN_HASH_CHARACTERS},64}}", begins):
        raise UsageError(
            translate(
                "{hash} names no {called}: give {least} or more characters of its hash.",
                hash=sha256, called=translate(kind.title), least=str(_MIN_HASH_CHARACTERS),
            )
        )  # fmt: skip
    snapshots = [snapshot for snapshot in list_snapshots(folder, kind) if snapshot.sha256.startswith(begins)]
    if len(snapshots) != 1:
        raise UsageError(
            translate(
                "There is more than one {called} {hash} in {folder}."
                if snapshots
                else "There is no {called} {hash} in {folder}.",
                called=translate(kind.title), hash=sha256, folder=str(folder),
            )
        )  # fmt: skip
    return snapshots[0]


def _get_facts(path: Path, kind: SnapshotKind) -> dict[str, str]:
    """Return the facts of a message about a snapshot that has to be loaded again."""
    return {"path": str(path), "called": translate(kind.title), "command": kind.command}


def describe_snapshot(path: Path, kind: SnapshotKind = CHARGES) -> Snapshot:
    """Return what a snapshot says about itself.

    Raises:
        CatalogError: the file is missing or damaged.
    """
    if not path.is_file():
        raise CatalogError(
            translate("The {called} {path} is missing; load it again: {command}.", **_get_facts(path, kind))
        )
    try:
        return _read_snapshot(path, kind)
    except (duckdb.Error, OSError, UnicodeError, LookupError) as error:
        raise build_damage_error(path, kind) from error


def build_damage_error(path: Path, kind: SnapshotKind = CHARGES) -> CatalogError:
    """Return the error for a snapshot that cannot be read."""
    return CatalogError(
        translate(
            "The {called} {path} is damaged or no {called}; load it again: {command}.",
            **_get_facts(path, kind),
        )
    )


@contextmanager
def open_read_only(path: Path, memory: str = MEMORY_LIMIT) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a read-only connection; what does not fit into memory goes to a temporary folder elsewhere."""
    with (
        tempfile.TemporaryDirectory(prefix="invoice-import-") as spill,
        open_catalog_file(path, "read", Path(spill), memory) as connection,
    ):
        yield connection


def get_snapshot_path(folder: Path, sha256: str) -> Path:
    """Return the path of the snapshot with this content."""
    return folder / f"{sha256[:16]}.duckdb"


def _read_snapshot(path: Path, kind: SnapshotKind) -> Snapshot:
    with open_read_only(path) as connection:
        # by name, since each kind has other figures
        names = [row[0] for row in fetch_rows(connection, "SELECT column_name FROM (DESCRIBE catalog.about)")]
        about_rows = [
            dict(zip(names, row, strict=True))
            for row in fetch_rows(connection, "SELECT * FROM catalog.about")
        ]
        count_sql = f"SELECT count(*) FROM catalog.{kind.table_name}"  # noqa: S608 - a name of ours
        ((stored,),) = fetch_rows(connection, count_sql)
    if len(about_rows) != 1 or about_rows[0]["rows"] != stored:
        raise OSError(f"the {kind.title} is not complete")
    (about_row,) = about_rows
    counts = {name: int(about_row[name]) for name in kind.counted_columns}
    details = {name: about_row[name] for name in ("sha256", "rows", "source", "source_sha256", "loaded")}
    return Snapshot(path=path, counts=counts, **details)


def has_content(path: Path, sha256: str, kind: SnapshotKind = CHARGES) -> bool:
    """Return whether the file is there and holds the content, hashed anew row by row."""
    if not path.exists():
        return False
    try:
        described_sha256 = _read_snapshot(path, kind).sha256
        with open_read_only(path) as connection:
            rows = connection.sql(f"SELECT * FROM catalog.{kind.table_name}")  # noqa: S608 - a name of ours
            stored = hash_rows(rows.to_arrow_reader(65_536), kind.salt)
    except (duckdb.Error, OSError, LookupError, ValueError):
        return False
    return described_sha256 == sha256 == stored.sha256 and not len(stored.duplicates)
