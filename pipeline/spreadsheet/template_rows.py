"""A workbook made to be filled: the rows below its headers are replaced, and all else stays.

In: the package of a template, and rows as XML.
Out: the package with those rows; the parts of its sheets and the formats of their columns.
Never: changes a header, or anything behind the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.xml_bytes import find_start_tags, parse_attributes, parse_element

_FIRST_ROW = re.compile(rb"<sheetData>\s*<row\b.*?</row>", re.DOTALL)


def map_sheet_parts(package: WorkbookPackage) -> Mapping[str, str]:
    """Return the part of each sheet by the sheet's name.

    Args:
        package: the workbook.
    """
    part_of_relation = {relation.id: relation.part for relation in package.list_relations(package.workbook)}
    sheet_list = parse_element(package.read(package.workbook)).find("sheets")
    sheets = [sheet.attributes for sheet in parse_element(sheet_list.xml).children] if sheet_list else []
    return {sheet["name"]: part_of_relation[sheet["r:id"]] for sheet in sheets}


def read_column_styles(package: WorkbookPackage, part: str) -> Mapping[int, int]:
    """Return the format of each column of a sheet that has one, by the column's position.

    Args:
        package: the workbook.
        part: of the sheet.
    """
    styles: dict[int, int] = {}
    for tag in find_start_tags(package.read(part), "col"):
        column = parse_attributes(tag)
        if "style" in column:
            # `min` and `max` are counted from 1, and both belong to the span.
            styles |= dict.fromkeys(range(int(column["min"]) - 1, int(column["max"])), int(column["style"]))
    return styles


def replace_data_rows(package: WorkbookPackage, part: str, rows: Iterable[bytes]) -> None:
    """Put rows below the header of a sheet, in place of those that are there.

    Args:
        package: the workbook.
        part: of the sheet.
        rows: `<row>` elements, any number in each piece.

    Raises:
        ValueError: the sheet has no header.
    """
    package.replace(part, _insert_rows(package.read(part), rows))


def _insert_rows(xml: bytes, rows: Iterable[bytes]) -> Iterator[bytes]:
    header = _FIRST_ROW.search(xml)
    if header is None:
        raise ValueError("a template without a header")  # uncovered: our own template has a header
    yield xml[: header.end()]
    yield from rows
    yield xml[xml.index(b"</sheetData>", header.end()) :]
