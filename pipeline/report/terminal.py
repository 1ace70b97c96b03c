"""What a person sees in the terminal: the verdict, the money, the causes, and where the reports lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import CATALOGUE

_SHARES = ("in", "accepted", "rejected", "skipped")
_MOST_CAUSES = 25
_PLACES = 3
_IGNORED = {"example": "example", "note": "note", "total": "totals", "blank": "blank"}

_SENTENCES = {
    "accepted": "Every invoice is accepted.",
    "partial": "Some invoices are accepted, others are rejected.",
    "rejected": "Nothing is accepted.",
    "unbalanced": "The books do not balance: nothing was prepared.",
    "duplicate": "Nothing is left to do: every invoice was accepted before.",
}


def told(summary: Mapping[str, Any], issues: pa.Table) -> str:
    """The report of a check or run.

    Args:
        summary: as `summary.json` has it.
        issues: as `issue_table` gives them.
    """
    lines = [_verdict(summary), "", *_books(summary), ""]
    lines += _details(summary)
    for level, heading in (("error", "What must be corrected"), ("warning", "What you should know")):
        some = issues.filter(pc.equal(issues["level"], level))
        if len(some):
            lines += ["", heading, *causes(some)]
    return "\n".join([*lines, *_where(summary)]) + "\n"


def _verdict(summary: Mapping[str, Any]) -> str:
    names = ", ".join(each["name"] for each in summary["sources"])
    return f"{summary['verdict'].upper()}  {names}\n{_SENTENCES[summary['verdict']]}"


def _books(summary: Mapping[str, Any]) -> Iterator[str]:
    """The identity as a table: one row a share, one column a currency."""
    money = summary["money"]
    header = ["", "invoices", "items", *money]
    rows = [
        [
            share,
            f"{summary['invoices'][share]:,}",
            f"{summary['items'][share]:,}",
            *(f"{Decimal(sums[share]):,}" for sums in money.values()),
        ]
        for share in _SHARES
    ]
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    for row in (header, *rows):
        first = row[0].ljust(widths[0])
        yield "  ".join(
            [first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
    if summary["items"]["amount_unread"]:
        yield f"The amount of {_items(summary['items']['amount_unread'])} is unknown and not in these sums."
    if "XXX" in money:
        yield "XXX is money whose currency could not be told."
    yield from (f"Does not balance: {each}" for each in summary["differences"])


def _items(count: int) -> str:
    return f"{count:,} item" if count == 1 else f"{count:,} items"


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _details(summary: Mapping[str, Any]) -> Iterator[str]:
    requests = summary["requests"]
    yield f"{requests:,} request{'' if requests == 1 else 's'} for {summary['target']}"
    ignored = [f"{count:,} {_IGNORED[name]}" for name, count in summary["ignored_rows"].items() if count]
    if ignored:
        yield f"Rows left out by name: {', '.join(ignored)}"
    catalog = summary["catalog"]
    if catalog:
        yield f"Catalog {catalog['sha256'][:12]} with {catalog['charges']:,} charges"
    else:
        yield "No catalog is loaded"


def causes(issues: pa.Table) -> Iterator[str]:
    """Issues by cause, the commonest first: code, sentence, places, fix."""
    groups = (
        issues.group_by(["code", "column"])
        .aggregate([("rows", "sum"), ("rows", "count")])
        .sort_by([("rows_sum", "descending"), ("code", "ascending"), ("column", "ascending")])
    )
    for group in groups.slice(0, _MOST_CAUSES).to_pylist():
        mine = pc.and_(pc.equal(issues["code"], group["code"]), pc.equal(issues["column"], group["column"]))
        yield from _cause(group, issues.filter(mine))
    if len(groups) > _MOST_CAUSES:
        yield f"  … and {len(groups) - _MOST_CAUSES} more causes: see issues.csv"


def _cause(group: Mapping[str, Any], issues: pa.Table) -> Iterator[str]:
    kind = CATALOGUE[group["code"]]
    count = group["rows_sum"]
    title = f"{kind.title} ({group['column']})" if group["column"] else kind.title
    yield f"  {kind.code}  {title}: {count:,} {'time' if count == 1 else 'times'}"
    if group["code"].startswith("W"):  # each line is a cause of its own
        for each in issues.slice(0, _PLACES).to_pylist():
            yield f"        {_place(each)}: {each['message']} ({_rows(each['rows'])})"
    else:
        for each in issues.slice(0, _PLACES).to_pylist():
            yield f"        {_place(each)}: {each['message']}"
    rest = len(issues) - _PLACES
    if rest > 0:
        yield f"        … and {rest:,} more"
    yield f"        Fix: {issues['fix'][0]}"


def _place(issue: Mapping[str, Any]) -> str:
    """Where it is, as one would say it: file, sheet and cell, or the row."""
    where = issue["file"] if issue["sheet"] in ("", issue["file"]) else f"{issue['file']} {issue['sheet']}"
    if issue["cell"]:
        return f"{where} {issue['cell']}"
    return f"{where} row {issue['row']}" if issue["row"] else where


def _where(summary: Mapping[str, Any]) -> list[str]:
    if not summary["run_folder"]:
        return []
    return [
        "",
        f"Reports: {summary['run_folder']}",
        f"Run:     {summary['run_id']}" if summary["run_id"] else "",
    ]
