"""What a preparer expects of a file: the Control sheet, or a control file next to CSV files.

Only what is typed counts. Columns that count for the eye are notes.
"""

from __future__ import annotations

from schemas.fields import Field, Kind, Table

MEASURE_INVOICES, MEASURE_ITEMS, MEASURE_AMOUNT = "Invoices", "Items", "Amount"
"""What can be expected: numbers of rows, and the sum of all amounts in one currency."""

CONTROL = Table(
    "control",
    "Control",
    (
        Field(
            "measure",
            "What",
            Kind.CHOICE,
            help="What is counted: Invoices, Items, or the Amount of one currency.",
            example="Amount",
            required=True,
            choices=(MEASURE_INVOICES, MEASURE_ITEMS, MEASURE_AMOUNT),
            synonyms=("control",),
        ),
        Field(
            "currency",
            "Currency",
            Kind.CURRENCY,
            help="Of an amount; blank beside Invoices and Items.",
            example="EUR",
        ),
        Field(
            "expected",
            "Expected",
            Kind.NUMBER,
            help="What you expect, typed by hand from your own books; blank expects nothing.",
            example="1234.56",
            fraction_digits=4,
        ),
        Field(
            "template",
            "Template",
            Kind.IDENTIFIER,
            help="The template that the workbook was made from; leave it as it is.",
            example="",
            max_length=100,
        ),
    ),
    key=("measure",),
    optional=True,
    ignored_without="expected",
)
