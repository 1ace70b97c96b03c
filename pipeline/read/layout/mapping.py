"""Stage 1: a saved mapping -> foreign sheets as if their headers were ours, each cell still at its own address.

    sheet = "Export"                 # only this sheet; else every sheet that has all the columns
    decimal = "comma"                # how this file writes numbers, and dates
    date_format = "dd.mm.yyyy"

    [columns]                        # header in the file = field, fields, or "#" for a column that is left out
    "Invoice No." = "invoice_ref"
    "Day" = ["invoice_date", "service_start_date"]
    "Country" = "#"

    [constants]                      # field = the value of every row
    currency = "GBP"

    [values.status]                  # field: text in the file = value
    "open" = "Draft"

    [take]                           # field = "date": only the day of a date with a time
    invoice_date = "date"

In: the TOML file; the grids as read.
Out: grids whose header row names fields, with the address of each column.
Never: guesses a column, or leaves one out that the mapping does not name: it is told as unknown.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import NoSuchFileError, SourceError, UsageError
from pipeline.i18n import translate
from pipeline.read.grid import Grid
from schemas.fields import Table
from schemas.tables.common import NOTE_MARK

_PARTS = ("sheet", "decimal", "date_format", "columns", "constants", "values", "take")
_TIME_OF_DAY = r"^(.*[0-9])[ T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?[AaPp]\.?[Mm]\.?)?$"
_SEARCHED_ROWS = 256


@dataclass(frozen=True)
class SheetMapping:
    """A mapping file, read and checked.

    Attributes:
        name: of the file.
        sha256: of its bytes.
        size: in bytes.
        columns: header as written in the foreign file, to its fields; none for a column that is left out.
        constants: field to the value of every row.
        values: field to what its texts mean.
        day_only: fields of which only the day is taken.
        sheet: the only sheet it is for; empty for every sheet that has the columns.
        decimal: as the setting; empty when it says nothing.
        date_format: as the setting; empty when it says nothing.
    """

    name: str
    sha256: str
    size: int
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    day_only: tuple[str, ...] = ()
    sheet: str = ""
    decimal: str = ""
    date_format: str = ""

    def count_known(self, labels: Sequence[str]) -> int:
        """How many of its columns stand in a row."""
        present = {_normalize(label) for label in labels}
        return sum(_normalize(label) in present for label in self.columns)

    def apply(self, grids: Sequence[tuple[int, Grid]]) -> list[tuple[int, Grid]]:
        """The sheets it is for as if their headers were ours, all others as they are.

        Raises:
            SourceError: no sheet has all the columns.
        """
        with_headers = [(source, grid, self._find_header(grid)) for source, grid in grids]
        if all(header is None for _, _, header in with_headers):
            raise SourceError(self._describe_missing([grid for _, grid in grids]))
        return [
            (source, grid if header is None else self._map_grid(grid, header))
            for source, grid, header in with_headers
        ]

    def _find_header(self, grid: Grid) -> int | None:
        """The row that has all the columns, if the sheet is meant."""
        if self.sheet and grid.part and _normalize(grid.name) != _normalize(self.sheet):
            return None
        rows = enumerate(grid.get_texts(0, min(_SEARCHED_ROWS, len(grid))))
        return next((index for index, row in rows if self.count_known(row) == len(self.columns)), None)

    def _describe_missing(self, grids: Sequence[Grid]) -> str:
        rows = [row for grid in grids for row in grid.get_texts(0, min(_SEARCHED_ROWS, len(grid)))]
        best_row = max(rows, key=self.count_known, default=[])
        present = {_normalize(label) for label in best_row}
        missing = ", ".join(label for label in self.columns if _normalize(label) not in present)
        return translate(
            "The mapping {name} does not fit: the sheet {sheet} does not have all its columns; missing: {columns}."
            if self.sheet
            else "The mapping {name} does not fit: no sheet has all its columns; missing: {columns}.",
            name=self.name, sheet=self.sheet, columns=missing,
        )  # fmt: skip

    def _map_grid(self, grid: Grid, header: int) -> Grid:
        """The sheet with our headers: a column for each field it feeds, and one for each constant."""
        labels = grid.get_texts(header, header + 1)[0]
        fields_of = {_normalize(label): fields for label, fields in self.columns.items()}
        columns: list[pa.ChunkedArray] = []
        kinds, origins, displayed = {}, {}, {}
        for index, label in enumerate(labels):
            for name in fields_of.get(_normalize(label), (label,)) or (NOTE_MARK,):
                if index in grid.kinds:
                    kinds[len(columns)] = grid.kinds[index]
                if index in grid.displayed and name not in self.values:
                    displayed[len(columns)] = grid.displayed[index]
                origins[len(columns)] = (label.strip(), index)
                columns.append(
                    self._map_column(
                        name, grid.columns[index], header, is_renamed=_normalize(label) in fields_of
                    )
                )
        for name, value in self.constants.items():
            origins[len(columns)] = (f"{name} (mapping)", -1)
            columns.append(_make_constant_column(name, value, grid, header))
        return replace(
            grid, columns=tuple(columns), kinds=kinds, origins=origins, displayed=displayed,
            hidden_columns=frozenset(index for index, (_, file_index) in origins.items() if file_index in grid.hidden_columns),
        )  # fmt: skip

    def _map_column(
        self, name: str, column: pa.ChunkedArray, header: int, *, is_renamed: bool
    ) -> pa.ChunkedArray:
        if not is_renamed:
            return column
        cells = pc.utf8_trim_whitespace(column.combine_chunks())
        if name in self.day_only:
            cells = pc.replace_substring_regex(cells, pattern=_TIME_OF_DAY, replacement=r"\1")
        if meanings := self.values.get(name):
            indices = pc.index_in(cells, value_set=pa.array(list(meanings)))
            cells = pc.coalesce(pc.take(pa.array(list(meanings.values()), pa.string()), indices), cells)
        index = np.arange(len(cells))
        titled = pc.if_else(
            pa.array(index == header),
            name,
            pc.if_else(pa.array(index < header), column.combine_chunks(), cells),
        )
        return pa.chunked_array([titled])


def _make_constant_column(name: str, value: str, grid: Grid, header: int) -> pa.ChunkedArray:
    """The value in every row below the header that holds anything."""
    is_filled = np.zeros(len(grid), np.bool_)
    for column in grid.columns:
        is_filled |= pc.binary_length(pc.utf8_trim_whitespace(column)).to_numpy() > 0
    index = np.arange(len(grid))
    cells = pc.if_else(pa.array(is_filled & (index > header)), value, "")
    return pa.chunked_array([pc.if_else(pa.array(index == header), name, cells)])


def _normalize(header: str) -> str:
    return " ".join(header.split()).casefold()


def load_mapping(path: Path, tables: Mapping[str, Table]) -> SheetMapping:
    """Read and check a mapping file.

    Args:
        path: the TOML file.
        tables: the tables whose fields it may name.

    Raises:
        NoSuchFileError: there is no such file.
        UsageError: what it says makes no sense; the sentence says where.
    """
    try:
        data = path.read_bytes()
        entries = tomllib.loads(data.decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise NoSuchFileError(translate("There is no mapping file {path}.", path=str(path))) from error
    except OSError as error:
        raise UsageError(
            translate("The mapping {name} cannot be read: {why}.", name=path.name, why=str(error.strerror))
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            translate("The mapping {name} is no TOML: {why}.", name=path.name, why=str(error))
        ) from None
    fields = tuple(dict.fromkeys(field.name for table in tables.values() for field in table))
    checker = _MappingChecker(path.name, fields)
    checker.check_keys(entries, _PARTS, "the mapping")
    columns = {
        header: checker.parse_fields(header, value)
        for header, value in checker.get_table(entries, "columns").items()
    }
    if not columns:
        raise checker.make_error("[columns] is needed: header in the file = field")
    return SheetMapping(
        path.name,
        sha256(data).hexdigest(),
        len(data),
        columns,
        {
            checker.check_field(name): checker.check_text(name, value)
            for name, value in checker.get_table(entries, "constants").items()
        },
        {
            checker.check_field(name): checker.parse_values(name, value)
            for name, value in checker.get_table(entries, "values").items()
        },
        tuple(
            checker.check_day_only(name, value) for name, value in checker.get_table(entries, "take").items()
        ),
        *(checker.check_text(key, entries.get(key, "")) for key in ("sheet", "decimal", "date_format")),
    )


@dataclass(frozen=True)
class _MappingChecker:
    """What a mapping file says, checked piece by piece."""

    file_name: str
    field_names: tuple[str, ...]

    def make_error(self, what: str) -> UsageError:
        return UsageError(
            translate("The mapping {name} makes no sense: {what}.", name=self.file_name, what=what)
        )

    def check_keys(self, entries: Mapping[str, Any], known: Sequence[str], place: str) -> None:
        for key in entries:
            if key not in known:
                raise self.make_error(f"{key} is not known in {place}; known are {', '.join(known)}")

    def get_table(self, entries: Mapping[str, Any], part: str) -> Mapping[str, Any]:
        table = entries.get(part, {})
        if not isinstance(table, Mapping):
            raise self.make_error(f"{part} must be a table, like [{part}]")
        return table

    def check_field(self, name: str) -> str:
        if name not in self.field_names:
            matches = get_close_matches(name, self.field_names, 1)
            hint = f"; did you mean {matches[0]}" if matches else ""
            raise self.make_error(f"there is no field {name}{hint}")
        return name

    def parse_fields(self, header: str, value: object) -> tuple[str, ...]:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise self.make_error(f"the column {header} needs a field, a list of fields, or {NOTE_MARK!r}")
        return () if names == [NOTE_MARK] else tuple(self.check_field(name) for name in names)

    def check_text(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.make_error(f"{name} must be a text in quotes")
        return value

    def parse_values(self, name: str, value: object) -> Mapping[str, str]:
        if not isinstance(value, Mapping):
            raise self.make_error(f'values.{name} must be a table: "text in the file" = "value"')
        return {
            str(text): self.check_text(f"values.{name}.{text}", value_text)
            for text, value_text in value.items()
        }

    def check_day_only(self, name: str, value: object) -> str:
        if value != "date":
            raise self.make_error(f'take.{name} can only be "date"')
        return self.check_field(name)
