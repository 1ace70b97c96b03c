"""Column mapping: a TOML file that names the fields of foreign headers, and its application to sheets.

    sheet = "Export"                 # only this sheet; else every sheet that has all the columns
    decimal = "comma"                # how this file writes numbers, and dates
    date_format = "dd.mm.yyyy"

    [columns]                        # header in the file = field, fields, or "#" for a column left out
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
Never: guesses a column, or leaves out one that the mapping does not name: it is reported as unknown.
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
# a day, blanks or a T, and a time with or without seconds, fractions and AM or PM
_TIME_OF_DAY = r"^(.*[0-9])[ T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?[AaPp]\.?[Mm]\.?)?$"
_SEARCHED_ROWS = 256
"""Rows in which the foreign header is searched: titles above it are few."""


@dataclass(frozen=True, kw_only=True)
class SheetMapping:
    """A checked mapping file.

    Attributes:
        name: of the file.
        sha256: of its bytes.
        size: in bytes.
        columns: header as written in the foreign file, to its fields; none for a column that is left out.
        constants: field to the value of every row.
        values: field to its texts in the file and the values they stand for.
        day_only: fields of which only the day is taken, without the time.
        sheet: name of the only sheet it applies to; empty for every sheet that has the columns.
        decimal: as the setting; empty if not given.
        date_format: as the setting; empty if not given.
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
        """Return how many of its columns are in a row."""
        present = {_normalize(label) for label in labels}
        return sum(_normalize(header) in present for header in self.columns)

    def apply(self, grids: Sequence[tuple[int, Grid]]) -> list[tuple[int, Grid]]:
        """Rename and add the columns of the sheets it applies to; return all other sheets unchanged.

        Args:
            grids: the sheets, each with the index of its file.

        Raises:
            SourceError: no sheet has all the columns.
        """
        headers = [self._find_header(grid) for _, grid in grids]
        if all(header is None for header in headers):
            raise SourceError(self._describe_missing([grid for _, grid in grids]))
        return [
            (source, grid if header is None else self._map_grid(grid, header))
            for (source, grid), header in zip(grids, headers, strict=True)
        ]

    def _find_header(self, grid: Grid) -> int | None:
        """Return the row that has all the columns; None if there is none or the sheet is not meant."""
        # the name of a text file is its user's own, so only sheets of a workbook are compared
        if self.sheet and grid.part and _normalize(grid.name) != _normalize(self.sheet):
            return None
        rows = enumerate(grid.get_texts(0, min(_SEARCHED_ROWS, len(grid))))
        return next((index for index, row in rows if self.count_known(row) == len(self.columns)), None)

    def _describe_missing(self, grids: Sequence[Grid]) -> str:
        """Return the sentence that names the columns missing in the row that fits best."""
        rows: list[list[str]] = []
        for grid in grids:
            rows += grid.get_texts(0, min(_SEARCHED_ROWS, len(grid)))
        present = {_normalize(label) for label in max(rows, key=self.count_known, default=[])}
        missing = ", ".join(header for header in self.columns if _normalize(header) not in present)
        return translate(
            "The mapping {name} does not fit: the sheet {sheet} does not have all its columns;"
            " missing: {columns}."
            if self.sheet
            else "The mapping {name} does not fit: no sheet has all its columns; missing: {columns}.",
            name=self.name,
            sheet=self.sheet,
            columns=missing,
        )

    def _map_grid(self, grid: Grid, header: int) -> Grid:
        """Return the sheet with a column for each field that the mapping feeds and for each constant."""
        labels = grid.get_texts(header, header + 1)[0]
        fields_of = {_normalize(foreign): fields for foreign, fields in self.columns.items()}
        columns: list[pa.ChunkedArray] = []
        kinds, origins, displayed = {}, {}, {}
        for index, label in enumerate(labels):
            is_renamed = _normalize(label) in fields_of
            # a column that is left out becomes a note, so that nobody reports it as unknown
            for name in fields_of.get(_normalize(label), (label,)) or (NOTE_MARK,):
                if index in grid.kinds:
                    kinds[len(columns)] = grid.kinds[index]
                # Where a text is replaced by its value, the cell no longer displays another number.
                if index in grid.displayed and name not in self.values:
                    displayed[len(columns)] = grid.displayed[index]
                origins[len(columns)] = (label.strip(), index)
                column = grid.columns[index]
                columns.append(self._map_column(name, column, header) if is_renamed else column)
        for name, value in self.constants.items():
            origins[len(columns)] = (f"{name} (mapping)", -1)
            columns.append(_make_constant_column(name, value, grid, header))
        return replace(
            grid,
            columns=tuple(columns),
            kinds=kinds,
            origins=origins,
            displayed=displayed,
            hidden_columns=_move_hidden_columns(grid, origins),
        )

    def _map_column(self, name: str, column: pa.ChunkedArray, header: int) -> pa.ChunkedArray:
        """Return a column under its field's name, with its values as the mapping defines them."""
        cells = pc.utf8_trim_whitespace(column.combine_chunks())
        if name in self.day_only:
            cells = pc.replace_substring_regex(cells, pattern=_TIME_OF_DAY, replacement=r"\1")
        if meanings := self.values.get(name):
            indices = pc.index_in(cells, value_set=pa.array(list(meanings)))
            # a text without a meaning has no index: it is null here and stays what it was
            cells = pc.coalesce(pc.take(pa.array(list(meanings.values()), pa.string()), indices), cells)
        rows = np.arange(len(cells))
        # titles above the header stay as they are
        titles = pc.if_else(pa.array(rows < header), column.combine_chunks(), cells)
        return pa.chunked_array([pc.if_else(pa.array(rows == header), name, titles)])


def _move_hidden_columns(grid: Grid, origins: Mapping[int, tuple[str, int]]) -> frozenset[int]:
    """Return the new indices of the columns that are hidden in the file."""
    return frozenset(index for index, (_, file_index) in origins.items() if file_index in grid.hidden_columns)


def _make_constant_column(name: str, value: str, grid: Grid, header: int) -> pa.ChunkedArray:
    """Return a column with the value in every row below the header that has any value."""
    is_filled = np.zeros(len(grid), np.bool_)
    for column in grid.columns:
        is_filled |= pc.binary_length(pc.utf8_trim_whitespace(column)).to_numpy() > 0
    rows = np.arange(len(grid))
    cells = pc.if_else(pa.array(is_filled & (rows > header)), value, "")
    return pa.chunked_array([pc.if_else(pa.array(rows == header), name, cells)])


def _normalize(header: str) -> str:
    """Return a foreign header for comparison: only case and the amount of blanks are ignored."""
    return " ".join(header.split()).casefold()


def load_mapping(path: Path, tables: Mapping[str, Table]) -> SheetMapping:
    """Read and check a mapping file.

    Args:
        path: the TOML file.
        tables: the tables whose fields it may name.

    Raises:
        NoSuchFileError: there is no such file.
        UsageError: it is no TOML or contradicts itself; the sentence says where.
    """
    data = _read_mapping_file(path)
    entries = _parse_toml(path.name, data)
    names: dict[str, None] = {}
    for table in tables.values():
        names |= dict.fromkeys(field.name for field in table)
    checker = _MappingChecker(path.name, tuple(names))
    checker.check_keys(entries, _PARTS, "the mapping")
    columns = checker.parse_columns(entries)
    constants = checker.get_table(entries, "constants")
    values = checker.get_table(entries, "values")
    day_only = checker.get_table(entries, "take")
    return SheetMapping(
        name=path.name,
        sha256=sha256(data).hexdigest(),
        size=len(data),
        columns=columns,
        constants={
            checker.check_field(name): checker.check_text(name, value) for name, value in constants.items()
        },
        values={
            checker.check_field(name): checker.parse_values(name, value) for name, value in values.items()
        },
        day_only=tuple(checker.check_day_only(name, part) for name, part in day_only.items()),
        sheet=checker.check_text("sheet", entries.get("sheet", "")),
        decimal=checker.check_text("decimal", entries.get("decimal", "")),
        date_format=checker.check_text("date_format", entries.get("date_format", "")),
    )


def _read_mapping_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NoSuchFileError(translate("There is no mapping file {path}.", path=str(path))) from error
    except OSError as error:
        message = translate(
            "The mapping {name} cannot be read: {why}.", name=path.name, why=str(error.strerror)
        )
        raise UsageError(message) from None


def _parse_toml(name: str, data: bytes) -> dict[str, Any]:
    try:
        # editors of Windows put a byte-order mark before it
        return tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            translate("The mapping {name} is no TOML: {why}.", name=name, why=str(error))
        ) from None


@dataclass(frozen=True)
class _MappingChecker:
    """Checks the entries of a mapping file one by one.

    Attributes:
        file_name: of the mapping.
        field_names: the fields that it may name.
    """

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

    def parse_columns(self, entries: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Return the fields of each foreign header; none for a column that is left out."""
        table = self.get_table(entries, "columns")
        columns = {header: self.parse_fields(header, value) for header, value in table.items()}
        if not columns:
            raise self.make_error("[columns] is needed: header in the file = field")
        return columns

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
