"""What a rule is: its predicate, its issue code, and the facts that the issue's sentence needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from schemas.arrow.columns import ArrowColumn, Booleans

Columns = Mapping[str, ArrowColumn]
"""A frame's columns as Arrow arrays, by name."""


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """What the settings say about rules.

    Attributes:
        allow_negative_items: a negative item is no fault.
        amount_tolerance: by how much an amount may differ from quantity times unit price.
        mismatch_is_warning: an amount that differs by more is a warning, not an error.
        max_items: the number of items an invoice may have.
        number_pattern: the regular expression an invoice number must match.
        number_max_length: the number of characters an invoice number may have.
        use_reference_as_number: the reference becomes the invoice number if none is given.
        total_limit: what a total must lie below, either way, in the unit that is sent; None for no limit.
        in_minor_units: money is sent in the smallest unit of its currency.
        max_children: by child table, the number of rows that one parent row may have.
    """

    allow_negative_items: bool = False
    amount_tolerance: Decimal = Decimal(0)
    mismatch_is_warning: bool = False
    max_items: int = 1000
    number_pattern: str = ""
    number_max_length: int = 0
    use_reference_as_number: bool = False
    total_limit: Decimal | None = None
    in_minor_units: bool = False
    max_children: Mapping[str, int] = attribute(default_factory=dict)


Predicate: TypeAlias = Callable[[Columns, RuleSettings], Booleans]
"""Whether each row keeps the rule; null, unknown, counts as kept."""


class Computation(Enum):
    """Facts that take more than a column of the row; `pipeline.validate.issue_facts` computes them."""

    CURRENCY = "the currency of the row's invoice"
    CURRENCY_DECIMALS = "how many decimals that currency has, as text"
    ROUNDED_AMOUNT = "the amount as a cell would show it with so many decimals"
    PRODUCT = "quantity times unit price, rounded to the currency"
    TOTAL = "the invoice's total"
    TYPED_AMOUNT = "the amount as typed; computed if the cell is blank"
    NUMBER_FORM = "what an invoice number must look like, as text"
    NEAR_REFERENCE = "the invoice reference that is nearest to an unknown one, as a question"
    NEAR_ACCOUNT = "the account key that is nearest to an unknown one, as a question"
    NAMED_ACCOUNTS = "which account each key of the invoice names"
    NO_CUSTOMER_REASON = "why the customer's id is not known"


FactSource: TypeAlias = str | Computation | Callable[[RuleSettings], str]
"""Where a fact comes from: a column of the row (by name), a computation, or the settings."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        code: of the issue catalogue.
        table: the table whose rows it checks.
        field: the column in which a failure is shown; empty for the row as a whole.
        inputs: fields that must be readable, as the answer is unknown otherwise.
        predicate: whether a row keeps the rule.
        derived: derived columns that the predicate reads besides.
        only_with: another table without whose rows the rule is skipped; empty if it always applies.
        facts: by placeholder of the issue's sentence what fills it.
        value: what the sentence quotes as the cell's value; None for the cell's text.
        warning_code: the code under which a failure is reported if the settings make it a warning.
        is_warning: whether they do.
    """

    code: str
    table: str
    field: str = ""
    inputs: tuple[str, ...]
    predicate: Predicate
    derived: tuple[str, ...] = ()
    only_with: str = ""
    facts: Mapping[str, FactSource] = attribute(default_factory=dict)
    value: FactSource | None = None
    warning_code: str = ""
    is_warning: Callable[[RuleSettings], bool] = attribute(default=lambda _: False)

    @property
    def columns(self) -> list[str]:
        """The columns that the predicate reads, each once."""
        return list(dict.fromkeys((*self.inputs, *self.derived)))

    def get_code(self, settings: RuleSettings) -> str:
        """Return the code under which a failure is reported.

        Args:
            settings: what the settings say about rules.
        """
        return self.warning_code if self.is_warning(settings) else self.code
