"""What `ledger list` and `ledger show` say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from pipeline.i18n import translate
from pipeline.report.terminal import format_count

if TYPE_CHECKING:
    from pipeline.ledger import RunDetails, RunEntry


def _describe_states(states: Any) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in sorted(states.items())) or "no invoices"


def render_runs(runs: list[RunEntry]) -> str:
    """The runs, one a line."""
    if not runs:
        return "The ledger has no runs.\n"
    rows = [("run", "target", "environment", "verdict", "invoices now")]
    rows += [
        (run.run_id, run.target, run.environment, run.verdict, _describe_states(run.states)) for run in runs
    ]
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in rows
    )


def export_run(shown: RunDetails) -> dict[str, Any]:
    """A run for machines."""
    return {
        **vars(shown.run),
        "summary": orjson.loads(shown.run.summary),
        "states": dict(shown.states),
        "sources": [source._asdict() for source in shown.sources],
        "requests": [
            request._asdict() | {"totals": orjson.loads(request.totals)} for request in shown.requests
        ],
    }


def render_run(shown: RunDetails) -> str:
    """A run for people."""
    run = shown.run
    lines = [
        f"Run {run.run_id}, started {run.started}: {run.verdict}",
        f"Target {run.target}, environment {run.environment}",
        f"Invoices now: {_describe_states(shown.states)}",
        *(
            f"Source {source.name}, {format_count(source.rows, 'row')}, sha256 {source.sha256}"
            for source in shown.sources
        ),
        f"Catalog {run.catalog_sha256 or 'none'}",
        *(
            f"Request {request.number}: {format_count(request.invoices, 'invoice')}, {format_count(request.items, 'item')}, "
            + ", ".join(f"{total} {code}" for code, total in orjson.loads(request.totals).items())
            for request in shown.requests
        ),
    ]
    return "\n".join(lines) + "\n"


def render_faults(faults: list[str]) -> str:
    """Return what `ledger verify` found, one fault a line, or that it found nothing."""
    return "\n".join(faults or [translate("The ledger is whole: nothing was changed, added or lost.")]) + "\n"
