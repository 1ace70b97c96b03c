"""The payloads of a run as files, and the manifest of them all.

In: the batches, the target that makes requests of them, and the run's folder.
Out: a file for each request, and what the ledger says of it.
Never: holds all bodies in memory.
"""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.acceptance.assessment import Assessment
from pipeline.model.invoices import Request
from pipeline.process import open_thread_pool
from pipeline.workspace import RunFolder
from schemas.arrow import money
from schemas.arrow.columns import merge_chunks

_MAX_WAITING = 64
"""Payloads that may wait to be written: more would only fill the memory."""


@dataclass(frozen=True)
class _WrittenRequest:
    """A request in the folder: its row in the ledger and its entry in the manifest."""

    row: tuple[int, str, str, int, int, str]
    entry: dict[str, Any]


@dataclass(frozen=True)
class WrittenPayloads:
    """What was written.

    Attributes:
        rows: a row of the ledger for each request.
        manifest_sha256: of the manifest, in hex.
    """

    rows: list[tuple[int, str, str, int, int, str]]
    manifest_sha256: str


def write_payloads(assessment: Assessment, folder: RunFolder, table: pa.Table) -> WrittenPayloads:
    """Write one file per request, and the manifest of them all.

    Args:
        assessment: the end of the line.
        folder: of the run.
        table: as `entries.invoice_table` gives it.
    """
    refs = merge_chunks(table["invoice_ref"])
    sums, invoices = _sum_requests(table), assessment.batches.invoices
    written = []
    with open_thread_pool(1) as pool:
        waiting: deque[Future[None]] = deque()
        for request in assessment.target.build_requests(assessment.batches, assessment.settings):
            name = f"payloads/{request.number:04d}.json"
            waiting.append(pool.submit(folder.write, name, request.body))
            # waits for the oldest, so that bodies never pile up in memory
            if len(waiting) > _MAX_WAITING:
                waiting.popleft().result()
            row_indices = pa.array(invoices.get_rows(request.invoices))
            names, items = pc.take(refs, row_indices).to_pylist(), invoices.count_items(request.invoices)
            written.append(_describe_request(name, request, names, items, sums[request.number]))
        while waiting:
            waiting.popleft().result()
    manifest = orjson.dumps(
        {"requests": [request_entry.entry for request_entry in written]},
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )
    folder.write("payloads/manifest.json", manifest)
    return WrittenPayloads(
        [request_entry.row for request_entry in written], hashlib.sha256(manifest).hexdigest()
    )


def _describe_request(
    name: str, request: Request, refs: list[str], items: int, totals: dict[str, str]
) -> _WrittenRequest:
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
    return _WrittenRequest(row, entry)


def _sum_requests(table: pa.Table) -> dict[int, dict[str, str]]:
    """Return per request the sum of its invoices, by currency."""
    sent = table.select(["request", "currency", "amount"]).filter(pc.is_valid(table["request"]))
    sums = sent.group_by(["request", "currency"]).aggregate([("amount", "sum")])
    totals: dict[int, dict[str, str]] = {}
    for row in sums.sort_by([("request", "ascending"), ("currency", "ascending")]).to_pylist():
        of_request = totals.setdefault(row["request"], {})
        of_request[row["currency"]] = money.format_money(row["amount_sum"], row["currency"])
    return totals
