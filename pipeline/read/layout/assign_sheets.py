"""Assignment of sheets to tables: which sheet feeds which table.

In: the grids of all files, and the requested tables.
Out: a `BoundSheet` for each sheet that feeds a table, and issues about sheets that were left out or are
ambiguous.
Never: looks at a value to guess what a sheet means, or joins two sheets that nobody asked to join.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.i18n import fill_placeholders, translate
from pipeline.issues import SheetIssue
from pipeline.read.grid import Grid
from pipeline.read.layout.bound_sheet import BoundSheet, bind_columns, bind_flat_columns
from pipeline.read.layout.headers import find_fields, find_header, normalize_header
from schemas.fields import Table
from schemas.tables import TABLES
from schemas.tables.common import ISSUES_TITLE


class SourceGroups(NamedTuple):
    """The source files, in parallel lists.

    Attributes:
        names: of the files.
        groups: per file the number of its group, in which one sheet feeds a table: a workbook is a group of
            its own, and so is a file that the user named; the text files of a folder or zip are one group.
    """

    names: Sequence[str]
    groups: Sequence[int]


@dataclass
class SheetAssignment:
    """The sheets and the tables they feed.

    Attributes:
        bound: visible sheets that feed a table.
        hidden: hidden sheets that would feed a table.
        fed: indices of the files that the visible sheets come from.
        issues: sheets that were left out, and tables that several sheets could be.
    """

    bound: list[BoundSheet] = field(default_factory=list)
    hidden: list[BoundSheet] = field(default_factory=list)
    fed: set[int] = field(default_factory=set)
    issues: list[SheetIssue] = field(default_factory=list)


# Compared by identity: candidates are looked up in sets and lists, and comparing their cells would be slow.
@dataclass(frozen=True, eq=False)
class _Candidate:
    """A sheet with a header, and the table it seems to be.

    Attributes:
        source: index of its file.
        grid: the sheet.
        header_index: row of its header in the grid.
        labels: the header's cells.
        table: by the sheet's name or else by the table's key; None without either.
        is_named: the table was found by the sheet's name.
    """

    source: int
    grid: Grid
    header_index: int
    labels: list[str]
    table: Table | None
    is_named: bool

    def bind(self, table: Table) -> BoundSheet:
        """Bind the sheet to one table."""
        return bind_columns(self.grid, self.source, table, self.header_index, self.labels)

    def bind_flat(self, parent: Table, child: Table) -> BoundSheet:
        """Bind the sheet to two tables as a flat one."""
        return bind_flat_columns(self.grid, self.source, self.header_index, self.labels, parent, child)


def is_issues_sheet(grid: Grid) -> bool:
    """Return whether a sheet is the list of issues that an annotated workbook was returned with."""
    first_row = next(iter(grid.get_texts(0, 1)), [])
    return bool(first_row) and first_row[0].strip() == ISSUES_TITLE


def assign_sheets(
    grids: Sequence[tuple[int, Grid]], tables: Mapping[str, Table], files: SourceGroups
) -> SheetAssignment:
    """Assign each sheet to the table it feeds.

    A sheet named like a table feeds that table. Of the others those feed a table that have its key; a table
    that nothing feeds then takes a sheet at least half of whose headers it knows. In one group only one sheet
    feeds a table. Hidden sheets are bound separately: whether they are read depends on their rows.

    Args:
        grids: the sheets, each with the index of its file.
        tables: the requested tables.
        files: the names and groups of the source files.
    """
    assignment = SheetAssignment()
    visible: list[_Candidate] = []
    for source, grid in grids:
        candidate = _make_candidate(source, grid, tables)
        if candidate and grid.is_hidden:
            bound = _bind_hidden(candidate, tables)
            assignment.hidden += [bound] if bound else []
        elif candidate:
            visible.append(candidate)
    visible = _drop_unsupported(visible, tables, files, assignment)
    _assign_visible(visible, tables, files, assignment)
    return assignment


def _drop_unsupported(
    visible: Sequence[_Candidate],
    tables: Mapping[str, Table],
    files: SourceGroups,
    assignment: SheetAssignment,
) -> list[_Candidate]:
    """Report the sheets whose table the target does not support, and return the others."""
    supported = []
    for candidate in visible:
        if _find_unsupported_table(candidate, tables):
            name = candidate.grid.name
            assignment.issues.append(SheetIssue("E340", files.names[candidate.source], name, value=name))
            assignment.fed.add(candidate.source)
        else:
            supported.append(candidate)
    return supported


def _assign_visible(
    visible: Sequence[_Candidate],
    tables: Mapping[str, Table],
    files: SourceGroups,
    assignment: SheetAssignment,
) -> None:
    """Assign the visible sheets: as flat sheets, by name or key, and at last by half of their headers."""
    remaining = list(tables.values())
    flat = _find_flat_sheets(visible, tables, files.groups)
    if flat:
        pair = _find_root_and_child(tables)
        assignment.bound += [candidate.bind_flat(*pair) for candidate in flat]
        visible = [candidate for candidate in visible if candidate not in flat]
        remaining = [table for table in remaining if table not in pair]
    proposals = [(candidate, candidate.table) for candidate in visible]
    assignment.bound += _bind_fed_sheets(proposals, remaining, files, assignment.issues)
    unfed = _list_unfed_tables(remaining, assignment.bound)
    proposals = _propose_by_half(visible, unfed)
    assignment.bound += _bind_fed_sheets(proposals, unfed, files, assignment.issues)
    assignment.fed |= {sheet.source for sheet in assignment.bound}


def _list_unfed_tables(tables: Sequence[Table], bound: Sequence[BoundSheet]) -> list[Table]:
    """Return the required tables that no sheet feeds yet."""
    fed = {sheet.table.name for sheet in bound}
    return [table for table in tables if table.name not in fed and not table.optional]


def _propose_by_half(
    visible: Sequence[_Candidate], tables: Sequence[Table]
) -> list[tuple[_Candidate, Table | None]]:
    """Propose a table to each sheet that has neither the name nor the key of one."""
    return [
        (candidate, _find_table_by_half(candidate.labels, tables))
        for candidate in visible
        if not candidate.table
    ]


def _bind_fed_sheets(
    proposals: Sequence[tuple[_Candidate, Table | None]],
    tables: Sequence[Table],
    files: SourceGroups,
    issues: list[SheetIssue],
) -> list[BoundSheet]:
    """Bind the sheets to their proposed tables, one sheet per table and group, in the order of the files."""
    fed: dict[_Candidate, Table] = {}
    for group in dict.fromkeys(files.groups):
        members = [pair for pair in proposals if files.groups[pair[0].source] == group]
        for table in tables:
            candidates = [candidate for candidate, proposed in members if proposed is table]
            if candidates:
                fed[_choose_feeder(table, candidates, files.names, issues)] = table
    return [candidate.bind(fed[candidate]) for candidate, _ in proposals if candidate in fed]


def _has_root_and_child(tables: Mapping[str, Table]) -> bool:
    return any(table.parent in tables for table in tables.values())


def _find_root_and_child(tables: Mapping[str, Table]) -> tuple[Table, Table]:
    """Return the root table and its first child table."""
    root = next(table for table in tables.values() if table.parent is None)
    return root, next(table for table in tables.values() if table.parent == root.name)


def _find_flat_sheets(
    visible: Sequence[_Candidate], tables: Mapping[str, Table], groups: Sequence[int]
) -> list[_Candidate]:
    """Return the sheets that feed both tables, if each is alone in its group and no sheet feeds only one."""
    if not _has_root_and_child(tables):
        return []
    pair = _find_root_and_child(tables)
    flat = [candidate for candidate in visible if _is_flat_header(candidate.labels, *pair)]
    has_half_sheet = any(candidate.table in pair for candidate in visible if candidate not in flat)
    are_alone = len({groups[candidate.source] for candidate in flat}) == len(flat)
    return flat if are_alone and not has_half_sheet else []


def _is_flat_header(labels: Sequence[str], parent: Table, child: Table) -> bool:
    """Return whether a header has the reference and two columns of each table that the other lacks."""
    parent_fields, child_fields = find_fields(parent, labels), find_fields(child, labels)
    shared = {field.name for field in parent} & {field.name for field in child}
    has_reference = parent.key[0] in parent_fields or parent.fallback_key in parent_fields
    # the fallback key may be the reference itself, so it proves no further column of the parent
    has_parent_fields = len(parent_fields - shared - {parent.fallback_key}) > 1
    return has_reference and has_parent_fields and len(child_fields - shared) > 1


def _make_candidate(source: int, grid: Grid, tables: Mapping[str, Table]) -> _Candidate | None:
    header_index = find_header(grid, tables)
    if header_index is None:
        return None
    labels = grid.get_texts(header_index, header_index + 1)[0]
    named_table = _find_table_by_name(grid, tables)
    table = named_table or _find_table_by_key(labels, tables)
    return _Candidate(source, grid, header_index, labels, table, named_table is not None)


def _bind_hidden(candidate: _Candidate, tables: Mapping[str, Table]) -> BoundSheet | None:
    """Bind a hidden sheet, to a table of another target as well; None if it is no table's."""
    table = _find_unsupported_table(candidate, tables) or candidate.table
    if _has_root_and_child(tables):
        root, child = _find_root_and_child(tables)
        if _is_flat_header(candidate.labels, root, child):
            return candidate.bind_flat(root, child)
    return candidate.bind(table) if table else None


def make_left_out_issue(grid: Grid, table: Table, source: str, reason: str) -> SheetIssue:
    """Return the issue of a sheet that looks like a table and feeds none.

    Args:
        grid: the sheet.
        table: what it looks like.
        source: the file's name.
        reason: why it feeds none.
    """
    facts = {"table": table.label, "reason": reason}
    return SheetIssue("W101", source, grid.name, value=grid.name, facts=facts)


def _choose_feeder(
    table: Table, candidates: Sequence[_Candidate], source_names: Sequence[str], issues: list[SheetIssue]
) -> _Candidate:
    """Return the first sheet of a group that may feed a table; report an error if there are more."""
    # where one has the table's name, those that only look like it are left out instead of being rivals
    named = [candidate for candidate in candidates if candidate.is_named]
    first, *rivals = named or candidates
    name = first.grid.name
    if rivals:
        template = translate("the sheet {name}") if first.grid.part else translate("the file {name}")
        rival_names = [fill_placeholders(template, {"name": rival.grid.name}) for rival in rivals]
        facts = {"table": table.label, "others": ", ".join(rival_names)}
        issues.append(SheetIssue("E107", source_names[first.source], name, value=name, facts=facts))
    if named:
        reason = translate("the sheet {name} is {table}", name=name, table=table.label)
        for candidate in candidates:
            if not candidate.is_named:
                source = source_names[candidate.source]
                issues.append(make_left_out_issue(candidate.grid, table, source, reason))
    return first


def _find_unsupported_table(candidate: _Candidate, tables: Mapping[str, Table]) -> Table | None:
    """Return the table below items or invoices that a sheet feeds and the target does not support."""
    unsupported = {
        table.name: table for table in TABLES if table.name not in tables and table.parent in tables
    }
    # a header without rows bills nothing, whatever table it is
    if candidate.is_named or not unsupported or len(candidate.grid) <= candidate.header_index + 1:
        return None
    named_table = _find_table_by_name(candidate.grid, unsupported)
    return named_table or _find_unsupported_by_key(candidate.labels, unsupported)


def _find_unsupported_by_key(labels: Sequence[str], unsupported: Mapping[str, Table]) -> Table | None:
    known = {table.name: table for table in TABLES}
    keyed = _find_table_by_key(labels, known)
    if keyed is None or keyed.name not in unsupported:
        return None
    return None if _is_flat_header(labels, *_find_root_and_child(known)) else keyed


def _find_table_by_name(grid: Grid, tables: Mapping[str, Table]) -> Table | None:
    """Return the table that a workbook's sheet is named after; a CSV file's name is the user's own."""
    if grid.part:
        name = normalize_header(grid.name)
        for table in tables.values():
            if name in map(normalize_header, (table.name, table.label, *table.synonyms)):
                return table
    return None


def _find_table_by_key(labels: Sequence[str], tables: Mapping[str, Table]) -> Table | None:
    """Return, of the tables whose key is among the headers, the one that knows most of them."""
    scores = {name: find_fields(table, labels) for name, table in tables.items()}
    keyed = [name for name, fields in scores.items() if tables[name].key[0] in fields and len(fields) > 1]
    return tables[max(keyed, key=lambda name: len(scores[name]))] if keyed else None


def _find_table_by_half(labels: Sequence[str], tables: Sequence[Table]) -> Table | None:
    """Return the table that knows most of the headers, if these are at least half of them."""
    label_count = sum(bool(label.strip()) for label in labels)
    best = max(tables, key=lambda table: len(find_fields(table, labels)), default=None)
    return best if best and 2 * len(find_fields(best, labels)) >= label_count else None
