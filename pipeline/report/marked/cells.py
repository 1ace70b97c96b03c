"""Addresses of cells, and the bytes of the cells we write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipeline.model import Column
from pipeline.report.marked.markup import text

LONGEST = 32_767
"""Characters a cell may hold."""

_ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d+)")


def address(row: int, column: int) -> str:
    """A cell as Excel names it; row and column are counted from 0."""
    return f"{Column('', '', column).letter}{row + 1}"


def place_of(reference: str) -> tuple[int, int]:
    """Row and column, counted from 0, of the first cell of a reference."""
    found = _ADDRESS.match(reference)
    if not found:
        return -1, -1
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def text_cell(where: str, value: str, look: int, prefix: str = "") -> bytes:
    """A cell that holds a text and never a formula, whatever the text begins with.

    Args:
        where: its address.
        value: the text.
        look: position of its format in the styles.
        prefix: of the sheet's elements.
    """
    said = text(value[:LONGEST])
    p = prefix.encode()
    head = b'<%sc r="%s" s="%d" t="inlineStr">' % (p, where.encode(), look)
    return head + b'<%sis><%st xml:space="preserve">%s</%st></%sis></%sc>' % (p, p, said, p, p, p)


def ranges(places: Iterable[tuple[int, int]]) -> Iterator[str]:
    """Cells as ranges: what lies below each other in a column is one range.

    Args:
        places: rows and columns, counted from 0.
    """
    ordered = sorted((column, row) for row, column in set(places))
    start = 0
    for at in range(1, len(ordered) + 1):
        column, row = ordered[at - 1]
        if at == len(ordered) or ordered[at] != (column, row + 1):
            first, last = address(ordered[start][1], column), address(row, column)
            yield first if first == last else f"{first}:{last}"
            start = at
