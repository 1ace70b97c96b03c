"""Issues of what a target cannot take, and of its API's refusals (codes 34x to 36x)."""

from __future__ import annotations

from functools import partial

from pipeline.issues.types import Chapter, IssueType, Scope

_issue = partial(IssueType, chapter=Chapter.ROWS)

TARGET_ISSUES = (
    _issue(
        code="E352",
        slug="column-refused",
        title="A column that this target cannot take",
        template=(
            "The target has no place for the column {value} of {table}; without it something else would be "
            "billed."
        ),
        fix="Empty the column if it is not needed, or start its header with # to leave it out knowingly.",
        cause=(
            "The sheet was made for another billing system, which takes a tax code, say; here the invoice "
            "would come without it."
        ),
        scope=Scope.FILE,
    ),
    _issue(
        code="E351",
        slug="total-too-large",
        title="An invoice total that cannot be stored",
        template=(
            "The items of invoice {value} sum up to {total}; in the unit that is sent, that is more than can "
            "be stored."
        ),
        fix="Split the invoice, or look whether an amount or the setting money_unit is wrong.",
        cause="A price was typed in cents that is taken for whole units, or the amount is a mistake.",
    ),
    _issue(
        code="E340",
        slug="sheet-refused",
        title="A sheet that this target cannot take",
        template="The target has no place for the sheet {value}; without it something else would be billed.",
        fix="Remove the sheet if it is not meant, or choose the target that takes it.",
        cause="A workbook made for one target, with discounts or taxes, was handed in for another.",
        scope=Scope.SHEET,
    ),
    _issue(
        code="E361",
        slug="api-refused",
        title="Refused by the billing system",
        template="The billing system refused {value}: {message}.",
        fix="Correct what it says and hand the invoice in again; it was not created.",
        cause=(
            "The billing system knows more than the sheet: a closed period, say, or an account that was "
            "cancelled."
        ),
    ),
    _issue(
        code="E362",
        slug="api-access",
        title="Refused because of credentials, permissions or the address",
        template="The billing system did not let {value} in: {message}.",
        fix=(
            "Have the credentials, the permissions or the address of the API corrected; the sheet need not "
            "change."
        ),
        cause="A token has expired, the user lacks a permission, or the address is that of another tenant.",
    ),
    _issue(
        code="E363",
        slug="api-busy",
        title="Not taken because the billing system was busy",
        template="The billing system did not take {value} now: {message}.",
        fix="Send it again later; nothing has to be corrected.",
        cause="Too many requests came at once, or the billing system was being maintained.",
    ),
    _issue(
        code="E364",
        slug="api-in-doubt",
        title="It is not known whether the billing system took it",
        template="Whether the billing system took {value} is not known: {message}.",
        fix="Look in the billing system before anything is sent again.",
        cause="The connection broke after the request was sent and before the answer came.",
    ),
)
