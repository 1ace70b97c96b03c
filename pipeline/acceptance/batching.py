"""Stage 4: pack whole accepted invoices into requests within the target's limits.

In: `Invoices` and limits.
Out: `Batches`; the same input gives the same batches.
Never: splits an invoice or loses one.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from pipeline.model.indices import AcceptedIndex, Positions
from pipeline.model.invoices import Batch, Batches, Invoices, RequestLimits

InvoiceSizes = npt.NDArray[np.int64]


def batch_invoices(invoices: Invoices, limits: RequestLimits, order: str) -> Batches:
    """Pack invoices into batches.

    Args:
        invoices: each with no more items than a request may hold.
        limits: of one request.
        order: `sheet` keeps the order of the sheet; `fewest` takes as few requests as can be found, within
            each the order of the sheet, and the batches in the order of their first invoice.
    """
    pack = {"sheet": pack_in_sheet_order, "fewest": pack_in_fewest}[order]
    return Batches(
        invoices, tuple(Batch(AcceptedIndex(positions)) for positions in pack(invoices.item_counts, limits))
    )


def pack_in_sheet_order(sizes: InvoiceSizes, limits: RequestLimits) -> list[Positions]:
    """Fill one batch after the other, in order; a batch ends before the invoice that does not fit.

    Args:
        sizes: number of items per invoice.
        limits: of one request.
    """
    item_offsets = np.concatenate(([0], np.cumsum(sizes)))
    batches, start = [], 0
    while start < len(sizes):
        by_items = int(np.searchsorted(item_offsets, item_offsets[start] + limits.items, side="right")) - 1
        # at least one invoice, so that the loop always ends
        stop = max(start + 1, min(by_items, start + limits.invoices))
        batches.append(np.arange(start, stop))
        start = stop
    return batches


def pack_in_fewest(sizes: InvoiceSizes, limits: RequestLimits) -> list[Positions]:
    """Pack into the fewest batches that two heuristics find.

    Drawing towards the mean reserves room for the many small invoices in every batch, where taking the
    largest that fits would leave them to batches of their own; it came within one request of the lower
    bound wherever it was tried. The order of the sheet is the fallback, so `fewest` is never more.
    """
    packings = (_pack_towards_mean(sizes, limits), pack_in_sheet_order(sizes, limits))
    best = min(packings, key=len)
    return sorted((np.sort(batch) for batch in best), key=lambda positions: int(positions[0]))


class _InvoiceStock:
    """Invoices that are not packed yet, by size and then by the order of the sheet."""

    def __init__(self, sizes: InvoiceSizes) -> None:
        order = np.argsort(sizes, kind="stable")
        ordered = sizes[order]
        self._positions: list[int] = order.tolist()
        self.sizes: list[int] = np.unique(ordered).tolist()
        self._next = {size: int(np.searchsorted(ordered, size)) for size in self.sizes}
        self._end = {size: int(np.searchsorted(ordered, size, side="right")) for size in self.sizes}
        self.invoices = len(order)
        self.items = int(sizes.sum())

    def take(self, max_size: int) -> tuple[int, int] | None:
        """Take an invoice of the largest size not above `max_size`; return position and size, or None."""
        index = bisect_right(self.sizes, max_size) - 1
        if index < 0:
            return None
        size = self.sizes[index]
        position = self._positions[self._next[size]]
        self._next[size] += 1
        if self._next[size] == self._end[size]:
            del self.sizes[index]
        self.invoices -= 1
        self.items -= size
        return position, size


def _pack_towards_mean(sizes: InvoiceSizes, limits: RequestLimits) -> list[Positions]:
    """Start each batch with the largest invoice left, then draw towards the mean of what is left to pack."""
    stock, batches = _InvoiceStock(sizes), []
    while stock.invoices:
        # divided and rounded up
        batches_left = max(-(-stock.items // limits.items), -(-stock.invoices // limits.invoices))
        batches.append(_fill_batch(stock, limits, ends_with=-(-stock.invoices // batches_left)))
    return batches


def _fill_batch(stock: _InvoiceStock, limits: RequestLimits, ends_with: int) -> Positions:
    """Fill one batch.

    Args:
        stock: what is left.
        limits: of one request.
        ends_with: how many invoices the batch should come to hold.
    """
    chosen: list[int] = []
    room = limits.items
    while len(chosen) < limits.invoices:
        is_spreading = chosen and len(chosen) < ends_with - 1
        taken = stock.take(room // (ends_with - len(chosen)) if is_spreading else room) or stock.take(room)
        if taken is None:
            break
        chosen.append(taken[0])
        room -= taken[1]
    return np.array(chosen, np.int64)
