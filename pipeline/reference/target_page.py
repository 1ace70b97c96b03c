"""The page of a target in Markdown: its fields, its checks, and what only the API can know.

In: the check of the target's sample.
Out: text, from the declarations; the request is the sample's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from pipeline.acceptance.assessment import Assessment
from pipeline.issues import CATALOGUE, Chapter, IssueType, Level, Scope
from pipeline.model.invoices import Request
from pipeline.reference.field_docs import render_fields_table
from pipeline.settings import SETTINGS
from schemas.rules import RULES

_ISSUES_PAGE = "../issues.md"
_CATALOG_KEYS = ("catalog_sku", "product_rate_plan_charge_id")
_ACCOUNT_CODES = ("E413", "E414", "W411")


def render_target_page(assessment: Assessment, sample: str) -> str:
    """Return the page of a target.

    Args:
        assessment: of its sample.
        sample: the sample's file, as it lies in the repository.
    """
    lines = chain(
        _render_head(assessment),
        _render_tables(assessment),
        _render_first_request(assessment, sample),
        _render_checks(assessment),
        _render_permissions(assessment),
        _render_unknown(assessment),
    )
    return "\n".join(lines) + "\n"


def _render_head(assessment: Assessment) -> Iterator[str]:
    target, first = assessment.target, next(_build_requests(assessment))
    request_limits = target.get_limits(assessment.settings)
    yield from (f"# `{target.name}`", "")
    invoices = _format_count(request_limits.invoices, "invoice")
    yield f"{target.title}. `{first.method} {first.path}`: {invoices} and"
    yield f"{_format_count(request_limits.items, 'item')} a request at most."
    for name in target.required_settings:
        yield from (
            "",
            f"The setting `{name}` has no default and must be given: {SETTINGS[name].metadata['help']}.",
        )


def _format_count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _build_requests(assessment: Assessment) -> Iterator[Request]:
    return assessment.target.build_requests(assessment.batches, assessment.settings)


def _render_tables(assessment: Assessment) -> Iterator[str]:
    """Yield the fields of each sheet, where each goes, and those of other targets that have no place."""
    projection = assessment.target.get_projection(assessment.settings)
    yield from ("", "## The sheets", "")
    yield "A column that has no key in the request is for the import alone. How a template is filled:"
    heading = f"`{assessment.target.name}`: {assessment.target.title}"
    yield f"[templates](../../templates/README.md#{_make_anchor(heading)})."
    for table in assessment.tables.values():
        yield from ("", f"### {table.label}", "")
        yield render_fields_table(
            table, projection.get_payload_keys(table.name, assessment.settings.custom_fields)
        ).rstrip()
        for code, fields in (("W412", table.unsupported), ("E352", table.forbidden)):
            if fields:
                labels = ", ".join(field.label for field in fields)
                yield from ("", f"{_link_issue(CATALOGUE[code])}: {labels}.")


def _render_first_request(assessment: Assessment, sample: str) -> Iterator[str]:
    requests, balance = list(_build_requests(assessment)), assessment.balance
    yield from ("", "## What is sent", "")
    yield f"Accepted of [{sample}](../../{sample}): {balance.accepted.invoices} of"
    invoices, count = (
        _format_count(balance.came_in.invoices, "invoice"),
        _format_count(len(requests), "request"),
    )
    yield f"{invoices}, in {count}. The first:"
    yield from ("", "```json", json.dumps(json.loads(requests[0].body), indent=2, ensure_ascii=False), "```")


def _render_checks(assessment: Assessment) -> Iterator[str]:
    projection = assessment.target.get_projection(assessment.settings)
    yield from ("", "## What is checked before anything is sent", "")
    chapters = f"([issues]({_ISSUES_PAGE}), 1 and 2)"
    yield f"Each file, sheet and cell is held against its form and limits above {chapters}."
    yield from ("Then, of each row and each invoice as a whole:", "")
    account_codes = [code for code in projection.rules if code in _ACCOUNT_CODES]
    yield from _render_issue_links(code for code in projection.rules if code not in account_codes)
    if account_codes:
        yield from ("", "Where an account list is loaded:", "")
        yield from _render_issue_links(account_codes)
    if any(field_name in assessment.tables["items"] for field_name in _CATALOG_KEYS):
        yield from ("", "Where a catalog is loaded:", "")
        yield from _render_issue_links(_select_codes(_is_of_look_up))
    yield from ("", "Of each invoice against the ledger, and of the whole against what was expected:", "")
    yield from _render_issue_links(_select_codes(_is_of_whole_file))


def _select_codes(matches: Callable[[IssueType], bool]) -> list[str]:
    return [code for code, kind in CATALOGUE.items() if matches(kind)]


def _is_of_look_up(kind: IssueType) -> bool:
    """Return whether an issue is found when an item's product is looked up in the catalog."""
    is_of_rule = any(rule.code == kind.code for rule in RULES)
    return kind.chapter is Chapter.LISTS and kind.scope is Scope.ROW and not is_of_rule


def _is_of_whole_file(kind: IssueType) -> bool:
    """Return whether an error is found by comparing with the ledger, the policy or control totals."""
    return kind.chapter in (Chapter.LEDGER, Chapter.CONTROL) and kind.level is Level.ERROR


def _render_issue_links(codes: Iterable[str]) -> Iterator[str]:
    yield from (f"- {_link_issue(CATALOGUE[code])}" for code in dict.fromkeys(codes))


def _link_issue(issue_type: IssueType) -> str:
    heading = f"{issue_type.code} {issue_type.slug}: {issue_type.title}"
    return f"[{issue_type.code}]({_ISSUES_PAGE}#{_make_anchor(heading)}) {issue_type.title}"


def _make_anchor(heading: str) -> str:
    """Return the anchor that a heading in Markdown is linked by."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _render_permissions(assessment: Assessment) -> Iterator[str]:
    if permissions := assessment.target.list_permissions(assessment.batches):
        yield from ("", "## Permissions", "")
        yield from ("A check tells which permissions a run needs. The sample needs these:", "")
        yield from (f"- {permission}" for permission in permissions)


def _render_unknown(assessment: Assessment) -> Iterator[str]:
    yield from ("", "## What only the API can know", "")
    yield from (f"- {limitation}" for limitation in assessment.target.api_only_checks)
