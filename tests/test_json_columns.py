"""JSON written as text: what a parser reads back is what the columns hold, digit by digit."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline import json_columns
from schemas.arrow.columns import DECIMAL

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[chr(n) for n in range(32)])
    | st.sampled_from('\n\r\t"\\/')
)


def _read(array: pa.Array) -> list[Any]:
    return [json.loads(text, parse_float=Decimal, parse_int=Decimal) for text in array.to_pylist()]


def _yes(values: list[Any]) -> pa.Array:
    """A row always has something to say: an account, an amount."""
    return pa.array([True] * len(values), pa.bool_())


def _encoded(values: pa.Array) -> pa.Array:
    return values.dictionary_encode()


@pytest.mark.parametrize("form", [lambda values: values, _encoded], ids=["plain", "encoded"])
@given(st.lists(st.one_of(st.none(), TEXTS), max_size=8))
@example(['"', "\\", '\\"', "a\nb", "\r\n\t", "ü€", "\u2028\u2029", "\\n", "</script>", "\x7f", "🙂", ""])
@example([])
def test_a_text_is_read_back_as_it_was(form: Callable[[Any], Any], texts: list[str | None]) -> None:
    objects = json_columns.JsonObjects({"key": form(pa.array(texts, pa.string())), "is": _yes(texts)})
    decoded = _read(objects.encode_objects(pa.array(range(len(texts)), pa.int64())))
    assert decoded == [{"is": True} if text is None else {"key": text, "is": True} for text in texts]


@given(st.lists(st.one_of(st.none(), st.decimals(-(10**14), 10**14, places=9)), max_size=8))
@example([Decimal("0.000000001"), Decimal(0), Decimal("10.10"), Decimal("-0.5"), Decimal(100)])
def test_a_number_is_read_back_exactly(values: list[Decimal | None]) -> None:
    objects = json_columns.JsonObjects({"n": pa.array(values, DECIMAL), "is": _yes(values)})
    decoded = _read(objects.encode_objects(pa.array(range(len(values)), pa.int64())))
    assert decoded == [{"is": True} if value is None else {"n": value, "is": True} for value in values]


def test_every_type_is_written_as_the_api_reads_it() -> None:
    columns = {
        "text": pa.array(["a"]),
        "number": pa.array([Decimal("10.50")], DECIMAL),
        "date": pa.array([date(2026, 11, 1)]),
        "time": pa.array([datetime(2026, 11, 1, 8, 5, 9)], pa.timestamp("s")),
        "yes": pa.array([True]),
        "no": pa.array([False]),
        "nothing": pa.array([None], pa.string()),
        "null": pa.nulls(1, pa.bool_()),
    }
    (text,) = json_columns.JsonObjects(columns).encode_objects(pa.array([0])).to_pylist()
    assert text == (
        '{"text":"a","number":10.5,"date":"2026-11-01","time":"2026-11-01 08:05:09","yes":true,"no":false}'
    )


def test_objects_are_made_of_the_rows_asked_for_in_their_order() -> None:
    objects = json_columns.JsonObjects({"a": pa.array(["x", None, "z"]), "b": pa.array([True, None, False])})
    texts = objects.encode_objects(pa.array([2, 0, 1, 2]), last=pa.array(["[1]", "[2]", "[3]", "[4]"]))
    assert texts.to_pylist() == [
        '{"a":"z","b":false,"last":[1]}',
        '{"a":"x","b":true,"last":[2]}',
        '{"last":[3]}',
        '{"a":"z","b":false,"last":[4]}',
    ]


@given(st.lists(st.lists(st.integers(0, 99), max_size=4), max_size=6))
def test_arrays_hold_the_objects_of_what_lies_between_their_offsets(groups: list[list[int]]) -> None:
    rows = pa.array([row for group in groups for row in group], pa.int64())
    offsets = np.concatenate(([0], np.cumsum([len(group) for group in groups], dtype=np.int64)))
    numbers = pa.array([Decimal(number) for number in range(100)], DECIMAL)
    texts = json_columns.JsonObjects({"n": numbers}).encode_arrays(rows, offsets).to_pylist()
    assert [text and json.loads(text) for text in texts] == [
        [{"n": row} for row in group] or None for group in groups
    ]


@given(st.lists(st.integers(-1, 4), max_size=9))
def test_what_hangs_on_a_row_is_written_with_it_and_nothing_else_is(on: list[int]) -> None:
    inner = json_columns.NestedObjects(
        json_columns.JsonObjects({"of": pa.array([str(row) for row in range(len(on))], pa.string())}),
        np.arange(len(on), dtype=np.int64),
        len(on),
        {},
    )
    outer = json_columns.JsonObjects({"at": pa.array([Decimal(row) for row in range(len(on))], DECIMAL)})
    nested = json_columns.NestedObjects(outer, np.array(on, np.int64), 5, {"within": inner})
    parents = [3, 0, 4]
    texts = nested.encode_arrays(pa.array(parents)).to_pylist()
    assert [text and json.loads(text) for text in texts] == [
        [{"at": at, "within": [{"of": str(at)}]} for at, owner in enumerate(on) if owner == parent] or None
        for parent in parents
    ]


def test_a_row_without_any_member_is_refused() -> None:
    columns = json_columns.JsonObjects({"a": pa.array(["x", None])})
    with pytest.raises(ValueError, match="a row has no member at all"):
        columns.encode_objects(pa.array([0, 1]))
