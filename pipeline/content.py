"""What an invoice says, in one canonical text, and its fingerprint.

The content is the typed values of the sheet, items as a multiset: without the reference (it is the identity),
without item numbers (they are places), without what the catalog filled. Two sheets that differ in the order
of rows or columns, in spaces, or in how a number or date is written, have the same content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.accept import items_of
from pipeline.model import Positions, ValidSheets
from schemas import money
from schemas.columns import cells_of, plain
from schemas.texts import content_of

_IDENTITY = ("invoice_ref", "item_no", "discount_no")
_EFFECTIVE = ("amount", "currency")
"""Columns whose effective value counts: computed or by default, it is what will be billed."""

_BETWEEN_FIELDS = "\x1f"
_END = "\x1e"
_BETWEEN_TABLES = "\x1d"
_AT_ONCE = 5_000

Below = dict[str, dict[int, list[str]]]
"""Lines by table and position of the row they hang on."""


def fingerprints(valid: ValidSheets, positions: Positions) -> list[str]:
    """SHA-256 of the content, in hex, of some invoices.

    Args:
        valid: typed sheets.
        positions: of the invoices, ascending.
    """
    items, offsets = items_of(valid.parent, positions, len(valid.invoices))
    of_invoices, of_items = _members(valid, "invoices"), _members(valid, "items")
    amounts = _whole_numbers(cells_of(valid.items["effective_amount"]))
    hanging = _hanging(valid)
    made: list[str] = []
    for start in range(0, len(positions), _AT_ONCE):
        stop = min(start + _AT_ONCE, len(positions))
        headers = _lines(of_invoices, positions[start:stop])
        headers = _with(hanging, "invoices", positions[start:stop], headers)
        rows, bounds = items[offsets[start] : offsets[stop]], offsets[start : stop + 1] - offsets[start]
        owner = np.repeat(np.arange(stop - start), np.diff(bounds))
        order = np.lexsort((amounts[rows], owner))
        rows = rows[order]
        lines = _with(hanging, "items", rows, _lines(of_items, rows))
        lines = _ties_by_text(lines, owner, amounts[rows])
        made += _digests(headers, lines, bounds)
    return made


def _digests(headers: Any, lines: Any, bounds: Positions) -> Iterator[str]:
    """The hash of each header and of its lines, `lines[bounds[i]:bounds[i + 1]]`, as they stand in memory."""
    first, text = (content_of(each).data for each in (headers, lines))
    of_headers, of_lines = pairwise(_ends(headers).tolist()), pairwise(_ends(lines)[bounds].tolist())
    for (begin, end), (top, bottom) in zip(of_headers, of_lines, strict=True):
        digest = sha256(first[begin:end])
        digest.update(text[top:bottom])
        yield digest.hexdigest()


def _ends(texts: Any) -> Positions:
    """Where each text begins in what they say together, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(pc.binary_length(texts).to_numpy())))


def _whole_numbers(amounts: Any) -> npt.NDArray[np.int64]:
    """A number a decimal, the same for the same value; it only puts items into an order."""
    filled = pc.fill_null(amounts, 0)
    words = np.frombuffer(filled.buffers()[1], np.int64)
    return words[2 * filled.offset : 2 * (filled.offset + len(filled)) : 2]


def _ties_by_text(lines: Any, owner: Positions, amounts: npt.NDArray[np.int64]) -> Any:
    """Lines in the order of owner and amount; those of one owner and one amount by their text."""
    same = (owner[1:] == owner[:-1]) & (amounts[1:] == amounts[:-1])
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if not len(tied):
        return lines
    group = np.cumsum(np.append(True, ~same))[tied]
    table = pa.table({"group": group, "line": pc.take(lines, pa.array(tied))})
    order = pc.sort_indices(table, sort_keys=[("group", "ascending"), ("line", "ascending")])
    place = np.arange(len(lines))
    place[tied] = tied[order.to_numpy()]
    return pc.take(lines, pa.array(place))


def _hanging(valid: ValidSheets) -> Below:
    """The lines of what hangs on rows, by the table and position of those; none where nothing hangs."""
    found: Below = {}
    for name in reversed([*valid.branches]):  # leaves first: what hangs on a row is part of what it says
        rows = np.arange(len(valid.branches[name].frame))
        own = _with(found, name, rows, _lines(_members(valid, name), rows)).to_pylist()
        for table, places in valid.branches[name].on.items():
            below = found.setdefault(table, {})
            for place, line in zip(places.tolist(), own, strict=True):
                below.setdefault(place, []).append(f"{name}{_BETWEEN_TABLES}{line}")
    return found


def _with(hanging: Below, table: str, rows: Positions, lines: Any) -> Any:
    """Lines of some rows of a table, each with what hangs on it, in any order."""
    if table not in hanging:
        return lines
    below = hanging[table]
    told = zip(rows.tolist(), lines.to_pylist(), strict=True)
    whole = [_BETWEEN_TABLES.join((line, *sorted(below.get(row, ())))) for row, line in told]
    return pa.array(whole, pa.string())


def _members(valid: ValidSheets, table: str) -> dict[str, Any]:
    """The columns that are content, by how their values begin: `name=` as read; one of all that is unread.

    Blank cells are null; a repetitive column has its texts written already.
    """
    frame = {"invoices": valid.invoices, "items": valid.items}.get(table)
    frame = valid.branches[table].frame if frame is None else frame
    numbers = valid.number_texts if table == "items" else {}
    own = () if "action" in frame else _EFFECTIVE  # of a change a blank amount is not an amount of nothing
    names = {str(each) for each in frame.columns} - {*_IDENTITY, *own}
    members = {f"{name}=": numbers.get(name, cells_of(frame[name])) for name in sorted(names)}
    return {begin: _said_once(begin, values) for begin, values in members.items()} | _unread(valid, table)


def _unread(valid: ValidSheets, table: str) -> dict[str, Any]:
    """What could not be read, as it stands in the sheet: `name!text` and so on, in the rows that have any."""
    masks, raw = valid.unread[table], valid.raw.tables[table].frame
    names = [each for each in sorted(set(masks) - set(_IDENTITY)) if masks[each].any()]
    if not names:
        return {}
    rows = np.flatnonzero(np.logical_or.reduce([masks[each] for each in names]))
    at = pa.array(rows)
    told = [
        pc.binary_join_element_wise(
            f"{name}!",
            pc.if_else(pa.array(masks[name][rows]), plain(pc.take(cells_of(raw[name]), at)), None),
            "",
        )
        for name in names
    ]
    place = np.full(len(raw), -1, np.int32)
    place[rows] = np.arange(len(rows))
    joined = pc.binary_join_element_wise(*told, "", _BETWEEN_FIELDS, null_handling="skip")
    return {"!": pa.DictionaryArray.from_arrays(pa.array(place, mask=place < 0), joined, safe=False)}


def _said_once(begin: str, values: Any) -> Any:
    if pa.types.is_date32(values.type):
        values = values.dictionary_encode()
    if not isinstance(values, pa.DictionaryArray):
        return values
    return pa.DictionaryArray.from_arrays(values.indices, _said(begin, values.dictionary), safe=False)


def _said(begin: str, values: Any) -> Any:
    texts = money.plain_text(values) if pa.types.is_decimal(values.type) else pc.cast(values, pa.string())
    return pc.binary_join_element_wise(begin, texts, "")


def _lines(members: Mapping[str, Any], rows: Positions) -> Any:
    """One text a row: its fields by name, blank ones left out, with an end; what is unread as in the sheet."""
    at = pa.array(rows)
    parts = [
        pc.take(values.dictionary, pc.take(values.indices, at))
        if isinstance(values, pa.DictionaryArray)
        else _said(begin, pc.take(values, at))
        for begin, values in members.items()
    ]
    return pc.binary_join_element_wise(*parts, _END, _BETWEEN_FIELDS, null_handling="skip")
