"""What a run leaves: its folder and its entries in the ledger, both or neither.

In: the assessment of a run.
Out: `runs/<run id>/` and the ledger's rows. The folder is filled under another
name and flushed; it gets its name inside the ledger's transaction, and only then the transaction commits.
Never: decides what becomes of an invoice; leaves a folder or an entry when anything fails.
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

__all__ = ["RecordedRun", "ReportOptions", "RunRecorder", "write_check_reports"]


@dataclass(frozen=True)
class RecordedRun:
    """A run that is in the ledger.

    Attributes:
        folder: of the run.
        summary: as `summary.json` has it.
    """

    folder: Path
    summary: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RunRecorder:
    """Writes the folder of one run and enters it in the ledger.

    Attributes:
        workspace: where.
        ledger_file: its ledger.
        run_id: of the run.
        started: when, UTC, ISO 8601.
        get_elapsed: gives the seconds since then.
        options: what the reports need besides the assessment.
        progress: called with what is being done.
    """

    workspace: Workspace
    ledger_file: Ledger
    run_id: str
    started: str
    get_elapsed: Callable[[], float]
    options: ReportOptions
    progress: Callable[[str], None]

    def record(self, assessment: Assessment, get_fingerprints: Callable[[], list[str]]) -> RecordedRun:
        """Write the folder and enter the run.

        Args:
            assessment: of the run; its totals balance.
            get_fingerprints: gives the fingerprints of all invoices.

        Raises:
            ledger.IdentityTakenError: another run prepared one of the invoices meanwhile; nothing was
            written.
            PipelineError: the folder or the ledger cannot be written; nothing was left behind.
        """
        run_folder = self.workspace.runs / self.run_id
        with fill_run_folder(self.workspace, self.run_id) as folder, open_thread_pool(2) as pool:
            self.progress("writing payloads and reports")
            table = invoice_table.make_invoice_table(assessment)
            summary = summarise_run(assessment, table, "run", self.run_id, str(run_folder), 0)
            # the items are packed and the reports written while this thread writes the payloads
            items = pool.submit(_encode_prepared_items, assessment)
            reports = pool.submit(write_reports, assessment, self.options, folder.create, table, summary)
            payloads = write_payloads(assessment, folder, table)
            release_memory()
            # most is on its way to the disk while the ledger is entered, so that `publish` waits less
            flushing = pool.submit(folder.flush_ahead)
            self.progress("entering the ledger")
            invoice_rows = iter_invoice_rows(table, get_fingerprints())
            with ledger.enter_run(self.ledger_file, self.run_id) as writer:
                writer.add_sources(_list_sources(assessment))
                writer.add_invoices(invoice_rows)
                writer.add_items(items.result())
                writer.add_requests(payloads.rows)
                reports.result()
                summary["seconds"] = round(self.get_elapsed(), 3)
                summary_text = orjson.dumps(summary).decode()
                # the folder is published last, inside the transaction: an error before it leaves neither
                head = writer.finish(self._build_run_row(assessment, payloads, summary_text))
                flushing.result()
                folder.write("summary.json", ledger.add_ledger_head(summary_text, head))
                folder.publish()
        return RecordedRun(run_folder, summary)

    def _build_run_row(self, assessment: Assessment, payloads: WrittenPayloads, summary: str) -> RunRow:
        return RunRow(
            run_id=self.run_id,
            started=self.started,
            target=assessment.target.name,
            environment=assessment.settings.environment,
            verdict=assessment.verdict,
            catalog_sha256=assessment.catalog.sha256 if assessment.catalog else None,
            settings_sha256=assessment.settings.sha256,
            manifest_sha256=payloads.manifest_sha256,
            summary=summary,
        )


def _list_sources(assessment: Assessment) -> list[tuple[str, str, int, int]]:
    sources = assessment.raw.sources
    return [(source.name, source.sha256, source.size, source.rows) for source in sources]


def _encode_prepared_items(assessment: Assessment) -> memoryview | None:
    """Return the items of the prepared invoices, as the ledger keeps them; None when there are none."""
    if not len(assessment.batches):
        return None
    return ledger.encode_items(build_item_rows(assessment), assessment.batches.invoices.item_rows)
