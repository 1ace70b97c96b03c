"""The gate before the parser: refuses packages that are broken, hostile, or too large.

In: the zip as it was received.
Out: the parts that are written unusually; or a refusal that says why.
Never: believes a header of the zip (bytes are counted), expands an entity, or keeps a part in memory.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.read.files.limits import MAX_COLUMNS, MAX_ROWS, RATIO_CHECKED_FROM, ReadLimits
from pipeline.read.files.refusals import Refusal
from pipeline.spreadsheet.references import parse_column_letters

_CHUNK_BYTES = 4 << 20
_OVERLAP_BYTES = 64
_XML_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_FAR_REFERENCE = re.compile(rb' r="(?:[A-Za-z]{3}|[B-Zb-z][A-Za-z]|[A-Za-z]{1,2}\d{7})')
"""A reference beyond column AZ or row 999,999; without one a sheet has at most 52 million cells."""
# neither `<c/>` nor `<c></c>`: the parser allocates nothing for cells that are only formatted
_FILLED_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\sr="([A-Za-z]+)(\d+)"[^>]*(?<!/)>(?!</)')


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
    # Windows and Excel take names that differ in case alone for the same part
    if len({name.casefold() for name in names}) < len(names):
        raise Refusal.SAME_PARTS(name)
    if any(_is_outside(name) for name in names):
        raise Refusal.OUTSIDE(name)
    # bit 0 of the flags: the member is encrypted
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
    """Inflate one part, look for what must not be there, and return its size."""
    size = 0
    is_markup = member.filename.lower().endswith((".xml", ".rels", ".vml"))
    extent = _SheetExtent(name, limits.area) if _is_sheet_part(member.filename) else None
    for piece in _iter_overlapping(package, member):
        # the bytes that pieces share count once
        size += len(piece) - _OVERLAP_BYTES
        if size > remaining_bytes:
            raise Refusal.TOO_LARGE(name, most=limits.unpacked >> 20)
        if size > RATIO_CHECKED_FROM and size > limits.ratio * max(member.compress_size, 1):
            raise Refusal.BOMB(name, most=limits.ratio)
        if extent:
            extent.add_piece(piece)
        if is_markup:
            _check_markup(name, member.filename, piece, unusual)
    return size


def _check_markup(name: str, part: str, piece: bytes, unusual: UnusualParts) -> None:
    """Note a piece of XML that is in UTF-16 or commented; refuse one that declares entities."""
    # the searches below find nothing in UTF-16; the repair converts such a part and looks again
    if b"\0" in piece:
        unusual.utf16.add(part)
    if b"<!" in piece:
        unusual.commented.add(part)
        if has_entities(piece):
            raise Refusal.ENTITIES(name)


def has_entities(xml: bytes) -> bool:
    """Return whether XML in UTF-8 declares a document type or an entity."""
    return _XML_DECLARATION.search(xml) is not None


def _iter_overlapping(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a part in pieces that share some bytes, so that nothing hides at a seam."""
    # blanks for the first piece, so that every piece is longer by the same number of bytes
    tail = b" " * _OVERLAP_BYTES
    with package.open(member) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            piece = tail + chunk
            yield piece
            tail = piece[-_OVERLAP_BYTES:]


def _is_sheet_part(path: str) -> bool:
    return path.lower().endswith(".xml") and "/worksheets/" in path.lower()


class _SheetExtent:
    """The extent of a sheet's cells: the parser allocates every cell up to the last one."""

    def __init__(self, name: str, area: int) -> None:
        self._name, self._area = name, area
        self._rows = self._columns = 0

    def add_piece(self, piece: bytes) -> None:
        """Extend by some of a sheet's XML; only cells with content count, as for the parser."""
        # most sheets are narrow and short: one search instead of a match per cell
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
