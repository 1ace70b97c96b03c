"""A1 references: letters and numbers of columns, cells and ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spreadsheet.references import (
    format_reference,
    group_into_ranges,
    parse_column_letters,
    parse_reference,
    to_column_letters,
)


@pytest.mark.parametrize(
    ("position", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
)
def test_columns_have_letters(position: int, letters: str) -> None:
    assert to_column_letters(position) == letters
    assert parse_column_letters(letters.lower()) == position


@given(st.integers(0, 1_048_575), st.integers(0, 16_383))
def test_a_reference_names_its_cell(row: int, column: int) -> None:
    assert parse_reference(format_reference(row, column)) == (row, column)


@pytest.mark.parametrize(
    ("reference", "position"),
    [("$C$7", (6, 2)), ("B2:D9", (1, 1)), ("", (-1, -1)), ("7", (-1, -1)), ("Sheet", (-1, -1))],
)
def test_the_first_cell_of_a_reference_counts(reference: str, position: tuple[int, int]) -> None:
    assert parse_reference(reference) == position


def test_neighbours_in_a_column_become_one_range() -> None:
    cells = [(3, 0), (1, 0), (2, 0), (2, 0), (2, 1), (9, 0)]
    assert list(group_into_ranges(cells)) == ["A2:A4", "A10", "B3"]
    assert list(group_into_ranges([])) == []
