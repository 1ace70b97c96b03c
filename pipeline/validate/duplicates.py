"""Values that stand on more than one row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from pipeline.model.indices import Mask
from schemas.arrow.columns import decode_dictionary


def is_duplicate(values: Any) -> Mask:
    """Rows whose value stands on another row too; null never does."""
    codes = decode_dictionary(values).dictionary_encode().indices
    valid = pc.is_valid(codes).to_numpy(zero_copy_only=False)
    indices = pc.fill_null(codes, 0).to_numpy()
    return np.asarray((np.bincount(indices[valid], minlength=1)[indices] > 1) & valid)
