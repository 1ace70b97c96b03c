"""Which invoices are whole: an invoice falls with any error on it, on its items, or on what hangs on them.

Pure. This is the one place where a fault becomes a rejection.
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
from schemas.arrow.columns import arrow_column


def find_rejected_invoices(valid: ValidSheets, issues: Issues) -> Mask:
    """The invoices that an error falls on; all of them when a sheet or header is at fault.

    Args:
        valid: typed sheets.
        issues: everything found.

    Returns:
        A boolean an invoice.
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
    """The issues less the errors of some invoices: of those skipped, with which nothing will be done.

    Args:
        issues: everything found.
        valid: typed sheets.
        dropped: a boolean an invoice.
    """
    if not dropped.any():
        return issues
    is_dropped = np.append(dropped, False)  # -1, a row without an invoice, meets the last place
    kept = [
        _filter_findings(finding, ~is_dropped[valid.find_invoices(finding.table)[finding.rows]])
        if finding.level is Level.ERROR
        else finding
        for finding in issues.findings
    ]
    return Issues(tuple(finding for finding in kept if len(finding)), issues.sheet_issues)


def _filter_findings(findings: Findings, keep: Mask) -> Findings:
    """Some of the findings."""
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
    """With all-or-nothing, one rejected invoice rejects every other that was to come.

    Args:
        valid: typed sheets.
        rejected: the rejected invoices.
        skipped: the invoices that were accepted before.
    """
    affected = np.flatnonzero(~rejected & ~skipped)
    has_orphans = any((valid.find_invoices(table) < 0).any() for table in ("items", *valid.children))
    return Issues((Findings("E502", "invoices", "", affected),) if rejected.any() or has_orphans else ())


def select_invoices(sheets: EnrichedSheets, keep: Mask) -> Invoices:
    """The invoices to keep, each with all its items.

    Args:
        sheets: enriched sheets.
        keep: a boolean an invoice.
    """
    positions = np.flatnonzero(keep)
    items, offsets = gather_items(sheets.valid.invoice_of_item, positions, len(keep))
    return Invoices(sheets, positions, items, offsets)


def gather_items(
    invoice_of_item: Positions, positions: Positions, invoice_count: int
) -> tuple[Positions, Positions]:
    """The items of some invoices, invoice after invoice, each in the order of the sheet.

    Args:
        invoice_of_item: per item the position of its invoice, -1 without one.
        positions: of the invoices, ascending.
        invoice_count: how many there are in all.

    Returns:
        Positions of the items, and offsets into them, one more than there are invoices.
    """
    slot_of_invoice = np.full(invoice_count + 1, -1)
    slot_of_invoice[positions] = np.arange(len(positions))
    slots = slot_of_invoice[
        invoice_of_item
    ]  # -1, an item without an invoice, meets the last place, which is -1
    item_rows = np.flatnonzero(slots >= 0)
    slots = slots[item_rows]
    if len(slots) and (np.diff(slots) < 0).any():
        order = np.argsort(slots, kind="stable")
        item_rows, slots = item_rows[order], slots[order]
    offsets = np.concatenate(([0], np.cumsum(np.bincount(slots, minlength=len(positions)))))
    return item_rows, offsets


def get_references(valid: ValidSheets) -> pa.Array:
    """The invoices' references as text; null where blank or unreadable."""
    if "invoice_ref" not in valid.invoices:
        return pa.nulls(len(valid.invoices), pa.string())
    values = arrow_column(valid.invoices["invoice_ref"])
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values
