"""Where the cells of a table stand in the workbook, as formulas name them.

Input: a table as the target takes it. Output: pieces of formulas, relative to row 2, and the defined names they
use. A formula that colours a cell may name cells of another sheet by a defined name alone; each name reaches to
the last row that is filled, so that a formula costs what the rows cost that are there.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.spreadsheet.references import to_column_letters
from schemas.fields import Table
from schemas.tables.common import INVOICE_REF

LAST_ROW = 20_000
"""Help while typing reaches to this row; the check itself knows no such end."""

CURRENCIES_NAME, CURRENCY_DECIMALS_NAME = "currencies", "currency_decimals"
"""The defined names of the list of currencies, and of the decimals of each."""


class TableRanges:
    """Where the cells of a table stand, as formulas name them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._letters = {field.name: to_column_letters(index) for index, field in enumerate(table)}

    def __contains__(self, name: str) -> bool:
        return name in self._letters

    def get_cell(self, name: str) -> str:
        """The cell of a field in the row that is judged."""
        return f"${self._letters[name]}2"

    def get_column_name(self, name: str) -> str:
        """The defined name of all filled cells of a field."""
        return f"{self._table.name}_{name}"

    def build_blank_test(self, name: str) -> str:
        """Whether the cell is blank."""
        return f"LEN(TRIM({self.get_cell(name)}))=0"

    @property
    def content_test(self) -> str:
        """Whether anything stands in the row."""
        return f"COUNTA($A2:${to_column_letters(len(self._letters) - 1)}2)>0"

    @property
    def row_count_name(self) -> str:
        """The defined name of the number of rows, to the last one with a reference."""
        return f"rows_of_{self._table.name}"

    @property
    def row_count_formula(self) -> str:
        """How many rows there are, at least 1."""
        refs = self._build_full_range(self._letters[INVOICE_REF.name])
        return f"=IFERROR(LOOKUP(2,1/(LEN({refs})>0),ROW({refs}))-1,1)"

    def iterate_names(self) -> Iterator[tuple[str, str]]:
        """Every defined name of a column, and what it means."""
        for name, letter in self._letters.items():
            first = f"'{self._table.label}'!${letter}$2"
            yield (
                self.get_column_name(name),
                f"={first}:INDEX({self._build_full_range(letter)},{self.row_count_name})",
            )

    def _build_full_range(self, letter: str) -> str:
        return f"'{self._table.label}'!${letter}$2:${letter}${LAST_ROW}"
