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
class Terms:
    """What the settings say about rules.

    Attributes:
        allow_negative_items: a negative item is no fault.
        amount_tolerance: by how much an amount may differ from quantity times unit price.
        most_items: items an invoice may have.
        number_form: the regular expression an invoice number must match.
        number_length: characters an invoice number may have.
        ref_is_number: the reference becomes the invoice number where none is given.
        total_below: what a total must lie below, either way, in the unit that is sent; None has none.
        minor_units: money is sent in the smallest unit of its currency.
        most: by table, rows that may hang on one row of another.
    """

    allow_negative_items: bool = False
    amount_tolerance: Decimal = Decimal(0)
    most_items: int = 1000
    number_form: str = ""
    number_length: int = 0
    ref_is_number: bool = False
    total_below: Decimal | None = None
    minor_units: bool = False
    most: Mapping[str, int] = attribute(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        code: of the issue catalogue.
        table: the table whose rows it judges.
        field: the column in which a failure is shown; empty for the row as a whole.
        needs: fields that must have been readable for the answer to be known.
        holds: the predicate; null counts as true.
        uses: further columns and facts the predicate reads.
        beside: asked only where this other table has rows; empty: always.
    """

    code: str
    table: str
    field: str
    needs: tuple[str, ...]
    holds: Callable[[Columns, Terms], Any]
    uses: tuple[str, ...] = ()
    beside: str = ""
