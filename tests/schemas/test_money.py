"""Laws of money: products, rounding, totals and texts agree with Decimal, whatever the numbers."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.arrow import money
from schemas.arrow.columns import DECIMAL
from schemas.fields import Field, Kind
from schemas.notation import parsing
from schemas.notation.dates import DateNotation
from schemas.notation.parsing import build_digits_regex, parse_texts

MOST = 10**15 - 1
D = Decimal


def decimals(most: int = MOST, places: int = 9) -> st.SearchStrategy[Decimal]:
    """Decimals of either sign, ties and zeros among them."""
    step = Decimal(1).scaleb(-places)
    return st.one_of(
        st.decimals(-most, most, allow_nan=False, allow_infinity=False, places=places),
        st.integers(-(10**6), 10**6).map(lambda n: Decimal(n) / 1000 + Decimal(5).scaleb(-4)),
        st.sampled_from([Decimal(0), step, -step, Decimal("0.005"), Decimal("-0.125"), Decimal(most)]),
    )


def column(values: list[Decimal | None]) -> pa.Array:
    return pa.array(values, DECIMAL)


def digits(values: list[int | None]) -> pa.Array:
    return pa.array(values, pa.int8())


def half_away(value: Decimal, places: int) -> Decimal:
    """Python's ROUND_HALF_UP is half away from zero."""
    with localcontext() as context:
        context.prec = 80
        return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


rows = st.lists(
    st.tuples(decimals(), decimals(), st.sampled_from([0, 2, 3, 4, None])), min_size=0, max_size=12
)
small_rows = st.lists(
    st.tuples(decimals(10**9 - 1), decimals(10**9 - 1), st.sampled_from([0, 2, 3, 4, None])), max_size=12
)


@given(st.one_of(rows, small_rows))
@example([(D("-1"), D("0.125"), 2), (D("1"), D("0.125"), 2), (D("3"), D("0.335"), 2), (D("1"), D("2.5"), 0)])
@example([(D(MOST), D(MOST), 2), (D(MOST), D(1), 2), (D(MOST), D("-1"), 2)])
@example([(D(MOST), D("1.000000001"), 0)])
@example([])
def test_a_product_is_rounded_half_away_from_zero(cases: list[tuple[Decimal, Decimal, int | None]]) -> None:
    left, right, places = (list(values) for values in zip(*cases, strict=True)) if cases else ([], [], [])
    products = money.calculate_amounts(column(left), column(right), digits(places)).to_pylist()
    with localcontext() as context:
        context.prec = 80
        for a, b, scale, product in zip(left, right, places, products, strict=True):
            exact = None if scale is None else half_away(a * b, scale)
            assert product == (exact if exact is not None and abs(exact) < 10**15 else None)


@given(st.lists(st.tuples(decimals(10**14), st.sampled_from([0, 2, 3, 4, None])), max_size=12))
@example([(D("-0.125"), 2), (D("0.5"), 0), (D("-0.5"), 0), (D("2.0005"), 3), (D("-1.00005"), 4)])
def test_amounts_are_rounded_half_away_from_zero(cases: list[tuple[Decimal, int | None]]) -> None:
    amounts, places = [amount for amount, _ in cases], [scale for _, scale in cases]
    rounded = money.round_amounts(column(amounts), digits(places)).to_pylist()
    assert rounded == [
        None if scale is None else half_away(amount, scale)
        for amount, scale in zip(amounts, places, strict=True)
    ]


def test_nothing_comes_from_null() -> None:
    left, right = column([None, D(1), None]), column([D(1), None, None])
    assert money.calculate_amounts(left, right, digits([2, 2, 2])).to_pylist() == [None] * 3
    assert money.round_amounts(left, digits([None, None, 2])).to_pylist() == [None] * 3


@given(st.lists(st.one_of(st.none(), decimals()), max_size=12))
@example([D("0.000000001"), D("-0.000000001"), D("0.0000001"), D(0), D(100), D("1e14")])
def test_plain_text_is_the_same_decimal_without_an_exponent(values: list[Decimal | None]) -> None:
    for value, text in zip(values, money.format_plain(column(values)).to_pylist(), strict=True):
        if value is None:
            assert text is None
            continue
        assert Decimal(text) == value
        assert set(text) <= set("-0123456789.")
        assert not text.endswith((".", "-0"))
        assert not text.endswith("0") or "." not in text


@given(st.lists(st.tuples(decimals(), st.sampled_from([0, 2, 3, 4, None])), max_size=12))
@example([(D(100), 2), (D(100), 0), (D("0.5"), 0), (D("-0.10"), 2), (D("1.2345"), 2), (D(0), 3)])
def test_the_books_write_as_many_decimals_as_the_currency_has_or_more(
    cases: list[tuple[Decimal, int | None]],
) -> None:
    texts = money.format_amounts(column([v for v, _ in cases]), digits([d for _, d in cases])).to_pylist()
    for (value, places), text in zip(cases, texts, strict=True):
        assert Decimal(text) == value
        assert set(text) <= set("-0123456789.")
        written = len(text.partition(".")[2])
        exact = max(0, -int(value.normalize().as_tuple().exponent)) if value else 0
        assert written == max(places or 0, exact)


@given(decimals(10**12, 4), st.sampled_from(["EUR", "JPY", "KWD", "XXX"]))
def test_a_sum_is_written_exactly(value: Decimal, currency: str) -> None:
    text = money.format_money(value, currency)
    assert Decimal(text) == value
    assert len(text.partition(".")[2]) >= {"EUR": 2, "JPY": 0, "KWD": 3, "XXX": 2}[currency]


AMOUNT = Field("amount", "Amount", Kind.MONEY, help="Money.", example="")


@given(decimals(), st.sampled_from(["as it is", "zeros in front", "zeros behind"]))
def test_a_printed_number_is_read_back_exactly(value: Decimal, how: str) -> None:
    text = format(value, "f")
    if how == "zeros in front":
        text = text.replace("-", "-000") if value.is_signed() else f"000{text}"
    if how == "zeros behind":
        text += "000" if "." in text else ".000"
    texts = pa.array([text, None])
    assert pc.match_substring_regex(texts, pattern=parsing.PLAIN_NUMBER_REGEX)[0].as_py()
    assert pc.match_substring_regex(texts, pattern=build_digits_regex(AMOUNT))[0].as_py()
    assert parse_texts(Kind.MONEY, texts, DateNotation()).to_pylist() == [value, None]


@given(st.from_regex(r"\A[0-9eE+.,\- ]{1,12}\Z"))
def test_what_is_accepted_as_a_number_is_read_as_python_reads_it(text: str) -> None:
    texts = pa.array([text])
    shaped = pc.match_substring_regex(texts, pattern=parsing.PLAIN_NUMBER_REGEX)[0].as_py()
    short = pc.match_substring_regex(texts, pattern=build_digits_regex(AMOUNT))[0].as_py()
    if shaped and short:
        assert parse_texts(Kind.MONEY, texts, DateNotation())[0].as_py() == Decimal(text)


@given(
    st.lists(st.tuples(st.integers(-1, 4), st.one_of(st.none(), decimals(10**12))), max_size=30),
)
def test_totals_are_decimal_sums_and_unknown_where_an_amount_is(
    cases: list[tuple[int, Decimal | None]],
) -> None:
    parent = np.array([row for row, _ in cases], np.int64)
    totals = money.sum_by_parent(parent, column([value for _, value in cases]), 5).to_pylist()
    for place in range(5):
        mine = [value for row, value in cases if row == place]
        assert totals[place] == (sum(mine, D(0)) if mine and None not in mine else None)


@given(st.dates())
def test_every_date_of_the_calendar_is_real_and_no_other(day) -> None:
    if day.year >= 1900:
        text = day.isoformat()
        assert parsing.is_real_date(pa.array([text]))[0].as_py()
        assert parse_texts(Kind.DATE, pa.array([text]), DateNotation())[0].as_py() == day


@given(st.integers(1900, 2199), st.integers(0, 13), st.integers(0, 32))
def test_days_that_do_not_exist_are_not_real(year: int, month: int, day: int) -> None:
    from datetime import date

    try:
        date(year, month, day)
        exists = True
    except ValueError:
        exists = False
    assert parsing.is_real_date(pa.array([f"{year:04}-{month:02}-{day:02}"]))[0].as_py() is exists


def test_digits_of_currencies() -> None:
    codes = pa.array(["EUR", "JPY", "KWD", "CLF", "ZZZ", None])
    assert money.get_currency_digits(codes).to_pylist() == [2, 0, 3, 4, None, None]


def test_a_product_too_long_for_an_amount_is_unknown_not_a_crash() -> None:
    large = pa.array([Decimal("100000000"), Decimal("31622777"), Decimal("2")], DECIMAL)
    euros = pa.array([2, 2, 2], pa.int8())
    assert money.calculate_amounts(large, large, euros)[1].as_py() is None
    assert money.calculate_amounts(large, large, euros)[0].as_py() is None
    assert money.calculate_amounts(large, large, euros)[2].as_py() == 4


def test_the_largest_amount_can_be_rounded() -> None:
    most = pa.array([Decimal("999999999999999.995")], DECIMAL)
    assert money.round_amounts(most, pa.array([2], pa.int8()))[0].as_py() == Decimal("1000000000000000.00")
    assert money.format_amounts(most, pa.array([2], pa.int8()))[0].as_py() == "999999999999999.995"


@pytest.mark.parametrize("text", ["1e3", "1e+06", "1.23457e+06", "1E+05"])
def test_an_exponent_is_no_number(text: str) -> None:
    assert not pc.match_substring_regex(pa.array([text]), pattern=parsing.PLAIN_NUMBER_REGEX)[0].as_py()
