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
from pipeline.i18n import translate
from pipeline.issues import Findings, Issues, SheetIssue, collect_findings
from pipeline.model.sheets import RawSheets, SheetContent, SourceFile
from pipeline.read.files.input_files import Blob, read_blobs
from pipeline.read.files.limits import ReadLimits
from pipeline.read.files.options import ReadOptions
from pipeline.read.files.refusals import NOT_A_WORKBOOK, Refusal
from pipeline.read.formats import FormatInput, HeaderCounter, choose_parser, parse_sheets
from pipeline.read.formats.parser_process import ParserProcess
from pipeline.read.grid import Grid
from pipeline.read.layout.assign_sheets import assign_sheets, is_issues_sheet
from pipeline.read.layout.header_issues import find_header_issues
from pipeline.read.layout.headers import count_known_headers
from pipeline.read.layout.mapping import SheetMapping
from pipeline.read.rows import raw_tables, row_issues
from pipeline.read.rows.data_rows import IGNORED_KINDS, DataRows, extract_rows
from pipeline.read.rows.flat_sheet import split_flat_sheet
from pipeline.read.rows.hidden_sheets import decide_hidden_sheets
from schemas.fields import Table


def read_files(
    paths: Sequence[Path],
    tables: Mapping[str, Table],
    limits: ReadLimits,
    parser: ParserProcess,
    options: ReadOptions,
    mapping: SheetMapping | None = None,
) -> tuple[RawSheets, Issues]:
    """Read files into raw sheets; `pipeline.read.read_raw_sheets` is the front door."""
    sources: list[SourceFile] = []
    grids: list[tuple[int, Grid]] = []
    named_by_user, groups = [], []
    for number, path in enumerate(paths, 1):
        for blob in read_blobs(path, limits):
            _refuse_duplicate(blob, sources)
            blob_grids = _parse_blob(
                blob, partial(_count_known_labels, tables, mapping), parser, options, limits
            )
            grids += [(len(sources), grid) for grid in blob_grids]
            is_grouped = not blob.in_worker and not blob.is_named_by_user
            groups.append(-number if is_grouped else len(sources))
            is_patchable = bool(blob_grids) and all(grid.is_patchable for grid in blob_grids)
            package = blob.data if is_patchable else b""
            sources.append(SourceFile(blob.name, blob.sha256, len(blob.data), package=package))
            named_by_user.append(blob.is_named_by_user)
    our_sheets = tuple((source, grid.part) for source, grid in grids if is_issues_sheet(grid))
    grids = [(source, grid) for source, grid in grids if not is_issues_sheet(grid)]
    pages = tuple(_keep_small_sheets(grids, sources, limits.kept_rows))
    if mapping:
        grids = mapping.apply(grids)
    names = [file.name for file in sources]
    sheets = assign_sheets(grids, tables, names, groups)
    visible_blocks, hidden_blocks = (
        [extract_rows(bound) for bound in sheets.bound],
        [extract_rows(bound) for bound in sheets.hidden],
    )
    hidden = decide_hidden_sheets(hidden_blocks, visible_blocks, tables, names, groups, options.hidden_sheets)
    fed = sheets.fed | {block.sheet.source for block in hidden.included}
    _refuse_unused(sources, named_by_user, grids, fed, tables)
    blocks, flat = _split_flat_sheets([*visible_blocks, *hidden.included])
    sources = [_with_row_count(index, file, blocks, grids) for index, file in enumerate(sources)]
    by_table = {name: [block for block in blocks if block.sheet.table.name == name] for name in tables}
    raw = {
        name: raw_tables.build_raw_table(tables[name], table_blocks)
        for name, table_blocks in by_table.items()
    }
    rows = [
        finding
        for name in by_table
        for finding in row_issues.find_row_findings(tables[name], by_table[name], options.hidden_rows)
    ]
    totals = tuple(
        totals_row for name in by_table for totals_row in raw_tables.collect_totals(name, by_table[name])
    )
    ignored = {name: sum(block.ignored[name] for block in blocks) for name in IGNORED_KINDS}
    missing = {name: table for name, table in tables.items() if name not in hidden.withheld}
    issues = [*sheets.issues, *hidden.issues, *_find_sheet_issues(missing, blocks, sources, grids)]
    if mapping:
        sources.append(SourceFile(mapping.name, mapping.sha256, mapping.size, notes="mapping"))
    return (
        RawSheets(raw, tuple(sources), ignored, pages, our_sheets, totals),
        collect_findings([*flat, *rows]) + Issues(sheet_issues=tuple(issues)),
    )


def _split_flat_sheets(blocks: Sequence[DataRows]) -> tuple[list[DataRows], list[Findings]]:
    """Each flat sheet as two bodies, and what its rows disagree about, told by their place in the whole table."""
    blocks_out: list[DataRows] = []
    findings: list[Findings] = []
    start = 0
    for block in blocks:
        if block.sheet.flat_parent is None:
            blocks_out.append(block)
            continue
        parts = split_flat_sheet(block, block.sheet.flat_parent)
        blocks_out += [parts.invoices, parts.items]
        findings += [replace(finding, rows=finding.rows + start) for finding in parts.findings]
        start += len(block.row_numbers)
    return blocks_out, findings


def _keep_small_sheets(
    grids: Sequence[tuple[int, Grid]], sources: Sequence[SourceFile], kept_rows: int
) -> Iterator[SheetContent]:
    """The sheets of small files without a package: what the reader saw is all that a copy can be made from."""
    sizes: Counter[int] = Counter()
    for source, grid in grids:
        sizes[source] += len(grid)
    for source, grid in grids:
        if not sources[source].package and sizes[source] <= kept_rows:
            expected = len(grid.columns)
            ragged = (
                np.flatnonzero(grid.cell_counts != expected)
                if grid.cell_counts is not None
                else np.zeros(0, np.int64)
            )
            yield SheetContent(source, grid.name, grid.columns, grid.kinds, grid.row_numbers, ragged)


def _refuse_duplicate(blob: Blob, sources: Sequence[SourceFile]) -> None:
    """Refuse a file that was given already, under whatever name: its rows would count twice."""
    duplicate = next((source for source in sources if source.sha256 == blob.sha256), None)
    if duplicate is not None:
        raise UsageError(
            translate(
                "{name} was given twice, byte for byte; give it once."
                if duplicate.name == blob.name
                else "{name} is the same as {twin}, byte for byte; give it once.",
                name=blob.name,
                twin=duplicate.name,
            )
        )


def _count_known_labels(
    tables: Mapping[str, Table], mapping: SheetMapping | None, labels: Sequence[str]
) -> int:
    """How many cells of a row are known headers, ours or the mapping's."""
    return max(count_known_headers(tables, labels), mapping.count_known(labels) if mapping else 0)


def _parse_blob(
    blob: Blob,
    count_known: HeaderCounter,
    parser: ParserProcess,
    options: ReadOptions,
    limits: ReadLimits,
) -> list[Grid]:
    """Parse a file's sheets, in the worker if its format asks for it."""
    if blob.in_worker:
        return parser.parse(blob.name, blob.data)
    if PurePath(blob.name).suffix.lower() == ".json":
        raise Refusal.SAVED_ANSWER(blob.name)
    file = FormatInput(
        name=blob.name, data=blob.data, limits=limits, options=options, count_headers=count_known
    )
    reference = choose_parser([file_format.reference for file_format in blob.formats], file)
    if reference is None:
        raise Refusal.FOREIGN(blob.name, what=translate(NOT_A_WORKBOOK))
    return list(parse_sheets(reference, file))


def _refuse_unused(
    sources: Sequence[SourceFile],
    named_by_user: Sequence[bool],
    grids: Sequence[tuple[int, Grid]],
    fed: set[int],
    tables: Mapping[str, Table],
) -> None:
    """Refuse a file that feeds nothing, unless it only lay in a folder beside others that do."""
    unused = [
        index for index in range(len(sources)) if index not in fed and (named_by_user[index] or not fed)
    ]
    if unused:
        first_unused = unused[0]
        name, labels = (
            sources[first_unused].name,
            translate(" or ").join(table.label for table in tables.values() if not table.optional),
        )
        file_grids = [grid for source, grid in grids if source == first_unused and grid.part]
        sheet_list = ", ".join(
            translate("{name}, hidden", name=grid.name) if grid.is_hidden else grid.name
            for grid in file_grids
        )
        reason = (
            translate("none of its sheets ({sheets}) is visible and has", sheets=sheet_list)
            if any(grid.is_hidden for grid in file_grids)
            else translate(
                "none of its sheets ({sheets}) has" if sheet_list else "its first row has none of",
                sheets=sheet_list,
            )
        )
        columns = ", ".join(
            dict.fromkeys(
                field.label
                for table in tables.values()
                if not table.optional
                for field in table
                if field.required
            )
        )
        raise Refusal.NOT_OURS(name, where=reason, labels=labels, columns=columns)


def _with_row_count(
    index: int, source: SourceFile, blocks: Iterable[DataRows], grids: Iterable[tuple[int, Grid]]
) -> SourceFile:
    rows = sum(
        len(block.row_numbers)
        for block in blocks
        if block.sheet.source == index and block.sheet.reports_header
    )
    notes = next((grid.notes for grid_source, grid in grids if grid_source == index), "")
    return replace(source, rows=rows, notes=notes or "workbook")


def _find_sheet_issues(
    tables: Mapping[str, Table],
    blocks: Sequence[DataRows],
    sources: Sequence[SourceFile],
    grids: Sequence[tuple[int, Grid]],
) -> Iterable[SheetIssue]:
    """Tables without a sheet or without rows, and what is wrong with headers."""
    for name, table in tables.items():
        table_blocks = [block for block in blocks if block.sheet.table.name == name]
        if table.optional and not any(len(block.row_numbers) for block in table_blocks):
            continue
        if not table_blocks:
            names = ", ".join(dict.fromkeys(grid.name for _, grid in grids))
            columns = ", ".join(field.label for field in table if field.required)
            files = ", ".join(source.name for source in sources)
            yield SheetIssue("E101", files, facts={"table": table.label, "found": names, "columns": columns})
        elif not any(len(block.row_numbers) for block in table_blocks):
            bound = table_blocks[0].sheet
            yield SheetIssue(
                "E102", sources[bound.source].name, bound.grid.name, int(bound.grid.row_numbers[bound.header_index]),
                facts={"table": table.label},
            )  # fmt: skip
        for block in table_blocks:
            yield from find_header_issues(block.sheet, sources[block.sheet.source].name, block.is_data)
            yield from row_issues.find_hidden_column_issues(block, sources[block.sheet.source].name)
