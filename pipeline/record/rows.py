"""The rows of a run in the ledger: one an invoice, and one an item of those that are prepared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.line import Line
from pipeline.report import entries
from schemas import money
from schemas.columns import cells_of, whole

_AT_ONCE = 20_000
_BILLED = (
    *("product_name", "product_rate_plan_charge_id", "charge_name", "sku", "uom", "tax_code", "tax_mode"),
    *("accounting_code", "deferred_revenue_accounting_code", "recognized_revenue_accounting_code"),
    "description",
)
_DATES = ("service_start_date", "service_end_date")


def invoice_rows(table: pa.Table, fingerprints: list[str]) -> Iterator[tuple[Any, ...]]:
    """The ledger's rows, an invoice each, in the order of the sheet.

    Args:
        table: as `entries.invoice_table` gives it.
        fingerprints: of the content, an invoice each.
    """
    for start in range(0, len(table), _AT_ONCE):
        some = table.slice(start, _AT_ONCE)
        yield from zip(
            range(start, start + len(some)),
            some["invoice_ref"].to_pylist(),
            some["account"].to_pylist(),
            some["currency"].to_pylist(),
            pc.cast(some["invoice_date"], pa.string()).to_pylist(),
            some["items"].to_pylist(),
            money.plain_text(whole(some["amount"])).to_pylist(),
            some["state"].to_pylist(),
            fingerprints[start : start + len(some)],
            some["request"].to_pylist(),
            some["reasons"].to_pylist(),
            strict=True,
        )


def item_rows(line: Line) -> pa.Table:
    """A row an item, as it is billed; texts point to their charge, they are not copied.

    Args:
        line: the end of the line; `line.batches.invoices.items` are the rows of the prepared invoices.
    """
    frame, texts = line.sheets.items, line.sheets.number_texts
    none = pa.nulls(len(frame), pa.date32())
    columns = {name: entries.billed(line, name) for name in _BILLED}
    columns |= {name: texts[name] for name in ("quantity", "unit_price")}
    columns["amount"] = cells_of(frame["effective_amount"])
    columns |= entries.beside(line)
    columns |= {name: cells_of(frame[name]) if name in frame else none for name in _DATES}
    return pa.table({"position": line.sheets.valid.parent.astype(np.int32), **columns})
