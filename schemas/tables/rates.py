"""The table of exchange rates: one row per currency that an invoice is converted to."""

from __future__ import annotations

from schemas.fields import Field, Kind, Table
from schemas.tables.common import INVOICE_REF

RATES = Table(
    "rates",
    "Rates",
    (
        INVOICE_REF,
        Field(
            "rate_currency",
            "Rate currency",
            Kind.CURRENCY,
            help="The currency that the invoice's is converted to.",
            example="USD",
            required=True,
        ),
        Field(
            "fx_rate",
            "Exchange rate",
            Kind.NUMBER,
            help="The rate of exchange.",
            example="1.0845",
            required=True,
        ),
        Field("rate_date", "Rate date", Kind.DATE, help="The day of the rate.", example="2026-11-30"),
    ),
    key=("invoice_ref", "rate_currency"),
    parent="invoices",
    synonyms=("custom rates", "exchange rates"),
    optional=True,
)
