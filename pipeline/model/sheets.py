"""Raw sheets: the files, sheets and tables of text that the reader hands on, with the address of each cell.

In: nothing; these are records.
Out: `RawSheets` and what it consists of.
Never: holds a typed value; that begins with `pipeline.model.valid`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pipeline.model.indices import Positions
from pipeline.spreadsheet.references import to_column_letters
from schemas.arrow.columns import Texts


@dataclass(frozen=True)
class SourceFile:
    """An input file.

    Attributes:
        name: the file's name, without folders.
        sha256: of its bytes, in hex.
        size: in bytes.
        rows: rows with any value, headers not counted.
        notes: how it was read, for the report (`encoding UTF-8, delimiter comma`).
        package: the bytes of a workbook whose sheets can be annotated in place (.xlsx, .xlsm); else empty.
    """

    name: str
    sha256: str
    size: int
    rows: int = 0
    notes: str = ""
    # Megabytes: neither shown when a test fails nor compared, the hash stands for them.
    package: bytes = attribute(default=b"", repr=False, compare=False)


class ApiRecord(NamedTuple):
    """A record of a list in a saved API response.

    Attributes:
        document_index: index of the response among those given together.
        number: of the record within its response, from 1.
        cells: field name to text; None and a missing name are blank.
    """

    document_index: int
    number: int
    cells: Mapping[str, str | None]


@dataclass(frozen=True)
class SheetColumn:
    """A column of a sheet and its field: the header as written, and the index from 0."""

    field: str
    header: str
    index: int

    @property
    def letter(self) -> str:
        """The column in Excel's letters: 0 is A, 26 is AA."""
        return to_column_letters(self.index)


@dataclass(frozen=True, kw_only=True)
class SourceSheet:
    """A sheet of a source file that feeds a table.

    Attributes:
        source: index of its file in `RawSheets.sources`.
        name: the sheet's name; for CSV the file's name.
        part: its part of the package (`xl/worksheets/sheet1.xml`); empty for CSV.
        columns: the recognised columns.
        header_row: row number of the header, as Excel shows it.
        notes: columns whose header marks them as notes; they have no field.
        width: number of columns up to the last one with a value.
    """

    source: int
    name: str
    part: str
    columns: tuple[SheetColumn, ...]
    header_row: int = 1
    notes: tuple[SheetColumn, ...] = ()
    width: int = 0


@dataclass(frozen=True)
class SheetContent:
    """All cells of a sheet without a package, header included: the source of its marked copy.

    Attributes:
        source: index of its file in `RawSheets.sources`.
        name: the sheet's name; for CSV the file's name.
        columns: per column the texts, never null.
        kinds: column index to the CellKind of each cell, for columns with more than text.
        row_numbers: per row its number, as Excel shows it.
        ragged_rows: indices of rows with too many or too few cells.
    """

    source: int
    name: str
    columns: tuple[pa.ChunkedArray, ...]
    kinds: Mapping[int, npt.NDArray[np.uint8]]
    row_numbers: npt.NDArray[np.int32]
    ragged_rows: Positions


@dataclass(frozen=True)
class Addresses:
    """The rows of a flat sheet in which a field's value is written, per row of the table made from it.

    Attributes:
        starts: per table row the index in `rows` where its rows begin, and at the end the length of `rows`.
        rows: row numbers as Excel shows them, ascending within each table row.
    """

    starts: Positions
    rows: npt.NDArray[np.int32]

    def get_rows(self, position: int) -> list[int]:
        """Return all sheet rows that hold the value of a table row."""
        rows: list[int] = self.rows[self.starts[position] : self.starts[position + 1]].tolist()
        return rows

    def find_first_rows(self, positions: Positions, fallback: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the first sheet row that holds each value.

        Args:
            positions: table rows.
            fallback: per position the row number to use where the value is blank in all sheet rows.
        """
        begins, ends = self.starts[positions], self.starts[positions + 1]
        # One more element, so that a blank value behind the last row has something to index.
        first_rows = np.append(self.rows, np.int32(0))[begins]
        return np.where(begins < ends, first_rows, fallback).astype(np.int32)


@dataclass(frozen=True, kw_only=True)
class TotalsRow:
    """A totals row: its cells, and the rows it may be the sum of.

    Attributes:
        table: the table's name.
        sheet: index in the table's sheets.
        row_number: as Excel shows it.
        start_since_total: first row of the table's frame after the totals row above.
        start_since_header: first row of the table's frame that comes from this sheet.
        stop: end of both ranges, exclusive.
        cells: by field, the cell's text and its CellKind.
    """

    table: str
    sheet: int
    row_number: int
    start_since_total: int
    start_since_header: int
    stop: int
    cells: Mapping[str, tuple[str, int]]


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """A table's rows as text, with the kind and the address of each cell.

    Attributes:
        name: the table (`invoices`, `items`).
        frame: columns = names of the fields found, Arrow strings, dictionary-encoded where values repeat;
            blanks around values trimmed; an empty cell is "" (never null); RangeIndex.
        kinds: for columns with anything but text and blanks: the CellKind of each cell as uint8.
        sheets: the sheets the rows come from.
        sheet_indices: per row the index of its sheet in `sheets`.
        row_numbers: per row its number, as Excel shows it.
        ragged_rows: rows with too many or too few cells, whose values cannot be assigned to columns.
        displayed: by field, what a cell displays where a number format shows another number than the stored
            one; "" for all others.
        merged: by field, the merged range (`B4:B6`) that covers a cell other than the range's first; "" for
            all others.
        addresses: by field, where a flat sheet repeats its value in several rows.
    """

    name: str
    frame: pd.DataFrame
    kinds: Mapping[str, npt.NDArray[np.uint8]]
    sheets: tuple[SourceSheet, ...]
    sheet_indices: npt.NDArray[np.int16]
    row_numbers: npt.NDArray[np.int32]
    ragged_rows: Positions = attribute(default_factory=lambda: np.zeros(0, np.int64))
    displayed: Mapping[str, Texts] = attribute(default_factory=dict)
    merged: Mapping[str, Texts] = attribute(default_factory=dict)
    addresses: Mapping[str, Addresses] = attribute(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frame)

    def get_row_numbers(self, field: str, positions: Positions) -> npt.NDArray[np.int32]:
        """Return the row numbers, as Excel shows them, of a field's values.

        Args:
            field: the field's name; a flat sheet may hold its value in another row than the others.
            positions: rows of the frame.
        """
        row_numbers = self.row_numbers[positions]
        if field in self.addresses:
            return self.addresses[field].find_first_rows(positions, row_numbers)
        return row_numbers

    @property
    def fields(self) -> list[str]:
        """Names of the fields found."""
        return [str(name) for name in self.frame.columns]


@dataclass(frozen=True)
class RawSheets:
    """The reader's result: the tables, the files, and the count of every row that is not data.

    Attributes:
        tables: by table name; every table of the target is present, even without rows.
        sources: the files.
        ignored: number of rows left out, by reason: `example`, `note`, `total`, `blank`.
        sheet_contents: the sheets of files without a package that are small enough to be annotated.
        issues_sheets: file and part of the Issues sheets that an earlier check added; they are not read.
        totals: the totals rows, to be checked against the sums of the rows above them.
    """

    tables: Mapping[str, RawTable]
    sources: tuple[SourceFile, ...]
    ignored: Mapping[str, int]
    sheet_contents: tuple[SheetContent, ...] = ()
    issues_sheets: tuple[tuple[int, str], ...] = ()
    totals: tuple[TotalsRow, ...] = ()
