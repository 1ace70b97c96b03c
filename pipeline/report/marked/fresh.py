"""A new workbook from columns of text, for files that are no workbook: as plain as what it is made from."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from pipeline.report.marked import styles
from pipeline.report.marked.cells import address
from pipeline.report.marked.columns import CellLooks, Written, rows_of
from pipeline.report.marked.markup import text

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_LOOKS, _HEAD = CellLooks(1, 1, 0, 2, 3, 4), CellLooks(5, 5, 5, 5, 5, 5)
_FORMATS = (
    '<cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="22" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="46" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
)


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
    for start, stop, looks in (
        (0, tab.head, _LOOKS),
        (tab.head, tab.head + 1, _HEAD),
        (tab.head + 1, len(tab.rows), _LOOKS),
    ):
        yield from rows_of(_written(tab, start, stop, looks), tab.rows[start:stop])
    ignored = f'<ignoredErrors><ignoredError sqref="A1:{last}" numberStoredAsText="1"/></ignoredErrors>'
    yield f"</sheetData>{ignored}</worksheet>".encode()


def _written(tab: Tab, start: int, stop: int, looks: CellLooks) -> list[Written]:
    """Some rows of all columns."""
    return [
        Written(
            address(0, at)[:-1],
            column.slice(start, max(stop - start, 0)),
            looks,
            tab.kinds[at][start:stop] if at in tab.kinds else None,
        )
        for at, column in enumerate(tab.columns)
    ]
