"""Arrow columns inside pandas frames: into a frame and out of it again, without a copy."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_SAMPLE = 20_000
_REPETITIVE = 0.25


def series(values: Any) -> pd.Series[Any]:
    """An Arrow array as a pandas column."""
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([values])))


def cells_of(column: pd.Series[Any]) -> Any:
    """The Arrow array behind an Arrow-backed column, or one made from a numpy-backed one."""
    array = column.array
    if isinstance(array, pd.arrays.ArrowExtensionArray):
        return whole(array.__arrow_array__())
    return pa.array(column.to_numpy())


def whole(values: Any) -> Any:
    """A column in one piece."""
    if not isinstance(values, pa.ChunkedArray):
        return values
    return (
        values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
    )  # that copies even a single piece


def compact(values: Any) -> Any:
    """A text column in one piece, dictionary-encoded where its values repeat."""
    values = whole(values)
    sample = values.slice(0, _SAMPLE)
    return values if len(pc.unique(sample)) > _REPETITIVE * len(sample) else values.dictionary_encode()


def plain(values: Any) -> Any:
    """A text column without its dictionary."""
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values
