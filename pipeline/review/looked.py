"""The accepted invoices as the second look sees them: one row an invoice."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.language import say
from pipeline.model import Invoices
from pipeline.past import TOTAL
from schemas import money
from schemas.catalog import ACCOUNT_KEYS
from schemas.columns import cells_of, plain


def invoices_of(invoices: Invoices) -> pa.Table:
    """`position`, `account`, `ref`, `currency`, `invoice_date` and `amount` of each accepted invoice.

    Args:
        invoices: what would be sent.
    """
    sheets, at = invoices.sheets, pa.array(invoices.positions)
    frame = sheets.valid.invoices

    def column(name: str, kind: Any = None) -> Any:
        known = name in frame
        return pc.take(plain(cells_of(frame[name])), at) if known else pa.nulls(len(at), kind or pa.string())

    return pa.table(
        {
            "position": at,
            "account": pc.coalesce(*map(column, ACCOUNT_KEYS)),
            "ref": column("invoice_ref"),
            "currency": column("effective_currency"),
            "invoice_date": column("invoice_date", pa.date32()),
            "amount": pc.cast(pc.take(sheets.totals, at), TOTAL),
        }
    )


def run_named(run_id: str | None) -> str:
    """Where another invoice is, as a clause: in this file or in an earlier run.

    Args:
        run_id: of the run; None for this file.
    """
    return say(", prepared by run {run}", run=run_id) if run_id else say(", in this file")


def amount_told(amount: Any, currency: str) -> str:
    """An amount with its currency.

    Args:
        amount: a Decimal.
        currency: of it.
    """
    return f"{money.with_digits(amount, currency)} {currency}"
