"""A1 references: column letters and numbers, cells and ranges. Light: the parser's process loads it.

In: references as Excel writes them, or positions counted from 0.
Out: the one from the other; ranges that cover cells.
Never: asks whether a cell is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

CellPosition = tuple[int, int]
"""Row and column of a cell, counted from 0."""

_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d+)")


def to_column_letters(position: int) -> str:
    """Return the letters of a column: 0 is A, 26 is AA."""
    letters, remaining = "", position + 1
    while remaining:
        # these digits run from 1 to 26, there is no zero: hence the one less
        remaining, digit = divmod(remaining - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def parse_column_letters(letters: str) -> int:
    """Return the position of a column: A is 0, AA is 26."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def format_reference(row: int, column: int) -> str:
    """Return a cell's A1 reference.

    Args:
        row: counted from 0.
        column: counted from 0.
    """
    return f"{to_column_letters(column)}{row + 1}"


def parse_reference(reference: str) -> CellPosition:
    """Return the position of the first cell of a reference; (-1, -1) where it is none."""
    match = _REFERENCE.match(reference)
    if not match:
        return -1, -1
    return int(match[2]) - 1, parse_column_letters(match[1])


def group_into_ranges(cells: Iterable[CellPosition]) -> Iterator[str]:
    """Yield references that cover cells: neighbours in a column become one range.

    Args:
        cells: positions in any order; duplicates count once.
    """
    # by column, then row, so that neighbours in a column come one after the other
    ordered = sorted((column, row) for row, column in set(cells))
    start = 0
    # one step beyond the end, which closes the last range
    for index in range(1, len(ordered) + 1):
        column, row = ordered[index - 1]
        if index == len(ordered) or ordered[index] != (column, row + 1):
            first, last = format_reference(ordered[start][1], column), format_reference(row, column)
            yield first if first == last else f"{first}:{last}"
            start = index
