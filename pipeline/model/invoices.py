"""Accepted invoices, their batches and the requests made from them.

In: nothing; these are records.
Out: `Invoices`, `Batches`, `Request`.
Never: holds part of an invoice: it is accepted whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.model.enriched import EnrichedSheets
from pipeline.model.indices import AcceptedIndex, AcceptedPosition, Positions

_GROUP_ITEMS = 16_000
"""Items whose texts are made together, at least: some megabytes."""


@dataclass(frozen=True)
class Invoices:
    """Accepted invoices, each of them whole.

    Attributes:
        sheets: the enriched sheets they are taken from.
        invoice_rows: rows of the invoices' frame, in the order of the sheet.
        item_rows: rows of the items' frame, grouped by invoice, each group in the order of the sheet.
        item_offsets: `item_rows[item_offsets[i]:item_offsets[i + 1]]` belong to `invoice_rows[i]`.
    """

    sheets: EnrichedSheets
    invoice_rows: Positions
    item_rows: Positions
    item_offsets: Positions

    @cached_property
    def item_counts(self) -> npt.NDArray[np.int64]:
        """Number of items per invoice."""
        return np.diff(self.item_offsets)

    def __len__(self) -> int:
        return len(self.invoice_rows)

    def get_rows(self, index: AcceptedIndex) -> Positions:
        """Return the rows of the invoices' frame of some invoices."""
        return self.invoice_rows[index.positions]

    def count_items(self, index: AcceptedIndex) -> int:
        """Return how many items some invoices have together."""
        return int(self.item_counts[index.positions].sum())

    def get_invoice_row(self, position: AcceptedPosition) -> Positions:
        """Return the row of one invoice, as an array of one."""
        return self.invoice_rows[position : position + 1]

    def get_item_rows(self, position: AcceptedPosition) -> Positions:
        """Return the rows of the items of one invoice."""
        start, stop = self.item_offsets[position : position + 2].tolist()
        return self.item_rows[start:stop]

    def gather_item_rows(self, index: AcceptedIndex) -> tuple[Positions, Positions]:
        """Return the rows of the items of some invoices, invoice after invoice, and where each begins.

        Returns:
            Rows of the items' frame, and offsets: `rows[offsets[i]:offsets[i + 1]]` belong to the i-th
            invoice of the index.
        """
        starts, counts = self.item_offsets[index.positions], self.item_counts[index.positions]
        offsets = _to_offsets(counts)
        # per item: where its invoice starts in `item_rows`, plus the item's place within its invoice
        places = np.repeat(starts - offsets[:-1], counts) + np.arange(offsets[-1])
        return self.item_rows[places], offsets


@dataclass(frozen=True)
class RequestLimits:
    """Most invoices and items of one request."""

    invoices: int
    items: int


class Batch(NamedTuple):
    """The invoices of one request."""

    invoices: AcceptedIndex


@dataclass(frozen=True)
class BatchGroup:
    """Some consecutive batches with the rows of their invoices and items: what is encoded in one go.

    Attributes:
        batches: in the order of their requests.
        invoice_rows: rows of the invoices' frame, batch after batch.
        invoice_offsets: `invoice_rows[invoice_offsets[i]:invoice_offsets[i + 1]]` belong to `batches[i]`.
        item_rows: rows of the items' frame, invoice after invoice.
        item_offsets: `item_rows[item_offsets[i]:item_offsets[i + 1]]` belong to `invoice_rows[i]`.
    """

    batches: Sequence[Batch]
    invoice_rows: Positions
    invoice_offsets: Positions
    item_rows: Positions
    item_offsets: Positions


@dataclass(frozen=True)
class Batches:
    """All accepted invoices, each in exactly one batch."""

    invoices: Invoices
    batches: tuple[Batch, ...]

    def __len__(self) -> int:
        return len(self.batches)

    @property
    def index(self) -> AcceptedIndex:
        """The invoices of all batches, batch after batch."""
        return _join_index(self.batches)

    def iter_groups(self, min_items: int = _GROUP_ITEMS) -> Iterator[BatchGroup]:
        """Yield the batches in groups that are large enough to be encoded in whole columns.

        Args:
            min_items: items that a group has at least, except the last one; from 1.
        """
        ends = _to_offsets(np.array([len(batch.invoices) for batch in self.batches], np.int64))
        items_before = _to_offsets(self.invoices.item_counts[self.index.positions])[ends]
        start = 0
        while start < len(self.batches):
            # the first batch by which the group has enough items
            stop = int(np.searchsorted(items_before, items_before[start] + min_items))
            stop = min(stop, len(self.batches))
            yield self._build_group(self.batches[start:stop])
            start = stop

    def _build_group(self, batches: Sequence[Batch]) -> BatchGroup:
        index = _join_index(batches)
        item_rows, item_offsets = self.invoices.gather_item_rows(index)
        return BatchGroup(
            batches=batches,
            invoice_rows=self.invoices.get_rows(index),
            invoice_offsets=_to_offsets(np.array([len(batch.invoices) for batch in batches], np.int64)),
            item_rows=item_rows,
            item_offsets=item_offsets,
        )


def _join_index(batches: Sequence[Batch]) -> AcceptedIndex:
    """Return the invoices of some batches, batch after batch."""
    arrays = [batch.invoices.positions for batch in batches]
    return AcceptedIndex(np.concatenate(arrays) if arrays else np.zeros(0, np.int64))


def _to_offsets(counts: npt.NDArray[np.int64]) -> Positions:
    """Return where each group begins, and where the last one ends: one more than there are groups."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))


class Request(NamedTuple):
    """An API request, ready to be sent.

    Attributes:
        number: from 1.
        method: HTTP method.
        path: relative to the API's base URL.
        body: JSON in UTF-8.
        invoices: which of the accepted invoices, in the order of the body; `Batch.invoices` of its batch.
    """

    number: int
    method: str
    path: str
    body: bytes
    invoices: AcceptedIndex
