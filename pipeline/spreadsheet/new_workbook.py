"""A new workbook from columns of text, for files that are no workbook: as plain as what it is made from."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from pipeline.spreadsheet import styles
from pipeline.spreadsheet.references import format_reference
from pipeline.spreadsheet.row_writer import OutputColumn, ValueStyles, encode_rows
from pipeline.spreadsheet.xml_bytes import escape_text

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE_NAMESPACE = "http://schemas.openxmlformats.org/package/2006"
_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_VALUE_STYLES, _HEADER_STYLES = ValueStyles(1, 1, 0, 2, 3, 4), ValueStyles(5, 5, 5, 5, 5, 5)
_CELL_FORMATS = (
    '<cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="22" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="46" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
)


@dataclass(frozen=True)
class NewSheet:
    """A sheet to be written.

    Attributes:
        name: of the sheet.
        columns: one array of text a column; header and all.
        rows: the row of each, as Excel will show it, ascending.
        kinds: position of a column to the CellKind of each cell, where a column holds more than text.
        header_index: position of the header.
    """

    name: str
    columns: Sequence[Any]
    rows: npt.NDArray[np.int32]
    kinds: Mapping[int, npt.NDArray[np.uint8]] = field(default_factory=dict)
    header_index: int = 0


def get_sheet_part(index: int) -> str:
    """The part of the sheet at a position."""
    return f"xl/worksheets/sheet{index + 1}.xml"


def write_workbook(sheets: Sequence[NewSheet], file: BinaryIO) -> None:
    """Write a workbook.

    Args:
        sheets: its sheets.
        file: open for writing.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=2) as package:
        for name, xml in _build_parts(sheets):
            package.writestr(zipfile.ZipInfo(name), xml, zipfile.ZIP_DEFLATED, 2)
        for index, sheet in enumerate(sheets):
            member = zipfile.ZipInfo(get_sheet_part(index))
            member.compress_type = zipfile.ZIP_DEFLATED
            with package.open(member, "w") as stream:
                for piece in _encode_sheet(sheet):
                    stream.write(piece)


def build_workbook(sheets: Sequence[NewSheet]) -> bytes:
    """A workbook as bytes."""
    file = io.BytesIO()
    write_workbook(sheets, file)
    return file.getvalue()


def _build_parts(sheets: Sequence[NewSheet]) -> Iterator[tuple[str, str]]:
    """Every part but the sheets."""
    numbers = range(1, len(sheets) + 1)
    override = '<Override PartName="/{}" ContentType="{}+xml"/>'
    yield (
        "[Content_Types].xml",
        (
            f'{_DECLARATION}<Types xmlns="{_PACKAGE_NAMESPACE}/content-types">'
            f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>'
            + override.format("xl/workbook.xml", f"{_CONTENT_TYPE}.sheet.main")
            + override.format("xl/styles.xml", f"{_CONTENT_TYPE}.styles")
            + "".join(
                override.format(get_sheet_part(number - 1), f"{_CONTENT_TYPE}.worksheet")
                for number in numbers
            )
            + "</Types>"
        ),
    )
    relation = '<Relationship Id="rId{}" Type="' + _OFFICE_RELATIONS + '/{}" Target="{}"/>'
    relations_document = (
        f'{_DECLARATION}<Relationships xmlns="{_PACKAGE_NAMESPACE}/relationships">{{}}</Relationships>'
    )
    yield "_rels/.rels", relations_document.format(relation.format(1, "officeDocument", "xl/workbook.xml"))
    yield (
        "xl/workbook.xml",
        (
            f'{_DECLARATION}<workbook xmlns="{styles.MAIN_NAMESPACE}" xmlns:r="{_OFFICE_RELATIONS}"><sheets>'
            + "".join(
                f'<sheet name="{escape_text(sheet.name).decode()}" sheetId="{number}" r:id="rId{number}"/>'
                for number, sheet in zip(numbers, sheets, strict=True)
            )
            + "</sheets></workbook>"
        ),
    )
    sheet_links = "".join(
        relation.format(number, "worksheet", f"worksheets/sheet{number}.xml") for number in numbers
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        relations_document.format(sheet_links + relation.format(len(sheets) + 1, "styles", "styles.xml")),
    )
    yield "xl/styles.xml", _DECLARATION + _build_styles()


def _build_styles() -> str:
    base = styles.encode_empty_styles().decode()
    start, end = base.index("<cellXfs"), base.index("</cellXfs>") + len("</cellXfs>")
    bold = '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    return (
        (base[:start] + _CELL_FORMATS + base[end:])
        .replace("</fonts>", bold)
        .replace('fonts count="1"', 'fonts count="2"')
    )


def _encode_sheet(sheet: NewSheet) -> Iterator[bytes]:
    last_cell = format_reference(
        int(sheet.rows[-1]) - 1 if len(sheet.rows) else 0, max(len(sheet.columns) - 1, 0)
    )
    header_row = int(sheet.rows[sheet.header_index]) if len(sheet.rows) else 1
    yield (
        f'{_DECLARATION}<worksheet xmlns="{styles.MAIN_NAMESPACE}"><dimension ref="A1:{last_cell}"/><sheetViews><sheetView'
        f' workbookViewId="0"><pane ySplit="{header_row}" topLeftCell="A{header_row + 1}" activePane="bottomLeft"'
        f' state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
        f'<cols><col min="1" max="{max(len(sheet.columns), 1)}" width="18" customWidth="1"/></cols><sheetData>'
    ).encode()
    for start, stop, value_styles in (
        (0, sheet.header_index, _VALUE_STYLES),
        (sheet.header_index, sheet.header_index + 1, _HEADER_STYLES),
        (sheet.header_index + 1, len(sheet.rows), _VALUE_STYLES),
    ):
        yield from encode_rows(_select_rows(sheet, start, stop, value_styles), sheet.rows[start:stop])
    ignored = f'<ignoredErrors><ignoredError sqref="A1:{last_cell}" numberStoredAsText="1"/></ignoredErrors>'
    yield f"</sheetData>{ignored}</worksheet>".encode()


def _select_rows(sheet: NewSheet, start: int, stop: int, value_styles: ValueStyles) -> list[OutputColumn]:
    """Some rows of all columns."""
    return [
        OutputColumn(
            format_reference(0, index)[:-1],
            column.slice(start, max(stop - start, 0)),
            value_styles,
            sheet.kinds[index][start:stop] if index in sheet.kinds else None,
        )
        for index, column in enumerate(sheet.columns)
    ]
