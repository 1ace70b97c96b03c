"""The comments on marked cells, beside the preparer's own; those of an earlier marking are taken back first.

A comment lies in two parts: its text, and a shape in an old drawing format without which Excel shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain, count, islice

from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.references import format_reference, parse_reference
from pipeline.spreadsheet.xml_bytes import (
    XmlElement,
    escape_text,
    find_start_tags,
    parse_attributes,
    parse_element,
)

COMMENT_START, COMMENT_END = "invoice-import:", "(end of invoice-import)"
"""What stands between them in a comment is ours; a comment may hold somebody's own words before and after."""

_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_OUR_TEXT = re.compile(
    rb"(?:\s|&#10;|&#xA;)*" + COMMENT_START.encode() + rb".*?(?:" + re.escape(COMMENT_END.encode()) + rb"|$)",
    re.DOTALL,
)
_TEXT_ELEMENT = re.compile(rb"(<(?:\w+:)?t(?:\s[^>]*)?>)([^<]*)(</(?:\w+:)?t>)")
_EMPTY_RUN = re.compile(
    rb"<(\w+:)?r>(?:<(?:\w+:)?rPr>(?:(?!</?(?:\w+:)?r>).)*?</(?:\w+:)?rPr>)?"
    rb"<(?:\w+:)?t(?:\s[^>]*)?></(?:\w+:)?t></(?:\w+:)?r>",
    re.DOTALL,
)
_SHAPE = re.compile(rb"<v:shape\s.*?</v:shape>\s*", re.DOTALL)
_ROW, _COLUMN = re.compile(rb"<x:Row>\s*(\d+)"), re.compile(rb"<x:Column>\s*(\d+)")
_SHAPE_ID = re.compile(rb'_x0000_s(\d+)"')
_ID_MAP = re.compile(rb'(<o:idmap\b[^>]*?\bdata=")([\d,\s]*)(")')
_ID_BLOCK = 1024
_EMPTY_DRAWING = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data=""/>'
    b'</o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202"'
    b' path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t"'
    b' o:connecttype="rect"/></v:shapetype></xml>'
)
_NOTE_SHAPE = (
    '<v:shape id="_x0000_s{id}" type="#_x0000_t202" style="position:absolute;margin-left:60pt;margin-top:2pt;'
    'width:260pt;height:{height}pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
    '<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
    '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"/></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
    "<x:Anchor>{column_after}, 15, {row_before}, 4, {right}, 20, {bottom}, 4</x:Anchor><x:AutoFill>False</x:AutoFill>"
    "<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)

CellPosition = tuple[int, int]
"""Row and column of a cell, counted from 0."""


def write_comments(
    package: WorkbookPackage, sheet: str, drawing: str, notes: Mapping[CellPosition, str]
) -> None:
    """Give cells of a sheet their comments.

    Args:
        package: its comments, shapes and relations are changed.
        sheet: the part of the sheet.
        drawing: the part with the shapes; it need not exist.
        notes: what to say, by cell.
    """
    relations = package.list_relations(sheet)
    part = next((relation.part for relation in relations if relation.kind == "comments"), "")
    if not part and not notes:
        return
    if not part:
        part = package.choose_free_name("xl/comments{}.xml")
        package.add_relation(sheet, "comments", part)
        package.declare_content_type(part, _COMMENTS_TYPE)
    threads = [relation.part for relation in relations if relation.kind == "threadedComment"]
    threaded = {
        parse_attributes(tag).get("ref", "")
        for thread in threads
        for tag in find_start_tags(package.read(thread), _THREADED_COMMENT)
    }
    writable = {
        position: note for position, note in notes.items() if format_reference(*position) not in threaded
    }
    comments = parse_element(package.read(part) if part in package else _encode_empty_comments(package))
    removed, added = _merge_comments(comments, writable)
    package.write(part, bytes(comments))
    shapes = package.read(drawing) if drawing in package else _EMPTY_DRAWING
    if drawing not in package:
        package.declare_content_type(drawing, _DRAWING_TYPE)
    package.write(
        drawing,
        _add_shapes(_remove_shapes(shapes, removed), [(position, writable[position]) for position in added]),
    )


_THREADED_COMMENT = "threadedComment"


def _encode_empty_comments(package: WorkbookPackage) -> bytes:
    namespace = "http://purl.oclc.org/ooxml" if package.strict else "http://schemas.openxmlformats.org"
    path = "spreadsheetml/main" if package.strict else "spreadsheetml/2006/main"
    return f'<comments xmlns="{namespace}/{path}"><authors/><commentList/></comments>'.encode()


def _merge_comments(
    comments: XmlElement, notes: Mapping[CellPosition, str]
) -> tuple[set[CellPosition], list[CellPosition]]:
    """Take our old comments back and add the new; returns the cells that lost and that gained a comment."""
    prefix = comments.prefix.decode()
    author = _add_author(comments, prefix)
    old = comments.find("commentList")
    comment_list = parse_element(old.xml if old else f"<{prefix}commentList/>".encode())
    kept: dict[CellPosition, bytes] = {}
    removed: set[CellPosition] = set()
    for comment in comment_list.children:
        position = parse_reference(comment.attributes["ref"])
        foreign = _strip_our_text(comment.xml)
        if foreign is None:
            removed.add(position)
        else:
            kept[position] = foreign
    added = [position for position in sorted(notes) if position not in kept]
    for position in sorted(notes):
        run = _encode_run(prefix, notes[position], "\n\n" if position in kept else "")
        if position in kept:
            kept[position] = _append_run(kept[position], run)
        else:
            head = f'<{prefix}comment ref="{format_reference(*position)}" authorId="{author}" shapeId="0"><{prefix}text>'
            kept[position] = head.encode() + run + f"</{prefix}text></{prefix}comment>".encode()
    merged = comment_list.head + b"".join(kept[position] for position in sorted(kept)) + comment_list.foot
    comments.insert(merged, ("authors", "commentList", "extLst"), replaced=old)
    return removed, added


def _add_author(comments: XmlElement, prefix: str) -> int:
    old = comments.find("authors")
    authors = parse_element(old.xml if old else f"<{prefix}authors/>".encode())
    our_author = f"<{prefix}author>invoice-import</{prefix}author>".encode()
    names = [author.xml.strip() for author in authors.children]
    if our_author in names:
        return names.index(our_author)
    authors.insert(our_author, ("author",))
    comments.insert(bytes(authors), ("authors", "commentList", "extLst"), replaced=old)
    return len(names)


def _encode_run(prefix: str, note: str, separator: str) -> bytes:
    content = escape_text(f"{separator}{COMMENT_START} {note}\n{COMMENT_END}").decode()
    style = f'<{prefix}rPr><{prefix}sz val="9"/></{prefix}rPr>'
    return f'<{prefix}r>{style}<{prefix}t xml:space="preserve">{content}</{prefix}t></{prefix}r>'.encode()


def _strip_our_text(comment: bytes) -> bytes | None:
    """A comment without what we said in it; None when nothing is left."""
    if COMMENT_START.encode() not in comment:
        return comment
    stripped = _TEXT_ELEMENT.sub(lambda match: match[1] + _OUR_TEXT.sub(b"", match[2]) + match[3], comment)
    stripped = _EMPTY_RUN.sub(b"", stripped)
    return stripped if any(match[2].strip() for match in _TEXT_ELEMENT.finditer(stripped)) else None


def _append_run(comment: bytes, run: bytes) -> bytes:
    """A comment with a run more; a plain text becomes a run first, since both cannot stand side by side."""
    element = parse_element(comment)
    old = element.find("text")
    if old is None:
        return comment
    content = parse_element(old.xml)
    prefix = content.prefix
    runs = b"".join(
        b"<%sr>%s</%sr>" % (prefix, child.xml, prefix) if child.name == "t" else child.xml
        for child in content.children
    )
    element.insert(content.head + runs + run + content.foot, ("text",), replaced=old)
    return bytes(element)


def _remove_shapes(shapes: bytes, positions: set[CellPosition]) -> bytes:
    return (
        _SHAPE.sub(lambda match: b"" if _read_shape_position(match[0]) in positions else match[0], shapes)
        if positions
        else shapes
    )


def _read_shape_position(shape: bytes) -> CellPosition | None:
    row, column = _ROW.search(shape), _COLUMN.search(shape)
    return (int(row[1]), int(column[1])) if row and column else None


def _add_shapes(shapes: bytes, notes: Sequence[tuple[CellPosition, str]]) -> bytes:
    """The drawing with a shape for each new comment, its numbers in blocks that nobody uses."""
    used = {int(shape_id) // _ID_BLOCK for shape_id in _SHAPE_ID.findall(shapes)}
    mapped = {
        int(block_id)
        for match in _ID_MAP.findall(shapes)
        for block_id in match[1].split(b",")
        if block_id.strip()
    }
    free_blocks = chain(sorted(mapped - used), count(max(used | mapped, default=0) + 1))
    blocks = list(islice(free_blocks, -(-len(notes) // (_ID_BLOCK - 1))))
    numbers = (block * _ID_BLOCK + offset for block in blocks for offset in range(1, _ID_BLOCK))
    note_shapes = [_encode_note_shape(number, *note) for number, note in zip(numbers, notes, strict=False)]
    id_list = ",".join(map(str, sorted(mapped.union(blocks)))).encode()
    shapes = _ID_MAP.sub(lambda match: match[1] + id_list + match[3], shapes, count=1)
    end = shapes.rfind(b"</xml>")
    return shapes[:end] + "".join(note_shapes).encode() + shapes[end:]


def _encode_note_shape(number: int, position: CellPosition, note: str) -> str:
    row, column = position
    lines = 2 + sum(1 + len(paragraph) // 45 for paragraph in note.split("\n"))
    return _NOTE_SHAPE.format(
        id=number,
        height=lines * 13,
        column_after=column + 1,
        row_before=max(row - 1, 0),
        right=column + 5,
        bottom=max(row - 1, 0) + lines,
        row=row,
        column=column,
    )
