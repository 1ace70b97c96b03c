"""Stage 1: headers -> which fields they name, and which row of a sheet is its header.

In: cells of a row, and the declarations of the tables.
Out: the field that each header names, whatever its case, blanks and marks.
Never: looks at a value below a header to guess what it means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from pipeline.read.grid import Grid
from schemas.fields import Table

_NOISE = re.compile(r"[\s_\-*]+")
_ROWS_PER_STEP = 256


def normalize_header(header: str) -> str:
    """A header as it is compared: without case, blanks, line breaks, underscores, hyphens and asterisks."""
    return _NOISE.sub("", header).casefold()


@lru_cache(maxsize=64)
def map_known_headers(table: Table) -> Mapping[str, str]:
    """Every header of a table, normal, to its field; a field's own name beats another's label or synonym."""
    names_and_labels = ([field.name for field in table], [field.label for field in table])
    known: dict[str, str] = {}
    for headers in names_and_labels:
        for name, header in zip(names_and_labels[0], headers, strict=True):
            known.setdefault(normalize_header(header), name)
    for field in table:
        for header in field.headers:
            known.setdefault(normalize_header(header), field.name)
    for prefix in table.prefixes:
        for header, name in list(known.items()):
            known.setdefault(normalize_header(prefix) + header, name)
    return known


def count_known_headers(tables: Mapping[str, Table], labels: Sequence[str]) -> int:
    """How many cells of a row are headers of the table that fits best."""
    return max((len(find_fields(table, labels)) for table in tables.values()), default=0)


def find_fields(table: Table, labels: Sequence[str]) -> set[str]:
    """The fields of a table that a row of headers names."""
    known = map_known_headers(table)
    return {known[label] for label in map(normalize_header, labels) if label in known}


def find_header(grid: Grid, tables: Mapping[str, Table]) -> int | None:
    """Position of the header: among the first rows one with two known headers, else the first with cells."""
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
