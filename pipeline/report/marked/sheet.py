"""A sheet's XML with marks: two columns beside the rows, colors over the bad cells, a drawing for comments.

The rows go by as a stream of bytes; a cell of the preparer's is never touched. Colors are conditional formats
on top of the cells' own, so that they can be taken back without knowing what lay below them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.issues import Level
from pipeline.report.marked.cells import address, place_of, ranges
from pipeline.report.marked.markup import Document, document, plain, with_attribute
from pipeline.report.marked.package import Package
from pipeline.report.marked.plan import SheetMarks
from pipeline.report.marked.rows import Rows
from pipeline.report.marked.styles import Looks

ORDER = (
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
_DATA = re.compile(rb"<((?:[\w.-]+:)?)sheetData\s*(/?)>")
_OUR_RULE = re.compile(
    rb"<(?P<p>(?:\w+:)?)cfRule\b(?:(?!</?(?P=p)cfRule\b).)*?invoice-import.*?</(?P=p)cfRule>", re.DOTALL
)
_PRIORITY = re.compile(rb'(<(?:\w+:)?cfRule\b[^>]*?\spriority=")(-?\d+)(")')
_RULE = (
    '<{p}conditionalFormatting sqref="{cells}"><{p}cfRule type="expression" dxfId="{look}" priority="{rank}">'
    '<{p}formula>ISTEXT("invoice-import")</{p}formula></{p}cfRule></{p}conditionalFormatting>'
)
_RANGES = 500
"""Ranges in one rule: beyond that spreadsheets grow slow."""
_WIDTHS = (12, 70)


class SheetCopy:
    """A sheet on its way into the marked copy."""

    def __init__(self, package: Package, marks: SheetMarks, looks: Looks) -> None:
        self._package, self._marks, self._looks = package, marks, looks
        self.drawing = ""
        """The part with the shapes of comments; known when all pieces have been taken."""

    def pieces(self) -> Iterator[bytes]:
        """The sheet's XML, some megabytes at a time."""
        chunks = _chunks(self._package, self._marks.part)
        rest = b""
        for chunk in chunks:
            rest += chunk
            if data := _DATA.search(rest):
                break
        else:
            yield rest  # no sheet of cells: as it was
            return
        top, prefix, rest = rest[: data.start()], data[1], rest[data.end() :]
        head = document(top + b"</" + prefix + b"worksheet>")
        yield self._headed(head) + b"<" + prefix + b"sheetData>"
        if not data[2]:
            rest = yield from Rows(self._marks, self._looks, prefix).pieces(rest, chunks)
        root = head.head[head.head.rfind(b"<") :]
        tail = document(root + rest + b"".join(chunks))
        tail.head = b""
        yield b"</" + prefix + b"sheetData>" + self._footed(tail, Document(root, [], b""))

    def _headed(self, head: Document) -> bytes:
        """Up to the rows: how far the cells reach, and how wide our columns are."""
        last = max(self._marks.columns)
        extent = head.find("dimension")
        if extent:
            first, _, end = extent.attributes.get("ref", "").partition(":")
            row, column = place_of(end or first)
            if row >= 0 and column < last:
                ref = f"{first}:{address(row, last)}"
                head.put(with_attribute(extent.xml, "ref", ref), ORDER, old=extent)
        self._widen(head)
        return head.head + b"".join(each.xml for each in head.children)

    def _widen(self, head: Document) -> None:
        p = head.prefix.decode()
        old = head.find("cols")
        group = document(old.xml if old else f"<{p}cols/>".encode())
        for column, width in zip(self._marks.columns, _WIDTHS, strict=True):
            if any(int(each.attributes["max"]) > column for each in group.children):
                return  # somebody has set a width there: it stays
            new = f'<{p}col min="{column + 1}" max="{column + 1}" width="{width}" customWidth="1"/>'
            group.put(new.encode(), ("col",))
        head.put(bytes(group), ORDER, old=old)

    def _footed(self, tail: Document, root: Document) -> bytes:
        """Below the rows: the colors, and the drawing that comments need."""
        self._take_colors_back(tail)
        rules = list(self._rules(root.prefix.decode()))
        self._make_room(tail, len(rules))
        for rule in reversed(rules):
            tail.put(rule, _COLORS_FIRST)
        self._draw(tail, root)
        return bytes(tail)

    @staticmethod
    def _take_colors_back(tail: Document) -> None:
        for each in [one for one in tail.children if one.name == "conditionalFormatting"]:
            own = _OUR_RULE.sub(b"", each.xml)
            if own != each.xml and not document(own).children:
                tail.children.remove(each)
            elif own != each.xml:
                tail.put(own, ORDER, old=each)

    def _rules(self, p: str) -> Iterator[bytes]:
        rank = 0
        for level, look in ((Level.ERROR, self._looks.error), (Level.WARNING, self._looks.warning)):
            cells = list(ranges(place for place, note in self._marks.notes.items() if note.level is level))
            for start in range(0, len(cells), _RANGES):
                rank += 1
                some = " ".join(cells[start : start + _RANGES])
                yield _RULE.format(p=p, cells=some, look=look, rank=rank).encode()

    @staticmethod
    def _make_room(tail: Document, rules: int) -> None:
        """Rank the sheet's own rules after ours: of two colors the one with the lower rank is seen."""
        ranked = [each for each in tail.children if each.name in ("conditionalFormatting", "extLst")]
        ranks = [int(each[2]) for one in ranked for each in _PRIORITY.finditer(one.xml)]
        shift = rules + 1 - min(ranks, default=rules + 1)
        if shift > 0:
            for one in ranked:
                xml = _PRIORITY.sub(lambda m: m[1] + str(int(m[2]) + shift).encode() + m[3], one.xml)
                tail.put(xml, ORDER, old=one)

    def _draw(self, tail: Document, root: Document) -> None:
        links = {each.id: each.part for each in self._package.relations(self._marks.part)}
        old = tail.find("legacyDrawing")
        if old:
            ids = [value for name, value in old.attributes.items() if name.rpartition(":")[2] == "id"]
            self.drawing = links.get(ids[0], "") if ids else ""
        elif self._marks.notes:
            self.drawing = self._package.free("xl/drawings/vmlDrawing{}.vml")
            name = self._package.relate(self._marks.part, "vmlDrawing", self.drawing)
            p, space = root.prefix.decode(), self._package.relations_namespace
            tail.put(f'<{p}legacyDrawing xmlns:r="{space}" r:id="{name}"/>'.encode(), ORDER)


_COLORS_FIRST = ("conditionalFormatting", *ORDER[ORDER.index("conditionalFormatting") :])
"""The order that puts our colors before the sheet's own."""


def _chunks(package: Package, part: str) -> Iterator[bytes]:
    """A sheet's XML, some megabytes at a time; without comments and CDATA, which hardly any sheet has."""
    with package.stream(part) as stream:
        held = b""
        while chunk := stream.read(_CHUNK):
            chunk, held = held + chunk, b""
            if b"<!" in chunk or chunk.find(b"<?", 5) >= 0:
                yield plain(chunk + stream.read())
                return
            if chunk.endswith(b"<"):
                chunk, held = chunk[:-1], b"<"
            yield chunk.removeprefix(b"\xef\xbb\xbf")
        yield held
