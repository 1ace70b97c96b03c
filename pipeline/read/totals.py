"""Stage 1: which rows of a sheet are totals, and what they say.

In: the cells below a header.
Out: the rows that start with a word for a total, or have it in a column that is left out, and hold nothing but
numbers besides.
Never: takes a row that carries an item for a total, or adds up: the sum is for those who can read numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Mask
from pipeline.read.placed import Placed
from schemas.cells import CellKind
from schemas.tables import TOTAL_WORDS

_SIGN = "[$\u00a2-\u00a5\u20a0-\u20cf]?"
_DIGITS = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?"
    r"|\d{1,3}(?:[ '\u00a0\u2019\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)"
)
_AMOUNT = rf"[-+]?\s?{_SIGN}\s?[-+]?{_DIGITS}\s?{_SIGN}"
_NUMBER = re.compile(rf"{_AMOUNT}|\({_AMOUNT}\)")
_LONGEST_TOTAL = max(map(len, TOTAL_WORDS)) + 2
_TOTAL_STARTS = frozenset(letter for word in TOTAL_WORDS for letter in (word[0], word[0].upper()))
_COUNTING = {CellKind.NUMBER, CellKind.FORMULA, CellKind.ERROR}


@dataclass(frozen=True)
class TotalsRow:
    """A totals row: its number as Excel shows it, the data rows above it, and the cells of fields in it."""

    row: int
    above: int
    cells: Mapping[str, tuple[str, int]]


def found(
    placed: Placed,
    first: pa.Array,
    texts: Mapping[int, pa.ChunkedArray],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
) -> Mask:
    """The totals rows below a header.

    The word may stand in a column that is left out; what a mapping says of every row says nothing of this one. Where
    that is the reference, no row lacks one: the word may then stand behind the numbers.

    Args:
        placed: the sheet.
        first: of each row the first cell that holds anything, of the columns that are not left out.
        texts: the cells below the header, by position of the column.
        kinds: their kinds.
    """
    own = {index: column for index, column in texts.items() if index not in placed.constant}
    key = next((each.index for each in placed.columns if each.field == placed.table.key[0]), None)
    total = np.zeros(len(first), np.bool_)
    for row in _candidates(first):
        cells = _cells(own, row)
        total[row] = _only_numbers(key, cells, kinds, row, next(iter(cells)))
    if key in placed.constant:
        for index, column in own.items():
            for row in _candidates(column.combine_chunks()):
                total[row] |= _only_numbers(key, _cells(own, row), kinds, row, index)
    for index in placed.notes:
        below = pc.utf8_trim_whitespace(placed.grid.columns[index].slice(placed.header + 1)).combine_chunks()
        for row in _candidates(below):
            total[row] |= _only_numbers(key, _cells(own, row), kinds, row, index)
    return total


def _cells(texts: Mapping[int, pa.ChunkedArray], row: int) -> dict[int, str]:
    """The cells of a row that hold anything, by position of the column."""
    return {index: text for index, column in texts.items() if (text := column[row].as_py())}


def _candidates(first: pa.Array) -> list[int]:
    """Rows whose cell is a word for a total."""
    lengths = pc.binary_length(first).to_numpy()
    starts = _bytes_at_start(first)
    likely = np.flatnonzero((lengths > 2) & (lengths <= _LONGEST_TOTAL) & starts)
    words = pc.utf8_rtrim(pc.utf8_lower(first.take(pa.array(likely))), ": ")
    return [int(row) for row in likely[pc.is_in(words, pa.array(TOTAL_WORDS)).to_numpy(zero_copy_only=False)]]


def _bytes_at_start(texts: pa.Array) -> Mask:
    _, offsets, data = texts.buffers()
    if data is None or not data.size:
        return np.zeros(len(texts), np.bool_)
    starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts)]
    wanted = np.zeros(256, np.bool_)
    wanted[[ord(each) for each in _TOTAL_STARTS]] = True
    hits: Mask = wanted[np.frombuffer(data, np.uint8)[np.minimum(starts, data.size - 1)]]
    return hits


def _only_numbers(
    key: int | None,
    cells: Mapping[int, str],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
    row: int,
    word: int,
) -> bool:
    """Whether a row holds nothing but numbers beside the word, and no reference."""
    return (key is None or key == word or key not in cells) and all(
        _is_number(text, int(kinds[index][row]) if index in kinds else CellKind.TEXT)
        for index, text in cells.items()
        if index != word
    )


def _is_number(text: str, kind: int) -> bool:
    """A date is none, nor is a text that could be one."""
    return kind in _COUNTING or (kind == CellKind.TEXT and _NUMBER.fullmatch(text) is not None)


def totals_rows(
    placed: Placed,
    total: Mask,
    texts: Mapping[int, pa.ChunkedArray],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
    kept: Mask,
) -> Iterator[TotalsRow]:
    """What each totals row says in the columns of its table's fields.

    Args:
        placed: the sheet.
        total: rows below the header that are totals rows.
        texts: the cells below the header, by position of the column.
        kinds: their kinds.
        kept: the rows that are data.
    """
    own = [e for e in placed.columns if e.field in placed.table and e.index not in placed.constant]
    for row in np.flatnonzero(total).tolist():
        cells = {
            each.field: (text, int(kinds[each.index][row]) if each.index in kinds else CellKind.TEXT)
            for each in own
            if (text := texts[each.index][row].as_py())
        }
        yield TotalsRow(int(placed.grid.rows[placed.header + 1 + row]), int(kept[:row].sum()), cells)
