"""Stage 1, in the child: a package that is written unusually -> the same, as the parser expects it.

In: the zip, past the gate.
Out: the zip with `/` in the names of its parts, XML in UTF-8, and no sheet in its list that has no part; and, where
a sheet has errors that the parser does not know, one in which they are errors that it knows.
Never: changes what a cell says, or mends what could be meant in two ways.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Set

from pipeline.read.files.refusals import Refusal
from pipeline.read.formats.ooxml.package_gate import (
    declares_entities,
    find_workbook_part,
    list_related_parts,
)

_ENCODING_DECLARATION = re.compile(r"^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_SHEET_ELEMENT = re.compile(rb"<(?:\w+:)?sheet\s[^>]*?/>")
_RELATION_ID = re.compile(rb"""\s\w+:id\s*=\s*["']([^"']*)["']""")

_ERROR_CELL = re.compile(rb"""<((?:\w+:)?)c\b[^>]*?\st\s*=\s*["']e["'][^>]*(?<!/)>.*?</\1c\s*>""", re.DOTALL)
_STORED_VALUE = re.compile(rb"(<(?:\w+:)?v\b[^>/]*>)[^<]*")
_KNOWN_ERROR = rb"\g<1>#N/A"


def repair_package(
    name: str, data: bytes, package: zipfile.ZipFile, utf16_parts: Set[str]
) -> tuple[bytes, zipfile.ZipFile]:
    """The package and its bytes, written anew where that is needed; `wide` are parts in UTF-16.

    Raises:
        SourceError: a part in UTF-16 is broken, or declares entities.
    """
    if utf16_parts or any("\\" in member for member in package.NameToInfo):
        parts = {
            part_name.filename: package.read(part_name)
            for part_name in package.infolist()
            if not part_name.is_dir()
        }
        for part in utf16_parts:
            parts[part] = _convert_to_utf8(name, parts[part])
        data, package = _write_package({part.replace("\\", "/"): content for part, content in parts.items()})
    workbook = find_workbook_part(package)
    if workbook.endswith(".xml") and workbook in package.NameToInfo:
        sheet_list = package.read(workbook)
        linked_list = _drop_unlinked_sheets(sheet_list, set(list_related_parts(package, workbook, "")))
        if linked_list != sheet_list:
            parts = {member.filename: package.read(member) for member in package.infolist()}
            return _write_package(parts | {workbook: linked_list})
    return data, package


def replace_unknown_errors(package: zipfile.ZipFile, part: str) -> bytes:
    """A package for the parser alone, in which every error of a sheet is the same: which one, its XML still tells.

    Args:
        package: the workbook.
        part: of the sheet.
    """
    parts = {member.filename: package.read(member) for member in package.infolist() if not member.is_dir()}
    parts[part] = _ERROR_CELL.sub(lambda cell: _STORED_VALUE.sub(_KNOWN_ERROR, cell[0]), parts[part])
    return _write_package(parts)[0]


def _convert_to_utf8(name: str, content: bytes) -> bytes:
    """XML in UTF-8 that was in UTF-16."""
    encoding = (
        "utf-16" if content[:1] in b"\xff\xfe" else "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    )
    text = _ENCODING_DECLARATION.sub(r"\1", content.decode(encoding))
    if declares_entities(text.encode()):
        raise Refusal.ENTITIES(name)
    return text.encode()


def _drop_unlinked_sheets(sheet_list: bytes, linked_ids: Set[str]) -> bytes:
    """The list of sheets without those, like modules of macros, that lead to no part."""

    def keep_linked(match: re.Match[bytes]) -> bytes:
        relation_id = _RELATION_ID.search(match[0])
        return (
            match[0] if relation_id is None or relation_id[1].decode(errors="replace") in linked_ids else b""
        )

    return _SHEET_ELEMENT.sub(keep_linked, sheet_list)


def _write_package(parts: dict[str, bytes]) -> tuple[bytes, zipfile.ZipFile]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as package:
        for part, content in parts.items():
            package.writestr(part, content)
    return buffer.getvalue(), zipfile.ZipFile(buffer)


__all__ = ["repair_package", "replace_unknown_errors"]
