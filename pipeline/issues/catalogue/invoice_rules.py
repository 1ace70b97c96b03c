"""Issues of invoices and their items, each by a rule of `schemas.rules` (codes 30x and 31x)."""

from __future__ import annotations

from functools import partial

from pipeline.issues.types import Chapter, IssueType

_issue = partial(IssueType, chapter=Chapter.ROWS)

INVOICE_ISSUES = (
    _issue(
        code="E301",
        slug="account-missing",
        title="An invoice without an account",
        template="The invoice has neither an account number nor an account id.",
        fix="Fill in the account number (or the account id).",
        cause="Both columns of the account are blank, so nobody would be billed.",
    ),
    _issue(
        code="E302",
        slug="amount-missing",
        title="An item without an amount",
        template="The item has no amount, and it cannot be computed: quantity and unit price are needed.",
        fix="Fill in the amount, or quantity and unit price.",
        cause=(
            "The amount is blank and so is the quantity or the unit price: there is nothing to compute it "
            "from."
        ),
    ),
    _issue(
        code="E303",
        slug="charge-name-missing",
        title="An item that says not what is sold",
        template="The item has neither a charge name nor a charge id nor a catalog SKU.",
        fix="Fill in the charge name, or look the product up with its catalog SKU.",
        cause="All three columns that could name the product are blank.",
    ),
    _issue(
        code="E304",
        slug="amount-mismatch",
        title="An amount is not quantity times unit price",
        template="{label} is {value}, but quantity times unit price, rounded to the currency, is {expected}.",
        fix="Correct the amount, the quantity or the unit price; or leave the amount blank.",
        cause="The quantity was changed and the amount was not: 3 at 1,200.00 are 3,600.00, not 3,900.00.",
    ),
    _issue(
        code="E305",
        slug="due-before-invoice",
        title="Due before the invoice date",
        template="{label} {value} lies before the invoice date {expected}.",
        fix="Correct one of the two dates.",
        cause="The month or year of one date was mistyped, or the two columns were swapped.",
    ),
    _issue(
        code="E306",
        slug="service-ends-early",
        title="A service ends before it starts",
        template="{label} {value} lies before the service start date {expected}.",
        fix="Correct one of the two dates.",
        cause="The month or year of one date was mistyped, or the two columns were swapped.",
    ),
    _issue(
        code="E307",
        slug="reference-twice",
        title="An invoice reference stands twice",
        template="The invoice reference {value} stands on more than one invoice.",
        fix="Give every invoice its own reference, or remove the surplus row.",
        cause=(
            "A row was copied and its reference stayed, so that it cannot be told which items belong to "
            "which invoice."
        ),
    ),
    _issue(
        code="E308",
        slug="item-without-invoice",
        title="An item without an invoice",
        template="No invoice has the reference {value}.{near}",
        fix="Add the invoice, or correct the reference.",
        cause=(
            "The reference was mistyped on one side, like 2026-1099 for 2026-1009, or the invoice's row was "
            "deleted."
        ),
    ),
    _issue(
        code="E309",
        slug="invoice-without-items",
        title="An invoice without items",
        template="The invoice {value} has no items.",
        fix="Add its items, or remove the invoice.",
        cause="The items were forgotten, or they bear another reference.",
    ),
    _issue(
        code="E310",
        slug="too-many-items",
        title="An invoice with too many items",
        template="The invoice {value} has {items} items; {limit} are allowed.",
        fix="Split the invoice.",
        cause=(
            "A whole year or a whole company was put on one invoice; the billing system takes only so many "
            "items."
        ),
    ),
    _issue(
        code="E311",
        slug="total-negative",
        title="A negative invoice total",
        template="Invoice {value} comes to {total}; a negative invoice cannot be created.",
        fix="Bring credits in as credit memos, not here.",
        cause="Credits are larger than what is billed, like 450.00 against 900.00 taken back.",
    ),
    _issue(
        code="E312",
        slug="amount-negative",
        title="A negative item",
        template="{label} is {value}; negative items are not allowed.",
        fix=(
            "Bring credits in as credit memos, or allow negative items in the settings "
            "(allow_negative_items)."
        ),
        cause="A credit or a correction was put among the items with a minus.",
    ),
    _issue(
        code="E313",
        slug="item-number-twice",
        title="An item number stands twice in an invoice",
        template="The item number {value} stands twice in the invoice.",
        fix="Number the items of an invoice differently, or leave the numbers blank.",
        cause="A row was copied and its number stayed.",
    ),
    _issue(
        code="E314",
        slug="currency-missing",
        title="An invoice without a currency",
        template="{label} is blank and no default currency is set.",
        fix="Fill in the currency, or set default_currency in the settings.",
        cause="The cell is blank, and neither the account list nor a setting says which currency is meant.",
    ),
    _issue(
        code="E315",
        slug="contacts-contradict",
        title="A contact is given in two ways",
        template="{label} says yes, but a contact id is given as well: {other}.",
        fix="Keep the contact id or the yes, not both.",
        cause="The same contact is asked for twice: with an id, and as the same as the bill-to contact.",
    ),
    _issue(
        code="E316",
        slug="invoice-number-twice",
        title="An invoice number stands twice",
        template="The invoice number {value} stands on more than one invoice.",
        fix="Give every invoice its own number, or leave the numbers blank.",
        cause="A row was copied and its invoice number stayed; the billing system takes each number once.",
    ),
    _issue(
        code="E317",
        slug="reference-no-number",
        title="A reference that cannot be an invoice number",
        template=(
            "The reference is to be the invoice number, but {value} is not {form} (at most {max_length})."
        ),
        fix="Change the reference, give an invoice number, or change the setting invoice_number.",
        cause=(
            'The setting invoice_number makes the reference the number, and "March, Miller" has a comma and '
            "a blank."
        ),
    ),
    _issue(
        code="W301",
        slug="same-as-bill-to-idle",
        title="A yes that has no effect",
        template="{label} says yes, but no bill-to contact is given, so it has no effect.",
        fix="Give the bill-to contact, or leave the cell blank.",
        cause='"The same as the bill-to contact" needs a bill-to contact to be the same as.',
    ),
    _issue(
        code="W304",
        slug="amount-differs",
        title="An amount is not quantity times unit price",
        template="{label} is {value}, but quantity times unit price, rounded to the currency, is {expected}.",
        fix="Look whether the amount is meant; the settings (amount_mismatch) let it pass.",
        cause=(
            "The quantity was changed and the amount was not, and the setting amount_mismatch lets that pass."
        ),
    ),
)
