"""What several tables share: marks of sheets, words for yes and no, patterns, common fields."""

from __future__ import annotations

from schemas.fields import Field, Kind, Pattern

EXAMPLE_REF = "EXAMPLE"
"""A row whose invoice reference is exactly this is the template's example row: recognised and ignored."""

NOTE_MARK = "#"
"""A column or row that starts with this mark is a note: recognised and ignored."""

STATUS_HEADER, REASON_HEADER = f"{NOTE_MARK}Status", f"{NOTE_MARK}Reason"
"""The columns added to the rows of a marked workbook: notes, by their mark."""

ISSUES_TITLE = "# Issues found by invoice-import"
"""A sheet whose first cell is exactly this was added to a marked workbook: recognised and ignored."""

TOTAL_WORDS = (
    "total", "totals", "grand total", "sum", "subtotal", "sub-total", "sub total",
    "summe", "gesamt", "gesamtsumme", "zwischensumme",
    "somme", "sous-total", "suma", "totale", "somma", "totaal", "soma",
)  # fmt: skip
"""A row that starts with one of these words is a totals row: recognised and ignored, never an item."""

YES_WORDS = (
    "true", "yes", "y", "1", "wahr", "ja", "vrai", "oui", "verdadero", "sí", "vero", "sì", "waar",
    "verdadeiro", "sim",
)  # fmt: skip
NO_WORDS = ("false", "no", "n", "0", "falsch", "nein", "faux", "non", "falso", "onwaar", "nee", "não")
"""Yes and no as people and spreadsheets write them, in any case; no word means both in any language."""

UUID_PATTERN = Pattern(
    r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    "a UUID: 8-4-4-4-12 characters 0-9 and a-f",
)
INVOICE_NUMBER_PATTERN = Pattern(r"^[a-zA-Z0-9_-]+$", "letters a-z, digits, - and _")
HEX_ID_PATTERN = Pattern(r"^[0-9a-fA-F]{32}$", "32 characters 0-9 and a-f")

_EXTERNAL_LENGTH = 255

INVOICE_REF = Field(
    "invoice_ref",
    "Invoice reference",
    Kind.IDENTIFIER,
    help="Your own name for the invoice. It ties the items to it and protects it from being billed twice.",
    example="2026-0001",
    required=True,
    max_length=100,
    synonyms=("invoice ref", "reference", "change ref", "change reference"),
)

CONNECTOR_FIELDS = (
    Field(
        "integration_id_ns",
        "Integration id (NetSuite)",
        Kind.IDENTIFIER,
        help="Id of the matching object in NetSuite.",
        example="1042",
        max_length=_EXTERNAL_LENGTH,
    ),
    Field(
        "integration_status_ns",
        "Integration status (NetSuite)",
        Kind.TEXT,
        help="State of the exchange with NetSuite.",
        example="",
        max_length=_EXTERNAL_LENGTH,
    ),
    Field(
        "sync_date_ns",
        "Sync date (NetSuite)",
        Kind.TEXT,
        help="When it was last exchanged with NetSuite.",
        example="",
        max_length=_EXTERNAL_LENGTH,
    ),
)


def declare_text(name: str, label: str, description: str, example: str, max_length: int) -> Field:
    """Declare a field of free text.

    Args:
        name: of the field.
        label: the header in workbook templates.
        description: one sentence for the person who fills it.
        example: a value that passes every check.
        max_length: characters.
    """
    return Field(name, label, Kind.TEXT, help=description, example=example, max_length=max_length)
