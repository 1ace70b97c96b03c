"""The business fields, each declared once: invoices, items, and what hangs on them.

A target takes from here what it can carry (its projection) and may only tighten. Tables form a tree by
`parent`: items hang on their invoice, discounts on an item, taxes on an item or on a discount, rates and
contacts on the invoice. Who hangs on an item names it by its number, so the item must have one.
"""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import Field, Kind, Pattern, Table

EXAMPLE_REF = "EXAMPLE"
"""A row whose invoice reference is exactly this is the template's example row: recognised and ignored."""

NOTE_MARK = "#"
"""A column or row that starts with this mark is a note: recognised and ignored."""

STATUS_HEADER, REASON_HEADER = f"{NOTE_MARK}Status", f"{NOTE_MARK}Reason"
"""The columns that a marked workbook has beside its rows: notes, as their mark says."""

ISSUES_TITLE = "# Issues found by invoice-import"
"""A sheet whose first cell is exactly this was added to a marked workbook: recognised and ignored."""

TOTAL_WORDS = (
    "total", "totals", "grand total", "sum", "subtotal", "sub-total", "sub total", "summe", "gesamt", "gesamtsumme",
    "zwischensumme", "somme", "sous-total", "suma", "totale", "somma", "totaal", "soma",
)  # fmt: skip
"""A row that starts with one of these words is a totals row: recognised and ignored, never an item."""

YES_WORDS = (
    "true",
    "yes",
    "y",
    "1",
    "wahr",
    "ja",
    "vrai",
    "oui",
    "verdadero",
    "sí",
    "vero",
    "sì",
    "waar",
    "verdadeiro",
    "sim",
)
NO_WORDS = ("false", "no", "n", "0", "falsch", "nein", "faux", "non", "falso", "onwaar", "nee", "não")
"""Yes and no as people and their spreadsheets write them, in any case; no word means both in some language."""

UUID_PATTERN = Pattern(
    r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    "a UUID: 8-4-4-4-12 characters 0-9 and a-f",
)
INVOICE_NUMBER_PATTERN = Pattern(r"^[a-zA-Z0-9_-]+$", "letters a-z, digits, - and _")
HEX_ID_PATTERN = Pattern(r"^[0-9a-fA-F]{32}$", "32 characters 0-9 and a-f")
ACTION_ADD, ACTION_CHANGE, ACTION_DELETE = "Add", "Change", "Delete"
"""What becomes of an item of a draft."""

_ACCOUNTING_CODE_LENGTH = 100
_EXTERNAL_LENGTH = 255


def _declare_code(name: str, label: str, purpose: str, example: str = "") -> Field:
    return Field(
        name, label, Kind.TEXT, f"Accounting code for {purpose}.", example, max_length=_ACCOUNTING_CODE_LENGTH
    )


INVOICE_REF = Field(
    "invoice_ref",
    "Invoice reference",
    Kind.IDENTIFIER,
    "Your own name for the invoice. It ties the items to it and protects it from being billed twice.",
    "2026-0001",
    required=True,
    max_length=100,
    synonyms=("invoice ref", "reference", "change ref", "change reference"),
)

_CONNECTOR_FIELDS = (
    Field(
        "integration_id_ns",
        "Integration id (NetSuite)",
        Kind.IDENTIFIER,
        "Id of the matching object in NetSuite.",
        "1042",
        max_length=_EXTERNAL_LENGTH,
    ),
    Field(
        "integration_status_ns",
        "Integration status (NetSuite)",
        Kind.TEXT,
        "State of the exchange with NetSuite.",
        "",
        max_length=_EXTERNAL_LENGTH,
    ),
    Field(
        "sync_date_ns",
        "Sync date (NetSuite)",
        Kind.TEXT,
        "When it was last exchanged with NetSuite.",
        "",
        max_length=_EXTERNAL_LENGTH,
    ),
)

INVOICES = Table(
    "invoices",
    "Invoices",
    (
        INVOICE_REF,
        Field(
            "invoice_key",
            "Draft invoice",
            Kind.IDENTIFIER,
            "The draft in the billing system that is changed: its id or its number.",
            "8ad09be48db5aba7018db604776d4854",
            max_length=255,
            synonyms=("invoice key", "draft invoice id"),
        ),
        Field(
            "account_number",
            "Account number",
            Kind.IDENTIFIER,
            "The customer's account number. Give this or the account id.",
            "A00000123",
            max_length=255,
        ),
        Field(
            "account_id",
            "Account id",
            Kind.IDENTIFIER,
            "The customer's account id in the billing system. Give this or the account number.",
            "2c92c8f95bd63b98015bd7ab09ef0926",
            max_length=64,
        ),
        Field(
            "customer_id",
            "Customer id",
            Kind.IDENTIFIER,
            "The customer's UUID in the billing system.",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            pattern=UUID_PATTERN,
        ),
        Field(
            "customer_external_id",
            "Customer external id",
            Kind.IDENTIFIER,
            "Your own id of the customer in the billing system; the account list knows the customer id.",
            "globex",
            max_length=255,
            synonyms=("external id",),
        ),
        Field(
            "billing_entity_id",
            "Billing entity id",
            Kind.IDENTIFIER,
            "UUID of the entity that bills. Blank: the billing system's default.",
            "7c9e6679-7425-40de-944b-e07fc1f90ae7",
            pattern=UUID_PATTERN,
        ),
        Field(
            "invoice_date",
            "Invoice date",
            Kind.DATE,
            "The date printed on the invoice.",
            "2026-11-30",
        ),
        Field(
            "due_date",
            "Due date",
            Kind.DATE,
            "When payment is due. Blank: the payment term decides.",
            "2026-12-30",
        ),
        Field(
            "currency",
            "Currency",
            Kind.CURRENCY,
            "ISO 4217 code. Blank: the default currency of the settings.",
            "EUR",
        ),
        Field(
            "status",
            "Status",
            Kind.CHOICE,
            "Draft waits for a person; Posted is final at once.",
            "Draft",
            choices=("Draft", "Posted"),
        ),
        Field(
            "auto_pay",
            "Auto pay",
            Kind.BOOLEAN,
            "Yes takes the payment from the customer when the invoice is posted.",
            "no",
        ),
        Field("comments", "Comments", Kind.TEXT, "Printed on the invoice.", "Thank you", max_length=255),
        Field(
            "invoice_number",
            "Invoice number",
            Kind.IDENTIFIER,
            "The number the invoice shall bear. Blank: the billing system numbers it.",
            "INV-2026-0001",
            max_length=32,
            pattern=INVOICE_NUMBER_PATTERN,
        ),
        Field(
            "payment_term",
            "Payment term",
            Kind.TEXT,
            "Name or id of the payment term.",
            "Net 30",
            max_length=100,
        ),
        Field(
            "sequence_set",
            "Sequence set",
            Kind.TEXT,
            "Name or id of the numbering sequence.",
            "Default",
            max_length=50,
        ),
        Field(
            "template_id",
            "Template id",
            Kind.IDENTIFIER,
            "Id of the invoice template to print with.",
            "2c92c8f95bd63b98015bd7ab09ef0926",
            pattern=HEX_ID_PATTERN,
        ),
        Field(
            "communication_profile_id",
            "Communication profile id",
            Kind.IDENTIFIER,
            "Id of the profile that decides which messages are sent.",
            "2c92c8f95bd63b98015bd7ab09ef0926",
            max_length=64,
        ),
        Field(
            "bill_to_contact_id",
            "Bill-to contact id",
            Kind.IDENTIFIER,
            "Id of the contact who is billed.",
            "2c92c8f95bd63b98015bd7ab09ef0926",
            pattern=HEX_ID_PATTERN,
        ),
        Field(
            "sold_to_contact_id",
            "Sold-to contact id",
            Kind.IDENTIFIER,
            "Id of the contact who bought.",
            "2c92c8f95bd63b98015bd7ab09ef0926",
            pattern=HEX_ID_PATTERN,
        ),
        Field(
            "ship_to_contact_id",
            "Ship-to contact id",
            Kind.IDENTIFIER,
            "Id of the contact who receives the goods.",
            "2c92c8f95bd63b98015bd7ab09ef0926",
            pattern=HEX_ID_PATTERN,
        ),
        Field(
            "sold_to_same_as_bill_to",
            "Sold-to same as bill-to",
            Kind.BOOLEAN,
            "Yes makes the bill-to contact the sold-to contact too.",
            "no",
        ),
        Field(
            "ship_to_same_as_bill_to",
            "Ship-to same as bill-to",
            Kind.BOOLEAN,
            "Yes makes the bill-to contact the ship-to contact too.",
            "no",
        ),
        Field(
            "transferred_to_accounting",
            "Transferred to accounting",
            Kind.CHOICE,
            "State of the transfer to the accounting system.",
            "No",
            choices=("Processing", "Error", "Ignore", "Yes", "No"),
        ),
        *_CONNECTOR_FIELDS,
    ),
    key=("invoice_ref",),
    synonyms=("invoice", "headers"),
    prefixes=("invoice",),
    marker="IsNewInvoice",
    fallback_key="invoice_number",
)

ITEMS = Table(
    "items",
    "Items",
    (
        INVOICE_REF,
        Field(
            "action",
            "Action",
            Kind.CHOICE,
            "What becomes of the item: it is added to the draft, changed, or deleted.",
            ACTION_CHANGE,
            choices=(ACTION_ADD, ACTION_CHANGE, ACTION_DELETE),
        ),
        Field(
            "item_id",
            "Item id",
            Kind.IDENTIFIER,
            "Id of the draft's item that is changed or deleted; blank for one that is added.",
            "8ad097b4909708e001909b41bb085d38",
            pattern=HEX_ID_PATTERN,
        ),
        Field(
            "item_no",
            "Item number",
            Kind.IDENTIFIER,
            "Number of the item within its invoice; optional.",
            "1",
            max_length=50,
            synonyms=("item no", "line", "line number"),
        ),
        Field(
            "catalog_sku",
            "Catalog SKU",
            Kind.IDENTIFIER,
            "SKU of a product in the catalog: looks the charge up.",
            "SUP-100",
            max_length=255,
        ),
        Field(
            "product_rate_plan_charge_id",
            "Charge id",
            Kind.IDENTIFIER,
            "Id of a charge in the catalog, instead of the catalog SKU.",
            "402890555a87d7f5015a88c613c5001e",
            max_length=64,
            synonyms=("product rate plan charge id",),
        ),
        Field(
            "charge_name",
            "Charge name",
            Kind.TEXT,
            "Name of what is sold; needed when neither catalog SKU nor charge id is given.",
            "Consulting day",
            max_length=130,
        ),
        Field(
            "description",
            "Description",
            Kind.TEXT,
            "Free text printed beside the item.",
            "Support in November",
            max_length=500,
        ),
        Field(
            "charge_uuid",
            "Charge UUID",
            Kind.IDENTIFIER,
            "UUID of the charge of a plan, where the billing system knows its charges so.",
            "9b2d7f4e-6a3c-4a4f-8f0e-2b1c3d4e5f60",
            pattern=UUID_PATTERN,
        ),
        Field(
            "metric_code",
            "Metric code",
            Kind.IDENTIFIER,
            "Code of the metric that was counted.",
            "api_calls",
            max_length=255,
        ),
        Field("quantity", "Quantity", Kind.NUMBER, "How many; 1 when blank.", "2"),
        Field("unit_price", "Unit price", Kind.NUMBER, "Price of one, in the invoice's currency.", "450.00"),
        Field(
            "amount",
            "Amount",
            Kind.MONEY,
            "Quantity times unit price, in the invoice's currency. Blank: it is computed from the two.",
            "900.00",
        ),
        Field(
            "service_start_date",
            "Service start date",
            Kind.DATE,
            "First day of the service.",
            "2026-11-01",
        ),
        Field(
            "service_end_date",
            "Service end date",
            Kind.DATE,
            "Last day of the service; not before its first.",
            "2026-11-30",
        ),
        Field(
            "sku",
            "SKU",
            Kind.IDENTIFIER,
            "Free SKU of something that is not in the catalog. Look a product up with Catalog SKU instead.",
            "MISC-7",
            max_length=255,
        ),
        Field("uom", "Unit of measure", Kind.TEXT, "What is counted.", "day", max_length=255),
        Field(
            "charge_date",
            "Charge date",
            Kind.DATETIME,
            "When the charge arose: yyyy-mm-dd hh:mm:ss.",
            "2026-11-15 08:30:00",
        ),
        Field("item_type", "Item type", Kind.TEXT, "Free classification.", "service", max_length=50),
        Field(
            "purchase_order_number",
            "Purchase order number",
            Kind.IDENTIFIER,
            "The customer's purchase order.",
            "PO-4711",
            max_length=100,
        ),
        Field(
            "booking_reference",
            "Booking reference",
            Kind.IDENTIFIER,
            "Your reference of the booking.",
            "B-100",
            max_length=100,
        ),
        Field("tax_code", "Tax code", Kind.TEXT, "Tax code of the item.", "STD", max_length=64),
        Field(
            "tax_mode",
            "Tax mode",
            Kind.CHOICE,
            "Whether the amount includes the tax.",
            "TaxExclusive",
            choices=("TaxInclusive", "TaxExclusive"),
        ),
        _declare_code("accounting_code", "Accounting code", "the item", "4000"),
        _declare_code(
            "accounts_receivable_accounting_code",
            "Accounts receivable accounting code",
            "receivables",
            "1200",
        ),
        _declare_code(
            "deferred_revenue_accounting_code", "Deferred revenue accounting code", "deferred revenue", "2400"
        ),
        _declare_code(
            "recognized_revenue_accounting_code",
            "Recognized revenue accounting code",
            "recognized revenue",
            "4000",
        ),
        _declare_code(
            "adjustment_liability_accounting_code",
            "Adjustment liability accounting code",
            "adjustment liability",
        ),
        _declare_code(
            "adjustment_revenue_accounting_code", "Adjustment revenue accounting code", "adjustment revenue"
        ),
        _declare_code("contract_asset_accounting_code", "Contract asset accounting code", "contract assets"),
        _declare_code(
            "contract_liability_accounting_code", "Contract liability accounting code", "contract liabilities"
        ),
        _declare_code(
            "contract_recognized_revenue_accounting_code",
            "Contract recognized revenue accounting code",
            "recognized contract revenue",
        ),
        _declare_code(
            "unbilled_receivables_accounting_code",
            "Unbilled receivables accounting code",
            "unbilled receivables",
        ),
        Field(
            "exclude_item_billing_from_revenue_accounting",
            "Exclude from revenue accounting",
            Kind.BOOLEAN,
            "Yes keeps the item's billing out of revenue accounting.",
            "no",
        ),
        Field(
            "rev_rec_code",
            "Revenue recognition code",
            Kind.TEXT,
            "Revenue recognition code.",
            "RR1",
            max_length=100,
        ),
        Field(
            "rev_rec_trigger_condition",
            "Revenue recognition trigger",
            Kind.CHOICE,
            "What starts the recognition of revenue.",
            "ServiceActivationDate",
            choices=("ContractEffectiveDate", "ServiceActivationDate", "CustomerAcceptanceDate"),
        ),
        Field(
            "rev_rec_start_date",
            "Revenue recognition start date",
            Kind.DATE,
            "First day of the recognition of revenue.",
            "2026-11-01",
        ),
        Field(
            "revenue_recognition_rule_name",
            "Revenue recognition rule",
            Kind.TEXT,
            "Name of the revenue recognition rule.",
            "Recognize upon invoicing",
            max_length=50,
        ),
        *_CONNECTOR_FIELDS,
    ),
    key=("invoice_ref", "item_no"),
    parent="invoices",
    synonyms=("item", "invoice items", "lines"),
    prefixes=("invoice item", "item"),
    marker="IsNewInvoiceItem",
)

ITEM_NO = replace(
    ITEMS["item_no"], required=True, help="Number of the item that it belongs to, as in the sheet Items."
)
_DISCOUNT_NO = Field(
    "discount_no",
    "Discount number",
    Kind.IDENTIFIER,
    "Number of the discount within its item; needed only when a tax names it.",
    "1",
    max_length=50,
    synonyms=("discount no",),
)

DISCOUNTS = Table(
    "discounts",
    "Discounts",
    (
        INVOICE_REF,
        ITEM_NO,
        _DISCOUNT_NO,
        Field(
            "discount_amount",
            "Discount amount",
            Kind.MONEY,
            "What is taken off, as a negative amount in the invoice's currency.",
            "-90.00",
            required=True,
        ),
        Field(
            "discount_name",
            "Discount name",
            Kind.TEXT,
            "Name of the discount; needed when no charge id is given.",
            "Loyalty discount",
            max_length=130,
        ),
        replace(
            ITEMS["product_rate_plan_charge_id"], help="Id of a discount's charge in the catalog.", example=""
        ),
        *(
            ITEMS[name]
            for name in (
                "description",
                "unit_price",
                "sku",
                "charge_date",
                "item_type",
                "purchase_order_number",
                "booking_reference",
                "accounting_code",
                "accounts_receivable_accounting_code",
                "deferred_revenue_accounting_code",
                "recognized_revenue_accounting_code",
                "adjustment_liability_accounting_code",
                "adjustment_revenue_accounting_code",
                "contract_asset_accounting_code",
                "contract_liability_accounting_code",
                "contract_recognized_revenue_accounting_code",
                "unbilled_receivables_accounting_code",
                "rev_rec_code",
                "rev_rec_trigger_condition",
                "revenue_recognition_rule_name",
            )
        ),
        *_CONNECTOR_FIELDS,
    ),
    key=("invoice_ref", "item_no", "discount_no"),
    parent="items",
    synonyms=("discount", "discount items"),
    optional=True,
    amount_field="discount_amount",
)


def _declare_text(name: str, label: str, description: str, example: str, max_length: int) -> Field:
    return Field(name, label, Kind.TEXT, description, example, max_length=max_length)


TAXES = Table(
    "taxes",
    "Taxes",
    (
        INVOICE_REF,
        ITEM_NO,
        replace(
            _DISCOUNT_NO,
            help="Number of the discount that it belongs to; blank: it is the item's tax.",
            example="",
        ),
        replace(
            _declare_text("tax_name", "Tax name", "Name of the tax.", "VAT", 128),
            required=True,
        ),
        Field(
            "tax_amount",
            "Tax amount",
            Kind.MONEY,
            "The tax in the invoice's currency; it comes on top of the amount.",
            "171.00",
            required=True,
        ),
        Field(
            "tax_rate", "Tax rate", Kind.NUMBER, "The rate: 0.19, or 19 %.", "0.19",
            required=True, is_share=True,
        ),
        Field(
            "tax_rate_type",
            "Tax rate type",
            Kind.CHOICE,
            "Whether the rate is a share or a fixed sum.",
            "Percentage",
            required=True,
            choices=("Percentage", "FlatFee"),
        ),
        Field("tax_date", "Tax date", Kind.DATE, "The day the tax is due.", "2026-11-30", required=True),
        replace(ITEMS["tax_code"], required=True, help="Tax code under which the tax was computed."),
        replace(ITEMS["tax_mode"], required=True, help="Whether the amount includes the tax."),
        Field(
            "exempt_amount", "Exempt amount", Kind.MONEY, "The amount that is exempt from the tax.", "0.00"
        ),
        _declare_text("jurisdiction", "Jurisdiction", "Who levies the tax.", "Germany", 255),
        _declare_text("location_code", "Location code", "Code of the tax location.", "DE", 32),
        _declare_text("tax_code_description", "Tax code description", "What the tax code means.", "Standard", 255),
        _declare_text("tax_rate_description", "Tax rate description", "What the rate means.", "19 %", 255),
    ),
    key=("invoice_ref", "item_no", "discount_no"),
    parent="items",
    synonyms=("tax", "tax items"),
    nearest_parent="discounts",
    optional=True,
    amount_field="tax_amount",
    added_to_total=True,
)  # fmt: skip

RATES = Table(
    "rates",
    "Rates",
    (
        INVOICE_REF,
        Field(
            "rate_currency",
            "Rate currency",
            Kind.CURRENCY,
            "The currency that the invoice's is converted to.",
            "USD",
            required=True,
        ),
        Field("fx_rate", "Exchange rate", Kind.NUMBER, "The rate of exchange.", "1.0845", required=True),
        Field("rate_date", "Rate date", Kind.DATE, "The day of the rate.", "2026-11-30"),
    ),
    key=("invoice_ref", "rate_currency"),
    parent="invoices",
    synonyms=("custom rates", "exchange rates"),
    optional=True,
)

BILL_TO, SOLD_TO, SHIP_TO = ("Bill-to", "Sold-to", "Ship-to")
"""What a contact is to an invoice."""

CONTACTS = Table(
    "contacts",
    "Contacts",
    (
        INVOICE_REF,
        Field(
            "contact_role",
            "Contact role",
            Kind.CHOICE,
            "What the contact is to the invoice.",
            BILL_TO,
            required=True,
            choices=(BILL_TO, SOLD_TO, SHIP_TO),
        ),
        replace(_declare_text("first_name", "First name", "First name.", "Ada", 100), required=True),
        replace(_declare_text("last_name", "Last name", "Last name.", "Byron", 100), required=True),
        _declare_text("address1", "Address line 1", "Street and number.", "1 Main Street", 255),
        _declare_text("address2", "Address line 2", "What else belongs to the address.", "2nd floor", 255),
        _declare_text("city", "City", "Town or city.", "London", 40),
        _declare_text("state", "State", "State or province.", "California", 100),
        _declare_text("county", "County", "County.", "Kent", 32),
        _declare_text("postal_code", "Postal code", "Postal code.", "N1 9GU", 20),
        _declare_text("country", "Country", "Country, by name or code.", "United Kingdom", 64),
        _declare_text("tax_region", "Tax region", "Region for taxes.", "EU", 100),
        _declare_text("personal_email", "Personal email", "Private address.", "ada@example.org", 80),
        _declare_text("work_email", "Work email", "Address at work.", "ada@example.com", 80),
        _declare_text("work_phone", "Work phone", "Telephone at work.", "+44 20 7946 0000", 40),
        _declare_text("mobile_phone", "Mobile phone", "Mobile telephone.", "+44 7700 900000", 40),
        _declare_text("home_phone", "Home phone", "Telephone at home.", "+44 20 7946 0001", 40),
        _declare_text("other_phone", "Other phone", "Another telephone.", "+44 20 7946 0002", 40),
        Field(
            "other_phone_type",
            "Other phone type",
            Kind.CHOICE,
            "What the other telephone is.",
            "Work",
            choices=("Work", "Mobile", "Home", "Other"),
        ),
        _declare_text("fax", "Fax", "Fax.", "+44 20 7946 0003", 40),
        _declare_text("nickname", "Nickname", "A short name for the contact.", "Ada", 100),
    ),
    key=("invoice_ref", "contact_role"),
    parent="invoices",
    synonyms=("contact", "new contacts"),
    optional=True,
)

TABLES = (INVOICES, ITEMS, DISCOUNTS, TAXES, RATES, CONTACTS)
"""The tree; a table stands after the one it hangs on."""
