"""The planned requests: how many invoices, items and how much money each holds.

In: the batches and the table of invoices.
Out: the first requests, and how many follow.
Never: builds a payload.
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from pipeline.acceptance.assessment import Assessment
from schemas.arrow import money


class PlannedRequest(NamedTuple):
    """A request: its number, what it holds, and its sums by currency."""

    number: int
    invoices: int
    items: int
    totals: dict[str, str]


class PlannedRequests(NamedTuple):
    """The first requests, and how many follow."""

    shown: list[PlannedRequest]
    more: int


def list_planned_requests(assessment: Assessment, invoice_table: pa.Table, limit: int) -> PlannedRequests:
    """List the first requests of the plan.

    Args:
        assessment: the end of a check.
        invoice_table: as `make_invoice_table` gives it.
        limit: how many.
    """
    accepted, batches = assessment.batches.invoices, assessment.batches.batches
    shown = [
        PlannedRequest(
            number,
            len(batch.invoices),
            accepted.count_items(batch.invoices),
            _sum_by_currency(invoice_table.take(pa.array(accepted.get_rows(batch.invoices)))),
        )
        for number, batch in enumerate(batches[:limit], 1)
    ]
    return PlannedRequests(shown, len(batches) - len(shown))


def _sum_by_currency(invoices: pa.Table) -> dict[str, str]:
    sums = invoices.group_by("currency").aggregate([("amount", "sum")]).sort_by("currency")
    return {
        row["currency"]: money.format_money(row["amount_sum"], row["currency"]) for row in sums.to_pylist()
    }
