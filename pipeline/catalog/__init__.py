"""The product catalog and the account list: immutable DuckDB snapshots, and look-ups that run against one.

Input: a typed, validated Arrow table of rows (`build`); keys of items (`Catalog.lookup`), of invoices (`answers`).
Output: a `Load` with its `Snapshot`; candidates, nearest names, search results as Arrow tables and records.
Never: reads a spreadsheet, words an issue, chooses among candidates, changes a snapshot that exists.

    folder/
      <first 16 of sha256>.duckdb   a snapshot: built beside, verified, renamed into place, never touched
      current                       the sha256 of the snapshot that is in use

    rows            the shapes of rows, and the hash of their content
    contradictions  what a single row cannot tell
    engine          locked-down connections
    snapshots       current, known, named: the snapshots on disk
    store           build: loading
    lookup          opened, Catalog: the questions one can ask of products
    accounts        answers: what the account list says of the keys of invoices
    near            the nearest names of what was not found, and search
"""

from __future__ import annotations

from pipeline.catalog.accounts import answers
from pipeline.catalog.contradictions import Contradiction
from pipeline.catalog.lookup import Candidates, Catalog, CatalogInfo, opened
from pipeline.catalog.near import Kind, Near, in_words
from pipeline.catalog.rows import CHARGES, CUSTOMERS, Shape
from pipeline.catalog.snapshots import Snapshot, current, known, named
from pipeline.catalog.store import Load, build

__all__ = [
    "CHARGES",
    "CUSTOMERS",
    "Candidates",
    "Catalog",
    "CatalogInfo",
    "Contradiction",
    "Kind",
    "Load",
    "Near",
    "Shape",
    "Snapshot",
    "answers",
    "build",
    "current",
    "in_words",
    "known",
    "named",
    "opened",
]
