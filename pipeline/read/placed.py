"""Stage 1: a sheet and the table it feeds -> which column is which field.

In: a grid, its header, and the declaration of its table; of a flat sheet, of both its tables.
Out: a `Placed`.
Never: decides which table a sheet feeds, or takes a header for a field of which there is one already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.model import Column
from pipeline.read.grid import Grid
from pipeline.read.headers import known_headers, normal
from schemas.fields import Table
from schemas.tables import NOTE_MARK


@dataclass(frozen=True)
class Placed:
    """A sheet that feeds a table.

    Attributes:
        grid: the sheet.
        source: position of its file.
        table: what it feeds.
        header: position of the header in the grid.
        columns: the fields found.
        unnamed: positions of columns without a header.
        notes: positions of columns that are notes.
        beside: the table that the same sheet feeds as well, where it is flat.
        leading: its header is told of here; of a flat sheet, only once.
        markers: positions of the columns that mark where rows of a table start, by their header.
    """

    grid: Grid
    source: int
    table: Table
    header: int
    columns: tuple[Column, ...]
    unnamed: tuple[int, ...] = ()
    notes: tuple[int, ...] = ()
    beside: Table | None = None
    leading: bool = True
    markers: Mapping[str, int] = field(default_factory=dict)

    @property
    def shown_columns(self) -> tuple[Column, ...]:
        """The fields found, under the header and at the place that they have in the file."""
        origins = self.grid.origins
        return tuple(
            Column(each.field, *origins[each.index]) if each.index in origins else each
            for each in self.columns
        )

    @property
    def constant(self) -> frozenset[int]:
        """Positions of columns that a mapping has filled, every row alike."""
        return frozenset(index for index, (_, there) in self.grid.origins.items() if there < 0)

    @property
    def note_columns(self) -> tuple[Column, ...]:
        """The columns that are notes, as their header says."""
        cells = self.grid.texts(self.header, self.header + 1)[0]
        return tuple(Column("", cells[index].strip(), index) for index in self.notes)


def place(grid: Grid, source: int, table: Table, header: int, cells: Sequence[str]) -> Placed:
    """A sheet whose rows are of one table.

    Args:
        grid: the sheet.
        source: position of its file.
        table: what it feeds.
        header: position of its header.
        cells: the header's.
    """
    known = known_headers(table)
    columns: dict[str, Column] = {}
    for index, cell in enumerate(cells):
        name = known.get(normal(cell))
        if name:
            columns.setdefault(name, Column(name, cell.strip(), index))
    return Placed(
        grid, source, table, header, tuple(columns.values()),
        tuple(index for index, cell in enumerate(cells) if not cell.strip()),
        tuple(index for index, cell in enumerate(cells) if cell.strip().startswith(NOTE_MARK)),
    )  # fmt: skip


def place_flat(
    grid: Grid, source: int, header: int, cells: Sequence[str], root: Table, child: Table
) -> Placed:
    """A flat sheet: a column of both tables is the child's; without a reference its stand-in is read twice.

    Args:
        grid: the sheet.
        source: position of its file.
        header: position of its header.
        cells: the header's.
        root: the table of what repeats.
        child: the table of which each row is one.
    """
    markers = {
        marker: index
        for index, cell in enumerate(cells)
        for marker in (root.marker, child.marker)
        if marker and normal(cell) == normal(marker)
    }
    placed = place(grid, source, child, header, cells)
    taken = {each.index for each in placed.columns}
    further = place(grid, source, root, header, cells).columns
    columns = placed.columns + tuple(e for e in further if e.field not in child and e.index not in taken)
    names = {each.field: each for each in columns}
    if root.key[0] not in names:
        columns += (replace(names[root.stands_in], field=root.key[0]),)
    return replace(placed, columns=columns, beside=root, markers=markers)
