"""JSON as text, a whole column at a time: one text a row, joined over offsets.

Numbers are written from exact decimals; no Python object is made for a cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas import money
from schemas.columns import plain
from schemas.kinds import byte_range

_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"}


def objects(columns: Mapping[str, Any]) -> Any:
    """One JSON object a row: the keys whose value is not null, in the order given.

    Args:
        columns: Arrow arrays of one length by key; text, decimal, date, timestamp or boolean, or JSON text
            made by this module under `raw`.

    Returns:
        A string array.
    """
    members = [_member(key, values) for key, values in columns.items()]
    joined = pc.binary_join_element_wise(*members, ",", null_handling="skip")
    return pc.binary_join_element_wise("{", joined, "}", "")


def rows(columns: Sequence[Any]) -> Any:
    """One JSON array a row: its values in the order given, null included.

    Args:
        columns: Arrow arrays of one length.
    """
    values = [pc.coalesce(_value(plain(each)), "null") for each in columns]
    return pc.binary_join_element_wise("[", pc.binary_join_element_wise(*values, ","), "]", "")


def arrays(texts: Any, offsets: Any) -> Any:
    """One JSON array a group: `texts[offsets[i]:offsets[i + 1]]` are its elements.

    Args:
        texts: JSON texts.
        offsets: int32, one more than there are groups.
    """
    groups = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), texts)
    return pc.binary_join_element_wise("[", pc.binary_join(groups, ","), "]", "")


class Raw:
    """A column that is JSON text already."""

    def __init__(self, texts: Any) -> None:
        self.texts = texts


def _member(key: str, values: Any) -> Any:
    """`"key":value` a row, null where the value is null."""
    if isinstance(values, pa.DictionaryArray):
        return pc.take(_member(key, values.dictionary), values.indices)
    return pc.binary_join_element_wise(f'"{key}":', _value(values), "")


def _value(values: Any) -> Any:
    if isinstance(values, Raw):
        return values.texts
    kind = values.type
    if pa.types.is_decimal(kind):
        return money.plain_text(values)
    if pa.types.is_boolean(kind):
        return pc.if_else(values, "true", "false")
    if pa.types.is_timestamp(kind):
        values = pc.strftime(values, format="%Y-%m-%d %H:%M:%S")
    elif pa.types.is_date(kind):
        values = pc.cast(values, pa.string())
    else:
        values = _escaped(values)
    return pc.binary_join_element_wise('"', values, '"', "")


def _escaped(texts: Any) -> Any:
    """Texts as they stand between the quotes of a JSON string; other control characters never get here."""
    least, _ = byte_range(texts)
    needed = [each for each in _ESCAPES if each in '\\"' or least < ord(" ")]
    for each in needed:
        if pc.any(pc.match_substring(texts, each)).as_py():
            texts = pc.replace_substring(texts, each, _ESCAPES[each])
    return texts
