"""JSON as text, a whole column at a time: one text a row, joined over offsets.

Numbers are written from exact decimals; no Python object is made for a cell, and what a repetitive column
says is written once for each distinct value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from schemas import money
from schemas.texts import occurring

_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"}

_BEFORE, _BEHIND = pa.array([",{", "[{"]), pa.array(["}", "}]"])
"""What stands before and behind an object of an array: within it, and where it begins or ends."""


class Numbers:
    """A column of JSON numbers that are written already."""

    def __init__(self, texts: Any) -> None:
        self.texts = texts


class Objects:
    """JSON objects of the rows of some columns: the keys whose value is not null, in the order given."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        """Prepare the columns.

        Args:
            columns: Arrow arrays of one length by key: text, decimal, date, timestamp, boolean, or `Numbers`.
        """
        self._columns = {key: _said_once(key, values) for key, values in columns.items()}

    def at(self, rows: Any, **last: Any) -> Any:
        """The objects of some rows.

        Args:
            rows: positions.
            **last: further members, as JSON texts, a row each; null leaves the member out.

        Returns:
            A string array.
        """
        return pc.binary_join_element_wise("{", self._members(rows, last), "}", "")

    def lists(self, rows: Any, offsets: Any, **last: Any) -> Any:
        """The objects of some rows, one JSON array a group; null for a group without any.

        The objects are written one behind the other with what stands between them, so that an array is a
        stretch of that text and is not copied.

        Args:
            rows: positions, group after group.
            offsets: `rows[offsets[i]:offsets[i + 1]]` are a group; one more than there are groups.
            **last: as for `at`.
        """
        full = np.diff(offsets) > 0
        if not len(rows):
            return pa.nulls(len(full), pa.string())
        before, behind = np.zeros((2, len(rows)), np.int8)
        before[offsets[:-1][full]], behind[offsets[1:][full] - 1] = 1, 1
        texts = pc.binary_join_element_wise(
            pc.take(_BEFORE, pa.array(before)),
            self._members(rows, last),
            pc.take(_BEHIND, pa.array(behind)),
            "",
        )
        return _stretches(texts, offsets, full)

    def _members(self, rows: Any, last: Mapping[str, Any]) -> Any:
        """The members of each object, with commas between."""
        members = [_at(key, values, rows) for key, values in self._columns.items()]
        members += [pc.binary_join_element_wise(_key(key), texts, "") for key, texts in last.items()]
        joined = pc.binary_join_element_wise(*members, ",", null_handling="skip")
        if len(joined) != len(rows):  # the kernel leaves out a row without any member
            raise ValueError("a row has no member at all")
        return joined


def _stretches(texts: Any, offsets: Any, full: Any) -> Any:
    """Neighbouring texts as one, a group each, where they lie in memory; null where a group is not full."""
    _, ends, content = texts.buffers()
    places = np.frombuffer(ends, np.int32)[texts.offset :][offsets]
    validity = None if full.all() else pa.array(full).buffers()[1]
    return pa.StringArray.from_buffers(len(full), pa.py_buffer(places), content, validity)


class Nested:
    """The JSON of rows that hang on others, gathered for those they hang on."""

    def __init__(self, objects: Objects, on: Any, parents: int, members: Mapping[str, Nested]) -> None:
        """Sort the rows by what they hang on.

        Args:
            objects: of the rows.
            on: per row the position of the row it hangs on, -1 for none.
            parents: how many there are.
            members: what hangs on these rows in turn, by key.
        """
        hanging = np.flatnonzero(on >= 0)
        self._objects, self._members = objects, members
        self._rows = hanging[np.argsort(on[hanging], kind="stable")]
        self._starts = np.concatenate(([0], np.cumsum(np.bincount(on[hanging], minlength=parents))))

    def at(self, parents: Any) -> Any:
        """One JSON array for each of some parents; null for one that nothing hangs on.

        Args:
            parents: positions.
        """
        rows, offsets = self._hanging(np.asarray(parents))
        return self._objects.lists(rows, offsets, **self._further(rows))

    def single(self, parents: Any) -> Any:
        """The one JSON object that hangs on each of some parents; null where nothing does.

        Args:
            parents: positions, on each of which one row hangs at most.
        """
        rows, offsets = self._hanging(np.asarray(parents))
        if not len(rows):
            return pa.nulls(len(offsets) - 1, pa.string())
        texts = self._objects.at(rows, **self._further(rows))
        return pc.take(texts, pa.array(offsets[:-1], mask=np.diff(offsets) == 0))

    def _hanging(self, parents: Any) -> tuple[Any, Any]:
        """The rows, parent after parent, and where those of each begin."""
        starts = self._starts[parents]
        sizes = self._starts[parents + 1] - starts
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        return self._rows[np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])], offsets

    def _further(self, rows: Any) -> dict[str, Any]:
        """What hangs on some of the rows, by key."""
        return {key: each.at(rows) for key, each in self._members.items()}


def _said_once(key: str, values: Any) -> Any:
    """A repetitive column with its members written already."""
    if not isinstance(values, Numbers) and pa.types.is_date32(values.type):
        values = values.dictionary_encode()
    if not isinstance(values, pa.DictionaryArray):
        return values
    return pa.DictionaryArray.from_arrays(values.indices, _member(key, values.dictionary), safe=False)


def _at(key: str, values: Any, rows: Any) -> Any:
    if isinstance(values, Numbers):
        return pc.binary_join_element_wise(_key(key), pc.take(values.texts, rows), "")
    if isinstance(values, pa.DictionaryArray):
        return pc.take(values.dictionary, pc.take(values.indices, rows))
    return _member(key, pc.take(values, rows))


def _key(name: str) -> str:
    return orjson.dumps(name).decode() + ":"


def _member(key: str, values: Any) -> Any:
    """`"key":value` a row, null where the value is null."""
    return pc.binary_join_element_wise(_key(key), _value(values), "")


def _value(values: Any) -> Any:
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
    found = occurring(texts, "".join(_ESCAPES))
    for each, escape in _ESCAPES.items():  # the backslash first: the others bring their own
        if each in found:
            texts = pc.replace_substring(texts, each, escape)
    return texts
