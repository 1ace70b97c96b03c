"""What may have been meant: the nearest name, and a reason that is true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import Desk

from pipeline.suggest import (
    MAX_COMPARED_PAIRS,
    KnownNames,
    _fold_names,
    explain_difference,
    fold_name,
    suggest_near,
)

KNOWN = ["2026-1001", "R-0012", "SUP-100", "EUR"]


@pytest.mark.parametrize(
    ("value", "near", "why"),
    [
        ("r-0012", "R-0012", "only upper and lower case differ"),
        ("2026 1001", "2026-1001", "only blanks or punctuation differ"),
        ("20261001", "2026-1001", "only blanks or punctuation differ"),
        ("00SUP-100", "SUP-100", "only zeros in front differ"),
        ("SUP-1OO", "SUP-100", "a letter looks like a digit"),
        ("2026-1007", "2026-1001", "one character differs"),
        ("SUP-10", "SUP-100", "one character is missing or too many"),
        ("SUPP-100", "SUP-100", "one character is missing or too many"),
        ("USP-100", "SUP-100", "two characters are swapped"),
        ("EURO", "EUR", "one character is missing or too many"),
    ],
)
def test_the_nearest_and_why(value: str, near: str, why: str) -> None:
    assert KnownNames(KNOWN).find_nearest([value]) == {value: near}
    assert explain_difference(value, near) == why
    assert suggest_near(value, near) == f" Did you mean {near} ({why})?"


def test_what_is_like_nothing_is_not_guessed() -> None:
    assert KnownNames(KNOWN).find_nearest(["XYZ", "99"]) == {}
    assert suggest_near("XYZ", "") == ""
    assert explain_difference("abcd", "wxyz") == ""


def test_many_names_are_not_compared_letter_by_letter() -> None:
    names = KnownNames(f"R{number}" for number in range(MAX_COMPARED_PAIRS))
    assert names.find_nearest(["r-17", "Q17"]) == {"r-17": "R17"}


@given(st.text(), st.text())
def test_a_reason_is_the_same_both_ways(left: str, right: str) -> None:
    assert explain_difference(left, right) == explain_difference(right, left)


@given(st.text(min_size=1))
def test_a_name_is_nearest_to_itself_written_otherwise(name: str) -> None:
    assert fold_name(f" {name}-") == fold_name(name)


def test_an_item_without_invoice_asks_for_the_nearest(desk: Desk) -> None:
    result = desk.check([desk.invoice("R-1")], [desk.item(ref) for ref in ("R-1", "r-1", "other")])
    messages = dict(zip(result.issues["value"], result.issues["message"], strict=True))
    assert (
        messages["r-1"]
        == 'No invoice has the reference "r-1". Did you mean R-1 (only upper and lower case differ)?'
    )
    assert messages["other"] == 'No invoice has the reference "other".'


@given(st.lists(st.text() | st.text(st.characters(max_codepoint=127))))
def test_many_names_are_folded_as_each_is(names: list[str]) -> None:
    assert _fold_names(names) == [fold_name(name) for name in names]
