"""Texts a column at a time: what the quick ways make is what the plain ways would."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from schemas.arrow import text_bytes

SOME = st.lists(st.tuples(st.text(max_size=4) | st.none(), st.booleans()), max_size=40)
MANY = st.sampled_from([1, 30])
"""Thirty times as many, and pieces are no longer put together one by one."""


def column(rows: list[tuple[str | None, bool]], times: int) -> tuple[pa.Array, np.ndarray]:
    """Texts, behind one that a slice leaves out, and which of them are meant."""
    cells = [text for text, _ in rows] * times
    mask = np.array([chosen for _, chosen in rows] * times, bool)
    return pa.array(["", *cells], pa.string())[1:], mask


@given(SOME, MANY)
def test_only_the_chosen_texts_are_replaced(rows: list[tuple[str | None, bool]], times: int) -> None:
    cells, mask = column(rows, times)
    replacements = pa.array([f"other {number}" for number in range(int(mask.sum()))], pa.string())
    expected = cells.to_pylist()
    for number, row in enumerate(np.flatnonzero(mask).tolist()):
        expected[row] = f"other {number}"
    assert text_bytes.replace_rows(cells, np.flatnonzero(mask), replacements).to_pylist() == expected


@given(SOME, st.sampled_from([1, 60]), st.integers(0, 40))
def test_the_rows_that_are_left_are_those_chosen(
    rows: list[tuple[str | None, bool]], times: int, cut: int
) -> None:
    cells, mask = column(rows, times)
    chunks = pa.chunked_array([cells[:cut], cells[cut:]], pa.string())
    assert text_bytes.keep_rows(chunks, mask).to_pylist() == [
        text for text, chosen in zip(cells.to_pylist(), mask, strict=True) if chosen
    ]


def test_rows_left_in_very_many_pieces() -> None:
    cells = pa.chunked_array([pa.array([str(number) for number in range(2500)])])
    kept = np.arange(2500) % 2 == 0
    assert text_bytes.keep_rows(cells, kept).to_pylist() == [str(number) for number in range(0, 2500, 2)]


@given(SOME)
def test_the_edges_of_a_text(rows: list[tuple[str | None, bool]]) -> None:
    cells, _ = column(rows, 1)
    encoded = [(text or "").encode() or b"\0" for text in cells.to_pylist()]
    first, last = text_bytes.get_edge_bytes(cells)
    assert (first.tolist(), last.tolist()) == ([raw[0] for raw in encoded], [raw[-1] for raw in encoded])
    assert text_bytes.match_first_characters(cells, "=+'").tolist() == [
        raw[:1] in (b"=", b"+", b"'") for raw in encoded
    ]


def test_a_null_that_keeps_its_bytes_has_no_edges() -> None:
    """A cell that was refused: the text behind it is still in the column's memory."""
    texts = pa.array(["=1+1", "=2", "a"], pa.string())
    valid = pa.py_buffer(bytes([0b101]))
    refused = pa.Array.from_buffers(pa.string(), 3, [valid, *texts.buffers()[1:]])
    first, last = text_bytes.get_edge_bytes(refused)
    assert (first.tolist(), last.tolist()) == ([ord("="), 0, ord("a")], [ord("1"), 0, ord("a")])
