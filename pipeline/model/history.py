"""What was billed before, from the ledger: history of the accounts that a file names."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

PAST_AMOUNT = pa.decimal128(38, 9)
"""A sum of amounts."""

PAST_INVOICES = pa.schema(
    [
        ("account", pa.string()),
        ("ref", pa.string()),
        ("run_id", pa.string()),
        ("position", pa.int32()),
        ("currency", pa.string()),
        ("invoice_date", pa.date32()),
        ("amount", PAST_AMOUNT),
    ]
)
"""An invoice that is alive in the ledger, of an account that a file names."""

PAST_PERIODS = pa.schema(
    [
        ("account", pa.string()),
        ("ref", pa.string()),
        ("run_id", pa.string()),
        ("product", pa.string()),
        ("first", pa.date32()),
        ("last", pa.date32()),
    ]
)
"""A period of service that such an invoice bills, first and last day included."""


@dataclass(frozen=True)
class BillingHistory:
    """What the ledger holds on the accounts that a file names.

    Attributes:
        invoices: those alive, as `PAST_INVOICES`.
        periods: what they bill, as `PAST_PERIODS`.
    """

    invoices: pa.Table
    periods: pa.Table
