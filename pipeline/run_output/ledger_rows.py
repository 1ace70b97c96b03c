"""The rows of a run in the ledger: one per invoice, and one per item of those that are prepared.

In: the assessment, the table of invoices and the fingerprints.
Out: tuples in the order of the ledger's columns; an Arrow table of the items.
Never: writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.assessment import Assessment
from pipeline.report import invoice_table
from schemas.arrow import money
from schemas.arrow.columns import merge_chunks
from schemas.arrow.frames import arrow_column

_BATCH_ROWS = 20_000
_BILLED_FIELDS = (
    *("product_name", "product_rate_plan_charge_id", "charge_name", "sku", "uom", "tax_code", "tax_mode"),
    *("accounting_code", "deferred_revenue_accounting_code", "recognized_revenue_accounting_code"),
    "description",
)
_DATE_FIELDS = ("service_start_date", "service_end_date")


def iter_invoice_rows(table: pa.Table, fingerprints: list[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the ledger's rows, one per invoice, in the order of the sheet.

    Args:
        table: as `entries.invoice_table` gives it.
        fingerprints: of the content, one per invoice.
    """
    for start in range(0, len(table), _BATCH_ROWS):
        batch = table.slice(start, _BATCH_ROWS)
        yield from zip(
            range(start, start + len(batch)),
            batch["invoice_ref"].to_pylist(),
            batch["account"].to_pylist(),
            batch["currency"].to_pylist(),
            pc.cast(batch["invoice_date"], pa.string()).to_pylist(),
            batch["items"].to_pylist(),
            money.format_plain(merge_chunks(batch["amount"])).to_pylist(),
            batch["state"].to_pylist(),
            fingerprints[start : start + len(batch)],
            batch["request"].to_pylist(),
            batch["reasons"].to_pylist(),
            strict=True,
        )


def build_item_rows(assessment: Assessment) -> pa.Table:
    """Return one row per item, as it is billed; texts point to their charge, they are not copied.

    Args:
        assessment: the end of the line; `batches.invoices.item_rows` are the rows of the prepared invoices.
    """
    frame, texts = assessment.sheets.items, assessment.sheets.number_texts
    none = pa.nulls(len(frame), pa.date32())
    columns = {name: invoice_table.get_billed_values(assessment, name) for name in _BILLED_FIELDS}
    columns |= {name: texts[name] for name in ("quantity", "unit_price")}
    columns["amount"] = arrow_column(frame["effective_amount"])
    columns |= invoice_table.sum_children(assessment)
    columns |= {name: arrow_column(frame[name]) if name in frame else none for name in _DATE_FIELDS}
    return pa.table({"position": assessment.sheets.valid.invoice_of_item.astype(np.int32), **columns})
