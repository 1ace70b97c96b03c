"""Stage 1, first step: paths -> the bytes of each file, and what kind of file they are.

In: paths of files, folders and zips.
Out: `Blob`s, each read once, so that what is hashed is what is parsed.
Never: opens a device or pipe, believes an extension, unpacks to disk, or parses.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath

from pipeline.errors import NoSuchFileError
from pipeline.language import say
from pipeline.read import refuse
from pipeline.read.accepted import SUFFIXES, WORKBOOKS
from pipeline.read.limits import LARGE, ReadLimits

_PARQUET = b"PAR1"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BARE = (
    b"\x09\x00\x04\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x08\x08\x00",
    b"\x09\x08\x10\x00",
)
"""The first bytes of an old workbook outside an OLE container."""
FOREIGN = (
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip file"),
    (b"Rar!", "a RAR file"),
    (b"7z\xbc\xaf", "a 7z file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"SQLite format 3", "a database"),
    (b"{\\rtf", "a text document"),
    (b"ID;P", "a SYLK file"),
)
"""First bytes of files that people take for spreadsheets, and what they are."""
_CHUNK = 4 << 20
_EMPTY_ZIP = b"PK\x05\x06"
_ZIP_ERRORS = (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, OSError)
_OFFICE = {"[Content_Types].xml", "content.xml", "xl/workbook.xml"}


class Form(Enum):
    """How the bytes are to be read."""

    WORKBOOK = "workbook"
    TEXT = "text"


@dataclass(frozen=True)
class Blob:
    """A file in memory.

    Attributes:
        name: without folders; a zip's member is named after both.
        data: its bytes.
        form: workbook or text.
        chosen: it was named by the user; what lies in a folder or zip may be left alone.
    """

    name: str
    data: bytes
    form: Form
    chosen: bool = True

    @cached_property
    def sha256(self) -> str:
        """Of the bytes, in hex."""
        return sha256(self.data).hexdigest()


def _shown(name: str) -> str:
    """A file's name as text that can be printed and written, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def blobs(path: Path, limits: ReadLimits) -> Iterator[Blob]:
    """The files a path stands for."""
    if path.is_dir():
        yield from _folder(path, limits)
        return
    name, data = _shown(path.name), _bytes(path, limits)
    if data[:4] == b"PK\x03\x04" and (names := _plain_zip(name, data)) is not None:
        yield from _members(name, data, names, limits)
        return
    yield _blob(name, data)


def _folder(path: Path, limits: ReadLimits) -> Iterator[Blob]:
    try:
        found = sorted(each for each in path.iterdir() if _wanted(each.name) and each.is_file())
    except OSError as error:
        raise refuse.UNREADABLE(_folder_said(path), why=_reason(error)) from error
    if not found:
        raise refuse.NOTHING_INSIDE(_folder_said(path))
    for each in found:
        yield _blob(_shown(each.name), _bytes(each, limits), chosen=False)


def _folder_said(path: Path) -> str:
    return say("The folder {name}", name=_shown(path.name))


def _wanted(name: str) -> bool:
    pure = PurePosixPath(name)
    return pure.suffix.lower() in SUFFIXES and not pure.name.startswith((".", "~$"))


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()


def _bytes(path: Path, limits: ReadLimits) -> bytes:
    """The bytes of a regular file; opened so that a pipe cannot hold us."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise refuse.NO_DATA_FILE(_shown(path.name))
            data = file.read(limits.unpacked + 1)
    except FileNotFoundError as error:
        raise NoSuchFileError(say("There is no file {path}.", path=_shown(str(path)))) from error
    except PermissionError as error:
        raise refuse.FORBIDDEN(_shown(path.name)) from error
    except OSError as error:
        raise refuse.UNREADABLE(_shown(path.name), why=_reason(error)) from error
    if len(data) > limits.unpacked:
        raise refuse.TOO_LARGE(_shown(path.name), most=limits.unpacked >> 20)
    return data


def _blob(name: str, data: bytes, *, chosen: bool = True) -> Blob:
    """Tell the form by the bytes, or refuse with the reason."""
    if not data:
        raise refuse.EMPTY(name)
    if data[:4] == b"PK\x03\x04":
        return Blob(name, data, Form.WORKBOOK, chosen)
    if data.startswith(_EMPTY_ZIP):
        raise refuse.NOTHING_INSIDE(name)
    if data.startswith((_OLE, _PARQUET, *_BARE)):
        return Blob(name, data, Form.WORKBOOK, chosen)
    for magic, what in FOREIGN:
        if data.startswith(magic):
            raise refuse.FOREIGN(name, what=say(what))
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise refuse.MARKUP(name)
    if PurePosixPath(name).suffix.lower() in WORKBOOKS:
        raise refuse.MISNAMED(name)
    if PurePosixPath(name).suffix.lower() == ".parquet":
        raise refuse.MISNAMED_PARQUET(name)
    return Blob(name, data, Form.TEXT, chosen)


def _plain_zip(name: str, data: bytes) -> list[zipfile.ZipInfo] | None:
    """The members of a zip that is no office document; None for a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
            names = {each.filename for each in members}
    except _ZIP_ERRORS as error:
        raise refuse.CUT_OFF(name) from error
    if names & _OFFICE or PurePosixPath(name).suffix.lower() in WORKBOOKS:
        return None
    return members


def _members(name: str, data: bytes, members: list[zipfile.ZipInfo], limits: ReadLimits) -> Iterator[Blob]:
    """The spreadsheets in a zip."""
    wanted = [each for each in members if _wanted(each.filename) and not each.filename.startswith("__MACOSX")]
    if not wanted:
        raise refuse.NOTHING_INSIDE(name)
    if len(members) > limits.members:
        raise refuse.TOO_MANY_PARTS(name, count=len(members), most=limits.members)
    if any(".." in PurePosixPath(each.filename.replace("\\", "/")).parts for each in members):
        raise refuse.OUTSIDE(name)
    room = limits.unpacked
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for each in wanted:
            inner = f"{name}/{PurePosixPath(each.filename).name}"
            if each.flag_bits & 1:
                raise refuse.PROTECTED(name)
            try:
                content = _unpacked(name, package, each, room, limits)
            except (*_ZIP_ERRORS, zlib.error) as error:
                raise refuse.DAMAGED_MEMBER(inner) from error
            room -= len(content)
            yield _blob(inner, content, chosen=False)


def _unpacked(
    name: str, package: zipfile.ZipFile, member: zipfile.ZipInfo, room: int, limits: ReadLimits
) -> bytes:
    """One member, counted while it is unpacked: a bomb is refused before it fills the memory."""
    content = bytearray()
    with package.open(member) as file:
        while piece := file.read(_CHUNK):
            content += piece
            if len(content) > room:
                raise refuse.TOO_LARGE(name, most=limits.unpacked >> 20)
            if len(content) > LARGE and len(content) > limits.ratio * max(member.compress_size, 1):
                raise refuse.BOMB(name, most=limits.ratio)
    return bytes(content)
