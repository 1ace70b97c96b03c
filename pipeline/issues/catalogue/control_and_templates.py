"""Issues of control totals and of templates (codes 6xx)."""

from __future__ import annotations

from functools import partial

from pipeline.issues.types import Chapter, IssueType, Scope

_issue = partial(IssueType, chapter=Chapter.CONTROL)

CONTROL_ISSUES = (
    _issue(
        code="E601",
        slug="control-differs",
        title="What was expected is not what was read",
        template="{measure}{of}: {expected} expected, {found} read; {difference}.",
        fix="Look for rows that were lost, added or changed since the total was taken; or correct the total.",
        cause=(
            "The file was cut off in transfer, a filter hid rows when the total was taken, or a row was "
            "changed since."
        ),
        scope=Scope.CONTROL,
    ),
    _issue(
        code="E602",
        slug="control-computed",
        title="A control total that is computed",
        template="{label} holds a formula: it would agree with whatever stands in the sheet.",
        fix="Type the number you expect, from your own books.",
        cause=(
            "The expected number was linked to the sheet with =SUM(...): it changes with every row that is "
            "lost."
        ),
        scope=Scope.CONTROL,
    ),
    _issue(
        code="E603",
        slug="control-unclear",
        title="A control total that says not what it is of",
        template=(
            "An amount needs its currency, and a number of invoices or items has none: the currency is "
            "{value}."
        ),
        fix="Fill in the currency beside Amount, and leave it blank beside Invoices and Items.",
        cause="An amount was typed without its currency, or a currency beside a number of invoices.",
        scope=Scope.CONTROL,
    ),
    _issue(
        code="E604",
        slug="control-missing",
        title="No control totals were given",
        template=(
            "The settings (require_control) demand control totals, and neither sheet nor file nor command "
            "has any."
        ),
        fix=(
            "Fill in the Control sheet, put a control file beside the CSV, or use --expect-count or "
            "--expect-total."
        ),
        cause="A CSV file that was cut off looks like a shorter one; only a total from elsewhere can tell.",
        scope=Scope.CONTROL,
    ),
    _issue(
        code="W601",
        slug="template-differs",
        title="Made from another template",
        template=(
            "The workbook was made from the template {value}; it is {current} now, so columns or limits "
            "differ."
        ),
        fix="If anything is refused, copy your rows into a new template: invoice-import template.",
        cause="Columns or limits changed since the template was made, or it was made with other settings.",
    ),
)
