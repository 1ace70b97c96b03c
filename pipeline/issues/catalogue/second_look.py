"""Warnings of the review: near-duplicates, outliers, overlapping periods (codes 8xx)."""

from __future__ import annotations

from functools import partial

from pipeline.issues.types import Chapter, IssueType

_issue = partial(IssueType, chapter=Chapter.REVIEW)

REVIEW_ISSUES = (
    _issue(
        code="W801",
        slug="invoice-like-another",
        title="An invoice very like another",
        template=(
            "The invoice {value} has the account, currency, amount ({amount}) and nearly the date of {other} "
            "of {date}{where}."
        ),
        fix="Look whether the two are one and the same; the setting is near_duplicate_days.",
        cause=(
            "The same was typed twice under two references, or two invoices are really alike, like a monthly "
            "fee."
        ),
    ),
    _issue(
        code="W802",
        slug="amount-unusual",
        title="An amount far from what the account is usually billed",
        template=(
            "The invoice {value} comes to {amount}; the middle one of {count} earlier invoices of this "
            "account is {usual}."
        ),
        fix="Look whether the amount is meant; the setting is unusual_factor.",
        cause="A decimal point was lost, like 90,000 for 900.00, or the customer really bought more.",
    ),
    _issue(
        code="W803",
        slug="period-billed",
        title="A period of service that is billed already",
        template="The period from {value} overlaps one of the same account and product on {other}{where}.",
        fix="Look whether the period is meant to be billed twice.",
        cause="The month was billed before, in an earlier file, or the period was copied and not moved on.",
    ),
    _issue(
        code="W804",
        slug="period-closed",
        title="An invoice date in a closed period",
        template="{label} is {value}; the books are closed through {closed}.",
        fix="Give a later date, or change the setting closed_through.",
        cause="The date was copied from last month, or the invoice comes late.",
    ),
    _issue(
        code="E804",
        slug="closed-period-refused",
        title="An invoice date in a closed period",
        template="{label} is {value}; the books are closed through {closed}.",
        fix="Give a later date, or change the settings closed_through and closed_period.",
        cause="The date was copied from last month, or the invoice comes late, and the settings refuse it.",
    ),
    _issue(
        code="W805",
        slug="price-unusual",
        title="A price away from the catalog's",
        template="{label} is {value}, but the catalog's price of {product} is {expected}.",
        fix="Look whether the price is agreed; the setting is price_tolerance.",
        cause="A price was agreed with this customer, or it was mistyped, or the catalog is old.",
    ),
    _issue(
        code="W806",
        slug="payment-at-once",
        title="Money will be taken from customers at once",
        template=(
            "The invoice {value} and all like it are posted with auto pay: the customers' payment methods "
            "are charged."
        ),
        fix="Let a person look before it is sent, or set the status to Draft or auto pay to no.",
        cause=(
            "The columns say Posted and auto pay: as soon as the invoice is sent, the customer's card or "
            "account is charged."
        ),
    ),
    _issue(
        code="W807",
        slug="rounding-tolerated",
        title="An amount that differs by rounding",
        template=(
            "{label} is {value}, quantity times unit price is {expected}; the difference is within the "
            "tolerance."
        ),
        fix="Nothing has to be done; the setting is amount_tolerance.",
        cause="The amount was computed from a price with more decimals than the sheet gives.",
    ),
    _issue(
        code="W808",
        slug="rejected-unchanged",
        title="An invoice that was rejected before and comes back unchanged",
        template="The invoice {value} was rejected before and says exactly the same again{now}.",
        fix="Look whether the right file was handed in: the corrected one, not the one before.",
        cause="The file from before the correction was handed in again.",
    ),
)
