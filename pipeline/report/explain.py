"""What `explain CODE` says."""

from __future__ import annotations

from difflib import get_close_matches

from pipeline.errors import UsageError
from pipeline.issues import CATALOGUE, IssueType


def issue_type(code: str) -> IssueType:
    """The issue type of a code or slug, in any case.

    Raises:
        UsageError: there is none; the nearest is named.
    """
    known = {**CATALOGUE, **{each.slug: each for each in CATALOGUE.values()}}
    for name, kind in known.items():
        if name.casefold() == code.casefold():
            return kind
    near = get_close_matches(code, known, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UsageError(f"There is no issue {code}.{hint}")


def explained(kind: IssueType) -> str:
    """An issue type for people."""
    consequence = (
        "An error: the whole invoice is rejected."
        if kind.level == "error"
        else "A warning: the invoice is accepted all the same."
    )
    return f"{kind.code} {kind.slug}\n{kind.title}\n\n{kind.template}\n{consequence}\n\nFix: {kind.fix}\n"
