"""Derived columns for changes of drafts, and the amounts that such changes name.

In: typed columns of rows with an action, and the cells that could not be read.
Out: the columns that rules about changes read; the amounts that balances count.
Never: takes an unreadable cell for a blank one.

Only for a target that changes what is in the billing system already: one whose items have an action.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask
from pipeline.validate.duplicates import is_duplicate
from pipeline.validate.typed_columns import DerivedColumns
from schemas.arrow.columns import DECIMAL, Booleans, Decimals, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.tables.items import ACTION_ADD

_ITEM_KEYS = ("invoice_ref", "action", "item_id")
_DRAFT_KEYS = ("invoice_ref", "invoice_key", "currency")
"""Fields that say which item or draft is meant, and nothing about what changes."""


def derive_item_changes(values: pd.DataFrame, unreadable: Mapping[str, Mask]) -> DerivedColumns:
    """Return the derived columns of rows that add, change or delete an item.

    Args:
        values: typed columns.
        unreadable: per field a mask of the rows whose cell could not be read.
    """
    return {
        "says_more": _has_more(values, unreadable, _ITEM_KEYS),
        "item_id_twice": pa.array(is_duplicate(_get_texts(values, "item_id"))),
    }


def derive_invoice_changes(values: pd.DataFrame, unreadable: Mapping[str, Mask]) -> DerivedColumns:
    """Return the derived columns of rows that change a draft; arguments as of `derive_item_changes`."""
    is_twice = is_duplicate(_get_texts(values, "invoice_key"))
    return {"says_more": _has_more(values, unreadable, _DRAFT_KEYS), "key_twice": pa.array(is_twice)}


def resolve_amounts(amounts: Decimals, values: pd.DataFrame, unreadable: Mapping[str, Mask]) -> Decimals:
    """Return the amounts that balances count: a row that deletes, or leaves the amount as it is, counts as 0.

    Args:
        amounts: `DECIMAL`, given or computed.
        values: typed columns of the items.
        unreadable: per field the rows whose cell could not be read.
    """
    without_amount = pc.and_(
        pc.is_null(amounts), pc.fill_null(pc.not_equal(_get_texts(values, "action"), ACTION_ADD), False)
    )
    # a cell that could not be read may say an amount, so its row has none that is left as it is
    for name in ("amount", "quantity", "unit_price", "action"):
        if name in unreadable:
            without_amount = pc.and_(without_amount, pa.array(~unreadable[name]))
    return pc.if_else(without_amount, pa.scalar(0, DECIMAL), amounts)


def _has_more(values: pd.DataFrame, unreadable: Mapping[str, Mask], keys: Collection[str]) -> Booleans:
    """Return which rows have any cell filled, readable or not, besides their keys."""
    mask = np.zeros(len(values), bool)
    for name in values.columns.difference(list(keys)):
        mask |= values[name].notna().to_numpy()
        mask |= unreadable.get(name, False)
    return pa.array(mask)


def _get_texts(values: pd.DataFrame, name: str) -> Texts:
    if name not in values:
        return pa.nulls(len(values), pa.string())
    return decode_dictionary(arrow_column(values[name]))
