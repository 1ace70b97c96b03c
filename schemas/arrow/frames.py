"""Arrow columns in pandas frames: in and out without a copy.

In: an Arrow array, or a pandas column.
Out: the other of the two.
Never: is imported by a module that the parser process needs; pandas doubles the start of that process.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from schemas.arrow.columns import ArrowColumn, merge_chunks


def to_series(values: ArrowColumn) -> pd.Series[Any]:
    """Return an Arrow array as a pandas column.

    Args:
        values: of any type.
    """
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([values])))


def arrow_column(column: pd.Series[Any]) -> ArrowColumn:
    """Return the Arrow array behind a pandas column, without a copy where it is backed by Arrow.

    Args:
        column: backed by Arrow or by numpy.
    """
    array = column.array
    if isinstance(array, pd.arrays.ArrowExtensionArray):
        return merge_chunks(array.__arrow_array__())
    return pa.array(column.to_numpy())
