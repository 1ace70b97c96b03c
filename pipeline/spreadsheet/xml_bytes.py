"""XML by its bytes: an element's children as spans of the original, so that what is not touched stays as it was.

Nothing is parsed into objects and written anew: a writer's own prefixes, blanks and unknown elements survive.
The bytes come from a workbook that passed the reader's gate: UTF-8, no document type, no entities of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import NamedTuple

_TAG = re.compile(rb"""<(/?)([\w:.-]+)((?:[^"'<>]+|"[^"]*"|'[^']*')*+)>""")
_ATTRIBUTE = re.compile(rb"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_NON_ELEMENT = re.compile(rb"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?(?!xml\s).*?\?>", re.DOTALL)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_AMBIGUOUS_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;"}
)
_RELATIONS_PREFIX = re.compile(rb'xmlns:(\w+)\s*=\s*["\'][^"\']*/officeDocument[^"\']*/relationships["\']')


class XmlChild(NamedTuple):
    """An element with the text that follows it.

    Attributes:
        name: without prefix.
        tag: the start tag's attributes, as bytes.
        xml: all of it.
    """

    name: str
    tag: bytes
    xml: bytes

    @property
    def attributes(self) -> Mapping[str, str]:
        """By name, prefixes kept."""
        return parse_attributes(self.tag)


@dataclass
class XmlElement:
    """An element and its children; they may be replaced, removed and added.

    Attributes:
        head: everything up to the end of the start tag.
        children: in order.
        foot: the end tag, and what follows.
    """

    head: bytes
    children: list[XmlChild]
    foot: bytes

    def __bytes__(self) -> bytes:
        return b"".join((self.head, *(child.xml for child in self.children), self.foot))

    @property
    def prefix(self) -> bytes:
        """Of the root and, in office documents, of everything of its namespace: empty or like `x:`."""
        before, colon, _ = list(_TAG.finditer(self.head))[-1][2].rpartition(b":")
        return before + colon

    @property
    def relations_prefix(self) -> bytes:
        """What attributes that name a relation begin with; empty where the root declares none."""
        declared = _RELATIONS_PREFIX.search(self.head)
        return declared[1] + b":" if declared else b""

    def find(self, name: str) -> XmlChild | None:
        """The first child of a name."""
        return next((child for child in self.children if child.name == name), None)

    def insert(self, xml: bytes, order: tuple[str, ...], *, replaced: XmlChild | None = None) -> None:
        """Put a child in the place of an old one, or where the order of the schema wants it."""
        inserted = parse_element(xml).as_child()
        if replaced is not None:
            self.children[self.children.index(replaced)] = inserted
            return
        successors = set(order[order.index(inserted.name) + 1 :])
        index = next(
            (index for index, child in enumerate(self.children) if child.name in successors),
            len(self.children),
        )
        self.children.insert(index, inserted)

    def as_child(self) -> XmlChild:
        """The element as a child of another."""
        tag = list(_TAG.finditer(self.head))[-1]
        return XmlChild(get_local_name(tag[2]), tag[3], bytes(self))


def parse_element(xml: bytes) -> XmlElement:
    """Take an element apart; a byte-order mark, comments and CDATA are gone afterwards.

    Args:
        xml: a whole document, or an element of one.
    """
    xml = strip_non_elements(xml)
    children: list[XmlChild] = []
    depth, position, head = 0, 0, b""
    start_tag = _TAG.search(xml)
    for tag in _TAG.finditer(xml):
        closing, self_closing = tag[1] == b"/", tag[3].endswith(b"/")
        if depth == 1 and not closing:
            start_tag = tag
        depth += 0 if self_closing else -1 if closing else 1
        if start_tag is None or (depth == 0 and closing):
            break
        if not head:
            head, position = xml[: tag.end()], tag.end()
            if self_closing:
                return XmlElement(
                    xml[: tag.end() - 2].rstrip() + b">", [], b"</" + tag[2] + b">" + xml[tag.end() :]
                )
        elif depth == 1:
            children.append(XmlChild(get_local_name(start_tag[2]), start_tag[3], xml[position : tag.end()]))
            position = tag.end()
    return XmlElement(head, children, xml[position:])


def strip_non_elements(xml: bytes) -> bytes:
    """XML without byte-order mark, comments, processing instructions and CDATA: only tags begin with `<`."""
    xml = xml.removeprefix(b"\xef\xbb\xbf")
    if b"<!" not in xml and xml.find(b"<?", 5) < 0:
        return xml
    return _NON_ELEMENT.sub(lambda match: _escape_cdata(match[1]) if match[1] else b"", xml)


def _escape_cdata(text: bytes) -> bytes:
    return text.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")


def get_local_name(name: bytes) -> str:
    """Return a tag or attribute name without its namespace prefix."""
    return name.rpartition(b":")[2].decode()


def parse_attributes(tag: bytes) -> Mapping[str, str]:
    """The attributes in a start tag.

    Args:
        tag: of it, as bytes.
    """
    return {
        name.decode(): unescape((double or single).decode())
        for name, double, single in _ATTRIBUTE.findall(tag)
    }


def find_start_tags(xml: bytes, name: str) -> Iterator[bytes]:
    """The start tags of all elements of a name, however deep.

    Args:
        xml: without comments and CDATA.
        name: without prefix.
    """
    for tag in _TAG.finditer(xml):
        if not tag[1] and get_local_name(tag[2]) == name:
            yield tag[3]


def escape_text(value: str) -> bytes:
    """A text for an element or attribute; nothing in it can be markup, and any encoding holds it.

    Characters that XML cannot hold are written as spreadsheets do (`_x0001_`), and so is a text that looks so.
    """
    value = _AMBIGUOUS_ESCAPE.sub("_x005F_", value)
    value = _ILLEGAL.sub(lambda match: f"_x{ord(match[0]):04X}_", value).replace("\r", "_x000D_")
    return value.translate(_ENTITIES).encode("ascii", "xmlcharrefreplace")


def set_attribute(xml: bytes, name: str, value: str) -> bytes:
    """An element with an attribute of its start tag set.

    Args:
        xml: the element.
        name: of the attribute.
        value: the new value.
    """
    tag = next(match for match in _TAG.finditer(xml))
    pattern = re.compile(rb"(\s" + name.encode() + rb"\s*=\s*)(?:\"[^\"]*\"|'[^']*')")
    attribute = b'="'.join((b" " + name.encode(), escape_text(value))) + b'"'
    body, replaced = pattern.subn(lambda _: attribute, tag[3], count=1)
    if not replaced:
        body = body[:-1] + attribute + b"/" if body.endswith(b"/") else body + attribute
    return xml[: tag.start(3)] + body + xml[tag.end(3) :]
