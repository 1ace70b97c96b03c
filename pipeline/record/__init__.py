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
from pipeline.language import threads
from pipeline.ledger import Ledger, RunRow
from pipeline.line import Line
from pipeline.memory import hand_back
from pipeline.record.payloads import Payloads, write_payloads
from pipeline.record.reports import Wanted, write_beside, write_reports
from pipeline.record.rows import invoice_rows, item_rows
from pipeline.report import entries
from pipeline.report.summary import summary
from pipeline.workspace import Workspace, filling

__all__ = ["Recorded", "Wanted", "record", "write_beside"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Recorded:
    """A run that is in the books.

    Attributes:
        folder: of the run.
        summary: as `summary.json` has it.
    """

    folder: Path
    summary: dict[str, Any]


def record(
    line: Line,
    wanted: Wanted,
    workspace: Workspace,
    books: Ledger,
    run_id: str,
    started: str,
    elapsed: Callable[[], float],
    progress: Progress,
    prints: Callable[[], list[str]],
) -> Recorded:
    """Write the folder and enter the run in the ledger.

    Args:
        line: the end of the line; its books balance.
        wanted: what the reports need besides.
        workspace: where.
        books: its ledger.
        run_id: of the run.
        started: when, UTC, ISO 8601.
        elapsed: seconds since the start.
        progress: told what is being done.
        prints: gives the fingerprints of all invoices.

    Raises:
        ledger.IdentityTakenError: another run prepared one of the invoices meanwhile; nothing was written.
        PipelineError: the folder or the ledger cannot be written; nothing was left behind.
    """
    with (
        filling(workspace, run_id) as folder,
        threads(2) as beside,
    ):
        progress("writing payloads and reports")
        table = entries.invoice_table(line)
        place = str(workspace.runs / run_id)
        final = summary(line, table, "run", run_id, place, 0)
        items = beside.submit(_packed, line)
        reports = beside.submit(write_reports, line, wanted, folder.create, table, final)
        payloads = write_payloads(line, folder, table)
        hand_back()
        flushed = beside.submit(folder.flush_ahead)
        progress("entering the ledger")

        def run() -> RunRow:
            reports.result()
            final["seconds"] = round(elapsed(), 3)
            return _run_row(line, run_id, started, payloads, _json(final))

        def publish(head: str, count: int) -> None:
            flushed.result()
            folder.write("summary.json", ledger.sealed(_json(final), head, count))
            folder.publish()

        ledger.record(
            books,
            run_id,
            run,
            [(each.name, each.sha256, each.size, each.rows) for each in line.raw.sources],
            invoice_rows(table, prints()),
            payloads.rows,
            publish,
            items.result,
        )
    return Recorded(workspace.runs / run_id, final)


def _packed(line: Line) -> memoryview | None:
    """The items of the prepared invoices, as the ledger keeps them; None when there are none."""
    return ledger.packed(item_rows(line), line.batches.invoices.items) if len(line.batches) else None


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _run_row(line: Line, run_id: str, started: str, requests: Payloads, text: str) -> RunRow:
    return RunRow(
        run_id,
        started,
        line.target.name,
        line.settings.environment,
        line.verdict,
        line.catalog.sha256 if line.catalog else None,
        line.settings.sha256,
        requests.manifest_sha256,
        text,
    )
