"""The product catalog: immutable DuckDB snapshots, and the look-ups that run against one of them.

Input: a typed, validated Arrow table of catalog rows (`build`); keys of items (`Catalog.lookup`).
Output: a `Load` with its `Snapshot`; candidates, nearest names, search results as Arrow tables and records.
Never: reads a spreadsheet, words an issue, chooses among candidates, changes a snapshot that exists.

    folder/
      <first 16 of sha256>.duckdb   a snapshot: built beside, verified, renamed into place, never touched
      current                       the sha256 of the snapshot that is in use

    rows            the shape of a catalog row, and the hash of a catalog's content
    contradictions  what a single row cannot tell
    engine          locked-down connections
    snapshots       current: the snapshots on disk
    store           build: loading
    lookup          opened, Catalog: the questions one can ask
    near            the nearest names of what was not found, and search
"""

from __future__ import annotations

from pipeline.catalog.contradictions import Contradiction
from pipeline.catalog.lookup import Candidates, Catalog, CatalogInfo, opened
from pipeline.catalog.near import Kind, Near
from pipeline.catalog.snapshots import Snapshot, current
from pipeline.catalog.store import Load, build

__all__ = [
    "Candidates",
    "Catalog",
    "CatalogInfo",
    "Contradiction",
    "Kind",
    "Load",
    "Near",
    "Snapshot",
    "build",
    "current",
    "opened",
]
