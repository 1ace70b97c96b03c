"""Root causes: the codes and columns that explain most of the rejected invoices.

In: the assessment.
Out: a `RootCause` for each code and column, and a sentence on how few explain how much.
Never: counts an invoice as explained while another error is left on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import format_number, translate, translate_count
from pipeline.issues import CATALOGUE, Findings, Level
from pipeline.model.indices import Positions

_EXPLAINED_SHARE = 9, 10
"""The share of the rejected invoices that the causes named first explain, as a fraction."""


@dataclass(frozen=True)
class RootCause:
    """The issues of one code in one column, with the invoices that have them.

    Attributes:
        code: of the catalogue.
        title: what is wrong, with the column.
        table: the table's name; empty for a fault of a sheet or file.
        field: the field's name; empty when the row or sheet as a whole is meant.
        issue_count: the number of rows that have it.
        invoices: positions of the invoices that have it.
    """

    code: str
    title: str
    table: str
    field: str
    issue_count: int
    invoices: Positions


def find_root_causes(assessment: Assessment) -> list[RootCause]:
    """Return every cause: errors first, then those with the most invoices.

    Args:
        assessment: what is known at the end of a check.
    """
    root_causes = [
        *_group_sheet_issues(assessment),
        *(_group_findings(findings, assessment) for findings in assessment.issues.findings),
    ]
    return sorted(
        root_causes,
        key=lambda cause: (not _is_error(cause.code), -len(cause.invoices), cause.code, cause.field),
    )


def _is_error(code: str) -> bool:
    return CATALOGUE[code].level is Level.ERROR


def _group_sheet_issues(assessment: Assessment) -> Iterator[RootCause]:
    codes = [issue.code for issue in assessment.issues.sheet_issues]
    all_invoices = np.arange(len(assessment.rejected))
    for code in dict.fromkeys(codes):
        rejected = all_invoices if _is_error(code) else all_invoices[:0]
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
    """Say how many causes explain how many of the rejected invoices; empty if none was rejected.

    An invoice is explained once the causes counted so far leave no other error on it.

    Args:
        assessment: what is known at the end of a check.
        root_causes: as `find_root_causes` returns them.
    """
    rejected = int(assessment.rejected.sum())
    last_rank = np.full(len(assessment.rejected), -1)
    errors = [cause for cause in root_causes if _is_error(cause.code)]
    for rank, cause in enumerate(errors):
        # later causes overwrite earlier ones: the last error of an invoice is the one that explains it whole
        last_rank[cause.invoices] = rank
    ranks = last_rank[assessment.rejected & (last_rank >= 0)]
    if not len(ranks):
        return ""
    explained = np.cumsum(np.bincount(ranks))
    # in whole numbers: a share as a float could miss the exact tenth
    cause_count = int(np.argmax(explained * _EXPLAINED_SHARE[1] >= explained[-1] * _EXPLAINED_SHARE[0])) + 1
    return translate_count(
        cause_count,
        "{count} cause explains {explained} of {rejected} rejected invoices.",
        "{count} causes explain {explained} of {rejected} rejected invoices.",
        explained=format_number(int(explained[cause_count - 1])),
        rejected=format_number(rejected),
    )
