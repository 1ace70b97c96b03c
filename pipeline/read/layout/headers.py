"""Headers: which field a header names, and which row of a sheet is its header.

In: cells of a row, and the declarations of the tables.
Out: the field that each header names, whatever its case, blanks and marks.
Never: looks at a value below a header to guess what the header means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from pipeline.read.grid import Grid
from schemas.fields import Table

_NOISE = re.compile(r"[\s_\-*]+")
_ROWS_PER_STEP = 256
"""Rows searched for a header before the first row with values is taken: titles above it are few."""


def normalize_header(header: str) -> str:
    """Return a header for comparison: without case, blanks, underscores, hyphens and asterisks."""
    return _NOISE.sub("", header).casefold()


# Every row that may be a header is compared with every table: building the map anew each time would dominate.
@lru_cache(maxsize=64)
def map_known_headers(table: Table) -> Mapping[str, str]:
    """Return the normalized headers of a table by field; a field's name beats another's label or synonym.

    Args:
        table: its declaration.
    """
    known: dict[str, str] = {}
    for field in table:
        known.setdefault(normalize_header(field.name), field.name)
    for field in table:
        known.setdefault(normalize_header(field.label), field.name)
    for field in table:
        for header in field.headers:
            known.setdefault(normalize_header(header), field.name)
    for prefix in table.prefixes:
        for header, name in list(known.items()):
            known.setdefault(normalize_header(prefix) + header, name)
    return known


def count_known_headers(tables: Mapping[str, Table], labels: Sequence[str]) -> int:
    """Return how many cells of a row are headers of the table that fits best.

    Args:
        tables: the requested tables.
        labels: the row's cells.
    """
    return max((len(find_fields(table, labels)) for table in tables.values()), default=0)


def find_fields(table: Table, labels: Sequence[str]) -> set[str]:
    """Return the fields of a table that a row of headers names."""
    known = map_known_headers(table)
    return {known[label] for label in map(normalize_header, labels) if label in known}


def find_header(grid: Grid, tables: Mapping[str, Table]) -> int | None:
    """Return the header's row: among the first rows one with two known headers, else the first filled one.

    Args:
        grid: the sheet.
        tables: the requested tables.

    Returns:
        The row's index in the grid; None if no row has a value.
    """
    first_filled = None
    for start in range(0, len(grid), _ROWS_PER_STEP):
        for offset, row in enumerate(grid.get_texts(start, start + _ROWS_PER_STEP)):
            if any(map(str.strip, row)):
                first_filled = start + offset if first_filled is None else first_filled
                if count_known_headers(tables, row) > 1:
                    return start + offset
        if first_filled is not None:
            return first_filled
    return None
