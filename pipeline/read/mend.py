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

from pipeline.read import refuse
from pipeline.read.package import declares_entities, targets, workbook_part

_ENCODING = re.compile(r"^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*?/>")
_LINK = re.compile(rb"""\s\w+:id\s*=\s*["']([^"']*)["']""")

_ERROR_CELL = re.compile(rb"""<((?:\w+:)?)c\b[^>]*?\st\s*=\s*["']e["'][^>]*(?<!/)>.*?</\1c\s*>""", re.DOTALL)
_STORED = re.compile(rb"(<(?:\w+:)?v\b[^>/]*>)[^<]*")
_KNOWN_ERROR = rb"\g<1>#N/A"


def mended(name: str, data: bytes, package: zipfile.ZipFile, wide: Set[str]) -> tuple[bytes, zipfile.ZipFile]:
    """The package and its bytes, written anew where that is needed; `wide` are parts in UTF-16.

    Raises:
        SourceError: a part in UTF-16 is broken, or declares entities.
    """
    if wide or any("\\" in each for each in package.NameToInfo):
        parts = {each.filename: package.read(each) for each in package.infolist() if not each.is_dir()}
        for part in wide:
            parts[part] = _narrow(name, parts[part])
        data, package = _written({part.replace("\\", "/"): content for part, content in parts.items()})
    workbook = workbook_part(package)
    if workbook.endswith(".xml") and workbook in package.NameToInfo:
        listed = package.read(workbook)
        linked = _only_linked(listed, set(targets(package, workbook, "")))
        if linked != listed:
            parts = {each.filename: package.read(each) for each in package.infolist()}
            return _written(parts | {workbook: linked})
    return data, package


def with_known_errors(package: zipfile.ZipFile, part: str) -> bytes:
    """A package for the parser alone, in which every error of a sheet is the same: which one, its XML still tells.

    Args:
        package: the workbook.
        part: of the sheet.
    """
    parts = {each.filename: package.read(each) for each in package.infolist() if not each.is_dir()}
    parts[part] = _ERROR_CELL.sub(lambda cell: _STORED.sub(_KNOWN_ERROR, cell[0]), parts[part])
    return _written(parts)[0]


def _narrow(name: str, content: bytes) -> bytes:
    """XML in UTF-8 that was in UTF-16."""
    encoding = (
        "utf-16" if content[:1] in b"\xff\xfe" else "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    )
    text = _ENCODING.sub(r"\1", content.decode(encoding))
    if declares_entities(text.encode()):
        raise refuse.ENTITIES(name)
    return text.encode()


def _only_linked(listed: bytes, links: Set[str]) -> bytes:
    """The list of sheets without those, like modules of macros, that lead to no part."""

    def kept(found: re.Match[bytes]) -> bytes:
        link = _LINK.search(found[0])
        return found[0] if link is None or link[1].decode(errors="replace") in links else b""

    return _SHEET.sub(kept, listed)


def _written(parts: dict[str, bytes]) -> tuple[bytes, zipfile.ZipFile]:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as package:
        for part, content in parts.items():
            package.writestr(part, content)
    return sink.getvalue(), zipfile.ZipFile(sink)


__all__ = ["mended", "with_known_errors"]
