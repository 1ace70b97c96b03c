"""XML edited as bytes: children are spans of the original, so untouched ones stay byte for byte.

In: an element or a whole part that passed the reader's gate: UTF-8, no document type, no entities of its own.
Out: the same bytes with children replaced, inserted or removed, or attributes set.
Never: builds a tree and serializes it: a writer's own prefixes, blanks and unknown elements survive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import NamedTuple

TRUE_WORDS = frozenset({"1", "true", "on"})
"""What attributes of the type boolean say for yes."""

# The possessive quantifier keeps a broken tag from being tried in exponentially many ways.
_TAG = re.compile(rb"""<(/?)([\w:.-]+)((?:[^"'<>]+|"[^"]*"|'[^']*')*+)>""")
_ATTRIBUTE = re.compile(rb"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_NON_ELEMENT = re.compile(rb"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?(?!xml\s).*?\?>", re.DOTALL)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_AMBIGUOUS_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
# a tab or a line end in an attribute would be read as a blank
_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;"}
)


class XmlChild(NamedTuple):
    """An element with the text that follows it.

    Attributes:
        name: without prefix.
        tag: the attributes of the start tag, as bytes.
        xml: all of it.
    """

    name: str
    tag: bytes
    xml: bytes

    @property
    def attributes(self) -> Mapping[str, str]:
        """The attributes by name, prefixes kept."""
        return parse_attributes(self.tag)


@dataclass
class XmlElement:
    """An element whose children may be replaced, removed and inserted.

    Attributes:
        head: everything up to the end of the start tag.
        children: in document order.
        foot: the end tag, and what follows.
    """

    head: bytes
    children: list[XmlChild]
    foot: bytes

    def __bytes__(self) -> bytes:
        return b"".join((self.head, *(child.xml for child in self.children), self.foot))

    @property
    def prefix(self) -> bytes:
        """The namespace prefix of the root, empty or like `x:`; in office files its children have it too."""
        before, colon, _ = list(_TAG.finditer(self.head))[-1][2].rpartition(b":")
        return before + colon

    def find(self, name: str) -> XmlChild | None:
        """Return the first child of a name."""
        return next((child for child in self.children if child.name == name), None)

    def insert(self, xml: bytes, order: Sequence[str], *, replaced: XmlChild | None = None) -> None:
        """Insert a child at its place in the schema's order, or replace one.

        Args:
            xml: the new child.
            order: names of all possible children in the order of the schema.
            replaced: the child in whose place it comes; None inserts.
        """
        inserted = parse_element(xml).as_child()
        if replaced is not None:
            self.children[self.children.index(replaced)] = inserted
            return
        # before the first child that the schema puts behind it
        successors = set(order[order.index(inserted.name) + 1 :])
        later = (index for index, child in enumerate(self.children) if child.name in successors)
        self.children.insert(next(later, len(self.children)), inserted)

    def as_child(self) -> XmlChild:
        """Return the element as a child of another."""
        tag = list(_TAG.finditer(self.head))[-1]
        return XmlChild(get_local_name(tag[2].decode()), tag[3], bytes(self))


def parse_element(xml: bytes) -> XmlElement:
    """Split an element into head, children and foot; a byte-order mark, comments and CDATA are dropped.

    Args:
        xml: a whole document, or an element of one.
    """
    xml = strip_non_elements(xml)
    tags = _TAG.finditer(xml)
    root = next(tags, None)
    if root is None:
        return XmlElement(b"", [], xml)
    if root[3].endswith(b"/"):
        return _open_self_closing(xml, root)
    children: list[XmlChild] = []
    depth, position, start_tag = 1, root.end(), root
    for tag in tags:
        is_end = tag[1] == b"/"
        if depth == 1 and not is_end:
            start_tag = tag
        if is_end:
            depth -= 1
        elif not tag[3].endswith(b"/"):
            depth += 1
        if depth == 0:
            break
        if depth == 1:
            name = get_local_name(start_tag[2].decode())
            children.append(XmlChild(name, start_tag[3], xml[position : tag.end()]))
            position = tag.end()
    return XmlElement(xml[: root.end()], children, xml[position:])


def _open_self_closing(xml: bytes, root: re.Match[bytes]) -> XmlElement:
    """Return `<a/>` as `<a></a>`, so that it can take children."""
    head = xml[: root.end() - 2].rstrip() + b">"
    return XmlElement(head, [], b"</" + root[2] + b">" + xml[root.end() :])


def strip_non_elements(xml: bytes) -> bytes:
    """Drop a byte-order mark, comments and processing instructions, and escape CDATA.

    Only tags begin with `<` afterwards.
    """
    xml = xml.removeprefix(BYTE_ORDER_MARK)
    if not has_non_elements(xml):
        return xml
    return _NON_ELEMENT.sub(lambda match: _escape_cdata(match[1]) if match[1] else b"", xml)


def has_non_elements(xml: bytes) -> bool:
    """Return whether XML has comments, CDATA or processing instructions behind its declaration."""
    # from behind `<?xml`, which may begin the declaration itself
    return b"<!" in xml or xml.find(b"<?", 5) >= 0


def _escape_cdata(content: bytes) -> bytes:
    return content.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")


def get_local_name(name: str) -> str:
    """Return a tag's name without its namespace: `x:row`, or `{http://...}row` as ElementTree has it."""
    return name.rpartition("}")[2].rpartition(":")[2]


def parse_attributes(tag: bytes) -> Mapping[str, str]:
    """Return the attributes in a start tag, by name.

    Args:
        tag: what follows the name in the start tag.
    """
    return {
        name.decode(): unescape((double or single).decode())
        for name, double, single in _ATTRIBUTE.findall(tag)
    }


def find_start_tags(xml: bytes, name: str) -> Iterator[bytes]:
    """Yield the attributes of all elements of a name, however deep.

    Args:
        xml: without comments and CDATA.
        name: without prefix.
    """
    for tag in _TAG.finditer(xml):
        if not tag[1] and get_local_name(tag[2].decode()) == name:
            yield tag[3]


def escape_text(value: str) -> bytes:
    """Escape a text for an element or attribute; the result is ASCII, so every encoding holds it.

    Characters that XML cannot hold are written as spreadsheets write them (`_x0001_`), and so is a text that
    looks like one.
    """
    value = _AMBIGUOUS_ESCAPE.sub("_x005F_", value)
    # a carriage return in XML is read as a line feed, so it is written as Excel writes it
    value = _ILLEGAL.sub(lambda match: f"_x{ord(match[0]):04X}_", value).replace("\r", "_x000D_")
    return value.translate(_ENTITIES).encode("ascii", "xmlcharrefreplace")


def set_attribute(xml: bytes, name: str, value: str) -> bytes:
    """Set an attribute in the start tag of an element.

    Args:
        xml: the element.
        name: of the attribute.
        value: the new value.
    """
    tag = next(match for match in _TAG.finditer(xml))
    pattern = re.compile(rb"(\s" + name.encode() + rb"\s*=\s*)(?:\"[^\"]*\"|'[^']*')")
    attribute = b" " + name.encode() + b'="' + escape_text(value) + b'"'
    body, replaced = pattern.subn(lambda _: attribute, tag[3], count=1)
    if not replaced:
        body = body[:-1] + attribute + b"/" if body.endswith(b"/") else body + attribute
    return xml[: tag.start(3)] + body + xml[tag.end(3) :]
