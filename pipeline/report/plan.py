"""What a run bills, in a few numbers: what `check` says before anything happens, and `run` afterwards."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.line import Line
from pipeline.report.entries import ACCEPTED
from schemas import money
from schemas.columns import cells_of

_LARGEST = 3
_CURRENCIES = 3
_NAMED = 10


def plan(line: Line, table: pa.Table) -> dict[str, Any]:
    """The plan, for `summary.json`.

    Args:
        line: the end of the line.
        table: as `entries.invoice_table` gives it.
    """
    accepted = table.filter(pc.is_in(table["state"], value_set=ACCEPTED))
    return {
        "invoices": len(accepted),
        "items": len(line.batches.invoices.items),
        "requests": len(line.batches),
        "accounts": pc.count_distinct(accepted["account"]).as_py(),
        "new_accounts": {"count": len(line.new_accounts), "first": line.new_accounts[:_NAMED]},
        "invoice_dates": _span(accepted["invoice_date"]),
        "service_dates": _service(line),
        "largest": [each for code in currencies(accepted)[:_CURRENCIES] for each in largest(accepted, code)],
    }


def currencies(accepted: pa.Table) -> list[str]:
    """The currencies of some invoices, the commonest first.

    Args:
        accepted: rows of `entries.invoice_table`.
    """
    counts = accepted.group_by("currency").aggregate([("currency", "count")])
    ordered = counts.sort_by([("currency_count", "descending"), ("currency", "ascending")])
    found: list[str] = ordered["currency"].to_pylist()
    return found


def largest(accepted: pa.Table, currency: str, most: int = _LARGEST) -> list[dict[str, Any]]:
    """The largest invoices of a currency, the amount as text.

    Args:
        accepted: rows of `entries.invoice_table`.
        currency: whose.
        most: how many.
    """
    mine = accepted.filter(pc.equal(accepted["currency"], currency))
    at = pc.select_k_unstable(mine, most, [("amount", "descending"), ("row", "ascending")])
    chosen = mine.take(at).select(["invoice_ref", "account", "currency", "invoice_date", "items", "amount"])
    return [
        {**each, "invoice_date": each["invoice_date"] and str(each["invoice_date"]), "amount": _written(each)}
        for each in chosen.to_pylist()
    ]


def _written(invoice: dict[str, Any]) -> str:
    return money.with_digits(invoice["amount"], invoice["currency"])


def _span(dates: Any) -> dict[str, str] | None:
    """First and last of some dates; None when there are none."""
    found = pc.min_max(dates).as_py()
    return {"first": str(found["min"]), "last": str(found["max"])} if found["min"] else None


def _service(line: Line) -> dict[str, str] | None:
    """First and last day of service; an item without an end ends where it starts."""
    items, at = line.sheets.items, pa.array(line.batches.invoices.items)
    days = [
        pc.take(cells_of(items[name]), at)
        for name in ("service_start_date", "service_end_date")
        if name in items
    ]
    return _span(pa.chunked_array(days, pa.date32())) if days else None
