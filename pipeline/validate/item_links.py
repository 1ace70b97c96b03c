"""Links of items to their invoices, by the text of the invoice reference.

In: the cells of items and invoices as text.
Out: `ItemLinks`.
Never: links by the order of rows, or a blank reference to a blank one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask, Positions
from pipeline.validate.duplicates import is_duplicate
from schemas.arrow.columns import Indices, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column


class ItemLinks(NamedTuple):
    """Which invoice each item belongs to.

    Attributes:
        references: per invoice its reference, null without one.
        parent: per item the position of its invoice, -1 without one.
        item_counts: per invoice the number of its items.
        is_duplicate: invoices whose reference another invoice has as well.
    """

    references: Texts
    parent: Positions
    item_counts: npt.NDArray[np.int64]
    is_duplicate: Mask


def link_items(items: pd.DataFrame, invoices: pd.DataFrame) -> ItemLinks:
    """Link items to invoices; of several invoices with one reference the first gets the items.

    Args:
        items: cells as text.
        invoices: cells as text.
    """
    references = _read_references(invoices)
    if "invoice_ref" not in items:
        parent = np.full(len(items), -1)
    else:
        parent = (
            pc.fill_null(_find_invoices(items["invoice_ref"], references), -1).to_numpy().astype(np.int64)
        )
    counts = np.bincount(parent[parent >= 0], minlength=len(invoices))
    return ItemLinks(references, parent, counts, is_duplicate(references))


def _read_references(invoices: pd.DataFrame) -> Texts:
    if "invoice_ref" not in invoices:
        return pa.nulls(len(invoices), pa.string())
    texts = decode_dictionary(arrow_column(invoices["invoice_ref"]))
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _find_invoices(column: pd.Series[str], references: Texts) -> Indices:
    wanted = arrow_column(column)
    if isinstance(wanted, pa.DictionaryArray):  # each distinct reference is looked up once
        return pc.take(_find_positions(wanted.dictionary, references), wanted.indices)
    return _find_positions(wanted, references)


def _find_positions(wanted: Texts, references: Texts) -> Indices:
    # a blank reference is null, which `skip_nulls` never finds: blank items belong to no blank invoice
    filled = pc.if_else(pc.equal(wanted, ""), None, wanted)
    return pc.index_in(filled, value_set=references, skip_nulls=True)
