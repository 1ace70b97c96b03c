"""Types of the index and mask arrays: rows of a frame, and positions among the accepted invoices.

A row of a frame is known by its position (0, 1, 2, ...), never by a label. As soon as one invoice is
rejected, the n-th accepted invoice is no longer the n-th row of the sheet: the two kinds of number are two
types, and only `Invoices` leads from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NewType

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
"""Row positions of a frame; -1 stands for none where a docstring says so."""
Mask = npt.NDArray[np.bool_]
"""One boolean per row."""

AcceptedPosition = NewType("AcceptedPosition", int)
"""Which of the accepted invoices, from 0."""


@dataclass(frozen=True, eq=False, slots=True)
class AcceptedIndex:
    """Which of the accepted invoices: positions within `Invoices.invoice_rows`.

    A class of its own and not an array, so that it cannot index a frame by mistake: `Invoices.get_rows` gives
    the rows.

    Attributes:
        positions: from 0, ascending.
    """

    positions: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[AcceptedPosition]:
        return map(AcceptedPosition, self.positions.tolist())
