"""Stage 1, in the child: a sheet's XML -> what the parser does not tell.

In: the stream of a sheet's part.
Out: a `Scan`: which rows exist, which hold values, error cells, formulas without a stored value.
Never: makes an object of each cell, or guesses: XML that is written unusually is read by an exact parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import IO

import numpy as np

from pipeline.read.scanned import Overlay, Scan, column_index
from schemas.cells import CellKind

_CHUNK = 4 << 20
_SAMPLE = 1 << 16
_STEP = 1 << 18
_END = b"</row>"
_ROW = re.compile(rb'<row\b[^>]*?\sr="(\d+)"')
_FORMULA = re.compile(rb"<c\b([^>]*)>\s*<f\b[^>]*?(?:/>|>([^<]*)</f>)\s*(<v\b[^>/]*(?:/>|>[^<]*</v>))?")
_FORMULAS = re.compile(rb"<f[\s/>]")
_SPACED = re.compile(rb"<[^<>]*(?:\s=|=\s)")
_PREFIXED = (b":c>", b":v>", b":f>", b":is>", b":row>")
_NUMERIC_ENTITY = re.compile(rb"<(?:c\b[^>]*|[vf]\b[^>]*>[^<]*)&#")
_ERROR = re.compile(rb'<c\b([^>]*\st="e"[^>]*)>(.*?)</c>', re.DOTALL)
_VALUE = re.compile(rb"<v\b[^>/]*>([^<]+)</v>")
_REFERENCE = re.compile(rb'\sr="([A-Z]{1,3})(\d{1,7})"')
_UNSEEN_ROW = re.compile(rb'<row\b([^>]*\s(?:hidden="(?:1|true)"|ht="0(?:\.0*)?")[^>]*)>')
_COLUMNS = re.compile(rb"<col\s([^>]*)>")
_MERGED = re.compile(rb'<mergeCell\s[^>]*?ref="([^"]*)"')
_ATTRIBUTE = re.compile(rb'(\w+)="([^"]*)"')


class UnusualError(Exception):
    """The XML is not written as the fast scan expects."""


def scan(stream: IO[bytes]) -> Scan:
    """Scan a sheet without comments and CDATA at the speed of regular expressions.

    Raises:
        UnusualError: the XML is written in another way; `scan_exactly` reads it.
    """
    found = Scan()
    for piece in pieces(stream):
        _scan_piece(piece, found)
    return found


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """A sheet's XML in whole rows, some megabytes at a time."""
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
    found.values += piece.count(b"</v>") + piece.count(b"<is>")
    if b"<v></v>" in piece:
        found.values -= piece.count(b"<v></v>")
    parts = piece.split(_END)[:-1]
    if len(parts) == len(rows):
        found.valued += [
            row for row, part in zip(rows, parts, strict=True) if b"<v>" in part or _has_value(part)
        ]
    else:  # rows without cells close themselves: the last number in a part is the row that holds its cells
        found.valued += [int(_ROW.findall(part)[-1]) for part in parts if _has_value(part)]
    _facts(piece, found)
    if b"<f" in piece:
        found.formulas = True
        found.overlays += _formulas(piece)
    if b't="e"' in piece:
        found.overlays += _errors(piece)


def _facts(piece: bytes, found: Scan) -> None:
    """What is hidden, filtered and merged."""
    if b' hidden="' in piece or b' ht="0' in piece or b' width="0' in piece:
        for each in _UNSEEN_ROW.findall(piece):
            attributes = attributes_in(each)
            found.row_hidden(int(attributes["r"]), attributes)
        for each in _COLUMNS.findall(piece):
            found.columns_hidden(attributes_in(each))
    if b"<mergeCell " in piece:
        for each in _MERGED.findall(piece):
            found.merged(each.decode())
    found.filtered |= b"<filterColumn" in piece


def attributes_in(element: bytes) -> dict[str, str]:
    """The attributes of an element, as they are written."""
    return {name.decode(): value.decode() for name, value in _ATTRIBUTE.findall(element)}


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
    """Whether a blank stands beside an equals sign in a tag (not in a text), or cells bear a prefix."""
    prefixed = False
    letters = np.frombuffer(piece, np.uint8)
    for start in range(0, len(letters), _STEP):  # a step at a time stays in the processor's cache
        own = letters[start : start + _STEP + 1]
        equals, blank = own == ord("="), own <= ord(" ")
        if (equals[1:] & blank[:-1]).any() or (equals[:-1] & blank[1:]).any():
            return _SPACED.search(piece) is not None or _prefixed(piece)
        prefixed = prefixed or bool(((own[:-1] == ord(":")) & (own[1:] > ord("9"))).any())
    return prefixed and _prefixed(piece)


def _prefixed(piece: bytes) -> bool:
    return any(each in piece for each in _PREFIXED)


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
