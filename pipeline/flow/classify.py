"""The second half of the line: what is accepted, rejected, skipped, and in which request it goes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import ledger, review
from pipeline.acceptance import accept, balance, batching
from pipeline.acceptance.assessment import Assessment, format_run_argument
from pipeline.flow.assess import Enriched
from pipeline.flow.expectations import compare_expectations
from pipeline.flow.ledger_access import open_ledger
from pipeline.issues import Findings, Issues
from pipeline.ledger import Ledger
from pipeline.model.history import PAST_PERIODS, BillingHistory
from pipeline.model.indices import Mask, Positions
from pipeline.model.invoices import Invoices
from pipeline.workspace import Workspace
from schemas.arrow.columns import arrow_column

GetFingerprints = Callable[[Positions], list[str]]
"""Tells the fingerprints of some invoices."""


def classify_invoices(
    enriched: Enriched, workspace: Workspace, get_fingerprints: GetFingerprints
) -> Assessment:
    """Tell accepted, rejected and skipped apart, by the issues and by what the ledger knows.

    Args:
        enriched: the line up to enrichment.
        workspace: the workspace.
        get_fingerprints: asked only for invoices that the ledger has met.
    """
    valid = enriched.sheets.valid
    issues = enriched.issues + review.find_closed_periods(valid, enriched.settings)
    ledger_file = open_ledger(workspace, enriched.settings)
    rejected = accept.find_rejected_invoices(valid, issues)
    skipped, conflicts = _compare_with_live(enriched, ledger_file, rejected, workspace, get_fingerprints)
    issues = accept.drop_errors_of(issues, valid, skipped) + conflicts
    rejected = accept.find_rejected_invoices(valid, issues) & ~skipped
    if enriched.settings.policy == "all-or-nothing":
        issues += accept.apply_all_or_nothing(valid, rejected, skipped)
        rejected = accept.find_rejected_invoices(valid, issues) & ~skipped
    invoices = accept.select_invoices(enriched.sheets, ~rejected & ~skipped)
    invoice_view = review.build_invoice_view(invoices)
    account_names = review.collect_accounts(invoice_view)
    history = _load_history(enriched, ledger_file, invoices, account_names)
    issues += review.review_invoices(invoices, invoice_view, history, enriched.settings) + _find_resubmitted(
        enriched, ledger_file, rejected, skipped, get_fingerprints
    )
    limits = enriched.target.get_limits(enriched.settings)
    batches = batching.batch_invoices(invoices, limits, enriched.settings.batch_order)
    amounts = arrow_column(enriched.sheets.items["effective_amount"])
    invoice_balance = balance.compute_balance(valid, amounts, batches, rejected, skipped)
    control = compare_expectations(enriched.expectations, invoice_balance, enriched.raw, enriched.settings)
    return Assessment(
        enriched.settings,
        enriched.target,
        enriched.requirements.tables,
        enriched.raw,
        enriched.sheets,
        issues + control.issues,
        rejected,
        skipped,
        batches,
        invoice_balance,
        enriched.catalog,
        enriched.accounts,
        control,
        review.find_new_accounts(account_names, history),
    )


def _load_history(
    enriched: Enriched, ledger_file: Ledger, invoices: Invoices, account_names: pa.Array
) -> BillingHistory:
    """What the ledger knows of the accounts that will be billed."""
    live_invoices = ledger.find_live_by_account(
        ledger_file, enriched.settings.environment, enriched.target.name, account_names
    )
    periods = PAST_PERIODS.empty_table()
    if review.has_service_periods(invoices):
        periods = ledger.read_billed_periods(ledger_file, live_invoices)
    return BillingHistory(live_invoices, periods)


def _find_resubmitted(
    enriched: Enriched, ledger_file: Ledger, rejected: Mask, skipped: Mask, get_fingerprints: GetFingerprints
) -> Issues:
    """The invoices that were rejected before and say the same again."""
    refs = accept.get_references(enriched.sheets.valid)
    earlier_fingerprints = ledger.find_rejected(
        ledger_file, enriched.settings.environment, enriched.target.name, pc.drop_null(refs).to_pylist()
    )
    if not earlier_fingerprints:
        return Issues()
    known = pc.is_in(refs, value_set=pa.array(list(earlier_fingerprints))).to_numpy(zero_copy_only=False)
    positions = np.flatnonzero(known & ~skipped)
    resubmitted_refs = pc.take(refs, pa.array(positions)).to_pylist()
    return review.find_repeated_rejections(
        positions, get_fingerprints(positions), resubmitted_refs, earlier_fingerprints, rejected
    )


def _compare_with_live(
    enriched: Enriched,
    ledger_file: Ledger,
    rejected: Mask,
    workspace: Workspace,
    get_fingerprints: GetFingerprints,
) -> tuple[Mask, Issues]:
    """The invoices that were accepted before with this content, and those that differ from what was."""
    valid = enriched.sheets.valid
    refs = accept.get_references(valid)
    live_invoices = ledger.find_live_by_reference(
        ledger_file, enriched.settings.environment, enriched.target.name, pc.drop_null(refs).to_pylist()
    )
    skipped = np.zeros(len(rejected), bool)
    if not live_invoices:
        return skipped, Issues()
    known = np.flatnonzero(
        pc.is_in(refs, value_set=pa.array(list(live_invoices))).to_numpy(zero_copy_only=False)
    )
    earlier = [live_invoices[ref] for ref in pc.take(refs, pa.array(known)).to_pylist()]
    is_same = np.array(
        [
            fingerprint == live_invoice.fingerprint
            for fingerprint, live_invoice in zip(get_fingerprints(known), earlier, strict=True)
        ]
    )
    skipped[known[is_same]] = True
    is_different_accepted = ~is_same & ~rejected[known]
    run_ids = [
        live_invoice.run_id
        for live_invoice, is_different in zip(earlier, is_different_accepted, strict=True)
        if is_different
    ]
    run_names = {run_id: format_run_argument(run_id, workspace.path) for run_id in set(run_ids)}
    facts = {
        "run": pa.array(run_ids, pa.string()), "named": pa.array([run_names[run_id] for run_id in run_ids], pa.string()),
    }  # fmt: skip
    return skipped, Issues(
        (Findings("E501", "invoices", "invoice_ref", known[is_different_accepted], facts=facts),)
    )
