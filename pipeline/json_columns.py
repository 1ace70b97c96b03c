"""JSON encoding of whole Arrow columns: one JSON text per row or group.

In: Arrow columns and row numbers.
Out: string arrays of JSON.
Never: makes a Python object per cell, or a float of a decimal. A repetitive column is encoded once per
distinct value.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow import money
from schemas.arrow.columns import ArrowColumn, Indices, Texts
from schemas.arrow.text_bytes import find_characters

_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"}

_PREFIXES, _SUFFIXES = pa.array([",{", "[{"]), pa.array(["}", "}]"])
"""What is written before and after an object in an array: within it, and where the array begins or ends."""


class JsonNumbers:
    """A column of JSON numbers that are encoded already."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts


class JsonObjects:
    """JSON objects of the rows of some columns: the keys whose value is not null, in the order given."""

    def __init__(self, columns: Mapping[str, ArrowColumn | JsonNumbers]) -> None:
        """Prepare the columns.

        Args:
            columns: Arrow arrays by key: text, decimal, date, time stamp, boolean, `JsonNumbers`.
        """
        self._columns = {key: _encode_distinct(key, values) for key, values in columns.items()}

    def encode_objects(self, rows: Indices, **extra: Texts) -> Texts:
        """Encode the objects of some rows.

        Args:
            rows: row numbers.
            **extra: further members, as JSON texts, one per row; null leaves the member out.

        Returns:
            A string array.
        """
        return pc.binary_join_element_wise("{", self._join_members(rows, extra), "}", "")

    def encode_arrays(self, rows: Indices, offsets: npt.NDArray[np.int64], **extra: Texts) -> Texts:
        """Encode the objects of some rows as one JSON array per group; null for a group without any.

        The objects are encoded one after the other with their separators, so that an array is a slice of that
        text and is not copied.

        Args:
            rows: row numbers, group after group.
            offsets: `rows[offsets[i]:offsets[i + 1]]` are a group; one more than there are groups.
            **extra: as for `encode_objects`.
        """
        # a group without rows would begin where the next one begins, so it takes no part
        is_filled = np.diff(offsets) > 0
        if not len(rows):
            return pa.nulls(len(is_filled), pa.string())
        prefixes, suffixes = np.zeros((2, len(rows)), np.int8)
        prefixes[offsets[:-1][is_filled]], suffixes[offsets[1:][is_filled] - 1] = 1, 1
        texts = pc.binary_join_element_wise(
            pc.take(_PREFIXES, pa.array(prefixes)),
            self._join_members(rows, extra),
            pc.take(_SUFFIXES, pa.array(suffixes)),
            "",
        )
        return _slice_groups(texts, offsets, is_filled)

    def _join_members(self, rows: Indices, extra: Mapping[str, Texts]) -> Texts:
        """Return the members of each object, with commas between."""
        members = [_take_members(key, values, rows) for key, values in self._columns.items()]
        members += [pc.binary_join_element_wise(_encode_key(key), texts, "") for key, texts in extra.items()]
        joined = pc.binary_join_element_wise(*members, ",", null_handling="skip")
        if len(joined) != len(rows):  # the kernel leaves out a row without any member
            raise ValueError("a row has no member at all")
        return joined


def _slice_groups(texts: Texts, offsets: npt.NDArray[np.int64], is_filled: npt.NDArray[np.bool_]) -> Texts:
    """Return the texts of each group as one text, a view of the same memory; null for an empty group."""
    _, text_offsets, content = texts.buffers()
    # from a group's first row to the next group's, the text is the array
    bounds = np.frombuffer(text_offsets, np.int32)[texts.offset :][offsets]
    validity = None if is_filled.all() else pa.array(is_filled).buffers()[1]
    return pa.StringArray.from_buffers(len(is_filled), pa.py_buffer(bounds), content, validity)


class NestedObjects:
    """JSON of child rows, grouped by their parents."""

    def __init__(
        self,
        objects: JsonObjects,
        parent_rows: npt.NDArray[np.int64],
        parent_count: int,
        nested: Mapping[str, NestedObjects],
    ) -> None:
        """Sort the rows by their parents.

        Args:
            objects: of the rows.
            parent_rows: per row the row number of its parent, -1 for none.
            parent_count: how many there are.
            nested: the children of these rows in turn, by key.
        """
        children = np.flatnonzero(parent_rows >= 0)
        self._objects, self._nested = objects, nested
        self._child_rows = children[np.argsort(parent_rows[children], kind="stable")]
        # children of a parent are one span of the sorted rows
        self._starts = np.concatenate(
            ([0], np.cumsum(np.bincount(parent_rows[children], minlength=parent_count)))
        )

    def encode_arrays(self, parents: Indices) -> Texts:
        """Encode the children of each parent as a JSON array; null for one without children.

        Args:
            parents: row numbers.
        """
        rows, offsets = self._gather_children(np.asarray(parents))
        return self._objects.encode_arrays(rows, offsets, **self._encode_nested(rows))

    def encode_single(self, parents: Indices) -> Texts:
        """Encode the only child of each parent as a JSON object; null for one without.

        Args:
            parents: row numbers, of rows with one child at most.
        """
        rows, offsets = self._gather_children(np.asarray(parents))
        if not len(rows):
            return pa.nulls(len(offsets) - 1, pa.string())
        texts = self._objects.encode_objects(rows, **self._encode_nested(rows))
        return pc.take(texts, pa.array(offsets[:-1], mask=np.diff(offsets) == 0))

    def _gather_children(
        self, parents: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the child rows, parent after parent, and the offsets of each parent's."""
        starts = self._starts[parents]
        sizes = self._starts[parents + 1] - starts
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        # a run for each parent, counted on from its first child
        return self._child_rows[np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])], offsets

    def _encode_nested(self, rows: npt.NDArray[np.int64]) -> dict[str, Texts]:
        """Encode the children of some of the rows, by key."""
        return {key: nested.encode_arrays(rows) for key, nested in self._nested.items()}


def _encode_distinct(key: str, values: ArrowColumn | JsonNumbers) -> ArrowColumn | JsonNumbers:
    """Encode the members of a repetitive column once per distinct value."""
    if not isinstance(values, JsonNumbers) and pa.types.is_date32(values.type):
        values = values.dictionary_encode()
    if not isinstance(values, pa.DictionaryArray):
        return values
    return pa.DictionaryArray.from_arrays(values.indices, _encode_member(key, values.dictionary), safe=False)


def _take_members(key: str, values: ArrowColumn | JsonNumbers, rows: Indices) -> Texts:
    if isinstance(values, JsonNumbers):
        return pc.binary_join_element_wise(_encode_key(key), pc.take(values.texts, rows), "")
    if isinstance(values, pa.DictionaryArray):
        return pc.take(values.dictionary, pc.take(values.indices, rows))
    return _encode_member(key, pc.take(values, rows))


def _encode_key(name: str) -> str:
    return orjson.dumps(name).decode() + ":"


def _encode_member(key: str, values: ArrowColumn) -> Texts:
    """Return `"key":value` per row, null where the value is null."""
    return pc.binary_join_element_wise(_encode_key(key), _encode_value(values), "")


def _encode_value(values: ArrowColumn) -> Texts:
    arrow_type = values.type
    if pa.types.is_decimal(arrow_type):
        return money.format_plain(values)
    if pa.types.is_boolean(arrow_type):
        return pc.if_else(values, "true", "false")
    if pa.types.is_timestamp(arrow_type):
        values = pc.strftime(values, format="%Y-%m-%d %H:%M:%S")
    elif pa.types.is_date(arrow_type):
        values = pc.cast(values, pa.string())
    else:
        values = _escape_texts(values)
    return pc.binary_join_element_wise('"', values, '"', "")


def _escape_texts(texts: Texts) -> Texts:
    """Escape texts for a JSON string; other control characters are refused by the checks before."""
    occurring = find_characters(texts, "".join(_ESCAPES))
    for character, escape in _ESCAPES.items():  # the backslash first: the others bring their own
        if character in occurring:
            texts = pc.replace_substring(texts, character, escape)
    return texts
