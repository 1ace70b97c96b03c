"""XML edited as bytes: what is not touched stays as it was."""

from __future__ import annotations

import pytest

from pipeline.spreadsheet.xml_bytes import (
    escape_text,
    find_start_tags,
    get_local_name,
    parse_attributes,
    parse_element,
    set_attribute,
    strip_non_elements,
)

SHEET = b'<?xml version="1.0"?>\n<x:a xmlns:x="u"><x:b k="1>2"/> text <x:c><x:b></x:b></x:c>\n</x:a>\n'


def test_an_element_comes_back_byte_for_byte() -> None:
    element = parse_element(SHEET)
    assert bytes(element) == SHEET
    assert [child.name for child in element.children] == ["b", "c"]
    assert element.prefix == b"x:"
    assert element.children[0].attributes == {"k": "1>2"}


def test_a_child_is_inserted_where_the_schema_wants_it() -> None:
    element = parse_element(b"<a><b/><d/></a>")
    element.insert(b"<c/>", ("b", "c", "d"))
    assert bytes(element) == b"<a><b/><c></c><d/></a>"
    element.insert(b"<d>1</d>", ("b", "c", "d"), replaced=element.find("d"))
    assert bytes(element) == b"<a><b/><c></c><d>1</d></a>"


def test_an_element_that_closes_itself_takes_children() -> None:
    element = parse_element(b'<a k="1" />')
    element.insert(b"<b/>", ("b",))
    assert bytes(element) == b'<a k="1"><b></b></a>'


def test_bytes_without_an_element_are_left_alone() -> None:
    assert bytes(parse_element(b"no markup")) == b"no markup"


def test_comments_go_and_cdata_is_escaped() -> None:
    assert strip_non_elements(b"\xef\xbb\xbf<a><!-- <b> --><![CDATA[<&]]><?x y?></a>") == b"<a>&lt;&amp;</a>"


@pytest.mark.parametrize("name", ["row", "x:row", "{http://schemas.example/main}row"])
def test_a_name_has_no_namespace(name: str) -> None:
    assert get_local_name(name) == "row"


def test_start_tags_are_found_however_deep() -> None:
    tags = find_start_tags(SHEET, "b")
    assert [parse_attributes(tag) for tag in tags] == [{"k": "1>2"}, {}]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a<b>&\"'", b"a&lt;b&gt;&amp;&quot;'"),
        ("\x01", b"_x0001_"),
        ("_x0041_", b"_x005F_x0041_"),
        ("ä", b"&#228;"),
    ],
)
def test_a_text_is_never_markup(text: str, escaped: bytes) -> None:
    assert escape_text(text) == escaped


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<a/>", b'<a k="1&amp;"/>'),
        (b"<a>x</a>", b'<a k="1&amp;">x</a>'),
        (b"<a k='0'/>", b'<a k="1&amp;"/>'),
    ],
)
def test_an_attribute_is_set(before: bytes, after: bytes) -> None:
    assert set_attribute(before, "k", "1&") == after
