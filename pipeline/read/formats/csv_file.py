"""The parser of text with delimiters: every cell is the text it is.

In: bytes; a function that counts how many cells of a row are known headers, which decides the delimiter.
Out: a `Grid`; row n is the n-th record, as Excel counts (line ends inside quotes do not count).
Never: infers a type, reads a null, swallows a tail behind an unclosed quote, or loses a ragged row.

A file that pyarrow takes without complaint is read by pyarrow. Blank lines, ragged rows and odd quotes take
an exact path with the csv module. Excel's own first line `sep=;` names the delimiter; the header is then
row 2.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv

from pipeline.errors import SourceError
from pipeline.read.files.options import DEFAULT_READ_OPTIONS, ReadOptions
from pipeline.read.files.refusals import Refusal
from pipeline.read.files.text_encoding import decode_to_utf8
from pipeline.read.formats import FormatInput, HeaderCounter
from pipeline.read.grid import Grid
from schemas.notation.encodings import DELIMITERS

_DELIMITER_NAMES = {character: name for name, character in DELIMITERS.items()}
_HEAD_BYTES = 1 << 18
_BLOCK_BYTES = 4 << 20
_BATCH_ROWS = 1 << 16
_MAX_HEADER_ROWS = 256
"""Rows among which the header is looked for."""
_SEPARATOR_LINE = re.compile(rb'"?sep=([,;\t|])"?(?=[\r\n])', re.IGNORECASE)
_QUOTE, _LF, _CR = ord('"'), ord("\n"), ord("\r")


def read_csv_sheet(file: FormatInput) -> Iterator[Grid]:
    """Read the one sheet of a text file."""
    yield read_csv(file.name, file.data, file.count_headers, file.options)


def read_csv(
    name: str, data: bytes, count_headers: HeaderCounter, options: ReadOptions = DEFAULT_READ_OPTIONS
) -> Grid:
    """Read a CSV file.

    Args:
        name: the file's name, for sentences.
        data: its bytes.
        count_headers: how many cells of a row are known headers.
        options: what the person says of it.

    Raises:
        SourceError: the bytes are no text, could be two, or a quote is not closed.
    """
    encoding, body = decode_to_utf8(name, data, options.encoding)
    # the head first: `strip` copies what it is given
    if not body[:_HEAD_BYTES].strip() and not body.strip():
        raise Refusal.BLANK_FILE(name)
    header: list[str] = []
    if separator := _SEPARATOR_LINE.match(body):
        body = body[separator.end() :]  # its line end stays, so that rows keep their number
        delimiter = separator[1].decode()
    if options.delimiter:
        delimiter = DELIMITERS[options.delimiter]
        # behind `sep=` no header is given, so that the exact path counts the first line
        header = (
            []
            if separator
            else next(_iter_records(body[:_HEAD_BYTES].decode(errors="replace"), delimiter, strict=False), [])
        )
    elif not separator:
        delimiter, header = _detect_delimiter(name, body, count_headers)
    grid = None
    if header and _is_well_quoted(body, delimiter):
        grid = _read_fast(name, body, delimiter, len(header))
    if grid is None:
        grid = _read_exactly(name, body, delimiter, count_headers)
    return replace(grid, notes=f"{encoding}, {_DELIMITER_NAMES[delimiter]}")


def _detect_delimiter(name: str, body: bytes, count_headers: HeaderCounter) -> tuple[str, list[str]]:
    """Detect the delimiter, under which the header has most known labels; also return the first row."""
    head = body[:_HEAD_BYTES].decode(errors="replace")
    best, best_score = "", (-1, -1)
    for delimiter in _DELIMITER_NAMES:
        try:
            header = _find_header(_iter_records(head, delimiter, strict=False), count_headers)
        except csv.Error:  # a cell beyond the limit: it is another delimiter, or there is no header
            continue
        if (count_headers(header), len(header)) > best_score:
            best, best_score = delimiter, (count_headers(header), len(header))
    if not best:
        raise _report_long_cell(name, 1)
    return best, next(_iter_records(head, best, strict=False), [])


def _report_long_cell(name: str, row: int) -> SourceError:
    return Refusal.LONG_CELL(name, most=csv.field_size_limit(), row=row)


def _iter_records(text: str, delimiter: str, *, strict: bool) -> Iterator[list[str]]:
    return iter(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict))


def _is_well_quoted(body: bytes, delimiter: str) -> bool:
    """Return whether every quote opens or closes a whole cell, or is doubled inside one."""
    if b'"' not in body:
        return True
    characters = np.frombuffer(body, np.uint8)
    blocks = range(0, len(characters), _BLOCK_BYTES)  # a block at a time stays in the processor's cache
    quotes = np.concatenate(
        [np.flatnonzero(characters[start : start + _BLOCK_BYTES] == _QUOTE) + start for start in blocks]
    )
    # an odd quote is open to the end of the file
    if len(quotes) % 2:
        return False
    # one flag per byte: a look-up by index instead of three comparisons per quote
    is_boundary = np.zeros(256, np.bool_)
    is_boundary[[ord(delimiter), _LF, _CR]] = True
    # quotes alternate: a doubled one inside a cell closes it and opens it again
    opening, closing = quotes[::2], quotes[1::2]
    is_doubled = closing[:-1] + 1 == opening[1:]
    opens_cell = is_boundary[characters[np.maximum(opening - 1, 0)]] | (opening == 0)
    closes_cell = is_boundary[characters[np.minimum(closing + 1, len(characters) - 1)]] | (
        closing == len(characters) - 1
    )
    return bool(
        opens_cell[0]
        and closes_cell[-1]
        and (opens_cell[1:] | is_doubled).all()
        and (closes_cell[:-1] | is_doubled).all()
    )


def _read_fast(name: str, body: bytes, delimiter: str, width: int) -> Grid | None:
    """Read with pyarrow; None when anything about the file needs the exact path."""
    names = [str(position) for position in range(width)]
    try:
        table = pyarrow.csv.read_csv(
            # names are given so that the header is row 1 like any other; there may be titles above it
            pa.BufferReader(body),
            pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES, column_names=names),
            # only quoted cells hold line ends: without a quote, blocks are cut at any line end
            pyarrow.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=b'"' in body, ignore_empty_lines=False
            ),
            pyarrow.csv.ConvertOptions(
                # every cell is a text: NA and null are names like any other
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:  # a blank line, a ragged row: the exact path keeps their numbers
        return None
    return Grid(
        name=name,
        part="",
        columns=tuple(table.columns),
        row_numbers=np.arange(1, table.num_rows + 1, dtype=np.int32),
    )


def _find_header(rows: Iterable[list[str]], count_headers: HeaderCounter) -> list[str]:
    """Find the first row with two known headers, else the first with cells: there may be titles above."""
    first_filled: list[str] = []
    try:
        for row in islice(rows, _MAX_HEADER_ROWS):
            first_filled = first_filled or (row if any(map(str.strip, row)) else [])
            if count_headers(row) > 1:
                return row
    except csv.Error:  # a cell beyond the limit, further down, is refused when the rows are read
        if not first_filled:
            raise
    return first_filled or next((row for row in rows if any(map(str.strip, row))), [])


def _read_exactly(name: str, body: bytes, delimiter: str, count_headers: HeaderCounter) -> Grid:
    """Read record by record: blank lines keep their number, ragged rows are padded or cut and counted."""
    records = _iter_checked_records(name, body.decode(), delimiter)
    width = 0
    cell_counts: list[int] = []
    chunks: list[list[pa.Array]] = []
    while batch := list(islice(records, _BATCH_ROWS)):
        # the header decides: longer rows are cut, and `cell_counts` tells of them
        if not width:
            width = len(_find_header(iter(batch), count_headers))
        cell_counts += map(len, batch)
        padded = (row if len(row) == width else (row + [""] * width)[:width] for row in batch)
        chunks.append([pa.array(column, pa.string()) for column in zip(*padded, strict=True)])
    columns = [pa.chunked_array(chunk, pa.string()) for chunk in zip(*chunks, strict=True)]
    rows = np.arange(1, len(cell_counts) + 1, dtype=np.int32)
    return Grid(
        name=name,
        part="",
        columns=tuple(columns),
        row_numbers=rows,
        cell_counts=np.array(cell_counts, np.int32),
    )


def _iter_checked_records(name: str, text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the records; refuse a quote that is not closed, or not where it belongs."""
    row_number = 1
    try:
        for record in _iter_records(text, delimiter, strict=True):
            yield record
            row_number += 1
    except csv.Error as error:
        # the csv module has one exception for everything, so its text must tell
        if "field limit" in str(error):
            raise _report_long_cell(name, row_number) from error
        raise Refusal.OPEN_QUOTE(name, row=row_number) from error
