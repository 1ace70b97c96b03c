"""The business fields, each declared once: invoices, items, and the tables that belong to them.

A target takes from here what it can carry (its projection) and may only tighten. Tables form a tree by
`parent`: items belong to an invoice, discounts to an item, taxes to an item or to a discount, rates and
contacts to an invoice. A row that belongs to an item names it by its number, so that item must have one.
"""

from __future__ import annotations

from schemas.tables.contacts import CONTACTS
from schemas.tables.discounts import DISCOUNTS
from schemas.tables.invoices import INVOICES
from schemas.tables.items import ITEMS
from schemas.tables.rates import RATES
from schemas.tables.taxes import TAXES

__all__ = ["CONTACTS", "DISCOUNTS", "INVOICES", "ITEMS", "RATES", "TABLES", "TAXES"]

TABLES = (INVOICES, ITEMS, DISCOUNTS, TAXES, RATES, CONTACTS)
"""All tables; each comes after its parent."""
