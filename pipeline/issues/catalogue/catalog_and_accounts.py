"""Issues of the product catalog and the account list, and of look-ups in them (codes 4xx)."""

from __future__ import annotations

from functools import partial

from pipeline.issues.types import Chapter, IssueType, Scope

_issue = partial(IssueType, chapter=Chapter.LISTS)

LIST_ISSUES = (
    _issue(
        code="W412",
        slug="column-left-out",
        title="A column that is not sent",
        template="The target has no place for the column {value} of {table}: what stands in it is not sent.",
        fix="Nothing has to be done if that is right; a header that starts with # is not told again.",
        cause="The sheet was made for another billing system, which takes this column; here it has no place.",
        scope=Scope.FILE,
    ),
    _issue(
        code="E401",
        slug="sku-unknown",
        title="A catalog SKU is unknown",
        template="The catalog has no SKU {value}.{near}",
        fix="Correct the SKU, or load the product into the catalog.",
        cause=(
            "The SKU was mistyped, like SUP-10O with the letter O for a zero, or the product is newer than "
            "the catalog."
        ),
    ),
    _issue(
        code="E402",
        slug="charge-unknown",
        title="A charge id is unknown",
        template="The catalog has no charge {value}.{near}",
        fix="Correct the charge id, or load the charge into the catalog.",
        cause="The id was cut off when it was copied, or the charge is newer than the catalog.",
    ),
    _issue(
        code="E403",
        slug="charge-expired",
        title="A charge is not valid at the date of service",
        template="{label} {value} is not valid on the service start date {date}; it is valid {validity}.",
        fix="Take the charge that is valid then, or correct the date.",
        cause="Last year's price was used for this year's service, or the other way round.",
    ),
    _issue(
        code="E404",
        slug="sku-ambiguous",
        title="A catalog SKU names several charges",
        template="The catalog SKU {value} names several charges: {near}.",
        fix="Give the charge id instead of the SKU.",
        cause=(
            "The product has several charges, like one for 1 m and one for 5 m of cable, and the SKU stands "
            "for all of them."
        ),
    ),
    _issue(
        code="E405",
        slug="charge-model-unusable",
        title="A charge that cannot be put on an invoice",
        template=(
            "{label} {value} has the charge model {model}; only {models} can be put on an invoice.{near}"
        ),
        fix="Take another charge of the product.",
        cause=(
            "Tiered and usage charges have no single price, so that no single item can be billed with them."
        ),
    ),
    _issue(
        code="E406",
        slug="sku-charge-differ",
        title="Catalog SKU and charge id do not belong together",
        template="The catalog SKU is {value}, but the charge id belongs to the SKU {expected}.",
        fix="Correct one of the two, or leave one blank.",
        cause="One of the two was copied from another row.",
    ),
    _issue(
        code="E407",
        slug="sku-in-wrong-column",
        title="A product of the catalog in the free SKU column",
        template=(
            "The SKU {value} is a product of the catalog; the free SKU must differ from every product's."
        ),
        fix="Move it to the column {column}.",
        cause=(
            "SUP-100 was typed into the column SKU, which is for what is not in the catalog, instead of "
            "Catalog SKU."
        ),
    ),
    _issue(
        code="E408",
        slug="catalog-missing",
        title="No catalog is loaded",
        template="The catalog SKU {value} cannot be looked up: no catalog is loaded.",
        fix="Load one: invoice-import catalog load FILE.",
        cause="The sheet looks products up, and no price list was loaded yet.",
    ),
    _issue(
        code="E410",
        slug="charge-has-two-products",
        title="A charge id that stands for two products",
        template="{label} of the charge {charge} is {value} here, but {other} in another row.",
        fix="A charge belongs to one product and SKU: correct one of the rows.",
        cause="A row of the price list was copied and its charge id stayed.",
        scope=Scope.LIST,
    ),
    _issue(
        code="E411",
        slug="charge-contradicts-itself",
        title="Rows of one charge that contradict each other",
        template=(
            "{label} of the charge {charge} is {value} here, but {other} in a row of the same currency and "
            "time."
        ),
        fix="Correct one of the rows, or part them by effective from and effective to.",
        cause="Two prices of one charge are valid at the same time, so that which one counts cannot be told.",
        scope=Scope.LIST,
    ),
    _issue(
        code="W401",
        slug="sheet-value-ignored",
        title="The catalog's value will be billed, not the sheet's",
        template=(
            "{label} is {value} in the sheet, but {expected} in the catalog; the catalog's value counts."
        ),
        fix="Leave the cell blank, or correct the catalog.",
        cause=(
            "The sheet says tax code RED and the catalog STD: with a charge the billing system takes the "
            "catalog's."
        ),
    ),
    _issue(
        code="W402",
        slug="charge-unchecked",
        title="Charge ids were not checked",
        template="The charge id {value} could not be checked: no catalog is loaded.",
        fix="Load the catalog: invoice-import catalog load FILE.",
        cause="The sheet gives charge ids, and no price list was loaded that could tell whether they exist.",
    ),
    _issue(
        code="W403",
        slug="price-from-catalog",
        title="Unit prices were taken from the catalog",
        template="{label} is blank; the catalog's price {expected} is used, as the settings say.",
        fix="Nothing has to be done; the setting is catalog_price.",
        cause="The unit price is blank, and the setting catalog_price says to fill it from the catalog.",
    ),
    _issue(
        code="E412",
        slug="account-key-twice",
        title="A key that stands on two accounts",
        template="{label} {value} stands in another row of the list too, as {other}.",
        fix=(
            "Each account has one row, and each of its keys belongs to it alone: correct or remove one of "
            "the rows."
        ),
        cause="A row of the account list was copied, and its number or id stayed.",
        scope=Scope.LIST,
    ),
    _issue(
        code="E413",
        slug="account-unknown",
        title="An account is unknown",
        template="The account list has no {label} {value}.{near}",
        fix="Correct it, or load a list that has the account: invoice-import accounts load FILE.",
        cause=(
            "The number was mistyped, its zeros in front were lost, or the customer is newer than the list."
        ),
    ),
    _issue(
        code="E414",
        slug="accounts-differ",
        title="An invoice that names two accounts",
        template="The invoice {value} names different accounts: {accounts}.",
        fix="Correct one of them, or leave all but one blank.",
        cause=(
            "Number and id stand in one row, but belong to two customers: one of them was copied from "
            "another row."
        ),
    ),
    _issue(
        code="E415",
        slug="customer-unknown",
        title="Whom the invoice bills cannot be told",
        template="The invoice {value} gives no customer id, and {reason}.",
        fix=(
            "Fill in the customer id, or load an account list that has it: invoice-import accounts load FILE."
        ),
        cause=(
            "The billing system knows customers by an id alone; a number has to be looked up in the account "
            "list."
        ),
    ),
    _issue(
        code="W411",
        slug="currency-unusual",
        title="Another currency than the account's",
        template="{label} is {value}, but the account is billed in {expected}.",
        fix="Look whether the currency is meant; the sheet's counts.",
        cause=(
            "A customer who is billed in USD gets an invoice in EUR: that may be meant, or the cell was "
            "copied."
        ),
    ),
)
