"""What became of each invoice and item: the rows of `ledger.csv`, and the frames of the Python interface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Level
from pipeline.line import Line
from pipeline.model import Positions
from schemas import money
from schemas.columns import cells_of, plain
from schemas.kinds import DECIMAL

PREPARED, REJECTED, SKIPPED = "prepared", "rejected", "skipped"
_AT_ONCE = 250_000
_STATES = pa.array([PREPARED, REJECTED, SKIPPED])


def states(line: Line) -> npt.NDArray[np.int8]:
    """Per invoice 0 prepared, 1 rejected, 2 skipped."""
    return np.where(line.rejected, 1, np.where(line.skipped, 2, 0)).astype(np.int8)


def requests(line: Line) -> Any:
    """Per invoice the number of its request; null for those in none."""
    number = np.zeros(len(line.rejected), np.int64)
    for place, batch in enumerate(line.batches.batches, 1):
        number[line.batches.invoices.positions[batch.invoices]] = place
    return pa.array(number, pa.int32(), mask=number == 0)


def reasons(line: Line) -> Any:
    """Per invoice the codes of its errors, with spaces between; empty where there are none."""
    told: list[list[str]] = [[] for _ in range(len(line.rejected))] if line.rejected.any() else []
    parent = line.sheets.valid.parent
    for found in line.issues.findings:
        if found.level is Level.ERROR:
            fallen = found.rows if found.table == "invoices" else parent[found.rows]
            for place in np.unique(fallen[fallen >= 0]).tolist():
                told[place].append(found.code)
    if not told:
        return pa.repeat(pa.scalar("", pa.string()), len(line.rejected))
    everywhere = [each.code for each in line.issues.sheets if each.level is Level.ERROR]
    return pa.array([" ".join(sorted({*each, *everywhere})) for each in told], pa.string())


def invoice_table(line: Line) -> pa.Table:
    """One row an invoice, in the order of the sheet."""
    frame, raw = line.sheets.valid.invoices, line.raw.tables["invoices"]
    parent = line.sheets.valid.parent
    amounts = cells_of(line.sheets.items["effective_amount"])
    count = np.bincount(parent[parent >= 0], minlength=len(frame))
    return pa.table(
        {
            "state": pc.take(_STATES, pa.array(states(line))),
            "invoice_ref": plain(cells_of(raw.frame["invoice_ref"]))
            if "invoice_ref" in raw.frame
            else _blank(len(frame)),
            "account": pc.coalesce(*(_column(frame, each) for each in ("account_number", "account_id"))),
            "currency": _column(frame, "effective_currency"),
            "invoice_date": _column(frame, "invoice_date", pa.date32()),
            "items": pa.array(count),
            "amount": money.totals(parent, amounts, len(frame)),
            "request": requests(line),
            "reasons": reasons(line),
            "row": pa.array(raw.row_of),
        }
    )


def item_tables(line: Line, invoices: pa.Table) -> Iterator[pa.Table]:
    """One row an item, in the order of the sheet, some at a time; then the invoices that have none.

    Args:
        line: the end of the line.
        invoices: as `invoice_table` gives them.
    """
    of_items = len(line.sheets.items)
    for start in range(0, of_items, _AT_ONCE):
        yield _items(line, invoices, np.arange(start, min(start + _AT_ONCE, of_items)))
    empty = np.flatnonzero(invoices["items"].to_numpy() == 0)
    if len(empty) or not of_items:
        without = _items(line, invoices, np.zeros(0, np.int64)).schema
        some = invoices.take(pa.array(empty))
        columns = {
            name: some[name] if name in some.column_names else pa.nulls(len(some), without.field(name).type)
            for name in without.names
        }
        yield pa.table(columns).cast(without)


def _items(line: Line, invoices: pa.Table, rows: Positions) -> pa.Table:
    parent = line.sheets.valid.parent[rows]
    owner = pa.array(parent, mask=parent < 0)
    items, at = line.sheets.items, pa.array(rows)

    def own(name: str, kind: Any = None) -> Any:
        return _some(items, name, at, kind)

    def of_invoice(name: str) -> Any:
        return pc.take(invoices[name].combine_chunks(), owner)

    raw = line.raw.tables["items"]
    ref = (
        plain(pc.take(cells_of(raw.frame["invoice_ref"]), at))
        if "invoice_ref" in raw.frame
        else _blank(len(rows))
    )
    billed = {
        name: _billed(line, name, at) for name in line.target.projection(line.settings).owned_by_catalog
    }
    return pa.table(
        {
            "state": pc.fill_null(of_invoice("state"), REJECTED),
            "invoice_ref": ref,
            "account": of_invoice("account"),
            "currency": of_invoice("currency"),
            "invoice_date": of_invoice("invoice_date"),
            "item_no": own("item_no"),
            "catalog_sku": own("catalog_sku"),
            "product_rate_plan_charge_id": own("product_rate_plan_charge_id"),
            **billed,
            "description": own("description"),
            "quantity": money.plain_text(own("quantity", DECIMAL)),
            "unit_price": money.plain_text(own("unit_price", DECIMAL)),
            "amount": money.text(own("effective_amount", DECIMAL), money.digits_of(of_invoice("currency"))),
            "service_start_date": own("service_start_date", pa.date32()),
            "service_end_date": own("service_end_date", pa.date32()),
            "request": of_invoice("request"),
            "reasons": of_invoice("reasons"),
            "row": pa.array(raw.row_of[rows]),
        }
    )


def _billed(line: Line, name: str, at: Any) -> Any:
    """What will be billed: the charge's value where there is a charge, else the sheet's."""
    mine = _some(line.sheets.items, name, at)
    if name not in line.sheets.catalog:
        return mine
    charge = pc.is_valid(pc.take(cells_of(line.sheets.items["product_rate_plan_charge_id"]), at))
    return pc.if_else(charge, _some(line.sheets.catalog, name, at), mine)


def _some(frame: Any, name: str, at: Any, kind: Any = None) -> Any:
    """Some rows of a column, null where there is no such column."""
    if name not in frame:
        return pa.nulls(len(at), kind or pa.string())
    return plain(pc.take(cells_of(frame[name]), at))


def _column(frame: Any, name: str, kind: Any = None) -> Any:
    return plain(cells_of(frame[name])) if name in frame else pa.nulls(len(frame), kind or pa.string())


def _blank(count: int) -> Any:
    return pa.repeat(pa.scalar("", pa.string()), count)
