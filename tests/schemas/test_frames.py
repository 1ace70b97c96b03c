"""Columns of pandas as Arrow arrays, whatever holds their values."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from schemas.arrow.frames import arrow_column, to_series


def test_a_column_is_the_array_that_it_was_made_of() -> None:
    assert arrow_column(to_series(pa.array(["a", None]))).to_pylist() == ["a", None]
    assert arrow_column(pd.Series([1, 2])).to_pylist() == [1, 2]
