"""How numbers are written: any accepted form is read as the same number, and none has two readings."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.desk import Desk

from schemas.arrow.columns import decode_dictionary
from schemas.cell_kinds import CellKind
from schemas.currencies import CURRENCY_DIGITS
from schemas.notation import number_forms
from schemas.notation.numbers import (
    UNREADABLE_NUMBER,
    NumberNotation,
    find_currencies,
    find_number_readings,
)
from schemas.notation.parsing import PLAIN_NUMBER_REGEX

MARKS = list(number_forms.DECIMAL_MARKS)
DECIMALS = st.decimals(-(10**12), 10**12, places=4, allow_nan=False)
NEGATIVE_FORMS = ("-{}", "{}-", "({})")
CURRENCY_PLACES = ("{mark}{number}", "{mark} {number}", "{number}{mark}", "{number} {mark}")


def read(text: str, declared: str = "") -> str:
    return str(decode_dictionary(NumberNotation(declared).normalize(pa.array([text])).texts)[0].as_py())


def is_read(text: str) -> bool:
    return re.fullmatch(PLAIN_NUMBER_REGEX, text) is not None


@st.composite
def written(draw: Any) -> tuple[Decimal, str, str]:
    """A number, the declared mark, and the number in one of the accepted forms."""
    number, declared = draw(DECIMALS), draw(st.sampled_from(MARKS))
    mark = number_forms.DECIMAL_MARKS[declared]
    apart = draw(
        st.sampled_from(
            [
                "",
                number_forms.THOUSANDS_MARKS[mark],
                *number_forms.GROUP_SPACES,
                *number_forms.GROUP_APOSTROPHES,
            ]
        )
    )
    whole, _, part = f"{abs(number):,f}".partition(".")
    text = whole.replace(",", apart) + (mark + part if part else "")
    text = draw(st.sampled_from(NEGATIVE_FORMS)).format(text) if number < 0 else text
    text = text.replace("-", draw(st.sampled_from(number_forms.MINUS_SIGNS)))
    digits = draw(st.sampled_from(["0123456789", *number_forms.SCRIPT_DIGITS.values()]))
    text = text.translate(str.maketrans("0123456789", digits))
    if draw(st.booleans()) and not text.startswith("("):
        sign = draw(st.sampled_from([*number_forms.CURRENCY_SYMBOLS, *CURRENCY_DIGITS]))
        text = draw(st.sampled_from(CURRENCY_PLACES)).format(mark=sign, number=text)
    return number, declared, text


@given(written())
@example((Decimal("-1234.5"), "comma", "(1.234,5)"))
@example((Decimal("1234567.8"), "point", "1\u202f234\u202f567.8"))
def test_a_number_printed_in_any_accepted_form_is_read_as_the_same_number(
    case: tuple[Decimal, str, str],
) -> None:
    number, declared, text = case
    assert Decimal(read(text, declared)) == number


@pytest.mark.slow
@given(st.text(alphabet="0123456789.,-+() '’€$EURk\u00a0\u2212\uff11\u0661\u066b%eE_", max_size=9))
@example("1,234")
@example("0,123")
@example("1.234.567")
@example("45.00-")
def test_a_text_has_one_reading_or_none_under_one_declaration(text: str) -> None:
    for declared in ("", *MARKS):
        alone = read(text, declared)
        assert is_read(alone) or not is_read(text) or declared or "," in text
        for neighbours in (["1"], ["1,5", "2.50"], ["1.234,56", "€ 3"], [text, text]):
            together = NumberNotation(declared).normalize(pa.array([text, *neighbours])).texts
            here = str(decode_dictionary(together)[0].as_py())
            # beside others it is the same number, or it is refused: never another number
            assert here == alone or not is_read(here)
    readings = find_number_readings(text)
    assert {declared: value for declared, value in readings.items() if is_read(value)} == readings


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1,234", "1234", "1.234"),
        ("1.234", "1.234", "1234"),
        ("1,234.56", "1234.56", None),
        ("1.234,56", None, "1234.56"),
        ("1 234 567,8", None, "1234567.8"),
        ("1'234.50", "1234.50", None),
        ("(45.00)", "-45.00", None),
        ("45.00-", "-45.00", None),
        ("\u221245", "-45", "-45"),
        ("-$5", "-5", "-5"),
        ("$-5", "-5", "-5"),
        ("(€ 5)", "-5", "-5"),
        ("EUR 10.00", "10.00", None),
        ("10,00 kr", None, "10.00"),
        ("\uff11\uff12\uff0e\uff15", "12.5", None),
        ("\u0661\u0662\u066b\u0665", "12.5", "12.5"),
        (".5", "0.5", None),
        ("+5", "5", "5"),
    ],
)
def test_forms_and_their_readings(text: str, point: str | None, comma: str | None) -> None:
    assert find_number_readings(text) == {
        k: v for k, v in (("point", point), ("comma", comma)) if v is not None
    }


@pytest.mark.parametrize(
    "text",
    [
        "--5", "(-5)", "-5-", "()", "$", "-", "5 %", "1e3", "1_000", "Infinity", "NaN", "0,123.4", "1,23,456",
        "12,34.5", "1 23", "1,234 567", "5.", "12 EUR 3", "€5€", "(5", "5)", "5 apples", "0x10", "1/2",
    ],
)  # fmt: skip
def test_what_has_no_reading_whatever_is_declared(text: str) -> None:
    assert find_number_readings(text) == {}
    assert read(text) == text  # it stays as it is and fails the number's form
    assert not is_read(text)


def test_a_comma_behind_which_decimals_stand_makes_a_point_doubtful() -> None:
    mixed = NumberNotation().normalize(pa.array(["1,50", "1.234", "12.5", "1234.567"])).texts
    assert decode_dictionary(mixed).to_pylist() == ["1,50", UNREADABLE_NUMBER, "12.5", "1234.567"]
    assert decode_dictionary(NumberNotation().normalize(pa.array(["1,234", "1.234"])).texts).to_pylist() == [
        "1,234",
        "1.234",
    ]


def test_a_number_cell_is_what_it_is_whatever_is_declared() -> None:
    cells = pa.array(["1.234", "1.234", "1234,5 €"])
    held = np.array([CellKind.NUMBER, CellKind.TEXT, CellKind.TEXT], np.uint8)
    texts, marks = NumberNotation("comma").normalize(cells, held)
    assert decode_dictionary(texts).to_pylist() == ["1.234", "1234", "1234.5"]
    assert marks.to_pylist() == ["", "", "€"]


def test_a_column_that_is_plain_is_not_touched() -> None:
    for declared, cells in (("", ["1.5", "x"]), ("point", ["-1.5", "", "2"]), ("comma", ["15", "", "-2"])):
        array = pa.array(cells)
        assert NumberNotation(declared).normalize(array).texts is array


def test_marks_of_currencies() -> None:
    assert find_currencies("€") == find_currencies("EUR") == ("EUR",)
    assert {"USD", "CAD", "AUD"} <= set(find_currencies("$"))
    assert find_currencies("ABC") == ()
    assert {code for codes in number_forms.CURRENCY_SYMBOLS.values() for code in codes} <= set(
        CURRENCY_DIGITS
    )


AMOUNTS = {"": "1234.50", "point": "$ 1,234.50", "comma": "1.234,50 $"}


@pytest.mark.parametrize("declared", AMOUNTS)
def test_money_reaches_the_payload_exactly(desk: Desk, declared: str) -> None:
    result = desk.check(
        [desk.invoice(currency="USD")], [desk.item(amount=AMOUNTS[declared])], decimal=declared
    )
    assert result.verdict == "accepted"
    assert desk.sent(result)[0]["invoiceItems"][0]["amount"] == Decimal("1234.50")
    assert result.summary["money"]["USD"]["accepted"] == "1234.50"


def test_a_mark_of_another_currency_is_an_error_and_none_where_the_currency_is_unknown(desk: Desk) -> None:
    invoices = [desk.invoice("R1"), desk.invoice("R2", currency="CAD"), desk.invoice("R3", currency="EURO")]
    items = [desk.item(ref, amount="$10.00", unit_price="USD 10", quantity="1") for ref in ("R1", "R2", "R3")]
    result = desk.check(invoices, items, decimal="point")
    assert desk.told(result) == [
        ("E220", "currency", 4), ("E221", "unit_price", 2), ("E221", "amount", 2), ("E221", "unit_price", 3),
    ]  # fmt: skip
    assert 'amount is "$10.00", but the invoice is in EUR.' in set(result.issues["message"])


def test_an_ambiguous_number_is_refused_with_both_readings(desk: Desk) -> None:
    result = desk.check([desk.invoice()], [desk.item(amount="1,234"), desk.item(amount="7 %")])
    assert list(result.issues["message"]) == [
        'amount is not a number that can be read without guessing: "1,234".'
        " It could mean 1234 (with decimal = point) or 1.234 (with decimal = comma).",
        'amount is not a number that can be read without guessing: "7 %".',
    ]
    assert result.issues["fix"][0] == (
        "Write the number like 1234.56, or declare how the sheets write numbers (setting decimal)."
    )


def test_a_price_list_may_declare_its_numbers_but_not_hide_a_currency_in_them(desk: Desk) -> None:
    desk.settings('decimal = "comma"\n')
    assert desk.catalog(desk.charge("A", "c1", list_price="1.450,50")).snapshot
    assert desk.catalog(desk.charge("A", "c1", list_price="$450")).issues["code"].to_pylist() == ["E202"]


def test_a_decimal_mark_is_a_point_or_a_comma() -> None:
    with pytest.raises(ValueError, match="'dot' is no decimal mark: point or comma is needed"):
        NumberNotation("dot")
