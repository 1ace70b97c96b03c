"""Stage 1: the form in which every reader hands over a sheet, before anyone knows what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A sheet as it stands, header included.

    Attributes:
        name: the sheet's name; for CSV the file's.
        part: the part of the workbook it lies in; empty for CSV.
        columns: one chunked array of text a column, never null.
        kinds: column position to the CellKind of each cell, for columns with more than text.
        row_numbers: the row as Excel shows it, a row.
        blank_after: further rows that stand in the file below and hold nothing.
        cell_counts: cells found, a row, when some rows are ragged.
        notes: how it was read.
        is_hidden: the person who opens the file does not see it.
        hidden_rows: a boolean a row: hidden by hand or by a filter; None when none is.
        hidden_columns: positions of columns that are not shown.
        is_filtered: a filter is set, which hides rows.
        merges: merged cells, a line each: first and last row as Excel shows them, first and last column from
            0; not beyond the sheet's last row and column. Mostly only the first cell of each holds a value.
        displayed: column position to what the person sees in each cell where a number format shows a number
            as another (`10.00` for 9.996, `00123` for 123, `19%` for 0.19), without grouping and currency; ""
            where a cell shows what it holds.
        origins: where a mapping has renamed or added columns, their headers and positions in the file; -1 for
            what stands nowhere in it.
        is_patchable: the part lies in the file as it was parsed, so that a copy of the file can be marked
            there.
    """

    name: str
    part: str
    columns: tuple[pa.ChunkedArray, ...]
    row_numbers: npt.NDArray[np.int32]
    kinds: Mapping[int, npt.NDArray[np.uint8]] = field(default_factory=dict)
    blank_after: int = 0
    cell_counts: npt.NDArray[np.int32] | None = None
    notes: str = ""
    is_hidden: bool = False
    hidden_rows: npt.NDArray[np.bool_] | None = None
    hidden_columns: frozenset[int] = frozenset()
    is_filtered: bool = False
    merges: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 4), np.int32))
    displayed: Mapping[int, pa.ChunkedArray] = field(default_factory=dict)
    origins: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    is_patchable: bool = False

    @property
    def width(self) -> int:
        """The number of columns that the file has."""
        return len({index for _, index in self.origins.values()} - {-1}) or len(self.columns)

    def __len__(self) -> int:
        return len(self.row_numbers)

    def get_texts(self, start: int, stop: int) -> list[list[str]]:
        """Return some rows as lists of text."""
        columns = [column.slice(start, stop - start).to_pylist() for column in self.columns]
        return [list(row) for row in zip(*columns, strict=True)]
