"""What a run leaves: its folder and its entries in the ledger, both or neither.

Input: the end of the line. Output: `runs/<run id>/` and the ledger's rows. The folder is filled beside,
flushed, named inside the ledger's transaction; only then the transaction commits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipeline import ledger
from pipeline.acceptance.assessment import Assessment
from pipeline.ledger import Ledger, RunRow
from pipeline.process import open_thread_pool, release_memory
from pipeline.report import invoice_table
from pipeline.report.summary import summarise_run
from pipeline.run_output.ledger_rows import build_item_rows, iter_invoice_rows
from pipeline.run_output.payloads import WrittenPayloads, write_payloads
from pipeline.run_output.reports import ReportOptions, write_check_reports, write_reports
from pipeline.workspace import Workspace, fill_run_folder

__all__ = ["RecordedRun", "ReportOptions", "record_run", "write_check_reports"]

ProgressCallback = Callable[[str], None]


@dataclass(frozen=True)
class RecordedRun:
    """A run that is in the books.

    Attributes:
        folder: of the run.
        summary: as `summary.json` has it.
    """

    folder: Path
    summary: dict[str, Any]


def record_run(
    assessment: Assessment,
    options: ReportOptions,
    workspace: Workspace,
    ledger_file: Ledger,
    run_id: str,
    started: str,
    elapsed: Callable[[], float],
    progress: ProgressCallback,
    get_fingerprints: Callable[[], list[str]],
) -> RecordedRun:
    """Write the folder and enter the run in the ledger.

    Args:
        assessment: the end of the line; its books balance.
        options: what the reports need besides.
        workspace: where.
        ledger_file: its ledger.
        run_id: of the run.
        started: when, UTC, ISO 8601.
        elapsed: seconds since the start.
        progress: told what is being done.
        get_fingerprints: gives the fingerprints of all invoices.

    Raises:
        ledger.IdentityTakenError: another run prepared one of the invoices meanwhile; nothing was written.
        PipelineError: the folder or the ledger cannot be written; nothing was left behind.
    """
    with (
        fill_run_folder(workspace, run_id) as folder,
        open_thread_pool(2) as pool,
    ):
        progress("writing payloads and reports")
        table = invoice_table.make_invoice_table(assessment)
        folder_name = str(workspace.runs / run_id)
        final = summarise_run(assessment, table, "run", run_id, folder_name, 0)
        items = pool.submit(_encode_prepared_items, assessment)
        reports = pool.submit(write_reports, assessment, options, folder.create, table, final)
        payloads = write_payloads(assessment, folder, table)
        release_memory()
        flushing = pool.submit(folder.flush_ahead)
        progress("entering the ledger")

        def build_run_row() -> RunRow:
            reports.result()
            final["seconds"] = round(elapsed(), 3)
            return _build_run_row(assessment, run_id, started, payloads, _encode_json(final))

        def publish(head: str, count: int) -> None:
            flushing.result()
            folder.write("summary.json", ledger.add_ledger_head(_encode_json(final), head, count))
            folder.publish()

        ledger.enter_run(
            ledger_file,
            run_id,
            build_run_row,
            [(source.name, source.sha256, source.size, source.rows) for source in assessment.raw.sources],
            iter_invoice_rows(table, get_fingerprints()),
            payloads.rows,
            publish,
            items.result,
        )
    return RecordedRun(workspace.runs / run_id, final)


def _encode_prepared_items(assessment: Assessment) -> memoryview | None:
    """The items of the prepared invoices, as the ledger keeps them; None when there are none."""
    return (
        ledger.encode_items(build_item_rows(assessment), assessment.batches.invoices.item_rows)
        if len(assessment.batches)
        else None
    )


def _encode_json(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _build_run_row(
    assessment: Assessment, run_id: str, started: str, payloads: WrittenPayloads, text: str
) -> RunRow:
    return RunRow(
        run_id,
        started,
        assessment.target.name,
        assessment.settings.environment,
        assessment.verdict,
        assessment.catalog.sha256 if assessment.catalog else None,
        assessment.settings.sha256,
        payloads.manifest_sha256,
        text,
    )
