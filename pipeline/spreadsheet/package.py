"""A workbook's package: parts are read, replaced and added; all others are copied, still compressed.

In: the bytes of a workbook that passed the reader's gate.
Out: a workbook in which only the parts that were written differ.
Never: holds a large part uncompressed, or changes the order of the parts that were there.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterable
from typing import IO, BinaryIO

from pipeline.spreadsheet.raw_zip import CompressedPart, RawZipWriter, compress, decompress, read_compressed
from pipeline.spreadsheet.relations import (
    DEFAULT_WORKBOOK_PART,
    OFFICE_RELATIONS,
    STRICT_OFFICE_RELATIONS,
    Relation,
    get_relations_path,
    resolve_target,
)
from pipeline.spreadsheet.xml_bytes import (
    escape_text,
    find_start_tags,
    parse_attributes,
    parse_element,
    strip_non_elements,
)

CONTENT_TYPES = "[Content_Types].xml"
_STRICT_MARK = b"purl.oclc.org/ooxml"
_EMPTY_RELATIONS = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'


class WorkbookPackage:
    """The parts of a workbook, to be read, replaced and saved.

    Args:
        data: the bytes of the workbook.

    Attributes:
        workbook: the part that lists the sheets.
        strict: whether the workbook keeps to ISO 29500 Strict, which has namespaces of its own.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        # Large parts are compressed as soon as they are replaced; small ones may be written several times.
        self._replaced: dict[str, CompressedPart] = {}
        self._small_parts: dict[str, bytes] = {}
        self.workbook = self.find_part("", "officeDocument") or DEFAULT_WORKBOOK_PART
        self.strict = _STRICT_MARK in self.read(self.workbook)

    @property
    def relations_namespace(self) -> str:
        """The namespace of attributes that name a relation."""
        return STRICT_OFFICE_RELATIONS if self.strict else OFFICE_RELATIONS

    def __contains__(self, part: str) -> bool:
        return part in self._small_parts or part in self._archive.NameToInfo

    def read(self, part: str) -> bytes:
        """Return a small part as it is now, without comments and CDATA."""
        if part in self._small_parts:
            return self._small_parts[part]
        return strip_non_elements(self._archive.read(part))

    def open_part(self, part: str) -> IO[bytes]:
        """Open a large part as it is now."""
        if part in self._replaced:
            return io.BytesIO(decompress(self._replaced[part]))
        return self._archive.open(part)

    def write(self, part: str, xml: bytes) -> None:
        """Replace or add a small part."""
        # what is the same as before is copied later as it lies in the file
        if part not in self or xml != self.read(part):
            self._small_parts[part] = xml

    def replace(self, part: str, pieces: Iterable[bytes]) -> None:
        """Replace a large part, piece by piece."""
        self._replaced[part] = compress(pieces)

    def list_relations(self, part: str) -> list[Relation]:
        """List where a part leads, without links out of the package.

        Args:
            part: its name; "" for the package itself.
        """
        path = get_relations_path(part)
        tags = find_start_tags(self.read(path), "Relationship") if path in self else ()
        return [
            Relation(
                link.get("Id", ""),
                link.get("Type", "").rpartition("/")[2],
                resolve_target(part, link["Target"]),
            )
            for link in map(parse_attributes, tags)
            if link.get("TargetMode") != "External" and "Target" in link
        ]

    def find_part(self, part: str, kind: str) -> str:
        """Return the first part of a kind that another leads to; "" where there is none.

        Args:
            part: where the relation starts.
            kind: the last word of the relation's type.
        """
        return next((relation.part for relation in self.list_relations(part) if relation.kind == kind), "")

    def add_relation(self, part: str, kind: str, target: str) -> str:
        """Lead from a part to another.

        Args:
            part: where the relation starts.
            kind: the last word of its type.
            target: the part it leads to.

        Returns:
            The new relation's id.
        """
        path = get_relations_path(part)
        links = parse_element(self.read(path) if path in self else _EMPTY_RELATIONS)
        taken_ids = {link.attributes.get("Id", "") for link in links.children}
        candidates = (f"rIdMarked{number}" for number in range(1, len(taken_ids) + 2))
        new_id = next(candidate for candidate in candidates if candidate not in taken_ids)
        relative_target = posixpath.relpath(target, posixpath.dirname(part) or ".")
        tag, relation_type = f"{links.prefix.decode()}Relationship", f"{self.relations_namespace}/{kind}"
        xml = f'<{tag} Id="{new_id}" Type="{relation_type}" Target="{relative_target}"/>'
        links.insert(xml.encode(), ("Relationship",))
        self.write(path, bytes(links))
        return new_id

    def declare_content_type(self, part: str, content_type: str) -> None:
        """Declare what a new part holds, unless that is declared.

        Args:
            part: its name.
            content_type: a media type.
        """
        types = parse_element(self.read(CONTENT_TYPES))
        # names of parts are compared without case
        declared = (entry.attributes.get("PartName", "").lower() for entry in types.children)
        if f"/{part}".lower() in declared:
            return
        prefix = types.prefix.decode()
        override = (
            f'<{prefix}Override PartName="/{escape_text(part).decode()}" ContentType="{content_type}"/>'
        )
        types.insert(override.encode(), ("Override",))
        self.write(CONTENT_TYPES, bytes(types))

    def choose_free_name(self, pattern: str) -> str:
        """Return a name for a new part.

        Args:
            pattern: with `{}`, which becomes the first number that makes a free name.
        """
        # Names of parts are compared without case, as the packaging conventions have it.
        taken_names = {name.casefold() for name in (*self._archive.NameToInfo, *self._small_parts)}
        candidates = (pattern.format(number) for number in range(1, len(taken_names) + 2))
        return next(candidate for candidate in candidates if candidate.casefold() not in taken_names)

    def save(self, file: BinaryIO) -> None:
        """Write the package, parts in their order, new ones at its end.

        Args:
            file: open for writing.
        """
        parts = {name: compress([xml]) for name, xml in self._small_parts.items()} | self._replaced
        with RawZipWriter(file) as writer:
            for member in self._archive.infolist():
                if member.filename in parts:
                    writer.add_part(member.filename, parts.pop(member.filename))
                else:
                    writer.copy_member(member, read_compressed(self._data, member))
            for name, part in parts.items():
                writer.add_part(name, part)
