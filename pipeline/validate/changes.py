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

from pipeline.model import Mask
from pipeline.validate.repeated import twice
from schemas.columns import cells_of, plain
from schemas.kinds import DECIMAL
from schemas.tables import ADD

_NAMES_THE_ITEM = ("invoice_ref", "action", "item_id")
_NAMES_THE_DRAFT = ("invoice_ref", "invoice_key", "currency")


def of_items(values: pd.DataFrame, unread: Mapping[str, Mask]) -> dict[str, Any]:
    """The facts of the rows of items.

    Args:
        values: typed columns.
        unread: per field the rows whose cell could not be read.
    """
    return {
        "says_more": _says_more(values, unread, _NAMES_THE_ITEM),
        "item_id_twice": pa.array(twice(_texts(values, "item_id"))),
    }


def of_invoices(values: pd.DataFrame, unread: Mapping[str, Mask]) -> dict[str, Any]:
    """The facts of the rows of invoices.

    Args:
        values: typed columns.
        unread: per field the rows whose cell could not be read.
    """
    return {
        "says_more": _says_more(values, unread, _NAMES_THE_DRAFT),
        "key_twice": pa.array(twice(_texts(values, "invoice_key"))),
    }


def booked(amounts: Any, values: pd.DataFrame, unread: Mapping[str, Mask]) -> Any:
    """The amounts for the books: a row that deletes, or leaves the amount as it is, names no money at all.

    Args:
        amounts: `DECIMAL`, given or computed.
        values: typed columns of the items.
        unread: per field the rows whose cell could not be read.
    """
    silent = pc.and_(pc.is_null(amounts), pc.fill_null(pc.not_equal(_texts(values, "action"), ADD), False))
    for name in ("amount", "quantity", "unit_price", "action"):
        if name in unread:
            silent = pc.and_(silent, pa.array(~unread[name]))
    return pc.if_else(silent, pa.scalar(0, DECIMAL), amounts)


def _says_more(values: pd.DataFrame, unread: Mapping[str, Mask], names: Collection[str]) -> Any:
    """Rows with anything, read or not, beside what names the thing."""
    said = np.zeros(len(values), bool)
    for name in values.columns.difference(list(names)):
        said |= values[name].notna().to_numpy()
        said |= unread.get(name, False)
    return pa.array(said)


def _texts(values: pd.DataFrame, name: str) -> Any:
    return plain(cells_of(values[name])) if name in values else pa.nulls(len(values), pa.string())
