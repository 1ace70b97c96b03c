"""Types of the index and mask arrays that point at rows of a frame.

A row of a frame is known by its position (0, 1, 2, ...), never by a label.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
"""Row positions of a frame; -1 stands for none where a docstring says so."""
Mask = npt.NDArray[np.bool_]
"""One boolean per row."""
