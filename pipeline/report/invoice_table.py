"""What became of each invoice and item: `ledger.csv`, and the frames of the Python interface.

In: the assessment.
Out: Arrow columns with a row for each invoice or item, in the order of the sheet.
Never: leaves a row out, or copies to each item what its invoice or its charge holds once.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.assessment import Assessment
from pipeline.issues import Level
from schemas.arrow import money
from schemas.arrow.columns import (
    DECIMAL,
    ArrowColumn,
    Decimals,
    Integers,
    Texts,
    decode_dictionary,
    merge_chunks,
)
from schemas.arrow.frames import arrow_column
from schemas.catalog import ACCOUNT_KEYS

PREPARED, REJECTED, SKIPPED, HELD = "prepared", "rejected", "skipped", "not prepared"
ACCEPTED_STATES = pa.array([PREPARED, HELD])
"""The states of invoices without fault: prepared, or held back because the run does not balance."""


def get_state_codes(assessment: Assessment) -> npt.NDArray[np.int8]:
    """Return for each invoice 0 prepared, 1 rejected, 2 skipped."""
    return np.where(assessment.rejected, 1, np.where(assessment.skipped, 2, 0)).astype(np.int8)


def _name_states(assessment: Assessment) -> pa.Array:
    """Return the names of the states, by code."""
    return pa.array([HELD if assessment.verdict == "unbalanced" else PREPARED, REJECTED, SKIPPED])


def number_requests(assessment: Assessment) -> Integers:
    """Return for each invoice the number of its request; null for those in none."""
    numbers = np.zeros(len(assessment.rejected), np.int64)
    for number, batch in enumerate(assessment.batches.batches, 1):
        numbers[assessment.batches.invoices.get_rows(batch.invoices)] = number
    return pa.array(numbers, pa.int32(), mask=numbers == 0)


def join_error_codes(assessment: Assessment) -> Texts:
    """Join for each invoice the codes of its errors with blanks; empty where there are none."""
    file_codes = {issue.code for issue in assessment.issues.sheet_issues if issue.level is Level.ERROR}
    errors = [findings for findings in assessment.issues.findings if findings.level is Level.ERROR]
    codes = sorted(file_codes.union(findings.code for findings in errors))
    positions = np.arange(len(assessment.rejected))
    # invoice and code in one number, so that `unique` sorts by both and drops what is there twice
    keys = [positions * len(codes) + codes.index(error_code) for error_code in file_codes]
    for findings in errors:
        failed = assessment.sheets.valid.find_invoices(findings.table)[findings.rows]
        keys.append(failed[failed >= 0] * len(codes) + codes.index(findings.code))
    unique_keys = np.unique(
        np.concatenate([np.zeros(0, np.int64), *keys])
    )  # of an invoice and a code, in order
    invoice_positions, code_positions = np.divmod(unique_keys, max(len(codes), 1))
    starts = np.searchsorted(invoice_positions, np.append(positions, len(positions)))
    texts = pa.array(codes, pa.string()).take(pa.array(code_positions))
    # a list of codes for each invoice, joined without a Python string for each
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(starts, pa.int32()), texts), " ")


def make_invoice_table(assessment: Assessment) -> pa.Table:
    """Return a row for each invoice, in the order of the sheet."""
    frame, raw = assessment.sheets.valid.invoices, assessment.raw.tables["invoices"]
    parent = assessment.sheets.valid.invoice_of_item
    item_counts = np.bincount(parent[parent >= 0], minlength=len(frame))
    header_only = pa.array((item_counts == 0) & ~assessment.rejected)  # a change of nothing but the header
    return pa.table(
        {
            "state": pc.take(_name_states(assessment), pa.array(get_state_codes(assessment))),
            "invoice_ref": decode_dictionary(arrow_column(raw.frame["invoice_ref"]))
            if "invoice_ref" in raw.frame
            else _fill_blank(len(frame)),
            # the first key that an invoice names stands for its account
            "account": pc.coalesce(*(_get_column(frame, field) for field in ACCOUNT_KEYS)),
            "currency": _get_column(frame, "effective_currency"),
            "invoice_date": _get_column(frame, "invoice_date", pa.date32()),
            "items": pa.array(item_counts),
            "amount": pc.if_else(header_only, pa.scalar(0, DECIMAL), assessment.sheets.totals),
            "request": number_requests(assessment),
            "reasons": join_error_codes(assessment),
            "row": pa.array(raw.row_numbers),
        }
    )


def make_item_columns(assessment: Assessment, invoices: pa.Table) -> dict[str, ArrowColumn]:
    """Return a row for each item, in the order of the sheet: columns, dictionary-encoded where they repeat.

    What belongs to the invoice, or to the charge, is not copied to its items: their rows point to it.

    Args:
        assessment: the end of a check.
        invoices: as `make_invoice_table` gives them.
    """
    sheets, raw = assessment.sheets, assessment.raw.tables["items"]
    parents = sheets.valid.invoice_of_item.astype(np.int32)
    invoice_indices = pa.array(parents, mask=parents < 0)
    item_states = np.append(get_state_codes(assessment), np.int8(1))[
        parents
    ]  # an item without an invoice is rejected

    def from_invoice(name: str) -> ArrowColumn:
        return pa.DictionaryArray.from_arrays(invoice_indices, merge_chunks(invoices[name]), safe=False)

    def get_own_column(name: str, arrow_type: pa.DataType | None = None) -> ArrowColumn:
        is_present = name in sheets.items
        return (
            arrow_column(sheets.items[name])
            if is_present
            else pa.nulls(len(parents), arrow_type or pa.string())
        )

    texts = sheets.number_texts
    digits = pc.take(money.get_currency_digits(merge_chunks(invoices["currency"])), invoice_indices)
    refs = arrow_column(raw.frame["invoice_ref"]) if "invoice_ref" in raw.frame else _fill_blank(len(parents))
    return {
        "state": pa.DictionaryArray.from_arrays(pa.array(item_states), _name_states(assessment)),
        "invoice_ref": refs,
        "account": from_invoice("account"),
        "currency": from_invoice("currency"),
        "invoice_date": from_invoice("invoice_date"),
        "item_no": get_own_column("item_no"),
        "catalog_sku": get_own_column("catalog_sku"),
        "product_rate_plan_charge_id": get_own_column("product_rate_plan_charge_id"),
        **{
            name: get_billed_values(assessment, name)
            for name in assessment.target.get_projection(assessment.settings).catalog_fields
        },
        "description": get_own_column("description"),
        "quantity": texts["quantity"],
        "unit_price": texts["unit_price"],
        "amount": money.pad_decimals(texts["effective_amount"], digits),
        **{name: money.format_amounts(sums, digits) for name, sums in sum_children(assessment).items()},
        "service_start_date": get_own_column("service_start_date", pa.date32()),
        "service_end_date": get_own_column("service_end_date", pa.date32()),
        "request": from_invoice("request"),
        "reasons": _join_item_error_codes(assessment, parents, merge_chunks(invoices["reasons"])),
        "row": pa.array(raw.row_numbers),
    }


def sum_children(assessment: Assessment) -> dict[str, Decimals]:
    """Sum for each item its discounts, and its taxes, where the file has such: decimals by table."""
    return {
        name: money.sum_by_parent(children.item_positions, children.amounts, len(assessment.sheets.items))
        for name, children in assessment.sheets.valid.children.items()
        if children.amounts is not None
    }


def _join_item_error_codes(
    assessment: Assessment, parents: npt.NDArray[np.int32], invoice_reasons: Texts
) -> Texts:
    """Join for each item the codes of its invoice's errors, or of its own where it has no invoice."""
    orphan_codes: dict[int, set[str]] = {row: set() for row in np.flatnonzero(parents < 0).tolist()}
    for findings in assessment.issues.select_errors_in("items"):
        for row in findings.rows[parents[findings.rows] < 0].tolist():
            orphan_codes[row].add(findings.code)
    texts = sorted({" ".join(sorted(codes)) for codes in orphan_codes.values()})
    indices = parents.copy()
    for row, codes in orphan_codes.items():
        indices[row] = len(invoice_reasons) + texts.index(" ".join(sorted(codes)))
    dictionary = pa.concat_arrays([invoice_reasons, pa.array(texts, pa.string())])
    return pa.DictionaryArray.from_arrays(pa.array(indices), dictionary, safe=False)


def select_invoices_without_items(invoices: pa.Table, names: Iterable[str]) -> dict[str, ArrowColumn]:
    """Select the invoices that have no items, with the columns of items.

    Args:
        invoices: as `make_invoice_table` gives them.
        names: of the columns.
    """
    matching = invoices.filter(pc.equal(invoices["items"], 0)).drop(["amount", "row"])
    return {
        name: merge_chunks(matching[name])
        if name in matching.column_names
        else pa.nulls(len(matching), pa.string())
        for name in names
    }


def get_billed_values(assessment: Assessment, name: str) -> ArrowColumn:
    """Return what will be billed: the charge's value where there is a charge, else the sheet's.

    Args:
        assessment: the end of a check.
        name: of an item's field.

    Returns:
        A row for each item; null where neither has a value.
    """
    items, catalog = assessment.sheets.items, assessment.sheets.catalog
    if name not in catalog:
        return arrow_column(items[name]) if name in items else pa.nulls(len(items), pa.string())
    catalog_values = arrow_column(catalog[name])
    if name not in items:
        return catalog_values
    has_charge = pc.is_valid(arrow_column(items["product_rate_plan_charge_id"]))
    return pc.if_else(
        has_charge, decode_dictionary(catalog_values), decode_dictionary(arrow_column(items[name]))
    )


def _get_column(frame: pd.DataFrame, name: str, arrow_type: pa.DataType | None = None) -> ArrowColumn:
    return (
        decode_dictionary(arrow_column(frame[name]))
        if name in frame
        else pa.nulls(len(frame), arrow_type or pa.string())
    )


def _fill_blank(count: int) -> Texts:
    return pa.repeat(pa.scalar("", pa.string()), count)
