"""Stage 1, in the child: the gate before the parser, and the parts of a workbook's package.

In: the zip.
Out: which part holds which sheet; or a refusal that says why.
Never: believes a header of the zip (bytes are counted), expands an entity, or keeps a part in memory.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree

from pipeline.read.files.limits import MAX_COLUMNS, MAX_ROWS, RATIO_CHECKED_FROM, ReadLimits
from pipeline.read.files.refusals import Refusal
from pipeline.read.formats.ooxml.sheet_facts import parse_column_letters

DAMAGE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    ParseError,
    KeyError,
    ValueError,
)
_CHUNK_BYTES = 4 << 20
_OVERLAP_BYTES = 64
_XML_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_FAR_REFERENCE = re.compile(rb' r="(?:[A-Za-z]{3}|[B-Zb-z][A-Za-z]|[A-Za-z]{1,2}\d{7})')
"""A reference beyond column AZ or row 999,999; without one a sheet has at most 52 million cells."""
_FILLED_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\sr="([A-Za-z]+)(\d+)"[^>]*(?<!/)>(?!</)')
_DEFAULT_WORKBOOK_PART = "xl/workbook.xml"
WORKSHEET_RELATION = "worksheet"


class UnusualParts(NamedTuple):
    """Parts that are not written as usual: with comments or CDATA; in UTF-16."""

    commented: set[str]
    utf16: set[str]


def check_package(name: str, package: zipfile.ZipFile, limits: ReadLimits) -> UnusualParts:
    """Refuse a package that is broken, hostile, or too large to be read.

    Returns:
        The parts where regular expressions may go astray.

    Raises:
        SourceError: with the reason.
    """
    members = package.infolist()
    names = [member.filename for member in members]
    if len(members) > limits.members:
        raise Refusal.TOO_MANY_PARTS(name, count=len(members), most=limits.members)
    if len({name.casefold() for name in names}) < len(names):
        raise Refusal.SAME_PARTS(name)
    if any(_is_outside(name) for name in names):
        raise Refusal.OUTSIDE(name)
    if any(member.flag_bits & 1 for member in members):
        raise Refusal.PROTECTED(name)
    remaining_bytes, unusual = limits.unpacked, UnusualParts(set(), set())
    for member in members:
        remaining_bytes -= _check_part(name, package, member, remaining_bytes, limits, unusual)
    return unusual


def _is_outside(path: str) -> bool:
    return path.startswith(("/", "\\")) or ":" in path or ".." in re.split(r"[/\\]", path)


def _check_part(
    name: str,
    package: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    remaining_bytes: int,
    limits: ReadLimits,
    unusual: UnusualParts,
) -> int:
    """Inflate one part and look for what must not be there; returns its size."""
    size = 0
    is_markup = member.filename.lower().endswith((".xml", ".rels", ".vml"))
    extent = _SheetExtent(name, limits.area) if _is_sheet_part(member.filename) else None
    for piece in _iter_overlapping(package, member):
        size += len(piece) - _OVERLAP_BYTES
        if size > remaining_bytes:
            raise Refusal.TOO_LARGE(name, most=limits.unpacked >> 20)
        if size > RATIO_CHECKED_FROM and size > limits.ratio * max(member.compress_size, 1):
            raise Refusal.BOMB(name, most=limits.ratio)
        if extent:
            extent.add_piece(piece)
        if is_markup and b"\0" in piece:
            unusual.utf16.add(member.filename)
        if is_markup and b"<!" in piece:
            unusual.commented.add(member.filename)
            if declares_entities(piece):
                raise Refusal.ENTITIES(name)
    return size


def declares_entities(xml: bytes) -> bool:
    """Whether XML in UTF-8 declares a document type or an entity."""
    return _XML_DECLARATION.search(xml) is not None


def _iter_overlapping(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces that share some bytes, so that nothing hides at a seam."""
    tail = b" " * _OVERLAP_BYTES
    with package.open(member) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            piece = tail + chunk
            yield piece
            tail = piece[-_OVERLAP_BYTES:]


def _is_sheet_part(path: str) -> bool:
    return path.lower().endswith(".xml") and "/worksheets/" in path.lower()


class _SheetExtent:
    """How far out the cells of a sheet lie."""

    def __init__(self, name: str, area: int) -> None:
        self._name, self._area = name, area
        self._rows = self._columns = 0

    def add_piece(self, piece: bytes) -> None:
        """Look at some of a sheet's XML; only cells with content count, as the parser sees it."""
        if not _FAR_REFERENCE.search(piece):
            return
        for letters, digits in set(_FILLED_CELL.findall(piece)):
            if len(letters) > 3 or len(digits) > 7:
                self._refuse_cell(letters, digits)
            self._columns = max(self._columns, parse_column_letters(letters.decode()) + 1)
            self._rows = max(self._rows, int(digits))
            is_beyond = self._rows > MAX_ROWS or self._columns > MAX_COLUMNS
            if is_beyond or self._rows * self._columns > self._area:
                self._refuse_cell(letters, digits)

    def _refuse_cell(self, letters: bytes, digits: bytes) -> None:
        raise Refusal.FAR_OUT(self._name, cell=(letters[:8] + digits[:12]).decode())


def find_part(package: zipfile.ZipFile, part: str, kind: str) -> str:
    """The first part of a kind that another leads to; "" when there is none."""
    for relation in _read_relations(package, part):
        if (
            relation.get("Type", "").endswith(f"/{kind}")
            and _resolve_relation_target(part, relation) in package.NameToInfo
        ):
            return _resolve_relation_target(part, relation)
    return ""


def list_related_parts(package: zipfile.ZipFile, part: str, kind: str) -> dict[str, str]:
    """The parts of a kind (or of any, "") that another leads to, by the name of the relation."""
    return {
        relation.get("Id", ""): _resolve_relation_target(part, relation)
        for relation in _read_relations(package, part)
        if relation.get("Type", "").endswith(kind and f"/{kind}")
        and _resolve_relation_target(part, relation) in package.NameToInfo
    }


def find_workbook_part(package: zipfile.ZipFile) -> str:
    """The part that lists the sheets; "" when there is none."""
    return find_part(package, "", "officeDocument") or (
        _DEFAULT_WORKBOOK_PART if _DEFAULT_WORKBOOK_PART in package.NameToInfo else ""
    )


def read_shared_strings(package: zipfile.ZipFile) -> list[str]:
    """The texts that cells refer to by their number, without phonetic hints."""
    part = find_part(package, find_workbook_part(package), "sharedStrings")
    return (
        [
            "".join(_iter_texts(item))
            for item in parse_xml_part(package, part)
            if strip_namespace(item.tag) == "si"
        ]
        if part
        else []
    )


def _iter_texts(element: Element) -> Iterator[str]:
    for child in element:
        if strip_namespace(child.tag) == "t":
            yield child.text or ""
        elif strip_namespace(child.tag) == "r":
            yield from _iter_texts(child)


def _read_relations(package: zipfile.ZipFile, part: str) -> list[Element]:
    folder, file = posixpath.split(part)
    relations_path = posixpath.join(folder, "_rels", f"{file}.rels")
    return list(parse_xml_part(package, relations_path)) if relations_path in package.NameToInfo else []


def _resolve_relation_target(part: str, relation: Element) -> str:
    """The part a relation leads to; a target is absolute or relative to the part's folder."""
    target = relation.get("Target", "")
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))


def parse_xml_part(package: zipfile.ZipFile, part: str) -> Element:
    """A part as a tree; only for parts that stay small."""
    return defusedxml.ElementTree.fromstring(package.read(part), forbid_dtd=True)


def strip_namespace(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]
