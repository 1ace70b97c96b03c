"""The second half of the line: what is accepted, rejected, skipped, and in which request it goes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import accept, balance, batch, ledger, review
from pipeline.flow.books import books_of
from pipeline.flow.expect import judged
from pipeline.flow.prepare import Prepared
from pipeline.issues import Findings, Issues
from pipeline.ledger import Ledger
from pipeline.line import Line, run_named
from pipeline.model import Invoices, Mask, Positions
from pipeline.past import PAST_PERIODS, Past
from pipeline.workspace import Workspace
from schemas.columns import cells_of

Prints = Callable[[Positions], list[str]]
"""Tells the fingerprints of some invoices."""


def classify(prepared: Prepared, place: Workspace, prints: Prints) -> Line:
    """Tell accepted, rejected and skipped apart, by the issues and by what the ledger knows.

    Args:
        prepared: the line up to enrichment.
        place: the workspace.
        prints: asked only for invoices that the ledger has met.
    """
    valid = prepared.sheets.valid
    issues = prepared.issues + review.closed(valid, prepared.settings)
    ledgers = books_of(place, prepared.settings)
    fallen = accept.rejected(valid, issues)
    skipped, conflicts = _met_before(prepared, ledgers, fallen, place, prints)
    issues = accept.without_errors_of(issues, valid, skipped) + conflicts
    fallen = accept.rejected(valid, issues) & ~skipped
    if prepared.settings.policy == "all-or-nothing":
        issues += accept.policy(valid, fallen, skipped)
        fallen = accept.rejected(valid, issues) & ~skipped
    invoices = accept.whole(prepared.sheets, ~fallen & ~skipped)
    looked = review.invoices_of(invoices)
    names = review.accounts(looked)
    past = _past(prepared, ledgers, invoices, names)
    issues += review.review(invoices, looked, past, prepared.settings) + _came_back(
        prepared, ledgers, fallen, skipped, prints
    )
    limits = prepared.target.limits(prepared.settings)
    batches = batch.batch(invoices, limits, prepared.settings.batch_order)
    amounts = cells_of(prepared.sheets.items["effective_amount"])
    books = balance.balance(valid, amounts, batches, fallen, skipped)
    control = judged(prepared.asked, books, prepared.raw, prepared.settings)
    return Line(
        prepared.settings,
        prepared.target,
        prepared.demands.tables,
        prepared.raw,
        prepared.sheets,
        issues + control.issues,
        fallen,
        skipped,
        batches,
        books,
        prepared.catalog,
        prepared.accounts,
        control,
        review.unseen(names, past),
    )


def _past(prepared: Prepared, books: Ledger, invoices: Invoices, names: pa.Array) -> Past:
    """What the ledger knows of the accounts that will be billed."""
    known = ledger.alive(books, prepared.settings.environment, prepared.target.name, names)
    periods = PAST_PERIODS.empty_table()
    if review.bills_periods(invoices):
        periods = ledger.billed_periods(books, known)
    return Past(known, periods)


def _came_back(prepared: Prepared, books: Ledger, fallen: Mask, skipped: Mask, prints: Prints) -> Issues:
    """The invoices that were rejected before and say the same again."""
    refs = accept.references(prepared.sheets.valid)
    before = ledger.rejected_before(
        books, prepared.settings.environment, prepared.target.name, pc.drop_null(refs).to_pylist()
    )
    if not before:
        return Issues()
    known = pc.is_in(refs, value_set=pa.array(list(before))).to_numpy(zero_copy_only=False)
    positions = np.flatnonzero(known & ~skipped)
    again = pc.take(refs, pa.array(positions)).to_pylist()
    return review.rejected_again(positions, prints(positions), again, before, fallen)


def _met_before(
    prepared: Prepared, books: Ledger, fallen: Mask, place: Workspace, prints: Prints
) -> tuple[Mask, Issues]:
    """The invoices that were accepted before with this content, and those that differ from what was."""
    valid = prepared.sheets.valid
    refs = accept.references(valid)
    alive = ledger.live(
        books, prepared.settings.environment, prepared.target.name, pc.drop_null(refs).to_pylist()
    )
    skipped = np.zeros(len(fallen), bool)
    if not alive:
        return skipped, Issues()
    known = np.flatnonzero(pc.is_in(refs, value_set=pa.array(list(alive))).to_numpy(zero_copy_only=False))
    before = [alive[each] for each in pc.take(refs, pa.array(known)).to_pylist()]
    same = np.array([mine == each.fingerprint for mine, each in zip(prints(known), before, strict=True)])
    skipped[known[same]] = True
    differ = ~same & ~fallen[known]
    runs = [each.run_id for each, one in zip(before, differ, strict=True) if one]
    named = {each: run_named(each, place.path) for each in set(runs)}
    facts = {
        "run": pa.array(runs, pa.string()), "named": pa.array([named[each] for each in runs], pa.string()),
    }  # fmt: skip
    return skipped, Issues((Findings("E501", "invoices", "invoice_ref", known[differ], facts=facts),))
