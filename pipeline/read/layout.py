"""Stage 1: grids -> which sheet feeds which table, and which column is which field.

In: the grids of all files, and the tables wanted.
Out: a `Placed` for each sheet that feeds a table, and the issues of its headers.
Never: looks at a value to guess what a column means, or puts two sheets together that nobody asked to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache

import numpy as np
import pyarrow.compute as pc

from pipeline.issues import SheetIssue
from pipeline.language import filled, say
from pipeline.model import Column
from pipeline.near import question
from pipeline.read.grid import Grid
from schemas.fields import Table
from schemas.tables import ISSUES_TITLE, NOTE_MARK, TABLES

_NOISE = re.compile(r"[\s_\-*]+")
_STEP = 256


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


@dataclass
class Sheets:
    """What was laid out.

    Attributes:
        placed: sheets that feed a table.
        hidden: sheets that nobody sees and that would feed a table.
        fed: positions of the files they come from.
        issues: sheets that were left out, and tables that several sheets could be.
    """

    placed: list[Placed] = field(default_factory=list)
    hidden: list[Placed] = field(default_factory=list)
    fed: set[int] = field(default_factory=set)
    issues: list[SheetIssue] = field(default_factory=list)


@dataclass(frozen=True)
class _Candidate:
    """A sheet with a header, and the table it seems to be: by its name, or by its key only."""

    source: int
    grid: Grid
    header: int
    cells: list[str]
    table: Table | None
    named: bool


def normal(header: str) -> str:
    """A header as it is compared: without case, blanks, line breaks, underscores, hyphens and asterisks."""
    return _NOISE.sub("", header).casefold()


@lru_cache(maxsize=64)
def known_headers(table: Table) -> Mapping[str, str]:
    """Every header of a table, normal, to its field; a field's own name beats another's label or synonym."""
    ranks = ([f.name for f in table], [f.label for f in table])
    known: dict[str, str] = {}
    for rank in ranks:
        for name, header in zip(ranks[0], rank, strict=True):
            known.setdefault(normal(header), name)
    for each in table:
        for header in each.headers:
            known.setdefault(normal(header), each.name)
    for prefix in table.prefixes:
        for header, name in list(known.items()):
            known.setdefault(normal(prefix) + header, name)
    return known


def recognised(tables: Mapping[str, Table], cells: Sequence[str]) -> int:
    """How many cells of a row are headers of the table that fits best."""
    return max((len(_fields(table, cells)) for table in tables.values()), default=0)


def _fields(table: Table, cells: Sequence[str]) -> set[str]:
    known = known_headers(table)
    return {known[normal(cell)] for cell in cells if normal(cell) in known}


def find_header(grid: Grid, tables: Mapping[str, Table]) -> int | None:
    """Position of the header: among the first rows one with two known headers, else the first with cells."""
    first = None
    for start in range(0, len(grid), _STEP):
        for offset, row in enumerate(grid.texts(start, start + _STEP)):
            if any(map(str.strip, row)):
                first = start + offset if first is None else first
                if recognised(tables, row) > 1:
                    return start + offset
        if first is not None:
            return first
    return None


def is_ours(grid: Grid) -> bool:
    """Whether a sheet is the list of issues that a marked workbook came back with."""
    return any(each.strip() == ISSUES_TITLE for row in grid.texts(0, 1) for each in row[:1])


def lay_out(
    grids: Sequence[tuple[int, Grid]],
    tables: Mapping[str, Table],
    names: Sequence[str],
    groups: Sequence[int],
) -> Sheets:
    """Give each sheet its table.

    A sheet named like a table is that table. Of the others those feed a table that show its key; a table
    that nothing feeds then takes a sheet at least half of whose headers it knows. In one group only one sheet
    feeds a table. What is hidden is laid out apart: what becomes of it depends on its rows.

    Args:
        grids: the sheets, each with the position of its file.
        tables: the tables wanted.
        names: of the files.
        groups: of the files: a workbook is a group of its own, and so is a file that the user named.
    """
    found = Sheets()
    candidates = [each for each in (_candidate(*one, tables) for one in grids) if each]
    visible = [each for each in candidates if not each.grid.hidden]
    found.hidden = [one for each in candidates if each.grid.hidden for one in _unseen(each, tables)]
    homeless = [each for each in visible if _of_another_target(each, tables)]
    found.issues += [
        SheetIssue("E340", names[each.source], each.grid.name, value=each.grid.name) for each in homeless
    ]
    found.fed.update(each.source for each in homeless)
    visible = [each for each in visible if not any(each is one for one in homeless)]
    if flat := _all_flat(visible, tables, groups):
        pair = _pair(tables)
        found.placed += [_place_flat(each, *pair) for each in flat]
        visible = [each for each in visible if not any(each is one for one in flat)]
        tables = {name: each for name, each in tables.items() if each not in pair}
    feeding = []
    for group in dict.fromkeys(groups):
        for table in tables.values():
            own = [each for each in visible if groups[each.source] == group and each.table is table]
            if own:
                feeding.append(_feeder(table, own, names, found.issues))
    found.placed += [
        _place(each.grid, each.source, each.table, each.header, each.cells)
        for each in visible
        if each.table and any(each is one for one in feeding)
    ]
    fed = {one.table.name for one in found.placed}
    unfed = [one for one in tables.values() if one.name not in fed and not one.optional]
    halves = [(each, _by_half(each.cells, unfed)) for each in visible if not each.table]
    for group in dict.fromkeys(groups):
        for table in unfed:
            own = [each for each, half in halves if groups[each.source] == group and half is table]
            if own:
                each = _feeder(table, own, names, found.issues)
                found.placed.append(_place(each.grid, each.source, table, each.header, each.cells))
    found.fed.update(each.source for each in found.placed)
    return found


def _pair(tables: Mapping[str, Table]) -> tuple[Table, Table]:
    """The table at the root, and the one that hangs on it first."""
    root = next(each for each in tables.values() if each.parent is None)
    return root, next(each for each in tables.values() if each.parent == root.name)


def _all_flat(
    visible: Sequence[_Candidate], tables: Mapping[str, Table], groups: Sequence[int]
) -> list[_Candidate]:
    """The sheets that feed both tables: each alone in its file, and none beside them that feeds only one."""
    if not any(each.parent in tables for each in tables.values()):
        return []
    root, child = _pair(tables)
    flat = [each for each in visible if _is_flat(each.cells, root, child)]
    alone = len({groups[each.source] for each in flat}) == len(flat)
    others = [e for e in visible if e.table in (root, child) and not any(e is one for one in flat)]
    return flat if alone and not others else []


def _is_flat(cells: Sequence[str], root: Table, child: Table) -> bool:
    """Whether a header has a reference, and at least two columns that only an invoice and only an item has."""
    own, hung = _fields(root, cells), _fields(child, cells)
    shared = {each.name for each in root} & {each.name for each in child}
    referred = root.key[0] in own or root.stands_in in own
    return referred and len(own - shared - {root.stands_in}) > 1 and len(hung - shared) > 1


def _place_flat(sheet: _Candidate, root: Table, child: Table) -> Placed:
    """A flat sheet: a column of both tables is the item's; without a reference its stand-in is read twice."""
    markers = {
        marker: index
        for index, cell in enumerate(sheet.cells)
        for marker in (root.marker, child.marker)
        if marker and normal(cell) == normal(marker)
    }
    placed = _place(sheet.grid, sheet.source, child, sheet.header, sheet.cells)
    taken = {each.index for each in placed.columns}
    further = _place(sheet.grid, sheet.source, root, sheet.header, sheet.cells).columns
    columns = placed.columns + tuple(e for e in further if e.field not in child and e.index not in taken)
    names = {each.field: each for each in columns}
    if root.key[0] not in names:
        columns += (replace(names[root.stands_in], field=root.key[0]),)
    return replace(placed, columns=columns, beside=root, markers=markers)


def _candidate(source: int, grid: Grid, tables: Mapping[str, Table]) -> _Candidate | None:
    header = find_header(grid, tables)
    if header is None:
        return None
    cells = grid.texts(header, header + 1)[0]
    named = _by_name(grid, tables)
    return _Candidate(source, grid, header, cells, named or _by_key(cells, tables), named is not None)


def _unseen(sheet: _Candidate, tables: Mapping[str, Table]) -> Iterator[Placed]:
    """A hidden sheet as it would be laid out, of another target's table as well; none if it is no such sheet."""
    table = _of_another_target(sheet, tables) or sheet.table
    pair = _pair(tables) if any(each.parent in tables for each in tables.values()) else None
    if pair and _is_flat(sheet.cells, *pair):
        yield _place_flat(sheet, *pair)
    elif table:
        yield _place(sheet.grid, sheet.source, table, sheet.header, sheet.cells)


def left_out(placed: Placed, source: str, reason: str) -> SheetIssue:
    """What is told of a sheet that looks like a table and feeds none."""
    facts = {"table": placed.table.label, "reason": reason}
    return SheetIssue("W101", source, placed.grid.name, value=placed.grid.name, facts=facts)


def _left_out(sheet: _Candidate, names: Sequence[str], reason: str) -> SheetIssue:
    label = sheet.table.label if sheet.table else ""
    name = sheet.grid.name
    return SheetIssue("W101", names[sheet.source], name, value=name, facts={"table": label, "reason": reason})


def _feeder(
    table: Table, own: Sequence[_Candidate], names: Sequence[str], issues: list[SheetIssue]
) -> _Candidate:
    """The one sheet of a group that feeds a table: the first, and an error if it is not the only one."""
    named = [each for each in own if each.named]
    first, *others = named or own
    if others:
        what = say("the sheet {name}") if first.grid.part else say("the file {name}")
        others_told = ", ".join(filled(what, {"name": each.grid.name}) for each in others)
        facts = {"table": table.label, "others": others_told}
        name = first.grid.name
        issues.append(SheetIssue("E107", names[first.source], name, value=name, facts=facts))
    if named:
        reason = say("the sheet {name} is {table}", name=first.grid.name, table=table.label)
        issues += [_left_out(each, names, reason) for each in own if not each.named]
    return first


def _of_another_target(sheet: _Candidate, tables: Mapping[str, Table]) -> Table | None:
    """The table that hangs on items or invoices, of which a sheet has rows and for which there is no place."""
    others = {each.name: each for each in TABLES if each.name not in tables and each.parent in tables}
    if sheet.named or not others or len(sheet.grid) <= sheet.header + 1:
        return None
    own = {each.name: each for each in TABLES}
    fits = _by_key(sheet.cells, own)
    unfit = fits is None or fits.name not in others or _is_flat(sheet.cells, *_pair(own))
    return _by_name(sheet.grid, others) or (None if unfit else fits)


def _by_name(grid: Grid, tables: Mapping[str, Table]) -> Table | None:
    """The table a workbook's sheet is named after."""
    if grid.part:
        for table in tables.values():
            if normal(grid.name) in map(normal, (table.name, table.label, *table.synonyms)):
                return table
    return None


def _by_key(cells: Sequence[str], tables: Mapping[str, Table]) -> Table | None:
    """The table whose key stands among the headers and that knows most of them."""
    scores = {name: _fields(table, cells) for name, table in tables.items()}
    keyed = [name for name, fields in scores.items() if tables[name].key[0] in fields and len(fields) > 1]
    return tables[max(keyed, key=lambda name: len(scores[name]))] if keyed else None


def _by_half(cells: Sequence[str], tables: Sequence[Table]) -> Table | None:
    headers = sum(bool(cell.strip()) for cell in cells)
    best = max(tables, key=lambda table: len(_fields(table, cells)), default=None)
    return best if best and 2 * len(_fields(best, cells)) >= headers else None


def _place(grid: Grid, source: int, table: Table, header: int, cells: Sequence[str]) -> Placed:
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


def header_issues(placed: Placed, source: str, kept: np.typing.NDArray[np.bool_]) -> Iterator[SheetIssue]:
    """What is wrong with a header: columns that are missing, unknown, or there twice.

    Args:
        placed: the sheet.
        source: the file's name.
        kept: rows below the header that are data; an unnamed column matters only if one has a value there.
    """
    table, row = placed.table, placed.grid.rows[placed.header]
    found = {each.field: each for each in placed.columns}
    beside = {each.index: each for each in placed.columns if each.field not in table}

    def issue(code: str, column: Column | None, **facts: str) -> SheetIssue:
        letter, value = (column.letter, column.label) if column else ("", "")
        facts |= {"table": table.label}
        return SheetIssue(code, source, placed.grid.name, int(row), letter, value, facts)

    for each in table:
        if each.required and each.name not in found:
            yield issue("E103", None, label=each.label)
    if not placed.leading:
        return
    known = known_headers(table)
    for index, cell in enumerate(placed.grid.texts(placed.header, placed.header + 1)[0]):
        here = Column(known.get(normal(cell), ""), cell.strip(), index)
        if index in placed.notes or index in beside or index in placed.markers.values():
            continue
        if index in placed.unnamed:
            if _has_values(placed, index, kept):
                yield issue("E104", Column("", say("column {letter}", letter=here.letter), index), near="")
        elif not here.field and (code := _without_a_place(cell, table)):
            if _has_values(placed, index, kept):
                yield issue(code, here)
        elif not here.field:
            yield issue("E104", here, near=_near(cell, table))
        elif found[here.field].index != index:
            first = found[here.field]
            yield issue(
                "E105",
                here,
                first=say("column {letter}", letter=first.letter),
                second=say("column {letter}", letter=here.letter),
            )


def _without_a_place(cell: str, table: Table) -> str:
    """The code under which a column is told that we know and the target does not; empty for any other."""
    for code, fields in (("W412", table.left_out), ("E352", table.refused)):
        if normal(cell) in known_headers(table.with_fields(fields)):
            return code
    return ""


def _has_values(placed: Placed, index: int, kept: np.typing.NDArray[np.bool_]) -> bool:
    lengths = pc.binary_length(pc.utf8_trim_whitespace(placed.grid.columns[index].slice(placed.header + 1)))
    return bool((kept & (lengths.to_numpy() > 0)).any())


def _near(cell: str, table: Table) -> str:
    """The nearest header, as a question; written as a label or as a name, as the cell is."""
    plain = "_" in cell or cell == cell.lower()
    shown = {
        normal(header): (each.name if plain else each.label) for each in table for header in each.headers
    }
    near = get_close_matches(normal(cell), list(shown), 1, 0.7)
    return question(cell.strip(), shown[near[0]]) if near else ""
