"""What a rule is, and what the settings say about rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from decimal import Decimal
from typing import Any

Columns = Mapping[str, Any]
"""A frame's columns as Arrow arrays, by name."""


@dataclass(frozen=True)
class RuleSettings:
    """What the settings say about rules.

    Attributes:
        allow_negative_items: a negative item is no fault.
        amount_tolerance: by how much an amount may differ from quantity times unit price.
        max_items: items an invoice may have.
        number_pattern: the regular expression an invoice number must match.
        number_max_length: characters an invoice number may have.
        use_reference_as_number: the reference becomes the invoice number where none is given.
        total_limit: what a total must lie below, either way, in the unit that is sent; None has none.
        in_minor_units: money is sent in the smallest unit of its currency.
        max_children: by table, rows that may hang on one row of another.
    """

    allow_negative_items: bool = False
    amount_tolerance: Decimal = Decimal(0)
    max_items: int = 1000
    number_pattern: str = ""
    number_max_length: int = 0
    use_reference_as_number: bool = False
    total_limit: Decimal | None = None
    in_minor_units: bool = False
    max_children: Mapping[str, int] = attribute(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        code: of the issue catalogue.
        table: the table whose rows it judges.
        field: the column in which a failure is shown; empty for the row as a whole.
        inputs: fields that must have been readable for the answer to be known.
        predicate: the predicate; null counts as true.
        derived: further columns and facts the predicate reads.
        only_with: asked only where this other table has rows; empty: always.
    """

    code: str
    table: str
    field: str
    inputs: tuple[str, ...]
    predicate: Callable[[Columns, RuleSettings], Any]
    derived: tuple[str, ...] = ()
    only_with: str = ""
