"""The conductor: the one place that knows the order of the stages.

    read -> validate                `judge`
         -> enrich                  `prepare`
         -> accept -> batch         `classify`: check stops here
         -> payloads, reports, ledger           run stops here

check and run are two stopping points on the same line. `check` changes nothing, wherever it is called. The
product catalog is loaded on a line of its own, `catalog_line`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from pipeline import ledger, run_output
from pipeline.acceptance import fingerprint
from pipeline.acceptance.assessment import DEFAULT_WORKSPACE, EXIT_CODES
from pipeline.acceptance.control_totals import parse_expectation_flags
from pipeline.errors import BusyError
from pipeline.flow.assess import Enriched, Progress, assess_files, enrich_validated
from pipeline.flow.classify import classify_invoices
from pipeline.flow.clock import Clock
from pipeline.flow.ledger_access import discard, open_ledger
from pipeline.flow.reference_data import load_accounts, load_catalog
from pipeline.i18n import translate, use_language
from pipeline.ledger import IdentityTakenError
from pipeline.process import open_thread_pool, release_memory
from pipeline.report.invoice_table import make_invoice_table
from pipeline.report.summary import summarise_run
from pipeline.result import CatalogLoad, Result
from pipeline.settings import Settings, load_settings
from pipeline.workspace import Workspace, generate_run_id, open_workspace, remove_orphans
from pipeline.workspace import prepare_workspace as made_if_absent

__all__ = ["CatalogLoad", "Result", "check", "discard", "load_accounts", "load_catalog", "run"]

_MAX_TRIES = 3


def discard_progress(_: str) -> None:
    """Tells nobody: the way of the Python interface."""


def check(
    *files: str | Path,
    workspace: str | Path = DEFAULT_WORKSPACE,
    report: str | Path | None = None,
    progress: Progress = discard_progress,
    expect_count: Sequence[str] = (),
    expect_total: Sequence[str] = (),
    reply: bool = False,
    **flags: object,
) -> Result:
    """Read, validate, enrich and batch; tell what would happen; change nothing.

    Args:
        files: workbooks, CSV pairs, folders or zips; all of them are judged together.
        workspace: the folder with settings, catalog and ledger; it need not exist.
        report: a folder for `summary.json`, `issues.csv` and `ledger.csv`; None writes nothing.
        progress: told what is being done.
        expect_count: numbers that are expected, like `3` or `items=10`.
        expect_total: sums that are expected, like `USD=1234.56`.
        reply: `reply.txt`, a text to the preparer, is written beside the reports.
        **flags: settings that go over the environment and the workspace's file.

    Returns:
        Frames, totals and the verdict.

    Raises:
        PipelineError: it cannot be done; the sentence says why.
    """
    clock = Clock()
    paths = open_workspace(workspace)
    settings = load_settings(flags, os.environ, paths.settings)
    with use_language(settings.language):
        validated = assess_files(
            files, paths, settings, progress, parse_expectation_flags(expect_count, expect_total)
        )
        fingerprints = partial(fingerprint.compute_fingerprints, validated.valid)
        assessment = classify_invoices(enrich_validated(validated, progress), paths, fingerprints)
        table = make_invoice_table(assessment)
        final = summarise_run(
            assessment, table, "check", None, str(report) if report else None, clock.elapsed()
        )
        if report is not None:
            run_output.write_check_reports(
                assessment, _build_report_options(settings, paths, reply), table, Path(report), final
            )
    return Result(assessment, final, EXIT_CODES[assessment.verdict])


def run(
    *files: str | Path,
    workspace: str | Path = DEFAULT_WORKSPACE,
    progress: Progress = discard_progress,
    expect_count: Sequence[str] = (),
    expect_total: Sequence[str] = (),
    reply: bool = False,
    **flags: object,
) -> Result:
    """The same as `check`, and payloads, reports and the entries of the ledger are written.

    Args:
        files: workbooks, CSV pairs, folders or zips; all of them are judged together.
        workspace: the folder with settings, catalog, ledger and runs; made when it is not there.
        progress: told what is being done.
        expect_count: numbers that are expected, like `3` or `items=10`.
        expect_total: sums that are expected, like `USD=1234.56`.
        reply: `reply.txt`, a text to the preparer, is written beside the reports.
        **flags: settings that go over the environment and the workspace's file.

    Returns:
        Frames, totals and the verdict; with an unbalanced verdict nothing was written.

    Raises:
        PipelineError: it cannot be done; nothing was left behind.
    """
    clock = Clock()
    settings = load_settings(flags, os.environ, open_workspace(workspace).settings)
    with use_language(settings.language), open_thread_pool(1) as pool:
        expected = parse_expectation_flags(expect_count, expect_total)
        validated = assess_files(files, open_workspace(workspace), settings, progress, expected)
        fingerprints = pool.submit(
            fingerprint.compute_fingerprints, validated.valid, np.arange(len(validated.valid.invoices))
        )
        enriched = enrich_validated(validated, progress)
        return _record_prepared(enriched, workspace, clock, progress, reply, fingerprints.result)


def _record_prepared(
    enriched: Enriched,
    path: str | Path,
    clock: Clock,
    progress: Progress,
    reply: bool,
    get_fingerprints: Callable[[], list[str]],
) -> Result:
    """The line to its end; again when another process was quicker to take a reference."""
    settings = enriched.settings
    workspace = _prepare_workspace(path, settings)
    for _ in range(_MAX_TRIES):
        assessment = classify_invoices(
            enriched,
            workspace,
            lambda positions: [get_fingerprints()[position] for position in positions.tolist()],
        )
        release_memory()
        if assessment.verdict == "unbalanced":
            final = summarise_run(
                assessment, make_invoice_table(assessment), "run", None, None, clock.elapsed()
            )
            return Result(assessment, final, EXIT_CODES[assessment.verdict])
        try:
            run_id = generate_run_id(clock.now)
            recorded = run_output.record_run(
                assessment,
                _build_report_options(settings, workspace, reply),
                workspace,
                open_ledger(workspace, settings),
                run_id,
                clock.started,
                clock.elapsed,
                progress,
                get_fingerprints,
            )
        except IdentityTakenError:
            continue  # another process was quicker: what it prepared is skipped or a conflict now
        return Result(assessment, recorded.summary, EXIT_CODES[assessment.verdict])
    raise BusyError(
        translate("Other processes keep preparing the same invoices; run again when they are done.")
    )


def _build_report_options(settings: Settings, workspace: Workspace, reply: bool) -> run_output.ReportOptions:
    return run_output.ReportOptions(partial(_build_template, settings, workspace), reply)


def _build_template(settings: Settings, workspace: Workspace) -> bytes:
    """The workbook to fill that fits the settings: only where an invoice is rejected anybody waits for it."""
    from pipeline.template import build_workspace_template  # noqa: PLC0415 - only a run that is faulty needs it

    return build_workspace_template(settings, workspace)


def _prepare_workspace(path: str | Path, settings: Settings) -> Workspace:
    """The workspace, made where it is absent, without what broken runs left."""
    workspace = made_if_absent(path)
    with ledger.lock_run_ids(open_ledger(workspace, settings)) as run_ids:
        remove_orphans(workspace, run_ids)
    return workspace
