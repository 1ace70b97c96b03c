"""The bytes of the input files, each read once, and the formats they may be in.

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
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath

from pipeline.errors import NoSuchFileError
from pipeline.i18n import translate
from pipeline.read.files.file_types import list_readable_suffixes
from pipeline.read.files.limits import RATIO_CHECKED_FROM, ReadLimits
from pipeline.read.files.refusals import Refusal
from pipeline.read.formats import (
    ZIP_MAGIC,
    Format,
    detect_formats,
    find_format_of_suffix,
    find_signed_formats,
)

FOREIGN_SIGNATURES = (
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
_CHUNK_BYTES = 4 << 20
_EMPTY_ZIP_MAGIC = b"PK\x05\x06"
_ZIP_ERRORS = (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, OSError)
_OFFICE_PARTS = {"[Content_Types].xml", "content.xml", "xl/workbook.xml"}


@dataclass(frozen=True)
class Blob:
    """A file in memory.

    Attributes:
        name: without folders; a zip's member is named after both.
        data: its bytes.
        formats: those it may be in by its first bytes, never none.
        is_named_by_user: it was named by the user; what lies in a folder or zip may be left alone.
    """

    name: str
    data: bytes
    formats: tuple[Format, ...]
    is_named_by_user: bool = True

    @property
    def in_worker(self) -> bool:
        """It is parsed in the worker process; formats that share their first bytes agree on that."""
        return self.formats[0].in_worker

    @cached_property
    def sha256(self) -> str:
        """The hash of the bytes, in hex."""
        return sha256(self.data).hexdigest()


def _escape_name(name: str) -> str:
    """Return a file's name as text that can be printed and written, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def read_blobs(path: Path, limits: ReadLimits) -> Iterator[Blob]:
    """Yield the files of a path: the file itself, or those in a folder or zip.

    Args:
        path: of a file, a folder or a zip.
        limits: how much a file may take.

    Raises:
        NoSuchFileError: it does not exist.
        SourceError: it cannot be read, or is nothing that is read.
    """
    if path.is_dir():
        yield from _read_folder(path, limits)
        return
    name, data = _escape_name(path.name), _read_regular_file(path, limits)
    # a plain zip is a folder; one that is a workbook is a file
    if data.startswith(ZIP_MAGIC) and (names := _list_plain_zip(name, data)) is not None:
        yield from _read_members(name, data, names, limits)
        return
    yield _make_blob(name, data)


def _read_folder(path: Path, limits: ReadLimits) -> Iterator[Blob]:
    try:
        # sorted, since every system lists a folder in an order of its own
        files = sorted(file for file in path.iterdir() if _is_readable_suffix(file.name) and file.is_file())
    except OSError as error:
        raise Refusal.UNREADABLE(_describe_folder(path), why=_describe_os_error(error)) from error
    if not files:
        raise Refusal.NOTHING_INSIDE(_describe_folder(path))
    for file in files:
        yield _make_blob(_escape_name(file.name), _read_regular_file(file, limits), is_named_by_user=False)


def _describe_folder(path: Path) -> str:
    return translate("The folder {name}", name=_escape_name(path.name))


def _is_readable_suffix(name: str) -> bool:
    path = PurePosixPath(name)
    # `~$` begins the lock file that Excel writes beside an open workbook
    return path.suffix.lower() in list_readable_suffixes() and not path.name.startswith((".", "~$"))


def _describe_os_error(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()


def _read_regular_file(path: Path, limits: ReadLimits) -> bytes:
    """Return the bytes of a regular file; a pipe or device is opened without waiting for it, and refused."""
    # without O_NONBLOCK opening a pipe waits for a writer; O_BINARY keeps line ends on Windows
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
        with open(handle, "rb") as file:
            # asked of the open file, not of its path: what is looked at is what is read
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Refusal.NO_DATA_FILE(_escape_name(path.name))
            data = file.read(limits.unpacked + 1)  # one byte more shows that it is too large
    except FileNotFoundError as error:
        raise NoSuchFileError(translate("There is no file {path}.", path=_escape_name(str(path)))) from error
    except PermissionError as error:
        raise Refusal.FORBIDDEN(_escape_name(path.name)) from error
    except OSError as error:
        raise Refusal.UNREADABLE(_escape_name(path.name), why=_describe_os_error(error)) from error
    if len(data) > limits.unpacked:
        raise Refusal.TOO_LARGE(_escape_name(path.name), most=limits.unpacked >> 20)
    return data


def _make_blob(name: str, data: bytes, *, is_named_by_user: bool = True) -> Blob:
    """Detect the formats by the bytes, or refuse with the reason."""
    if not data:
        raise Refusal.EMPTY(name)
    if not find_signed_formats(data):
        _refuse_foreign(name, data)
    return Blob(name, data, detect_formats(data), is_named_by_user)


def _refuse_foreign(name: str, data: bytes) -> None:
    """Refuse what has no signature of ours and is no text with delimiters either."""
    # an end record and nothing before it: a zip without members
    if data.startswith(_EMPTY_ZIP_MAGIC):
        raise Refusal.NOTHING_INSIDE(name)
    for signature, kind in FOREIGN_SIGNATURES:
        if data.startswith(signature):
            raise Refusal.FOREIGN(name, what=translate(kind))
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise Refusal.MARKUP(name)
    promised = find_format_of_suffix(name)
    if promised is not None and promised.misnamed is not None:
        raise promised.misnamed(name)


def _list_plain_zip(name: str, data: bytes) -> list[zipfile.ZipInfo] | None:
    """Return the members of a zip that is no office document; None for a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
            names = {member.filename for member in members}
    except _ZIP_ERRORS as error:
        raise Refusal.CUT_OFF(name) from error
    # a damaged workbook may lack the parts that tell it: its suffix then keeps it from being taken for a zip
    promised = find_format_of_suffix(name)
    is_workbook = bool(names & _OFFICE_PARTS) or (promised is not None and promised.is_workbook)
    return None if is_workbook else members


def _read_members(
    name: str, data: bytes, members: list[zipfile.ZipInfo], limits: ReadLimits
) -> Iterator[Blob]:
    """Yield the spreadsheets in a zip."""
    spreadsheets = [member for member in members if _is_spreadsheet_member(member)]
    if not spreadsheets:
        raise Refusal.NOTHING_INSIDE(name)
    if len(members) > limits.members:
        raise Refusal.TOO_MANY_PARTS(name, count=len(members), most=limits.members)
    if any(".." in PurePosixPath(member.filename.replace("\\", "/")).parts for member in members):
        raise Refusal.OUTSIDE(name)
    # one allowance for the whole zip, so that many members cannot fill the memory together
    remaining_bytes = limits.unpacked
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for member in spreadsheets:
            member_name = f"{name}/{PurePosixPath(member.filename).name}"
            if member.flag_bits & 1:  # it is encrypted
                raise Refusal.PROTECTED(name)
            try:
                content = _extract_member(name, package, member, remaining_bytes, limits)
            except (*_ZIP_ERRORS, zlib.error) as error:
                raise Refusal.DAMAGED_MEMBER(member_name) from error
            remaining_bytes -= len(content)
            yield _make_blob(member_name, content, is_named_by_user=False)


def _is_spreadsheet_member(member: zipfile.ZipInfo) -> bool:
    # macOS adds a folder with resource forks that bear the names of the files
    return _is_readable_suffix(member.filename) and not member.filename.startswith("__MACOSX")


def _extract_member(
    name: str, package: zipfile.ZipFile, member: zipfile.ZipInfo, remaining_bytes: int, limits: ReadLimits
) -> bytes:
    """Extract one member, counted while it is unpacked: a bomb is refused before it fills the memory."""
    content = bytearray()
    largest = limits.ratio * max(member.compress_size, 1)
    with package.open(member) as file:
        while chunk := file.read(_CHUNK_BYTES):
            content += chunk
            if len(content) > remaining_bytes:
                raise Refusal.TOO_LARGE(name, most=limits.unpacked >> 20)
            if len(content) > max(RATIO_CHECKED_FROM, largest):
                raise Refusal.BOMB(name, most=limits.ratio)
    return bytes(content)
