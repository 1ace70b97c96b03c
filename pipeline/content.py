"""What an invoice says, in one canonical text, and its fingerprint.

The content is the typed values of the sheet, items as a multiset: without the reference (it is the identity),
without item numbers (they are places), without what the catalog filled. Two sheets that differ in the order
of rows or columns, in spaces, or in how a number or date is written, have the same content.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.accept import items_of
from pipeline.model import Mask, Positions, RawTable, ValidSheets
from schemas import money
from schemas.columns import cells_of, plain

_IDENTITY = ("invoice_ref", "item_no")
_EFFECTIVE = ("amount", "currency")
"""Columns whose effective value counts: computed or by default, it is what will be billed."""

_BETWEEN_FIELDS = "\x1f"
_BETWEEN_ITEMS = "\x1e"
_AT_ONCE = 20_000


def fingerprints(valid: ValidSheets, positions: Positions) -> list[str]:
    """SHA-256 of the content, in hex, of some invoices.

    Args:
        valid: typed sheets.
        positions: of the invoices, ascending.
    """
    items, offsets = items_of(valid.parent, positions, len(valid.invoices))
    headers = _lines(valid, "invoices", valid.invoices, positions).to_pylist()
    made: list[str] = []
    for start in range(0, len(positions), _AT_ONCE):
        stop = min(start + _AT_ONCE, len(positions))
        bounds = (offsets[start : stop + 1] - offsets[start]).tolist()
        lines = _lines(valid, "items", valid.items, items[offsets[start] : offsets[stop]]).to_pylist()
        for place, header in enumerate(headers[start:stop]):
            content = _BETWEEN_ITEMS.join([header, *sorted(lines[bounds[place] : bounds[place + 1]])])
            made.append(hashlib.sha256(content.encode()).hexdigest())
    return made


def _lines(valid: ValidSheets, table: str, frame: pd.DataFrame, rows: Positions) -> Any:
    """One text a row: its fields by name, blank ones left out, unreadable ones as they stand in the sheet."""
    raw, unread = valid.raw.tables[table], valid.unread[table]
    names = {str(each) for each in frame.columns} - {*_IDENTITY, *_EFFECTIVE}
    at, numbers = pa.array(rows), valid.number_texts if table == "items" else {}
    parts = [
        pc.binary_join_element_wise(f"{name}=", _text(numbers.get(name, cells_of(frame[name])), at), "")
        for name in sorted(names)
    ]
    parts += [_unread(raw, name, mask, at) for name, mask in sorted(unread.items()) if name not in _IDENTITY]
    return pc.binary_join_element_wise(*parts, "", _BETWEEN_FIELDS, null_handling="skip")


def _text(values: Any, at: Any) -> Any:
    if isinstance(values, pa.DictionaryArray):
        return pc.take(values.dictionary, pc.take(values.indices, at))
    some = pc.take(values, at)
    return money.plain_text(some) if pa.types.is_decimal(some.type) else pc.cast(some, pa.string())


def _unread(raw: RawTable, name: str, mask: Mask, at: Any) -> Any:
    shown = pc.if_else(pa.array(mask), plain(cells_of(raw.frame[name])), None)
    return pc.binary_join_element_wise(f"{name}!", pc.take(shown, at), "")
