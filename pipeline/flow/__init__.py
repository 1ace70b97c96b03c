"""The two commands on invoices, check and run: the one place that knows the order of the stages.

    read -> validate                                `assess_files`
         -> enrich                                  `enrich_validated`
         -> accept -> batch                         `classify_invoices`: check stops here
         -> payloads, reports, ledger               `RunRecorder`: run stops here

check and run are two stopping points of one pipeline; `check` changes nothing, wherever it is called. The
product catalog and the account list are loaded by `reference_data`.

In: paths of files, the path of a workspace, flags.
Out: a `Result`.
Never: prints, exits, or does a stage's work itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from pipeline import ledger, run_output
from pipeline.acceptance import fingerprint
from pipeline.acceptance.assessment import DEFAULT_WORKSPACE, EXIT_CODES
from pipeline.acceptance.control_totals import parse_expectation_flags
from pipeline.errors import BusyError
from pipeline.flow.assess import Enriched, Progress, Validated, assess_files, enrich_validated
from pipeline.flow.classify import classify_invoices
from pipeline.flow.clock import Clock
from pipeline.flow.ledger_access import discard, open_ledger
from pipeline.flow.reference_data import load_accounts, load_catalog
from pipeline.i18n import translate, use_language
from pipeline.ledger import IdentityTakenError
from pipeline.model.indices import Positions
from pipeline.process import open_thread_pool, release_memory
from pipeline.report.invoice_table import make_invoice_table
from pipeline.report.summary import summarise_run
from pipeline.result import CatalogLoad, Result
from pipeline.run_output import RunRecorder
from pipeline.settings import Settings, load_settings
from pipeline.workspace import Workspace, generate_run_id, open_workspace, prepare_workspace, remove_orphans

__all__ = ["CatalogLoad", "Result", "check", "discard", "load_accounts", "load_catalog", "run"]

_MAX_TRIES = 3


def discard_progress(_: str) -> None:
    """Discard progress messages: the default of the Python interface."""


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
    """Read, validate, enrich and batch; report what would happen; change nothing.

    Args:
        files: workbooks, CSV pairs, folders or zips; all of them are assessed together.
        workspace: the folder with settings, catalog and ledger; it need not exist.
        report: a folder for `summary.json`, `issues.csv` and `ledger.csv`; None writes nothing.
        progress: called with what is being done.
        expect_count: numbers that are expected, like `3` or `items=10`.
        expect_total: sums that are expected, like `USD=1234.56`.
        reply: also write `reply.txt`, a text to the preparer, into the folder of the reports.
        **flags: settings that go over the environment and the workspace's file.

    Returns:
        Frames, totals and the verdict.

    Raises:
        PipelineError: it cannot be done; the sentence says why.
    """
    clock = Clock()
    with _validate(files, workspace, progress, (expect_count, expect_total), flags) as validated:
        paths = open_workspace(workspace)
        get_fingerprints = partial(fingerprint.compute_fingerprints, validated.valid)
        assessment = classify_invoices(enrich_validated(validated, progress), paths, get_fingerprints)
        table = make_invoice_table(assessment)
        folder = str(report) if report else None
        summary = summarise_run(assessment, table, "check", None, folder, clock.elapsed())
        if report is not None:
            options = _build_report_options(validated.settings, paths, reply)
            run_output.write_check_reports(assessment, options, table, Path(report), summary)
    return Result(assessment, summary, EXIT_CODES[assessment.verdict])


def run(
    *files: str | Path,
    workspace: str | Path = DEFAULT_WORKSPACE,
    progress: Progress = discard_progress,
    expect_count: Sequence[str] = (),
    expect_total: Sequence[str] = (),
    reply: bool = False,
    **flags: object,
) -> Result:
    """Do the same as `check`, and write payloads, reports and the entries of the ledger.

    Args:
        files: workbooks, CSV pairs, folders or zips; all of them are assessed together.
        workspace: the folder with settings, catalog, ledger and runs; made when it is not there.
        progress: called with what is being done.
        expect_count: numbers that are expected, like `3` or `items=10`.
        expect_total: sums that are expected, like `USD=1234.56`.
        reply: also write `reply.txt`, a text to the preparer, into the folder of the reports.
        **flags: settings that go over the environment and the workspace's file.

    Returns:
        Frames, totals and the verdict; with an unbalanced verdict nothing was written.

    Raises:
        PipelineError: it cannot be done; nothing was left behind.
    """
    clock = Clock()
    with (
        _validate(files, workspace, progress, (expect_count, expect_total), flags) as validated,
        open_thread_pool(1) as pool,
    ):
        # The ledger needs the fingerprints of all invoices, but late: a thread works them out meanwhile.
        all_rows = np.arange(len(validated.valid.invoices))
        fingerprints = pool.submit(fingerprint.compute_fingerprints, validated.valid, all_rows)
        enriched = enrich_validated(validated, progress)
        paths = _clean_workspace(workspace, validated.settings)
        recorder = RunRecorder(
            workspace=paths,
            ledger_file=open_ledger(paths, validated.settings),
            run_id=generate_run_id(clock.now),
            started=clock.started,
            get_elapsed=clock.elapsed,
            options=_build_report_options(validated.settings, paths, reply),
            progress=progress,
        )
        return _record_enriched(enriched, recorder, clock, fingerprints.result)


@contextmanager
def _validate(
    files: Sequence[str | Path],
    workspace: str | Path,
    progress: Progress,
    expected: tuple[Sequence[str], Sequence[str]],
    flags: Mapping[str, object],
) -> Iterator[Validated]:
    """Read and validate the files; the language of the settings is in use while the block lasts.

    Args:
        files: to be read.
        workspace: it need not exist.
        progress: called with what is being done.
        expected: the counts and the sums that flags expect.
        flags: settings.
    """
    paths = open_workspace(workspace)
    settings = load_settings(flags, os.environ, paths.settings)
    with use_language(settings.language):
        yield assess_files(files, paths, settings, progress, parse_expectation_flags(*expected))


def _record_enriched(
    enriched: Enriched, recorder: RunRecorder, clock: Clock, get_fingerprints: Callable[[], list[str]]
) -> Result:
    """Classify and record; do both again when another process was quicker to take a reference."""

    def select_fingerprints(rows: Positions) -> list[str]:
        fingerprints = get_fingerprints()
        return [fingerprints[row] for row in rows.tolist()]

    for _ in range(_MAX_TRIES):
        assessment = classify_invoices(enriched, recorder.workspace, select_fingerprints)
        release_memory()
        exit_code = EXIT_CODES[assessment.verdict]
        # of a run that does not balance nothing is written
        if assessment.verdict == "unbalanced":
            table = make_invoice_table(assessment)
            summary = summarise_run(assessment, table, "run", None, None, clock.elapsed())
            return Result(assessment, summary, exit_code)
        try:
            recorded = recorder.record(assessment, get_fingerprints)
        except IdentityTakenError:
            # what the other process prepared is skipped, or in conflict, at the next try
            recorder = replace(recorder, run_id=generate_run_id(clock.now))
            continue
        return Result(assessment, recorded.summary, exit_code)
    raise BusyError(
        translate("Other processes keep preparing the same invoices; run again when they are done.")
    )


def _build_report_options(settings: Settings, workspace: Workspace, reply: bool) -> run_output.ReportOptions:
    return run_output.ReportOptions(partial(_build_template, settings, workspace), reply)


def _build_template(settings: Settings, workspace: Workspace) -> bytes:
    """Return the template workbook that fits the settings; it is built only when an invoice is rejected."""
    from pipeline.template import build_workspace_template  # noqa: PLC0415 - only a faulty run needs it

    return build_workspace_template(settings, workspace)


def _clean_workspace(path: str | Path, settings: Settings) -> Workspace:
    """Return the workspace, made where it is absent, and without the folders that broken runs left."""
    workspace = prepare_workspace(path)
    # under the lock, so that no process is making a folder which the ledger lacks
    with ledger.lock_run_ids(open_ledger(workspace, settings)) as run_ids:
        remove_orphans(workspace, run_ids)
    return workspace
