"""What a run bills, in a few numbers: `check` shows it before anything happens, `run` afterwards.

In: the assessment and the table of invoices.
Out: the plan as values for JSON.
Never: counts an invoice that is not accepted.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.assessment import Assessment
from pipeline.report.invoice_table import ACCEPTED_STATES
from schemas.arrow import money
from schemas.arrow.columns import Dates
from schemas.arrow.frames import arrow_column

_MAX_LARGEST = 3
_MAX_PLAN_CURRENCIES = 3
_MAX_ACCOUNTS = 10


def make_billing_plan(assessment: Assessment, invoice_table: pa.Table) -> dict[str, Any]:
    """Make the plan, for `summary.json`.

    Args:
        assessment: the end of a check.
        invoice_table: as `make_invoice_table` gives it.
    """
    accepted = invoice_table.filter(pc.is_in(invoice_table["state"], value_set=ACCEPTED_STATES))
    return {
        "invoices": len(accepted),
        "items": len(assessment.batches.invoices.item_rows),
        "requests": len(assessment.batches),
        "accounts": pc.count_distinct(accepted["account"]).as_py(),
        "new_accounts": {
            "count": len(assessment.new_accounts),
            "first": assessment.new_accounts[:_MAX_ACCOUNTS],
        },
        "invoice_dates": _get_date_range(accepted["invoice_date"]),
        "service_dates": _get_service_range(assessment),
        "largest": _select_largest_by_currency(accepted),
    }


def _select_largest_by_currency(accepted: pa.Table) -> list[dict[str, Any]]:
    invoices: list[dict[str, Any]] = []
    for currency in sort_currencies(accepted)[:_MAX_PLAN_CURRENCIES]:
        invoices += select_largest(accepted, currency)
    return invoices


def sort_currencies(accepted: pa.Table) -> list[str]:
    """List the currencies of invoices, the commonest first.

    Args:
        accepted: rows of `make_invoice_table`.
    """
    counts = accepted.group_by("currency").aggregate([("currency", "count")])
    sorted_counts = counts.sort_by([("currency_count", "descending"), ("currency", "ascending")])
    codes: list[str] = sorted_counts["currency"].to_pylist()
    return codes


def select_largest(accepted: pa.Table, currency: str, limit: int = _MAX_LARGEST) -> list[dict[str, Any]]:
    """Select the largest invoices of a currency, the amount as text.

    Args:
        accepted: rows of `make_invoice_table`.
        currency: whose.
        limit: how many.
    """
    candidates = accepted.filter(pc.equal(accepted["currency"], currency))
    # unstable, but the row decides between equal amounts
    row_indices = pc.select_k_unstable(candidates, limit, [("amount", "descending"), ("row", "ascending")])
    chosen = candidates.take(row_indices).select(
        ["invoice_ref", "account", "currency", "invoice_date", "items", "amount"]
    )
    return [
        {
            **invoice,
            "invoice_date": invoice["invoice_date"] and str(invoice["invoice_date"]),
            "amount": _format_total(invoice),
        }
        for invoice in chosen.to_pylist()
    ]


def _format_total(invoice: dict[str, Any]) -> str:
    return money.format_money(invoice["amount"], invoice["currency"])


def _get_date_range(dates: Dates) -> dict[str, str] | None:
    """Return the first and the last date; None when there are none."""
    span = pc.min_max(dates).as_py()
    return {"first": str(span["min"]), "last": str(span["max"])} if span["min"] else None


def _get_service_range(assessment: Assessment) -> dict[str, str] | None:
    """Return the first and last day of service; an item without an end ends where it starts."""
    items, item_rows = assessment.sheets.items, pa.array(assessment.batches.invoices.item_rows)
    columns = [
        pc.take(arrow_column(items[name]), item_rows)
        for name in ("service_start_date", "service_end_date")
        if name in items
    ]
    return _get_date_range(pa.chunked_array(columns, pa.date32())) if columns else None
