"""Comments on cells, next to the preparer's own; those of an earlier marking are removed first.

A comment has two parts: its text, and a shape in an old drawing format (VML), without which Excel shows none.

In: a sheet of a package, and texts by cell.
Out: the parts with comments and shapes, changed or added.
Never: removes a word that somebody else wrote, or touches a cell with a threaded comment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain, count, islice

from pipeline.spreadsheet.package import WorkbookPackage
from pipeline.spreadsheet.references import CellPosition, format_reference, parse_reference
from pipeline.spreadsheet.styles import get_main_namespace
from pipeline.spreadsheet.xml_bytes import (
    XmlElement,
    escape_text,
    find_start_tags,
    parse_attributes,
    parse_element,
)

COMMENT_START, COMMENT_END = "invoice-import:", "(end of invoice-import)"
"""What lies between them in a comment is ours; a comment may hold somebody's own words before and after."""

_AUTHOR = "invoice-import"
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_THREADED_COMMENT = "threadedComment"
_COMMENTS_ORDER = ("authors", "commentList", "extLst")
# without the mark of its end all that follows is ours: somebody may have shortened the text
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
"""Ids of shapes are handed out to drawings in blocks; a drawing's map lists the blocks that are its own."""

# how much text a line of the shape holds, and how high it is
_LINE_CHARACTERS, _LINE_POINTS = 45, 13
_EMPTY_DRAWING = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    b' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
    b'<o:idmap v:ext="edit" data=""/></o:shapelayout>'
    b'<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202"'
    b' path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t"'
    b' o:connecttype="rect"/></v:shapetype></xml>'
)
# hidden until the pointer is over the cell; the anchor counts columns and rows from 0
_NOTE_SHAPE = (
    '<v:shape id="_x0000_s{id}" type="#_x0000_t202" style="position:absolute;margin-left:60pt;margin-top:2pt;'
    'width:260pt;height:{height}pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
    '<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
    '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"/></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
    "<x:Anchor>{column_after}, 15, {row_before}, 4, {right}, 20, {bottom}, 4</x:Anchor>"
    "<x:AutoFill>False</x:AutoFill>"
    "<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)


def write_comments(
    package: WorkbookPackage, sheet: str, drawing: str, notes: Mapping[CellPosition, str]
) -> None:
    """Put comments on cells of a sheet.

    Args:
        package: its comments, shapes and relations are changed.
        sheet: the part of the sheet.
        drawing: the part with the shapes; it need not exist.
        notes: the text for each cell.
    """
    part = package.find_part(sheet, "comments")
    # what an earlier marking wrote is removed even where there is nothing to say now
    if not part and not notes:
        return
    threaded = _list_threaded_cells(package, sheet)
    part = part or _add_comments_part(package, sheet)
    writable = {
        position: note for position, note in notes.items() if format_reference(*position) not in threaded
    }
    comments = parse_element(package.read(part) if part in package else _encode_empty_comments(package))
    removed, added = _merge_comments(comments, writable)
    package.write(part, bytes(comments))
    _update_shapes(package, drawing, removed, [(position, writable[position]) for position in added])


def _add_comments_part(package: WorkbookPackage, sheet: str) -> str:
    part = package.choose_free_name("xl/comments{}.xml")
    package.add_relation(sheet, "comments", part)
    package.declare_content_type(part, _COMMENTS_TYPE)
    return part


def _update_shapes(
    package: WorkbookPackage,
    drawing: str,
    removed: set[CellPosition],
    added: Sequence[tuple[CellPosition, str]],
) -> None:
    shapes = package.read(drawing) if drawing in package else _EMPTY_DRAWING
    if drawing not in package:
        package.declare_content_type(drawing, _DRAWING_TYPE)
    package.write(drawing, _add_shapes(_remove_shapes(shapes, removed), added))


def _list_threaded_cells(package: WorkbookPackage, sheet: str) -> set[str]:
    """Return the references of cells with a threaded comment; they get no note of ours."""
    references: set[str] = set()
    for relation in package.list_relations(sheet):
        if relation.kind == _THREADED_COMMENT:
            tags = find_start_tags(package.read(relation.part), _THREADED_COMMENT)
            references.update(parse_attributes(tag).get("ref", "") for tag in tags)
    return references


def _encode_empty_comments(package: WorkbookPackage) -> bytes:
    namespace = get_main_namespace(package)
    return f'<comments xmlns="{namespace}"><authors/><commentList/></comments>'.encode()


def _merge_comments(
    comments: XmlElement, notes: Mapping[CellPosition, str]
) -> tuple[set[CellPosition], list[CellPosition]]:
    """Remove our old comments and add the new ones.

    Returns:
        The cells that lost their comment, and those that gained one.
    """
    prefix = comments.prefix.decode()
    author = _add_author(comments, prefix)
    old = comments.find("commentList")
    comment_list = parse_element(old.xml if old else f"<{prefix}commentList/>".encode())
    kept, removed = _remove_our_comments(comment_list)
    added = [position for position in sorted(notes) if position not in kept]
    for position in sorted(notes):
        run = _encode_run(prefix, notes[position], "\n\n" if position in kept else "")
        if position in kept:
            kept[position] = _append_run(kept[position], run)
        else:
            reference = format_reference(*position)
            head = f'<{prefix}comment ref="{reference}" authorId="{author}" shapeId="0"><{prefix}text>'
            kept[position] = head.encode() + run + f"</{prefix}text></{prefix}comment>".encode()
    merged = comment_list.head + b"".join(kept[position] for position in sorted(kept)) + comment_list.foot
    comments.insert(merged, _COMMENTS_ORDER, replaced=old)
    return removed, added


def _remove_our_comments(comment_list: XmlElement) -> tuple[dict[CellPosition, bytes], set[CellPosition]]:
    """Return what others wrote, by cell, and the cells that had a comment of ours alone."""
    kept: dict[CellPosition, bytes] = {}
    removed: set[CellPosition] = set()
    for comment in comment_list.children:
        position = parse_reference(comment.attributes["ref"])
        foreign = _strip_our_text(comment.xml)
        if foreign is None:
            removed.add(position)
        else:
            kept[position] = foreign
    return kept, removed


def _add_author(comments: XmlElement, prefix: str) -> int:
    """Return our position among the authors, added where we are not among them."""
    old = comments.find("authors")
    authors = parse_element(old.xml if old else f"<{prefix}authors/>".encode())
    our_author = f"<{prefix}author>{_AUTHOR}</{prefix}author>".encode()
    names = [author.xml.strip() for author in authors.children]
    if our_author in names:
        return names.index(our_author)
    authors.insert(our_author, ("author",))
    comments.insert(bytes(authors), _COMMENTS_ORDER, replaced=old)
    return len(names)


def _encode_run(prefix: str, note: str, separator: str) -> bytes:
    content = escape_text(f"{separator}{COMMENT_START} {note}\n{COMMENT_END}").decode()
    style = f'<{prefix}rPr><{prefix}sz val="9"/></{prefix}rPr>'
    return f'<{prefix}r>{style}<{prefix}t xml:space="preserve">{content}</{prefix}t></{prefix}r>'.encode()


def _strip_our_text(comment: bytes) -> bytes | None:
    """Return a comment without our text; None when nothing is left."""
    if COMMENT_START.encode() not in comment:
        return comment
    stripped = _TEXT_ELEMENT.sub(lambda match: match[1] + _OUR_TEXT.sub(b"", match[2]) + match[3], comment)
    stripped = _EMPTY_RUN.sub(b"", stripped)
    return stripped if any(match[2].strip() for match in _TEXT_ELEMENT.finditer(stripped)) else None


def _append_run(comment: bytes, run: bytes) -> bytes:
    """Append a run to a comment; a plain text becomes a run first, since the schema has one or the other."""
    element = parse_element(comment)
    old = element.find("text")
    if old is None:
        return comment  # uncovered: the schema asks for a text, and every program writes one
    content = parse_element(old.xml)
    prefix = content.prefix
    runs = b"".join(
        b"<%sr>%s</%sr>" % (prefix, child.xml, prefix) if child.name == "t" else child.xml
        for child in content.children
    )
    element.insert(content.head + runs + run + content.foot, ("text",), replaced=old)
    return bytes(element)


def _remove_shapes(shapes: bytes, positions: set[CellPosition]) -> bytes:
    if not positions:
        return shapes
    return _SHAPE.sub(lambda match: b"" if _read_shape_position(match[0]) in positions else match[0], shapes)


def _read_shape_position(shape: bytes) -> CellPosition | None:
    row, column = _ROW.search(shape), _COLUMN.search(shape)
    return (int(row[1]), int(column[1])) if row and column else None


def _add_shapes(shapes: bytes, notes: Sequence[tuple[CellPosition, str]]) -> bytes:
    """Add a shape for each new comment, with ids from blocks that no other shape uses."""
    used = {int(shape_id) // _ID_BLOCK for shape_id in _SHAPE_ID.findall(shapes)}
    mapped = _read_id_map(shapes)
    free_blocks = chain(sorted(mapped - used), count(max(used | mapped, default=0) + 1))
    # The first id of a block is not handed out, so a block has room for one shape less.
    blocks = list(islice(free_blocks, -(-len(notes) // (_ID_BLOCK - 1))))
    ids = chain.from_iterable(range(block * _ID_BLOCK + 1, (block + 1) * _ID_BLOCK) for block in blocks)
    note_shapes = [
        # the last block has ids to spare
        _encode_note_shape(shape_id, position, note)
        for shape_id, (position, note) in zip(ids, notes, strict=False)
    ]
    id_list = ",".join(map(str, sorted(mapped.union(blocks)))).encode()
    shapes = _ID_MAP.sub(lambda match: match[1] + id_list + match[3], shapes, count=1)
    end = shapes.rfind(b"</xml>")
    return shapes[:end] + "".join(note_shapes).encode() + shapes[end:]


def _read_id_map(shapes: bytes) -> set[int]:
    """Return the blocks of ids that a drawing claims."""
    blocks: set[int] = set()
    for match in _ID_MAP.finditer(shapes):
        blocks.update(int(block) for block in match[2].split(b",") if block.strip())
    return blocks


def _encode_note_shape(shape_id: int, position: CellPosition, note: str) -> str:
    row, column = position
    lines = 2 + sum(1 + len(paragraph) // _LINE_CHARACTERS for paragraph in note.split("\n"))
    return _NOTE_SHAPE.format(
        id=shape_id,
        height=lines * _LINE_POINTS,
        column_after=column + 1,
        row_before=max(row - 1, 0),
        right=column + 5,
        bottom=max(row - 1, 0) + lines,
        row=row,
        column=column,
    )
