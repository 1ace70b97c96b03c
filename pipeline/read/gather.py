"""Stage 1, its order of steps: files -> grids -> sheets that feed tables -> rows -> raw sheets.

In: paths and tables.
Out: `RawSheets` and issues; several files and sheets are put one after the other.
Never: leaves out a file that was named by the user without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath

import numpy as np

from pipeline.errors import UsageError
from pipeline.issues import Findings, Issues, SheetIssue, found
from pipeline.language import say
from pipeline.model import Page, RawSheets, Source
from pipeline.read import assemble, refuse, remarks
from pipeline.read.csv_file import Recognised, read_csv
from pipeline.read.declared import Declared
from pipeline.read.flat import split
from pipeline.read.grid import Grid
from pipeline.read.header_faults import header_issues
from pipeline.read.headers import recognised
from pipeline.read.hidden import judged
from pipeline.read.layout import is_ours, lay_out
from pipeline.read.limits import ReadLimits
from pipeline.read.mapping import SheetMapping
from pipeline.read.rows import IGNORED, Body, body
from pipeline.read.source import Blob, Form, blobs
from pipeline.read.workbook import Parser
from schemas.fields import Table


def gather(
    paths: Sequence[Path],
    tables: Mapping[str, Table],
    limits: ReadLimits,
    parser: Parser,
    declared: Declared,
    mapping: SheetMapping | None = None,
) -> tuple[RawSheets, Issues]:
    """Read files into raw sheets; `pipeline.read.read` is the front door."""
    sources: list[Source] = []
    grids: list[tuple[int, Grid]] = []
    chosen, groups = [], []
    for number, path in enumerate(paths, 1):
        for blob in blobs(path, limits):
            _only_once(blob, sources)
            read = _grids(blob, partial(_known, tables, mapping), parser, declared)
            grids += [(len(sources), each) for each in read]
            together = blob.form is Form.TEXT and not blob.chosen
            groups.append(-number if together else len(sources))
            package = blob.data if read and all(each.part.endswith(".xml") for each in read) else b""
            sources.append(Source(blob.name, blob.sha256, len(blob.data), package=package))
            chosen.append(blob.chosen)
    our_sheets = tuple((source, each.part) for source, each in grids if is_ours(each))
    grids = [(source, each) for source, each in grids if not is_ours(each)]
    pages = tuple(_pages(grids, sources, limits.kept))
    if mapping:
        grids = mapping.applied(grids)
    names = [each.name for each in sources]
    sheets = lay_out(grids, tables, names, groups)
    whole, unseen = [body(each) for each in sheets.placed], [body(each) for each in sheets.hidden]
    hidden = judged(unseen, whole, tables, names, groups, declared.hidden_sheets)
    fed = sheets.fed | {each.placed.source for each in hidden.read}
    _all_used(sources, chosen, grids, fed, tables)
    bodies, flat = _taken_apart([*whole, *hidden.read])
    sources = [_counted(at, each, bodies, grids) for at, each in enumerate(sources)]
    own = {name: [each for each in bodies if each.placed.table.name == name] for name in tables}
    raw = {name: assemble.raw_table(tables[name], each) for name, each in own.items()}
    rows = [each for name in own for each in remarks.of_rows(tables[name], own[name], declared.hidden_rows)]
    totals = tuple(each for name in own for each in assemble.totals_of(name, own[name]))
    ignored = {name: sum(each.ignored[name] for each in bodies) for name in IGNORED}
    missing = {name: each for name, each in tables.items() if name not in hidden.withheld}
    issues = [*sheets.issues, *hidden.issues, *_sheet_issues(missing, bodies, sources, grids)]
    if mapping:
        sources.append(Source(mapping.name, mapping.sha256, mapping.size, notes="mapping"))
    return (
        RawSheets(raw, tuple(sources), ignored, pages, our_sheets, totals),
        found([*flat, *rows]) + Issues(sheets=tuple(issues)),
    )


def _taken_apart(bodies: Sequence[Body]) -> tuple[list[Body], list[Findings]]:
    """Each flat sheet as two bodies, and what its rows disagree about, told by their place in the whole table."""
    made: list[Body] = []
    findings: list[Findings] = []
    start = 0
    for each in bodies:
        if each.placed.beside is None:
            made.append(each)
            continue
        parts = split(each, each.placed.beside)
        made += [parts.invoices, parts.items]
        findings += [replace(one, rows=one.rows + start) for one in parts.findings]
        start += len(each.rows)
    return made, findings


def _pages(grids: Sequence[tuple[int, Grid]], sources: Sequence[Source], most: int) -> Iterator[Page]:
    """The sheets of small files without a package: what the reader saw is all that a copy can be made from."""
    sizes: Counter[int] = Counter()
    for source, grid in grids:
        sizes[source] += len(grid)
    for source, grid in grids:
        if not sources[source].package and sizes[source] <= most:
            expected = len(grid.columns)
            ragged = (
                np.flatnonzero(grid.cells != expected) if grid.cells is not None else np.zeros(0, np.int64)
            )
            yield Page(source, grid.name, grid.columns, grid.kinds, grid.rows, ragged)


def _only_once(blob: Blob, sources: Sequence[Source]) -> None:
    """Refuse a file that was given already, under whatever name: its rows would count twice."""
    twin = next((each for each in sources if each.sha256 == blob.sha256), None)
    if twin is not None:
        raise UsageError(
            say(
                "{name} was given twice, byte for byte; give it once."
                if twin.name == blob.name
                else "{name} is the same as {twin}, byte for byte; give it once.",
                name=blob.name,
                twin=twin.name,
            )
        )


def _known(tables: Mapping[str, Table], mapping: SheetMapping | None, cells: Sequence[str]) -> int:
    """How many cells of a row are known headers, ours or the mapping's."""
    return max(recognised(tables, cells), mapping.known(cells) if mapping else 0)


def _grids(blob: Blob, known: Recognised, parser: Parser, declared: Declared) -> list[Grid]:
    if blob.form is Form.WORKBOOK:
        return parser.parse(blob.name, blob.data)
    if PurePath(blob.name).suffix.lower() == ".json":
        raise refuse.SAVED_ANSWER(blob.name)
    return [read_csv(blob.name, blob.data, known, declared)]


def _all_used(
    sources: Sequence[Source],
    chosen: Sequence[bool],
    grids: Sequence[tuple[int, Grid]],
    fed: set[int],
    tables: Mapping[str, Table],
) -> None:
    """Refuse a file that feeds nothing, unless it only lay in a folder beside others that do."""
    unused = [at for at in range(len(sources)) if at not in fed and (chosen[at] or not fed)]
    if unused:
        at = unused[0]
        name, labels = (
            sources[at].name,
            say(" or ").join(each.label for each in tables.values() if not each.optional),
        )
        own = [grid for source, grid in grids if source == at and grid.part]
        inside = ", ".join(
            say("{name}, hidden", name=grid.name) if grid.hidden else grid.name for grid in own
        )
        where = (
            say("none of its sheets ({sheets}) is visible and has", sheets=inside)
            if any(grid.hidden for grid in own)
            else say(
                "none of its sheets ({sheets}) has" if inside else "its first row has none of", sheets=inside
            )
        )
        columns = ", ".join(
            dict.fromkeys(f.label for t in tables.values() if not t.optional for f in t if f.required)
        )
        raise refuse.NOT_OURS(name, where=where, labels=labels, columns=columns)


def _counted(at: int, source: Source, bodies: Iterable[Body], grids: Iterable[tuple[int, Grid]]) -> Source:
    rows = sum(len(each.rows) for each in bodies if each.placed.source == at and each.placed.leading)
    notes = next((grid.notes for owner, grid in grids if owner == at), "")
    return replace(source, rows=rows, notes=notes or "workbook")


def _sheet_issues(
    tables: Mapping[str, Table],
    bodies: Sequence[Body],
    sources: Sequence[Source],
    grids: Sequence[tuple[int, Grid]],
) -> Iterable[SheetIssue]:
    """Tables without a sheet or without rows, and what is wrong with headers."""
    for name, table in tables.items():
        own = [each for each in bodies if each.placed.table.name == name]
        if table.optional and not any(len(each.rows) for each in own):
            continue
        if not own:
            names = ", ".join(dict.fromkeys(grid.name for _, grid in grids))
            columns = ", ".join(each.label for each in table if each.required)
            files = ", ".join(each.name for each in sources)
            yield SheetIssue("E101", files, facts={"table": table.label, "found": names, "columns": columns})
        elif not any(len(each.rows) for each in own):
            placed = own[0].placed
            yield SheetIssue(
                "E102", sources[placed.source].name, placed.grid.name, int(placed.grid.rows[placed.header]),
                facts={"table": table.label},
            )  # fmt: skip
        for each in own:
            yield from header_issues(each.placed, sources[each.placed.source].name, each.kept)
            yield from remarks.of_columns(each, sources[each.placed.source].name)
