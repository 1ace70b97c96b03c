"""Named ranges (defined names) of a table's columns, and references to its cells, for formulas.

In: a table as the target takes it.
Out: pieces of formulas, relative to row 2, and the defined names they use. A conditional format may refer to
another sheet by a defined name alone; each name reaches to the last filled row, so that a formula costs no
more than the rows that are there.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.spreadsheet.references import to_column_letters
from schemas.fields import Table
from schemas.tables.common import INVOICE_REF

LAST_ROW = 20_000
"""Help while typing reaches to this row; the check itself has no such limit."""

CURRENCIES_NAME, CURRENCY_DECIMALS_NAME = "currencies", "currency_decimals"
"""The defined names of the list of currencies, and of the decimals of each."""


class TableRanges:
    """References to the cells and columns of a table.

    Args:
        table: as the target takes it.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._letters = {field.name: to_column_letters(index) for index, field in enumerate(table)}

    def __contains__(self, name: str) -> bool:
        return name in self._letters

    def get_cell(self, name: str) -> str:
        """Return the cell of a field in the checked row."""
        # the column is fixed and the row is not: the format moves it down row by row
        return f"${self._letters[name]}2"

    def get_column_name(self, name: str) -> str:
        """Return the defined name of all filled cells of a field."""
        return f"{self._table.name}_{name}"

    def build_blank_test(self, name: str) -> str:
        """Return a formula that is true for a blank cell."""
        return f"LEN(TRIM({self.get_cell(name)}))=0"

    @property
    def content_test(self) -> str:
        """A formula that is true where any cell of the row is filled."""
        return f"COUNTA($A2:${to_column_letters(len(self._letters) - 1)}2)>0"

    @property
    def row_count_name(self) -> str:
        """The defined name of the number of rows, to the last one with a reference."""
        return f"rows_of_{self._table.name}"

    @property
    def row_count_formula(self) -> str:
        """A formula for the number of rows, at least 1."""
        refs = self._build_full_range(self._letters[INVOICE_REF.name])
        # LOOKUP passes over errors: it finds the last row whose length is not 0
        return f"=IFERROR(LOOKUP(2,1/(LEN({refs})>0),ROW({refs}))-1,1)"

    def iterate_names(self) -> Iterator[tuple[str, str]]:
        """Yield every defined name of a column, with the range it stands for."""
        for name, letter in self._letters.items():
            first = f"'{self._table.label}'!${letter}$2"
            yield (
                self.get_column_name(name),
                f"={first}:INDEX({self._build_full_range(letter)},{self.row_count_name})",
            )

    def _build_full_range(self, letter: str) -> str:
        return f"'{self._table.label}'!${letter}$2:${letter}${LAST_ROW}"
