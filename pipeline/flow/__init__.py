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

from pipeline import content, ledger, record
from pipeline.config import Settings, settings
from pipeline.control import from_flags
from pipeline.errors import BusyError
from pipeline.flow.books import books_of, discard
from pipeline.flow.catalog_line import load_accounts, load_catalog
from pipeline.flow.classify import classify
from pipeline.flow.clock import Clock
from pipeline.flow.prepare import Prepared, Progress, judge, prepare
from pipeline.language import say, speaking, threads
from pipeline.ledger import IdentityTakenError
from pipeline.line import DEFAULT_WORKSPACE, EXIT_CODES
from pipeline.memory import hand_back
from pipeline.report.entries import invoice_table
from pipeline.report.summary import summary
from pipeline.result import CatalogLoad, Result
from pipeline.workspace import Workspace, existing, new_run_id, remove_orphans
from pipeline.workspace import prepared as made_if_absent

__all__ = ["CatalogLoad", "Result", "check", "discard", "load_accounts", "load_catalog", "run"]

_TRIES = 3


def silent(_: str) -> None:
    """Tells nobody: the way of the Python interface."""


def check(
    *files: str | Path,
    workspace: str | Path = DEFAULT_WORKSPACE,
    report: str | Path | None = None,
    progress: Progress = silent,
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
    place = existing(workspace)
    chosen = settings(flags, os.environ, place.settings)
    with speaking(chosen.language):
        judged = judge(files, place, chosen, progress, from_flags(expect_count, expect_total))
        prints = partial(content.fingerprints, judged.valid)
        line = classify(prepare(judged, progress), place, prints)
        table = invoice_table(line)
        final = summary(line, table, "check", None, str(report) if report else None, clock.elapsed())
        if report is not None:
            record.write_beside(line, _wanted(chosen, place, reply), table, Path(report), final)
    return Result(line, final, EXIT_CODES[line.verdict])


def run(
    *files: str | Path,
    workspace: str | Path = DEFAULT_WORKSPACE,
    progress: Progress = silent,
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
    chosen = settings(flags, os.environ, existing(workspace).settings)
    with speaking(chosen.language), threads(1) as beside:
        expected = from_flags(expect_count, expect_total)
        judged = judge(files, existing(workspace), chosen, progress, expected)
        prints = beside.submit(content.fingerprints, judged.valid, np.arange(len(judged.valid.invoices)))
        prepared = prepare(judged, progress)
        return _run(prepared, workspace, clock, progress, reply, prints.result)


def _run(
    prepared: Prepared,
    workspace: str | Path,
    clock: Clock,
    progress: Progress,
    reply: bool,
    prints: Callable[[], list[str]],
) -> Result:
    """The line to its end; again when another process was quicker to take a reference."""
    chosen = prepared.settings
    place = _made(workspace, chosen)
    for _ in range(_TRIES):
        line = classify(prepared, place, lambda some: [prints()[each] for each in some.tolist()])
        hand_back()
        if line.verdict == "unbalanced":
            final = summary(line, invoice_table(line), "run", None, None, clock.elapsed())
            return Result(line, final, EXIT_CODES[line.verdict])
        try:
            run_id = new_run_id(clock.now)
            done = record.record(
                line,
                _wanted(chosen, place, reply),
                place,
                books_of(place, chosen),
                run_id,
                clock.started,
                clock.elapsed,
                progress,
                prints,
            )
        except IdentityTakenError:
            continue  # another process was quicker: what it prepared is skipped or a conflict now
        return Result(line, done.summary, EXIT_CODES[line.verdict])
    raise BusyError(say("Other processes keep preparing the same invoices; run again when they are done."))


def _wanted(chosen: Settings, place: Workspace, reply: bool) -> record.Wanted:
    return record.Wanted(partial(_template, chosen, place), reply)


def _template(chosen: Settings, place: Workspace) -> bytes:
    """The workbook to fill that fits the settings: only where an invoice is rejected anybody waits for it."""
    from pipeline.template import template_for  # noqa: PLC0415 - only a run that is faulty needs it

    return template_for(chosen, place)


def _made(path: str | Path, chosen: Settings) -> Workspace:
    """The workspace, made where it is absent, without what broken runs left."""
    place = made_if_absent(path)
    with ledger.holding(books_of(place, chosen)) as recorded:
        remove_orphans(place, recorded)
    return place
