"""Issues of the ledger of earlier runs, and of the acceptance policy (codes 5xx)."""

from __future__ import annotations

from functools import partial

from pipeline.issues.types import Chapter, IssueType

_issue = partial(IssueType, chapter=Chapter.LEDGER)

LEDGER_ISSUES = (
    _issue(
        code="E501",
        slug="reference-conflict",
        title="An invoice that exists already with other content",
        template="The invoice {value} was prepared by run {run} with other content.",
        fix="Withdraw the old one first (invoice-import discard {named}), or give this one a new reference.",
        cause="A corrected file came after the first was prepared: both would bill the same.",
    ),
    _issue(
        code="E502",
        slug="policy-all-or-nothing",
        title="Rejected because another invoice is",
        template=(
            "The invoice {value} is without fault, but others are rejected and the policy is all-or-nothing."
        ),
        fix="Correct the other invoices, or run with --policy whole-invoices.",
        cause="All invoices were to be taken or none, and one of the others has a fault.",
    ),
)
