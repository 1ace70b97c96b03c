"""The order of reading: files to grids, grids to bound sheets, sheets to data rows, rows to raw tables.

In: paths and the requested tables.
Out: `RawSheets` and issues; the sheets of a table are joined, one after the other.
Never: leaves out a file that the user named without saying so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np

from pipeline.errors import SourceError, UsageError
from pipeline.i18n import translate
from pipeline.issues import Findings, Issues, SheetIssue, collect_findings
from pipeline.model.sheets import RawSheets, SheetContent, SourceFile, TotalsRow
from pipeline.read.files.input_files import Blob, read_blobs
from pipeline.read.files.limits import ReadLimits
from pipeline.read.files.options import ReadOptions
from pipeline.read.files.refusals import NOT_A_WORKBOOK, Refusal
from pipeline.read.formats import FormatInput, choose_parser, parse_sheets
from pipeline.read.formats.parser_process import ParserProcess
from pipeline.read.grid import Grid
from pipeline.read.layout.assign_sheets import SourceGroups, assign_sheets, is_issues_sheet
from pipeline.read.layout.header_issues import find_header_issues
from pipeline.read.layout.headers import count_known_headers
from pipeline.read.layout.mapping import SheetMapping
from pipeline.read.rows.data_rows import IGNORED_KINDS, DataRows, extract_rows
from pipeline.read.rows.flat_sheet import split_flat_sheet
from pipeline.read.rows.hidden_sheets import decide_hidden_sheets
from pipeline.read.rows.raw_tables import build_raw_table, collect_totals
from pipeline.read.rows.row_issues import find_hidden_column_issues, find_row_findings
from schemas.fields import Table


class _Reading(NamedTuple):
    """What a reading is asked for.

    Attributes:
        tables: the requested tables, by name.
        limits: how much a file may take.
        parser: the process that parses workbooks.
        options: declarations of the user about the files.
        mapping: names the fields of foreign headers; None without one.
    """

    tables: Mapping[str, Table]
    limits: ReadLimits
    parser: ParserProcess
    options: ReadOptions
    mapping: SheetMapping | None

    def count_labels(self, labels: Sequence[str]) -> int:
        """Return how many cells of a row are known headers, of the tables or of the mapping."""
        known = self.mapping.count_known(labels) if self.mapping else 0
        return max(count_known_headers(self.tables, labels), known)


@dataclass
class _ReadFiles:
    """The files read so far, and their sheets.

    Attributes:
        sources: the files.
        are_named: per file whether the user named it; the others were in a folder or zip.
        groups: per file its group, see `SourceGroups`.
        grids: the sheets, each with the index of its file.
    """

    sources: list[SourceFile] = field(default_factory=list)
    are_named: list[bool] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    grids: list[tuple[int, Grid]] = field(default_factory=list)

    def add(self, blob: Blob, grids: Sequence[Grid], path_number: int) -> None:
        """Add a file and its sheets.

        Args:
            blob: the file.
            grids: its sheets.
            path_number: of the path it was found under, from 1.
        """
        index = len(self.sources)
        self.grids += [(index, grid) for grid in grids]
        is_grouped = not blob.in_worker and not blob.is_named_by_user
        # Groups of several files are numbered below zero, where no file's own index can be.
        self.groups.append(-path_number if is_grouped else index)
        is_patchable = bool(grids) and all(grid.is_patchable for grid in grids)
        package = blob.data if is_patchable else b""
        self.sources.append(SourceFile(blob.name, blob.sha256, len(blob.data), package=package))
        self.are_named.append(blob.is_named_by_user)

    def take_issues_sheets(self) -> tuple[tuple[int, str], ...]:
        """Remove the Issues sheets that an earlier check added, and return the file and part of each."""
        taken = [(source, grid.part) for source, grid in self.grids if is_issues_sheet(grid)]
        self.grids = [(source, grid) for source, grid in self.grids if not is_issues_sheet(grid)]
        return tuple(taken)


class _FedSheets(NamedTuple):
    """The data rows of all sheets that feed a table.

    Attributes:
        blocks: the data rows, one block per sheet; a flat sheet is two.
        findings: rows of flat sheets that disagree.
        issues: sheets that were left out or are ambiguous.
        withheld: names of the tables whose only rows are in a hidden sheet.
    """

    blocks: list[DataRows]
    findings: list[Findings]
    issues: list[SheetIssue]
    withheld: set[str]


def read_files(
    paths: Sequence[Path],
    tables: Mapping[str, Table],
    limits: ReadLimits,
    parser: ParserProcess,
    options: ReadOptions,
    mapping: SheetMapping | None = None,
) -> tuple[RawSheets, Issues]:
    """Read files into raw sheets; the arguments are those of `pipeline.read.read_raw_sheets`."""
    reading = _Reading(tables, limits, parser, options, mapping)
    files = _parse_files(paths, reading)
    issues_sheets = files.take_issues_sheets()
    contents = tuple(_keep_small_sheets(files, limits.kept_rows))  # before a mapping renames their headers
    if mapping:
        files.grids = mapping.apply(files.grids)
    fed = _extract_fed_sheets(files, reading)
    sources = [_add_row_count(index, file, fed.blocks, files) for index, file in enumerate(files.sources)]
    blocks_of = _group_by_table(fed.blocks, tables)
    findings = list(fed.findings)
    for name, blocks in blocks_of.items():
        findings += filter(None, find_row_findings(tables[name], blocks, options.hidden_rows))
    sheet_issues = [*fed.issues, *_find_sheet_issues(tables, fed.withheld, blocks_of, files)]
    if mapping:
        sources.append(SourceFile(mapping.name, mapping.sha256, mapping.size, notes="mapping"))
    raw = _build_raw_sheets(tables, blocks_of, sources)
    raw = replace(raw, sheet_contents=contents, issues_sheets=issues_sheets)
    return raw, collect_findings(findings) + Issues(sheet_issues=tuple(sheet_issues))


def _parse_files(paths: Sequence[Path], reading: _Reading) -> _ReadFiles:
    files = _ReadFiles()
    for number, path in enumerate(paths, 1):
        for blob in read_blobs(path, reading.limits):
            _refuse_duplicate(blob, files.sources)
            files.add(blob, _parse_blob(blob, reading), number)
    return files


def _parse_blob(blob: Blob, reading: _Reading) -> list[Grid]:
    """Parse a file's sheets, in the worker if its format asks for it."""
    if blob.in_worker:
        return reading.parser.parse(blob.name, blob.data)
    # without a signature it would pass for text with delimiters
    if PurePath(blob.name).suffix.lower() == ".json":
        raise Refusal.SAVED_ANSWER(blob.name)
    file = FormatInput(
        name=blob.name,
        data=blob.data,
        limits=reading.limits,
        options=reading.options,
        count_headers=reading.count_labels,
    )
    reference = choose_parser([file_format.reference for file_format in blob.formats], file)
    if reference is None:  # uncovered: of the formats parsed here, text takes whatever has no signature
        raise Refusal.FOREIGN(blob.name, what=translate(NOT_A_WORKBOOK))
    return list(parse_sheets(reference, file))


def _refuse_duplicate(blob: Blob, sources: Sequence[SourceFile]) -> None:
    """Refuse a file that was given already, under whatever name: its rows would count twice."""
    duplicate = next((source for source in sources if source.sha256 == blob.sha256), None)
    if duplicate is None:
        return
    raise UsageError(
        translate(
            "{name} was given twice, byte for byte; give it once."
            if duplicate.name == blob.name
            else "{name} is the same as {twin}, byte for byte; give it once.",
            name=blob.name,
            twin=duplicate.name,
        )
    )


def _keep_small_sheets(files: _ReadFiles, kept_rows: int) -> Iterator[SheetContent]:
    """Yield the sheets of small files without a package: their marked copies are made from these cells.

    Args:
        files: the files.
        kept_rows: the most rows of a file whose sheets are kept.
    """
    sizes: Counter[int] = Counter()
    for source, grid in files.grids:
        sizes[source] += len(grid)
    for source, grid in files.grids:
        if files.sources[source].package or sizes[source] > kept_rows:
            continue
        ragged = np.zeros(0, np.int64)
        if grid.cell_counts is not None:
            ragged = np.flatnonzero(grid.cell_counts != len(grid.columns))
        yield SheetContent(source, grid.name, grid.columns, grid.kinds, grid.row_numbers, ragged)


def _extract_fed_sheets(files: _ReadFiles, reading: _Reading) -> _FedSheets:
    """Assign the sheets to tables and extract their data rows."""
    groups = SourceGroups([file.name for file in files.sources], files.groups)
    assignment = assign_sheets(files.grids, reading.tables, groups)
    visible = [extract_rows(sheet) for sheet in assignment.bound]
    hidden = decide_hidden_sheets(
        [extract_rows(sheet) for sheet in assignment.hidden],
        visible,
        reading.tables,
        groups,
        reading.options.hidden_sheets,
    )
    fed_files = assignment.fed | {block.sheet.source for block in hidden.included}
    _refuse_unused(files, fed_files, reading.tables)
    blocks, findings = _split_flat_sheets([*visible, *hidden.included])
    return _FedSheets(blocks, findings, assignment.issues + hidden.issues, hidden.withheld)


def _refuse_unused(files: _ReadFiles, fed: set[int], tables: Mapping[str, Table]) -> None:
    """Refuse a file that feeds no table, unless it was only in a folder or zip with files that do."""
    for index, source in enumerate(files.sources):
        if index in fed or (fed and not files.are_named[index]):
            continue
        grids = [grid for grid_source, grid in files.grids if grid_source == index and grid.part]
        raise _refuse_without_table(source.name, grids, tables)


def _refuse_without_table(name: str, grids: Sequence[Grid], tables: Mapping[str, Table]) -> SourceError:
    """Return the refusal of a file in whose sheets no table was found."""
    required = [table for table in tables.values() if not table.optional]
    return Refusal.NOT_OURS(
        name,
        where=_describe_searched_sheets(grids),
        labels=translate(" or ").join(table.label for table in required),
        columns=", ".join(_list_required_columns(required)),
    )


def _describe_searched_sheets(grids: Sequence[Grid]) -> str:
    """Return the part of the sentence that says where no table was found; a text file has no sheets."""
    sheets = ", ".join(
        translate("{name}, hidden", name=grid.name) if grid.is_hidden else grid.name for grid in grids
    )
    if any(grid.is_hidden for grid in grids):
        return translate("none of its sheets ({sheets}) is visible and has", sheets=sheets)
    return translate(
        "none of its sheets ({sheets}) has" if sheets else "its first row has none of", sheets=sheets
    )


def _list_required_columns(tables: Sequence[Table]) -> list[str]:
    labels: dict[str, None] = {}
    for table in tables:
        labels |= dict.fromkeys(column.label for column in table if column.required)
    return list(labels)


def _split_flat_sheets(blocks: Sequence[DataRows]) -> tuple[list[DataRows], list[Findings]]:
    """Split each flat sheet in two blocks; return also its findings, with positions in the whole table."""
    split_blocks: list[DataRows] = []
    findings: list[Findings] = []
    start = 0
    for block in blocks:
        if block.sheet.flat_parent is None:
            split_blocks.append(block)
            continue
        parts = split_flat_sheet(block, block.sheet.flat_parent)
        split_blocks += [parts.invoices, parts.items]
        findings += [replace(finding, rows=finding.rows + start) for finding in parts.findings]
        start += len(block.row_numbers)
    return split_blocks, findings


def _group_by_table(blocks: Sequence[DataRows], tables: Mapping[str, Table]) -> dict[str, list[DataRows]]:
    """Return the blocks of every requested table, also of one without any."""
    blocks_of: dict[str, list[DataRows]] = {name: [] for name in tables}
    for block in blocks:
        if block.sheet.table.name in blocks_of:
            blocks_of[block.sheet.table.name].append(block)
    return blocks_of


def _add_row_count(
    index: int, source: SourceFile, blocks: Sequence[DataRows], files: _ReadFiles
) -> SourceFile:
    """Return a file with the number of its data rows and the notes of how it was read."""
    # The rows of a flat sheet are in two blocks and count once, with the block that reports the header.
    counted = [block for block in blocks if block.sheet.source == index and block.sheet.reports_header]
    notes = next((grid.notes for grid_source, grid in files.grids if grid_source == index), "")
    rows = sum(len(block.row_numbers) for block in counted)
    return replace(source, rows=rows, notes=notes or "workbook")


def _build_raw_sheets(
    tables: Mapping[str, Table], blocks_of: Mapping[str, list[DataRows]], sources: Sequence[SourceFile]
) -> RawSheets:
    """Join the blocks of each table, and count the rows that were left out."""
    totals: list[TotalsRow] = []
    ignored = dict.fromkeys(IGNORED_KINDS, 0)
    for name, blocks in blocks_of.items():
        totals += collect_totals(name, blocks)
        for block in blocks:
            for kind in IGNORED_KINDS:
                ignored[kind] += block.ignored[kind]
    raw_tables = {name: build_raw_table(tables[name], blocks) for name, blocks in blocks_of.items()}
    return RawSheets(raw_tables, tuple(sources), ignored, totals=tuple(totals))


def _find_sheet_issues(
    tables: Mapping[str, Table],
    withheld: set[str],
    blocks_of: Mapping[str, list[DataRows]],
    files: _ReadFiles,
) -> Iterator[SheetIssue]:
    """Yield issues about tables without a sheet or without rows, and about headers and hidden columns."""
    for name, table in tables.items():
        blocks = blocks_of[name]
        has_rows = any(len(block.row_numbers) for block in blocks)
        if name in withheld or (table.optional and not has_rows):
            continue
        if not blocks:
            yield _make_missing_table_issue(table, files)
        elif not has_rows:
            sheet = blocks[0].sheet
            source = files.sources[sheet.source].name
            facts = {"table": table.label}
            yield SheetIssue("E102", source, sheet.grid.name, sheet.header_row, facts=facts)
        for block in blocks:
            source = files.sources[block.sheet.source].name
            yield from find_header_issues(block.sheet, source, block.is_data)
            yield from find_hidden_column_issues(block, source)


def _make_missing_table_issue(table: Table, files: _ReadFiles) -> SheetIssue:
    """Return the issue of a required table that no sheet feeds."""
    names = ", ".join(dict.fromkeys(grid.name for _, grid in files.grids))
    columns = ", ".join(column.label for column in table if column.required)
    sources = ", ".join(file.name for file in files.sources)
    return SheetIssue("E101", sources, facts={"table": table.label, "found": names, "columns": columns})
