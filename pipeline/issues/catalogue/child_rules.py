"""Issues of rows of discounts, taxes, rates and contacts (codes 32x)."""

from __future__ import annotations

from functools import partial

from pipeline.issues.types import Chapter, IssueType

_issue = partial(IssueType, chapter=Chapter.ROWS)

CHILD_ISSUES = (
    _issue(
        code="E320",
        slug="item-not-there",
        title="A row of an item that is not there",
        template="The invoice has no item with the number {value}.",
        fix="Write the item's number into the column Item number of the sheet Items, or correct it here.",
        cause="The row names item 2, and the sheet Items numbers none so: perhaps its number is blank there.",
    ),
    _issue(
        code="E321",
        slug="discount-not-there",
        title="A tax of a discount that is not there",
        template="The item has no discount with the number {value}.",
        fix=(
            "Write the discount's number into the sheet Discounts, correct it here, or leave it blank to tax "
            "the item."
        ),
        cause="The tax names discount 2, and the sheet Discounts has none with that number for the item.",
    ),
    _issue(
        code="E322",
        slug="row-without-invoice",
        title="A row without an invoice",
        template="No invoice has the reference {value}.{near}",
        fix="Add the invoice, or correct the reference.",
        cause="The reference was mistyped on one side, or the invoice's row was deleted.",
    ),
    _issue(
        code="E323",
        slug="too-many-rows",
        title="Too many rows for one item, discount or invoice",
        template="This is number {place} of its kind where {limit} are allowed.",
        fix="Remove rows, or bring some of them together in one.",
        cause="The billing system takes only so many: 5 taxes for an item, for example.",
    ),
    _issue(
        code="E324",
        slug="stands-twice",
        title="A value that may stand once stands twice",
        template="{label} {value} stands twice where it may stand once.",
        fix="Remove one of the two rows, or correct it.",
        cause="A row was copied and its number, currency or role stayed.",
    ),
    _issue(
        code="E325",
        slug="taxed-in-two-ways",
        title="An item is taxed in two ways",
        template="The item has rows in the sheet Taxes, and {label} is {value} as well.",
        fix="Leave {label} blank where the taxes were computed elsewhere; or remove the rows in Taxes.",
        cause=(
            "Taxes were computed elsewhere and typed into the sheet Taxes, and the item asks the billing "
            "system to compute them too."
        ),
    ),
    _issue(
        code="E326",
        slug="discount-not-negative",
        title="A discount that is not negative",
        template="{label} is {value}; a discount is written as a negative amount.",
        fix="Write the discount with a minus in front, like -90.00.",
        cause="The discount was typed as 90.00: that would add to the invoice what was to be taken off.",
    ),
    _issue(
        code="E327",
        slug="discount-unnamed",
        title="A discount that says not what it is",
        template="The discount has neither a name nor a charge id.",
        fix="Fill in the discount name.",
        cause="Both columns that could name the discount are blank.",
    ),
    _issue(
        code="E328",
        slug="contact-in-two-ways",
        title="A contact is given in two ways",
        template=(
            "The invoice gives its {value} contact already: as a contact id, or as the same as the bill-to."
        ),
        fix="Keep the row in the sheet Contacts, or what the invoice says; not both.",
        cause="A new contact was typed into the sheet Contacts, and the invoice already has one by its id.",
    ),
    _issue(
        code="W320",
        slug="charge-names-discount",
        title="The charge's value will be billed, not the sheet's",
        template="{label} is {value}, but the discount has a charge id, whose own value will be billed.",
        fix="Nothing has to be done if that is right; else leave the charge id or this cell blank.",
        cause=(
            "A discount with a charge id takes name and SKU from the charge; what the sheet says is passed "
            "over."
        ),
    ),
)
