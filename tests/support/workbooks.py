"""Workbooks of the formats that no library of ours writes: small, and just as their specifications say."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from struct import pack
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
)
_ERRORS = {"#DIV/0!": 7, "#REF!": 23, "#N/A": 42}


class Marked(str):
    """A text that stands for an error cell, or for a formula without a value when it starts with `=`."""


class Calculated(float):
    """A number that a formula has stored as its result."""


def xlsb(
    path: Path,
    sheets: dict[str, Sequence[Sequence[Any]]],
    *,
    formats: Sequence[str] = ("General",),
    styles: dict[tuple[int, int], int] | None = None,
    hidden: Sequence[str] = (),
    hidden_rows: Sequence[int] = (),
    hidden_columns: Sequence[int] = (),
    merges: Sequence[tuple[int, int, int, int]] = (),
    date_1904: bool = False,
    calculation: int = 0x6A,
) -> Path:
    """A binary workbook; `styles` gives a cell, counted from 0, one of the formats."""

    def record(kind: int, body: bytes = b"") -> bytes:
        number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        size, length = len(body), b""
        while size > 127:
            length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
        return number + length + bytes([size]) + body

    def text(value: str) -> bytes:
        return pack("<I", len(value.encode("utf-16-le")) // 2) + value.encode("utf-16-le")

    def cell(row: int, column: int, value: Any) -> bytes:
        head = pack("<II", column, (styles or {}).get((row, column), 0))
        if value is None:
            return record(1, head)
        if isinstance(value, Marked):
            return record(3, head + bytes([_ERRORS[value]]))
        if isinstance(value, bool):
            return record(4, head + bytes([value]))
        if isinstance(value, int):
            return record(2, head + pack("<I", (value << 2 | 2) & 0xFFFFFFFF))
        if isinstance(value, Calculated):
            return record(9, head + pack("<dHI", value, 0, 0))
        if isinstance(value, float):
            return record(5, head + pack("<d", value))
        return record(6, head + text(value))

    def sheet(rows: Sequence[Sequence[Any]]) -> bytes:
        columns = b"".join(record(60, pack("<IIIIH", at, at, 2048, 0, 1)) for at in hidden_columns)
        cells = b"".join(
            record(0, pack("<IIHBB", at, 0, 300, 0, 0x10 if at + 1 in hidden_rows else 0))
            + b"".join(cell(at, position, value) for position, value in enumerate(row))
            for at, row in enumerate(rows)
        )
        merged = b"".join(record(176, pack("<IIII", *area)) for area in merges)
        return columns + record(145) + cells + record(146) + merged + record(130)

    bundle = b"".join(
        record(156, pack("<II", name in hidden, at) + text(f"rId{at}") + text(name))
        for at, name in enumerate(sheets, 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{_RELATION}/worksheet" Target="worksheets/sheet{at}.bin"/>'
        for at, _ in enumerate(sheets, 1)
    )
    relations += f'<Relationship Id="rId0" Type="{_RELATION}/styles" Target="styles.bin"/>'
    top = f'<Relationship Id="rId1" Type="{_RELATION}/officeDocument" Target="xl/workbook.bin"/>'
    codes = b"".join(record(44, pack("<H", 164 + at) + text(code)) for at, code in enumerate(formats))
    uses = b"".join(record(47, pack("<HH", 0, 164 + at) + bytes(12)) for at, _ in enumerate(formats))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("_rels/.rels", _RELATIONS % top)
        package.writestr("xl/_rels/workbook.bin.rels", _RELATIONS % relations)
        how = record(157, pack("<IIIdIH", 0, 1, 100, 0.001, 1, calculation))
        package.writestr("xl/workbook.bin", record(153, pack("<I", date_1904)) + bundle + how)
        package.writestr("xl/styles.bin", codes + record(617) + uses + record(618))
        for at, rows in enumerate(sheets.values(), 1):
            package.writestr(f"xl/worksheets/sheet{at}.bin", sheet(rows))
    return path


_CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
 xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">
<office:automatic-styles>{styles}</office:automatic-styles>
<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"""


def ods(path: Path, tables: str, styles: str = "", **parts: str) -> Path:
    """An OpenDocument spreadsheet with the tables and styles given as XML."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        package.writestr("content.xml", _CONTENT.format(styles=styles, tables=tables))
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def table(name: str, rows: Sequence[Sequence[Any]], attributes: str = "") -> str:
    """A table of plain cells."""
    lines = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)
    return f"<table:table table:name={quoteattr(name)} {attributes}>{lines}</table:table>"


def ods_cell(value: Any, attributes: str = "") -> str:
    """A cell as LibreOffice writes it."""
    if value is None:
        return f"<table:table-cell {attributes}/>"
    if isinstance(value, Marked):
        kind = 'office:value-type="string" office:string-value="" calcext:value-type="error"'
        kind, shown = ("", "") if value.startswith("=") else (kind, value)
        formula = quoteattr(f"of:{value if value.startswith('=') else '=1/0'}")
        head = f"table:formula={formula} {kind} {attributes}"
        return f"<table:table-cell {head}><text:p>{shown}</text:p></table:table-cell>"
    if isinstance(value, bool):
        kind = f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, int | float):
        kind = f'office:value-type="float" office:value="{value}"'
    elif isinstance(value, str):
        kind = 'office:value-type="string"'
    else:
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
    return f"<table:table-cell {kind} {attributes}><text:p>{escape(str(value))}</text:p></table:table-cell>"


def patched(source: Path, target: Path, part: str, pattern: str, replacement: str) -> Path:
    """The workbook with some of a part's XML replaced."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == part:
                changed = re.sub(pattern, lambda _: replacement, data.decode(), flags=re.DOTALL)
                assert changed != data.decode()
                data = changed.encode()
            new.writestr(name, data)
    return target
