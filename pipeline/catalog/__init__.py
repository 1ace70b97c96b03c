"""The product catalog and the account list: immutable DuckDB snapshots, and look-ups in one.

In: a typed, validated Arrow table of rows (`build_snapshot`); keys of items (`Catalog.lookup`), of invoices
(`look_up_accounts`).
Out: a `SnapshotLoad` with its `Snapshot`; candidates, nearest names, search results as Arrow tables and
records.
Never: reads a spreadsheet, words an issue, chooses among candidates, changes a snapshot that exists.

    folder/
      <first 16 of sha256>.duckdb   a snapshot: built under another name, verified, renamed, never changed
      current                       the sha256 of the snapshot that is in use

    snapshot_kinds      the kinds of snapshots, and the hash of their content
    contradictions      rows that contradict each other
    duckdb_connection   locked-down connections
    snapshots           the snapshots on disk, and the one in use
    load                building a snapshot
    lookup              questions to the product catalog
    account_lookup      what the account list says of the keys of invoices
    suggestions         the nearest names of what was not found, and search
"""

from __future__ import annotations

from pipeline.catalog.account_lookup import look_up_accounts
from pipeline.catalog.contradictions import Contradiction
from pipeline.catalog.load import SnapshotLoad, build_snapshot
from pipeline.catalog.lookup import Candidates, Catalog, CatalogInfo, open_catalog
from pipeline.catalog.snapshot_kinds import CHARGES, CUSTOMERS, SnapshotKind
from pipeline.catalog.snapshots import Snapshot, find_snapshot, get_current_snapshot, list_snapshots
from pipeline.catalog.suggestions import KeyKind, Suggestion, format_suggestions

__all__ = [
    "CHARGES",
    "CUSTOMERS",
    "Candidates",
    "Catalog",
    "CatalogInfo",
    "Contradiction",
    "KeyKind",
    "Snapshot",
    "SnapshotKind",
    "SnapshotLoad",
    "Suggestion",
    "build_snapshot",
    "find_snapshot",
    "format_suggestions",
    "get_current_snapshot",
    "list_snapshots",
    "look_up_accounts",
    "open_catalog",
]
