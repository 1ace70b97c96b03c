"""What `explain CODE` says."""

from __future__ import annotations

from difflib import get_close_matches

from pipeline.errors import UsageError
from pipeline.issues import CATALOGUE, IssueType
from pipeline.language import HOLE, say
from pipeline.report.why import WHY

_PERHAPS = {"readings", "near", "declared"}
"""Holes that are filled with a clause of their own, or with nothing."""

_CHAPTERS = {
    "1": "Files, sheets and headers",
    "2": "Cells",
    "3": "Rows and invoices",
    "4": "Catalog and accounts",
    "5": "Ledger and policy",
    "6": "Control totals and templates",
    "8": "A second look",
}


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
    raise UsageError(
        say(
            "There is no issue {code}. Did you mean {near}?" if near else "There is no issue {code}.",
            code=code, near="".join(near),
        )
    )  # fmt: skip


def explained(kind: IssueType) -> str:
    """An issue type for people."""
    title, sentence = say(kind.title), _open(say(kind.template))
    fix = say("Fix: {fix}", fix=_open(say(kind.fix)))
    return (
        f"{kind.code} {kind.slug}\n{title}\n\n{sentence}\n{say(WHY[kind.code])}\n{_effect(kind)}\n\n{fix}\n"
    )


def _open(text: str) -> str:
    """A text whose holes wait to be filled, for people: an ellipsis stands for what was found."""
    return HOLE.sub(lambda hole: "" if hole[1] in _PERHAPS else "…", text)


def _effect(kind: IssueType) -> str:
    """What becomes of the invoice."""
    if kind.level == "warning":
        return say("A warning: the invoice is accepted all the same.")
    if (kind.code.startswith("E10") and kind.code != "E106") or kind.code == "E352":
        return say("An error: every invoice is rejected, because the file itself is at fault.")
    if kind.code in ("E410", "E411", "E412"):
        return say("An error: the list is not loaded, and the one in use stays.")
    if kind.code.startswith("E60"):
        return say("An error: nothing is prepared, whatever the invoices are like.")
    return say("An error: the whole invoice is rejected.")


def catalogue() -> str:
    """Every issue type as a page in Markdown."""
    lines = [
        "# Issues",
        "",
        "Everything a check may find, by code; `invoice-import explain CODE` says the same. Words in braces",
        "stand for what was found: `{label}` is the column's header, `{value}` the cell's value.",
    ]
    chapter = ""
    for kind in sorted(CATALOGUE.values(), key=lambda each: (each.code[1:2], each.code)):
        if chapter != kind.code[1]:
            chapter = kind.code[1]
            lines += ["", f"## {_CHAPTERS[chapter]}"]
        lines += [
            "",
            f"### {kind.code} {kind.slug}: {kind.title}",
            "",
            f"> {kind.template}",
            "",
            WHY[kind.code],
        ]
        lines += [f"{_effect(kind)} **Fix:** {kind.fix}"]
    return "\n".join(lines) + "\n"
