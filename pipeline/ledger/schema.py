"""What the ledger's file holds, and what it forbids.

Input: nothing. Output: SQL. The tables of `APPEND_ONLY` refuse every change and removal; `live` alone
changes: it holds who is alive now and can be worked out again from the others.
"""

from __future__ import annotations

APPLICATION_ID = 0x496E764C  # "InvL"
VERSION = 1

APPEND_ONLY = ("runs", "sources", "invoices", "requests", "events")

ALIVE = ("prepared", "sending", "created", "in doubt")
"""States in which an invoice keeps its identity to itself."""

TABLES = """
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
    run_id TEXT NOT NULL REFERENCES runs,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    rows INTEGER NOT NULL
) STRICT;

CREATE TABLE invoices (
    invoice_id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs,
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
    items TEXT,
    reasons TEXT NOT NULL
) STRICT;

CREATE INDEX invoices_of_run ON invoices (run_id);
CREATE INDEX invoices_rejected ON invoices (ref) WHERE state = 'rejected';

CREATE TABLE requests (
    run_id TEXT NOT NULL REFERENCES runs,
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
    run_id TEXT NOT NULL REFERENCES runs,
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

CREATE VIEW items AS
SELECT i.invoice_id, i.run_id, i.ref, i.account, i.currency, j.key + 1 AS number,
    json_extract(j.value, '$[0]') AS product,
    json_extract(j.value, '$[1]') AS charge_id,
    json_extract(j.value, '$[2]') AS service_start,
    json_extract(j.value, '$[3]') AS service_end,
    json_extract(j.value, '$[4]') AS amount
FROM invoices i, json_each(i.items) j;
"""

_FORBIDDEN = """
CREATE TRIGGER {table}_never_{verb} BEFORE {verb} ON {table}
BEGIN
    SELECT RAISE(ABORT, 'the ledger only grows');
END;
"""

SCHEMA = TABLES + "".join(
    _FORBIDDEN.format(table=table, verb=verb) for table in APPEND_ONLY for verb in ("UPDATE", "DELETE")
)
"""The whole schema, as one script."""
