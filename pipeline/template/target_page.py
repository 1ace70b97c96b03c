"""A target as a page in Markdown: what goes where, what is checked before sending, what only the API can know.

Input: the end of the line for the target's sample. Output: text. Everything is told by the declarations, the
request by the sample itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from pipeline.config import SETTINGS
from pipeline.issues import CATALOGUE, IssueType
from pipeline.line import Line
from pipeline.model import Request
from pipeline.template.fields import fields_text

_ISSUES = "../issues.md"
_LOOKED_UP = ("catalog_sku", "product_rate_plan_charge_id")
_ACCOUNT_CODES = ("E413", "E414", "W411")


def target_page(line: Line, sample: str) -> str:
    """The page of a target.

    Args:
        line: the end of the line for its sample.
        sample: the sample's file, as it lies in the repository.
    """
    sections = (_head, _tables, lambda line: _request(line, sample), _checks, _permissions, _unknown)
    return "\n".join(text for section in sections for text in section(line)) + "\n"


def _head(line: Line) -> Iterator[str]:
    target, first = line.target, next(_requests(line))
    most = target.limits(line.settings)
    yield from (f"# `{target.name}`", "")
    yield f"{target.title}. `{first.method} {first.path}`: {_count(most.invoices, 'invoice')} and"
    yield f"{_count(most.items, 'item')} a request at most."
    for name in target.must_set:
        yield from (
            "",
            f"The setting `{name}` has no default and must be given: {SETTINGS[name].metadata['help']}.",
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _requests(line: Line) -> Iterator[Request]:
    return line.target.requests(line.batches, line.settings)


def _tables(line: Line) -> Iterator[str]:
    """The fields of each sheet, where each goes, and those of other targets that have no place."""
    projection = line.target.projection(line.settings)
    yield from ("", "## The sheets", "")
    yield "A column that has no key in the request is for the import alone. How a template is filled:"
    yield f"[templates](../../templates/README.md#{_anchor(f'`{line.target.name}`: {line.target.title}')})."
    for table in line.tables.values():
        yield from ("", f"### {table.label}", "")
        yield fields_text(table, projection.keys(table.name, line.settings.custom_fields)).rstrip()
        for code, fields in (("W412", table.left_out), ("E352", table.refused)):
            if fields:
                labels = ", ".join(each.label for each in fields)
                yield from ("", f"{_linked(CATALOGUE[code])}: {labels}.")


def _request(line: Line, sample: str) -> Iterator[str]:
    requests, books = list(_requests(line)), line.balance
    yield from ("", "## What is sent", "")
    yield f"Accepted of [{sample}](../../{sample}): {books.accepted.invoices} of"
    yield f"{_count(books.came_in.invoices, 'invoice')}, in {_count(len(requests), 'request')}. The first:"
    yield from ("", "```json", json.dumps(json.loads(requests[0].body), indent=2, ensure_ascii=False), "```")


def _checks(line: Line) -> Iterator[str]:
    projection = line.target.projection(line.settings)
    yield from ("", "## What is checked before anything is sent", "")
    yield f"Each file, sheet and cell is held against its form and limits above ([issues]({_ISSUES}), 1 and 2)."
    yield from ("Then, of each row and each invoice as a whole:", "")
    yield from _listed(each for each in projection.rules if each not in _ACCOUNT_CODES)
    if of_accounts := [each for each in projection.rules if each in _ACCOUNT_CODES]:
        yield from ("", "Where an account list is loaded:", "")
        yield from _listed(of_accounts)
    if any(each in line.tables["items"] for each in _LOOKED_UP):
        yield from ("", "Where a catalog is loaded:", "")
        yield from _listed(each for each in CATALOGUE if re.match("[EW]40", each))
    yield from ("", "Of each invoice against the ledger, and of the whole against what was expected:", "")
    yield from _listed(each for each in CATALOGUE if re.match("E[56]0", each))


def _listed(codes: Iterable[str]) -> Iterator[str]:
    yield from (f"- {_linked(CATALOGUE[each])}" for each in dict.fromkeys(codes))


def _linked(kind: IssueType) -> str:
    heading = f"{kind.code} {kind.slug}: {kind.title}"
    return f"[{kind.code}]({_ISSUES}#{_anchor(heading)}) {kind.title}"


def _anchor(heading: str) -> str:
    """The name that a heading of a page in Markdown is linked by."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _permissions(line: Line) -> Iterator[str]:
    if needed := line.target.permissions(line.batches):
        yield from ("", "## Permissions", "")
        yield from ("A check tells which permissions a run needs. The sample needs these:", "")
        yield from (f"- {each}" for each in needed)


def _unknown(line: Line) -> Iterator[str]:
    yield from ("", "## What only the API can know", "")
    yield from (f"- {each}" for each in line.target.only_the_api_knows)
