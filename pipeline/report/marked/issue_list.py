"""The content of the Issues sheet: what became of the invoices, causes, each issue, how to go on.

In: the assessment, its root causes, and the issues that are marked.
Out: an `IssueList`, in the language in use.
Never: knows how it is written into a workbook.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import format_number, translate
from pipeline.report.marked import uncertain_rows
from pipeline.report.marked.annotations import CauseEntry, IssueEntry, IssueList
from pipeline.report.root_causes import RootCause, summarize_root_causes


def build_issue_list(
    causes: Sequence[RootCause], entries: Sequence[IssueEntry], sentences: Sequence[str]
) -> IssueList:
    """Return a list of issues, those of a cause together.

    Args:
        causes: the commonest first.
        entries: the issues.
        sentences: what is said before them.
    """
    rank: dict[str, int] = {}
    for index, cause in enumerate(causes):
        rank.setdefault(cause.code, index)
    fixes: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        fixes[entry.code].add(entry.fix)
    cause_entries = tuple(
        CauseEntry(
            cause.code,
            cause.title,
            _summarise_fixes(fixes[cause.code]),
            cause.issue_count,
            len(cause.invoices),
        )
        for cause in causes
    )
    # `sorted` is stable: within a cause the issues stay in the order of the sheet
    ordered = sorted(entries, key=lambda entry: rank.get(entry.code, 0))
    return IssueList(tuple(sentences), cause_entries, tuple(ordered))


def _summarise_fixes(fixes: Collection[str]) -> str:
    return next(iter(fixes)) if len(fixes) == 1 else translate("Each line below says what to do.")


def describe_outcome(assessment: Assessment) -> str:
    """Return how many invoices were accepted, rejected and skipped.

    Args:
        assessment: what is known at the end of a check.
    """
    balance = assessment.balance
    counts = {"accepted": balance.accepted, "rejected": balance.rejected, "skipped": balance.skipped}
    parts = [f"{format_number(count.invoices)} {translate(state)}" for state, count in counts.items()]
    return translate("Invoices: {shares}.", shares=", ".join(parts))


def describe_rejected(assessment: Assessment) -> Iterator[str]:
    """Yield what a workbook of rejected invoices holds.

    Args:
        assessment: what is known at the end of a check.
    """
    yield translate(
        "Rejected invoices, each with all its items, also those that are right: {count}.",
        count=format_number(assessment.balance.rejected.invoices),
    )
    if orphans := int((assessment.sheets.valid.invoice_of_item < 0).sum()):
        yield translate("Items without an invoice: {count}.", count=format_number(orphans))


def describe_next_steps(
    assessment: Assessment,
    causes: list[RootCause],
    marked_and_total: tuple[int, int],
    hidden: Collection[str],
) -> Iterator[str]:
    """Yield where to begin, how to go on, and what is not shown.

    Args:
        assessment: what is known at the end of a check.
        causes: the commonest first.
        marked_and_total: how many issues are marked, and how many there are.
        hidden: codes of the faults that the workbook cannot show.
    """
    if summary := summarize_root_causes(assessment, causes):
        yield summary
    yield translate(
        "Red cells are errors, yellow ones are warnings; each has a comment. Correct them here and hand in"
        " this workbook again: what a run has accepted is skipped then."
    )
    if len(uncertain_rows.find_uncertain_invoices(assessment, hidden)):
        yield translate(
            'A value that begins with "{mark}" belongs to an invoice of which a row is in doubt; its reason'
            ' says why. Put the row right, then take the "{mark}" away.',
            mark=uncertain_rows.UNCERTAIN_MARK,
        )
    yield translate("This sheet and the columns that start with # are ignored; they may stay.")
    marked_count, issue_count = marked_and_total
    if marked_count < issue_count:
        yield translate(
            "Of {faults} faults {told} are marked and listed here; issues.csv lists them all.",
            faults=format_number(issue_count),
            told=format_number(marked_count),
        )
