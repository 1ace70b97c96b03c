"""Stage 1: grids -> which sheet feeds which table.

In: the grids of all files, and the tables wanted.
Out: a `Placed` for each sheet that feeds a table, and the issues of those that were left out or could be several.
Never: looks at a value to guess what a sheet means, or puts two sheets together that nobody asked to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.i18n import fill_placeholders, translate
from pipeline.issues import SheetIssue
from pipeline.read.grid import Grid
from pipeline.read.layout.bound_sheet import BoundSheet, bind_columns, bind_flat_columns
from pipeline.read.layout.headers import find_fields, find_header, normalize_header
from schemas.fields import Table
from schemas.tables import TABLES
from schemas.tables.common import ISSUES_TITLE


@dataclass
class SheetAssignment:
    """What was laid out.

    Attributes:
        bound: sheets that feed a table.
        hidden: sheets that nobody sees and that would feed a table.
        fed: positions of the files they come from.
        issues: sheets that were left out, and tables that several sheets could be.
    """

    bound: list[BoundSheet] = field(default_factory=list)
    hidden: list[BoundSheet] = field(default_factory=list)
    fed: set[int] = field(default_factory=set)
    issues: list[SheetIssue] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A sheet with a header, and the table it seems to be: by its name, or by its key only."""

    source: int
    grid: Grid
    header_index: int
    labels: list[str]
    table: Table | None
    is_named: bool


def is_issues_sheet(grid: Grid) -> bool:
    """Whether a sheet is the list of issues that a marked workbook came back with."""
    return any(cell.strip() == ISSUES_TITLE for row in grid.get_texts(0, 1) for cell in row[:1])


def assign_sheets(
    grids: Sequence[tuple[int, Grid]],
    tables: Mapping[str, Table],
    source_names: Sequence[str],
    groups: Sequence[int],
) -> SheetAssignment:
    """Give each sheet its table.

    A sheet named like a table is that table. Of the others those feed a table that show its key; a table
    that nothing feeds then takes a sheet at least half of whose headers it knows. In one group only one sheet
    feeds a table. What is hidden is laid out apart: what becomes of it depends on its rows.

    Args:
        grids: the sheets, each with the position of its file.
        tables: the tables wanted.
        source_names: of the files.
        groups: of the files: a workbook is a group of its own, and so is a file that the user named.
    """
    assignment = SheetAssignment()
    candidates = [
        candidate
        for candidate in (_make_candidate(*sourced_grid, tables) for sourced_grid in grids)
        if candidate
    ]
    visible = [candidate for candidate in candidates if not candidate.grid.is_hidden]
    assignment.hidden = [
        bound
        for candidate in candidates
        if candidate.grid.is_hidden
        for bound in _bind_hidden(candidate, tables)
    ]
    unsupported = [candidate for candidate in visible if _find_unsupported_table(candidate, tables)]
    assignment.issues += [
        SheetIssue("E340", source_names[candidate.source], candidate.grid.name, value=candidate.grid.name)
        for candidate in unsupported
    ]
    visible = [candidate for candidate in visible if candidate not in unsupported]
    if flat := _find_flat_sheets(visible, tables, groups):
        pair = _find_root_and_child(tables)
        assignment.bound += [_bind_flat(candidate, *pair) for candidate in flat]
        visible = [candidate for candidate in visible if candidate not in flat]
        tables = {name: table for name, table in tables.items() if table not in pair}
    assignment.bound += _bind_fed_sheets(
        [(candidate, candidate.table) for candidate in visible],
        list(tables.values()),
        source_names,
        groups,
        assignment.issues,
    )
    fed = {bound.table.name for bound in assignment.bound}
    unfed = [table for table in tables.values() if table.name not in fed and not table.optional]
    proposals = [
        (candidate, _find_table_by_half(candidate.labels, unfed))
        for candidate in visible
        if not candidate.table
    ]
    assignment.bound += _bind_fed_sheets(proposals, unfed, source_names, groups, assignment.issues)
    assignment.fed = {sheet.source for sheet in unsupported} | {sheet.source for sheet in assignment.bound}
    return assignment


def _bind_fed_sheets(
    proposals: Sequence[tuple[_Candidate, Table | None]],
    tables: Sequence[Table],
    source_names: Sequence[str],
    groups: Sequence[int],
    issues: list[SheetIssue],
) -> list[BoundSheet]:
    """The sheets that feed their tables, one of a table in a group, in the order of the files."""
    fed: dict[_Candidate, Table] = {}
    for group in dict.fromkeys(groups):
        for table in tables:
            candidates = [
                candidate
                for candidate, proposed in proposals
                if groups[candidate.source] == group and proposed is table
            ]
            if candidates:
                fed[_choose_feeder(table, candidates, source_names, issues)] = table
    return [
        bind_columns(
            candidate.grid, candidate.source, fed[candidate], candidate.header_index, candidate.labels
        )
        for candidate, _ in proposals
        if candidate in fed
    ]


def _find_root_and_child(tables: Mapping[str, Table]) -> tuple[Table, Table]:
    """The table at the root, and the one that hangs on it first."""
    root = next(table for table in tables.values() if table.parent is None)
    return root, next(table for table in tables.values() if table.parent == root.name)


def _find_flat_sheets(
    visible: Sequence[_Candidate], tables: Mapping[str, Table], groups: Sequence[int]
) -> list[_Candidate]:
    """The sheets that feed both tables: each alone in its file, and none beside them that feeds only one."""
    if not any(table.parent in tables for table in tables.values()):
        return []
    parent, child = _find_root_and_child(tables)
    flat = [candidate for candidate in visible if _is_flat_header(candidate.labels, parent, child)]
    are_alone = len({groups[candidate.source] for candidate in flat}) == len(flat)
    half_sheets = [
        candidate for candidate in visible if candidate.table in (parent, child) and candidate not in flat
    ]
    return flat if are_alone and not half_sheets else []


def _is_flat_header(labels: Sequence[str], parent: Table, child: Table) -> bool:
    """Whether a header has a reference, and at least two columns that only an invoice and only an item has."""
    parent_fields, child_fields = find_fields(parent, labels), find_fields(child, labels)
    shared = {field.name for field in parent} & {field.name for field in child}
    has_reference = parent.key[0] in parent_fields or parent.fallback_key in parent_fields
    return (
        has_reference
        and len(parent_fields - shared - {parent.fallback_key}) > 1
        and len(child_fields - shared) > 1
    )


def _bind_flat(candidate: _Candidate, parent: Table, child: Table) -> BoundSheet:
    return bind_flat_columns(
        candidate.grid, candidate.source, candidate.header_index, candidate.labels, parent, child
    )


def _make_candidate(source: int, grid: Grid, tables: Mapping[str, Table]) -> _Candidate | None:
    header_index = find_header(grid, tables)
    if header_index is None:
        return None
    labels = grid.get_texts(header_index, header_index + 1)[0]
    named_table = _find_table_by_name(grid, tables)
    return _Candidate(
        source,
        grid,
        header_index,
        labels,
        named_table or _find_table_by_key(labels, tables),
        named_table is not None,
    )


def _bind_hidden(candidate: _Candidate, tables: Mapping[str, Table]) -> Iterator[BoundSheet]:
    """A hidden sheet as it would be laid out, of another target's table as well; none if it is no such sheet."""
    table = _find_unsupported_table(candidate, tables) or candidate.table
    pair = _find_root_and_child(tables) if any(table.parent in tables for table in tables.values()) else None
    if pair and _is_flat_header(candidate.labels, *pair):
        yield _bind_flat(candidate, *pair)
    elif table:
        yield bind_columns(candidate.grid, candidate.source, table, candidate.header_index, candidate.labels)


def report_left_out(grid: Grid, table: Table, source: str, reason: str) -> SheetIssue:
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


def _choose_feeder(
    table: Table, candidates: Sequence[_Candidate], source_names: Sequence[str], issues: list[SheetIssue]
) -> _Candidate:
    """The one sheet of a group that feeds a table: the first, and an error if it is not the only one."""
    named = [candidate for candidate in candidates if candidate.is_named]
    first, *rivals = named or candidates
    if rivals:
        template = translate("the sheet {name}") if first.grid.part else translate("the file {name}")
        rival_names = ", ".join(
            fill_placeholders(template, {"name": candidate.grid.name}) for candidate in rivals
        )
        facts = {"table": table.label, "others": rival_names}
        name = first.grid.name
        issues.append(SheetIssue("E107", source_names[first.source], name, value=name, facts=facts))
    if named:
        reason = translate("the sheet {name} is {table}", name=first.grid.name, table=table.label)
        issues += [
            report_left_out(candidate.grid, table, source_names[candidate.source], reason)
            for candidate in candidates
            if not candidate.is_named
        ]
    return first


def _find_unsupported_table(candidate: _Candidate, tables: Mapping[str, Table]) -> Table | None:
    """The table that hangs on items or invoices, of which a sheet has rows and for which there is no place."""
    unsupported = {
        table.name: table for table in TABLES if table.name not in tables and table.parent in tables
    }
    if candidate.is_named or not unsupported or len(candidate.grid) <= candidate.header_index + 1:
        return None
    known = {table.name: table for table in TABLES}
    keyed = _find_table_by_key(candidate.labels, known)
    is_unfit = (
        keyed is None
        or keyed.name not in unsupported
        or _is_flat_header(candidate.labels, *_find_root_and_child(known))
    )
    return _find_table_by_name(candidate.grid, unsupported) or (None if is_unfit else keyed)


def _find_table_by_name(grid: Grid, tables: Mapping[str, Table]) -> Table | None:
    """The table a workbook's sheet is named after."""
    if grid.part:
        for table in tables.values():
            if normalize_header(grid.name) in map(
                normalize_header, (table.name, table.label, *table.synonyms)
            ):
                return table
    return None


def _find_table_by_key(labels: Sequence[str], tables: Mapping[str, Table]) -> Table | None:
    """The table whose key stands among the headers and that knows most of them."""
    scores = {name: find_fields(table, labels) for name, table in tables.items()}
    keyed = [name for name, fields in scores.items() if tables[name].key[0] in fields and len(fields) > 1]
    return tables[max(keyed, key=lambda name: len(scores[name]))] if keyed else None


def _find_table_by_half(labels: Sequence[str], tables: Sequence[Table]) -> Table | None:
    label_count = sum(bool(label.strip()) for label in labels)
    best = max(tables, key=lambda table: len(find_fields(table, labels)), default=None)
    return best if best and 2 * len(find_fields(best, labels)) >= label_count else None
