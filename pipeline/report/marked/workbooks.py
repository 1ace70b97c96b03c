"""Which workbooks come back marked: one for each workbook, and one for files that are none.

In: the files and the sheets that were kept.
Out: a `SourceWorkbook` for each, with a file name that no other has.
Never: gives two copies one name, or one a name that is too long for a disk.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.acceptance.assessment import Assessment
from pipeline.model.sheets import SheetContent
from pipeline.spreadsheet.new_workbook import get_sheet_part

SheetKey = tuple[str, int]
"""A table's name, and the index of one of its sheets."""

_FORBIDDEN_IN_FILE_NAMES = '<>:"|?*'
_MAX_STEM_BYTES = 180
"""Disks allow 255 bytes for a file name; the rest is for a number and the suffix."""


@dataclass(frozen=True)
class SourceWorkbook:
    """A workbook that comes back.

    Attributes:
        name: of the file it is a copy of, or the first of the files.
        sources: indices of the files.
        pages: what it is made from; empty for one that is marked in place.
    """

    name: str
    sources: tuple[int, ...]
    pages: tuple[SheetContent, ...] = ()


def list_workbooks(assessment: Assessment) -> list[SourceWorkbook]:
    """List the workbooks that come back.

    Of files with one sheet, the first with invoices and the first with items share a workbook, and so on.

    Args:
        assessment: what is known at the end of a check.
    """
    sources, pages = assessment.raw.sources, assessment.raw.sheet_contents
    workbooks = [
        SourceWorkbook(source.name, (index,)) for index, source in enumerate(sources) if source.package
    ]
    pages_of_source: dict[int, list[SheetContent]] = defaultdict(list)
    for page in pages:
        pages_of_source[page.source].append(page)
    groups = [group for group in pages_of_source.values() if len(group) > 1]
    groups += _group_by_turn([page for page in pages if len(pages_of_source[page.source]) == 1], assessment)
    for group in groups:
        indices = tuple(dict.fromkeys(page.source for page in group))
        workbooks.append(SourceWorkbook(sources[indices[0]].name, indices, tuple(group)))
    return workbooks


def _group_by_turn(pages: list[SheetContent], assessment: Assessment) -> list[list[SheetContent]]:
    """Put the first page of every table together, the second of every table, and so on."""
    table_of_page = _map_pages_to_tables(assessment)
    groups: dict[int, list[SheetContent]] = defaultdict(list)
    seen_of_table: Counter[str] = Counter()
    for page in pages:
        table = table_of_page.get((page.source, page.name), "")
        if table:
            groups[seen_of_table[table]].append(page)
            seen_of_table[table] += 1
    return list(groups.values())


def _map_pages_to_tables(assessment: Assessment) -> Mapping[tuple[int, str], str]:
    tables = {}
    for name, raw in assessment.raw.tables.items():
        tables.update({(sheet.source, sheet.name): name for sheet in raw.sheets})
    return tables


def name_workbooks(assessment: Assessment) -> Iterator[tuple[SourceWorkbook, str]]:
    """Yield the workbooks that come back, each with a file name that no other has.

    Args:
        assessment: what is known at the end of a check.
    """
    taken_names: set[str] = set()
    for workbook in list_workbooks(assessment):
        name, number = _build_copy_name(workbook.name), 1
        stem, _, suffix = name.rpartition(".marked.")
        # without case, since some disks do not tell such names apart
        while name.casefold() in taken_names:
            number += 1
            name = f"{stem}-{number}.marked.{suffix}"
        taken_names.add(name.casefold())
        yield workbook, name


def _build_copy_name(name: str) -> str:
    """Return the name of a marked copy: the file's own, made safe and short enough for any disk.

    Args:
        name: of the file, perhaps behind that of its ZIP.
    """
    # the path in a ZIP may have been written by Windows
    path = PurePosixPath(name.replace("\\", "/"))
    stem = "".join(_make_safe(character) for character in path.stem)
    # cut in bytes, as disks count; half a character at the cut is dropped
    cut = stem.removesuffix(".marked").encode()[:_MAX_STEM_BYTES].decode("utf-8", "ignore")
    suffix = ".xlsm" if path.suffix.lower() == ".xlsm" else ".xlsx"
    return f"{cut.strip('. ') or 'sheets'}.marked{suffix}"


def _make_safe(character: str) -> str:
    return character if character.isprintable() and character not in _FORBIDDEN_IN_FILE_NAMES else "_"


def map_sheets_to_parts(workbook: SourceWorkbook, assessment: Assessment) -> Mapping[SheetKey, str]:
    """Return the part of each sheet of a workbook that holds rows of a table.

    Args:
        workbook: one that comes back.
        assessment: what is known at the end of a check.
    """
    page_parts = {
        (page.source, page.name): get_sheet_part(index) for index, page in enumerate(workbook.pages)
    }
    parts = {}
    for table in assessment.tables:
        for index, sheet in enumerate(assessment.raw.tables[table].sheets):
            if workbook.pages and (sheet.source, sheet.name) in page_parts:
                parts[table, index] = page_parts[sheet.source, sheet.name]
            elif not workbook.pages and sheet.source == workbook.sources[0]:
                parts[table, index] = sheet.part
    return parts
