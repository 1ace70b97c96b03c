"""A table of the accepted invoices for the checks of this room, one row per invoice.

In: `Invoices`.
Out: a table, and phrases that several checks use.
Never: holds an item.
"""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.model.history import PAST_AMOUNT
from pipeline.model.invoices import Invoices
from schemas.arrow import money
from schemas.arrow.columns import ArrowColumn, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.catalog import ACCOUNT_KEYS


def build_invoice_view(invoices: Invoices) -> pa.Table:
    """Build the table: `position`, `account`, `ref`, `currency`, `invoice_date` and `amount`.

    Args:
        invoices: what would be sent.
    """
    sheets, indices = invoices.sheets, pa.array(invoices.invoice_rows)
    frame = sheets.valid.invoices

    def take_column(name: str, arrow_type: pa.DataType | None = None) -> ArrowColumn:
        is_known = name in frame
        return (
            pc.take(decode_dictionary(arrow_column(frame[name])), indices)
            if is_known
            else pa.nulls(len(indices), arrow_type or pa.string())
        )

    return pa.table(
        {
            "position": indices,
            "account": pc.coalesce(*map(take_column, ACCOUNT_KEYS)),
            "ref": take_column("invoice_ref"),
            "currency": take_column("effective_currency"),
            "invoice_date": take_column("invoice_date", pa.date32()),
            "amount": pc.cast(pc.take(sheets.totals, indices), PAST_AMOUNT),
        }
    )


def describe_run(run_id: str | None) -> str:
    """Describe where another invoice is, as a clause: in this file or in an earlier run.

    Args:
        run_id: of the run; None for this file.
    """
    return translate(", prepared by run {run}", run=run_id) if run_id else translate(", in this file")


def format_currency_amount(amount: Decimal, currency: str) -> str:
    """Format an amount with its currency.

    Args:
        amount: in units of the currency.
        currency: its code.
    """
    return f"{money.format_money(amount, currency)} {currency}"
