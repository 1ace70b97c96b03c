"""The looks that marking needs, added to a workbook's own styles; a look that is there already is used again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pipeline.report.marked.columns import CellLooks
from pipeline.report.marked.markup import Child, Document, document, with_attribute
from pipeline.report.marked.package import Package

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT_MAIN = "http://purl.oclc.org/ooxml/spreadsheetml/main"
CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
ERROR, WARNING, NOTICE = "FFFFC7CE", "FFFFEB9C", "FFF2F2F2"
"""Fills: of a cell with an error, of a cell with a warning, of our own headers."""

_ORDER = (
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


class Looks(NamedTuple):
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


def empty(namespace: str = MAIN) -> bytes:
    """The styles of a workbook that has none of its own."""
    return _EMPTY.format(namespace).encode()


def looks(package: Package) -> Looks:
    """The formats that marking needs, in the workbook's own styles.

    Args:
        package: its styles are extended, or made where there are none.
    """
    with _changing(package) as own:
        return _looks(own)


def cell_looks(package: Package) -> CellLooks:
    """Formats for values of every kind, in the workbook's own styles.

    Args:
        package: its styles are extended, or made where there are none.
    """
    with _changing(package) as own:
        font, top = own.font(), '<alignment vertical="top"/>'
        text, value, date, moment, time = (own.format(font, 0, top, each) for each in (49, 0, 14, 22, 46))
        guarded = own.format(font, 0, top, 49, ' quotePrefix="1"')
        return CellLooks(text, guarded, value, date, moment, time)


@contextmanager
def _changing(package: Package) -> Iterator[_Styles]:
    """The workbook's styles, which are written back in the end."""
    part = next((each.part for each in package.relations(package.workbook) if each.kind == "styles"), "")
    if part not in package:
        part = "xl/styles.xml"
        package.write(part, empty(STRICT_MAIN if package.strict else MAIN))
        package.relate(package.workbook, "styles", part)
        package.declare(part, CONTENT)
    sheet = document(package.read(part))
    yield _Styles(sheet)
    package.write(part, bytes(sheet))


def _looks(styles: _Styles) -> Looks:
    bold, normal = styles.font("<b/>"), styles.font()
    red, amber = styles.font("<b/>", color="FF9C0006"), styles.font("<b/>", color="FF7F6000")
    link, large = styles.font("<u/>", color="FF0563C1"), styles.font("<b/>", size="14")
    grey, none = styles.fill(NOTICE), 0
    top, wrapped = '<alignment vertical="top"/>', '<alignment vertical="top" wrapText="1"/>'
    return Looks(
        head=styles.format(bold, grey, top),
        plain=styles.format(normal, none, top),
        wrapped=styles.format(normal, none, wrapped),
        rejected=styles.format(red, none, top),
        warned=styles.format(amber, none, top),
        link=styles.format(link, none, top),
        title=styles.format(large, none, top),
        error=styles.difference(ERROR),
        warning=styles.difference(WARNING),
    )


class _Styles:
    """The lists of a style sheet; each grows only by what is not in it."""

    def __init__(self, sheet: Document) -> None:
        self._sheet = sheet
        self._prefix = sheet.prefix.decode()

    def font(self, *marks: str, color: str = "", size: str = "") -> int:
        """The workbook's own first font, with marks, a color or another size."""
        given = {each.name: each.xml.strip() for each in self._first_font()}
        own = {
            name: xml for name, xml in given.items() if name in _FONT_ORDER and name not in ("b", "i", "u")
        }
        own |= {mark.strip("</>"): self._named(mark) for mark in marks}
        if color:
            own["color"] = self._named(f'<color rgb="{color}"/>')
        if size:
            own["sz"] = self._named(f'<sz val="{size}"/>')
        inside = b"".join(own[name] for name in _FONT_ORDER if name in own)
        return self._found("fonts", self._named("<font>") + inside + self._named("</font>"))

    def _first_font(self) -> list[Child]:
        fonts = self._sheet.find("fonts")
        first = document(fonts.xml).children[:1] if fonts else []
        return document(first[0].xml).children if first else []

    def fill(self, color: str) -> int:
        return self._found(
            "fills",
            self._named(f'<fill><patternFill patternType="solid"><fgColor rgb="{color}"/>')
            + self._named('<bgColor indexed="64"/></patternFill></fill>'),
        )

    def format(self, font: int, fill: int, alignment: str, number: int = 0, more: str = "") -> int:
        start = f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0"{more}'
        shown = ' applyNumberFormat="1"' if number else ""
        applied = f'{shown} applyFont="1" applyFill="1" applyAlignment="1">'
        return self._found("cellXfs", self._named(start + applied + alignment + "</xf>"))

    def difference(self, color: str) -> int:
        fill = f'<dxf><fill><patternFill patternType="solid"><fgColor rgb="{color}"/><bgColor rgb="{color}"/>'
        return self._found("dxfs", self._named(f"{fill}</patternFill></fill></dxf>"))

    def _named(self, xml: str) -> bytes:
        """Our elements, with the prefix that the workbook's own have."""
        return (
            xml.replace("</", "\0")
            .replace("<", f"<{self._prefix}")
            .replace("\0", f"</{self._prefix}")
            .encode()
        )

    def _found(self, name: str, xml: bytes) -> int:
        """The position of an entry in a list of the style sheet; it is added where it is not in it."""
        old = self._sheet.find(name)
        group = document(old.xml if old else self._named(f"<{name}/>"))
        entries = [each.xml.strip() for each in group.children]
        if xml in entries:
            return entries.index(xml)
        group.put(xml, (document(xml).as_child().name,))
        count = len(group.children)
        self._sheet.put(with_attribute(bytes(group), "count", str(count)), _ORDER, old=old)
        return count - 1
