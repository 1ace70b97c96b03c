"""A workbook's package: parts are read, replaced and added; every other part is copied as it lies, still packed."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterable
from typing import IO, BinaryIO, NamedTuple

from pipeline.spreadsheet.xml_bytes import (
    escape_text,
    find_start_tags,
    parse_attributes,
    parse_element,
    strip_non_elements,
)

CONTENT_TYPES = "[Content_Types].xml"
_COMPRESSION_LEVEL = 3
_LOCAL_HEADER_BYTES = 30
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_STRICT_MARK = b"purl.oclc.org/ooxml"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_EMPTY_RELATIONS = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'


class Relation(NamedTuple):
    """A link from one part to another: its id, the last word of its type, and the part."""

    id: str
    kind: str
    part: str


class _DeflatedPart(NamedTuple):
    crc: int
    size: int
    data: bytes


class WorkbookPackage:
    """The parts of a workbook; what is replaced is packed at once, so that a large sheet is never whole in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self._new: dict[str, _DeflatedPart] = {}
        self._texts: dict[str, bytes] = {}
        self.workbook = next(
            (relation.part for relation in self.list_relations("") if relation.kind == "officeDocument"),
            "xl/workbook.xml",
        )
        self.strict = _STRICT_MARK in self.read(self.workbook)

    @property
    def relations_namespace(self) -> str:
        """The namespace of attributes that name a relation."""
        return _STRICT_RELATIONS if self.strict else _RELATIONS

    def __contains__(self, part: str) -> bool:
        return part in self._texts or part in self._zip.NameToInfo

    def read(self, part: str) -> bytes:
        """A small part, as it is now; without comments and CDATA."""
        return self._texts[part] if part in self._texts else strip_non_elements(self._zip.read(part))

    def open_part(self, part: str) -> IO[bytes]:
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
        self._new[part] = _compress(pieces)

    def list_relations(self, part: str) -> list[Relation]:
        """Where a part leads; links out of the package are left out."""
        path = get_relations_path(part)
        tags = find_start_tags(self.read(path), "Relationship") if path in self else ()
        links = [parse_attributes(tag) for tag in tags]
        return [
            Relation(
                link.get("Id", ""),
                link.get("Type", "").rpartition("/")[2],
                resolve_target(part, link["Target"]),
            )
            for link in links
            if link.get("TargetMode") != "External" and "Target" in link
        ]

    def add_relation(self, part: str, kind: str, target: str) -> str:
        """Lead from a part to another; returns the relation's id."""
        path = get_relations_path(part)
        links = parse_element(self.read(path) if path in self else _EMPTY_RELATIONS)
        taken_ids = {relation.attributes.get("Id", "") for relation in links.children}
        new_id = next(
            relation_id
            for number in range(1, len(taken_ids) + 2)
            if (relation_id := f"rIdMarked{number}") not in taken_ids
        )
        relative_target = posixpath.relpath(target, posixpath.dirname(part) or ".")
        tag, relation_type = f"{links.prefix.decode()}Relationship", f"{self.relations_namespace}/{kind}"
        link = f'<{tag} Id="{new_id}" Type="{relation_type}" Target="{relative_target}"/>'
        links.insert(link.encode(), ("Relationship",))
        self.write(path, bytes(links))
        return new_id

    def declare_content_type(self, part: str, content_type: str) -> None:
        """Say what a new part holds."""
        types = parse_element(self.read(CONTENT_TYPES))
        if any(
            entry.attributes.get("PartName", "").lower() == f"/{part}".lower() for entry in types.children
        ):
            return
        prefix = types.prefix.decode()
        override = (
            f'<{prefix}Override PartName="/{escape_text(part).decode()}" ContentType="{content_type}"/>'
        )
        types.insert(override.encode(), ("Override",))
        self.write(CONTENT_TYPES, bytes(types))

    def choose_free_name(self, pattern: str) -> str:
        """A name for a new part: the pattern with the first number that is not taken in its `{}`."""
        taken_names = {name.casefold() for name in (*self._zip.NameToInfo, *self._texts)}
        candidates = (pattern.format(number) for number in range(1, len(taken_names) + 2))
        return next(name for name in candidates if name.casefold() not in taken_names)

    def save(self, file: BinaryIO) -> None:
        """Write the package, parts in their order, new ones at its end."""
        packed = {name: _compress([xml]) for name, xml in self._texts.items()} | self._new
        with zipfile.ZipFile(file, "w") as copy:
            for member in self._zip.infolist():
                if member.filename in packed:
                    _append_compressed(copy, _build_member(member.filename, packed.pop(member.filename)))
                else:
                    _append_compressed(copy, (member, self._read_compressed(member)))
            for name, part in packed.items():
                _append_compressed(copy, _build_member(name, part))

    def _read_compressed(self, member: zipfile.ZipInfo) -> bytes:
        """A member as it lies in the file, still packed."""
        offset = member.header_offset
        name_bytes = sum(
            int.from_bytes(self._data[offset + field_offset : offset + field_offset + 2], "little")
            for field_offset in (26, 28)
        )
        start = offset + _LOCAL_HEADER_BYTES + name_bytes
        return self._data[start : start + member.compress_size]


def get_relations_path(part: str) -> str:
    """Return the path of the relations part that belongs to a part."""
    folder, file = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{file}.rels")


def resolve_target(part: str, target: str) -> str:
    """A target is absolute, or relative to the part's folder."""
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))


def _compress(pieces: Iterable[bytes]) -> _DeflatedPart:
    compressor = zlib.compressobj(_COMPRESSION_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc, size, chunks = 0, 0, []
    for piece in pieces:
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        chunks.append(compressor.compress(piece))
    return _DeflatedPart(crc, size, b"".join((*chunks, compressor.flush())))


def _build_member(name: str, part: _DeflatedPart) -> tuple[zipfile.ZipInfo, bytes]:
    member = zipfile.ZipInfo(name, _NO_DATE)
    member.compress_type, member.create_system = zipfile.ZIP_DEFLATED, 0
    member.CRC, member.file_size, member.compress_size = part.crc, part.size, len(part.data)
    return member, part.data


def _append_compressed(archive: zipfile.ZipFile, part: tuple[zipfile.ZipInfo, bytes]) -> None:
    """Add a member that is packed already: zipfile can read one so, but not write it."""
    original, data = part
    member = zipfile.ZipInfo(original.filename, original.date_time)
    member.compress_type, member.create_system = original.compress_type, original.create_system
    member.external_attr, member.flag_bits = original.external_attr, original.flag_bits & 0x800
    member.CRC, member.file_size, member.compress_size = (
        original.CRC,
        original.file_size,
        original.compress_size,
    )
    file = archive.fp
    if file is None:
        raise ValueError("the package is closed")
    member.header_offset = file.tell()
    file.write(member.FileHeader(zip64=False) + data)
    archive.filelist.append(member)
    archive.NameToInfo[member.filename] = member
    archive.start_dir = file.tell()
