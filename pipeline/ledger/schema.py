"""The ledger's tables, views and triggers, and what they forbid.

In: nothing.
Out: SQL. `live` alone changes: it lists the invoices that are live now and can be worked out again from the
others. A row of `runs` may follow the rows that refer to it, in the same transaction.
Never: lets a row of the tables in `APPEND_ONLY` be updated or deleted.
"""

from __future__ import annotations

from itertools import product

APPLICATION_ID = 0x496E764C  # "InvL"
VERSION = 2

PAGE_SIZE = 8192
"""Of the file, in bytes: half as many pages to write as by default."""

APPEND_ONLY = ("runs", "sources", "invoices", "items", "requests", "events")

LIVE_STATES = ("prepared", "sending", "created", "in doubt")
"""States in which an invoice keeps its identity to itself."""

TABLES_SQL = """
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    started TEXT NOT NULL,
    target TEXT NOT NULL,
    environment TEXT NOT NULL,
    verdict TEXT NOT NULL,
    catalog_sha256 TEXT,
    settings_sha256 TEXT NOT NULL,
    manifest_sha256 TEXT,
    summary TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
    run_id TEXT NOT NULL REFERENCES runs DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    rows INTEGER NOT NULL
) STRICT;

CREATE TABLE invoices (
    invoice_id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs DEFERRABLE INITIALLY DEFERRED,
    position INTEGER NOT NULL,
    ref TEXT NOT NULL,
    account TEXT,
    currency TEXT,
    invoice_date TEXT,
    item_count INTEGER NOT NULL,
    amount TEXT,
    state TEXT NOT NULL CHECK (state IN ('rejected', 'skipped', 'prepared')),
    fingerprint TEXT NOT NULL,
    request INTEGER,
    reasons TEXT NOT NULL
) STRICT;

CREATE INDEX invoices_of_run ON invoices (run_id);
CREATE INDEX invoices_rejected ON invoices (ref) WHERE state = 'rejected';

CREATE TABLE items (
    run_id TEXT NOT NULL PRIMARY KEY REFERENCES runs DEFERRABLE INITIALLY DEFERRED,
    parquet BLOB NOT NULL
) STRICT;

CREATE TABLE requests (
    run_id TEXT NOT NULL REFERENCES runs DEFERRABLE INITIALLY DEFERRED,
    number INTEGER NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    invoices INTEGER NOT NULL,
    items INTEGER NOT NULL,
    totals TEXT NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs DEFERRABLE INITIALLY DEFERRED,
    invoice_id INTEGER REFERENCES invoices,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;

CREATE INDEX events_of_invoice ON events (invoice_id, seq) WHERE invoice_id IS NOT NULL;

CREATE TABLE live (
    environment TEXT NOT NULL,
    target TEXT NOT NULL,
    ref TEXT NOT NULL,
    invoice_id INTEGER NOT NULL REFERENCES invoices,
    PRIMARY KEY (environment, target, ref)
) STRICT, WITHOUT ROWID;

CREATE VIEW states AS
SELECT invoice_id, run_id, ref, coalesce(
    (SELECT e.state FROM events e WHERE e.invoice_id = i.invoice_id ORDER BY e.seq DESC LIMIT 1), i.state
) AS state
FROM invoices i;
"""

_FORBIDDEN = """
CREATE TRIGGER {table}_never_{verb} BEFORE {verb} ON {table}
BEGIN
    SELECT RAISE(ABORT, 'the ledger only grows');
END;
"""

SCHEMA_SQL = TABLES_SQL + "".join(
    _FORBIDDEN.format(table=table, verb=verb) for table, verb in product(APPEND_ONLY, ("UPDATE", "DELETE"))
)
"""The whole schema, as one script."""
