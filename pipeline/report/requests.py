"""The plan of requests: how many invoices, items and how much money each one holds."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from pipeline.line import Line
from schemas import money


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


def requests(line: Line, table: pa.Table, most: int) -> PlannedRequests:
    """The first requests of the plan.

    Args:
        line: the end of the line.
        table: as `entries.invoice_table` gives it.
        most: how many.
    """
    accepted, batches = line.batches.invoices, line.batches.batches
    shown = [
        PlannedRequest(
            number,
            len(batch.invoices),
            int(accepted.sizes[batch.invoices].sum()),
            _totals(table.take(pa.array(accepted.positions[batch.invoices]))),
        )
        for number, batch in enumerate(batches[:most], 1)
    ]
    return PlannedRequests(shown, len(batches) - len(shown))


def _totals(invoices: pa.Table) -> dict[str, str]:
    sums = invoices.group_by("currency").aggregate([("amount", "sum")]).sort_by("currency")
    return {
        each["currency"]: money.with_digits(each["amount_sum"], each["currency"]) for each in sums.to_pylist()
    }
