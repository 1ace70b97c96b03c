"""Duplicate values: which rows have a value that another row has as well.

In: a column of texts.
Out: a mask of its rows.
Never: takes two blanks for duplicates.
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from pipeline.model.indices import Mask
from schemas.arrow.columns import Texts, decode_dictionary


def is_duplicate(values: Texts) -> Mask:
    """Return which rows have a value that another row has as well; null is never a duplicate.

    Args:
        values: a column of texts.
    """
    codes = decode_dictionary(values).dictionary_encode().indices
    valid = pc.is_valid(codes).to_numpy(zero_copy_only=False)
    indices = pc.fill_null(codes, 0).to_numpy()
    # dictionary codes are small and dense, so that counting them is one pass without hashing again
    return np.asarray((np.bincount(indices[valid], minlength=1)[indices] > 1) & valid)
