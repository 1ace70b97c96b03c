"""Issues: faults in the user's data, the catalogue of their codes, and how they travel.

In: nothing; stages create `Findings` and `SheetIssue`.
Out: `Issues`, and `CATALOGUE` to word them.
Never: a sentence made ready for a reader; reports fill the templates in the reader's language.
"""

from __future__ import annotations

from pipeline.issues.catalogue import CATALOGUE
from pipeline.issues.findings import Findings, Issues, SheetIssue, collect_findings
from pipeline.issues.types import Chapter, CopyLoss, IssueType, Level, Scope

__all__ = [
    "CATALOGUE",
    "Chapter",
    "CopyLoss",
    "Findings",
    "IssueType",
    "Issues",
    "Level",
    "Scope",
    "SheetIssue",
    "collect_findings",
]
