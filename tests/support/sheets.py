"""Valid sheets, made from the declarations: hypothesis fills every field with anything its kind allows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import strategies as st

from schemas.fields import Field, Kind, Table
from schemas.tables.common import HEX_ID_PATTERN, INVOICE_NUMBER_PATTERN, UUID_PATTERN

Row = dict[str, str]

_LETTERS = st.characters(codec="utf-8", max_codepoint=0xFFFF, exclude_categories=("C", "Z"))
_FIRST = st.characters(codec="utf-8", max_codepoint=0xFFFF, categories=("L", "N"))
_HEX = {HEX_ID_PATTERN: r"[0-9a-f]{32}", UUID_PATTERN: r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"}
_DAYS = st.dates(date(1990, 1, 1), date(2190, 12, 31))


def cell(field: Field) -> st.SearchStrategy[str]:
    """Texts that the field takes, up to its limits."""
    longest = field.max_length or 40
    match field.kind:
        case Kind.TEXT:
            return st.builds(str.__add__, _FIRST, st.text(_LETTERS, max_size=min(longest, 300) - 1)).map(
                lambda text: text[:longest]
            )
        case Kind.IDENTIFIER if field.pattern in _HEX:
            return st.from_regex(_HEX[field.pattern], fullmatch=True)
        case Kind.IDENTIFIER if field.pattern is None or field.pattern == INVOICE_NUMBER_PATTERN:
            return st.from_regex(rf"[a-zA-Z][a-zA-Z0-9_-]{{0,{longest - 1}}}", fullmatch=True)
        case Kind.NUMBER:
            return st.decimals("0.000000001", "99999", places=9).map("{:f}".format)
        case Kind.MONEY:
            return st.decimals("0", "99999", places=0).map("{:f}".format)  # whole: fits every currency
        case Kind.DATE:
            return _DAYS.map(date.isoformat)
        case Kind.DATETIME:
            return _DAYS.map(lambda day: f"{day} 08:30:59")
        case Kind.BOOLEAN:
            return st.sampled_from(["yes", "no"])
        case Kind.CHOICE:
            return st.sampled_from(field.choices)
        case Kind.CURRENCY:
            return st.sampled_from(["EUR", "JPY", "KWD"])
    return st.just(field.example)


def rows(table: Table, fixed: Mapping[str, st.SearchStrategy[str]], *without: str) -> st.SearchStrategy[Row]:
    """Rows of a table: what is required always, everything else perhaps.

    Args:
        table: as a target takes it.
        fixed: fields that are always there, and how they are filled.
        *without: fields that are left out.
    """
    always = {field.name: cell(field) for field in table if field.required and field.name not in without}
    perhaps = {field.name: cell(field) for field in table if field.name not in {*always, *fixed, *without}}
    return st.fixed_dictionaries(always | dict(fixed), optional=perhaps)


def in_order(row: Row, first: str, last: str) -> Row:
    """The same row, the later date blank where it would come before the earlier."""
    wrong = bool(row.get(last)) and row[last] < row.get(first, "")
    return row | {last: ""} if wrong else row


def whole(row: dict[str, Any]) -> Row:
    """A row with its amount, or with what it is computed from, never both."""
    priced = {"quantity": "", "unit_price": ""}
    return row | priced if row.get("amount") else row | {"quantity": "3", "unit_price": "7.5"}
