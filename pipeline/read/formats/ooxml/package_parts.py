"""Navigation in a workbook's package: parts, the relations between them, and parts as XML trees.

In: a zip that the gate has let through.
Out: names of parts, small parts as trees, and the shared strings.
Never: expands an entity, or reads a sheet as a tree.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

import defusedxml.ElementTree

from pipeline.spreadsheet.relations import DEFAULT_WORKBOOK_PART, get_relations_path, resolve_target
from pipeline.spreadsheet.xml_bytes import get_local_name

WORKSHEET_RELATION = "worksheet"


class _Link(NamedTuple):
    id: str
    type: str
    part: str


def find_part(package: zipfile.ZipFile, part: str, kind: str) -> str:
    """Return the first part of a kind that another leads to; "" when there is none."""
    links = _iter_links(package, part)
    # by the ending: Strict Open XML has other addresses that end alike
    return next((link.part for link in links if link.type.endswith(f"/{kind}")), "")


def list_related_parts(package: zipfile.ZipFile, part: str, kind: str) -> dict[str, str]:
    """Return the parts of a kind (of any, for "") that another leads to, by the id of the relation."""
    ending = kind and f"/{kind}"
    return {link.id: link.part for link in _iter_links(package, part) if link.type.endswith(ending)}


def find_workbook_part(package: zipfile.ZipFile) -> str:
    """Return the part that lists the sheets; "" when there is none."""
    default = DEFAULT_WORKBOOK_PART if DEFAULT_WORKBOOK_PART in package.NameToInfo else ""
    return find_part(package, "", "officeDocument") or default


def read_shared_strings(package: zipfile.ZipFile) -> list[str]:
    """Return the texts that cells refer to by their number, without phonetic hints."""
    part = find_part(package, find_workbook_part(package), "sharedStrings")
    if not part:
        return []
    items = (item for item in parse_xml_part(package, part) if get_local_name(item.tag) == "si")
    return ["".join(_iter_texts(item)) for item in items]


def _iter_texts(element: Element) -> Iterator[str]:
    for child in element:
        if get_local_name(child.tag) == "t":
            yield child.text or ""
        elif get_local_name(child.tag) == "r":
            yield from _iter_texts(child)


def _iter_links(package: zipfile.ZipFile, part: str) -> Iterator[_Link]:
    """Yield the relations that lead to a part which is there."""
    relations_path = get_relations_path(part)
    if relations_path not in package.NameToInfo:
        return
    for relation in parse_xml_part(package, relations_path):
        target = resolve_target(part, relation.get("Target", ""))
        if target in package.NameToInfo:
            yield _Link(relation.get("Id", ""), relation.get("Type", ""), target)


def parse_xml_part(package: zipfile.ZipFile, part: str) -> Element:
    """Parse a part as a tree; only for parts that stay small."""
    return defusedxml.ElementTree.fromstring(package.read(part), forbid_dtd=True)
