"""What an invoice says, in one canonical text, and its fingerprint.

The content is the typed values of the sheet, items as a multiset: without the reference (it is the identity),
without item numbers (they are places), without what the catalog filled. Two sheets that differ in the order
of rows or columns, in spaces, or in how a number or date is written, have the same content.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.accept import items_of
from pipeline.model import Positions, ValidSheets
from schemas import money
from schemas.columns import cells_of, plain

_IDENTITY = ("invoice_ref", "item_no")
_EFFECTIVE = ("amount", "currency")
"""Columns whose effective value counts: computed or by default, it is what will be billed."""

_BETWEEN_FIELDS = "\x1f"
_BETWEEN_ITEMS = b"\x1e"
_AT_ONCE = 5_000


def fingerprints(valid: ValidSheets, positions: Positions) -> list[str]:
    """SHA-256 of the content, in hex, of some invoices.

    Args:
        valid: typed sheets.
        positions: of the invoices, ascending.
    """
    items, offsets = items_of(valid.parent, positions, len(valid.invoices))
    of_invoices, of_items = _members(valid, "invoices"), _members(valid, "items")
    made: list[str] = []
    for start in range(0, len(positions), _AT_ONCE):
        stop = min(start + _AT_ONCE, len(positions))
        headers = _lines(of_invoices, positions[start:stop]).to_pylist()
        lines = _lines(of_items, items[offsets[start] : offsets[stop]]).to_pylist()  # bytes, in UTF-8
        bounds = (offsets[start : stop + 1] - offsets[start]).tolist()
        for place, header in enumerate(headers):
            content = _BETWEEN_ITEMS.join([header, *sorted(lines[bounds[place] : bounds[place + 1]])])
            made.append(sha256(content).hexdigest())
    return made


def _members(valid: ValidSheets, table: str) -> dict[str, Any]:
    """The columns that are content, by how their values begin: `name=` as read, `name!` as in the sheet.

    Blank cells are null; a repetitive column has its texts written already.
    """
    raw, unread = valid.raw.tables[table], valid.unread[table]
    frame, numbers = {"invoices": (valid.invoices, {}), "items": (valid.items, valid.number_texts)}[table]
    names = {str(each) for each in frame.columns} - {*_IDENTITY, *_EFFECTIVE}
    members = {f"{name}=": numbers.get(name, cells_of(frame[name])) for name in sorted(names)}
    for name in sorted(set(unread) - set(_IDENTITY)):
        members[f"{name}!"] = _only(np.flatnonzero(unread[name]), cells_of(raw.frame[name]))
    return {begin: _said_once(begin, values) for begin, values in members.items()}


def _only(rows: Positions, cells: Any) -> Any:
    """A column that holds its cells in some rows and null in all others."""
    place = np.full(len(cells), -1, np.int32)
    place[rows] = np.arange(len(rows))
    told = plain(pc.take(cells, pa.array(rows)))
    return pa.DictionaryArray.from_arrays(pa.array(place, mask=place < 0), told, safe=False)


def _said_once(begin: str, values: Any) -> Any:
    if not isinstance(values, pa.DictionaryArray):
        return values
    return pa.DictionaryArray.from_arrays(values.indices, _said(begin, values.dictionary), safe=False)


def _said(begin: str, values: Any) -> Any:
    texts = money.plain_text(values) if pa.types.is_decimal(values.type) else pc.cast(values, pa.string())
    return pc.binary_join_element_wise(begin, texts, "")


def _lines(members: Mapping[str, Any], rows: Positions) -> Any:
    """One text a row, as bytes: its fields by name, blank ones left out, unreadable ones as in the sheet."""
    at = pa.array(rows)
    parts = [
        pc.take(values.dictionary, pc.take(values.indices, at))
        if isinstance(values, pa.DictionaryArray)
        else _said(begin, pc.take(values, at))
        for begin, values in members.items()
    ]
    joined = pc.binary_join_element_wise(*parts, "", _BETWEEN_FIELDS, null_handling="skip")
    return pc.cast(joined, pa.binary())
