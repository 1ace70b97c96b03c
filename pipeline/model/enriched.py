"""Enriched sheets: valid sheets with what the catalog and the account list know of them.

In: nothing; these are records.
Out: `EnrichedSheets`, and the answers of the reference data: `CatalogAnswers`, `AccountAnswers`.
Never: changes the valid sheets: what enrichment fills is in columns of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import pyarrow as pa

from pipeline.model.valid import ValidSheets, format_item_numbers
from schemas.arrow.columns import Decimals, Texts
from schemas.arrow.frames import arrow_column


@dataclass(frozen=True)
class CatalogAnswers:
    """The catalog's answers to the keys of the items.

    Attributes:
        candidates: `kind` (`sku`, `charge`), `key` and all catalog columns; one row per catalog row that a
            key may refer to, the rows of one kind and key together.
        suggestions: the nearest names of unknown keys, as a sentence; by kind and key.
        free_skus: values of the free SKU column that are a product's SKU.
    """

    candidates: pa.Table
    suggestions: Mapping[tuple[str, str], str]
    free_skus: Texts


@dataclass(frozen=True)
class AccountAnswers:
    """The account list's answers to the keys of the invoices.

    Attributes:
        by_key_field: by key field: `key` (as it is compared), `place` (of the account in the list) and all
            columns of the list; one row per known key.
        suggestions: the nearest names of unknown keys, as a sentence; by key field and key.
    """

    by_key_field: Mapping[str, pa.Table]
    suggestions: Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class EnrichedSheets:
    """Valid sheets with the catalog's columns for each item.

    Attributes:
        valid: what was enriched.
        items: the items' frame; the charge id is filled where a SKU was looked up, unit price and amount
            where a setting says so.
        catalog: one row per item: the catalog's columns (`charge_name`, `sku`, ...), null without a charge.
        is_priced: unit prices or amounts were filled from the catalog.
    """

    valid: ValidSheets
    items: pd.DataFrame
    catalog: pd.DataFrame
    is_priced: bool = False

    @cached_property
    def number_texts(self) -> Mapping[str, Texts]:
        """Quantity, unit price and effective amount as plain texts: formatted once for all outputs."""
        # Without prices from the catalog the valid sheets have the same texts, perhaps already formatted.
        return format_item_numbers(self.items) if self.is_priced else self.valid.number_texts

    @cached_property
    def totals(self) -> Decimals:
        """Each invoice's total, see `ValidSheets.sum_totals`."""
        return self.valid.sum_totals(arrow_column(self.items["effective_amount"]))
