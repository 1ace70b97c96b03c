"""Stage 1: the bytes of a CSV file -> a grid, every cell as the text it is.

In: bytes; a function that counts how many cells of a row are known headers, which tells the delimiter.
Out: a `Grid`; row n is the n-th record, as Excel counts (line ends inside quotes do not count).
Never: infers a type, reads a null, swallows a tail behind an unclosed quote, or loses a ragged row.

A file that pyarrow takes without complaint is read by pyarrow. Blank lines, ragged rows and odd quotes take
an exact path with the csv module. Excel's own first line `sep=;` tells the delimiter; the header is then row 2.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv

from pipeline.errors import SourceError
from pipeline.read import refuse
from pipeline.read.declared import NOTHING, Declared
from pipeline.read.encoding import as_utf8
from pipeline.read.grid import Grid
from schemas.encodings import DELIMITERS

_NAMES = {character: name for name, character in DELIMITERS.items()}
Recognised = Callable[[list[str]], int]
_HEAD = 1 << 18
_BLOCK = 4 << 20
_BATCH = 1 << 16
_TITLES = 256
"""Rows among which the header is looked for."""
_SEPARATOR = re.compile(rb'"?sep=([,;\t|])"?(?=[\r\n])', re.IGNORECASE)
_QUOTE, _LF, _CR = ord('"'), ord("\n"), ord("\r")


def read_csv(name: str, data: bytes, recognised: Recognised, declared: Declared = NOTHING) -> Grid:
    """Read a CSV file.

    Args:
        name: the file's name, for sentences.
        data: its bytes.
        recognised: how many cells of a row are known headers.
        declared: what the person says of it.

    Raises:
        SourceError: the bytes are no text, could be two, or a quote is not closed.
    """
    encoding, body = as_utf8(name, data, declared.encoding)
    if not body[:_HEAD].strip() and not body.strip():
        raise refuse.BLANK(name)
    header: list[str] = []
    if told := _SEPARATOR.match(body):
        body = body[told.end() :]  # its line end stays, so that rows keep their number
        delimiter = told[1].decode()
    if declared.delimiter:
        delimiter = DELIMITERS[declared.delimiter]
        header = (
            [] if told else next(_records(body[:_HEAD].decode(errors="replace"), delimiter, strict=False), [])
        )
    elif not told:
        delimiter, header = _delimiter(name, body, recognised)
    grid = None
    if header and _well_quoted(body, delimiter):
        grid = _fast(name, body, delimiter, len(header))
    if grid is None:
        grid = _exact(name, body, delimiter, recognised)
    return Grid(
        grid.name, "", grid.columns, grid.rows, cells=grid.cells, notes=f"{encoding}, {_NAMES[delimiter]}"
    )


def _delimiter(name: str, body: bytes, recognised: Recognised) -> tuple[str, list[str]]:
    """The delimiter under which the first row shows most known headers, and the body's very first row."""
    cut = body[:_HEAD].decode(errors="replace")
    best, order = "", (-1, -1)
    for each in _NAMES:
        try:
            first = _header(_records(cut, each, strict=False), recognised)
        except csv.Error:  # a cell beyond the limit: it is another delimiter, or there is no header
            continue
        if (recognised(first), len(first)) > order:
            best, order = each, (recognised(first), len(first))
    if not best:
        raise _too_long(name, 1)
    return best, next(_records(cut, best, strict=False), [])


def _too_long(name: str, row: int) -> SourceError:
    return refuse.LONG_CELL(name, most=csv.field_size_limit(), row=row)


def _records(text: str, delimiter: str, *, strict: bool) -> Iterator[list[str]]:
    return iter(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict))


def _well_quoted(body: bytes, delimiter: str) -> bool:
    """Whether every quote opens or closes a whole cell, or is doubled inside one."""
    if b'"' not in body:
        return True
    text = np.frombuffer(body, np.uint8)
    blocks = range(0, len(text), _BLOCK)  # a block at a time stays in the processor's cache
    at = np.concatenate([np.flatnonzero(text[start : start + _BLOCK] == _QUOTE) + start for start in blocks])
    if len(at) % 2:
        return False
    ends = np.zeros(256, np.bool_)
    ends[[ord(delimiter), _LF, _CR]] = True
    opening, closing = at[::2], at[1::2]
    doubled = closing[:-1] + 1 == opening[1:]
    before = ends[text[np.maximum(opening - 1, 0)]] | (opening == 0)
    after = ends[text[np.minimum(closing + 1, len(text) - 1)]] | (closing == len(text) - 1)
    return bool(before[0] and after[-1] and (before[1:] | doubled).all() and (after[:-1] | doubled).all())


def _fast(name: str, body: bytes, delimiter: str, width: int) -> Grid | None:
    """Read with pyarrow; None when anything about the file needs the exact path."""
    names = [str(position) for position in range(width)]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            pyarrow.csv.ReadOptions(block_size=_BLOCK, column_names=names),
            pyarrow.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=b'"' in body, ignore_empty_lines=False
            ),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[], strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    return Grid(name, "", tuple(table.columns), np.arange(1, table.num_rows + 1, dtype=np.int32))


def _header(rows: Iterable[list[str]], recognised: Recognised) -> list[str]:
    """Among the first rows one with two known headers, else the first with cells: above it stand titles."""
    first: list[str] = []
    try:
        for row in islice(rows, _TITLES):
            first = first or (row if any(map(str.strip, row)) else [])
            if recognised(row) > 1:
                return row
    except csv.Error:  # a cell beyond the limit, further down, is told when the rows are read
        if not first:
            raise
    return first or next((row for row in rows if any(map(str.strip, row))), [])


def _exact(name: str, body: bytes, delimiter: str, recognised: Recognised) -> Grid:
    """Read record by record: blank lines keep their number, ragged rows are padded or cut and counted."""
    records = _checked(name, body.decode(), delimiter)
    width = 0
    counts: list[int] = []
    chunks: list[list[pa.Array]] = []
    while batch := list(islice(records, _BATCH)):
        if not width:
            width = len(_header(iter(batch), recognised))
        counts += map(len, batch)
        padded = (row if len(row) == width else (row + [""] * width)[:width] for row in batch)
        chunks.append([pa.array(column, pa.string()) for column in zip(*padded, strict=True)])
    columns = [pa.chunked_array(each, pa.string()) for each in zip(*chunks, strict=True)]
    rows = np.arange(1, len(counts) + 1, dtype=np.int32)
    return Grid(name, "", tuple(columns), rows, cells=np.array(counts, np.int32))


def _checked(name: str, text: str, delimiter: str) -> Iterator[list[str]]:
    """The records; a quote that is not closed, or not where it belongs, is an error."""
    number = 1
    try:
        for record in _records(text, delimiter, strict=True):
            yield record
            number += 1
    except csv.Error as error:
        if "field limit" in str(error):
            raise _too_long(name, number) from error
        raise refuse.OPEN_QUOTE(name, row=number) from error
