"""What sheets are held against: the declarations, and what the settings say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute

from pipeline.model import AccountAnswers
from schemas import rules
from schemas.dates import DateFormat
from schemas.fields import Projection, Table
from schemas.numbers import NumberFormat
from schemas.terms import Rule, Terms


@dataclass(frozen=True)
class Demands:
    """What the sheets are held against: the declarations, and what the settings say of them.

    Attributes:
        projection: of the target.
        tables: as the target takes them, by name.
        dates: how text dates are written.
        terms: what the settings say about rules.
        default_currency: of invoices whose currency is blank; empty when there is none.
        mismatch_code: the code under which an amount that is not quantity times unit price is told.
        catalog_prices: the catalog may fill a blank unit price, so an amount may still come.
        accounts: what the account list says of the invoices' keys; None when none is loaded.
        numbers: how texts write numbers.
    """

    projection: Projection
    tables: Mapping[str, Table]
    dates: DateFormat = attribute(default_factory=DateFormat)
    terms: Terms = attribute(default_factory=Terms)
    default_currency: str = ""
    mismatch_code: str = "E304"
    catalog_prices: bool = False
    accounts: AccountAnswers | None = None
    numbers: NumberFormat = attribute(default_factory=NumberFormat)

    def rules(self, table: str) -> list[Rule]:
        """The rules that apply to a table."""
        return rules.applied(self.projection.rules, table, mismatch_code=self.mismatch_code)
