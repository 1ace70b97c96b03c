"""The second half of check and run: accept, reject or skip each invoice, and batch the accepted ones.

In: `Enriched`, the workspace with its ledger.
Out: an `Assessment`.
Never: writes; withdraws or changes an entry of the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import eq

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import ledger, review
from pipeline.acceptance import accept, balance, batching
from pipeline.acceptance.assessment import Assessment, format_run_argument
from pipeline.flow.assess import Enriched, Validated
from pipeline.flow.expectations import compare_expectations
from pipeline.flow.ledger_access import open_ledger
from pipeline.issues import Findings, Issues
from pipeline.ledger import Ledger
from pipeline.model.history import PAST_PERIODS, BillingHistory
from pipeline.model.indices import Mask, Positions
from pipeline.model.invoices import Invoices
from pipeline.workspace import Workspace
from schemas.arrow.columns import Texts
from schemas.arrow.frames import arrow_column

GetFingerprints = Callable[[Positions], list[str]]
"""Gives the fingerprints of some invoices, by their rows."""


def classify_invoices(
    enriched: Enriched, workspace: Workspace, get_fingerprints: GetFingerprints
) -> Assessment:
    """Decide which invoices are accepted, rejected and skipped.

    Args:
        enriched: what is known before the ledger is asked.
        workspace: with the ledger; it need not exist.
        get_fingerprints: asked only for invoices whose references the ledger has.

    Returns:
        All that reports, records and notebooks need; its verdict is that of check or run.
    """
    validated, valid, settings = enriched.validated, enriched.sheets.valid, enriched.validated.settings
    ledger_file = open_ledger(workspace, settings)
    issues = enriched.issues + review.find_closed_periods(valid, settings)
    rejected = accept.find_rejected_invoices(valid, issues)
    skipped, conflicts = _compare_with_live(enriched, ledger_file, rejected, workspace, get_fingerprints)
    issues = accept.drop_errors_of(issues, valid, skipped) + conflicts
    # again: conflicts reject, and the errors of what is skipped no longer do
    rejected = accept.find_rejected_invoices(valid, issues) & ~skipped
    if settings.policy == "all-or-nothing":
        issues += accept.apply_all_or_nothing(valid, rejected, skipped)
        rejected = accept.find_rejected_invoices(valid, issues) & ~skipped
    invoices = accept.select_invoices(enriched.sheets, ~rejected & ~skipped)
    invoice_view = review.build_invoice_view(invoices)
    account_names = review.collect_accounts(invoice_view)
    history = _load_history(validated, ledger_file, invoices, account_names)
    issues += review.review_invoices(invoices, invoice_view, history, settings)
    issues += _find_resubmitted(enriched, ledger_file, rejected, skipped, get_fingerprints)
    limits = validated.target.get_limits(settings)
    batches = batching.batch_invoices(invoices, limits, settings.batch_order)
    amounts = arrow_column(enriched.sheets.items["effective_amount"])
    invoice_balance = balance.compute_balance(valid, amounts, batches, rejected, skipped)
    control = compare_expectations(validated.expectations, invoice_balance, validated.raw, settings)
    return Assessment(
        settings=settings,
        target=validated.target,
        tables=validated.requirements.tables,
        raw=validated.raw,
        sheets=enriched.sheets,
        issues=issues + control.issues,
        rejected=rejected,
        skipped=skipped,
        batches=batches,
        balance=invoice_balance,
        catalog=validated.catalog,
        accounts=validated.accounts,
        control=control,
        new_accounts=review.find_new_accounts(account_names, history),
    )


def _load_history(
    validated: Validated, ledger_file: Ledger, invoices: Invoices, account_names: Texts
) -> BillingHistory:
    """Return what the ledger holds on the accounts that will be billed."""
    live_invoices = ledger.find_live_by_account(
        ledger_file, validated.settings.environment, validated.target.name, account_names
    )
    periods = PAST_PERIODS.empty_table()
    if review.has_service_periods(invoices):
        periods = ledger.read_billed_periods(ledger_file, live_invoices)
    return BillingHistory(live_invoices, periods)


def _find_resubmitted(
    enriched: Enriched,
    ledger_file: Ledger,
    rejected: Mask,
    skipped: Mask,
    get_fingerprints: GetFingerprints,
) -> Issues:
    """Return issues of invoices that were rejected before and come back with the same content."""
    validated, refs = enriched.validated, accept.get_references(enriched.sheets.valid)
    earlier_fingerprints = ledger.find_rejected(
        ledger_file,
        validated.settings.environment,
        validated.target.name,
        pc.drop_null(refs).to_pylist(),
    )
    if not earlier_fingerprints:
        return Issues()
    rows = np.flatnonzero(_is_among(refs, earlier_fingerprints) & ~skipped)
    resubmitted_refs = pc.take(refs, pa.array(rows)).to_pylist()
    return review.find_repeated_rejections(
        rows, get_fingerprints(rows), resubmitted_refs, earlier_fingerprints, rejected
    )


def _compare_with_live(
    enriched: Enriched,
    ledger_file: Ledger,
    rejected: Mask,
    workspace: Workspace,
    get_fingerprints: GetFingerprints,
) -> tuple[Mask, Issues]:
    """Return invoices that were accepted before with the same content, and issues of those that differ."""
    validated, refs = enriched.validated, accept.get_references(enriched.sheets.valid)
    live_by_ref = ledger.find_live_by_reference(
        ledger_file,
        validated.settings.environment,
        validated.target.name,
        pc.drop_null(refs).to_pylist(),
    )
    skipped = np.zeros(len(rejected), bool)
    if not live_by_ref:
        return skipped, Issues()
    rows = np.flatnonzero(_is_among(refs, live_by_ref))
    live_invoices = [live_by_ref[ref] for ref in pc.take(refs, pa.array(rows)).to_pylist()]
    live_fingerprints = [live_invoice.fingerprint for live_invoice in live_invoices]
    # no array of texts: for a million invoices that come again numpy would need 256 bytes for each
    is_same = np.fromiter(map(eq, get_fingerprints(rows), live_fingerprints), bool, len(rows))
    skipped[rows[is_same]] = True
    is_conflict = ~is_same & ~rejected[rows]
    run_ids = [live_invoices[index].run_id for index in np.flatnonzero(is_conflict)]
    run_names = [format_run_argument(run_id, workspace.path) for run_id in run_ids]
    facts = {"run": pa.array(run_ids, pa.string()), "named": pa.array(run_names, pa.string())}
    conflicts = Findings("E501", "invoices", "invoice_ref", rows[is_conflict], facts=facts)
    return skipped, Issues((conflicts,))


def _is_among(refs: Texts, known: Iterable[str]) -> Mask:
    """Return where a reference is one of those that are known."""
    is_known: Mask = pc.is_in(refs, value_set=pa.array(list(known))).to_numpy(zero_copy_only=False)
    return is_known
