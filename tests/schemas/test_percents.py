"""Percent, where a field is a share of a whole, and nowhere else."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.notation import percents
from schemas.notation.numbers import NumberNotation
from schemas.tables import TABLES


def _read(text: str, declared: str = "") -> str:
    numbers, cells = NumberNotation(declared), pa.array([text])
    return str(percents.normalize_percents(cells, numbers.normalize(cells).texts, numbers)[0].as_py())


@given(
    st.decimals(-1000, 1000, places=3),
    st.sampled_from(["{}%", "{} %", "{}\u00a0%", "{}\u202f%"]),
    st.sampled_from(["point", "comma"]),
)
def test_a_percent_is_a_hundredth_exactly(number: Decimal, form: str, declared: str) -> None:
    text = form.format(number).replace(".", "." if declared == "point" else ",")
    assert Decimal(_read(text, declared)) == number / 100


@pytest.mark.parametrize("text", ["0.19", "19", "", "-0.5"])
def test_a_share_without_a_sign_is_what_it_is(text: str) -> None:
    assert _read(text) == text


@pytest.mark.parametrize("text", ["%", "abc%", "19%%", "% 19", "1,9%"])
def test_what_is_no_percent_is_no_number(text: str) -> None:
    with pytest.raises(ArithmeticError):
        Decimal(_read(text))


def test_what_a_cell_shows_in_percent_is_what_it_holds_unless_it_is_rounded() -> None:
    shown, held = (
        pa.array(["19%", "20%", "19.50%", "", "007", "x%"]),
        pa.array(["0.19", "0.195", "0.195", "1", "7", "1"]),
    )
    assert percents.drop_equal_percents(shown, held).to_pylist() == ["", "20%", "", "", "007", "x%"]


def test_the_rate_of_a_tax_is_a_share() -> None:
    assert [field.name for table in TABLES for field in table if field.is_share] == ["tax_rate"]
