"""Stage 1: grids -> which sheet feeds which table.

In: the grids of all files, and the tables wanted.
Out: a `Placed` for each sheet that feeds a table, and the issues of those that were left out or could be several.
Never: looks at a value to guess what a sheet means, or puts two sheets together that nobody asked to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.issues import SheetIssue
from pipeline.language import filled, say
from pipeline.read.grid import Grid
from pipeline.read.headers import fields_in, find_header, normal
from pipeline.read.placed import Placed, place, place_flat
from schemas.fields import Table
from schemas.tables import ISSUES_TITLE, TABLES


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


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A sheet with a header, and the table it seems to be: by its name, or by its key only."""

    source: int
    grid: Grid
    header: int
    cells: list[str]
    table: Table | None
    named: bool


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
    visible = [each for each in visible if each not in homeless]
    if flat := _all_flat(visible, tables, groups):
        pair = _pair(tables)
        found.placed += [_flat(each, *pair) for each in flat]
        visible = [each for each in visible if each not in flat]
        tables = {name: each for name, each in tables.items() if each not in pair}
    found.placed += _feeding(
        [(each, each.table) for each in visible], list(tables.values()), names, groups, found.issues
    )
    fed = {one.table.name for one in found.placed}
    unfed = [one for one in tables.values() if one.name not in fed and not one.optional]
    halves = [(each, _by_half(each.cells, unfed)) for each in visible if not each.table]
    found.placed += _feeding(halves, unfed, names, groups, found.issues)
    found.fed = {each.source for each in homeless} | {each.source for each in found.placed}
    return found


def _feeding(
    found: Sequence[tuple[_Candidate, Table | None]],
    tables: Sequence[Table],
    names: Sequence[str],
    groups: Sequence[int],
    issues: list[SheetIssue],
) -> list[Placed]:
    """The sheets that feed their tables, one of a table in a group, in the order of the files."""
    fed: dict[_Candidate, Table] = {}
    for group in dict.fromkeys(groups):
        for table in tables:
            own = [each for each, theirs in found if groups[each.source] == group and theirs is table]
            if own:
                fed[_feeder(table, own, names, issues)] = table
    return [
        place(each.grid, each.source, fed[each], each.header, each.cells) for each, _ in found if each in fed
    ]


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
    others = [e for e in visible if e.table in (root, child) and e not in flat]
    return flat if alone and not others else []


def _is_flat(cells: Sequence[str], root: Table, child: Table) -> bool:
    """Whether a header has a reference, and at least two columns that only an invoice and only an item has."""
    own, hung = fields_in(root, cells), fields_in(child, cells)
    shared = {each.name for each in root} & {each.name for each in child}
    referred = root.key[0] in own or root.stands_in in own
    return referred and len(own - shared - {root.stands_in}) > 1 and len(hung - shared) > 1


def _flat(sheet: _Candidate, root: Table, child: Table) -> Placed:
    return place_flat(sheet.grid, sheet.source, sheet.header, sheet.cells, root, child)


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
        yield _flat(sheet, *pair)
    elif table:
        yield place(sheet.grid, sheet.source, table, sheet.header, sheet.cells)


def left_out(grid: Grid, table: Table, source: str, reason: str) -> SheetIssue:
    """What is told of a sheet that looks like a table and feeds none.

    Args:
        grid: the sheet.
        table: what it looks like.
        source: the file's name.
        reason: why it feeds none.
    """
    return SheetIssue(
        "W101", source, grid.name, value=grid.name, facts={"table": table.label, "reason": reason}
    )


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
        issues += [left_out(each.grid, table, names[each.source], reason) for each in own if not each.named]
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
    scores = {name: fields_in(table, cells) for name, table in tables.items()}
    keyed = [name for name, fields in scores.items() if tables[name].key[0] in fields and len(fields) > 1]
    return tables[max(keyed, key=lambda name: len(scores[name]))] if keyed else None


def _by_half(cells: Sequence[str], tables: Sequence[Table]) -> Table | None:
    headers = sum(bool(cell.strip()) for cell in cells)
    best = max(tables, key=lambda table: len(fields_in(table, cells)), default=None)
    return best if best and 2 * len(fields_in(best, cells)) >= headers else None
