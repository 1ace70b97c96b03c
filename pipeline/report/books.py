"""What `ledger list` and `ledger show` say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from pipeline.report.terminal import count_of

if TYPE_CHECKING:
    from pipeline.ledger import RunEntry, RunShown


def _states(states: Any) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in sorted(states.items())) or "no invoices"


def runs_told(runs: list[RunEntry]) -> str:
    """The runs, one a line."""
    if not runs:
        return "The ledger has no runs.\n"
    rows = [("run", "target", "environment", "verdict", "invoices now")]
    rows += [
        (each.run_id, each.target, each.environment, each.verdict, _states(each.states)) for each in runs
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in rows
    )


def run_summary(shown: RunShown) -> dict[str, Any]:
    """A run for machines."""
    return {
        **shown.run._asdict(),
        "summary": orjson.loads(shown.run.summary),
        "states": dict(shown.states),
        "sources": [each._asdict() for each in shown.sources],
        "requests": [each._asdict() | {"totals": orjson.loads(each.totals)} for each in shown.requests],
    }


def run_told(shown: RunShown) -> str:
    """A run for people."""
    run = shown.run
    lines = [
        f"Run {run.run_id}, started {run.started}: {run.verdict}",
        f"Target {run.target}, environment {run.environment}",
        f"Invoices now: {_states(shown.states)}",
        *(
            f"Source {each.name}, {count_of(each.rows, 'row')}, sha256 {each.sha256}"
            for each in shown.sources
        ),
        f"Catalog {run.catalog_sha256 or 'none'}",
        *(
            f"Request {each.number}: {count_of(each.invoices, 'invoice')}, {count_of(each.items, 'item')}, "
            + ", ".join(f"{total} {code}" for code, total in orjson.loads(each.totals).items())
            for each in shown.requests
        ),
    ]
    return "\n".join(lines) + "\n"
