"""The file formats that are read: one record each, in one registry.

In: the first bytes of a file, or its suffix.
Out: the formats it may be in, from which the detection, the worker process, the accepted suffixes and the
reading page derive.
Never: imports a parser before a file needs it, or believes a suffix over the bytes.

A new format costs a module with its parser, a test with a file of it, and an entry of `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.read.files.limits import DEFAULT_READ_LIMITS, ReadLimits
from pipeline.read.files.options import DEFAULT_READ_OPTIONS, ReadOptions
from pipeline.read.files.refusals import Refusal

if TYPE_CHECKING:
    import zipfile

    from pipeline.read.grid import Grid

ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PARQUET_MAGIC = b"PAR1"
BIFF_MAGICS = (
    b"\x09\x00\x04\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x08\x08\x00",
    b"\x09\x08\x10\x00",
)
"""The first bytes of an old workbook outside an OLE container."""

HeaderCounter = Callable[[list[str]], int]
"""Counts the cells of a row that are known headers."""


def _count_nothing(_: list[str]) -> int:
    return 0  # uncovered: the formats that the worker parses count no headers


@dataclass(frozen=True, kw_only=True)
class FormatInput:
    """What a parser is given of a file.

    Attributes:
        name: the file's name, for sentences.
        data: its bytes.
        limits: how much it may take.
        options: what the person declares of text files; in the worker nothing is declared.
        count_headers: counts the known headers of a row; in the worker none is known.
        package: the bytes opened as a zip, if they are one: checked and, where needed, repaired.
        commented_parts: parts of the package that hold comments or CDATA.
    """

    name: str
    data: bytes
    limits: ReadLimits = DEFAULT_READ_LIMITS
    options: ReadOptions = DEFAULT_READ_OPTIONS
    count_headers: HeaderCounter = _count_nothing
    package: zipfile.ZipFile | None = None
    commented_parts: frozenset[str] = frozenset()

    def require_package(self) -> zipfile.ZipFile:
        """Return the opened package of a format whose files are zips."""
        if self.package is None:
            raise ValueError("it is no zip")  # uncovered: only formats that begin as a zip does ask for it
        return self.package


class ParserReference(NamedTuple):
    """What the worker must know of a format: where its functions are, and if its sheets are patchable."""

    parse: str
    recognise: str
    patchable: bool


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format.

    Attributes:
        title: what people call it.
        suffixes: of its files, in lower case.
        description: what is read of it, for the documentation.
        parse: `module:function` from a `FormatInput` to an iterator of `Grid`.
        starts_with: first bytes, one of which its files have; none: what no other format claims is taken for
            it.
        recognise: `module:function` that says of a `FormatInput` whether it is in this format, where several
            formats share their first bytes; empty where the first bytes suffice.
        in_worker: it is parsed in the worker process, since damaged or hostile files can kill its parser.
        patchable: a copy of the file can be marked in place, part by part.
        is_workbook: a file holds several sheets; a zip with its suffix is one file, not a zip of files.
        misnamed: the refusal of files that have one of its suffixes and are in no known format; None: none
            is.
    """

    title: str
    suffixes: tuple[str, ...]
    description: str
    parse: str
    starts_with: tuple[bytes, ...] = ()
    recognise: str = ""
    in_worker: bool = True
    patchable: bool = False
    is_workbook: bool = False
    misnamed: Refusal | None = Refusal.MISNAMED

    @property
    def reference(self) -> ParserReference:
        """The part of it that is sent to the worker."""
        return ParserReference(self.parse, self.recognise, self.patchable)


FORMATS = {
    "xlsx": Format(
        title="Excel workbook",
        suffixes=(".xlsx", ".xlsm"),
        description="Also Strict Open XML, and packages as other programs write them. Macros are never run.",
        parse="pipeline.read.formats.xlsx:read_xlsx_sheets",
        starts_with=(ZIP_MAGIC,),
        recognise="pipeline.read.formats.xlsx:is_xlsx",
        patchable=True,
        is_workbook=True,
    ),
    "xlsb": Format(
        title="Excel binary workbook",
        suffixes=(".xlsb",),
        description="The same facts as of .xlsx.",
        parse="pipeline.read.formats.xlsb:read_xlsb_sheets",
        starts_with=(ZIP_MAGIC,),
        recognise="pipeline.read.formats.xlsb:is_xlsb",
        is_workbook=True,
    ),
    "xls": Format(
        title="Excel 97-2003 workbook",
        suffixes=(".xls",),
        description="Excel 5 and later, also outside an OLE container.",
        parse="pipeline.read.formats.xls:read_xls_sheets",
        starts_with=(OLE_MAGIC, *BIFF_MAGICS),
        is_workbook=True,
    ),
    "ods": Format(
        title="OpenDocument spreadsheet",
        suffixes=(".ods",),
        description="As LibreOffice and others write it.",
        parse="pipeline.read.formats.ods:read_ods_sheets",
        starts_with=(ZIP_MAGIC,),
        recognise="pipeline.read.formats.ods:is_open_document",
        is_workbook=True,
    ),
    "csv": Format(
        title="Text with delimiters",
        suffixes=(".csv", ".tsv", ".txt"),
        description="UTF-8 with or without a mark, UTF-16, UTF-32, Windows-1252 and its kin; comma,"
        " semicolon, tab or pipe; line ends of every system; cells in quotes with delimiters and line ends"
        " inside. What was found stands in the report. `sep=;` in the first line is obeyed.",
        parse="pipeline.read.formats.csv_file:read_csv_sheet",
        in_worker=False,  # pyarrow's reader and the csv module survive any text
        misnamed=None,
    ),
    "parquet": Format(
        title="Parquet file",
        suffixes=(".parquet",),
        description="Columns of texts, numbers, days and yes or no.",
        parse="pipeline.read.formats.parquet:read_parquet_sheet",
        starts_with=(PARQUET_MAGIC,),
        misnamed=Refusal.MISNAMED_PARQUET,
    ),
}
"""Everything that is read, in the order of the documentation; the bytes tell which format a file is in."""


def find_signed_formats(data: bytes) -> tuple[Format, ...]:
    """Return the formats whose files have these first bytes."""
    return tuple(
        file_format
        for file_format in FORMATS.values()
        if file_format.starts_with and data.startswith(file_format.starts_with)
    )


def detect_formats(data: bytes) -> tuple[Format, ...]:
    """Return the formats that a file with these bytes may be in; what has no signature is text."""
    unsigned = (file_format for file_format in FORMATS.values() if not file_format.starts_with)
    return find_signed_formats(data) or tuple(unsigned)


def find_format_of_suffix(name: str) -> Format | None:
    """Return the format that a file's name promises."""
    suffix = PurePath(name).suffix.lower()
    return next((file_format for file_format in FORMATS.values() if suffix in file_format.suffixes), None)


def choose_parser(references: Sequence[ParserReference], file: FormatInput) -> ParserReference | None:
    """Return the first parser whose format a file is in, by its content; None for none of them."""
    for reference in references:
        if not reference.recognise or _load_function(reference.recognise)(file):
            return reference
    return None


def parse_sheets(reference: ParserReference, file: FormatInput) -> Iterator[Grid]:
    """Parse a file's sheets; the parser's module is imported now.

    Raises:
        SourceError: the parser refuses the file.
    """
    sheets: Iterator[Grid] = _load_function(reference.parse)(file)
    yield from sheets


def _load_function(reference: str) -> Callable[[FormatInput], Any]:
    module, _, name = reference.partition(":")
    # imported only here: what parses in the worker is never loaded in the parent
    function: Callable[[FormatInput], Any] = getattr(import_module(module), name)
    return function
