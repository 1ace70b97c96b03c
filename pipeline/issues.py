"""The catalogue of issue codes, and the columnar form in which issues travel.

An issue is a value: a fault in the user's data, with the place where it stands. A million rows may have a
million faults, so issues travel as `Findings`: all issues of one code in one column, side by side.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.model import Positions


class Level(StrEnum):
    """An error rejects its invoice; a warning is told and goes on."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class IssueType:
    """One code of the catalogue.

    Attributes:
        code: stable, never reused: `E` errors, `W` warnings; 1 file and sheet, 2 cell, 3 row and invoice,
            4 catalog, 5 ledger, 6 control totals and templates, 8 what a second look sees.
        slug: the same for people who grep.
        title: what is wrong, in a few words, for the grouped view.
        template: the sentence; `{label}` is the column, `{value}` the cell's value, others are facts.
        fix: what to do.
        level: error or warning.
    """

    code: str
    slug: str
    title: str
    template: str
    fix: str

    @property
    def level(self) -> Level:
        """Told by the first letter of the code."""
        return Level.ERROR if self.code.startswith("E") else Level.WARNING


_ISSUE_TYPES = (
    # 1 file, sheet, header
    IssueType(
        "E101", "sheet-missing", "A sheet is missing",
        "No sheet has the columns of {table}; what was read: {found}.",
        "Hand in a sheet or CSV file {table} with at least the columns {columns}.",
    ),
    IssueType(
        "E102", "sheet-empty", "A sheet has no rows",
        "{table} has a header but no rows below it.",
        "Fill in at least one row, or hand in the right file.",
    ),
    IssueType(
        "E103", "column-missing", "A mandatory column is missing",
        "The column {label} is missing in {table}.",
        "Add a column headed {label}.",
    ),
    IssueType(
        "E104", "column-unknown", "A column is unknown",
        "The column {value} is not known in {table}.{near}",
        "Correct the header, or start it with # to have the column ignored.",
    ),
    IssueType(
        "E105", "column-twice", "A column stands twice",
        "The column {value} stands twice in {table}: in {first} and in {second}.",
        "Remove one, or start its header with # to have it ignored.",
    ),
    IssueType(
        "E106", "row-ragged", "A row has too many or too few cells",
        "This row has {cells} cells where the header has {expected}.",
        "Look for a missing or surplus delimiter, or a value with a delimiter that needs quotes.",
    ),
    IssueType(
        "E107", "sheet-ambiguous", "Several sheets could be the one",
        "{value} could be {table}, and so could {others}.",
        "Name the right sheet {table}, or hand in only the right file.",
    ),
    IssueType(
        "E110", "invoice-disagrees", "Rows of one invoice disagree",
        "{label} is {value} here, but {other} in {cell}, which belongs to the same invoice.",
        "Give every row of the invoice the same value, or leave the cell blank in all rows but one.",
    ),
    IssueType(
        "E111", "marker-wrong", "A row that does not say what it starts",
        "The columns that mark where an invoice and an item start make no sense in this row.",
        "Write TRUE where an invoice or item starts and leave the mark blank in further rows of the same "
        "invoice; every row needs an item.",
    ),
    IssueType(
        "E112", "row-hidden", "A row is hidden",
        "This row is hidden ({how}): who looks at the sheet does not see it.",
        "Show all rows and look whether the row is meant; delete it if not. The setting hidden_rows = read takes "
        "hidden rows as they are.",
    ),
    IssueType(
        "E113", "sheet-hidden", "A hidden sheet has rows",
        "The sheet {value} is hidden, and no sheet that can be seen has rows of {table}: without it something else "
        "would be billed.",
        "Show the sheet (right-click any tab, Unhide) if its rows are meant, delete it if not; if Excel does not "
        "list it there, who made the file has to show it. The setting hidden_sheets takes such sheets as they are "
        "(read) or leaves them out (ignore).",
    ),
    IssueType(
        "W105", "sheet-hidden-read", "A hidden sheet was read",
        "The sheet {value} is hidden and was read as {table}, as the settings say.",
        "Nothing has to be done; the setting is hidden_sheets.",
    ),
    IssueType(
        "W102", "row-hidden-read", "Hidden rows were read",
        "Hidden rows ({how}) were read like any other, as the settings say.",
        "Nothing has to be done; the setting is hidden_rows.",
    ),
    IssueType(
        "W103", "column-hidden", "A hidden column was read",
        "The column {value} of {table} is hidden, but what stands in it was read.",
        "Nothing has to be done if that is right; else delete the column, or start its header with #.",
    ),
    IssueType(
        "W104", "total-differs", "A totals row is not the sum of the rows above it",
        "The totals row says {value} under {header}, but the rows above it sum up to {sum}.",
        "Look for rows that are missing, surplus or left out of the formula; the totals row itself is not imported.",
    ),
    IssueType(
        "W101", "sheet-left-out", "A sheet was left out",
        "The sheet {value} looks like {table} but was left out: {reason}.",
        "Nothing has to be done if that is right; else copy its rows into the sheet {table}.",
    ),
    IssueType(
        "E352", "column-refused", "A column that this target cannot take",
        "The target has no place for the column {value} of {table}; without it something else would be billed.",
        "Empty the column if it is not needed, or start its header with # to leave it out knowingly.",
    ),
    IssueType(
        "W412", "column-left-out", "A column that is not sent",
        "The target has no place for the column {value} of {table}: what stands in it is not sent.",
        "Nothing has to be done if that is right; a header that starts with # is not told again.",
    ),
    # 2 cell
    IssueType(
        "E201", "value-missing", "A mandatory value is missing",
        "{label} is blank.",
        "Fill in {label}.",
    ),
    IssueType(
        "E202", "number-unreadable", "Not a number",
        "{label} is not a number that can be read without guessing: {value}.{readings}",
        "Write the number like {example}, or declare how the sheets write numbers (setting decimal).",
    ),
    IssueType(
        "E203", "number-too-long", "A number has too many digits",
        "{label} has more than {integer_digits} digits before or {fraction_digits} after the point: {value}.",
        "Round the value itself (in Excel with ROUND), not only what the cell shows, and look whether it is right.",
    ),
    IssueType(
        "E204", "too-many-decimals", "An amount has more decimals than its currency",
        "{label} is {value}, but {currency} has {decimals}; with those it shows as {shown}.",
        "Type the amount with {decimals}: what a cell shows is not what it holds.",
    ),
    IssueType(
        "E205", "date-unreadable", "Not a date",
        "{label} is not a date that can be read without guessing: {value}.{readings}",
        "Use a date cell, or write the date as yyyy-mm-dd{declared}.",
    ),
    IssueType(
        "E207", "date-implausible", "A date is far away",
        "{label} is {value}; only {earliest} to {latest} is allowed.",
        "Correct the date.",
    ),
    IssueType(
        "E208", "text-too-long", "A text is too long",
        "{label} has {length} characters; {max_length} are allowed: {value}.",
        "Shorten the text.",
    ),
    IssueType(
        "E209", "choice-unknown", "Not one of the choices",
        "{label} is {value}; allowed are {choices}.{near}",
        "Take one of the choices.",
    ),
    IssueType(
        "E210", "not-yes-or-no", "Not yes or no",
        "{label} is {value}; yes or no is needed.",
        "Write yes or no.",
    ),
    IssueType(
        "E211", "form-wrong", "A value has the wrong form",
        "{label} is {value}; it must be {form}.",
        "Correct the value.",
    ),
    IssueType(
        "E212", "control-character", "A hidden character",
        "{label} holds a character that cannot be seen or tells nothing apart: {value}.",
        "Type the value anew instead of pasting it.",
    ),
    IssueType(
        "E213", "character-unsupported", "A character the billing system cannot store",
        "{label} holds a character outside the basic plane (an emoji, say): {value}.",
        "Remove the character.",
    ),
    IssueType(
        "E214", "error-cell", "A cell shows an error",
        "{label} shows the error {value}.",
        "Repair the formula in Excel and save.",
    ),
    IssueType(
        "E215", "formula-without-value", "A formula without a value",
        "{label} holds a formula that was not calculated when the file was saved: {value}.",
        "Open the file in Excel, let it calculate (press F9), and save; or type the value.",
    ),
    IssueType(
        "E216", "cell-type-wrong", "A cell of the wrong type",
        "{label} needs {needed}, but the cell holds {held}: {value}.{readings}",
        "Set the cell's format to {format} and type the value anew.",
    ),
    IssueType(
        "E217", "identifier-damaged", "An identifier damaged by Excel",
        "{label} holds a number whose last digits are already lost: {value}.",
        "Format the column as text and enter the identifier anew from its source.",
    ),
    IssueType(
        "E218", "shown-otherwise", "A cell shows another number than it holds",
        "{label} shows \"{shown}\", but the cell holds {value}.",
        "Type the value that is meant: in Excel round the value itself (ROUND), not only what the cell shows.",
    ),
    IssueType(
        "E219", "identifier-shown-otherwise", "A cell shows digits that it does not hold",
        "{label} shows \"{shown}\", but the cell holds {value}.",
        "Format the column as text and type the value as it is meant.",
    ),
    IssueType(
        "E220", "currency-unknown", "Not a currency",
        "{label} is {value}, which is no ISO 4217 code in use.{near}",
        "Write the three letters of the currency, like EUR.",
    ),
    IssueType(
        "E221", "currency-contradicted", "A cell in another currency than its invoice",
        "{label} is {value}, but the invoice is in {currency}.",
        "Correct the value or the invoice's currency.",
    ),
    IssueType(
        "E222", "cell-merged", "A cell that is merged with another",
        "{label} is part of the merged cells {merged}, which hold a value only in their first cell.",
        "Unmerge the cells and type the value into each cell that it is meant for.",
    ),
    # 3 row, invoice, cross-sheet
    IssueType(
        "E301", "account-missing", "An invoice without an account",
        "The invoice has neither an account number nor an account id.",
        "Fill in the account number (or the account id).",
    ),
    IssueType(
        "E302", "amount-missing", "An item without an amount",
        "The item has no amount, and it cannot be computed: quantity and unit price are needed.",
        "Fill in the amount, or quantity and unit price.",
    ),
    IssueType(
        "E303", "charge-name-missing", "An item that says not what is sold",
        "The item has neither a charge name nor a charge id nor a catalog SKU.",
        "Fill in the charge name, or look the product up with its catalog SKU.",
    ),
    IssueType(
        "E304", "amount-mismatch", "An amount is not quantity times unit price",
        "{label} is {value}, but quantity times unit price, rounded to the currency, is {expected}.",
        "Correct the amount, the quantity or the unit price; or leave the amount blank.",
    ),
    IssueType(
        "E305", "due-before-invoice", "Due before the invoice date",
        "{label} {value} lies before the invoice date {expected}.",
        "Correct one of the two dates.",
    ),
    IssueType(
        "E306", "service-ends-early", "A service ends before it starts",
        "{label} {value} lies before the service start date {expected}.",
        "Correct one of the two dates.",
    ),
    IssueType(
        "E307", "reference-twice", "An invoice reference stands twice",
        "The invoice reference {value} stands on more than one invoice.",
        "Give every invoice its own reference, or remove the surplus row.",
    ),
    IssueType(
        "E308", "item-without-invoice", "An item without an invoice",
        "No invoice has the reference {value}.{near}",
        "Add the invoice, or correct the reference.",
    ),
    IssueType(
        "E309", "invoice-without-items", "An invoice without items",
        "The invoice {value} has no items.",
        "Add its items, or remove the invoice.",
    ),
    IssueType(
        "E310", "too-many-items", "An invoice with too many items",
        "The invoice {value} has {items} items; {limit} are allowed.",
        "Split the invoice.",
    ),
    IssueType(
        "E311", "total-negative", "A negative invoice total",
        "Invoice {value} comes to {total}; a negative invoice cannot be created.",
        "Bring credits in as credit memos, not here.",
    ),
    IssueType(
        "E312", "amount-negative", "A negative item",
        "{label} is {value}; negative items are not allowed.",
        "Bring credits in as credit memos, or allow negative items in the settings (allow_negative_items).",
    ),
    IssueType(
        "E313", "item-number-twice", "An item number stands twice in an invoice",
        "The item number {value} stands twice in the invoice.",
        "Number the items of an invoice differently, or leave the numbers blank.",
    ),
    IssueType(
        "E314", "currency-missing", "An invoice without a currency",
        "{label} is blank and no default currency is set.",
        "Fill in the currency, or set default_currency in the settings.",
    ),
    IssueType(
        "E315", "contacts-contradict", "A contact is given in two ways",
        "{label} says yes, but a contact id is given as well: {other}.",
        "Keep the contact id or the yes, not both.",
    ),
    IssueType(
        "E316", "invoice-number-twice", "An invoice number stands twice",
        "The invoice number {value} stands on more than one invoice.",
        "Give every invoice its own number, or leave the numbers blank.",
    ),
    IssueType(
        "E317", "reference-no-number", "A reference that cannot be an invoice number",
        "The reference is to be the invoice number, but {value} is not {form} (at most {max_length}).",
        "Change the reference, give an invoice number, or change the setting invoice_number.",
    ),
    IssueType(
        "E351", "total-too-large", "An invoice total that cannot be stored",
        "The items of invoice {value} sum up to {total}; in the unit that is sent, that is more than can be stored.",
        "Split the invoice, or look whether an amount or the setting money_unit is wrong.",
    ),
    IssueType(
        "E320", "item-not-there", "A row of an item that is not there",
        "The invoice has no item with the number {value}.",
        "Write the item's number into the column Item number of the sheet Items, or correct it here.",
    ),
    IssueType(
        "E321", "discount-not-there", "A tax of a discount that is not there",
        "The item has no discount with the number {value}.",
        "Write the discount's number into the sheet Discounts, correct it here, or leave it blank to tax the item.",
    ),
    IssueType(
        "E322", "row-without-invoice", "A row without an invoice",
        "No invoice has the reference {value}.{near}",
        "Add the invoice, or correct the reference.",
    ),
    IssueType(
        "E323", "too-many-rows", "Too many rows for one item, discount or invoice",
        "This is number {place} of its kind where {limit} are allowed.",
        "Remove rows, or bring some of them together in one.",
    ),
    IssueType(
        "E324", "stands-twice", "A value that may stand once stands twice",
        "{label} {value} stands twice where it may stand once.",
        "Remove one of the two rows, or correct it.",
    ),
    IssueType(
        "E325", "taxed-in-two-ways", "An item is taxed in two ways",
        "The item has rows in the sheet Taxes, and {label} is {value} as well.",
        "Leave {label} blank where the taxes were computed elsewhere; or remove the rows in Taxes.",
    ),
    IssueType(
        "E326", "discount-not-negative", "A discount that is not negative",
        "{label} is {value}; a discount is written as a negative amount.",
        "Write the discount with a minus in front, like -90.00.",
    ),
    IssueType(
        "E327", "discount-unnamed", "A discount that says not what it is",
        "The discount has neither a name nor a charge id.",
        "Fill in the discount name.",
    ),
    IssueType(
        "E328", "contact-in-two-ways", "A contact is given in two ways",
        "The invoice gives its {value} contact already: as a contact id, or as the same as the bill-to.",
        "Keep the row in the sheet Contacts, or what the invoice says; not both.",
    ),
    IssueType(
        "E330", "item-unnamed", "A change that says not which item it is about",
        "The item id is blank, so it cannot be told which item of the draft is meant.",
        "Fill in the item's id, or make the action Add.",
    ),
    IssueType(
        "E331", "added-with-id", "An item that is added has an id already",
        "The item is to be added, but {label} is {value}: the draft has it already.",
        "Make the action Change, or leave the id blank.",
    ),
    IssueType(
        "E332", "deleted-and-changed", "An item is deleted and changed",
        "The item is to be deleted, but the row says more of it than its id.",
        "Leave everything but the item id blank, or make the action Change.",
    ),
    IssueType(
        "E333", "item-twice", "Two rows are about the same item",
        "{label} {value} stands twice; an item can be changed or deleted once.",
        "Bring both rows together in one, or remove one.",
    ),
    IssueType(
        "E334", "nothing-to-change", "A change that changes nothing",
        "Nothing is given that would change.",
        "Fill in what is to change, or remove the row. A blank cell leaves a value as it is.",
    ),
    IssueType(
        "E335", "only-when-added", "A value that can be given only when an item is added",
        "{label} is {value}, but an item keeps it from when it was added.",
        "Leave the cell blank; or delete the item and add it anew.",
    ),
    IssueType(
        "E336", "both-dates", "Invoice date and due date are changed together",
        "The invoice date is changed as well; one change may give one of the two dates.",
        "Give one of the dates, and the other in a change that is sent later.",
    ),
    IssueType(
        "E337", "added-incomplete", "An item that is added lacks something",
        "{label} is blank, and an item that is added needs it.",
        "Fill in {label}; with a charge of the catalog an item needs no charge name and no unit price.",
    ),
    IssueType(
        "E338", "draft-twice", "Two changes of the same draft",
        "The draft {value} stands on more than one row, and which change comes first cannot be told.",
        "Bring them together in one change, or hand in the second one later.",
    ),
    IssueType(
        "E339", "amount-unsaid", "A changed price without its amount",
        "The quantity or the unit price changes, but the amount is blank and would stay as it was.",
        "Fill in the amount that the item shall have.",
    ),
    IssueType(
        "E340", "sheet-refused", "A sheet that this target cannot take",
        "The target has no place for the sheet {value}; without it something else would be billed.",
        "Remove the sheet if it is not meant, or choose the target that takes it.",
    ),
    IssueType(
        "W320", "charge-names-discount", "The charge's value will be billed, not the sheet's",
        "{label} is {value}, but the discount has a charge id, whose own value will be billed.",
        "Nothing has to be done if that is right; else leave the charge id or this cell blank.",
    ),
    IssueType(
        "E361", "api-refused", "Refused by the billing system",
        "The billing system refused {value}: {message}.",
        "Correct what it says and hand the invoice in again; it was not created.",
    ),
    IssueType(
        "E362", "api-access", "Refused because of credentials, permissions or the address",
        "The billing system did not let {value} in: {message}.",
        "Have the credentials, the permissions or the address of the API corrected; the sheet need not change.",
    ),
    IssueType(
        "E363", "api-busy", "Not taken because the billing system was busy",
        "The billing system did not take {value} now: {message}.",
        "Send it again later; nothing has to be corrected.",
    ),
    IssueType(
        "E364", "api-in-doubt", "It is not known whether the billing system took it",
        "Whether the billing system took {value} is not known: {message}.",
        "Look in the billing system before anything is sent again.",
    ),
    IssueType(
        "W301", "same-as-bill-to-idle", "A yes that has no effect",
        "{label} says yes, but no bill-to contact is given, so it has no effect.",
        "Give the bill-to contact, or leave the cell blank.",
    ),
    IssueType(
        "W304", "amount-differs", "An amount is not quantity times unit price",
        "{label} is {value}, but quantity times unit price, rounded to the currency, is {expected}.",
        "Look whether the amount is meant; the settings (amount_mismatch) let it pass.",
    ),
    IssueType(
        "W201", "blanks-trimmed", "Blanks around a value were removed",
        "{label} had blanks around the value {value}.",
        "Nothing has to be done; the value is used without them.",
    ),
    # 4 catalog
    IssueType(
        "E401", "sku-unknown", "A catalog SKU is unknown",
        "The catalog has no SKU {value}.{near}",
        "Correct the SKU, or load the product into the catalog.",
    ),
    IssueType(
        "E402", "charge-unknown", "A charge id is unknown",
        "The catalog has no charge {value}.{near}",
        "Correct the charge id, or load the charge into the catalog.",
    ),
    IssueType(
        "E403", "charge-expired", "A charge is not valid at the date of service",
        "{label} {value} is not valid on the service start date {date}; it is valid {validity}.",
        "Take the charge that is valid then, or correct the date.",
    ),
    IssueType(
        "E404", "sku-ambiguous", "A catalog SKU names several charges",
        "The catalog SKU {value} names several charges: {near}.",
        "Give the charge id instead of the SKU.",
    ),
    IssueType(
        "E405", "charge-model-unusable", "A charge that cannot be put on an invoice",
        "{label} {value} has the charge model {model}; only {models} can be put on an invoice.{near}",
        "Take another charge of the product.",
    ),
    IssueType(
        "E406", "sku-charge-differ", "Catalog SKU and charge id do not belong together",
        "The catalog SKU is {value}, but the charge id belongs to the SKU {expected}.",
        "Correct one of the two, or leave one blank.",
    ),
    IssueType(
        "E407", "sku-in-wrong-column", "A product of the catalog in the free SKU column",
        "The SKU {value} is a product of the catalog; the free SKU must differ from every product's.",
        "Move it to the column {column}.",
    ),
    IssueType(
        "E408", "catalog-missing", "No catalog is loaded",
        "The catalog SKU {value} cannot be looked up: no catalog is loaded.",
        "Load one: invoice-import catalog load FILE.",
    ),
    IssueType(
        "E410", "charge-has-two-products", "A charge id that stands for two products",
        "{label} of the charge {charge} is {value} here, but {other} in another row.",
        "A charge belongs to one product and SKU: correct one of the rows.",
    ),
    IssueType(
        "E411", "charge-contradicts-itself", "Rows of one charge that contradict each other",
        "{label} of the charge {charge} is {value} here, but {other} in a row of the same currency and time.",
        "Correct one of the rows, or part them by effective from and effective to.",
    ),
    IssueType(
        "W401", "sheet-value-ignored", "The catalog's value will be billed, not the sheet's",
        "{label} is {value} in the sheet, but {expected} in the catalog; the catalog's value counts.",
        "Leave the cell blank, or correct the catalog.",
    ),
    IssueType(
        "W402", "charge-unchecked", "Charge ids were not checked",
        "The charge id {value} could not be checked: no catalog is loaded.",
        "Load the catalog: invoice-import catalog load FILE.",
    ),
    IssueType(
        "W403", "price-from-catalog", "Unit prices were taken from the catalog",
        "{label} is blank; the catalog's price {expected} is used, as the settings say.",
        "Nothing has to be done; the setting is catalog_price.",
    ),
    IssueType(
        "E412", "account-key-twice", "A key that stands on two accounts",
        "{label} {value} stands in another row of the list too, as {other}.",
        "Each account has one row, and each of its keys belongs to it alone: correct or remove one of the rows.",
    ),
    IssueType(
        "E413", "account-unknown", "An account is unknown",
        "The account list has no {label} {value}.{near}",
        "Correct it, or load a list that has the account: invoice-import accounts load FILE.",
    ),
    IssueType(
        "E414", "accounts-differ", "An invoice that names two accounts",
        "The invoice {value} names different accounts: {accounts}.",
        "Correct one of them, or leave all but one blank.",
    ),
    IssueType(
        "E415", "customer-unknown", "Whom the invoice bills cannot be told",
        "The invoice {value} gives no customer id, and {reason}.",
        "Fill in the customer id, or load an account list that has it: invoice-import accounts load FILE.",
    ),
    IssueType(
        "W411", "currency-unusual", "Another currency than the account's",
        "{label} is {value}, but the account is billed in {expected}.",
        "Look whether the currency is meant; the sheet's counts.",
    ),
    # 5 ledger and policy
    IssueType(
        "E501", "reference-conflict", "An invoice that exists already with other content",
        "The invoice {value} was prepared by run {run} with other content.",
        "Withdraw the old one first (invoice-import discard {named}), or give this one a new reference.",
    ),
    IssueType(
        "E502", "policy-all-or-nothing", "Rejected because another invoice is",
        "The invoice {value} is without fault, but others are rejected and the policy is all-or-nothing.",
        "Correct the other invoices, or run with --policy whole-invoices.",
    ),
    # 6 control totals and templates
    IssueType(
        "E601", "control-differs", "What was expected is not what was read",
        "{measure}{of}: {expected} expected, {found} read; {difference}.",
        "Look for rows that were lost, added or changed since the total was taken; or correct the total.",
    ),
    IssueType(
        "E602", "control-computed", "A control total that is computed",
        "{label} holds a formula: it would agree with whatever stands in the sheet.",
        "Type the number you expect, from your own books.",
    ),
    IssueType(
        "E603", "control-unclear", "A control total that says not what it is of",
        "An amount needs its currency, and a number of invoices or items has none: the currency is {value}.",
        "Fill in the currency beside Amount, and leave it blank beside Invoices and Items.",
    ),
    IssueType(
        "E604", "control-missing", "No control totals were given",
        "The settings (require_control) demand control totals, and neither sheet nor file nor command has any.",
        "Fill in the Control sheet, put a control file beside the CSV, or use --expect-count or --expect-total.",
    ),
    IssueType(
        "W601", "template-differs", "Made from another template",
        "The workbook was made from the template {value}; it is {current} now, so columns or limits differ.",
        "If anything is refused, copy your rows into a new template: invoice-import template.",
    ),
    # 8 a second look: nothing is wrong by the rules, yet an experienced controller would ask
    IssueType(
        "W801", "invoice-like-another", "An invoice very like another",
        "The invoice {value} has the account, currency, amount ({amount}) and nearly the date of {other} of {date}"
        "{where}.",
        "Look whether the two are one and the same; the setting is near_duplicate_days.",
    ),
    IssueType(
        "W802", "amount-unusual", "An amount far from what the account is usually billed",
        "The invoice {value} comes to {amount}; the middle one of {count} earlier invoices of this account is"
        " {usual}.",
        "Look whether the amount is meant; the setting is unusual_factor.",
    ),
    IssueType(
        "W803", "period-billed", "A period of service that is billed already",
        "The period from {value} overlaps one of the same account and product on {other}{where}.",
        "Look whether the period is meant to be billed twice.",
    ),
    IssueType(
        "W804", "period-closed", "An invoice date in a closed period",
        "{label} is {value}; the books are closed through {closed}.",
        "Give a later date, or change the setting closed_through.",
    ),
    IssueType(
        "E804", "closed-period-refused", "An invoice date in a closed period",
        "{label} is {value}; the books are closed through {closed}.",
        "Give a later date, or change the settings closed_through and closed_period.",
    ),
    IssueType(
        "W805", "price-unusual", "A price away from the catalog's",
        "{label} is {value}, but the catalog's price of {product} is {expected}.",
        "Look whether the price is agreed; the setting is price_tolerance.",
    ),
    IssueType(
        "W806", "payment-at-once", "Money will be taken from customers at once",
        "The invoice {value} and all like it are posted with auto pay: the customers' payment methods are charged.",
        "Let a person look before it is sent, or set the status to Draft or auto pay to no.",
    ),
    IssueType(
        "W807", "rounding-tolerated", "An amount that differs by rounding",
        "{label} is {value}, quantity times unit price is {expected}; the difference is within the tolerance.",
        "Nothing has to be done; the setting is amount_tolerance.",
    ),
    IssueType(
        "W808", "rejected-unchanged", "An invoice that was rejected before and comes back unchanged",
        "The invoice {value} was rejected before and says exactly the same again{now}.",
        "Look whether the right file was handed in: the corrected one, not the one before.",
    ),
)  # fmt: skip

CATALOGUE: Mapping[str, IssueType] = {kind.code: kind for kind in _ISSUE_TYPES}
"""Every code, in order."""

IssueFacts = Mapping[str, "str | pa.Array"]


@dataclass(frozen=True)
class Findings:
    """All issues of one code in one column: parallel arrays, one entry an issue.

    Attributes:
        code: of the catalogue.
        table: the table's name.
        field: the field's name; empty when the row as a whole is meant.
        rows: positions in the table's frame, ascending.
        values: the cells' values as the person sees them; None takes them from the raw sheet.
        facts: fill the template: one text for all, or one a row.
        row_counts: how many rows each issue stands for; None is one each.
    """

    code: str
    table: str
    field: str
    rows: Positions
    values: pa.Array | None = None
    facts: IssueFacts = dataclasses.field(default_factory=dict)
    row_counts: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def level(self) -> Level:
        """Of the code."""
        return CATALOGUE[self.code].level

    @property
    def affected_rows(self) -> int:
        """Rows that the issues stand for."""
        return len(self) if self.row_counts is None else int(self.row_counts.sum())


@dataclass(frozen=True)
class SheetIssue:
    """An issue with a file, a sheet or a header: it has a place but no row of a frame.

    Attributes:
        code: of the catalogue.
        source: the file's name.
        sheet: the sheet's name; empty when the file is meant.
        row: as Excel shows it; 0 when none is meant.
        column: the column's letter; empty when none is meant.
        value: the header or cell as the person sees it.
        facts: fill the template; `header` is the column's header, where that is not the value.
    """

    code: str
    source: str
    sheet: str = ""
    row: int = 0
    column: str = ""
    value: str = ""
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def level(self) -> Level:
        """Of the code."""
        return CATALOGUE[self.code].level


@dataclass(frozen=True)
class Issues:
    """Everything a stage found."""

    findings: tuple[Findings, ...] = ()
    sheet_issues: tuple[SheetIssue, ...] = ()

    def __add__(self, issues: Issues) -> Issues:
        return Issues(self.findings + issues.findings, self.sheet_issues + issues.sheet_issues)

    def count_by_code(self, level: Level) -> dict[str, int]:
        """Issues per code, of one level, ordered by code; rows that one line stands for all count."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            if finding.level is level and finding.affected_rows:
                counts[finding.code] = counts.get(finding.code, 0) + finding.affected_rows
        for issue in self.sheet_issues:
            if issue.level is level:
                counts[issue.code] = counts.get(issue.code, 0) + 1
        return dict(sorted(counts.items()))

    @property
    def errors(self) -> list[Findings | SheetIssue]:
        """The errors, wherever they stand."""
        issues: list[Findings | SheetIssue] = [*self.findings, *self.sheet_issues]
        return [issue for issue in issues if issue.level is Level.ERROR]

    def select_errors_in(self, table: str) -> Iterable[Findings]:
        """The errors in rows of a table."""
        return (
            finding for finding in self.findings if finding.table == table and finding.level is Level.ERROR
        )


def collect_findings(findings: Sequence[Findings | None]) -> Issues:
    """The findings that hold anything."""
    return Issues(tuple(finding for finding in findings if finding is not None and len(finding)))
