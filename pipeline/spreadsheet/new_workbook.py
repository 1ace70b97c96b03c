"""A minimal workbook written from columns of text, for inputs that were CSV, Parquet or old workbooks.

In: sheets as Arrow columns, with the number of each row.
Out: a workbook as bytes.
Never: has more formats than its values need, or holds a sheet's XML whole in memory.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from pipeline.spreadsheet.references import format_reference, to_column_letters
from pipeline.spreadsheet.relations import OFFICE_RELATIONS
from pipeline.spreadsheet.row_writer import CellKinds, OutputColumn, ValueStyles, encode_rows
from pipeline.spreadsheet.styles import MAIN_NAMESPACE, encode_empty_styles
from pipeline.spreadsheet.xml_bytes import escape_text
from schemas.arrow.columns import Texts

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE_NAMESPACE = "http://schemas.openxmlformats.org/package/2006"
_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_COMPRESSION_LEVEL = 2
_VALUE_STYLES = ValueStyles(text=1, guarded=1, value=0, date=2, date_time=3, time=4)
_HEADER_STYLES = ValueStyles(*[5] * 6)
_CELL_FORMATS = (
    '<cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    # quotePrefix: as if an apostrophe had been typed, so that editing such a cell makes no formula of it
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="22" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="46" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    "</cellXfs>"
)
_BOLD_FONT = '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
_OVERRIDE = '<Override PartName="/{}" ContentType="{}+xml"/>'
_RELATION = '<Relationship Id="rId{}" Type="' + OFFICE_RELATIONS + '/{}" Target="{}"/>'


@dataclass(frozen=True)
class NewSheet:
    """A sheet to be written.

    Attributes:
        name: of the sheet.
        columns: header and data, one array per column, all of one length.
        rows: the number of each row, as Excel will show it, ascending.
        kinds: position of a column to the CellKind of each cell, where a column holds more than text.
        header_index: position of the header among the rows.
    """

    name: str
    columns: Sequence[Texts]
    rows: npt.NDArray[np.int32]
    kinds: Mapping[int, CellKinds] = field(default_factory=dict)
    header_index: int = 0


def get_sheet_part(index: int) -> str:
    """Return the part of the sheet at an index."""
    return f"xl/worksheets/sheet{index + 1}.xml"


def build_workbook(sheets: Sequence[NewSheet]) -> bytes:
    """Return a workbook.

    Args:
        sheets: in order.
    """
    file = io.BytesIO()
    _write_workbook(sheets, file)
    return file.getvalue()


def _write_workbook(sheets: Sequence[NewSheet], file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as package:
        for name, xml in _build_parts(sheets):
            # A ZipInfo of our own has no date, so that the same sheets give the same bytes.
            package.writestr(zipfile.ZipInfo(name), xml, zipfile.ZIP_DEFLATED, _COMPRESSION_LEVEL)
        for index, sheet in enumerate(sheets):
            member = zipfile.ZipInfo(get_sheet_part(index))
            member.compress_type = zipfile.ZIP_DEFLATED
            with package.open(member, "w") as stream:
                for piece in _encode_sheet(sheet):
                    stream.write(piece)


def _build_parts(sheets: Sequence[NewSheet]) -> Iterator[tuple[str, str]]:
    """Yield every part but the sheets, with its name."""
    yield "[Content_Types].xml", _build_content_types(len(sheets))
    yield "_rels/.rels", _build_relations(_RELATION.format(1, "officeDocument", "xl/workbook.xml"))
    yield "xl/workbook.xml", _build_sheet_list(sheets)
    links = [
        _RELATION.format(number, "worksheet", f"worksheets/sheet{number}.xml")
        for number in range(1, len(sheets) + 1)
    ]
    links.append(_RELATION.format(len(sheets) + 1, "styles", "styles.xml"))
    yield "xl/_rels/workbook.xml.rels", _build_relations("".join(links))
    yield "xl/styles.xml", _DECLARATION + _build_styles()


def _build_content_types(count: int) -> str:
    parts = [("xl/workbook.xml", "sheet.main"), ("xl/styles.xml", "styles")]
    parts += [(get_sheet_part(index), "worksheet") for index in range(count)]
    overrides = "".join(_OVERRIDE.format(part, f"{_CONTENT_TYPE}.{kind}") for part, kind in parts)
    return (
        f'{_DECLARATION}<Types xmlns="{_PACKAGE_NAMESPACE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _build_relations(links: str) -> str:
    namespace = f"{_PACKAGE_NAMESPACE}/relationships"
    return f'{_DECLARATION}<Relationships xmlns="{namespace}">{links}</Relationships>'


def _build_sheet_list(sheets: Sequence[NewSheet]) -> str:
    entries = "".join(
        f'<sheet name="{escape_text(sheet.name).decode()}" sheetId="{number}" r:id="rId{number}"/>'
        for number, sheet in enumerate(sheets, 1)
    )
    namespaces = f'xmlns="{MAIN_NAMESPACE}" xmlns:r="{OFFICE_RELATIONS}"'
    return f"{_DECLARATION}<workbook {namespaces}><sheets>{entries}</sheets></workbook>"


def _build_styles() -> str:
    base = encode_empty_styles().decode()
    start, end = base.index("<cellXfs"), base.index("</cellXfs>") + len("</cellXfs>")
    styles = base[:start] + _CELL_FORMATS + base[end:]
    return styles.replace("</fonts>", f"{_BOLD_FONT}</fonts>").replace('fonts count="1"', 'fonts count="2"')


def _encode_sheet(sheet: NewSheet) -> Iterator[bytes]:
    has_rows = len(sheet.rows) > 0
    last_row = int(sheet.rows[-1]) - 1 if has_rows else 0
    last_cell = format_reference(last_row, max(len(sheet.columns) - 1, 0))
    header_row = int(sheet.rows[sheet.header_index]) if has_rows else 1
    yield (
        f'{_DECLARATION}<worksheet xmlns="{MAIN_NAMESPACE}"><dimension ref="A1:{last_cell}"/><sheetViews>'
        f'<sheetView workbookViewId="0"><pane ySplit="{header_row}" topLeftCell="A{header_row + 1}"'
        f' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>'
        f'<col min="1" max="{max(len(sheet.columns), 1)}" width="18" customWidth="1"/></cols><sheetData>'
    ).encode()
    first, stop = sheet.header_index, sheet.header_index + 1
    yield from _encode_span(sheet, 0, first, _VALUE_STYLES)
    yield from _encode_span(sheet, first, stop, _HEADER_STYLES)
    yield from _encode_span(sheet, stop, len(sheet.rows), _VALUE_STYLES)
    # else Excel puts a green triangle at every number that is kept as text
    ignored = f'<ignoredErrors><ignoredError sqref="A1:{last_cell}" numberStoredAsText="1"/></ignoredErrors>'
    yield f"</sheetData>{ignored}</worksheet>".encode()


def _encode_span(sheet: NewSheet, start: int, stop: int, styles: ValueStyles) -> Iterator[bytes]:
    """Encode some rows of all columns."""
    columns = [
        OutputColumn(
            to_column_letters(index),
            column.slice(start, max(stop - start, 0)),
            styles,
            sheet.kinds[index][start:stop] if index in sheet.kinds else None,
        )
        for index, column in enumerate(sheet.columns)
    ]
    return encode_rows(columns, sheet.rows[start:stop])
