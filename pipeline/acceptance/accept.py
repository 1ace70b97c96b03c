"""Reject every invoice with an error on it, its items or their child rows; select the others whole.

In: typed or enriched sheets, and all issues.
Out: masks over the invoices, and `Invoices`.
Never: does I/O. This is the only place where an issue becomes a rejection.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings, Issues, Level
from pipeline.model.enriched import EnrichedSheets
from pipeline.model.indices import Mask, Positions
from pipeline.model.invoices import Invoices
from pipeline.model.valid import ValidSheets
from schemas.arrow.frames import arrow_column


def find_rejected_invoices(valid: ValidSheets, issues: Issues) -> Mask:
    """Return the invoices with an error; all of them when a sheet or header has one.

    Args:
        valid: typed sheets.
        issues: everything found.

    Returns:
        One boolean per invoice.
    """
    rejected = np.zeros(len(valid.invoices), bool)
    if any(issue.level is Level.ERROR for issue in issues.sheet_issues):
        rejected[:] = True
    for finding in issues.findings:
        if finding.level is Level.ERROR:
            owners = valid.find_invoices(finding.table)[finding.rows]
            rejected[owners[owners >= 0]] = True
    return rejected


def drop_errors_of(issues: Issues, valid: ValidSheets, dropped: Mask) -> Issues:
    """Drop the errors of skipped invoices: nothing will be done with those.

    Args:
        issues: everything found.
        valid: typed sheets.
        dropped: one boolean per invoice.
    """
    if not dropped.any():
        return issues
    is_dropped = np.append(dropped, False)  # -1, a row without an invoice, picks the entry appended
    kept = [
        _filter_findings(finding, ~is_dropped[valid.find_invoices(finding.table)[finding.rows]])
        if finding.level is Level.ERROR
        else finding
        for finding in issues.findings
    ]
    return Issues(tuple(finding for finding in kept if len(finding)), issues.sheet_issues)


def _filter_findings(findings: Findings, keep: Mask) -> Findings:
    """Return the findings that a mask keeps."""
    if keep.all():
        return findings
    indices = pa.array(np.flatnonzero(keep))
    return dataclasses.replace(
        findings,
        rows=findings.rows[keep],
        values=None if findings.values is None else pc.take(findings.values, indices),
        facts={
            name: fact if isinstance(fact, str) else pc.take(fact, indices)
            for name, fact in findings.facts.items()
        },
        row_counts=None if findings.row_counts is None else findings.row_counts[keep],
    )


def apply_all_or_nothing(valid: ValidSheets, rejected: Mask, skipped: Mask) -> Issues:
    """Reject every other invoice as soon as one is rejected: the all-or-nothing policy.

    Args:
        valid: typed sheets.
        rejected: the rejected invoices.
        skipped: the invoices that were accepted before.
    """
    affected = np.flatnonzero(~rejected & ~skipped)
    has_orphans = any((valid.find_invoices(table) < 0).any() for table in ("items", *valid.children))
    return Issues((Findings("E502", "invoices", "", affected),) if rejected.any() or has_orphans else ())


def select_invoices(sheets: EnrichedSheets, keep: Mask) -> Invoices:
    """Select the invoices to keep, each with all its items.

    Args:
        sheets: enriched sheets.
        keep: one boolean per invoice.
    """
    positions = np.flatnonzero(keep)
    items, offsets = gather_items(sheets.valid.invoice_of_item, positions, len(keep))
    return Invoices(sheets, positions, items, offsets)


def gather_items(
    invoice_of_item: Positions, positions: Positions, invoice_count: int
) -> tuple[Positions, Positions]:
    """Gather the items of some invoices, invoice after invoice, each in the order of the sheet.

    Args:
        invoice_of_item: per item the row of its invoice, -1 without one.
        positions: rows of the invoices, ascending.
        invoice_count: rows of the invoices' frame.

    Returns:
        Rows of the items, and offsets into them, one more than there are invoices.
    """
    slot_of_invoice = np.full(invoice_count + 1, -1)
    slot_of_invoice[positions] = np.arange(len(positions))
    slots = slot_of_invoice[
        invoice_of_item
    ]  # -1, an item without an invoice, picks the entry appended, which is -1
    item_rows = np.flatnonzero(slots >= 0)
    slots = slots[item_rows]
    # most sheets have their items in the order of the invoices: no sort
    if len(slots) and (np.diff(slots) < 0).any():
        order = np.argsort(slots, kind="stable")
        item_rows, slots = item_rows[order], slots[order]
    offsets = np.concatenate(([0], np.cumsum(np.bincount(slots, minlength=len(positions)))))
    return item_rows, offsets


def get_references(valid: ValidSheets) -> pa.Array:
    """Return the invoices' references as text; null where blank or unreadable."""
    if "invoice_ref" not in valid.invoices:
        return pa.nulls(len(valid.invoices), pa.string())
    values = arrow_column(valid.invoices["invoice_ref"])
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values
