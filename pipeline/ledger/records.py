"""What a run brings to the ledger and the ledger gives back: the columns of its tables.

Input: nothing. Output: named tuples, whose order is that of the columns. They check nothing.
"""

from __future__ import annotations

from typing import NamedTuple


class RunRow(NamedTuple):
    """What a run brings about itself; `summary` is JSON text, see `sealed`."""

    run_id: str
    started: str
    target: str
    environment: str
    verdict: str
    catalog_sha256: str | None
    settings_sha256: str
    manifest_sha256: str | None
    summary: str


class SourceRow(NamedTuple):
    """A file as it was handed in."""

    name: str
    sha256: str
    size: int
    rows: int


class InvoiceRow(NamedTuple):
    """An invoice as a run leaves it.

    `amount` is a decimal's text; `reasons` issue codes with blanks between; `request` a number or None. What
    its items are is told by `items`.
    """

    position: int
    ref: str
    account: str | None
    currency: str | None
    invoice_date: str | None
    item_count: int
    amount: str | None
    state: str
    fingerprint: str
    request: int | None
    reasons: str


class RequestRow(NamedTuple):
    """A request; `file` lies in the run folder (`payloads/0001.json`), `totals` is JSON text by currency."""

    number: int
    file: str
    sha256: str
    invoices: int
    items: int
    totals: str
