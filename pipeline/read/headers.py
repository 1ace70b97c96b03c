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
_STEP = 256


def normal(header: str) -> str:
    """A header as it is compared: without case, blanks, line breaks, underscores, hyphens and asterisks."""
    return _NOISE.sub("", header).casefold()


@lru_cache(maxsize=64)
def known_headers(table: Table) -> Mapping[str, str]:
    """Every header of a table, normal, to its field; a field's own name beats another's label or synonym."""
    ranks = ([f.name for f in table], [f.label for f in table])
    known: dict[str, str] = {}
    for rank in ranks:
        for name, header in zip(ranks[0], rank, strict=True):
            known.setdefault(normal(header), name)
    for each in table:
        for header in each.headers:
            known.setdefault(normal(header), each.name)
    for prefix in table.prefixes:
        for header, name in list(known.items()):
            known.setdefault(normal(prefix) + header, name)
    return known


def recognised(tables: Mapping[str, Table], cells: Sequence[str]) -> int:
    """How many cells of a row are headers of the table that fits best."""
    return max((len(fields_in(table, cells)) for table in tables.values()), default=0)


def fields_in(table: Table, cells: Sequence[str]) -> set[str]:
    """The fields of a table that a row of headers names."""
    known = known_headers(table)
    return {known[each] for each in map(normal, cells) if each in known}


def find_header(grid: Grid, tables: Mapping[str, Table]) -> int | None:
    """Position of the header: among the first rows one with two known headers, else the first with cells."""
    first = None
    for start in range(0, len(grid), _STEP):
        for offset, row in enumerate(grid.texts(start, start + _STEP)):
            if any(map(str.strip, row)):
                first = start + offset if first is None else first
                if recognised(tables, row) > 1:
                    return start + offset
        if first is not None:
            return first
    return None
