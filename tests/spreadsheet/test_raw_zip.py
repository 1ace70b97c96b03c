"""ZIP files written from compressed members: the bytes survive, and only tried versions of Python pass."""

from __future__ import annotations

import io
import sys
import zipfile

import pytest

from pipeline.spreadsheet.raw_zip import RawZipWriter, compress, decompress, read_compressed

TRIED = {(3, 11), (3, 12), (3, 13)}
"""Versions of Python whose `zipfile` was tried: the writer uses what that module does not document."""


def write(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with RawZipWriter(file) as writer:
        for name, data in members:
            writer.add_part(name, compress([data[:3], data[3:]]))
    return file.getvalue()


def test_this_python_was_tried() -> None:
    assert sys.version_info[:2] in TRIED, "try RawZipWriter with it, then add it here"


def test_members_are_read_back_in_their_order() -> None:
    with zipfile.ZipFile(io.BytesIO(write(("b.xml", b"<b/>" * 9), ("ä/a.xml", b"")))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["b.xml", "ä/a.xml"]
        assert archive.read("b.xml") == b"<b/>" * 9
        assert archive.read("ä/a.xml") == b""


def test_the_same_parts_give_the_same_bytes() -> None:
    assert write(("a", b"aaaa")) == write(("a", b"aaaa"))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_member_is_copied_as_it_is_compressed(method: int) -> None:
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("ö.bin", (2026, 11, 30, 12, 0, 0)), b"0123456789" * 99, method)
    copy = io.BytesIO()
    with zipfile.ZipFile(source) as archive, RawZipWriter(copy) as writer:
        member = archive.infolist()[0]
        compressed = read_compressed(source.getvalue(), member)
        writer.copy_member(member, compressed)
    with zipfile.ZipFile(copy) as archive:
        copied = archive.infolist()[0]
        assert archive.read(copied) == b"0123456789" * 99
    assert (copied.filename, copied.date_time, copied.compress_type) == (
        "ö.bin",
        (2026, 11, 30, 12, 0, 0),
        method,
    )
    assert read_compressed(copy.getvalue(), copied) == compressed


def test_a_member_written_as_a_stream_is_copied_with_its_sizes() -> None:
    class Pipe(io.BytesIO):
        def tell(self) -> int:
            raise OSError("a pipe has no position")

    source = Pipe()
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"aaaa" * 9)
    copy = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source.getvalue())) as archive, RawZipWriter(copy) as writer:
        member = archive.infolist()[0]
        assert member.flag_bits & 0x08, "sizes are behind the data there"
        writer.copy_member(member, read_compressed(source.getvalue(), member))
    with zipfile.ZipFile(copy) as archive:
        assert archive.infolist()[0].flag_bits & 0x08 == 0
        assert archive.read("a") == b"aaaa" * 9


def test_what_was_compressed_comes_back() -> None:
    part = compress([b"one", b"", b"two"])
    assert (decompress(part), part.size) == (b"onetwo", 6)


def test_nothing_is_added_once_it_is_closed() -> None:
    writer = RawZipWriter(io.BytesIO())
    with writer:
        pass
    with pytest.raises(ValueError, match="closed"):
        writer.add_part("a", compress([]))
