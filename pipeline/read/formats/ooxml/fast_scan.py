"""The fast scan of a sheet's XML, by regular expressions over megabytes at a time.

In: the stream of a sheet's part.
Out: `SheetFacts`: which rows exist, which hold values, error cells, formulas without a stored value.
Never: makes an object per cell, or guesses: XML that is written unusually is left to the exact scan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import IO

import numpy as np

from pipeline.read.formats.ooxml.sheet_facts import Overlay, SheetFacts
from pipeline.spreadsheet.references import parse_column_letters
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
        UnusualXmlError: the XML is written in another way; `scan_exactly` reads it.
    """
    facts = SheetFacts()
    for piece in iter_row_pieces(stream):
        _scan_piece(piece, facts)
    return facts


def iter_row_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield a sheet's XML in whole rows, some megabytes at a time."""
    remainder = b""
    while chunk := stream.read(_CHUNK_BYTES):
        remainder += chunk
        cut = remainder.rfind(_ROW_END) + len(_ROW_END)
        # where no row ends, `rfind` gives -1, and the cut is shorter than the end itself
        if cut >= len(_ROW_END):
            yield remainder[:cut]
            remainder = remainder[cut:]
    yield remainder


def _scan_piece(piece: bytes, facts: SheetFacts) -> None:
    if _is_unusual(piece):
        raise UnusualXmlError
    rows = list(map(int, _ROW.findall(piece)))
    # a row without a number is missing from the list; page breaks begin alike and come at the end
    if len(rows) != piece.count(b"<row") - piece.count(b"<rowBreaks", -_SAMPLE_BYTES):
        raise UnusualXmlError
    facts.rows += rows
    facts.value_count += piece.count(b"</v>") + piece.count(b"<is>") - piece.count(b"<v></v>")
    facts.valued_rows += _find_valued_rows(piece, rows)
    _scan_visibility(piece, facts)
    if b"<f" in piece:
        facts.has_formulas = True
        facts.overlays += _find_empty_formulas(piece)
    if b't="e"' in piece:
        facts.overlays += _find_errors(piece)


def _find_valued_rows(piece: bytes, rows: list[int]) -> list[int]:
    parts = piece.split(_ROW_END)[:-1]
    if len(parts) == len(rows):
        return [row for row, part in zip(rows, parts, strict=True) if _has_value(part)]
    # rows without cells close themselves: the last number in a part is the row that holds its cells
    return [int(_ROW.findall(part)[-1]) for part in parts if _has_value(part)]


def _scan_visibility(piece: bytes, facts: SheetFacts) -> None:
    """Record what is hidden, filtered and merged."""
    # the cheap test for bytes spares most pieces the expressions
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
    """Return the attributes of an element, as they are written."""
    return {name.decode(): value.decode() for name, value in _ATTRIBUTE.findall(element)}


def _is_unusual(piece: bytes) -> bool:
    """Return whether XML is written in any way that the expressions above do not foresee."""
    # who uses a prefix uses it from the start, so the first bytes tell
    sample = piece[:_SAMPLE_BYTES]
    if b":row" in sample or b":c " in sample:
        return True
    return _has_markup_in_text(piece) or _has_unusual_pairs(piece)


def _has_markup_in_text(piece: bytes) -> bool:
    """Return whether there are comments, CDATA, instructions, single quotes or numeric entities."""
    # one byte is looked for before two or more: memchr passes a piece at the speed of memory
    return (
        (b"!" in piece and b"<!" in piece)
        or (b"?" in piece and piece.find(b"<?", 1) >= 0)
        or (b"'" in piece and b"='" in piece)
        or (b"&" in piece and b"&#" in piece and _NUMERIC_ENTITY.search(piece) is not None)
    )


def _has_unusual_pairs(piece: bytes) -> bool:
    """Return whether blanks surround an equals sign in a tag (not in a text), or cells have a prefix."""
    may_be_prefixed = False
    characters = np.frombuffer(piece, np.uint8)
    for start in range(0, len(characters), _STEP_BYTES):  # a step at a time stays in the processor's cache
        # one byte more, so that no pair hides at the seam
        window = characters[start : start + _STEP_BYTES + 1]
        is_equals, is_blank = window == ord("="), window <= ord(" ")
        if (is_equals[1:] & is_blank[:-1]).any() or (is_equals[:-1] & is_blank[1:]).any():
            return _SPACED_ATTRIBUTE.search(piece) is not None or _has_prefixed_cells(piece)
        # a digit behind a colon is a time or a range; a prefix has a letter there
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
        # `t="str"` with an empty `v` is a result: the empty text
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
    """Return row and column of a cell, counted from 0."""
    reference = _REFERENCE.search(attributes)
    if not reference:
        raise UnusualXmlError
    return int(reference[2]) - 1, parse_column_letters(reference[1].decode())
