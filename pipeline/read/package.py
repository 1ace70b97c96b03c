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

from pipeline.read import refuse
from pipeline.read.limits import LARGE, MAX_COLUMNS, MAX_ROWS, ReadLimits
from pipeline.read.scanned import column_index

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ParseError, KeyError, ValueError)
_CHUNK = 4 << 20
_OVERLAP = 64
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_WIDE = re.compile(rb' r="(?:[A-Za-z]{3}|[B-Zb-z][A-Za-z]|[A-Za-z]{1,2}\d{7})')
"""A reference beyond column AZ or row 999,999; without one a sheet has at most 52 million cells."""
_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\sr="([A-Za-z]+)(\d+)"[^>]*(?<!/)>(?!</)')
_WORKBOOK = "xl/workbook.xml"
WORKSHEET = "worksheet"


class Oddities(NamedTuple):
    """Parts that are not written as usual: with comments or CDATA; in UTF-16."""

    commented: set[str]
    wide: set[str]


def gate(name: str, package: zipfile.ZipFile, limits: ReadLimits) -> Oddities:
    """Refuse a package that is broken, hostile, or too large to be read.

    Returns:
        The parts where regular expressions may go astray.

    Raises:
        SourceError: with the reason.
    """
    members = package.infolist()
    names = [each.filename for each in members]
    if len(members) > limits.members:
        raise refuse.TOO_MANY_PARTS(name, count=len(members), most=limits.members)
    if len({each.casefold() for each in names}) < len(names):
        raise refuse.SAME_PARTS(name)
    if any(_outside(each) for each in names):
        raise refuse.OUTSIDE(name)
    if any(each.flag_bits & 1 for each in members):
        raise refuse.PROTECTED(name)
    room, odd = limits.unpacked, Oddities(set(), set())
    for member in members:
        room -= _walk(name, package, member, room, limits, odd)
    return odd


def _outside(path: str) -> bool:
    return path.startswith(("/", "\\")) or ":" in path or ".." in re.split(r"[/\\]", path)


def _walk(
    name: str, package: zipfile.ZipFile, member: zipfile.ZipInfo, room: int, limits: ReadLimits, odd: Oddities
) -> int:
    """Inflate one part and look for what must not be there; returns its size."""
    size = 0
    markup = member.filename.lower().endswith((".xml", ".rels", ".vml"))
    extent = _Extent(name, limits.area) if _is_sheet(member.filename) else None
    for piece in _overlapping(package, member):
        size += len(piece) - _OVERLAP
        if size > room:
            raise refuse.TOO_LARGE(name, most=limits.unpacked >> 20)
        if size > LARGE and size > limits.ratio * max(member.compress_size, 1):
            raise refuse.BOMB(name, most=limits.ratio)
        if extent:
            extent.add(piece)
        if markup and b"\0" in piece:
            odd.wide.add(member.filename)
        if markup and b"<!" in piece:
            odd.commented.add(member.filename)
            if declares_entities(piece):
                raise refuse.ENTITIES(name)
    return size


def declares_entities(markup: bytes) -> bool:
    """Whether XML in UTF-8 declares a document type or an entity."""
    return _DECLARATION.search(markup) is not None


def _overlapping(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces that share some bytes, so that nothing hides at a seam."""
    tail = b" " * _OVERLAP
    with package.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            piece = tail + chunk
            yield piece
            tail = piece[-_OVERLAP:]


def _is_sheet(path: str) -> bool:
    return path.lower().endswith(".xml") and "/worksheets/" in path.lower()


class _Extent:
    """How far out the cells of a sheet lie."""

    def __init__(self, name: str, area: int) -> None:
        self._name, self._area = name, area
        self._rows = self._columns = 0

    def add(self, piece: bytes) -> None:
        """Look at some of a sheet's XML; only cells with content count, as the parser sees it."""
        if not _WIDE.search(piece):
            return
        for letters, digits in set(_CELL.findall(piece)):
            if len(letters) > 3 or len(digits) > 7:
                self._refuse(letters, digits)
            self._columns = max(self._columns, column_index(letters.decode()) + 1)
            self._rows = max(self._rows, int(digits))
            beyond = self._rows > MAX_ROWS or self._columns > MAX_COLUMNS
            if beyond or self._rows * self._columns > self._area:
                self._refuse(letters, digits)

    def _refuse(self, letters: bytes, digits: bytes) -> None:
        raise refuse.FAR_OUT(self._name, cell=(letters[:8] + digits[:12]).decode())


def part_of(package: zipfile.ZipFile, part: str, kind: str) -> str:
    """The first part of a kind that another leads to; "" when there is none."""
    for each in _relations(package, part):
        if each.get("Type", "").endswith(f"/{kind}") and _target(part, each) in package.NameToInfo:
            return _target(part, each)
    return ""


def targets(package: zipfile.ZipFile, part: str, kind: str) -> dict[str, str]:
    """The parts of a kind (or of any, "") that another leads to, by the name of the relation."""
    return {
        each.get("Id", ""): _target(part, each)
        for each in _relations(package, part)
        if each.get("Type", "").endswith(kind and f"/{kind}") and _target(part, each) in package.NameToInfo
    }


def workbook_part(package: zipfile.ZipFile) -> str:
    """The part that lists the sheets; "" when there is none."""
    return part_of(package, "", "officeDocument") or (_WORKBOOK if _WORKBOOK in package.NameToInfo else "")


def shared_texts(package: zipfile.ZipFile) -> list[str]:
    """The texts that cells refer to by their number, without phonetic hints."""
    part = part_of(package, workbook_part(package), "sharedStrings")
    return ["".join(_texts(each)) for each in xml(package, part) if local(each.tag) == "si"] if part else []


def _texts(element: Element) -> Iterator[str]:
    for each in element:
        if local(each.tag) == "t":
            yield each.text or ""
        elif local(each.tag) == "r":
            yield from _texts(each)


def _relations(package: zipfile.ZipFile, part: str) -> list[Element]:
    folder, file = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{file}.rels")
    return list(xml(package, relations)) if relations in package.NameToInfo else []


def _target(part: str, relation: Element) -> str:
    """The part a relation leads to; a target is absolute or relative to the part's folder."""
    target = relation.get("Target", "")
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))


def xml(package: zipfile.ZipFile, part: str) -> Element:
    """A part as a tree; only for parts that stay small."""
    return defusedxml.ElementTree.fromstring(package.read(part), forbid_dtd=True)


def local(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]
