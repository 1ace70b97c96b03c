"""The text of `explain CODE`: what an issue means, its cause, its effect and its fix.

In: a code, as a person types it; the record of its issue type.
Out: text in the language in use, or values for JSON.
Never: says anything of an issue that its record does not say.
"""

from __future__ import annotations

from difflib import get_close_matches

from pipeline.errors import UsageError
from pipeline.i18n import PLACEHOLDER, translate
from pipeline.issues import CATALOGUE, IssueType, Level, Scope

_OPTIONAL_PLACEHOLDERS = {"readings", "near", "declared"}
"""Placeholders that are filled with a clause of their own, or with nothing."""


def find_issue_type(code: str) -> IssueType:
    """Return the issue type of a code or slug, in any case.

    Args:
        code: or slug, as typed.

    Raises:
        UsageError: there is none; the message suggests the nearest.
    """
    known = {**CATALOGUE, **{kind.slug: kind for kind in CATALOGUE.values()}}
    for name, kind in known.items():
        if name.casefold() == code.casefold():
            return kind
    near = get_close_matches(code, known, 1)
    raise UsageError(
        translate(
            "There is no issue {code}. Did you mean {near}?" if near else "There is no issue {code}.",
            code=code,
            near="".join(near),
        )
    )


def explain_issue(kind: IssueType) -> str:
    """Return the explanation of an issue type, in the reader's language.

    Args:
        kind: of the catalogue.
    """
    sentence = _elide_placeholders(translate(kind.template))
    fix = translate("Fix: {fix}", fix=_elide_placeholders(translate(kind.fix)))
    paragraphs = (
        f"{kind.code} {kind.slug}\n{translate(kind.title)}",
        f"{sentence}\n{translate(kind.cause)}\n{describe_effect(kind)}",
        fix,
    )
    return "\n\n".join(paragraphs) + "\n"


def _elide_placeholders(text: str) -> str:
    """Put an ellipsis where a template waits for what was found."""
    return PLACEHOLDER.sub(lambda match: "" if match[1] in _OPTIONAL_PLACEHOLDERS else "…", text)


def describe_effect(kind: IssueType) -> str:
    """Return what an issue does to the invoice, the file or the run.

    Args:
        kind: of the catalogue.
    """
    if kind.level is Level.WARNING:
        return translate("A warning: the invoice is accepted all the same.")
    match kind.scope:
        case Scope.FILE:
            return translate("An error: every invoice is rejected, because the file itself is at fault.")
        case Scope.LIST:
            return translate("An error: the list is not loaded, and the one in use stays.")
        case Scope.CONTROL:
            return translate("An error: nothing is prepared, whatever the invoices are like.")
        case _:
            return translate("An error: the whole invoice is rejected.")


def export_issue_type(kind: IssueType) -> dict[str, str]:
    """Return an issue type for machines, its texts in the reader's language."""
    texts = {name: translate(getattr(kind, name)) for name in ("title", "template", "fix", "cause")}
    return {"code": kind.code, "slug": kind.slug, "level": str(kind.level), **texts}
