"""Types of Arrow columns; chunks, repeats and dictionaries of them."""

from __future__ import annotations

from typing import Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

# pyarrow carries no types, so to mypy each of these is `Any`; to a reader they say what a column holds.
ArrowColumn: TypeAlias = pa.Array
"""A column of any type."""
Texts: TypeAlias = pa.Array
"""`string`, or its dictionary-encoded form."""
Decimals: TypeAlias = pa.Array
"""`decimal128` or `decimal256`, of any scale; `DECIMAL` unless said otherwise."""
Dates: TypeAlias = pa.Array
"""`date32`."""
Booleans: TypeAlias = pa.Array
"""`bool`."""
Integers: TypeAlias = pa.Array
"""Whole numbers of any width."""
Indices: TypeAlias = pa.Array
"""Whole numbers that are row numbers of another column."""

DECIMAL: Final = pa.decimal128(24, 9)
"""The type of every number and every amount of money: 15 digits before the point, 9 after it, exact."""

_SAMPLE_ROWS = 20_000
"""Rows from which it is estimated whether the values of a column repeat."""
_MAX_DISTINCT_SHARE = 0.25
"""Above this share of distinct values a dictionary would cost more than it saves."""


def merge_chunks(values: ArrowColumn) -> ArrowColumn:
    """Return a column as one array.

    Args:
        values: an array or a chunked array.
    """
    if not isinstance(values, pa.ChunkedArray):
        return values
    # `combine_chunks` copies even a single chunk
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def encode_repeats(values: Texts) -> Texts:
    """Return a text column as one array, dictionary-encoded where its values repeat.

    Args:
        values: a string array or a chunked one.
    """
    values = merge_chunks(values)
    sample = values.slice(0, _SAMPLE_ROWS)
    if len(pc.unique(sample)) > _MAX_DISTINCT_SHARE * len(sample):
        return values
    return values.dictionary_encode()


def decode_dictionary(values: Texts) -> Texts:
    """Return a text column without dictionary encoding.

    Args:
        values: dictionary-encoded or not.
    """
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values
