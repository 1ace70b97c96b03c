"""Addresses of cells, and the bytes of the cells we write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipeline.model import SheetColumn
from pipeline.spreadsheet.xml_bytes import escape_text

MAX_CELL_CHARACTERS = 32_767
"""Characters a cell may hold."""

_ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d+)")


def format_reference(row: int, column: int) -> str:
    """A cell as Excel names it; row and column are counted from 0."""
    return f"{SheetColumn('', '', column).letter}{row + 1}"


def parse_reference(reference: str) -> tuple[int, int]:
    """Row and column, counted from 0, of the first cell of a reference."""
    match = _ADDRESS.match(reference)
    if not match:
        return -1, -1
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    return int(match[2]) - 1, column - 1


def encode_text_cell(reference: str, value: str, style: int, prefix: str = "") -> bytes:
    """A cell that holds a text and never a formula, whatever the text begins with.

    Args:
        reference: its address.
        value: the text.
        style: position of its format in the styles.
        prefix: of the sheet's elements.
    """
    content = escape_text(value[:MAX_CELL_CHARACTERS])
    tag_prefix = prefix.encode()
    head = b'<%sc r="%s" s="%d" t="inlineStr">' % (tag_prefix, reference.encode(), style)
    return head + b'<%sis><%st xml:space="preserve">%s</%st></%sis></%sc>' % (
        tag_prefix,
        tag_prefix,
        content,
        tag_prefix,
        tag_prefix,
        tag_prefix,
    )


def group_into_ranges(cells: Iterable[tuple[int, int]]) -> Iterator[str]:
    """Cells as ranges: what lies below each other in a column is one range.

    Args:
        cells: rows and columns, counted from 0.
    """
    ordered = sorted((column, row) for row, column in set(cells))
    start = 0
    for index in range(1, len(ordered) + 1):
        column, row = ordered[index - 1]
        if index == len(ordered) or ordered[index] != (column, row + 1):
            first, last = format_reference(ordered[start][1], column), format_reference(row, column)
            yield first if first == last else f"{first}:{last}"
            start = index
