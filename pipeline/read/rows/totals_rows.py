"""Totals rows: which rows of a sheet are totals, and the cells in them.

In: the cells below a header.
Out: the rows that start with a word for a total, or have it in a column that is left out, and otherwise
hold only numbers.
Never: takes a row that holds an item for a total, or sums anything up: that needs parsed numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask
from pipeline.read.layout.bound_sheet import BoundSheet
from schemas.arrow.columns import Texts
from schemas.cell_kinds import CellKind
from schemas.tables.common import TOTAL_WORDS

_CURRENCY_SIGN = "[$\u00a2-\u00a5\u20a0-\u20cf]?"
# grouped by commas, by points, by blanks or apostrophes; plain; a fraction alone
_DIGITS = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?"
    r"|\d{1,3}(?:[ '\u00a0\u2019\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)"
)
_AMOUNT = rf"[-+]?\s?{_CURRENCY_SIGN}\s?[-+]?{_DIGITS}\s?{_CURRENCY_SIGN}"
_NUMBER = re.compile(rf"{_AMOUNT}|\({_AMOUNT}\)")
# Two more, for a colon and a blank behind the word.
_LONGEST_TOTAL = max(map(len, TOTAL_WORDS)) + 2
_TOTAL_FIRST_LETTERS = frozenset("".join(word[0] + word[0].upper() for word in TOTAL_WORDS))
_NUMERIC_KINDS = {CellKind.NUMBER, CellKind.FORMULA, CellKind.ERROR}


@dataclass(frozen=True)
class SheetTotalsRow:
    """A totals row: its number as Excel shows it, how many data rows are above it, and its cells by field."""

    row_number: int
    rows_above: int
    cells: Mapping[str, tuple[str, int]]


class _TotalsFinder(NamedTuple):
    """The cells below a header that decide whether a row is a totals row.

    Attributes:
        key_index: index of the key's column; None without one.
        texts: by column index, of the columns whose values are the sheet's own.
        kinds: by column index, the kinds of their cells.
    """

    key_index: int | None
    texts: Mapping[int, pa.ChunkedArray]
    kinds: Mapping[int, npt.NDArray[np.uint8]]

    def get_filled_cells(self, row: int) -> dict[int, str]:
        """Return the filled cells of a row by column index."""
        return {index: text for index, column in self.texts.items() if (text := column[row].as_py())}

    def is_total(self, row: int, word_index: int | None = None) -> bool:
        """Return whether a row holds only numbers besides the word for a total, and no reference.

        Args:
            row: of the cells below the header.
            word_index: column index of the word; None for the row's first filled cell.
        """
        cells = self.get_filled_cells(row)
        word_index = next(iter(cells)) if word_index is None else word_index
        if self.key_index is not None and self.key_index != word_index and self.key_index in cells:
            return False
        return all(
            _is_number(text, int(self.kinds[index][row]) if index in self.kinds else CellKind.TEXT)
            for index, text in cells.items()
            if index != word_index
        )


def find_totals_rows(
    sheet: BoundSheet,
    first_cells: Texts,
    texts: Mapping[int, pa.ChunkedArray],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
) -> Mask:
    """Return which rows below a header are totals rows.

    The word may be in a column that is left out. Constants of a mapping are ignored, they are in every
    row. Where the reference is such a constant, no row lacks one: then the word may come after the numbers.

    Args:
        sheet: the sheet.
        first_cells: per row the first filled cell of the columns that are not left out.
        texts: the cells below the header, by column index.
        kinds: their kinds, by column index.
    """
    own_texts = {index: column for index, column in texts.items() if index not in sheet.constant_indices}
    finder = _TotalsFinder(sheet.key_index, own_texts, kinds)
    is_total = np.zeros(len(first_cells), np.bool_)
    for row in _find_total_words(first_cells):
        is_total[row] = finder.is_total(row)
    for index, column in _iter_further_columns(sheet, own_texts):
        for row in _find_total_words(column):
            is_total[row] |= finder.is_total(row, index)
    return is_total


def _iter_further_columns(
    sheet: BoundSheet, own_texts: Mapping[int, pa.ChunkedArray]
) -> Iterator[tuple[int, Texts]]:
    """Yield the columns that may hold the word for a total without being the first filled one."""
    if sheet.key_index in sheet.constant_indices:
        for index, column in own_texts.items():
            yield index, column.combine_chunks()
    for index in sheet.note_indices:
        below = sheet.grid.columns[index].slice(sheet.start)
        yield index, pc.utf8_trim_whitespace(below).combine_chunks()


def _find_total_words(texts: Texts) -> list[int]:
    """Return the rows whose cell is a word for a total."""
    # Folding the case of a million texts costs more than looking at the length and first byte of each.
    lengths = pc.binary_length(texts).to_numpy()
    may_be_total = _find_likely_starts(texts)
    likely = np.flatnonzero((lengths > 2) & (lengths <= _LONGEST_TOTAL) & may_be_total)
    words = pc.utf8_rtrim(pc.utf8_lower(texts.take(pa.array(likely))), ": ")
    is_word = pc.is_in(words, pa.array(TOTAL_WORDS)).to_numpy(zero_copy_only=False)
    rows: list[int] = likely[is_word].tolist()
    return rows


def _find_likely_starts(texts: Texts) -> Mask:
    """Return which texts begin like a word for a total; an empty text may be among them."""
    # offsets and bytes as they lie in memory: no text is made of them
    _, offsets, data = texts.buffers()
    if data is None or not data.size:
        return np.zeros(len(texts), np.bool_)
    starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts)]
    is_wanted = np.zeros(256, np.bool_)
    is_wanted[[ord(letter) for letter in _TOTAL_FIRST_LETTERS]] = True
    # an empty text at the end starts behind the last byte
    hits: Mask = is_wanted[np.frombuffer(data, np.uint8)[np.minimum(starts, data.size - 1)]]
    return hits


def _is_number(text: str, kind: int) -> bool:
    """Return whether a cell holds a number; a date does not, nor does a text that could be one."""
    return kind in _NUMERIC_KINDS or (kind == CellKind.TEXT and _NUMBER.fullmatch(text) is not None)


def read_totals_rows(
    sheet: BoundSheet,
    is_total: Mask,
    texts: Mapping[int, pa.ChunkedArray],
    kinds: Mapping[int, npt.NDArray[np.uint8]],
    is_data: Mask,
) -> Iterator[SheetTotalsRow]:
    """Yield the totals rows with their cells in the columns of the table's fields.

    Args:
        sheet: the sheet.
        is_total: which rows below the header are totals rows.
        texts: the cells below the header, by column index.
        kinds: their kinds, by column index.
        is_data: which rows below the header are data.
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
        yield SheetTotalsRow(int(sheet.grid.row_numbers[sheet.start + row]), int(is_data[:row].sum()), cells)
