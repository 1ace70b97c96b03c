"""Cell formats added to a workbook's own styles; one that is there already is used again.

In: a workbook's package.
Out: positions of formats in its styles, which grow only by what is not in them.
Never: changes or moves a format of the workbook's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.row_writer import ValueStyles
from pipeline.spreadsheet.xml_bytes import XmlChild, XmlElement, parse_element, set_attribute

MAIN_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT_NAMESPACE = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STYLES_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
ERROR_FILL, WARNING_FILL, HEADER_FILL = "FFFFC7CE", "FFFFEB9C", "FFF2F2F2"
"""Fills of a cell with an error, of a cell with a warning, and of headers that marking adds."""

# the order of the schema: Excel calls a file damaged whose parts come in another
_STYLES_ORDER = (
    *("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles"),
    *("colors", "extLst"),
)
_FONT_ORDER = ("b", "i", "u", "sz", "color", "name", "family", "scheme")
_TOP, _TOP_WRAPPED = '<alignment vertical="top"/>', '<alignment vertical="top" wrapText="1"/>'
_NO_FILL = 0
_TEXT, _DATE, _DATE_TIME, _DURATION = 49, 14, 22, 46
"""Built-in number formats, which every spreadsheet knows by number."""

_EMPTY = (
    '<styleSheet xmlns="{}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/>'
    # the first two fills are reserved: none, and this pattern
    '</font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill'
    ' patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/>'
    "<diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


@dataclass(frozen=True, kw_only=True)
class MarkStyles:
    """Formats of marked cells and of listings.

    Attributes:
        head: of headers, like `plain` to `title` a position in the cell formats.
        plain: of texts.
        wrapped: of texts that wrap.
        rejected: of the status of a rejected row.
        link: of hyperlinks.
        title: of a sheet's title.
        error: of cells with an error, like `warning` a position in the differential formats (dxfs).
        warning: of cells with a warning.
    """

    head: int
    plain: int
    wrapped: int
    rejected: int
    link: int
    title: int
    error: int
    warning: int


def get_main_namespace(package: WorkbookPackage) -> str:
    """Return the namespace of sheets and styles in a workbook."""
    return STRICT_NAMESPACE if package.strict else MAIN_NAMESPACE


def encode_empty_styles(namespace: str = MAIN_NAMESPACE) -> bytes:
    """Return the styles of a workbook that has none of its own."""
    return _EMPTY.format(namespace).encode()


def add_mark_styles(package: WorkbookPackage) -> MarkStyles:
    """Add the formats that marking needs.

    Args:
        package: its styles are extended, or made where there are none.
    """
    with _open_stylesheet(package) as stylesheet:
        return _build_mark_styles(stylesheet)


def add_value_styles(package: WorkbookPackage) -> ValueStyles:
    """Add formats for values of every kind.

    Args:
        package: its styles are extended, or made where there are none.
    """
    with _open_stylesheet(package) as stylesheet:
        font = stylesheet.add_font()
        text, value, date, date_time, time = (
            stylesheet.add_format(font, _NO_FILL, _TOP, number)
            for number in (_TEXT, 0, _DATE, _DATE_TIME, _DURATION)
        )
        guarded = stylesheet.add_format(font, _NO_FILL, _TOP, _TEXT, ' quotePrefix="1"')
        return ValueStyles(text=text, guarded=guarded, value=value, date=date, date_time=date_time, time=time)


@contextmanager
def _open_stylesheet(package: WorkbookPackage) -> Iterator[_Stylesheet]:
    """Open the workbook's styles; they are written back at the end."""
    part = package.find_part(package.workbook, "styles")
    if part not in package:
        part = "xl/styles.xml"
        package.write(part, encode_empty_styles(get_main_namespace(package)))
        package.add_relation(package.workbook, "styles", part)
        package.declare_content_type(part, STYLES_CONTENT_TYPE)
    root = parse_element(package.read(part))
    yield _Stylesheet(root)
    package.write(part, bytes(root))


def _build_mark_styles(stylesheet: _Stylesheet) -> MarkStyles:
    bold, normal = stylesheet.add_font("<b/>"), stylesheet.add_font()
    red = stylesheet.add_font("<b/>", color="FF9C0006")
    link = stylesheet.add_font("<u/>", color="FF0563C1")
    large = stylesheet.add_font("<b/>", size="14")
    grey = stylesheet.add_fill(HEADER_FILL)
    return MarkStyles(
        head=stylesheet.add_format(bold, grey, _TOP),
        plain=stylesheet.add_format(normal, _NO_FILL, _TOP),
        wrapped=stylesheet.add_format(normal, _NO_FILL, _TOP_WRAPPED),
        rejected=stylesheet.add_format(red, _NO_FILL, _TOP),
        link=stylesheet.add_format(link, _NO_FILL, _TOP),
        title=stylesheet.add_format(large, _NO_FILL, _TOP),
        error=stylesheet.add_differential_format(ERROR_FILL),
        warning=stylesheet.add_differential_format(WARNING_FILL),
    )


class _Stylesheet:
    """The lists of a style sheet; each grows only by what is not in it."""

    def __init__(self, root: XmlElement) -> None:
        self._root = root
        self._prefix = root.prefix.decode()

    def add_font(self, *marks: str, color: str = "", size: str = "") -> int:
        """Add the workbook's own first font with marks, a color or another size; returns its position."""
        # the workbook's own font, so that what is added looks like the rest
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
        content = b"".join(elements[name] for name in _FONT_ORDER if name in elements)
        start, end = self._apply_prefix("<font>"), self._apply_prefix("</font>")
        return self._find_or_add("fonts", start + content + end)

    def _read_first_font(self) -> list[XmlChild]:
        fonts = self._root.find("fonts")
        first_font = parse_element(fonts.xml).children[:1] if fonts else []
        return parse_element(first_font[0].xml).children if first_font else []

    def add_fill(self, color: str) -> int:
        """Add a solid fill; returns its position."""
        start = f'<fill><patternFill patternType="solid"><fgColor rgb="{color}"/>'
        return self._find_or_add(
            "fills", self._apply_prefix(start + '<bgColor indexed="64"/></patternFill></fill>')
        )

    def add_format(self, font: int, fill: int, alignment: str, number: int = 0, attributes: str = "") -> int:
        """Add a cell format; returns its position.

        Args:
            font: position of the font.
            fill: position of the fill.
            alignment: as XML.
            number: of a built-in number format.
            attributes: further ones of the element, each with a space before it.
        """
        start = f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0"{attributes}'
        shown = ' applyNumberFormat="1"' if number else ""
        applied = f'{shown} applyFont="1" applyFill="1" applyAlignment="1">'
        return self._find_or_add("cellXfs", self._apply_prefix(start + applied + alignment + "</xf>"))

    def add_differential_format(self, color: str) -> int:
        """Add a fill for conditional formats; returns its position."""
        fill = f'<dxf><fill><patternFill patternType="solid"><fgColor rgb="{color}"/><bgColor rgb="{color}"/>'
        return self._find_or_add("dxfs", self._apply_prefix(f"{fill}</patternFill></fill></dxf>"))

    def _apply_prefix(self, xml: str) -> bytes:
        """Give our elements the prefix that the workbook's own have."""
        # end tags are set apart by a NUL, which no XML holds
        marked = xml.replace("</", "\0").replace("<", f"<{self._prefix}")
        return marked.replace("\0", f"</{self._prefix}").encode()

    def _find_or_add(self, name: str, xml: bytes) -> int:
        """Return the position of an entry in a list of the style sheet, added where it is not in it."""
        old = self._root.find(name)
        group = parse_element(old.xml if old else self._apply_prefix(f"<{name}/>"))
        entries = [entry.xml.strip() for entry in group.children]
        if xml in entries:
            return entries.index(xml)
        group.insert(xml, (parse_element(xml).as_child().name,))
        count = len(group.children)
        self._root.insert(set_attribute(bytes(group), "count", str(count)), _STYLES_ORDER, replaced=old)
        return count - 1
