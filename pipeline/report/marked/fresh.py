"""A new workbook from columns of text: for files that are no workbook, and for the rejected invoices.

Every value is written as what it was: a text as a text, whatever it begins with; a number cell as a number; an
error or a formula without a value as an error, never as a text that would pass. Written a column at a time.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.report.marked import styles
from pipeline.report.marked.cells import LONGEST, address
from pipeline.report.marked.markup import text
from schemas.cells import CellKind
from schemas.texts import byte_range

_AT_ONCE = 20_000
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TEXT, _DATE, _MOMENT, _TIME, _HEAD = 1, 2, 3, 4, 5
_FORMATS = (
    '<cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="22" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="46" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
)
_EPOCH = 25_569
"""Days from the first day of a spreadsheet's calendar to that of everybody else's."""


@dataclass(frozen=True)
class Tab:
    """A sheet to be written.

    Attributes:
        name: of the sheet.
        columns: one array of text a column; header and all.
        rows: the row of each, as Excel will show it, ascending.
        kinds: position of a column to the CellKind of each cell, where a column holds more than text.
        head: position of the header.
    """

    name: str
    columns: Sequence[Any]
    rows: npt.NDArray[np.int32]
    kinds: Mapping[int, npt.NDArray[np.uint8]] = field(default_factory=dict)
    head: int = 0


def part(at: int) -> str:
    """The part of the sheet at a position."""
    return f"xl/worksheets/sheet{at + 1}.xml"


def write(tabs: Sequence[Tab], file: BinaryIO) -> None:
    """Write a workbook.

    Args:
        tabs: its sheets.
        file: open for writing.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=2) as package:
        for name, xml in _parts(tabs):
            package.writestr(zipfile.ZipInfo(name), xml, zipfile.ZIP_DEFLATED, 2)
        for at, tab in enumerate(tabs):
            member = zipfile.ZipInfo(part(at))
            member.compress_type = zipfile.ZIP_DEFLATED
            with package.open(member, "w") as stream:
                for piece in _sheet(tab):
                    stream.write(piece)


def workbook(tabs: Sequence[Tab]) -> bytes:
    """A workbook as bytes."""
    file = io.BytesIO()
    write(tabs, file)
    return file.getvalue()


def _parts(tabs: Sequence[Tab]) -> Iterator[tuple[str, str]]:
    """Every part but the sheets."""
    numbers = range(1, len(tabs) + 1)
    override = '<Override PartName="/{}" ContentType="{}+xml"/>'
    yield (
        "[Content_Types].xml",
        (
            f'{_DECLARATION}<Types xmlns="{_PACKAGE}/content-types">'
            f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>'
            + override.format("xl/workbook.xml", f"{_TYPE}.sheet.main")
            + override.format("xl/styles.xml", f"{_TYPE}.styles")
            + "".join(override.format(part(each - 1), f"{_TYPE}.worksheet") for each in numbers)
            + "</Types>"
        ),
    )
    link = '<Relationship Id="rId{}" Type="' + _OFFICE + '/{}" Target="{}"/>'
    links = f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">{{}}</Relationships>'
    yield "_rels/.rels", links.format(link.format(1, "officeDocument", "xl/workbook.xml"))
    yield (
        "xl/workbook.xml",
        (
            f'{_DECLARATION}<workbook xmlns="{styles.MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            + "".join(
                f'<sheet name="{text(tab.name).decode()}" sheetId="{each}" r:id="rId{each}"/>'
                for each, tab in zip(numbers, tabs, strict=True)
            )
            + "</sheets></workbook>"
        ),
    )
    sheets = "".join(link.format(each, "worksheet", f"worksheets/sheet{each}.xml") for each in numbers)
    yield (
        "xl/_rels/workbook.xml.rels",
        links.format(sheets + link.format(len(tabs) + 1, "styles", "styles.xml")),
    )
    yield "xl/styles.xml", _DECLARATION + _styles()


def _styles() -> str:
    base = styles.empty().decode()
    start, end = base.index("<cellXfs"), base.index("</cellXfs>") + len("</cellXfs>")
    bold = '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    return (
        (base[:start] + _FORMATS + base[end:])
        .replace("</fonts>", bold)
        .replace('fonts count="1"', 'fonts count="2"')
    )


def _sheet(tab: Tab) -> Iterator[bytes]:
    last = address(int(tab.rows[-1]) - 1 if len(tab.rows) else 0, max(len(tab.columns) - 1, 0))
    head = int(tab.rows[tab.head]) if len(tab.rows) else 1
    yield (
        f'{_DECLARATION}<worksheet xmlns="{styles.MAIN}"><dimension ref="A1:{last}"/><sheetViews><sheetView'
        f' workbookViewId="0"><pane ySplit="{head}" topLeftCell="A{head + 1}" activePane="bottomLeft"'
        f' state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
        f'<cols><col min="1" max="{max(len(tab.columns), 1)}" width="18" customWidth="1"/></cols><sheetData>'
    ).encode()
    for start in range(0, len(tab.rows), _AT_ONCE):
        yield _rows(tab, start, min(start + _AT_ONCE, len(tab.rows)))
    ignored = f'<ignoredErrors><ignoredError sqref="A1:{last}" numberStoredAsText="1"/></ignoredErrors>'
    yield f"</sheetData>{ignored}</worksheet>".encode()


def _rows(tab: Tab, start: int, stop: int) -> bytes:
    """Some rows as XML, made a column at a time."""
    numbers = pc.cast(pa.array(tab.rows[start:stop]), pa.string())
    cells = []
    for at, column in enumerate(tab.columns):
        texts = _plain(column.slice(start, stop - start))
        kinds = tab.kinds[at][start:stop] if at in tab.kinds else None
        head = tab.head - start if start <= tab.head < stop else -1
        cells.append(_cells(address(0, at)[:-1], numbers, texts, kinds, head))
    opened = pc.binary_join_element_wise('<row r="', numbers, '">', "")
    rows = pc.binary_join_element_wise(opened, *cells, "</row>", "")
    return "".join(rows.to_pylist()).encode()


def _plain(column: Any) -> Any:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.dictionary_decode() if isinstance(whole, pa.DictionaryArray) else whole


def _cells(letter: str, numbers: Any, texts: Any, kinds: npt.NDArray[np.uint8] | None, head: int) -> Any:
    """A column's cells as XML; nothing for a blank."""
    where = pc.binary_join_element_wise(f'<c r="{letter}', numbers, "")
    looks = np.full(len(texts), str(_TEXT), object)
    if head >= 0:
        looks[head] = str(_HEAD)
    opened = pc.binary_join_element_wise(
        where, '" s="', pa.array(looks, pa.string()), '" t="inlineStr"><is><t xml:space="preserve">', ""
    )
    cells = pc.binary_join_element_wise(opened, _escaped(texts), "</t></is></c>", "")
    for kind, (look, values) in _other_than_text(texts, kinds).items():
        mine = pa.array(kinds == kind)
        cells = pc.if_else(mine, pc.binary_join_element_wise(where, look, values, "</v></c>", ""), cells)
    return pc.if_else(pc.equal(texts, ""), "", cells)


def _other_than_text(texts: Any, kinds: npt.NDArray[np.uint8] | None) -> dict[int, tuple[str, Any]]:
    """How the cells of each other kind are opened, and their values."""
    if kinds is None:
        return {}
    there = set(np.unique(kinds).tolist())
    made: dict[int, tuple[str, Any]] = {}
    if CellKind.NUMBER in there:
        made[CellKind.NUMBER] = ('"><v>', texts)
    if CellKind.BOOLEAN in there:
        made[CellKind.BOOLEAN] = ('" t="b"><v>', pc.if_else(pc.equal(texts, "TRUE"), "1", "0"))
    if CellKind.ERROR in there:
        made[CellKind.ERROR] = ('" t="e"><v>', _escaped(texts))
    if CellKind.FORMULA in there:
        made[CellKind.FORMULA] = ('" t="e"><v>', pa.repeat(pa.scalar("#VALUE!"), len(texts)))
    if CellKind.DATE in there:
        made[CellKind.DATE] = (f'" s="{_DATE}"><v>', _serials(texts, kinds == CellKind.DATE))
    return made


def _serials(texts: Any, mine: npt.NDArray[np.bool_]) -> Any:
    """Dates as the numbers that spreadsheets keep them as; a time of day is the part of a day."""
    own = pc.if_else(pa.array(mine), texts, None)
    days = pc.strptime(pc.utf8_slice_codeunits(own, 0, 10), format="%Y-%m-%d", unit="s", error_is_null=True)
    clock = pc.strptime(pc.utf8_slice_codeunits(own, 11, 19), format="%H:%M:%S", unit="s", error_is_null=True)
    whole = pc.add(pc.divide(pc.cast(days, pa.int64()), 86_400), _EPOCH)
    part_of_day = pc.divide(pc.multiply(pc.add(_seconds(clock), 0), 10**12), 86_400)
    fraction = pc.utf8_lpad(pc.cast(part_of_day, pa.string()), width=12, padding="0")
    return pc.if_else(
        pc.equal(pc.fill_null(part_of_day, 0), 0),
        pc.cast(whole, pa.string()),
        pc.binary_join_element_wise(pc.cast(whole, pa.string()), fraction, "."),
    )


def _seconds(clock: Any) -> Any:
    """Seconds since midnight; 0 where there is no time."""
    return pc.fill_null(
        pc.add(
            pc.multiply(pc.hour(clock), 3600), pc.add(pc.multiply(pc.minute(clock), 60), pc.second(clock))
        ),
        0,
    )


def _escaped(texts: Any) -> Any:
    """Texts as XML; what is not plain ASCII letters and digits goes through the one rule for texts."""
    least, most = byte_range(texts)
    if len(texts) and least >= ord(" ") and most < 0x7F and not _has(texts):
        return texts
    odd = pc.match_substring_regex(texts, pattern=r"[^ !#-%\'-;=?-~]|_x[0-9A-Fa-f]{4}_")
    odd = pc.or_(odd, pc.greater(pc.utf8_length(texts), LONGEST))
    if not pc.any(odd).as_py():
        return texts
    made = [text(each[:LONGEST]).decode() for each in texts.filter(odd).to_pylist()]
    return pc.replace_with_mask(texts, odd, pa.array(made, pa.string()))


def _has(texts: Any) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern=r'[<>&"]|_x')).as_py())
