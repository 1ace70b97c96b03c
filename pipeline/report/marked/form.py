"""A template that is filled: the rows below its headers go, others come in their place, and all else stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pipeline.report.marked.markup import attributes, document, elements
from pipeline.report.marked.package import Package

_FIRST_ROW = re.compile(rb"<sheetData>\s*<row\b.*?</row>", re.DOTALL)


def sheets(package: Package) -> Mapping[str, str]:
    """The part of each sheet, by its name.

    Args:
        package: the workbook.
    """
    parts = {each.id: each.part for each in package.relations(package.workbook)}
    found = document(package.read(package.workbook)).find("sheets")
    known = [each.attributes for each in document(found.xml).children] if found else []
    return {each["name"]: parts[each["r:id"]] for each in known}


def formats(package: Package, part: str) -> Mapping[int, int]:
    """The format of each column of a sheet, where it has one.

    Args:
        package: the workbook.
        part: of the sheet.
    """
    columns = [attributes(tag) for tag in elements(package.read(part), "col")]
    return {
        at - 1: int(each["style"])
        for each in columns
        if "style" in each
        for at in range(int(each["min"]), int(each["max"]) + 1)
    }


def fill(package: Package, part: str, rows: Iterable[bytes]) -> None:
    """Put rows below the header of a sheet, in the place of those that are there.

    Args:
        package: the workbook.
        part: of the sheet.
        rows: as XML.
    """
    package.replace(part, _filled(package.read(part), rows))


def _filled(xml: bytes, rows: Iterable[bytes]) -> Iterator[bytes]:
    header = _FIRST_ROW.search(xml)
    if header is None:
        raise ValueError("a template without a header")
    yield xml[: header.end()]
    yield from rows
    yield xml[xml.index(b"</sheetData>", header.end()) :]
