"""The append-only ledger of runs, sources, invoices, requests and events, in one SQLite file.

    schema              tables, triggers, and what they forbid
    hash_chain          canonical bytes, digests, and the hash chain of events
    sqlite_connection   opening it to write or to read; its errors as sentences
    head_note           the newest event, noted outside the file
    records             what a run brings
    run_items           the items of a run, as one Parquet file
    queries             live invoices, runs, one run
    account_history     what it holds on the accounts of a file
    enter               entering a run, withdrawing one
    verify              whether it is unchanged

In: what a run brings, as rows.
Out: what earlier runs left.
Never: changes or removes an entry, looks at the clock (times are given), reads a sheet, sends anything.
"""

from pipeline.ledger.account_history import find_live_by_account, read_billed_periods
from pipeline.ledger.enter import (
    IdentityTakenError,
    RunWriter,
    Withdrawal,
    add_ledger_head,
    enter_run,
    lock_run_ids,
    withdraw_run,
)
from pipeline.ledger.queries import (
    LiveInvoice,
    RunDetails,
    RunEntry,
    find_live_by_reference,
    find_rejected,
    list_invoices,
    list_run_entries,
    read_run,
)
from pipeline.ledger.records import InvoiceRow, RequestRow, RunRow, SourceRow
from pipeline.ledger.run_items import encode_items, read_items
from pipeline.ledger.sqlite_connection import Ledger
from pipeline.ledger.verify import verify_ledger

__all__ = [
    "IdentityTakenError",
    "InvoiceRow",
    "Ledger",
    "LiveInvoice",
    "RequestRow",
    "RunDetails",
    "RunEntry",
    "RunRow",
    "RunWriter",
    "SourceRow",
    "Withdrawal",
    "add_ledger_head",
    "encode_items",
    "enter_run",
    "find_live_by_account",
    "find_live_by_reference",
    "find_rejected",
    "list_invoices",
    "list_run_entries",
    "lock_run_ids",
    "read_billed_periods",
    "read_items",
    "read_run",
    "verify_ledger",
    "withdraw_run",
]
