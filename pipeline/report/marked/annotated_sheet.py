"""A sheet's XML with annotations: status columns, colors over faulty cells, a drawing for comments.

In: a sheet of a package, and what is said in it.
Out: its XML as a stream of bytes.
Never: touches a cell of the preparer's: colors are conditional formats on top of the cells' own, so that they
can be removed without knowing what lay below them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from pipeline.issues import Level
from pipeline.report.marked.annotated_rows import RowAnnotator
from pipeline.report.marked.annotations import SheetAnnotations
from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.references import format_reference, group_into_ranges, parse_reference
from pipeline.spreadsheet.styles import MarkStyles
from pipeline.spreadsheet.xml_bytes import (
    BYTE_ORDER_MARK,
    XmlElement,
    get_local_name,
    has_non_elements,
    parse_element,
    set_attribute,
    strip_non_elements,
)

SHEET_ORDER = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr"),
    *("sheetProtection", "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate"),
    *("customSheetViews", "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations"),
    *("hyperlinks", "printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks"),
    *("customProperties", "cellWatches", "ignoredErrors", "smartTags", "drawing", "legacyDrawing"),
    *("legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts"),
    "extLst",
)
"""The children of a worksheet, as the schema orders them."""

_OUR_RULES_FIRST = ("conditionalFormatting", *SHEET_ORDER[SHEET_ORDER.index("conditionalFormatting") :])
"""The order that puts our colors before the sheet's own."""

_CHUNK = 4 << 20
_SHEET_DATA = re.compile(rb"<((?:[\w.-]+:)?)sheetData\s*(/?)>")
_OUR_RULE = re.compile(
    rb"<(?P<p>(?:\w+:)?)cfRule\b(?:(?!</?(?P=p)cfRule\b).)*?invoice-import.*?</(?P=p)cfRule>", re.DOTALL
)
_PRIORITY = re.compile(rb'(<(?:\w+:)?cfRule\b[^>]*?\spriority=")(-?\d+)(")')
_RULE = (
    '<{p}conditionalFormatting sqref="{cells}"><{p}cfRule type="expression" dxfId="{look}" priority="{rank}">'
    # always true, and names us: by that text a later marking finds the rule again
    '<{p}formula>ISTEXT("invoice-import")</{p}formula></{p}cfRule></{p}conditionalFormatting>'
)
_MAX_RANGES = 500
"""Ranges in one rule: beyond that spreadsheets grow slow."""
_STATUS_WIDTHS = (12, 70)


class SheetAnnotator:
    """Adds annotations to a sheet.

    Args:
        package: the workbook; relations and parts may be added to it.
        annotations: what is said in the sheet.
        styles: formats of the added cells and of the colors.

    Attributes:
        drawing: the part with the shapes of comments; known when all pieces have been taken.
    """

    def __init__(self, package: WorkbookPackage, annotations: SheetAnnotations, styles: MarkStyles) -> None:
        self._package, self._annotations, self._styles = package, annotations, styles
        self.drawing = ""

    def iterate_pieces(self) -> Iterator[bytes]:
        """Yield the sheet's XML, some megabytes at a time."""
        chunks = _read_chunks(self._package, self._annotations.part)
        rest = b""
        for chunk in chunks:
            rest += chunk
            if data := _SHEET_DATA.search(rest):
                break
        else:  # uncovered: only sheets that feed a table are marked, and those have cells
            yield rest
            return
        top, prefix, rest = rest[: data.start()], data[1], rest[data.end() :]
        # closed by hand, so that what precedes the rows can be parsed as an element
        head = parse_element(top + b"</" + prefix + b"worksheet>")
        yield self._encode_head(head) + b"<" + prefix + b"sheetData>"
        if not data[2]:
            rest = yield from RowAnnotator(self._annotations, self._styles, prefix).iterate_pieces(
                rest, chunks
            )
        # the start tag again, since it declares the namespaces that the rest uses
        root = head.head[head.head.rfind(b"<") :]
        tail = parse_element(root + rest + b"".join(chunks))
        tail.head = b""
        yield b"</" + prefix + b"sheetData>" + self._encode_foot(tail, XmlElement(root, [], b""))

    def _encode_head(self, head: XmlElement) -> bytes:
        """Return what is before the rows, with the new extent of the cells and the widths of our columns."""
        last = max(self._annotations.columns)
        extent = head.find("dimension")
        if extent:
            first, _, end = extent.attributes.get("ref", "").partition(":")
            row, column = parse_reference(end or first)
            if row >= 0 and column < last:
                ref = f"{first}:{format_reference(row, last)}"
                head.insert(set_attribute(extent.xml, "ref", ref), SHEET_ORDER, replaced=extent)
        self._set_status_widths(head)
        return head.head + b"".join(child.xml for child in head.children)

    def _set_status_widths(self, head: XmlElement) -> None:
        prefix = head.prefix.decode()
        old = head.find("cols")
        group = parse_element(old.xml if old else f"<{prefix}cols/>".encode())
        for column, width in zip(self._annotations.columns, _STATUS_WIDTHS, strict=True):
            if any(int(column_group.attributes["max"]) > column for column_group in group.children):
                return  # a width that somebody has set stays
            new = f'<{prefix}col min="{column + 1}" max="{column + 1}" width="{width}" customWidth="1"/>'
            group.insert(new.encode(), ("col",))
        head.insert(bytes(group), SHEET_ORDER, replaced=old)

    def _encode_foot(self, tail: XmlElement, root: XmlElement) -> bytes:
        """Return what is behind the rows, with our colors and the drawing that comments need."""
        self._remove_our_rules(tail)
        rules = list(self._encode_rules(root.prefix.decode()))
        self._move_priorities(tail, len(rules))
        # backwards, since each is put before all that are there
        for rule in reversed(rules):
            tail.insert(rule, _OUR_RULES_FIRST)
        self._link_drawing(tail, root)
        return bytes(tail)

    @staticmethod
    def _remove_our_rules(tail: XmlElement) -> None:
        for rule_group in [child for child in tail.children if child.name == "conditionalFormatting"]:
            remaining = _OUR_RULE.sub(b"", rule_group.xml)
            if remaining != rule_group.xml and not parse_element(remaining).children:
                tail.children.remove(rule_group)
            elif remaining != rule_group.xml:
                tail.insert(remaining, SHEET_ORDER, replaced=rule_group)

    def _encode_rules(self, prefix: str) -> Iterator[bytes]:
        """Yield conditional formats that color the cells with notes, errors first."""
        rank = 0
        for level, style in ((Level.ERROR, self._styles.error), (Level.WARNING, self._styles.warning)):
            notes = self._annotations.notes.items()
            cells = list(group_into_ranges(position for position, note in notes if note.level is level))
            for start in range(0, len(cells), _MAX_RANGES):
                rank += 1
                sqref = " ".join(cells[start : start + _MAX_RANGES])
                yield _RULE.format(p=prefix, cells=sqref, look=style, rank=rank).encode()

    @staticmethod
    def _move_priorities(tail: XmlElement, rules: int) -> None:
        """Rank the sheet's own rules after ours: of two colors, that of the lower priority number shows."""
        ranked = [child for child in tail.children if child.name in ("conditionalFormatting", "extLst")]
        found = chain.from_iterable(_PRIORITY.finditer(child.xml) for child in ranked)
        # 0 or less: the sheet's own rules rank behind ours already
        shift = rules + 1 - min((int(match[2]) for match in found), default=rules + 1)
        if shift <= 0:
            return
        for child in ranked:
            xml = _PRIORITY.sub(
                lambda match: match[1] + str(int(match[2]) + shift).encode() + match[3], child.xml
            )
            tail.insert(xml, SHEET_ORDER, replaced=child)

    def _link_drawing(self, tail: XmlElement, root: XmlElement) -> None:
        """Find the drawing of the sheet's comments, or add one."""
        links = {
            relation.id: relation.part for relation in self._package.list_relations(self._annotations.part)
        }
        old = tail.find("legacyDrawing")
        if old:
            ids = [value for name, value in old.attributes.items() if get_local_name(name) == "id"]
            self.drawing = links.get(ids[0], "") if ids else ""
        elif self._annotations.notes:
            self.drawing = self._package.choose_free_name("xl/drawings/vmlDrawing{}.vml")
            name = self._package.add_relation(self._annotations.part, "vmlDrawing", self.drawing)
            prefix, namespace = root.prefix.decode(), self._package.relations_namespace
            tail.insert(f'<{prefix}legacyDrawing xmlns:r="{namespace}" r:id="{name}"/>'.encode(), SHEET_ORDER)


def _read_chunks(package: WorkbookPackage, part: str) -> Iterator[bytes]:
    """Yield a sheet's XML, some megabytes at a time, without comments and CDATA.

    Hardly any sheet has those; one that has is read whole.
    """
    with package.open_part(part) as stream:
        held = b""
        while chunk := stream.read(_CHUNK):
            chunk, held = held + chunk, b""
            if has_non_elements(chunk):
                yield strip_non_elements(chunk + stream.read())
                return
            if chunk.endswith(b"<"):  # what it begins may be a comment
                chunk, held = chunk[:-1], b"<"
            yield chunk.removeprefix(BYTE_ORDER_MARK)
        yield held
