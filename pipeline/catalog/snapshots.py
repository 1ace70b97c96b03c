"""Snapshots as they lie on disk: which one is in use, and what each says about itself.

Input: the folder of the snapshots, or the path of one.
Output: a `Snapshot`, or a read-only connection to it.
Never: writes, except what does not fit into memory, to a folder of its own away from the snapshots.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.catalog.engine import MEMORY, answer, connection
from pipeline.catalog.rows import content
from pipeline.errors import CatalogError

CURRENT = "current"
_LOAD_AGAIN = "load it again: invoice-import catalog load FILE"
_ABOUT = """
    SELECT sha256, charges, products, prices, "rows", source, source_sha256, loaded FROM catalog.about
"""


@dataclass(frozen=True)
class Snapshot:
    """A catalog as it stood at one load.

    Attributes:
        path: the DuckDB file.
        sha256: of the content, whatever the order of its rows, in hex.
        charges: distinct charge ids.
        products: distinct SKUs.
        prices: rows with a list price.
        rows: distinct rows.
        source: name of the file it was first loaded from.
        source_sha256: of that file.
        loaded: when, in UTC, ISO 8601.
    """

    path: Path
    sha256: str
    charges: int
    products: int
    prices: int
    rows: int
    source: str
    source_sha256: str
    loaded: str


def current(folder: Path) -> Snapshot | None:
    """The snapshot in use.

    Args:
        folder: of the snapshots.

    Returns:
        The snapshot; None when nothing was loaded yet.

    Raises:
        CatalogError: it cannot be told or opened.
    """
    pointer = folder / CURRENT
    try:
        sha256 = pointer.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise CatalogError(f"{pointer} cannot be read; {_LOAD_AGAIN}.") from error
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise CatalogError(f"{pointer} does not name a catalog; {_LOAD_AGAIN}.")
    snapshot = described(file(folder, sha256))
    if snapshot.sha256 != sha256:
        raise CatalogError(f"The catalog {snapshot.path} is not the one it is named after; {_LOAD_AGAIN}.")
    return snapshot


def described(path: Path) -> Snapshot:
    """What a snapshot says about itself.

    Raises:
        CatalogError: the file is missing or damaged.
    """
    if not path.is_file():
        raise CatalogError(f"The catalog {path} is missing; {_LOAD_AGAIN}.")
    try:
        return _described(path)
    except (duckdb.Error, OSError, UnicodeError) as error:
        raise damaged(path) from error


def damaged(path: Path) -> CatalogError:
    """The error for a snapshot that cannot be read."""
    return CatalogError(f"The catalog {path} is damaged or no catalog; {_LOAD_AGAIN}.")


@contextmanager
def reading(path: Path, memory: str = MEMORY) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection; what does not fit into memory goes to a folder away from the file."""
    with (
        tempfile.TemporaryDirectory(prefix="invoice-import-") as spill,
        connection(path, "read", Path(spill), memory) as opened,
    ):
        yield opened


def file(folder: Path, sha256: str) -> Path:
    """Where the snapshot with this content lies."""
    return folder / f"{sha256[:16]}.duckdb"


def _described(path: Path) -> Snapshot:
    with reading(path) as opened:
        about = answer(opened, _ABOUT)
        ((stored,),) = answer(opened, "SELECT count(*) FROM catalog.charges")
    if len(about) != 1 or about[0][4] != stored:
        raise OSError("the catalog is not complete")
    return Snapshot(path, *about[0])


def holds(path: Path, sha256: str) -> bool:
    """Whether the file is there and holds the content, looked at row by row."""
    if not path.exists():
        return False
    try:
        described_as = _described(path).sha256
        with reading(path) as opened:
            stored = content(opened.sql("SELECT * FROM catalog.charges").to_arrow_reader(65_536))
    except (duckdb.Error, OSError, LookupError, ValueError):
        return False
    return described_as == sha256 == stored.sha256 and not len(stored.duplicates)
