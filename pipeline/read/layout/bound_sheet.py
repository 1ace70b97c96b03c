"""Bound sheet: a grid whose columns are bound to the fields of the table that it feeds.

In: a grid, its header, and the declaration of its table; for a flat sheet, of both its tables.
Out: a `BoundSheet`.
Never: decides which table a sheet feeds, or binds a second column to a field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.model.sheets import SheetColumn
from pipeline.read.grid import Grid
from pipeline.read.layout.headers import map_known_headers, normalize_header
from schemas.fields import Table
from schemas.tables.common import NOTE_MARK


@dataclass(frozen=True, kw_only=True)
class BoundSheet:
    """A sheet that feeds a table.

    Attributes:
        grid: the sheet.
        source: index of its file.
        table: the table it feeds.
        header_index: row of the header in the grid.
        columns: the bound columns.
        unnamed_indices: indices of columns without a header.
        note_indices: indices of columns whose header marks them as notes.
        flat_parent: for a flat sheet, the parent table that it feeds as well.
        reports_header: issues of its header are reported with it; a flat sheet reports them once.
        markers: marker header to the index of the column that marks where rows of a table start.
    """

    grid: Grid
    source: int
    table: Table
    header_index: int
    columns: tuple[SheetColumn, ...]
    unnamed_indices: tuple[int, ...] = ()
    note_indices: tuple[int, ...] = ()
    flat_parent: Table | None = None
    reports_header: bool = True
    markers: Mapping[str, int] = field(default_factory=dict)

    @property
    def header_row(self) -> int:
        """Row number of the header, as Excel shows it."""
        return int(self.grid.row_numbers[self.header_index])

    @property
    def start(self) -> int:
        """First row of the grid below the header."""
        return self.header_index + 1

    @property
    def key_index(self) -> int | None:
        """Index of the column that holds the first field of the table's key."""
        key = self.table.key[0]
        return next((column.index for column in self.columns if column.field == key), None)

    @property
    def file_columns(self) -> tuple[SheetColumn, ...]:
        """The bound columns with header and index as in the file, before a mapping renamed them."""
        origins = self.grid.origins
        return tuple(
            SheetColumn(column.field, *origins[column.index]) if column.index in origins else column
            for column in self.columns
        )

    @property
    def constant_indices(self) -> frozenset[int]:
        """Indices of columns that a mapping has filled with a constant."""
        return frozenset(index for index, (_, file_index) in self.grid.origins.items() if file_index < 0)

    @property
    def note_columns(self) -> tuple[SheetColumn, ...]:
        """The columns whose header marks them as notes."""
        labels = self.grid.get_texts(self.header_index, self.start)[0]
        return tuple(SheetColumn("", labels[index].strip(), index) for index in self.note_indices)


def bind_columns(
    grid: Grid, source: int, table: Table, header_index: int, labels: Sequence[str]
) -> BoundSheet:
    """Bind the columns of a sheet to the fields of one table.

    Args:
        grid: the sheet.
        source: index of its file.
        table: the table it feeds.
        header_index: row of its header in the grid.
        labels: the header's cells.
    """
    known = map_known_headers(table)
    columns: dict[str, SheetColumn] = {}
    for index, label in enumerate(labels):
        field_name = known.get(normalize_header(label))
        if field_name:
            # the first column of a field is bound; a second one is an issue of the header
            columns.setdefault(field_name, SheetColumn(field_name, label.strip(), index))
    return BoundSheet(
        grid=grid,
        source=source,
        table=table,
        header_index=header_index,
        columns=tuple(columns.values()),
        unnamed_indices=tuple(index for index, label in enumerate(labels) if not label.strip()),
        note_indices=tuple(
            index for index, label in enumerate(labels) if label.strip().startswith(NOTE_MARK)
        ),
    )


def bind_flat_columns(
    grid: Grid, source: int, header_index: int, labels: Sequence[str], parent: Table, child: Table
) -> BoundSheet:
    """Bind the columns of a flat sheet, whose rows are child rows that repeat the fields of their parent.

    A column known to both tables is bound to the child. Without a column for the parent's key, the column
    of its fallback key is bound twice.

    Args:
        grid: the sheet.
        source: index of its file.
        header_index: row of its header in the grid.
        labels: the header's cells.
        parent: the table whose fields repeat.
        child: the table of the rows.
    """
    bound = bind_columns(grid, source, child, header_index, labels)
    bound_indices = {column.index for column in bound.columns}
    parent_columns = bind_columns(grid, source, parent, header_index, labels).columns
    columns = bound.columns + tuple(
        column for column in parent_columns if column.field not in child and column.index not in bound_indices
    )
    by_field = {column.field: column for column in columns}
    if parent.key[0] not in by_field:
        columns += (replace(by_field[parent.fallback_key], field=parent.key[0]),)
    markers = _find_markers(labels, (parent.marker, child.marker))
    return replace(bound, columns=columns, flat_parent=parent, markers=markers)


def _find_markers(labels: Sequence[str], markers: Sequence[str]) -> dict[str, int]:
    """Return the column index of each marker header that a sheet has."""
    headers = {normalize_header(marker): marker for marker in markers if marker}
    indices = {}
    for index, label in enumerate(labels):
        marker = headers.get(normalize_header(label))
        if marker:
            indices[marker] = index
    return indices
