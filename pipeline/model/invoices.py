"""Accepted invoices, their batches and the requests made from them.

In: nothing; these are records.
Out: `Invoices`, `Batches`, `Request`.
Never: holds part of an invoice: it is accepted whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.model.enriched import EnrichedSheets
from pipeline.model.indices import Positions


@dataclass(frozen=True)
class Invoices:
    """Accepted invoices, each of them whole.

    Attributes:
        sheets: the enriched sheets they are taken from.
        positions: rows of the invoices' frame, in the order of the sheet.
        items: rows of the items' frame, grouped by invoice, each group in the order of the sheet.
        offsets: `items[offsets[i]:offsets[i + 1]]` belong to `positions[i]`.
    """

    sheets: EnrichedSheets
    positions: Positions
    items: Positions
    offsets: Positions

    @property
    def sizes(self) -> Positions:
        """Number of items per invoice."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True)
class RequestLimits:
    """Most invoices and items of one request."""

    invoices: int
    items: int


class Batch(NamedTuple):
    """The invoices of one request: indices of `Invoices.positions`, ascending."""

    invoices: Positions


@dataclass(frozen=True)
class Batches:
    """All accepted invoices, each in exactly one batch."""

    invoices: Invoices
    batches: tuple[Batch, ...]

    def __len__(self) -> int:
        return len(self.batches)


class Request(NamedTuple):
    """An API request, ready to be sent.

    Attributes:
        number: from 1.
        method: HTTP method.
        path: relative to the API's base URL.
        body: JSON in UTF-8.
        invoices: indices of `Invoices.positions`, in the order of the body.
    """

    number: int
    method: str
    path: str
    body: bytes
    invoices: Positions
