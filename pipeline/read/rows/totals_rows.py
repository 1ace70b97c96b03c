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

from pipeline.model.indices import Mask
from pipeline.read.layout.bound_sheet import BoundSheet
from schemas.cell_kinds import CellKind
from schemas.tables.common import TOTAL_WORDS

_CURRENCY_SIGN = "[$\u00a2-\u00a5\u20a0-\u20cf]?"
_DIGITS = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?"
    r"|\d{1,3}(?:[ '\u00a0\u2019\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)"
)
_AMOUNT = rf"[-+]?\s?{_CURRENCY_SIGN}\s?[-+]?{_DIGITS}\s?{_CURRENCY_SIGN}"
_NUMBER = re.compile(rf"{_AMOUNT}|\({_AMOUNT}\)")
_LONGEST_TOTAL = max(map(len, TOTAL_WORDS)) + 2
_TOTAL_FIRST_LETTERS = frozenset(letter for word in TOTAL_WORDS for letter in (word[0], word[0].upper()))
_NUMERIC_KINDS = {CellKind.NUMBER, CellKind.FORMULA, CellKind.ERROR}


@dataclass(frozen=True)
class SheetTotalsRow:
    """A totals row: its number as Excel shows it, the data rows above it, and the cells of fields in it."""

    row_number: int
    rows_above: int
    cells: Mapping[str, tuple[str, int]]


def find_totals_rows(
    sheet: BoundSheet,
    first_cells: pa.Array,
    texts: Mapping[int, pa.ChunkedArray],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
) -> Mask:
    """The totals rows below a header.

    The word may stand in a column that is left out; what a mapping says of every row says nothing of this one. Where
    that is the reference, no row lacks one: the word may then stand behind the numbers.

    Args:
        sheet: the sheet.
        first_cells: of each row the first cell that holds anything, of the columns that are not left out.
        texts: the cells below the header, by position of the column.
        kinds: their kinds.
    """
    own_texts = {index: column for index, column in texts.items() if index not in sheet.constant_indices}
    key_index = next((column.index for column in sheet.columns if column.field == sheet.table.key[0]), None)
    is_total = np.zeros(len(first_cells), np.bool_)
    for row in _find_total_words(first_cells):
        cells = _get_filled_cells(own_texts, row)
        is_total[row] = _has_only_numbers(key_index, cells, kinds, row, next(iter(cells)))
    if key_index in sheet.constant_indices:
        for index, column in own_texts.items():
            for row in _find_total_words(column.combine_chunks()):
                is_total[row] |= _has_only_numbers(
                    key_index, _get_filled_cells(own_texts, row), kinds, row, index
                )
    for index in sheet.note_indices:
        note_texts = pc.utf8_trim_whitespace(
            sheet.grid.columns[index].slice(sheet.header_index + 1)
        ).combine_chunks()
        for row in _find_total_words(note_texts):
            is_total[row] |= _has_only_numbers(
                key_index, _get_filled_cells(own_texts, row), kinds, row, index
            )
    return is_total


def _get_filled_cells(texts: Mapping[int, pa.ChunkedArray], row: int) -> dict[int, str]:
    """The cells of a row that hold anything, by position of the column."""
    return {index: text for index, column in texts.items() if (text := column[row].as_py())}


def _find_total_words(texts: pa.Array) -> list[int]:
    """Rows whose cell is a word for a total."""
    lengths = pc.binary_length(texts).to_numpy()
    may_be_total = _find_likely_starts(texts)
    likely = np.flatnonzero((lengths > 2) & (lengths <= _LONGEST_TOTAL) & may_be_total)
    words = pc.utf8_rtrim(pc.utf8_lower(texts.take(pa.array(likely))), ": ")
    return [int(row) for row in likely[pc.is_in(words, pa.array(TOTAL_WORDS)).to_numpy(zero_copy_only=False)]]


def _find_likely_starts(texts: pa.Array) -> Mask:
    _, offsets, data = texts.buffers()
    if data is None or not data.size:
        return np.zeros(len(texts), np.bool_)
    starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts)]
    is_wanted = np.zeros(256, np.bool_)
    is_wanted[[ord(letter) for letter in _TOTAL_FIRST_LETTERS]] = True
    hits: Mask = is_wanted[np.frombuffer(data, np.uint8)[np.minimum(starts, data.size - 1)]]
    return hits


def _has_only_numbers(
    key_index: int | None,
    cells: Mapping[int, str],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
    row: int,
    word_index: int,
) -> bool:
    """Whether a row holds nothing but numbers beside the word, and no reference."""
    return (key_index is None or key_index == word_index or key_index not in cells) and all(
        _is_number(text, int(kinds[index][row]) if index in kinds else CellKind.TEXT)
        for index, text in cells.items()
        if index != word_index
    )


def _is_number(text: str, kind: int) -> bool:
    """A date is none, nor is a text that could be one."""
    return kind in _NUMERIC_KINDS or (kind == CellKind.TEXT and _NUMBER.fullmatch(text) is not None)


def read_totals_rows(
    sheet: BoundSheet,
    is_total: Mask,
    texts: Mapping[int, pa.ChunkedArray],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
    is_data: Mask,
) -> Iterator[SheetTotalsRow]:
    """What each totals row says in the columns of its table's fields.

    Args:
        sheet: the sheet.
        is_total: rows below the header that are totals rows.
        texts: the cells below the header, by position of the column.
        kinds: their kinds.
        is_data: the rows that are data.
    """
    own_columns = [
        column
        for column in sheet.columns
        if column.field in sheet.table and column.index not in sheet.constant_indices
    ]
    for row in np.flatnonzero(is_total).tolist():
        cells = {
            column.field: (text, int(kinds[column.index][row]) if column.index in kinds else CellKind.TEXT)
            for column in own_columns
            if (text := texts[column.index][row].as_py())
        }
        yield SheetTotalsRow(
            int(sheet.grid.row_numbers[sheet.header_index + 1 + row]), int(is_data[:row].sum()), cells
        )
