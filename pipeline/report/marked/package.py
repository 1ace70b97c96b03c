"""A workbook's package: parts are read, replaced and added; every other part is copied as it lies, still packed."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterable
from typing import IO, BinaryIO, NamedTuple

from pipeline.report.marked.markup import attributes, document, elements, plain, text

CONTENT_TYPES = "[Content_Types].xml"
_LEVEL = 3
_HEADER = 30
_NEVER = (1980, 1, 1, 0, 0, 0)
_STRICT = b"purl.oclc.org/ooxml"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_NO_RELATIONS = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'


class Relation(NamedTuple):
    """A link from one part to another: its id, the last word of its type, and the part."""

    id: str
    kind: str
    part: str


class _Deflated(NamedTuple):
    crc: int
    size: int
    data: bytes


class Package:
    """The parts of a workbook; what is replaced is packed at once, so that a large sheet is never whole in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self._new: dict[str, _Deflated] = {}
        self._texts: dict[str, bytes] = {}
        self.workbook = next(
            (each.part for each in self.relations("") if each.kind == "officeDocument"), "xl/workbook.xml"
        )
        self.strict = _STRICT in self.read(self.workbook)

    @property
    def relations_namespace(self) -> str:
        """The namespace of attributes that name a relation."""
        return _STRICT_RELATIONS if self.strict else _RELATIONS

    def __contains__(self, part: str) -> bool:
        return part in self._texts or part in self._zip.NameToInfo

    def read(self, part: str) -> bytes:
        """A small part, as it is now; without comments and CDATA."""
        return self._texts[part] if part in self._texts else plain(self._zip.read(part))

    def stream(self, part: str) -> IO[bytes]:
        """A large part, as it is now."""
        if part in self._new:
            return io.BytesIO(zlib.decompress(self._new[part].data, -zlib.MAX_WBITS))
        return self._zip.open(part)

    def write(self, part: str, xml: bytes) -> None:
        """Replace or add a small part."""
        if part not in self or xml != self.read(part):
            self._texts[part] = xml

    def replace(self, part: str, pieces: Iterable[bytes]) -> None:
        """Replace a large part, piece by piece."""
        self._new[part] = _deflated(pieces)

    def relations(self, part: str) -> list[Relation]:
        """Where a part leads; links out of the package are left out."""
        path = _relations_of(part)
        tags = elements(self.read(path), "Relationship") if path in self else ()
        known = [attributes(tag) for tag in tags]
        return [
            Relation(
                each.get("Id", ""), each.get("Type", "").rpartition("/")[2], _resolved(part, each["Target"])
            )
            for each in known
            if each.get("TargetMode") != "External" and "Target" in each
        ]

    def relate(self, part: str, kind: str, target: str) -> str:
        """Lead from a part to another; returns the relation's id."""
        path = _relations_of(part)
        links = document(self.read(path) if path in self else _NO_RELATIONS)
        taken = {each.attributes.get("Id", "") for each in links.children}
        name = next(
            each for number in range(1, len(taken) + 2) if (each := f"rIdMarked{number}") not in taken
        )
        to = posixpath.relpath(target, posixpath.dirname(part) or ".")
        tag, full = f"{links.prefix.decode()}Relationship", f"{self.relations_namespace}/{kind}"
        link = f'<{tag} Id="{name}" Type="{full}" Target="{to}"/>'
        links.put(link.encode(), ("Relationship",))
        self.write(path, bytes(links))
        return name

    def declare(self, part: str, content: str) -> None:
        """Say what a new part holds."""
        types = document(self.read(CONTENT_TYPES))
        if any(each.attributes.get("PartName", "").lower() == f"/{part}".lower() for each in types.children):
            return
        prefix = types.prefix.decode()
        new = f'<{prefix}Override PartName="/{text(part).decode()}" ContentType="{content}"/>'
        types.put(new.encode(), ("Override",))
        self.write(CONTENT_TYPES, bytes(types))

    def free(self, pattern: str) -> str:
        """A name for a new part: the pattern with the first number that is not taken in its `{}`."""
        taken = {each.casefold() for each in (*self._zip.NameToInfo, *self._texts)}
        numbers = (pattern.format(number) for number in range(1, len(taken) + 2))
        return next(each for each in numbers if each.casefold() not in taken)

    def save(self, file: BinaryIO) -> None:
        """Write the package, parts in their order, new ones at its end."""
        packed = {name: _deflated([xml]) for name, xml in self._texts.items()} | self._new
        with zipfile.ZipFile(file, "w") as copy:
            for member in self._zip.infolist():
                if member.filename in packed:
                    _append(copy, _fresh(member.filename, packed.pop(member.filename)))
                else:
                    _append(copy, (member, self._raw(member)))
            for name, part in packed.items():
                _append(copy, _fresh(name, part))

    def _raw(self, member: zipfile.ZipInfo) -> bytes:
        """A member as it lies in the file, still packed."""
        at = member.header_offset
        names = sum(int.from_bytes(self._data[at + from_ : at + from_ + 2], "little") for from_ in (26, 28))
        start = at + _HEADER + names
        return self._data[start : start + member.compress_size]


def _relations_of(part: str) -> str:
    folder, file = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{file}.rels")


def _resolved(part: str, target: str) -> str:
    """A target is absolute, or relative to the part's folder."""
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))


def _deflated(pieces: Iterable[bytes]) -> _Deflated:
    pack = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc, size, packed = 0, 0, []
    for piece in pieces:
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        packed.append(pack.compress(piece))
    return _Deflated(crc, size, b"".join((*packed, pack.flush())))


def _fresh(name: str, part: _Deflated) -> tuple[zipfile.ZipInfo, bytes]:
    member = zipfile.ZipInfo(name, _NEVER)
    member.compress_type, member.create_system = zipfile.ZIP_DEFLATED, 0
    member.CRC, member.file_size, member.compress_size = part.crc, part.size, len(part.data)
    return member, part.data


def _append(copy: zipfile.ZipFile, part: tuple[zipfile.ZipInfo, bytes]) -> None:
    """Add a member that is packed already: zipfile can read one so, but not write it."""
    member, data = part
    new = zipfile.ZipInfo(member.filename, member.date_time)
    new.compress_type, new.create_system = member.compress_type, member.create_system
    new.external_attr, new.flag_bits = member.external_attr, member.flag_bits & 0x800
    new.CRC, new.file_size, new.compress_size = member.CRC, member.file_size, member.compress_size
    file = copy.fp
    if file is None:
        raise ValueError("the package is closed")
    new.header_offset = file.tell()
    file.write(new.FileHeader(zip64=False) + data)
    copy.filelist.append(new)
    copy.NameToInfo[new.filename] = new
    copy.start_dir = file.tell()
