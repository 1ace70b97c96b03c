"""What `explain CODE` says."""

from __future__ import annotations

from difflib import get_close_matches

from pipeline.errors import UsageError
from pipeline.i18n import PLACEHOLDER, translate
from pipeline.issues import CATALOGUE, IssueType
from pipeline.report.why import WHY

_OPTIONAL_PLACEHOLDERS = {"readings", "near", "declared"}
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


def find_issue_type(code: str) -> IssueType:
    """The issue type of a code or slug, in any case.

    Raises:
        UsageError: there is none; the nearest is named.
    """
    known = {**CATALOGUE, **{kind.slug: kind for kind in CATALOGUE.values()}}
    for name, kind in known.items():
        if name.casefold() == code.casefold():
            return kind
    near = get_close_matches(code, known, 1)
    raise UsageError(
        translate(
            "There is no issue {code}. Did you mean {near}?" if near else "There is no issue {code}.",
            code=code, near="".join(near),
        )
    )  # fmt: skip


def explain_issue(kind: IssueType) -> str:
    """An issue type for people."""
    title, sentence = translate(kind.title), _fill_placeholders(translate(kind.template))
    fix = translate("Fix: {fix}", fix=_fill_placeholders(translate(kind.fix)))
    return f"{kind.code} {kind.slug}\n{title}\n\n{sentence}\n{translate(WHY[kind.code])}\n{_describe_effect(kind)}\n\n{fix}\n"


def _fill_placeholders(text: str) -> str:
    """A text whose holes wait to be filled, for people: an ellipsis stands for what was found."""
    return PLACEHOLDER.sub(lambda hole: "" if hole[1] in _OPTIONAL_PLACEHOLDERS else "…", text)


def _describe_effect(kind: IssueType) -> str:
    """What becomes of the invoice."""
    if kind.level == "warning":
        return translate("A warning: the invoice is accepted all the same.")
    if (kind.code.startswith("E10") and kind.code != "E106") or kind.code == "E352":
        return translate("An error: every invoice is rejected, because the file itself is at fault.")
    if kind.code in ("E410", "E411", "E412"):
        return translate("An error: the list is not loaded, and the one in use stays.")
    if kind.code.startswith("E60"):
        return translate("An error: nothing is prepared, whatever the invoices are like.")
    return translate("An error: the whole invoice is rejected.")


def build_issues_page() -> str:
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
        lines += [f"{_describe_effect(kind)} **Fix:** {kind.fix}"]
    return "\n".join(lines) + "\n"
