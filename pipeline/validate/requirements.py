"""Requirements: the declarations that sheets are checked against, and what the settings say about them."""

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


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """The declarations that sheets are checked against, and what the settings say about them.

    Attributes:
        projection: of the target.
        tables: as the target takes them, by name.
        date_format: how text dates are written.
        number_format: how texts write numbers.
        rule_settings: what the settings say about rules.
        default_currency: of invoices whose currency is blank; empty if there is none.
        catalog_prices: the catalog may fill a blank unit price, so that an amount may still come.
        accounts: what the account list says of the invoices' keys; None if no list is loaded.
    """

    projection: Projection
    tables: Mapping[str, Table]
    date_format: DateNotation = attribute(default_factory=DateNotation)
    number_format: NumberNotation = attribute(default_factory=NumberNotation)
    rule_settings: RuleSettings = attribute(default_factory=RuleSettings)
    default_currency: str = ""
    catalog_prices: bool = False
    accounts: AccountAnswers | None = None

    def get_rules(self, table: str) -> list[Rule]:
        """Return the rules that apply to a table.

        Args:
            table: its name.
        """
        return rules.select_rules(self.projection.rules, table)
