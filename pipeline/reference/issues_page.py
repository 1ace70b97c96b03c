"""The page of all issues, docs/issues.md, made from the catalogue.

In: the catalogue.
Out: the page in Markdown.
Never: leaves a code out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pipeline.issues import CATALOGUE, IssueType
from pipeline.reference.explain import describe_effect


def build_issues_page() -> str:
    """Return every issue type by chapter and code, as Markdown in English."""
    lines = [
        "# Issues",
        "",
        "Everything a check may find, by code; `invoice-import explain CODE` says the same. Words in braces",
        "stand for what was found: `{label}` is the column's header, `{value}` the cell's value.",
    ]
    by_chapter = sorted(CATALOGUE.values(), key=lambda kind: (kind.chapter.number, kind.code))
    for chapter, kinds in groupby(by_chapter, key=lambda kind: kind.chapter):
        lines += ["", f"## {chapter.title}"]
        for kind in kinds:
            lines += _iter_section(kind)
    return "\n".join(lines) + "\n"


def _iter_section(kind: IssueType) -> Iterator[str]:
    yield from ("", f"### {kind.code} {kind.slug}: {kind.title}", "", f"> {kind.template}", "", kind.cause)
    yield f"{describe_effect(kind)} **Fix:** {kind.fix}"
