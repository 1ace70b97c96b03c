"""Snapshots as they lie on disk: which there are, which one is in use, what each says about itself.

Input: the folder of the snapshots, or the path of one.
Output: a `Snapshot`, or a read-only connection to it.
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

from pipeline.catalog.engine import MEMORY, answer, connection
from pipeline.catalog.rows import CHARGES, Shape, content
from pipeline.errors import CatalogError, UsageError
from pipeline.language import say

CURRENT = "current"
_SHORTEST = 6
"""Characters of a hash that a person must give at least."""


@dataclass(frozen=True)
class Snapshot:
    """A catalog or account list as it stood at one load.

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


def current(folder: Path, shape: Shape = CHARGES) -> Snapshot | None:
    """The snapshot in use.

    Args:
        folder: of the snapshots.
        shape: what they hold.

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
        raise CatalogError(
            say("{path} cannot be read; load it again: {command}.", **_facts(pointer, shape))
        ) from error
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise CatalogError(
            say("{path} does not name a {called}; load it again: {command}.", **_facts(pointer, shape))
        )
    snapshot = described(file(folder, sha256), shape)
    if snapshot.sha256 != sha256:
        raise CatalogError(
            say(
                "The {called} {path} is not the one it is named after; load it again: {command}.",
                **_facts(snapshot.path, shape),
            )
        )
    return snapshot


def known(folder: Path, shape: Shape = CHARGES) -> list[Snapshot]:
    """Every snapshot, the oldest first; runs of the past name them by their hash.

    Args:
        folder: of the snapshots; it need not exist.
        shape: what they hold.

    Raises:
        CatalogError: one is damaged.
    """
    found = [described(each, shape) for each in folder.glob("[0-9a-f]*.duckdb")]
    return sorted(found, key=lambda each: (each.loaded, each.sha256))


def named(folder: Path, sha256: str, shape: Shape = CHARGES) -> Snapshot:
    """The one snapshot whose hash begins so.

    Args:
        folder: of the snapshots.
        sha256: the beginning of a hash, as reports and the ledger show it.
        shape: what they hold.

    Raises:
        CatalogError: it is damaged.
        UsageError: there is none, or more than one, or the text is no beginning of a hash.
    """
    begins = sha256.lower()
    if not re.fullmatch(rf"[0-9a-f]{{{_SHORTEST},64}}", begins):
        raise UsageError(
            say(
                "{hash} names no {called}: give {least} or more characters of its hash.",
                hash=sha256, called=say(shape.called), least=str(_SHORTEST),
            )
        )  # fmt: skip
    found = [each for each in known(folder, shape) if each.sha256.startswith(begins)]
    if len(found) != 1:
        raise UsageError(
            say(
                "There is more than one {called} {hash} in {folder}."
                if found
                else "There is no {called} {hash} in {folder}.",
                called=say(shape.called), hash=sha256, folder=str(folder),
            )
        )  # fmt: skip
    return found[0]


def _facts(path: Path, shape: Shape) -> dict[str, str]:
    """What the sentence tells of a snapshot that has to be loaded again."""
    return {"path": str(path), "called": say(shape.called), "command": shape.command}


def described(path: Path, shape: Shape = CHARGES) -> Snapshot:
    """What a snapshot says about itself.

    Raises:
        CatalogError: the file is missing or damaged.
    """
    if not path.is_file():
        raise CatalogError(
            say("The {called} {path} is missing; load it again: {command}.", **_facts(path, shape))
        )
    try:
        return _described(path, shape)
    except (duckdb.Error, OSError, UnicodeError, LookupError) as error:
        raise damaged(path, shape) from error


def damaged(path: Path, shape: Shape = CHARGES) -> CatalogError:
    """The error for a snapshot that cannot be read."""
    return CatalogError(
        say("The {called} {path} is damaged or no {called}; load it again: {command}.", **_facts(path, shape))
    )


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


def _described(path: Path, shape: Shape) -> Snapshot:
    with reading(path) as opened:
        names = [row[0] for row in answer(opened, "SELECT column_name FROM (DESCRIBE catalog.about)")]
        about = [dict(zip(names, row, strict=True)) for row in answer(opened, "SELECT * FROM catalog.about")]
        ((stored,),) = answer(opened, f"SELECT count(*) FROM catalog.{shape.stored}")  # noqa: S608 - the name of a declared table
    if len(about) != 1 or about[0]["rows"] != stored:
        raise OSError(f"the {shape.called} is not complete")
    (told,) = about
    counts = {name: int(told[name]) for name in shape.counts}
    own = (told[each] for each in ("rows", "source", "source_sha256", "loaded"))
    return Snapshot(path, told["sha256"], counts, *own)


def holds(path: Path, sha256: str, shape: Shape = CHARGES) -> bool:
    """Whether the file is there and holds the content, looked at row by row."""
    if not path.exists():
        return False
    try:
        described_as = _described(path, shape).sha256
        with reading(path) as opened:
            rows = opened.sql(f"SELECT * FROM catalog.{shape.stored}")  # noqa: S608 - a name of ours
            stored = content(rows.to_arrow_reader(65_536), shape.salt)
    except (duckdb.Error, OSError, LookupError, ValueError):
        return False
    return described_as == sha256 == stored.sha256 and not len(stored.duplicates)
