"""What became of each invoice and item: the rows of `ledger.csv`, and the frames of the Python interface."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Level
from pipeline.line import Line
from schemas import money
from schemas.catalog import ACCOUNT_KEYS
from schemas.columns import cells_of, plain, whole
from schemas.kinds import DECIMAL

PREPARED, REJECTED, SKIPPED, HELD = "prepared", "rejected", "skipped", "not prepared"
ACCEPTED = pa.array([PREPARED, HELD])
"""The states of invoices without fault: prepared, or held back because the books do not balance."""


def states(line: Line) -> npt.NDArray[np.int8]:
    """Per invoice 0 prepared, 1 rejected, 2 skipped."""
    return np.where(line.rejected, 1, np.where(line.skipped, 2, 0)).astype(np.int8)


def _names(line: Line) -> pa.Array:
    """What the states are called."""
    return pa.array([HELD if line.verdict == "unbalanced" else PREPARED, REJECTED, SKIPPED])


def requests(line: Line) -> Any:
    """Per invoice the number of its request; null for those in none."""
    number = np.zeros(len(line.rejected), np.int64)
    for place, batch in enumerate(line.batches.batches, 1):
        number[line.batches.invoices.positions[batch.invoices]] = place
    return pa.array(number, pa.int32(), mask=number == 0)


def reasons(line: Line) -> Any:
    """Per invoice the codes of its errors, with spaces between; empty where there are none."""
    everywhere = {each.code for each in line.issues.sheets if each.level is Level.ERROR}
    errors = [each for each in line.issues.findings if each.level is Level.ERROR]
    codes = sorted(everywhere.union(each.code for each in errors))
    everyone = np.arange(len(line.rejected))
    told = [everyone * len(codes) + codes.index(each) for each in everywhere]
    for each in errors:
        fallen = line.sheets.valid.invoice_of(each.table)[each.rows]
        told.append(fallen[fallen >= 0] * len(codes) + codes.index(each.code))
    pairs = np.unique(np.concatenate([np.zeros(0, np.int64), *told]))  # of an invoice and a code, in order
    invoice, code = np.divmod(pairs, max(len(codes), 1))
    starts = np.searchsorted(invoice, np.append(everyone, len(everyone)))
    texts = pa.array(codes, pa.string()).take(pa.array(code))
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(starts, pa.int32()), texts), " ")


def invoice_table(line: Line) -> pa.Table:
    """One row an invoice, in the order of the sheet."""
    frame, raw = line.sheets.valid.invoices, line.raw.tables["invoices"]
    parent = line.sheets.valid.parent
    count = np.bincount(parent[parent >= 0], minlength=len(frame))
    header_only = pa.array((count == 0) & ~line.rejected)  # a change of nothing but the header
    return pa.table(
        {
            "state": pc.take(_names(line), pa.array(states(line))),
            "invoice_ref": plain(cells_of(raw.frame["invoice_ref"]))
            if "invoice_ref" in raw.frame
            else _blank(len(frame)),
            "account": pc.coalesce(*(_column(frame, each) for each in ACCOUNT_KEYS)),
            "currency": _column(frame, "effective_currency"),
            "invoice_date": _column(frame, "invoice_date", pa.date32()),
            "items": pa.array(count),
            "amount": pc.if_else(header_only, pa.scalar(0, DECIMAL), line.sheets.totals),
            "request": requests(line),
            "reasons": reasons(line),
            "row": pa.array(raw.row_of),
        }
    )


def item_columns(line: Line, invoices: pa.Table) -> dict[str, Any]:
    """One row an item, in the order of the sheet: Arrow columns, dictionary-encoded where they repeat.

    What belongs to the invoice, or to the charge, is not copied to its items: their rows point to it.

    Args:
        line: the end of the line.
        invoices: as `invoice_table` gives them.
    """
    sheets, raw = line.sheets, line.raw.tables["items"]
    parent = sheets.valid.parent.astype(np.int32)
    owner = pa.array(parent, mask=parent < 0)
    owned = np.append(states(line), np.int8(1))[parent]  # an item without an invoice is rejected

    def of_invoice(name: str) -> Any:
        return pa.DictionaryArray.from_arrays(owner, whole(invoices[name]), safe=False)

    def own(name: str, kind: Any = None) -> Any:
        known = name in sheets.items
        return cells_of(sheets.items[name]) if known else pa.nulls(len(parent), kind or pa.string())

    texts = sheets.number_texts
    digits = pc.take(money.digits_of(whole(invoices["currency"])), owner)
    ref = cells_of(raw.frame["invoice_ref"]) if "invoice_ref" in raw.frame else _blank(len(parent))
    return {
        "state": pa.DictionaryArray.from_arrays(pa.array(owned), _names(line)),
        "invoice_ref": ref,
        "account": of_invoice("account"),
        "currency": of_invoice("currency"),
        "invoice_date": of_invoice("invoice_date"),
        "item_no": own("item_no"),
        "catalog_sku": own("catalog_sku"),
        "product_rate_plan_charge_id": own("product_rate_plan_charge_id"),
        **{name: billed(line, name) for name in line.target.projection(line.settings).owned_by_catalog},
        "description": own("description"),
        "quantity": texts["quantity"],
        "unit_price": texts["unit_price"],
        "amount": money.padded(texts["effective_amount"], digits),
        **{name: money.text(each, digits) for name, each in beside(line).items()},
        "service_start_date": own("service_start_date", pa.date32()),
        "service_end_date": own("service_end_date", pa.date32()),
        "request": of_invoice("request"),
        "reasons": _reasons(line, parent, whole(invoices["reasons"])),
        "row": pa.array(raw.row_of),
    }


def beside(line: Line) -> dict[str, Any]:
    """Per item the sum of its discounts, and of its taxes, where the file has such: decimals by table."""
    return {
        name: money.totals(each.item, each.amounts, len(line.sheets.items))
        for name, each in line.sheets.valid.branches.items()
        if each.amounts is not None
    }


def _reasons(line: Line, parent: npt.NDArray[np.int32], of_invoices: Any) -> Any:
    """Per item the codes against its invoice; against itself where it has none."""
    own: dict[int, set[str]] = {each: set() for each in np.flatnonzero(parent < 0).tolist()}
    for found in line.issues.errors_in("items"):
        for row in found.rows[parent[found.rows] < 0].tolist():
            own[row].add(found.code)
    told = sorted({" ".join(sorted(codes)) for codes in own.values()})
    places = parent.copy()
    for row, codes in own.items():
        places[row] = len(of_invoices) + told.index(" ".join(sorted(codes)))
    both = pa.concat_arrays([of_invoices, pa.array(told, pa.string())])
    return pa.DictionaryArray.from_arrays(pa.array(places), both, safe=False)


def without_items(invoices: pa.Table, names: Iterable[str]) -> dict[str, Any]:
    """The invoices that have no items, with the columns of items.

    Args:
        invoices: as `invoice_table` gives them.
        names: of the columns.
    """
    some = invoices.filter(pc.equal(invoices["items"], 0)).drop(["amount", "row"])
    return {
        name: whole(some[name]) if name in some.column_names else pa.nulls(len(some), pa.string())
        for name in names
    }


def billed(line: Line, name: str) -> Any:
    """What will be billed: the charge's value where there is a charge, else the sheet's.

    Args:
        line: the end of the line.
        name: of an item's field.

    Returns:
        An Arrow array, a row an item; null where neither says anything.
    """
    items, catalog = line.sheets.items, line.sheets.catalog
    if name not in catalog:
        return cells_of(items[name]) if name in items else pa.nulls(len(items), pa.string())
    theirs = cells_of(catalog[name])
    if name not in items:
        return theirs
    charge = pc.is_valid(cells_of(items["product_rate_plan_charge_id"]))
    return pc.if_else(charge, plain(theirs), plain(cells_of(items[name])))


def _column(frame: Any, name: str, kind: Any = None) -> Any:
    return plain(cells_of(frame[name])) if name in frame else pa.nulls(len(frame), kind or pa.string())


def _blank(count: int) -> Any:
    return pa.repeat(pa.scalar("", pa.string()), count)
