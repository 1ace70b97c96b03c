"""A template that is filled: the rows below its headers go, others come in their place, and all else stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.xml_bytes import find_start_tags, parse_attributes, parse_element

_FIRST_ROW = re.compile(rb"<sheetData>\s*<row\b.*?</row>", re.DOTALL)


def map_sheet_parts(package: WorkbookPackage) -> Mapping[str, str]:
    """The part of each sheet, by its name.

    Args:
        package: the workbook.
    """
    part_of_relation = {relation.id: relation.part for relation in package.list_relations(package.workbook)}
    sheet_list = parse_element(package.read(package.workbook)).find("sheets")
    sheet_attributes = (
        [sheet.attributes for sheet in parse_element(sheet_list.xml).children] if sheet_list else []
    )
    return {sheet["name"]: part_of_relation[sheet["r:id"]] for sheet in sheet_attributes}


def read_column_styles(package: WorkbookPackage, part: str) -> Mapping[int, int]:
    """The format of each column of a sheet, where it has one.

    Args:
        package: the workbook.
        part: of the sheet.
    """
    columns = [parse_attributes(tag) for tag in find_start_tags(package.read(part), "col")]
    return {
        number - 1: int(column["style"])
        for column in columns
        if "style" in column
        for number in range(int(column["min"]), int(column["max"]) + 1)
    }


def replace_data_rows(package: WorkbookPackage, part: str, rows: Iterable[bytes]) -> None:
    """Put rows below the header of a sheet, in the place of those that are there.

    Args:
        package: the workbook.
        part: of the sheet.
        rows: as XML.
    """
    package.replace(part, _insert_rows(package.read(part), rows))


def _insert_rows(xml: bytes, rows: Iterable[bytes]) -> Iterator[bytes]:
    header = _FIRST_ROW.search(xml)
    if header is None:
        raise ValueError("a template without a header")
    yield xml[: header.end()]
    yield from rows
    yield xml[xml.index(b"</sheetData>", header.end()) :]
