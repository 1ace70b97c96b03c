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
from pipeline.language import say
from pipeline.read.grid import Grid
from schemas.fields import Table
from schemas.tables import NOTE_MARK

_PARTS = ("sheet", "decimal", "date_format", "columns", "constants", "values", "take")
_CLOCK = r"^(.*[0-9])[ T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?[AaPp]\.?[Mm]\.?)?$"
_SEARCHED = 256


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
        take: fields of which only the day is taken.
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
    take: tuple[str, ...] = ()
    sheet: str = ""
    decimal: str = ""
    date_format: str = ""

    def known(self, cells: Sequence[str]) -> int:
        """How many of its columns stand in a row."""
        there = {_plain(each) for each in cells}
        return sum(_plain(each) in there for each in self.columns)

    def applied(self, grids: Sequence[tuple[int, Grid]]) -> list[tuple[int, Grid]]:
        """The sheets it is for as if their headers were ours, all others as they are.

        Raises:
            SourceError: no sheet has all the columns.
        """
        made = [(source, grid, self._header(grid)) for source, grid in grids]
        if all(header is None for _, _, header in made):
            raise SourceError(self._missing([grid for _, grid in grids]))
        return [(source, grid if at is None else self._mapped(grid, at)) for source, grid, at in made]

    def _header(self, grid: Grid) -> int | None:
        """The row that has all the columns, if the sheet is meant."""
        if self.sheet and grid.part and _plain(grid.name) != _plain(self.sheet):
            return None
        rows = enumerate(grid.texts(0, min(_SEARCHED, len(grid))))
        return next((at for at, row in rows if self.known(row) == len(self.columns)), None)

    def _missing(self, grids: Sequence[Grid]) -> str:
        rows = [row for grid in grids for row in grid.texts(0, min(_SEARCHED, len(grid)))]
        best = max(rows, key=self.known, default=[])
        there = {_plain(each) for each in best}
        lacking = ", ".join(each for each in self.columns if _plain(each) not in there)
        return say(
            "The mapping {name} does not fit: the sheet {sheet} does not have all its columns; missing: {columns}."
            if self.sheet
            else "The mapping {name} does not fit: no sheet has all its columns; missing: {columns}.",
            name=self.name, sheet=self.sheet, columns=lacking,
        )  # fmt: skip

    def _mapped(self, grid: Grid, header: int) -> Grid:
        """The sheet with our headers: a column for each field it feeds, and one for each constant."""
        cells = grid.texts(header, header + 1)[0]
        wanted = {_plain(each): fields for each, fields in self.columns.items()}
        columns: list[pa.ChunkedArray] = []
        kinds, origins, shown = {}, {}, {}
        for at, cell in enumerate(cells):
            for name in wanted.get(_plain(cell), (cell,)) or (NOTE_MARK,):
                if at in grid.kinds:
                    kinds[len(columns)] = grid.kinds[at]
                if at in grid.shown and name not in self.values:
                    shown[len(columns)] = grid.shown[at]
                origins[len(columns)] = (cell.strip(), at)
                columns.append(self._column(name, grid.columns[at], header, renamed=_plain(cell) in wanted))
        for name, value in self.constants.items():
            origins[len(columns)] = (f"{name} (mapping)", -1)
            columns.append(_constant(name, value, grid, header))
        return replace(
            grid, columns=tuple(columns), kinds=kinds, origins=origins, shown=shown,
            hidden_columns=frozenset(at for at, (_, there) in origins.items() if there in grid.hidden_columns),
        )  # fmt: skip

    def _column(self, name: str, column: pa.ChunkedArray, header: int, *, renamed: bool) -> pa.ChunkedArray:
        if not renamed:
            return column
        below = pc.utf8_trim_whitespace(column.combine_chunks())
        if name in self.take:
            below = pc.replace_substring_regex(below, pattern=_CLOCK, replacement=r"\1")
        if meanings := self.values.get(name):
            found = pc.index_in(below, value_set=pa.array(list(meanings)))
            below = pc.coalesce(pc.take(pa.array(list(meanings.values()), pa.string()), found), below)
        at = np.arange(len(below))
        title = pc.if_else(
            pa.array(at == header), name, pc.if_else(pa.array(at < header), column.combine_chunks(), below)
        )
        return pa.chunked_array([title])


def _constant(name: str, value: str, grid: Grid, header: int) -> pa.ChunkedArray:
    """The value in every row below the header that holds anything."""
    filled = np.zeros(len(grid), np.bool_)
    for each in grid.columns:
        filled |= pc.binary_length(pc.utf8_trim_whitespace(each)).to_numpy() > 0
    at = np.arange(len(grid))
    cells = pc.if_else(pa.array(filled & (at > header)), value, "")
    return pa.chunked_array([pc.if_else(pa.array(at == header), name, cells)])


def _plain(header: str) -> str:
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
        told = tomllib.loads(data.decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise NoSuchFileError(say("There is no mapping file {path}.", path=str(path))) from error
    except OSError as error:
        raise UsageError(
            say("The mapping {name} cannot be read: {why}.", name=path.name, why=str(error.strerror))
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            say("The mapping {name} is no TOML: {why}.", name=path.name, why=str(error))
        ) from None
    fields = tuple(dict.fromkeys(each.name for table in tables.values() for each in table))
    said = _Said(path.name, fields)
    said.only(told, _PARTS, "the mapping")
    columns = {header: said.targets(header, named) for header, named in said.table(told, "columns").items()}
    if not columns:
        raise said.error("[columns] is needed: header in the file = field")
    return SheetMapping(
        path.name,
        sha256(data).hexdigest(),
        len(data),
        columns,
        {said.field(name): said.text(name, value) for name, value in said.table(told, "constants").items()},
        {said.field(name): said.meanings(name, value) for name, value in said.table(told, "values").items()},
        tuple(said.taken(name, how) for name, how in said.table(told, "take").items()),
        *(said.text(each, told.get(each, "")) for each in ("sheet", "decimal", "date_format")),
    )


@dataclass(frozen=True)
class _Said:
    """What a mapping file says, checked piece by piece."""

    name: str
    fields: tuple[str, ...]

    def error(self, what: str) -> UsageError:
        return UsageError(say("The mapping {name} makes no sense: {what}.", name=self.name, what=what))

    def only(self, told: Mapping[str, Any], known: Sequence[str], where: str) -> None:
        for each in told:
            if each not in known:
                raise self.error(f"{each} is not known in {where}; known are {', '.join(known)}")

    def table(self, told: Mapping[str, Any], part: str) -> Mapping[str, Any]:
        found = told.get(part, {})
        if not isinstance(found, Mapping):
            raise self.error(f"{part} must be a table, like [{part}]")
        return found

    def field(self, name: str) -> str:
        if name not in self.fields:
            near = get_close_matches(name, self.fields, 1)
            hint = f"; did you mean {near[0]}" if near else ""
            raise self.error(f"there is no field {name}{hint}")
        return name

    def targets(self, header: str, named: object) -> tuple[str, ...]:
        names = [named] if isinstance(named, str) else named
        if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
            raise self.error(f"the column {header} needs a field, a list of fields, or {NOTE_MARK!r}")
        return () if names == [NOTE_MARK] else tuple(self.field(each) for each in names)

    def text(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.error(f"{name} must be a text in quotes")
        return value

    def meanings(self, name: str, value: object) -> Mapping[str, str]:
        if not isinstance(value, Mapping):
            raise self.error(f'values.{name} must be a table: "text in the file" = "value"')
        return {str(text): self.text(f"values.{name}.{text}", meant) for text, meant in value.items()}

    def taken(self, name: str, how: object) -> str:
        if how != "date":
            raise self.error(f'take.{name} can only be "date"')
        return self.field(name)
