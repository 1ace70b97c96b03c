"""Stage 1: a sheet and the table it feeds -> which column is which field.

In: a grid, its header, and the declaration of its table; of a flat sheet, of both its tables.
Out: a `Placed`.
Never: decides which table a sheet feeds, or takes a header for a field of which there is one already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.model.sheets import SheetColumn
from pipeline.read.grid import Grid
from pipeline.read.layout.headers import map_known_headers, normalize_header
from schemas.fields import Table
from schemas.tables.common import NOTE_MARK


@dataclass(frozen=True)
class BoundSheet:
    """A sheet that feeds a table.

    Attributes:
        grid: the sheet.
        source: position of its file.
        table: what it feeds.
        header_index: position of the header in the grid.
        columns: the fields found.
        unnamed_indices: positions of columns without a header.
        note_indices: positions of columns that are notes.
        flat_parent: the table that the same sheet feeds as well, where it is flat.
        reports_header: its header is told of here; of a flat sheet, only once.
        markers: positions of the columns that mark where rows of a table start, by their header.
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
    def file_columns(self) -> tuple[SheetColumn, ...]:
        """The fields found, under the header and at the place that they have in the file."""
        origins = self.grid.origins
        return tuple(
            SheetColumn(column.field, *origins[column.index]) if column.index in origins else column
            for column in self.columns
        )

    @property
    def constant_indices(self) -> frozenset[int]:
        """Positions of columns that a mapping has filled, every row alike."""
        return frozenset(index for index, (_, file_index) in self.grid.origins.items() if file_index < 0)

    @property
    def note_columns(self) -> tuple[SheetColumn, ...]:
        """The columns that are notes, as their header says."""
        labels = self.grid.get_texts(self.header_index, self.header_index + 1)[0]
        return tuple(SheetColumn("", labels[index].strip(), index) for index in self.note_indices)


def bind_columns(
    grid: Grid, source: int, table: Table, header_index: int, labels: Sequence[str]
) -> BoundSheet:
    """A sheet whose rows are of one table.

    Args:
        grid: the sheet.
        source: position of its file.
        table: what it feeds.
        header_index: position of its header.
        labels: the header's.
    """
    known = map_known_headers(table)
    columns: dict[str, SheetColumn] = {}
    for index, label in enumerate(labels):
        field_name = known.get(normalize_header(label))
        if field_name:
            columns.setdefault(field_name, SheetColumn(field_name, label.strip(), index))
    return BoundSheet(
        grid, source, table, header_index, tuple(columns.values()),
        tuple(index for index, label in enumerate(labels) if not label.strip()),
        tuple(index for index, label in enumerate(labels) if label.strip().startswith(NOTE_MARK)),
    )  # fmt: skip


def bind_flat_columns(
    grid: Grid, source: int, header_index: int, labels: Sequence[str], parent: Table, child: Table
) -> BoundSheet:
    """A flat sheet: a column of both tables is the child's; without a reference its stand-in is read twice.

    Args:
        grid: the sheet.
        source: position of its file.
        header_index: position of its header.
        labels: the header's.
        parent: the table of what repeats.
        child: the table of which each row is one.
    """
    markers = {
        marker: index
        for index, label in enumerate(labels)
        for marker in (parent.marker, child.marker)
        if marker and normalize_header(label) == normalize_header(marker)
    }
    bound = bind_columns(grid, source, child, header_index, labels)
    bound_indices = {column.index for column in bound.columns}
    parent_columns = bind_columns(grid, source, parent, header_index, labels).columns
    columns = bound.columns + tuple(
        column for column in parent_columns if column.field not in child and column.index not in bound_indices
    )
    by_field = {column.field: column for column in columns}
    if parent.key[0] not in by_field:
        columns += (replace(by_field[parent.fallback_key], field=parent.key[0]),)
    return replace(bound, columns=columns, flat_parent=parent, markers=markers)
