"""The catalogue of issue codes: one record per code, one module per chapter or part of it.

In: nothing.
Out: `CATALOGUE`, every `IssueType` by code.
Never: a fact about a code elsewhere than in its record. Rules (`schemas.rules`), cell checks
(`schemas.checks`) and targets (`schemas.targets`) refer to a code; what it means is said here alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.issues.catalogue.catalog_and_accounts import LIST_ISSUES
from pipeline.issues.catalogue.cells_and_values import CELL_ISSUES
from pipeline.issues.catalogue.change_rules import CHANGE_ISSUES
from pipeline.issues.catalogue.child_rules import CHILD_ISSUES
from pipeline.issues.catalogue.control_and_templates import CONTROL_ISSUES
from pipeline.issues.catalogue.files_and_headers import FILE_ISSUES
from pipeline.issues.catalogue.invoice_rules import INVOICE_ISSUES
from pipeline.issues.catalogue.ledger_and_policy import LEDGER_ISSUES
from pipeline.issues.catalogue.second_look import REVIEW_ISSUES
from pipeline.issues.catalogue.target_limits import TARGET_ISSUES
from pipeline.issues.types import IssueType


def _iter_issue_types() -> Iterator[IssueType]:
    yield from FILE_ISSUES
    yield from CELL_ISSUES
    yield from INVOICE_ISSUES
    yield from CHILD_ISSUES
    yield from CHANGE_ISSUES
    yield from TARGET_ISSUES
    yield from LIST_ISSUES
    yield from LEDGER_ISSUES
    yield from CONTROL_ISSUES
    yield from REVIEW_ISSUES


CATALOGUE: Mapping[str, IssueType] = {kind.code: kind for kind in _iter_issue_types()}
"""Every issue type by its code."""
