"""What the references say of an issue: sentence and fix by code, with holes for the facts.

A copy of the catalogue in `pipeline.issues`, which a test compares: importing that would cost the DuckDB
reference the import of pandas.
"""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "E201": (
        "{label} is blank.",
        "Fill in {label}.",
    ),
    "E202": (
        "{label} is not a number that can be read without guessing: {value}.{readings}",
        "Write the number like {example}, or declare how the sheets write numbers (setting decimal).",
    ),
    "E203": (
        "{label} has more than {integer_digits} digits before or {fraction_digits} after the point: {value}.",
        "Round the value itself (in Excel with ROUND), not only what the cell shows, and look whether it is right.",
    ),
    "E204": (
        "{label} is {value}, but {currency} has {decimals}; with those it shows as {shown}.",
        "Type the amount with {decimals}: what a cell shows is not what it holds.",
    ),
    "E205": (
        "{label} is not a date that can be read without guessing: {value}.{readings}",
        "Use a date cell, or write the date as yyyy-mm-dd{declared}.",
    ),
    "E207": (
        "{label} is {value}; only {earliest} to {latest} is allowed.",
        "Correct the date.",
    ),
    "E208": (
        "{label} has {length} characters; {max_length} are allowed: {value}.",
        "Shorten the text.",
    ),
    "E212": (
        "{label} holds a character that cannot be seen or tells nothing apart: {value}.",
        "Type the value anew instead of pasting it.",
    ),
    "E213": (
        "{label} holds a character outside the basic plane (an emoji, say): {value}.",
        "Remove the character.",
    ),
    "E220": (
        "{label} is {value}, which is no ISO 4217 code in use.{near}",
        "Write the three letters of the currency, like EUR.",
    ),
    "E214": (
        "{label} shows the error {value}.",
        "Repair the formula in Excel and save.",
    ),
    "E217": (
        "{label} holds a number whose last digits are already lost: {value}.",
        "Format the column as text and enter the identifier anew from its source.",
    ),
    "E301": (
        "The invoice has neither an account number nor an account id.",
        "Fill in the account number (or the account id).",
    ),
    "E302": (
        "The item has no amount, and it cannot be computed: quantity and unit price are needed.",
        "Fill in the amount, or quantity and unit price.",
    ),
    "E303": (
        "The item has neither a charge name nor a charge id nor a catalog SKU.",
        "Fill in the charge name, or look the product up with its catalog SKU.",
    ),
    "E304": (
        "{label} is {value}, but quantity times unit price, rounded to the currency, is {expected}.",
        "Correct the amount, the quantity or the unit price; or leave the amount blank.",
    ),
    "E305": (
        "{label} {value} lies before the invoice date {expected}.",
        "Correct one of the two dates.",
    ),
    "E306": (
        "{label} {value} lies before the service start date {expected}.",
        "Correct one of the two dates.",
    ),
    "E307": (
        "The invoice reference {value} stands on more than one invoice.",
        "Give every invoice its own reference, or remove the surplus row.",
    ),
    "E308": (
        "No invoice has the reference {value}.{near}",
        "Add the invoice, or correct the reference.",
    ),
    "E309": (
        "The invoice {value} has no items.",
        "Add its items, or remove the invoice.",
    ),
    "E310": (
        "The invoice {value} has {items} items; {limit} are allowed.",
        "Split the invoice.",
    ),
    "E311": (
        "Invoice {value} comes to {total}; a negative invoice cannot be created.",
        "Bring credits in as credit memos, not here.",
    ),
    "E312": (
        "{label} is {value}; negative items are not allowed.",
        "Bring credits in as credit memos, or allow negative items in the settings (allow_negative_items).",
    ),
    "E313": (
        "The item number {value} stands twice in the invoice.",
        "Number the items of an invoice differently, or leave the numbers blank.",
    ),
    "E314": (
        "{label} is blank and no default currency is set.",
        "Fill in the currency, or set default_currency in the settings.",
    ),
    "E401": (
        "The catalog has no SKU {value}.{near}",
        "Correct the SKU, or load the product into the catalog.",
    ),
    "E403": (
        "{label} {value} is not valid on the service start date {date}; it is valid {validity}.",
        "Take the charge that is valid then, or correct the date.",
    ),
    "E404": (
        "The catalog SKU {value} names several charges: {near}.",
        "Give the charge id instead of the SKU.",
    ),
    "E405": (
        "{label} {value} has the charge model {model}; only {models} can be put on an invoice.{near}",
        "Take another charge of the product.",
    ),
    "W104": (
        "The totals row says {value} under {header}, but the rows above it sum up to {sum}.",
        "Look for rows that are missing, surplus or left out of the formula; the totals row itself is not imported.",
    ),
    "W201": (
        "{label} had blanks around the value {value}.",
        "Nothing has to be done; the value is used without them.",
    ),
    "W801": (
        "The invoice {value} has the account, currency, amount ({amount}) and nearly the date of {other} of {date}"
        "{where}.",
        "Look whether the two are one and the same; the setting is near_duplicate_days.",
    ),
    "W803": (
        "The period from {value} overlaps one of the same account and product on {other}{where}.",
        "Look whether the period is meant to be billed twice.",
    ),
    "W805": (
        "{label} is {value}, but the catalog's price of {product} is {expected}.",
        "Look whether the price is agreed; the setting is price_tolerance.",
    ),
}

ERRORS = (
    "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A",
    "#GETTING_DATA", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#UNKNOWN!", "#CONNECT!",
    "#BUSY!", "#PYTHON!", "#EXTERNAL!",
)  # fmt: skip
"""What a spreadsheet shows where a formula failed."""

TOTAL_WORDS = (
    "total", "totals", "grand total", "sum", "subtotal", "sub-total", "sub total", "summe", "gesamt", "gesamtsumme",
    "zwischensumme", "somme", "sous-total", "suma", "totale", "somma", "totaal", "soma",
)  # fmt: skip
"""A row that starts with one of them and holds nothing but numbers besides is a totals row."""

LEDGER_COLUMNS = (
    "state", "invoice_ref", "account", "currency", "invoice_date", "item_no", "catalog_sku",
    "product_rate_plan_charge_id", "charge_name", "sku", "uom", "tax_code", "tax_mode", "accounting_code",
    "deferred_revenue_accounting_code", "recognized_revenue_accounting_code", "description", "quantity",
    "unit_price", "amount", "service_start_date", "service_end_date", "request", "reasons", "row",
)  # fmt: skip
"""Of `ledger.csv`."""

OF_CHARGE = LEDGER_COLUMNS[7:16]
"""The charge, and what the catalog says of it."""

ISSUE_COLUMNS = (
    "code", "level", "file", "sheet", "row", "column", "cell", "value", "message", "fix", "invoice_ref", "rows",
)  # fmt: skip
"""Of `issues.csv`."""

DECIMALS = ("no decimals", "1 decimal", "2 decimals", "3 decimals", "4 decimals")
"""How many decimals a currency has, in words."""
