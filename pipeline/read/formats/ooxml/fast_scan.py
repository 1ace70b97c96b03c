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

from pipeline.read.formats.ooxml.sheet_facts import Overlay, SheetFacts, parse_column_letters
from schemas.cell_kinds import CellKind

_CHUNK_BYTES = 4 << 20
_SAMPLE_BYTES = 1 << 16
_STEP_BYTES = 1 << 18
_ROW_END = b"</row>"
_ROW = re.compile(rb'<row\b[^>]*?\sr="(\d+)"')
_FORMULA_CELL = re.compile(rb"<c\b([^>]*)>\s*<f\b[^>]*?(?:/>|>([^<]*)</f>)\s*(<v\b[^>/]*(?:/>|>[^<]*</v>))?")
_FORMULA_START = re.compile(rb"<f[\s/>]")
_SPACED_ATTRIBUTE = re.compile(rb"<[^<>]*(?:\s=|=\s)")
_PREFIXED_ENDS = (b":c>", b":v>", b":f>", b":is>", b":row>")
_NUMERIC_ENTITY = re.compile(rb"<(?:c\b[^>]*|[vf]\b[^>]*>[^<]*)&#")
_ERROR_CELL = re.compile(rb'<c\b([^>]*\st="e"[^>]*)>(.*?)</c>', re.DOTALL)
_VALUE = re.compile(rb"<v\b[^>/]*>([^<]+)</v>")
_REFERENCE = re.compile(rb'\sr="([A-Z]{1,3})(\d{1,7})"')
_HIDDEN_ROW = re.compile(rb'<row\b([^>]*\s(?:hidden="(?:1|true)"|ht="0(?:\.0*)?")[^>]*)>')
_COLUMN_ELEMENT = re.compile(rb"<col\s([^>]*)>")
_MERGE_CELL = re.compile(rb'<mergeCell\s[^>]*?ref="([^"]*)"')
_ATTRIBUTE = re.compile(rb'(\w+)="([^"]*)"')


class UnusualXmlError(Exception):
    """The XML is not written as the fast scan expects."""


def scan_fast(stream: IO[bytes]) -> SheetFacts:
    """Scan a sheet without comments and CDATA at the speed of regular expressions.

    Raises:
        UnusualError: the XML is written in another way; `scan_exactly` reads it.
    """
    facts = SheetFacts()
    for piece in iter_row_pieces(stream):
        _scan_piece(piece, facts)
    return facts


def iter_row_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """A sheet's XML in whole rows, some megabytes at a time."""
    remainder = b""
    while chunk := stream.read(_CHUNK_BYTES):
        remainder += chunk
        cut = remainder.rfind(_ROW_END) + len(_ROW_END)
        if cut >= len(_ROW_END):
            yield remainder[:cut]
            remainder = remainder[cut:]
    yield remainder


def _scan_piece(piece: bytes, facts: SheetFacts) -> None:
    if _is_unusual(piece):
        raise UnusualXmlError
    rows = list(map(int, _ROW.findall(piece)))
    if len(rows) != piece.count(b"<row") - piece.count(b"<rowBreaks", -_SAMPLE_BYTES):
        raise UnusualXmlError
    facts.rows += rows
    facts.value_count += piece.count(b"</v>") + piece.count(b"<is>")
    if b"<v></v>" in piece:
        facts.value_count -= piece.count(b"<v></v>")
    parts = piece.split(_ROW_END)[:-1]
    if len(parts) == len(rows):
        facts.valued_rows += [
            row for row, part in zip(rows, parts, strict=True) if b"<v>" in part or _has_value(part)
        ]
    else:  # rows without cells close themselves: the last number in a part is the row that holds its cells
        facts.valued_rows += [int(_ROW.findall(part)[-1]) for part in parts if _has_value(part)]
    _scan_sheet_facts(piece, facts)
    if b"<f" in piece:
        facts.has_formulas = True
        facts.overlays += _find_empty_formulas(piece)
    if b't="e"' in piece:
        facts.overlays += _find_errors(piece)


def _scan_sheet_facts(piece: bytes, facts: SheetFacts) -> None:
    """What is hidden, filtered and merged."""
    if b' hidden="' in piece or b' ht="0' in piece or b' width="0' in piece:
        for element in _HIDDEN_ROW.findall(piece):
            attributes = match_attributes(element)
            facts.record_hidden_row(int(attributes["r"]), attributes)
        for element in _COLUMN_ELEMENT.findall(piece):
            facts.record_hidden_columns(match_attributes(element))
    if b"<mergeCell " in piece:
        for reference in _MERGE_CELL.findall(piece):
            facts.record_merged_range(reference.decode())
    facts.is_filtered |= b"<filterColumn" in piece


def match_attributes(element: bytes) -> dict[str, str]:
    """The attributes of an element, as they are written."""
    return {name.decode(): value.decode() for name, value in _ATTRIBUTE.findall(element)}


def _is_unusual(piece: bytes) -> bool:
    """Whether XML is written in any way that the expressions above do not foresee."""
    sample = piece[:_SAMPLE_BYTES]
    return (
        b":row" in sample
        or b":c " in sample
        or (b"!" in piece and b"<!" in piece)
        or (b"?" in piece and piece.find(b"<?", 1) >= 0)
        or (b"'" in piece and b"='" in piece)
        or (b"&" in piece and b"&#" in piece and _NUMERIC_ENTITY.search(piece) is not None)
        or _has_unusual_pairs(piece)
    )


def _has_unusual_pairs(piece: bytes) -> bool:
    """Whether a blank stands beside an equals sign in a tag (not in a text), or cells bear a prefix."""
    may_be_prefixed = False
    characters = np.frombuffer(piece, np.uint8)
    for start in range(0, len(characters), _STEP_BYTES):  # a step at a time stays in the processor's cache
        window = characters[start : start + _STEP_BYTES + 1]
        is_equals, is_blank = window == ord("="), window <= ord(" ")
        if (is_equals[1:] & is_blank[:-1]).any() or (is_equals[:-1] & is_blank[1:]).any():
            return _SPACED_ATTRIBUTE.search(piece) is not None or _has_prefixed_cells(piece)
        may_be_prefixed = may_be_prefixed or bool(((window[:-1] == ord(":")) & (window[1:] > ord("9"))).any())
    return may_be_prefixed and _has_prefixed_cells(piece)


def _has_prefixed_cells(piece: bytes) -> bool:
    return any(ending in piece for ending in _PREFIXED_ENDS)


def _has_value(part: bytes) -> bool:
    return b"<v>" in part or b"<is>" in part or b"<v " in part


def _find_empty_formulas(piece: bytes) -> Iterator[Overlay]:
    matches = list(_FORMULA_CELL.finditer(piece))
    if len(matches) != len(_FORMULA_START.findall(piece)):
        raise UnusualXmlError  # a formula behind its value
    for match in matches:
        attributes, formula, stored = match.groups()
        value = _VALUE.match(stored) if stored else None
        is_empty_text = stored and b't="str"' in attributes
        if not value and not is_empty_text:
            row, column = _parse_position(attributes)
            yield Overlay(row, column, CellKind.FORMULA, f"={unescape((formula or b'').decode())}")


def _find_errors(piece: bytes) -> Iterator[Overlay]:
    for attributes, content in _ERROR_CELL.findall(piece):
        value = _VALUE.search(content)
        if value or b"<f" not in content:
            row, column = _parse_position(attributes)
            yield Overlay(row, column, CellKind.ERROR, unescape(value[1].decode()) if value else "#ERROR!")


def _parse_position(attributes: bytes) -> tuple[int, int]:
    """Row and column of a cell, counted from 0."""
    reference = _REFERENCE.search(attributes)
    if not reference:
        raise UnusualXmlError
    return int(reference[2]) - 1, parse_column_letters(reference[1].decode())
