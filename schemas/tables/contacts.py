"""The table of contacts: one row per person who is billed, bought or receives the goods of an invoice."""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import Field, Kind, Table
from schemas.tables.common import INVOICE_REF, declare_text

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
            help="What the contact is to the invoice.",
            example=BILL_TO,
            required=True,
            choices=(BILL_TO, SOLD_TO, SHIP_TO),
        ),
        replace(declare_text("first_name", "First name", "First name.", "Ada", 100), required=True),
        replace(declare_text("last_name", "Last name", "Last name.", "Byron", 100), required=True),
        declare_text("address1", "Address line 1", "Street and number.", "1 Main Street", 255),
        declare_text("address2", "Address line 2", "What else belongs to the address.", "2nd floor", 255),
        declare_text("city", "City", "Town or city.", "London", 40),
        declare_text("state", "State", "State or province.", "California", 100),
        declare_text("county", "County", "County.", "Kent", 32),
        declare_text("postal_code", "Postal code", "Postal code.", "N1 9GU", 20),
        declare_text("country", "Country", "Country, by name or code.", "United Kingdom", 64),
        declare_text("tax_region", "Tax region", "Region for taxes.", "EU", 100),
        declare_text("personal_email", "Personal email", "Private address.", "ada@example.org", 80),
        declare_text("work_email", "Work email", "Address at work.", "ada@example.com", 80),
        declare_text("work_phone", "Work phone", "Telephone at work.", "+44 20 7946 0000", 40),
        declare_text("mobile_phone", "Mobile phone", "Mobile telephone.", "+44 7700 900000", 40),
        declare_text("home_phone", "Home phone", "Telephone at home.", "+44 20 7946 0001", 40),
        declare_text("other_phone", "Other phone", "Another telephone.", "+44 20 7946 0002", 40),
        Field(
            "other_phone_type",
            "Other phone type",
            Kind.CHOICE,
            help="What the other telephone is.",
            example="Work",
            choices=("Work", "Mobile", "Home", "Other"),
        ),
        declare_text("fax", "Fax", "Fax.", "+44 20 7946 0003", 40),
        declare_text("nickname", "Nickname", "A short name for the contact.", "Ada", 100),
    ),
    key=("invoice_ref", "contact_role"),
    parent="invoices",
    synonyms=("contact", "new contacts"),
    optional=True,
)
