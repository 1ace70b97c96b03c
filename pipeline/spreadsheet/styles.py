"""The looks that marking needs, added to a workbook's own styles; a look that is there already is used again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.row_writer import ValueStyles
from pipeline.spreadsheet.xml_bytes import XmlChild, XmlElement, parse_element, set_attribute

MAIN_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT_NAMESPACE = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STYLES_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
ERROR_FILL, WARNING_FILL, HEADER_FILL = "FFFFC7CE", "FFFFEB9C", "FFF2F2F2"
"""Fills: of a cell with an error, of a cell with a warning, of our own headers."""

_STYLES_ORDER = (
    *("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles"),
    *("colors", "extLst"),
)
_FONT_ORDER = ("b", "i", "u", "sz", "color", "name", "family", "scheme")
_EMPTY = (
    '<styleSheet xmlns="{}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    '</fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill'
    ' patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/>'
    '</border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    '</cellStyleXfs><cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class MarkStyles(NamedTuple):
    """Numbers of cell formats: positions in the workbook's styles; `error` and `warning` are of dxfs."""

    head: int
    plain: int
    wrapped: int
    rejected: int
    warned: int
    link: int
    title: int
    error: int
    warning: int


def encode_empty_styles(namespace: str = MAIN_NAMESPACE) -> bytes:
    """The styles of a workbook that has none of its own."""
    return _EMPTY.format(namespace).encode()


def add_mark_styles(package: WorkbookPackage) -> MarkStyles:
    """The formats that marking needs, in the workbook's own styles.

    Args:
        package: its styles are extended, or made where there are none.
    """
    with _open_stylesheet(package) as stylesheet:
        return _build_mark_styles(stylesheet)


def add_value_styles(package: WorkbookPackage) -> ValueStyles:
    """Formats for values of every kind, in the workbook's own styles.

    Args:
        package: its styles are extended, or made where there are none.
    """
    with _open_stylesheet(package) as stylesheet:
        font, top = stylesheet.add_font(), '<alignment vertical="top"/>'
        text, value, date, date_time, time = (
            stylesheet.add_format(font, 0, top, number) for number in (49, 0, 14, 22, 46)
        )
        guarded = stylesheet.add_format(font, 0, top, 49, ' quotePrefix="1"')
        return ValueStyles(text, guarded, value, date, date_time, time)


@contextmanager
def _open_stylesheet(package: WorkbookPackage) -> Iterator[_Stylesheet]:
    """The workbook's styles, which are written back in the end."""
    part = next(
        (relation.part for relation in package.list_relations(package.workbook) if relation.kind == "styles"),
        "",
    )
    if part not in package:
        part = "xl/styles.xml"
        package.write(part, encode_empty_styles(STRICT_NAMESPACE if package.strict else MAIN_NAMESPACE))
        package.add_relation(package.workbook, "styles", part)
        package.declare_content_type(part, STYLES_CONTENT_TYPE)
    sheet = parse_element(package.read(part))
    yield _Stylesheet(sheet)
    package.write(part, bytes(sheet))


def _build_mark_styles(stylesheet: _Stylesheet) -> MarkStyles:
    bold, normal = stylesheet.add_font("<b/>"), stylesheet.add_font()
    red, amber = stylesheet.add_font("<b/>", color="FF9C0006"), stylesheet.add_font("<b/>", color="FF7F6000")
    link, large = stylesheet.add_font("<u/>", color="FF0563C1"), stylesheet.add_font("<b/>", size="14")
    grey, none = stylesheet.add_fill(HEADER_FILL), 0
    top, wrapped = '<alignment vertical="top"/>', '<alignment vertical="top" wrapText="1"/>'
    return MarkStyles(
        head=stylesheet.add_format(bold, grey, top),
        plain=stylesheet.add_format(normal, none, top),
        wrapped=stylesheet.add_format(normal, none, wrapped),
        rejected=stylesheet.add_format(red, none, top),
        warned=stylesheet.add_format(amber, none, top),
        link=stylesheet.add_format(link, none, top),
        title=stylesheet.add_format(large, none, top),
        error=stylesheet.add_differential_format(ERROR_FILL),
        warning=stylesheet.add_differential_format(WARNING_FILL),
    )


class _Stylesheet:
    """The lists of a style sheet; each grows only by what is not in it."""

    def __init__(self, sheet: XmlElement) -> None:
        self._sheet = sheet
        self._prefix = sheet.prefix.decode()

    def add_font(self, *marks: str, color: str = "", size: str = "") -> int:
        """The workbook's own first font, with marks, a color or another size."""
        first_font = {child.name: child.xml.strip() for child in self._read_first_font()}
        elements = {
            name: xml
            for name, xml in first_font.items()
            if name in _FONT_ORDER and name not in ("b", "i", "u")
        }
        elements |= {mark.strip("</>"): self._apply_prefix(mark) for mark in marks}
        if color:
            elements["color"] = self._apply_prefix(f'<color rgb="{color}"/>')
        if size:
            elements["sz"] = self._apply_prefix(f'<sz val="{size}"/>')
        inside = b"".join(elements[name] for name in _FONT_ORDER if name in elements)
        return self._find_or_add(
            "fonts", self._apply_prefix("<font>") + inside + self._apply_prefix("</font>")
        )

    def _read_first_font(self) -> list[XmlChild]:
        fonts = self._sheet.find("fonts")
        first = parse_element(fonts.xml).children[:1] if fonts else []
        return parse_element(first[0].xml).children if first else []

    def add_fill(self, color: str) -> int:
        return self._find_or_add(
            "fills",
            self._apply_prefix(f'<fill><patternFill patternType="solid"><fgColor rgb="{color}"/>')
            + self._apply_prefix('<bgColor indexed="64"/></patternFill></fill>'),
        )

    def add_format(self, font: int, fill: int, alignment: str, number: int = 0, attributes: str = "") -> int:
        start = f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0"{attributes}'
        shown = ' applyNumberFormat="1"' if number else ""
        applied = f'{shown} applyFont="1" applyFill="1" applyAlignment="1">'
        return self._find_or_add("cellXfs", self._apply_prefix(start + applied + alignment + "</xf>"))

    def add_differential_format(self, color: str) -> int:
        fill = f'<dxf><fill><patternFill patternType="solid"><fgColor rgb="{color}"/><bgColor rgb="{color}"/>'
        return self._find_or_add("dxfs", self._apply_prefix(f"{fill}</patternFill></fill></dxf>"))

    def _apply_prefix(self, xml: str) -> bytes:
        """Our elements, with the prefix that the workbook's own have."""
        return (
            xml.replace("</", "\0")
            .replace("<", f"<{self._prefix}")
            .replace("\0", f"</{self._prefix}")
            .encode()
        )

    def _find_or_add(self, name: str, xml: bytes) -> int:
        """The position of an entry in a list of the style sheet; it is added where it is not in it."""
        group_child = self._sheet.find(name)
        group = parse_element(group_child.xml if group_child else self._apply_prefix(f"<{name}/>"))
        entries = [child.xml.strip() for child in group.children]
        if xml in entries:
            return entries.index(xml)
        group.insert(xml, (parse_element(xml).as_child().name,))
        count = len(group.children)
        self._sheet.insert(
            set_attribute(bytes(group), "count", str(count)), _STYLES_ORDER, replaced=group_child
        )
        return count - 1
