"""Changes to what is in the billing system already: what their rules need to know, and what money they name.

Only a target that changes things comes here: one whose items have an action.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask
from pipeline.validate.duplicates import is_duplicate
from schemas.arrow.columns import arrow_column, decode_dictionary
from schemas.notation.parsing import DECIMAL
from schemas.tables.items import ACTION_ADD

_ITEM_KEYS = ("invoice_ref", "action", "item_id")
_DRAFT_KEYS = ("invoice_ref", "invoice_key", "currency")


def derive_item_changes(values: pd.DataFrame, unreadable: Mapping[str, Mask]) -> dict[str, Any]:
    """The facts of the rows of items.

    Args:
        values: typed columns.
        unreadable: per field the rows whose cell could not be read.
    """
    return {
        "says_more": _has_more(values, unreadable, _ITEM_KEYS),
        "item_id_twice": pa.array(is_duplicate(_get_texts(values, "item_id"))),
    }


def derive_invoice_changes(values: pd.DataFrame, unreadable: Mapping[str, Mask]) -> dict[str, Any]:
    """The facts of the rows of invoices.

    Args:
        values: typed columns.
        unreadable: per field the rows whose cell could not be read.
    """
    return {
        "says_more": _has_more(values, unreadable, _DRAFT_KEYS),
        "key_twice": pa.array(is_duplicate(_get_texts(values, "invoice_key"))),
    }


def resolve_amounts(amounts: Any, values: pd.DataFrame, unreadable: Mapping[str, Mask]) -> Any:
    """The amounts for the books: a row that deletes, or leaves the amount as it is, names no money at all.

    Args:
        amounts: `DECIMAL`, given or computed.
        values: typed columns of the items.
        unreadable: per field the rows whose cell could not be read.
    """
    without_amount = pc.and_(
        pc.is_null(amounts), pc.fill_null(pc.not_equal(_get_texts(values, "action"), ACTION_ADD), False)
    )
    for name in ("amount", "quantity", "unit_price", "action"):
        if name in unreadable:
            without_amount = pc.and_(without_amount, pa.array(~unreadable[name]))
    return pc.if_else(without_amount, pa.scalar(0, DECIMAL), amounts)


def _has_more(values: pd.DataFrame, unreadable: Mapping[str, Mask], keys: Collection[str]) -> Any:
    """Rows with anything, read or not, beside what names the thing."""
    mask = np.zeros(len(values), bool)
    for name in values.columns.difference(list(keys)):
        mask |= values[name].notna().to_numpy()
        mask |= unreadable.get(name, False)
    return pa.array(mask)


def _get_texts(values: pd.DataFrame, name: str) -> Any:
    return (
        decode_dictionary(arrow_column(values[name]))
        if name in values
        else pa.nulls(len(values), pa.string())
    )
