"""CSV that is safe to open: no text in it starts a formula."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

_DANGEROUS = r"^[=+\-@\t\r]"
_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"


def inert(texts: Any) -> Any:
    """Texts that a spreadsheet will not run: one that starts like a formula gets an apostrophe before it.

    Args:
        texts: a string array; numbers are exempt.
    """
    dangerous = pc.match_substring_regex(texts, pattern=_DANGEROUS)
    if not pc.any(dangerous).as_py():
        return texts
    dangerous = pc.and_(dangerous, pc.invert(pc.match_substring_regex(texts, pattern=_NUMBER)))
    return pc.if_else(dangerous, pc.binary_join_element_wise("'", texts, ""), texts)


def safe(table: pa.Table) -> pa.Table:
    """The table with every text column inert."""
    for place, column in enumerate(table.schema):
        if pa.types.is_string(column.type):
            table = table.set_column(place, column.name, inert(table[column.name]))
    return table


def write(tables: Iterable[pa.Table], file: BinaryIO) -> None:
    """Tables of one shape as one CSV file in UTF-8.

    Args:
        tables: one after the other; at least one.
        file: open for writing.
    """
    first = True
    for table in tables:
        csv.write_csv(safe(table), file, csv.WriteOptions(include_header=first))
        first = False
