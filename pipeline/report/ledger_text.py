"""Runs of the ledger as text and as JSON: `ledger list`, `ledger show` and `ledger verify`.

In: what the ledger answers.
Out: text in the language in use, or values for JSON.
Never: translates what is for machines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.i18n import format_number, translate
from pipeline.report.text_layout import align_columns, format_count

if TYPE_CHECKING:
    from pipeline.ledger import RunDetails, RunEntry

STATES = ("prepared", "rejected", "skipped", "withdrawn")
"""States of invoices, as the ledger has them."""
RUN_COLUMNS = ("run", "target", "environment", "verdict", "invoices now")


def _describe_states(states: Mapping[str, int]) -> str:
    counts = [f"{format_number(count)} {translate(state)}" for state, count in sorted(states.items())]
    return ", ".join(counts) or translate("no invoices")


def _name_verdict(verdict: str) -> str:
    """Return a verdict in the language in use; translators know it as the heading of a report."""
    return translate(verdict.upper()).lower()


def render_runs(runs: list[RunEntry]) -> str:
    """Return the runs as a table, a line for each."""
    if not runs:
        return translate("The ledger has no runs.") + "\n"
    rows = [[translate(column) for column in RUN_COLUMNS]]
    rows += [
        [run.run_id, run.target, run.environment, _name_verdict(run.verdict), _describe_states(run.states)]
        for run in runs
    ]
    return align_columns(rows)


def export_run(shown: RunDetails) -> dict[str, Any]:
    """Return a run for machines."""
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
    """Return a run for people: its verdict, its files and its requests."""
    run = shown.run
    verdict = _name_verdict(run.verdict)
    lines = [
        translate(
            "Run {run}, started {started}: {verdict}", run=run.run_id, started=run.started, verdict=verdict
        ),
        translate(
            "Target {target}, environment {environment}", target=run.target, environment=run.environment
        ),
        translate("Invoices now: {states}", states=_describe_states(shown.states)),
    ]
    lines += [
        translate(
            "Source {name}, {rows}, sha256 {sha256}",
            name=source.name,
            rows=format_count(source.rows, "row"),
            sha256=source.sha256,
        )
        for source in shown.sources
    ]
    lines.append(translate("Catalog {name}", name=run.catalog_sha256 or translate("none")))
    for request in shown.requests:
        totals = [f"{total} {currency}" for currency, total in orjson.loads(request.totals).items()]
        counts = [format_count(request.invoices, "invoice"), format_count(request.items, "item")]
        lines.append(
            translate(
                "Request {number}: {content}",
                number=str(request.number),
                content=", ".join([*counts, *totals]),
            )
        )
    return "\n".join(lines) + "\n"


def render_faults(faults: list[str]) -> str:
    """Return what `ledger verify` found, one fault a line, or that it found nothing."""
    return "\n".join(faults or [translate("The ledger is whole: nothing was changed, added or lost.")]) + "\n"
