"""How few causes stand behind how many rejected invoices: the sentence that tells where to begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import format_number, translate, translate_count
from pipeline.issues import CATALOGUE, Findings, Level
from pipeline.model import Positions

_EXPLAINED_SHARE = 9, 10
"""Of the rejected invoices so many are explained by the causes that are named first."""


@dataclass(frozen=True)
class RootCause:
    """One code in one column.

    Attributes:
        code: of the catalogue.
        title: what is wrong, with the column.
        table: the table's name; empty for a fault of a sheet or file.
        field: the field's name; empty when the row or sheet as a whole is meant.
        issue_count: rows it stands for.
        invoices: positions of the invoices that have it.
    """

    code: str
    title: str
    table: str
    field: str
    issue_count: int
    invoices: Positions


def find_root_causes(assessment: Assessment) -> list[RootCause]:
    """Every cause: errors first, then those with the most invoices.

    Args:
        assessment: the end of the line.
    """
    root_causes = [
        *_group_sheet_issues(assessment),
        *(_group_findings(findings, assessment) for findings in assessment.issues.findings),
    ]
    return sorted(
        root_causes, key=lambda each: (each.code[0] != "E", -len(each.invoices), each.code, each.field)
    )


def _group_sheet_issues(assessment: Assessment) -> Iterator[RootCause]:
    codes = [issue.code for issue in assessment.issues.sheet_issues]
    all_invoices = np.arange(len(assessment.rejected))
    for code in dict.fromkeys(codes):
        rejected = all_invoices if CATALOGUE[code].level is Level.ERROR else all_invoices[:0]
        yield RootCause(code, translate(CATALOGUE[code].title), "", "", codes.count(code), rejected)


def _group_findings(findings: Findings, assessment: Assessment) -> RootCause:
    title, table = translate(CATALOGUE[findings.code].title), assessment.tables[findings.table]
    if findings.field in table:
        title = f"{title} ({table[findings.field].label})"
    parents = assessment.sheets.valid.find_invoices(findings.table)[findings.rows]
    return RootCause(
        findings.code,
        title,
        findings.table,
        findings.field,
        findings.affected_rows,
        np.unique(parents[parents >= 0]),
    )


def summarize_root_causes(assessment: Assessment, root_causes: list[RootCause]) -> str:
    """How many causes explain how many of the rejected invoices; empty when none was rejected.

    An invoice is explained by the causes that, once they are gone, leave no error on it.

    Args:
        assessment: the end of the line.
        root_causes: as `causes` gives them.
    """
    rejected = int(assessment.rejected.sum())
    last_rank = np.full(len(assessment.rejected), -1)
    for rank, cause in enumerate(cause for cause in root_causes if cause.code.startswith("E")):
        last_rank[cause.invoices] = rank
    ranks = last_rank[assessment.rejected & (last_rank >= 0)]
    if not len(ranks):
        return ""
    explained = np.cumsum(np.bincount(ranks))
    cause_count = int(np.argmax(explained * _EXPLAINED_SHARE[1] >= explained[-1] * _EXPLAINED_SHARE[0])) + 1
    return translate_count(
        cause_count,
        "{count} cause explains {explained} of {rejected} rejected invoices.",
        "{count} causes explain {explained} of {rejected} rejected invoices.",
        explained=format_number(int(explained[cause_count - 1])), rejected=format_number(rejected),
    )  # fmt: skip
