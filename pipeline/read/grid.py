"""Grid: the cells of a sheet as every format hands them over, before any header is interpreted.

In: nothing; this is a record.
Out: `Grid`.
Never: says what a column means; that is `pipeline.read.layout`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Grid:
    """All cells of a sheet as text, header included.

    Attributes:
        name: the sheet's name; for CSV the file's.
        part: the part of the workbook it was read from; empty for CSV.
        columns: per column the texts, never null.
        row_numbers: per row its number, as Excel shows it.
        kinds: column index to the CellKind of each cell, for columns with more than text.
        blank_after: number of blank rows below the last row with a value.
        cell_counts: per row the number of cells, when some rows are ragged.
        notes: how it was read.
        is_hidden: the sheet is hidden in the file.
        hidden_rows: per row whether it is hidden by hand or by a filter; None when no row is.
        hidden_columns: indices of the hidden columns.
        is_filtered: a filter is set, which hides rows.
        merges: merged ranges, one per line: first and last row number as Excel shows them, first and last
            column index; cut at the sheet's last row and column. Usually only the first cell of a range holds
            a value.
        displayed: column index to the text that each cell displays where a number format shows another number
            than the stored one (`10.00` for 9.996, `00123` for 123, `19%` for 0.19), without grouping and
            currency; "" where a cell displays its value.
        origins: where a mapping has renamed or added columns: column index to the header and the column index
            in the file; the index is -1 for a column that is not in the file.
        is_patchable: the part is in the file as it was parsed, so that a copy of the file can be annotated
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
        """Number of columns in the file."""
        # One column of the file may feed several fields, and a constant feeds one without any column.
        return len({index for _, index in self.origins.values()} - {-1}) or len(self.columns)

    def __len__(self) -> int:
        return len(self.row_numbers)

    def get_texts(self, start: int, stop: int) -> list[list[str]]:
        """Return the rows from `start` to `stop` (exclusive) as lists of text."""
        columns = [column.slice(start, stop - start).to_pylist() for column in self.columns]
        return [list(row) for row in zip(*columns, strict=True)]
