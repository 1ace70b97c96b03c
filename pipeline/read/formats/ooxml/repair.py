"""The repair of packages that are valid but written as the parser does not expect.

In: the zip, past the gate.
Out: the zip with `/` in the names of its parts, XML in UTF-8, and no sheet in its list that has no part; and,
where a sheet has errors that the parser does not know, one in which they are errors that it knows.
Never: changes what a cell says, or repairs what could be meant in two ways.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Set

from pipeline.read.files.refusals import Refusal
from pipeline.read.formats.ooxml.package_gate import has_entities
from pipeline.read.formats.ooxml.package_parts import find_workbook_part, list_related_parts

_ENCODING_DECLARATION = re.compile(r"^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_SHEET_ELEMENT = re.compile(rb"<(?:\w+:)?sheet\s[^>]*?/>")
_RELATION_ID = re.compile(rb"""\s\w+:id\s*=\s*["']([^"']*)["']""")

_ERROR_CELL = re.compile(rb"""<((?:\w+:)?)c\b[^>]*?\st\s*=\s*["']e["'][^>]*(?<!/)>.*?</\1c\s*>""", re.DOTALL)
_STORED_VALUE = re.compile(rb"(<(?:\w+:)?v\b[^>/]*>)[^<]*")
_KNOWN_ERROR = rb"\g<1>#N/A"


def repair_package(
    name: str, data: bytes, package: zipfile.ZipFile, utf16_parts: Set[str]
) -> tuple[bytes, zipfile.ZipFile]:
    """Rewrite a package where the parser needs it; else return it as it is.

    Args:
        name: the file's name, for sentences.
        data: its bytes.
        package: the same, opened.
        utf16_parts: parts in UTF-16.

    Returns:
        The bytes, and the package opened on them.

    Raises:
        SourceError: a part in UTF-16 is broken, or declares entities.
    """
    if utf16_parts or any("\\" in member for member in package.NameToInfo):
        parts = _read_parts(package)
        parts |= {part: _convert_to_utf8(name, parts[part]) for part in utf16_parts}
        data, package = _write_package({part.replace("\\", "/"): content for part, content in parts.items()})
    workbook = find_workbook_part(package)
    # a binary workbook lists its sheets in records; its parser leaves the unlinked ones out itself
    if not workbook.endswith(".xml"):
        return data, package
    sheet_list = package.read(workbook)
    linked_list = _drop_unlinked_sheets(sheet_list, set(list_related_parts(package, workbook, "")))
    if linked_list == sheet_list:
        return data, package
    return _write_package(_read_parts(package) | {workbook: linked_list})


def _read_parts(package: zipfile.ZipFile) -> dict[str, bytes]:
    return {member.filename: package.read(member) for member in package.infolist() if not member.is_dir()}


def replace_unknown_errors(package: zipfile.ZipFile, part: str) -> bytes:
    """Return a package for the parser alone, in which every error of a sheet is #N/A.

    The parser refuses sheets with errors that Excel did not have in the beginning, like #SPILL!. Which error
    a cell holds is taken from the sheet's XML afterwards.

    Args:
        package: the workbook.
        part: the sheet's.
    """
    parts = _read_parts(package)
    parts[part] = _ERROR_CELL.sub(lambda cell: _STORED_VALUE.sub(_KNOWN_ERROR, cell[0]), parts[part])
    return _write_package(parts)[0]


def _convert_to_utf8(name: str, content: bytes) -> bytes:
    """Convert XML from UTF-16, with or without a byte-order mark."""
    has_mark = content[:1] in b"\xff\xfe"
    # XML begins with `<`, so a NUL in front is the high byte of it
    byte_order = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    encoding = "utf-16" if has_mark else byte_order
    # the declaration would still say UTF-16 of what is UTF-8 now
    text = _ENCODING_DECLARATION.sub(r"\1", content.decode(encoding))
    if has_entities(text.encode()):
        raise Refusal.ENTITIES(name)
    return text.encode()


def _drop_unlinked_sheets(sheet_list: bytes, linked_ids: Set[str]) -> bytes:
    """Return the list of sheets without those, like modules of macros, that lead to no part."""

    def keep_linked(match: re.Match[bytes]) -> bytes:
        relation_id = _RELATION_ID.search(match[0])
        is_linked = relation_id is None or relation_id[1].decode(errors="replace") in linked_ids
        return match[0] if is_linked else b""

    return _SHEET_ELEMENT.sub(keep_linked, sheet_list)


def _write_package(parts: dict[str, bytes]) -> tuple[bytes, zipfile.ZipFile]:
    buffer = io.BytesIO()
    # stored, not packed: it never leaves this process
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as package:
        for part, content in parts.items():
            package.writestr(part, content)
    return buffer.getvalue(), zipfile.ZipFile(buffer)


__all__ = ["repair_package", "replace_unknown_errors"]
