"""What a preparer expects of a file: the Control sheet, or a control file beside CSV files.

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
            "What is counted: Invoices, Items, or the Amount of one currency.",
            "Amount",
            required=True,
            choices=(MEASURE_INVOICES, MEASURE_ITEMS, MEASURE_AMOUNT),
            synonyms=("control",),
        ),
        Field("currency", "Currency", Kind.CURRENCY, "Of an amount; blank beside Invoices and Items.", "EUR"),
        Field(
            "expected",
            "Expected",
            Kind.NUMBER,
            "What you expect, typed by hand from your own books; blank expects nothing.",
            "1234.56",
            fraction_digits=4,
        ),
        Field(
            "template",
            "Template",
            Kind.IDENTIFIER,
            "The template that the workbook was made from; leave it as it is.",
            "",
            max_length=100,
        ),
    ),
    key=("measure",),
    optional=True,
    ignored_without="expected",
)
