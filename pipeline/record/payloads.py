"""The payloads of a run as files, and the manifest of them all."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.language import threads
from pipeline.line import Line
from pipeline.model import Request
from pipeline.workspace import RunFolder
from schemas import money
from schemas.columns import whole

_WAITING = 64
"""Payloads that may wait to be written: more would only fill the memory."""


@dataclass(frozen=True)
class _Written:
    """A request in the folder: its row in the ledger and its entry in the manifest."""

    row: tuple[int, str, str, int, int, str]
    entry: dict[str, Any]


@dataclass(frozen=True)
class Payloads:
    """What was written.

    Attributes:
        rows: a row of the ledger for each request.
        manifest_sha256: of the manifest, in hex.
    """

    rows: list[tuple[int, str, str, int, int, str]]
    manifest_sha256: str


def write_payloads(line: Line, folder: RunFolder, table: pa.Table) -> Payloads:
    """One file a request, and the manifest of them all.

    Args:
        line: the end of the line.
        folder: of the run.
        table: as `entries.invoice_table` gives it.
    """
    refs = whole(table["invoice_ref"])
    sums, sizes = _totals(table), line.batches.invoices.sizes
    written = []
    with threads(1) as beside:
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
    return Payloads([each.row for each in written], hashlib.sha256(manifest).hexdigest())


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
