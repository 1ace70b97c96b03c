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

from pipeline.errors import NoSuchFileError, SourceError
from pipeline.read.limits import ReadLimits

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
"""Workbooks we read; their bytes tell which they are."""
TEXTS = (".csv", ".tsv", ".txt")
_PARQUET = b"PAR1"
_SUFFIXES = {*WORKBOOKS, *TEXTS, ".parquet"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BARE = (
    b"\x09\x00\x04\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x08\x08\x00",
    b"\x09\x08\x10\x00",
)
"""The first bytes of an old workbook outside an OLE container."""
_FOREIGN = (
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
_ZIP_ERRORS = (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, OSError)
_OFFICE = {"[Content_Types].xml", "content.xml", "xl/workbook.xml"}
_SAVE = "save it as .xlsx or CSV"


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
        yield from _folder(path)
        return
    name, data = _shown(path.name), _bytes(path)
    if data[:4] == b"PK\x03\x04" and (names := _plain_zip(name, data)) is not None:
        yield from _members(name, data, names, limits)
        return
    yield _blob(name, data)


def _folder(path: Path) -> Iterator[Blob]:
    try:
        found = sorted(each for each in path.iterdir() if _wanted(each.name) and each.is_file())
    except OSError as error:
        raise SourceError(f"The folder {_shown(path.name)} cannot be read: {_reason(error)}.") from error
    if not found:
        raise SourceError(
            f"The folder {_shown(path.name)} holds no workbook and no CSV file; give the files themselves."
        )
    for each in found:
        yield _blob(_shown(each.name), _bytes(each), chosen=False)


def _wanted(name: str) -> bool:
    pure = PurePosixPath(name)
    return pure.suffix.lower() in _SUFFIXES and not pure.name.startswith((".", "~$"))


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()


def _bytes(path: Path) -> bytes:
    """The bytes of a regular file; opened so that a pipe cannot hold us."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise SourceError(f"{_shown(path.name)} is no ordinary file; give a workbook or a CSV file.")
            return file.read()
    except FileNotFoundError as error:
        raise NoSuchFileError(f"There is no file {_shown(str(path))}.") from error
    except PermissionError as error:
        raise SourceError(
            f"{_shown(path.name)} may not be read by you; ask its owner for permission."
        ) from error
    except OSError as error:
        raise SourceError(f"{_shown(path.name)} cannot be read: {_reason(error)}.") from error


def _blob(name: str, data: bytes, *, chosen: bool = True) -> Blob:
    """Tell the form by the bytes, or refuse with the reason."""
    if not data:
        raise SourceError(f"{name} is empty; export it again.")
    if data[:4] == b"PK\x03\x04":
        return Blob(name, data, Form.WORKBOOK, chosen)
    if data.startswith((_OLE, _PARQUET, *_BARE)):
        return Blob(name, data, Form.WORKBOOK, chosen)
    for magic, what in _FOREIGN:
        if data.startswith(magic):
            raise SourceError(f"{name} is {what}, not a spreadsheet; {_SAVE}.")
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise SourceError(f"{name} is a web page or XML, not a spreadsheet; open it in Excel and {_SAVE}.")
    if PurePosixPath(name).suffix.lower() in WORKBOOKS:
        raise SourceError(f"{name} is named like a workbook but is none; open it in Excel and {_SAVE}.")
    if PurePosixPath(name).suffix.lower() == ".parquet":
        raise SourceError(f"{name} is named like a Parquet file but is none; export it again.")
    return Blob(name, data, Form.TEXT, chosen)


def _plain_zip(name: str, data: bytes) -> list[zipfile.ZipInfo] | None:
    """The members of a zip that is no office document; None for a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
            names = {each.filename for each in members}
    except _ZIP_ERRORS as error:
        raise SourceError(
            f"{name} is damaged or was not copied completely (no zip directory at its end); copy it again."
        ) from error
    if names & _OFFICE or PurePosixPath(name).suffix.lower() in WORKBOOKS:
        return None
    return members


def _members(name: str, data: bytes, members: list[zipfile.ZipInfo], limits: ReadLimits) -> Iterator[Blob]:
    """The spreadsheets in a zip."""
    wanted = [each for each in members if _wanted(each.filename) and not each.filename.startswith("__MACOSX")]
    if not wanted:
        raise SourceError(f"{name} holds no workbook and no CSV file; zip the pair of files itself.")
    if len(members) > limits.members:
        raise SourceError(f"{name} holds more than {limits.members} files; zip only the pair.")
    room = limits.unpacked
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for each in wanted:
            inner = f"{name}/{PurePosixPath(each.filename).name}"
            if each.flag_bits & 1:
                raise SourceError(f"{name} is protected with a password; zip the files without one.")
            try:
                with package.open(each) as file:
                    content = file.read(room + 1)
            except (*_ZIP_ERRORS, zlib.error) as error:
                raise SourceError(f"{inner} is damaged; zip the files again.") from error
            room -= len(content)
            if room < 0:
                raise SourceError(
                    f"{name} unpacks to more than {limits.unpacked >> 20} MB; hand in the files."
                )
            yield _blob(inner, content, chosen=False)
