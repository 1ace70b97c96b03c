"""A sheet's XML with marks: two columns beside the rows, colors over the bad cells, a drawing for comments.

The rows go by as a stream of bytes; a cell of the preparer's is never touched. Colors are conditional formats
on top of the cells' own, so that they can be taken back without knowing what lay below them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.issues import Level
from pipeline.report.marked.annotated_rows import RowAnnotator
from pipeline.report.marked.annotations import SheetAnnotations
from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.references import format_reference, group_into_ranges, parse_reference
from pipeline.spreadsheet.styles import MarkStyles
from pipeline.spreadsheet.xml_bytes import XmlElement, parse_element, set_attribute, strip_non_elements

SHEET_ORDER = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr"),
    *("sheetProtection", "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate"),
    *(
        "customSheetViews",
        "mergeCells",
        "phoneticPr",
        "conditionalFormatting",
        "dataValidations",
        "hyperlinks",
    ),
    *(
        "printOptions",
        "pageMargins",
        "pageSetup",
        "headerFooter",
        "rowBreaks",
        "colBreaks",
        "customProperties",
    ),
    *(
        "cellWatches",
        "ignoredErrors",
        "smartTags",
        "drawing",
        "legacyDrawing",
        "legacyDrawingHF",
        "drawingHF",
    ),
    *("picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst"),
)
_CHUNK = 4 << 20
_SHEET_DATA = re.compile(rb"<((?:[\w.-]+:)?)sheetData\s*(/?)>")
_OUR_RULE = re.compile(
    rb"<(?P<p>(?:\w+:)?)cfRule\b(?:(?!</?(?P=p)cfRule\b).)*?invoice-import.*?</(?P=p)cfRule>", re.DOTALL
)
_PRIORITY = re.compile(rb'(<(?:\w+:)?cfRule\b[^>]*?\spriority=")(-?\d+)(")')
_RULE = (
    '<{p}conditionalFormatting sqref="{cells}"><{p}cfRule type="expression" dxfId="{look}" priority="{rank}">'
    '<{p}formula>ISTEXT("invoice-import")</{p}formula></{p}cfRule></{p}conditionalFormatting>'
)
_MAX_RANGES = 500
"""Ranges in one rule: beyond that spreadsheets grow slow."""
_WIDTHS = (12, 70)


class SheetAnnotator:
    """A sheet on its way into the marked copy."""

    def __init__(self, package: WorkbookPackage, annotations: SheetAnnotations, styles: MarkStyles) -> None:
        self._package, self._marks, self._looks = package, annotations, styles
        self.drawing = ""
        """The part with the shapes of comments; known when all pieces have been taken."""

    def iterate_pieces(self) -> Iterator[bytes]:
        """The sheet's XML, some megabytes at a time."""
        chunks = _read_chunks(self._package, self._marks.part)
        rest = b""
        for chunk in chunks:
            rest += chunk
            if data := _SHEET_DATA.search(rest):
                break
        else:
            yield rest  # no sheet of cells: as it was
            return
        top, prefix, rest = rest[: data.start()], data[1], rest[data.end() :]
        head = parse_element(top + b"</" + prefix + b"worksheet>")
        yield self._encode_head(head) + b"<" + prefix + b"sheetData>"
        if not data[2]:
            rest = yield from RowAnnotator(self._marks, self._looks, prefix).iterate_pieces(rest, chunks)
        root = head.head[head.head.rfind(b"<") :]
        tail = parse_element(root + rest + b"".join(chunks))
        tail.head = b""
        yield b"</" + prefix + b"sheetData>" + self._encode_foot(tail, XmlElement(root, [], b""))

    def _encode_head(self, head: XmlElement) -> bytes:
        """Up to the rows: how far the cells reach, and how wide our columns are."""
        last = max(self._marks.columns)
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
        for column, width in zip(self._marks.columns, _WIDTHS, strict=True):
            if any(int(column_group.attributes["max"]) > column for column_group in group.children):
                return  # somebody has set a width there: it stays
            new = f'<{prefix}col min="{column + 1}" max="{column + 1}" width="{width}" customWidth="1"/>'
            group.insert(new.encode(), ("col",))
        head.insert(bytes(group), SHEET_ORDER, replaced=old)

    def _encode_foot(self, tail: XmlElement, root: XmlElement) -> bytes:
        """Below the rows: the colors, and the drawing that comments need."""
        self._remove_our_rules(tail)
        rules = list(self._encode_rules(root.prefix.decode()))
        self._move_priorities(tail, len(rules))
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
        rank = 0
        for level, style in ((Level.ERROR, self._looks.error), (Level.WARNING, self._looks.warning)):
            cells = list(
                group_into_ranges(
                    position for position, note in self._marks.notes.items() if note.level is level
                )
            )
            for start in range(0, len(cells), _MAX_RANGES):
                rank += 1
                sqref = " ".join(cells[start : start + _MAX_RANGES])
                yield _RULE.format(p=prefix, cells=sqref, look=style, rank=rank).encode()

    @staticmethod
    def _move_priorities(tail: XmlElement, rules: int) -> None:
        """Rank the sheet's own rules after ours: of two colors the one with the lower rank is seen."""
        ranked = [child for child in tail.children if child.name in ("conditionalFormatting", "extLst")]
        ranks = [int(match[2]) for child in ranked for match in _PRIORITY.finditer(child.xml)]
        shift = rules + 1 - min(ranks, default=rules + 1)
        if shift > 0:
            for child in ranked:
                xml = _PRIORITY.sub(
                    lambda match: match[1] + str(int(match[2]) + shift).encode() + match[3], child.xml
                )
                tail.insert(xml, SHEET_ORDER, replaced=child)

    def _link_drawing(self, tail: XmlElement, root: XmlElement) -> None:
        links = {relation.id: relation.part for relation in self._package.list_relations(self._marks.part)}
        old = tail.find("legacyDrawing")
        if old:
            ids = [value for name, value in old.attributes.items() if name.rpartition(":")[2] == "id"]
            self.drawing = links.get(ids[0], "") if ids else ""
        elif self._marks.notes:
            self.drawing = self._package.choose_free_name("xl/drawings/vmlDrawing{}.vml")
            name = self._package.add_relation(self._marks.part, "vmlDrawing", self.drawing)
            prefix, namespace = root.prefix.decode(), self._package.relations_namespace
            tail.insert(f'<{prefix}legacyDrawing xmlns:r="{namespace}" r:id="{name}"/>'.encode(), SHEET_ORDER)


_OUR_RULES_FIRST = ("conditionalFormatting", *SHEET_ORDER[SHEET_ORDER.index("conditionalFormatting") :])
"""The order that puts our colors before the sheet's own."""


def _read_chunks(package: WorkbookPackage, part: str) -> Iterator[bytes]:
    """A sheet's XML, some megabytes at a time; without comments and CDATA, which hardly any sheet has."""
    with package.open_part(part) as stream:
        held = b""
        while chunk := stream.read(_CHUNK):
            chunk, held = held + chunk, b""
            if b"<!" in chunk or chunk.find(b"<?", 5) >= 0:
                yield strip_non_elements(chunk + stream.read())
                return
            if chunk.endswith(b"<"):
                chunk, held = chunk[:-1], b"<"
            yield chunk.removeprefix(b"\xef\xbb\xbf")
        yield held
