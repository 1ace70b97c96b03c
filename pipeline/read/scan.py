"""Stage 1, in the child: a sheet's XML -> what the parser does not tell.

In: the stream of a sheet's part.
Out: a `Scan`: which rows exist, which hold values, error cells, formulas without a stored value.
Never: makes an object of each cell, or guesses: XML that is written unusually is read by an exact parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import IO, Any, NamedTuple
from xml.sax.handler import ContentHandler

import defusedxml.sax
import numpy as np

from schemas.cells import CellKind

_CHUNK = 4 << 20
_SAMPLE = 1 << 16
_STEP = 1 << 18
_END = b"</row>"
_ROW = re.compile(rb'<row\b[^>]*?\sr="(\d+)"')
_FORMULA = re.compile(rb"<c\b([^>]*)>\s*<f\b[^>]*?(?:/>|>([^<]*)</f>)\s*(<v\b[^>/]*(?:/>|>[^<]*</v>))?")
_FORMULAS = re.compile(rb"<f[\s/>]")
_PREFIXED = (b":c>", b":v>", b":f>", b":is>", b":row>")
_NUMERIC_ENTITY = re.compile(rb"<(?:c\b[^>]*|[vf]\b[^>]*>[^<]*)&#")
_ERROR = re.compile(rb'<c\b([^>]*\st="e"[^>]*)>(.*?)</c>', re.DOTALL)
_VALUE = re.compile(rb"<v\b[^>/]*>([^<]+)</v>")
_REFERENCE = re.compile(rb'\sr="([A-Z]{1,3})(\d{1,7})"')


@dataclass(frozen=True)
class Overlay:
    """A cell the parser shows as empty: its place counted from 0, its kind and its text."""

    row: int
    column: int
    kind: int
    text: str


class Cell(NamedTuple):
    """A cell with a value: its place counted from 0, its type in the XML, and the value as it is written."""

    row: int
    column: int
    type: str
    value: str


@dataclass
class Scan:
    """What stands in a sheet.

    Attributes:
        rows: rows that stand in the file, as Excel shows them, in the order of the file.
        valued: those of them with a value.
        cells: cells with a value that cannot be an empty text; only the exact scan tells.
        overlays: error cells and formulas without a stored value.
    """

    rows: list[int] = field(default_factory=list)
    valued: list[int] = field(default_factory=list)
    cells: list[Cell] | None = None
    overlays: list[Overlay] = field(default_factory=list)


class UnusualError(Exception):
    """The XML is not written as the fast scan expects."""


def scan(stream: IO[bytes]) -> Scan:
    """Scan a sheet without comments and CDATA at the speed of regular expressions.

    Raises:
        UnusualError: the XML is written in another way; `scan_exactly` reads it.
    """
    found = Scan()
    for piece in _pieces(stream):
        _scan_piece(piece, found)
    return found


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Whole rows, some megabytes at a time."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        rest += chunk
        cut = rest.rfind(_END) + len(_END)
        if cut >= len(_END):
            yield rest[:cut]
            rest = rest[cut:]
    yield rest


def _scan_piece(piece: bytes, found: Scan) -> None:
    if _is_unusual(piece):
        raise UnusualError
    rows = list(map(int, _ROW.findall(piece)))
    if len(rows) != piece.count(b"<row") - piece.count(b"<rowBreaks", -_SAMPLE):
        raise UnusualError
    found.rows += rows
    parts = piece.split(_END)[:-1]
    if len(parts) == len(rows):
        found.valued += [
            row for row, part in zip(rows, parts, strict=True) if b"<v>" in part or _has_value(part)
        ]
    else:  # rows without cells close themselves: the last number in a part is the row that holds its cells
        found.valued += [int(_ROW.findall(part)[-1]) for part in parts if _has_value(part)]
    if b"<f" in piece:
        found.overlays += _formulas(piece)
    if b't="e"' in piece:
        found.overlays += _errors(piece)


def _is_unusual(piece: bytes) -> bool:
    """Whether XML is written in any way that the expressions above do not foresee."""
    sample = piece[:_SAMPLE]
    return (
        b":row" in sample
        or b":c " in sample
        or (b"!" in piece and b"<!" in piece)
        or (b"?" in piece and piece.find(b"<?", 1) >= 0)
        or (b"'" in piece and b"='" in piece)
        or (b"&" in piece and b"&#" in piece and _NUMERIC_ENTITY.search(piece) is not None)
        or _has_odd_pairs(piece)
    )


def _has_odd_pairs(piece: bytes) -> bool:
    """Whether a blank stands beside an equals sign anywhere, or cells bear a prefix."""
    prefixed = False
    letters = np.frombuffer(piece, np.uint8)
    for start in range(0, len(letters), _STEP):  # a step at a time stays in the processor's cache
        own = letters[start : start + _STEP + 1]
        equals, blank = own == ord("="), own <= ord(" ")
        if (equals[1:] & blank[:-1]).any() or (equals[:-1] & blank[1:]).any():
            return True
        prefixed = prefixed or bool(((own[:-1] == ord(":")) & (own[1:] > ord("9"))).any())
    return prefixed and any(each in piece for each in _PREFIXED)


def _has_value(part: bytes) -> bool:
    return b"<v>" in part or b"<is>" in part or b"<v " in part


def _formulas(piece: bytes) -> Iterator[Overlay]:
    matches = list(_FORMULA.finditer(piece))
    if len(matches) != len(_FORMULAS.findall(piece)):
        raise UnusualError  # a formula behind its value
    for match in matches:
        attributes, formula, stored = match.groups()
        value = _VALUE.match(stored) if stored else None
        empty_text = stored and b't="str"' in attributes
        if not value and not empty_text:
            row, column = _place(attributes)
            yield Overlay(row, column, CellKind.FORMULA, f"={unescape((formula or b'').decode())}")


def _errors(piece: bytes) -> Iterator[Overlay]:
    for attributes, content in _ERROR.findall(piece):
        value = _VALUE.search(content)
        if value or b"<f" not in content:
            row, column = _place(attributes)
            yield Overlay(row, column, CellKind.ERROR, unescape(value[1].decode()) if value else "#ERROR!")


def _place(attributes: bytes) -> tuple[int, int]:
    """Row and column of a cell, counted from 0."""
    reference = _REFERENCE.search(attributes)
    if not reference:
        raise UnusualError
    return int(reference[2]) - 1, column_index(reference[1].decode())


def column_index(letters: str) -> int:
    """Position of a column: A is 0, AA is 26."""
    position = 0
    for letter in letters.upper():
        position = position * 26 + ord(letter) - 64
    return position - 1


def column_letters(position: int) -> str:
    """Name of a column: 0 is A, 26 is AA."""
    letters, rest = "", position + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def scan_exactly(stream: IO[bytes]) -> Scan:
    """Scan a sheet with an XML parser: any way of writing it, at a tenth of the speed."""
    handler = _Handler()
    defusedxml.sax.parse(stream, handler, forbid_dtd=True)
    return handler.found


class _Handler(ContentHandler):
    """Follows rows and cells; those without a reference stand behind the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.found = Scan()
        self._cells = self.found.cells = []
        self._row = self._column = 0
        self._text: list[str] | None = None
        self._type = ""
        self._formula: str | None = None
        self._value: str | None = None
        self._inline = self._phonetic = False

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - the interface of xml.sax
        match name.rpartition(":")[2]:
            case "row":
                self._row, self._column = int(attrs.get("r", self._row + 1)), 0
                self.found.rows.append(self._row)
            case "c":
                self._cell(attrs.get("r", ""))
                self._type = attrs.get("t", "n")
            case "f" | "v" | "t":
                self._text = []
            case "is":
                self._inline = True
            case "rPh":
                self._phonetic = True

    def _cell(self, reference: str) -> None:
        letters = reference.rstrip("0123456789")
        self._column = column_index(letters) + 1 if letters else self._column + 1
        self._formula = self._value = None
        self._inline = False

    def characters(self, content: str) -> None:
        if self._text is not None:
            self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - the interface of xml.sax
        match name.rpartition(":")[2]:
            case "f":
                self._formula, self._text = "".join(self._text or ()), None
            case "v":
                self._value, self._text = "".join(self._text or ()), None
            case "t":
                if self._inline and not self._phonetic:
                    self._value = (self._value or "") + "".join(self._text or ())
                self._text = None
            case "rPh":
                self._phonetic = False
            case "c":
                self._close()

    def _close(self) -> None:
        empty_text = self._type == "str" and self._value is not None
        if (self._value or self._inline) and self.found.valued[-1:] != [self._row]:
            self.found.valued.append(self._row)
        if self._value and self._value.strip():
            self._cells.append(Cell(self._row - 1, self._column - 1, self._type, self._value))
        if self._formula is not None and not self._value and not empty_text:
            self._overlay(CellKind.FORMULA, f"={self._formula}")
        elif self._type == "e":
            self._overlay(CellKind.ERROR, self._value or "#ERROR!")

    def _overlay(self, kind: int, text: str) -> None:
        self.found.overlays.append(Overlay(self._row - 1, self._column - 1, kind, text))
