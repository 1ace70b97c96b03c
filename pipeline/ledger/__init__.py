"""The ledger: the append-only record of runs, sources, invoices, requests and events, in one SQLite file.

    schema      what the file holds, and what it forbids
    chain       canonical bytes, digests, and the chain of events
    store       opening it to write or to read; its errors as sentences
    witness     the newest event, noted outside the file
    rows        what a run brings
    items       the items of a run, as one Parquet file
    books       what is said of it: what is live, runs, one run
    history     what it knows of the accounts of a file
    entry       entering a run, withdrawing one
    verify      whether it is still what it was

Input: what a run brings, as rows. Output: what earlier runs left. It never changes or removes an entry, never
looks at the clock (times are given), never reads a sheet and sends nothing.
"""

from pipeline.ledger.books import Live, RunEntry, RunShown, entries, live, rejected_before, runs, show
from pipeline.ledger.entry import (
    IdentityTakenError,
    Withdrawn,
    discard,
    holding,
    record,
    sealed,
)
from pipeline.ledger.history import alive, billed_periods
from pipeline.ledger.items import items, packed
from pipeline.ledger.rows import InvoiceRow, RequestRow, RunRow, SourceRow
from pipeline.ledger.store import Ledger
from pipeline.ledger.verify import verify

__all__ = [
    "IdentityTakenError",
    "InvoiceRow",
    "Ledger",
    "Live",
    "RequestRow",
    "RunEntry",
    "RunRow",
    "RunShown",
    "SourceRow",
    "Withdrawn",
    "alive",
    "billed_periods",
    "discard",
    "entries",
    "holding",
    "items",
    "live",
    "packed",
    "record",
    "rejected_before",
    "runs",
    "sealed",
    "show",
    "verify",
]
