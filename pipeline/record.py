"""What a run leaves: its folder and its entries in the ledger, both or neither.

Input: the end of the line. Output: `runs/<run id>/` and the ledger's rows. The folder is filled beside,
flushed, named inside the ledger's transaction; only then the transaction commits.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import content, ledger
from pipeline.errors import WorkspaceError
from pipeline.ledger import Ledger, RunRow
from pipeline.line import Line
from pipeline.model import Request
from pipeline.report import entries, safe_csv
from pipeline.report.issue_table import issue_table
from pipeline.report.summary import summary
from pipeline.workspace import RunFolder, Workspace, filling
from schemas import money
from schemas.columns import cells_of

Progress = Callable[[str], None]
_WAITING = 64
"""Payloads that may wait to be written: more would only fill the memory."""

_BILLED = (
    *("product_name", "product_rate_plan_charge_id", "charge_name", "sku", "uom", "tax_code", "tax_mode"),
    *("accounting_code", "deferred_revenue_accounting_code", "recognized_revenue_accounting_code"),
    "description",
)
_DATES = ("service_start_date", "service_end_date")


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
    workspace: Workspace,
    run_id: str,
    started: str,
    elapsed: Callable[[], float],
    progress: Progress,
) -> Recorded:
    """Write the folder and enter the run in the ledger.

    Args:
        line: the end of the line; its books balance.
        workspace: where.
        run_id: of the run.
        started: when, UTC, ISO 8601.
        elapsed: seconds since the start.
        progress: told what is being done.

    Raises:
        ledger.IdentityTakenError: another run prepared one of the invoices meanwhile; nothing was written.
        PipelineError: the folder or the ledger cannot be written; nothing was left behind.
    """
    books = books_of(workspace, line)
    with filling(workspace, run_id) as folder, ThreadPoolExecutor(2) as beside:
        progress("writing payloads")
        table = entries.invoice_table(line)
        reports = beside.submit(write_reports, line, folder.create, table)
        parquet = beside.submit(lambda: ledger.packed(_items(line)) if len(line.batches) else None)
        prints = beside.submit(content.fingerprints, line.sheets.valid, np.arange(len(table)))
        requests = _payloads(line, folder, table)
        reports.result()
        progress("entering the ledger")
        final = summary(line, "run", run_id, str(workspace.runs / run_id), elapsed())
        text = orjson.dumps(final).decode()

        def publish(head: str, count: int) -> None:
            folder.write("summary.json", ledger.sealed(text, head, count))
            folder.publish()

        ledger.record(
            books,
            run_id,
            lambda: _run_row(line, run_id, started, requests, text),
            [(each.name, each.sha256, each.size, each.rows) for each in line.raw.sources],
            _invoice_rows(line, table, prints.result()),
            [each.row for each in requests.written],
            publish,
            parquet.result,
        )
    return Recorded(workspace.runs / run_id, final)


def books_of(workspace: Workspace, line: Line) -> Ledger:
    """The workspace's ledger, with the patience of the settings."""
    return Ledger(workspace.ledger, workspace.runs, line.settings.ledger_seconds)


def write_reports(line: Line, create: Callable[[str], BinaryIO], table: pa.Table) -> None:
    """`issues.csv` and `ledger.csv`.

    Args:
        line: the end of the line.
        create: makes a file of a name, open for writing.
        table: as `entries.invoice_table` gives it.
    """
    with create("issues.csv") as file:
        issues = issue_table(line.issues, line.raw, line.tables)
        safe_csv.write(dict(zip(issues.column_names, issues.columns, strict=True)), file)
    with create("ledger.csv") as file:
        items = entries.item_columns(line, table)
        safe_csv.write(items, file)
        safe_csv.write(entries.without_items(table, items), file, header=False)


def write_beside(line: Line, folder: Path, final: dict[str, Any]) -> None:
    """The reports of a check, in a folder of the caller's choice; each file appears whole.

    Args:
        line: the end of the line.
        folder: made when it is not there.
        final: the summary.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    made: list[tuple[Path, Path]] = []

    def create(name: str) -> BinaryIO:
        made.append((folder / f".{name}.partial", folder / name))
        return open(made[-1][0], "wb")

    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_reports(line, create, entries.invoice_table(line))
        with create("summary.json") as file:
            file.write(orjson.dumps(final, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        for partial, name in made:
            partial.replace(name)
    except OSError as error:
        for partial, _ in made:
            partial.unlink(missing_ok=True)
        raise WorkspaceError(f"The reports cannot be written to {folder}: {error.strerror}.") from error


@dataclass(frozen=True)
class _Written:
    """A request in the folder: its row in the ledger and its entry in the manifest."""

    row: tuple[int, str, str, int, int, str]
    entry: dict[str, Any]


@dataclass(frozen=True)
class _Payloads:
    written: list[_Written]
    manifest_sha256: str


def _payloads(line: Line, folder: RunFolder, table: pa.Table) -> _Payloads:
    """One file a request, and the manifest of them all."""
    refs = table["invoice_ref"].combine_chunks()
    sums, sizes = _totals(table), line.batches.invoices.sizes
    written = []
    with ThreadPoolExecutor(2) as beside:
        waiting: deque[Future[None]] = deque()
        for request in line.target.requests(line.batches, line.settings):
            name = f"payloads/{request.number:04d}.json"
            waiting.append(beside.submit(folder.write, name, request.body))
            if len(waiting) > _WAITING:
                waiting.popleft().result()
            at = pa.array(line.batches.invoices.positions[request.invoices])
            names, items = pc.take(refs, at).to_pylist(), int(sizes[request.invoices].sum())
            written.append(_written(name, request, names, items, sums[request.number]))
        while waiting:
            waiting.popleft().result()
    manifest = orjson.dumps(
        {"requests": [each.entry for each in written]}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )
    folder.write("payloads/manifest.json", manifest)
    return _Payloads(written, hashlib.sha256(manifest).hexdigest())


def _written(name: str, request: Request, refs: list[str], items: int, totals: dict[str, str]) -> _Written:
    sha256 = hashlib.sha256(request.body).hexdigest()
    row = (request.number, name, sha256, len(refs), items, orjson.dumps(totals).decode())
    entry = {
        "file": name,
        "sha256": sha256,
        "method": request.method,
        "path": request.path,
        "invoices": len(refs),
        "items": items,
        "totals": totals,
        "invoice_refs": refs,
    }
    return _Written(row, entry)


def _totals(table: pa.Table) -> dict[int, dict[str, str]]:
    """Per request the sum of its invoices, by currency."""
    sent = table.select(["request", "currency", "amount"]).filter(pc.is_valid(table["request"]))
    sums = sent.group_by(["request", "currency"]).aggregate([("amount", "sum")])
    totals: dict[int, dict[str, str]] = {}
    for row in sums.sort_by([("request", "ascending"), ("currency", "ascending")]).to_pylist():
        of_request = totals.setdefault(row["request"], {})
        of_request[row["currency"]] = money.with_digits(row["amount_sum"], row["currency"])
    return totals


def _run_row(line: Line, run_id: str, started: str, requests: _Payloads, text: str) -> RunRow:
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


def _invoice_rows(line: Line, table: pa.Table, fingerprints: list[str]) -> Iterator[tuple[Any, ...]]:
    """The ledger's rows, an invoice each, in the order of the sheet."""
    count = len(table)
    amounts = money.plain_text(table["amount"].combine_chunks())
    return zip(
        range(count),
        table["invoice_ref"].to_pylist(),
        table["account"].to_pylist(),
        table["currency"].to_pylist(),
        pc.cast(table["invoice_date"], pa.string()).to_pylist(),
        table["items"].to_pylist(),
        amounts.to_pylist(),
        table["state"].to_pylist(),
        fingerprints,
        table["request"].to_pylist(),
        table["reasons"].to_pylist(),
        strict=True,
    )


def _items(line: Line) -> pa.Table:
    """A row an item of the prepared invoices, as it is billed, for the ledger."""
    accepted, frame, texts = line.batches.invoices, line.sheets.items, line.sheets.number_texts
    at, none = pa.array(accepted.items), pa.nulls(len(frame), pa.date32())
    columns = {name: entries._billed(line, name) for name in _BILLED}
    columns |= {name: texts[name] for name in ("quantity", "unit_price")}
    columns["amount"] = cells_of(frame["effective_amount"])
    columns |= {name: cells_of(frame[name]) if name in frame else none for name in _DATES}
    positions = np.repeat(accepted.positions, accepted.sizes).astype(np.int32)
    taken = {name: pc.take(values, at) for name, values in columns.items()}
    return pa.table({"position": positions, **taken})
