"""Arrow columns inside pandas frames: into a frame and out of it again, without a copy."""

from __future__ import annotations

from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# pyarrow carries no types, so to mypy each of these is `Any`; to a reader they say what a column holds.
ArrowColumn: TypeAlias = pa.Array
"""A column of any type."""
Texts: TypeAlias = pa.Array
"""`string`, or its dictionary-encoded form."""
Decimals: TypeAlias = pa.Array
"""`decimal128(38, s)`."""
Dates: TypeAlias = pa.Array
"""`date32`."""
Booleans: TypeAlias = pa.Array
"""`bool`."""
Integers: TypeAlias = pa.Array
"""Any width of whole numbers."""
Indices: TypeAlias = pa.Array
"""Whole numbers that are row numbers of another column."""

_SAMPLE_ROWS = 20_000
_MAX_DISTINCT_SHARE = 0.25


def to_series(values: Any) -> pd.Series[Any]:
    """An Arrow array as a pandas column."""
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([values])))


def arrow_column(column: pd.Series[Any]) -> Any:
    """The Arrow array behind an Arrow-backed column, or one made from a numpy-backed one."""
    array = column.array
    if isinstance(array, pd.arrays.ArrowExtensionArray):
        return merge_chunks(array.__arrow_array__())
    return pa.array(column.to_numpy())


def merge_chunks(values: Any) -> Any:
    """A column in one piece."""
    if not isinstance(values, pa.ChunkedArray):
        return values
    return (
        values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
    )  # that copies even a single piece


def encode_repeats(values: Any) -> Any:
    """A text column in one piece, dictionary-encoded where its values repeat."""
    values = merge_chunks(values)
    sample = values.slice(0, _SAMPLE_ROWS)
    return (
        values if len(pc.unique(sample)) > _MAX_DISTINCT_SHARE * len(sample) else values.dictionary_encode()
    )


def decode_dictionary(values: Any) -> Any:
    """A text column without its dictionary."""
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values
