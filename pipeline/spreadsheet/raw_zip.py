"""A ZIP file written from members that are compressed already.

In: members with their compressed bytes, as they lie in another ZIP or as `compress` made them.
Out: a ZIP file.
Never: compresses what is compressed, so that copying a large workbook costs no more than reading it.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

_COMPRESSION_LEVEL = 3
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER_BYTES = 30
_UTF8_NAME = 0x800


class CompressedPart(NamedTuple):
    """A part's deflated bytes, with the checksum and size of what was deflated."""

    crc: int
    size: int
    data: bytes


def compress(pieces: Iterable[bytes]) -> CompressedPart:
    """Deflate a part piece by piece, so that it is never whole in memory.

    Args:
        pieces: of the part, in order.
    """
    # negative: bare deflate as a ZIP has it, without the header of zlib
    compressor = zlib.compressobj(_COMPRESSION_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc, size, chunks = 0, 0, []
    for piece in pieces:
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        chunks.append(compressor.compress(piece))
    return CompressedPart(crc, size, b"".join((*chunks, compressor.flush())))


def decompress(part: CompressedPart) -> bytes:
    """Return what was deflated."""
    return zlib.decompress(part.data, -zlib.MAX_WBITS)


def read_compressed(archive: bytes, member: zipfile.ZipInfo) -> bytes:
    """Return a member of a ZIP as it lies in the file, still compressed.

    Args:
        archive: the whole ZIP.
        member: of it, with its offset and compressed size.
    """
    offset = member.header_offset
    # The lengths of name and extra field in the local header may differ from those in the directory.
    name_bytes = sum(int.from_bytes(archive[at : at + 2], "little") for at in (offset + 26, offset + 28))
    start = offset + _LOCAL_HEADER_BYTES + name_bytes
    return archive[start : start + member.compress_size]


class RawZipWriter:
    """Writes members that are compressed already, which `zipfile` can read so but not write.

    It uses what `zipfile` does not document: `FileHeader`, `filelist` with `NameToInfo`, and `start_dir`,
    where `close` puts the directory. `tests/spreadsheet/test_raw_zip.py` names the versions of Python for
    which that was tried, and fails with any other.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._archive = zipfile.ZipFile(file, "w")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def copy_member(self, member: zipfile.ZipInfo, data: bytes) -> None:
        """Append a member of another ZIP.

        Args:
            member: its entry there; name, date, method, attributes, checksum and sizes are kept.
            data: its bytes, as compressed.

        Raises:
            ValueError: the writer is closed.
        """
        copied = zipfile.ZipInfo(member.filename, member.date_time)
        copied.compress_type, copied.create_system = member.compress_type, member.create_system
        # Sizes are written before the data, so of the flags only that of the name's encoding still holds.
        copied.external_attr, copied.flag_bits = member.external_attr, member.flag_bits & _UTF8_NAME
        copied.CRC, copied.file_size = member.CRC, member.file_size
        copied.compress_size = member.compress_size
        file = self._archive.fp
        if file is None:
            raise ValueError("the package is closed")
        copied.header_offset = file.tell()
        file.write(copied.FileHeader(zip64=False) + data)
        self._archive.filelist.append(copied)
        self._archive.NameToInfo[copied.filename] = copied
        self._archive.start_dir = file.tell()

    def add_part(self, name: str, part: CompressedPart) -> None:
        """Append a new member without a date, so that the same input gives the same bytes.

        Args:
            name: of the member.
            part: as `compress` made it.
        """
        member = zipfile.ZipInfo(name, _NO_DATE)
        # 0, since `zipfile` would write the system it runs on: the same input gives the same bytes everywhere
        member.compress_type, member.create_system = zipfile.ZIP_DEFLATED, 0
        member.CRC, member.file_size, member.compress_size = part.crc, part.size, len(part.data)
        self.copy_member(member, part.data)
