"""The comments on marked cells, beside the preparer's own; those of an earlier marking are taken back first.

A comment lies in two parts: its text, and a shape in an old drawing format without which Excel shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain, count, islice

from pipeline.report.marked.cells import address, place_of
from pipeline.report.marked.markup import Document, attributes, document, elements, text
from pipeline.report.marked.package import Package

START, END = "invoice-import:", "(end of invoice-import)"
"""What stands between them in a comment is ours; a comment may hold somebody's own words before and after."""

_COMMENTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_DRAWING = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_OURS = re.compile(
    rb"(?:\s|&#10;|&#xA;)*" + START.encode() + rb".*?(?:" + re.escape(END.encode()) + rb"|$)", re.DOTALL
)
_TEXTS = re.compile(rb"(<(?:\w+:)?t(?:\s[^>]*)?>)([^<]*)(</(?:\w+:)?t>)")
_EMPTY_RUN = re.compile(
    rb"<(\w+:)?r>(?:<(?:\w+:)?rPr>(?:(?!</?(?:\w+:)?r>).)*?</(?:\w+:)?rPr>)?"
    rb"<(?:\w+:)?t(?:\s[^>]*)?></(?:\w+:)?t></(?:\w+:)?r>",
    re.DOTALL,
)
_SHAPE = re.compile(rb"<v:shape\s.*?</v:shape>\s*", re.DOTALL)
_ROW, _COLUMN = re.compile(rb"<x:Row>\s*(\d+)"), re.compile(rb"<x:Column>\s*(\d+)")
_SHAPE_ID = re.compile(rb'_x0000_s(\d+)"')
_MAP = re.compile(rb'(<o:idmap\b[^>]*?\bdata=")([\d,\s]*)(")')
_BLOCK = 1024
_NO_SHAPES = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data=""/>'
    b'</o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202"'
    b' path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t"'
    b' o:connecttype="rect"/></v:shapetype></xml>'
)
_NOTE = (
    '<v:shape id="_x0000_s{id}" type="#_x0000_t202" style="position:absolute;margin-left:60pt;margin-top:2pt;'
    'width:260pt;height:{height}pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
    '<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
    '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"/></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
    "<x:Anchor>{column_after}, 15, {row_before}, 4, {right}, 20, {bottom}, 4</x:Anchor><x:AutoFill>False</x:AutoFill>"
    "<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)

Place = tuple[int, int]
"""Row and column of a cell, counted from 0."""


def annotate(package: Package, sheet: str, drawing: str, notes: Mapping[Place, str]) -> None:
    """Give cells of a sheet their comments.

    Args:
        package: its comments, shapes and relations are changed.
        sheet: the part of the sheet.
        drawing: the part with the shapes; it need not exist.
        notes: what to say, by cell.
    """
    links = package.relations(sheet)
    part = next((each.part for each in links if each.kind == "comments"), "")
    if not part and not notes:
        return
    if not part:
        part = package.free("xl/comments{}.xml")
        package.relate(sheet, "comments", part)
        package.declare(part, _COMMENTS)
    threads = [each.part for each in links if each.kind == "threadedComment"]
    threaded = {
        attributes(tag).get("ref", "") for each in threads for tag in elements(package.read(each), _THREAD)
    }
    own = {place: said for place, said in notes.items() if address(*place) not in threaded}
    comments = document(package.read(part) if part in package else _no_comments(package))
    removed, added = _commented(comments, own)
    package.write(part, bytes(comments))
    shapes = package.read(drawing) if drawing in package else _NO_SHAPES
    if drawing not in package:
        package.declare(drawing, _DRAWING)
    package.write(
        drawing, _with_shapes(_without_shapes(shapes, removed), [(each, own[each]) for each in added])
    )


_THREAD = "threadedComment"


def _no_comments(package: Package) -> bytes:
    from_ = "http://purl.oclc.org/ooxml" if package.strict else "http://schemas.openxmlformats.org"
    path = "spreadsheetml/main" if package.strict else "spreadsheetml/2006/main"
    return f'<comments xmlns="{from_}/{path}"><authors/><commentList/></comments>'.encode()


def _commented(comments: Document, notes: Mapping[Place, str]) -> tuple[set[Place], list[Place]]:
    """Take our old comments back and add the new; returns the cells that lost and that gained a comment."""
    prefix = comments.prefix.decode()
    author = _author(comments, prefix)
    old = comments.find("commentList")
    listed = document(old.xml if old else f"<{prefix}commentList/>".encode())
    kept: dict[Place, bytes] = {}
    removed: set[Place] = set()
    for each in listed.children:
        place = place_of(each.attributes["ref"])
        own = _without_ours(each.xml)
        if own is None:
            removed.add(place)
        else:
            kept[place] = own
    added = [place for place in sorted(notes) if place not in kept]
    for place in sorted(notes):
        words = _run(prefix, notes[place], "\n\n" if place in kept else "")
        if place in kept:
            kept[place] = _appended(kept[place], words)
        else:
            head = f'<{prefix}comment ref="{address(*place)}" authorId="{author}" shapeId="0"><{prefix}text>'
            kept[place] = head.encode() + words + f"</{prefix}text></{prefix}comment>".encode()
    whole = listed.head + b"".join(kept[each] for each in sorted(kept)) + listed.foot
    comments.put(whole, ("authors", "commentList", "extLst"), old=old)
    return removed, added


def _author(comments: Document, prefix: str) -> int:
    old = comments.find("authors")
    authors = document(old.xml if old else f"<{prefix}authors/>".encode())
    us = f"<{prefix}author>invoice-import</{prefix}author>".encode()
    names = [each.xml.strip() for each in authors.children]
    if us in names:
        return names.index(us)
    authors.put(us, ("author",))
    comments.put(bytes(authors), ("authors", "commentList", "extLst"), old=old)
    return len(names)


def _run(prefix: str, words: str, before: str) -> bytes:
    said = text(f"{before}{START} {words}\n{END}").decode()
    style = f'<{prefix}rPr><{prefix}sz val="9"/></{prefix}rPr>'
    return f'<{prefix}r>{style}<{prefix}t xml:space="preserve">{said}</{prefix}t></{prefix}r>'.encode()


def _without_ours(comment: bytes) -> bytes | None:
    """A comment without what we said in it; None when nothing is left."""
    if START.encode() not in comment:
        return comment
    own = _TEXTS.sub(lambda each: each[1] + _OURS.sub(b"", each[2]) + each[3], comment)
    own = _EMPTY_RUN.sub(b"", own)
    return own if any(each[2].strip() for each in _TEXTS.finditer(own)) else None


def _appended(comment: bytes, run: bytes) -> bytes:
    """A comment with a run more; a plain text becomes a run first, since both cannot stand side by side."""
    element = document(comment)
    old = element.find("text")
    if old is None:
        return comment
    said = document(old.xml)
    prefix = said.prefix
    runs = b"".join(
        b"<%sr>%s</%sr>" % (prefix, each.xml, prefix) if each.name == "t" else each.xml
        for each in said.children
    )
    element.put(said.head + runs + run + said.foot, ("text",), old=old)
    return bytes(element)


def _without_shapes(shapes: bytes, places: set[Place]) -> bytes:
    return (
        _SHAPE.sub(lambda each: b"" if _place(each[0]) in places else each[0], shapes) if places else shapes
    )


def _place(shape: bytes) -> Place | None:
    row, column = _ROW.search(shape), _COLUMN.search(shape)
    return (int(row[1]), int(column[1])) if row and column else None


def _with_shapes(shapes: bytes, notes: Sequence[tuple[Place, str]]) -> bytes:
    """The drawing with a shape for each new comment, its numbers in blocks that nobody uses."""
    used = {int(each) // _BLOCK for each in _SHAPE_ID.findall(shapes)}
    mapped = {int(each) for found in _MAP.findall(shapes) for each in found[1].split(b",") if each.strip()}
    free = chain(sorted(mapped - used), count(max(used | mapped, default=0) + 1))
    blocks = list(islice(free, -(-len(notes) // (_BLOCK - 1))))
    numbers = (block * _BLOCK + each for block in blocks for each in range(1, _BLOCK))
    new = [_note(number, *each) for number, each in zip(numbers, notes, strict=False)]
    named = ",".join(map(str, sorted(mapped.union(blocks)))).encode()
    shapes = _MAP.sub(lambda m: m[1] + named + m[3], shapes, count=1)
    end = shapes.rfind(b"</xml>")
    return shapes[:end] + "".join(new).encode() + shapes[end:]


def _note(number: int, place: Place, words: str) -> str:
    row, column = place
    lines = 2 + sum(1 + len(each) // 45 for each in words.split("\n"))
    return _NOTE.format(
        id=number,
        height=lines * 13,
        column_after=column + 1,
        row_before=max(row - 1, 0),
        right=column + 5,
        bottom=max(row - 1, 0) + lines,
        row=row,
        column=column,
    )
