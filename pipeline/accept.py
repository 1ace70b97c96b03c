"""Which invoices are whole: an invoice falls with any error on it, on its items, or on what hangs on them.

Pure. This is the one place where a fault becomes a rejection.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings, Issues, Level
from pipeline.model import EnrichedSheets, Invoices, Mask, Positions, ValidSheets
from schemas.columns import cells_of


def rejected(valid: ValidSheets, issues: Issues) -> Mask:
    """The invoices that an error falls on; all of them when a sheet or header is at fault.

    Args:
        valid: typed sheets.
        issues: everything found.

    Returns:
        A boolean an invoice.
    """
    fallen = np.zeros(len(valid.invoices), bool)
    if any(each.level is Level.ERROR for each in issues.sheets):
        fallen[:] = True
    for each in issues.findings:
        if each.level is Level.ERROR:
            owners = valid.invoice_of(each.table)[each.rows]
            fallen[owners[owners >= 0]] = True
    return fallen


def without_errors_of(issues: Issues, valid: ValidSheets, invoices: Mask) -> Issues:
    """The issues less the errors of some invoices: of those skipped, with which nothing will be done.

    Args:
        issues: everything found.
        valid: typed sheets.
        invoices: a boolean an invoice.
    """
    if not invoices.any():
        return issues
    belongs = np.append(invoices, False)  # -1, a row without an invoice, meets the last place
    kept = [
        _kept(each, ~belongs[valid.invoice_of(each.table)[each.rows]]) if each.level is Level.ERROR else each
        for each in issues.findings
    ]
    return Issues(tuple(each for each in kept if len(each)), issues.sheets)


def _kept(findings: Findings, keep: Mask) -> Findings:
    """Some of the findings."""
    if keep.all():
        return findings
    at = pa.array(np.flatnonzero(keep))
    return dataclasses.replace(
        findings,
        rows=findings.rows[keep],
        values=None if findings.values is None else pc.take(findings.values, at),
        facts={
            name: fact if isinstance(fact, str) else pc.take(fact, at)
            for name, fact in findings.facts.items()
        },
        counts=None if findings.counts is None else findings.counts[keep],
    )


def policy(valid: ValidSheets, fallen: Mask, skipped: Mask) -> Issues:
    """With all-or-nothing, one rejected invoice rejects every other that was to come.

    Args:
        valid: typed sheets.
        fallen: the rejected invoices.
        skipped: the invoices that were accepted before.
    """
    others = np.flatnonzero(~fallen & ~skipped)
    orphans = any((valid.invoice_of(each) < 0).any() for each in ("items", *valid.branches))
    return Issues((Findings("E502", "invoices", "", others),) if fallen.any() or orphans else ())


def whole(sheets: EnrichedSheets, keep: Mask) -> Invoices:
    """The invoices to keep, each with all its items.

    Args:
        sheets: enriched sheets.
        keep: a boolean an invoice.
    """
    positions = np.flatnonzero(keep)
    items, offsets = items_of(sheets.valid.parent, positions, len(keep))
    return Invoices(sheets, positions, items, offsets)


def items_of(parent: Positions, positions: Positions, invoices: int) -> tuple[Positions, Positions]:
    """The items of some invoices, invoice after invoice, each in the order of the sheet.

    Args:
        parent: per item the position of its invoice, -1 without one.
        positions: of the invoices, ascending.
        invoices: how many there are in all.

    Returns:
        Positions of the items, and offsets into them, one more than there are invoices.
    """
    place = np.full(invoices + 1, -1)
    place[positions] = np.arange(len(positions))
    slot = place[parent]  # -1, an item without an invoice, meets the last place, which is -1
    mine = np.flatnonzero(slot >= 0)
    slot = slot[mine]
    if len(slot) and (np.diff(slot) < 0).any():
        order = np.argsort(slot, kind="stable")
        mine, slot = mine[order], slot[order]
    offsets = np.concatenate(([0], np.cumsum(np.bincount(slot, minlength=len(positions)))))
    return mine, offsets


def references(valid: ValidSheets) -> pa.Array:
    """The invoices' references as text; null where blank or unreadable."""
    if "invoice_ref" not in valid.invoices:
        return pa.nulls(len(valid.invoices), pa.string())
    values = cells_of(valid.invoices["invoice_ref"])
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values
