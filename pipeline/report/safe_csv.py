"""CSV that is safe to open: no text in it starts a formula. Written a column at a time, not a cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from schemas import inert, money
from schemas.columns import whole
from schemas.texts import content_of, occurring

_QUOTED = '",\r\n'
_AT_ONCE = 25_000


def write(columns: Mapping[str, Any], file: BinaryIO, header: bool = True) -> None:
    """Columns as CSV in UTF-8; null is an empty cell.

    Args:
        columns: Arrow arrays of one length, dictionary-encoded where they repeat.
        file: open for writing.
        header: whether the names stand on a first line.
    """
    if header:
        file.write((",".join(columns) + "\n").encode())
    groups = list(_groups([_said_once(whole(each)) for each in columns.values()]))
    rows = len(next(iter(columns.values())))
    for start in range(0, rows, _AT_ONCE):
        *some, last = (_part(each, width, start) for each, width in groups)
        ended = pc.binary_join_element_wise(last, "\n", "", null_handling="replace")
        lines = pc.binary_join_element_wise(*some, ended, ",", null_handling="replace")
        file.write(content_of(lines).data)


def _said_once(values: Any) -> Any:
    """A column's cells as they stand in the file; each day and each value of a dictionary is written once."""
    if pa.types.is_date32(values.type):
        values = values.dictionary_encode()
    if isinstance(values, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(values.indices, _cells(values.dictionary), safe=False)
    return values


def _cells(values: Any) -> Any:
    if pa.types.is_decimal(values.type):
        return money.plain_text(values)
    if not pa.types.is_string(values.type):
        return pc.cast(values, pa.string())
    texts = inert.as_written(values)
    found = occurring(texts, _QUOTED)
    if not found:
        return texts
    doubled = pc.replace_substring(texts, '"', '""') if '"' in found else texts
    return pc.binary_join_element_wise('"', doubled, '"', "")


def _groups(columns: list[Any]) -> Iterator[tuple[Any, int]]:
    """Neighbours that point to the same rows with the same indices become one column, with its width."""
    at = 0
    while at < len(columns):
        first, width = columns[at], 1
        while at + width < len(columns) and _same_rows(first, columns[at + width]):
            width += 1
        if width > 1:
            texts = [pc.fill_null(each.dictionary, "") for each in columns[at : at + width]]
            joined = pc.binary_join_element_wise(*texts, ",")
            first = pa.DictionaryArray.from_arrays(first.indices, joined, safe=False)
        yield first, width
        at += width


def _same_rows(one: Any, other: Any) -> bool:
    if not (isinstance(one, pa.DictionaryArray) and isinstance(other, pa.DictionaryArray)):
        return False
    mine, theirs = one.indices, other.indices
    return (
        len(one.dictionary) == len(other.dictionary)
        and mine.offset == theirs.offset
        and [b and b.address for b in mine.buffers()] == [b and b.address for b in theirs.buffers()]
    )


def _part(values: Any, width: int, start: int) -> Any:
    """Some rows of a column; a null leaves its cell empty, and of a group all its cells."""
    some = values.slice(start, _AT_ONCE)
    texts = pc.take(some.dictionary, some.indices) if isinstance(some, pa.DictionaryArray) else _cells(some)
    return pc.fill_null(texts, "," * (width - 1)) if width > 1 else texts
