"""The nouns that travel between the rooms; one type a station, so that a skipped stage does not type-check.

    RawSheets -> ValidSheets -> EnrichedSheets -> Invoices -> Batches -> Requests

Frames are pandas with Arrow-backed columns (`pd.ArrowDtype`). A row of a frame is known by its position
(0, 1, 2, ...); where it was read is told by `RawTable.sheets`, `sheet_of` and `row_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pipeline.spreadsheet.references import to_column_letters
from schemas.arrow import money
from schemas.arrow.columns import arrow_column

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SourceFile:
    """A file as it was handed in.

    Attributes:
        name: the file's name, without folders.
        sha256: of its bytes, in hex.
        size: in bytes.
        rows: rows with something in them, headers not counted.
        notes: how it was read, for the report (`encoding UTF-8, delimiter comma`).
        package: the bytes of a workbook whose parts can be marked where they are (.xlsx, .xlsm); else empty.
    """

    name: str
    sha256: str
    size: int
    rows: int = 0
    notes: str = ""
    package: bytes = attribute(default=b"", repr=False, compare=False)


class ApiRecord(NamedTuple):
    """A row of a list that a saved answer of an API holds.

    Attributes:
        document_index: position of the answer among those that were handed in together.
        number: which record of that answer, from 1.
        cells: field name to text; None and absent ones are blank.
    """

    document_index: int
    number: int
    cells: Mapping[str, str | None]


@dataclass(frozen=True)
class SheetColumn:
    """Where a field was found in a sheet: the header as written, and the place counted from 0."""

    field: str
    header: str
    index: int

    @property
    def letter(self) -> str:
        """The column as Excel names it: 0 is A, 26 is AA."""
        return to_column_letters(self.index)


@dataclass(frozen=True)
class SourceSheet:
    """One sheet of one source, as it feeds a table.

    Attributes:
        source: position of its file in `RawSheets.sources`.
        name: the sheet's name; for CSV the file's name.
        part: the part of the package it lies in (`xl/worksheets/sheet1.xml`); empty for CSV.
        columns: the recognised columns.
        header_row: the row of the header as Excel shows it.
        notes: the columns whose header says that they are notes; they have no field.
        width: columns up to the last with anything in it.
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
    """A sheet of a file that has no package, as it stands, header and all: what a marked copy is made from.

    Attributes:
        source: position of its file in `RawSheets.sources`.
        name: the sheet's name; for CSV the file's name.
        columns: one array of text a column, never null.
        kinds: column position to the CellKind of each cell, for columns with more than text.
        row_numbers: the row as Excel shows it, a row.
        ragged_rows: positions of rows with too many or too few cells.
    """

    source: int
    name: str
    columns: tuple[pa.ChunkedArray, ...]
    kinds: Mapping[int, npt.NDArray[np.uint8]]
    row_numbers: npt.NDArray[np.int32]
    ragged_rows: Positions


@dataclass(frozen=True)
class Addresses:
    """The rows of a flat sheet that hold a field's value, for each row of the table made from it.

    Attributes:
        starts: where the rows of each begin in `rows`, and the end of the last.
        rows: as Excel shows them, ascending for each.
    """

    starts: Positions
    rows: npt.NDArray[np.int32]

    def get_rows(self, position: int) -> list[int]:
        """All rows that hold the value of one."""
        rows: list[int] = self.rows[self.starts[position] : self.starts[position + 1]].tolist()
        return rows

    def find_first_rows(self, positions: Positions, fallback: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """The first row that holds the value; the other where the value is blank in all rows."""
        begins, ends = self.starts[positions], self.starts[positions + 1]
        first_rows = np.append(self.rows, np.int32(0))[begins]
        return np.where(begins < ends, first_rows, fallback).astype(np.int32)


@dataclass(frozen=True)
class TotalsRow:
    """A totals row, with what it says and the rows it may be the sum of.

    Attributes:
        table: the table's name.
        sheet: position in the table's sheets.
        row_number: as Excel shows it.
        start_since_total: of the rows since the totals row above it, in the table's frame.
        start_since_header: of the rows since the header.
        stop: of both, exclusive.
        cells: by field, the text that stands in the row and its CellKind.
    """

    table: str
    sheet: int
    row_number: int
    start_since_total: int
    start_since_header: int
    stop: int
    cells: Mapping[str, tuple[str, int]]


@dataclass(frozen=True)
class RawTable:
    """A table's rows as text, each cell as what it was.

    Attributes:
        name: the table (`invoices`, `items`).
        frame: columns = names of the fields found, Arrow strings, dictionary-encoded where values repeat;
            blanks around values trimmed; an empty cell is "" (never null); RangeIndex.
        kinds: for columns with anything but text and blanks: the CellKind of each cell as uint8.
        sheets: the sheets the rows came from.
        sheet_indices: position in `sheets`, a row.
        row_numbers: the row as Excel shows it, a row.
        ragged_rows: rows with too many or too few cells: which cell is which cannot be told.
        displayed: by field, what a cell shows that shows another number than it holds; "" for all others.
        merged: by field, the merged cells (`B4:B6`) that a cell is part of without being their first; "" for
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
    displayed: Mapping[str, pa.Array] = attribute(default_factory=dict)
    merged: Mapping[str, pa.Array] = attribute(default_factory=dict)
    addresses: Mapping[str, Addresses] = attribute(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frame)

    def get_row_numbers(self, field: str, positions: Positions) -> npt.NDArray[np.int32]:
        """The rows in which the values of a field stand, as Excel shows them."""
        row_numbers = self.row_numbers[positions]
        return (
            self.addresses[field].find_first_rows(positions, row_numbers)
            if field in self.addresses
            else row_numbers
        )

    @property
    def fields(self) -> list[str]:
        """Names of the fields found."""
        return [str(name) for name in self.frame.columns]


@dataclass(frozen=True)
class RawSheets:
    """What the reader hands on: the tables, the files, and every row that is no data, by name.

    Attributes:
        tables: by table name; every table of the target is present, if with no rows.
        sources: the files.
        ignored: rows that were recognised and left out: `example`, `note`, `total`, `blank`.
        sheet_contents: the sheets of files without a package, where they are small enough to be marked.
        issues_sheets: file and part of the Issues sheets that an earlier check added: read by nobody.
        totals: the totals rows, to be held against what they should be the sum of.
    """

    tables: Mapping[str, RawTable]
    sources: tuple[SourceFile, ...]
    ignored: Mapping[str, int]
    sheet_contents: tuple[SheetContent, ...] = ()
    issues_sheets: tuple[tuple[int, str], ...] = ()
    totals: tuple[TotalsRow, ...] = ()


@dataclass(frozen=True)
class ChildTable:
    """Typed rows that hang on an invoice, an item, or on what hangs on an item.

    Attributes:
        frame: the fields found, typed; blank or unread is null.
        parents: per table a row may hang on, the position of the row it hangs on, -1 for none.
        item_positions: the position of its item, -1 without one.
        invoice_positions: the position of its invoice, -1 without one.
        amounts: `DECIMAL`, what the books count; None when the table has no money.
        added_to_total: that money is no part of the invoice's total but comes on top of it.
    """

    frame: pd.DataFrame
    parents: Mapping[str, Positions]
    item_positions: Positions
    invoice_positions: Positions
    amounts: Any = None
    added_to_total: bool = False


@dataclass(frozen=True)
class ValidSheets:
    """Typed frames of every row. What is blank or could not be read is null; `unread` tells the two apart.

    Attributes:
        raw: the sheets they were made from.
        invoices: the fields found, typed, and `effective_currency` (the currency or the default).
        items: the fields found, typed, and `effective_amount` (the amount, or quantity times unit price).
        unread_masks: per table and field, the rows whose cell could not be read; fields without any are absent.
        invoice_of_item: per item the position of its invoice, -1 without one.
        digits: per item the decimals of its invoice's currency, -1 when unknown.
        accounts: per invoice what is known of its account: `customer_id`, from the sheet or the account list.
        children: what hangs on items and invoices, by table; only tables that have rows.
    """

    raw: RawSheets
    invoices: pd.DataFrame
    items: pd.DataFrame
    unread_masks: Mapping[str, Mapping[str, Mask]]
    invoice_of_item: Positions
    digits: npt.NDArray[np.int8]
    accounts: pd.DataFrame = attribute(default_factory=pd.DataFrame)
    children: Mapping[str, ChildTable] = attribute(default_factory=dict)

    def find_invoices(self, table: str) -> Positions:
        """Per row of a table the position of its invoice, -1 without one."""
        if table == "invoices":
            return np.arange(len(self.invoices))
        return self.invoice_of_item if table == "items" else self.children[table].invoice_positions

    def sum_totals(self, amounts: Any) -> Any:
        """Each invoice's total: its items, less its discounts; null where a part of it is unknown.

        Args:
            amounts: `DECIMAL`, an item.
        """
        return sum_invoice_totals(self.invoice_of_item, amounts, self.children, len(self.invoices))

    @cached_property
    def number_texts(self) -> Mapping[str, Any]:
        """Quantity, unit price and effective amount as plain texts: written once, used by every output."""
        return _format_numbers(self.items)


def sum_invoice_totals(
    invoice_of_item: Positions, amounts: Any, children: Mapping[str, ChildTable], invoice_count: int
) -> Any:
    """The sum of items and of what counts towards the total, an invoice; null where a part is unknown.

    Args:
        invoice_of_item: per item the position of its invoice, -1 without one.
        amounts: `DECIMAL`, an item.
        children: what hangs on them, by table.
        invoice_count: how many there are.
    """
    children_in_total = [
        child for child in children.values() if child.amounts is not None and not child.added_to_total
    ]
    if not children_in_total:
        return money.sum_by_parent(invoice_of_item, amounts, invoice_count)
    owner_invoices = np.concatenate(
        [invoice_of_item, *(child.invoice_positions for child in children_in_total)]
    )
    return money.sum_by_parent(
        owner_invoices,
        pa.concat_arrays([amounts, *(child.amounts for child in children_in_total)]),
        invoice_count,
    )


def _format_numbers(items: pd.DataFrame) -> Mapping[str, Any]:
    names = ("quantity", "unit_price", "effective_amount")
    return {
        name: money.format_plain(arrow_column(items[name]))
        if name in items
        else pa.nulls(len(items), pa.string())
        for name in names
    }


@dataclass(frozen=True)
class CatalogAnswers:
    """What the catalog answered to the keys of the items.

    Attributes:
        candidates: `kind` (`sku`, `charge`), `key` and all catalog columns; a row a catalog row that the key
            may mean, rows of one kind and key together.
        suggestions: for unknown keys the nearest names, in words; by kind and key.
        free_skus: values of the free SKU column that are a product's SKU.
    """

    candidates: pa.Table
    suggestions: Mapping[tuple[str, str], str]
    free_skus: pa.Array


@dataclass(frozen=True)
class AccountAnswers:
    """What the account list answered to the keys of the invoices.

    Attributes:
        by_key_field: by key field: `key` (as it is compared), `place` (of the account in the list) and all columns
            of the list; a row a key that is known.
        suggestions: for unknown keys the nearest names, in words; by key field and key.
    """

    by_key_field: Mapping[str, pa.Table]
    suggestions: Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class EnrichedSheets:
    """Valid sheets with what the catalog knows of each item.

    Attributes:
        valid: what was enriched.
        items: the items' frame; the charge id is filled where a SKU was looked up, unit price and amount
            where a setting says so.
        catalog: a row an item: what the catalog owns (`charge_name`, `sku`, ...), null without a charge.
        is_priced: unit prices or amounts were filled from the catalog.
    """

    valid: ValidSheets
    items: pd.DataFrame
    catalog: pd.DataFrame
    is_priced: bool = False

    @cached_property
    def number_texts(self) -> Mapping[str, Any]:
        """Quantity, unit price and effective amount as plain texts: written once, used by every output."""
        return _format_numbers(self.items) if self.is_priced else self.valid.number_texts

    @cached_property
    def totals(self) -> Any:
        """Each invoice's total, see `ValidSheets.totals`."""
        return self.valid.sum_totals(arrow_column(self.items["effective_amount"]))


@dataclass(frozen=True)
class Invoices:
    """Whole accepted invoices: what may be sent.

    Attributes:
        sheets: the enriched sheets they are taken from.
        positions: of the invoices, in the order of the sheet.
        items: positions of all their items, invoice after invoice, each in the order of the sheet.
        offsets: `items[offsets[i]:offsets[i + 1]]` belong to `positions[i]`.
    """

    sheets: EnrichedSheets
    positions: Positions
    items: Positions
    offsets: Positions

    @property
    def sizes(self) -> Positions:
        """Number of items, an invoice."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True)
class RequestLimits:
    """What one request may hold."""

    invoices: int
    items: int


class Batch(NamedTuple):
    """One request's worth: positions within `Invoices.positions`, ascending."""

    invoices: Positions


@dataclass(frozen=True)
class Batches:
    """All accepted invoices, each in exactly one batch."""

    invoices: Invoices
    batches: tuple[Batch, ...]

    def __len__(self) -> int:
        return len(self.batches)


class Request(NamedTuple):
    """One call to the API, ready to be sent.

    Attributes:
        number: from 1.
        method: HTTP method.
        path: below the API's base address.
        body: JSON in UTF-8.
        invoices: positions within `Invoices.positions`, in the order they stand in the body.
    """

    number: int
    method: str
    path: str
    body: bytes
    invoices: Positions
