"""What sheets are held against: the declarations, and what the settings say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute

from pipeline.model.enriched import AccountAnswers
from schemas import rules
from schemas.fields import Projection, Table
from schemas.notation.dates import DateNotation
from schemas.notation.numbers import NumberNotation
from schemas.rule import Rule, RuleSettings


@dataclass(frozen=True)
class Requirements:
    """What the sheets are held against: the declarations, and what the settings say of them.

    Attributes:
        projection: of the target.
        tables: as the target takes them, by name.
        date_format: how text dates are written.
        rule_settings: what the settings say about rules.
        default_currency: of invoices whose currency is blank; empty when there is none.
        mismatch_code: the code under which an amount that is not quantity times unit price is told.
        catalog_prices: the catalog may fill a blank unit price, so an amount may still come.
        accounts: what the account list says of the invoices' keys; None when none is loaded.
        number_format: how texts write numbers.
    """

    projection: Projection
    tables: Mapping[str, Table]
    date_format: DateNotation = attribute(default_factory=DateNotation)
    rule_settings: RuleSettings = attribute(default_factory=RuleSettings)
    default_currency: str = ""
    mismatch_code: str = "E304"
    catalog_prices: bool = False
    accounts: AccountAnswers | None = None
    number_format: NumberNotation = attribute(default_factory=NumberNotation)

    def get_rules(self, table: str) -> list[Rule]:
        """The rules that apply to a table."""
        return rules.select_rules(self.projection.rules, table, mismatch_code=self.mismatch_code)
