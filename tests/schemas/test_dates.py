"""How dates are written: one declared order or a spreadsheet's day numbers, and no other reading."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import Desk

from schemas.fields import Kind
from schemas.notation.dates import MONTH_NAMES, DateNotation, parse_serial_date
from schemas.notation.parsing import is_real_date, is_real_datetime, parse_texts

DAYS = st.dates(date(1900, 3, 1), date(2199, 12, 31))
ORDERS = ["dd.mm.yyyy", "mm/dd/yyyy", "dd-mm-yyyy", "mm dd yyyy", "yyyy/mm/dd"]


def printed(day: date, declared: str, padded: bool) -> str:
    two = "02" if padded else ""
    text = declared.replace("dd", f"{day.day:{two}}").replace("mm", f"{day.month:{two}}")
    return text.replace("yyyy", str(day.year))


@given(DAYS, st.sampled_from(ORDERS), st.booleans())
def test_a_date_printed_in_the_declared_order_is_read_as_the_same_day(
    day: date, declared: str, padded: bool
) -> None:
    texts = DateNotation(declared).to_iso_dates(pa.array([printed(day, declared, padded)]))
    assert texts.to_pylist() == [day.isoformat()]
    assert is_real_date(texts).to_pylist() == [True]


@pytest.mark.slow
@given(DAYS, st.booleans(), st.booleans())
def test_months_by_name(day: date, padded: bool, full: bool) -> None:
    month = MONTH_NAMES[day.month - 1]
    text = f"{day.day:02}" if padded else f"{day.day}"
    text += f"-{month if full else month[:3].title() + '.'}-{day.year}"
    assert DateNotation("dd-mmm-yyyy").to_iso_dates(pa.array([text])).to_pylist() == [day.isoformat()]


@pytest.mark.parametrize("text", ["1-Foo-2026", "31-Feb-2026", "1-Ja-2026", "1-Janu-2026"])
def test_no_month_of_the_calendar(text: str) -> None:
    assert not is_real_date(DateNotation("dd-mmm-yyyy").to_iso_dates(pa.array([text])))[0].as_py()


@given(DAYS)
def test_day_numbers_of_both_systems(day: date) -> None:
    for system, before in (("serial", date(1899, 12, 30)), ("serial-1904", date(1904, 1, 1))):
        if day > before + timedelta(1):
            text = str((day - before).days)
            assert parse_serial_date(text, system) == day
            assert parse_texts(Kind.DATE, pa.array([text]), DateNotation(system)).to_pylist() == [day]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1", date(1900, 1, 1)), ("59", date(1900, 2, 28)), ("60", None), ("61", date(1900, 3, 1)),
        ("0", None), ("-5", None), ("45000.5", None), ("0045000", None), ("1000000", None),
    ],
)  # fmt: skip
def test_the_day_that_never_was_has_no_date(text: str, day: date | None) -> None:
    assert parse_serial_date(text, "serial") == day


@pytest.mark.parametrize("clock", ["", " 8:05", " 08:05:09", "T18:05"])
def test_moments_in_the_declared_order(clock: str) -> None:
    dates = DateNotation("dd.mm.yyyy")
    texts = pa.array([f"7.1.2026{clock}"])
    assert is_real_datetime(dates.to_iso_datetimes(texts)).to_pylist() == [True]
    hour, minute, second = (int(part) for part in ([*clock[1:].split(":"), "0", "0"] if clock else "000")[:3])
    expected = datetime(2026, 1, 7, hour, minute, second)
    assert parse_texts(Kind.DATETIME, texts, dates).to_pylist() == [expected]


def test_a_number_in_a_date_column_is_refused_with_the_days_it_could_be(desk: Desk) -> None:
    result = desk.check_book([desk.invoice(invoice_date=46356)], [desk.item(service_start_date="46356")])
    assert desk.told(result) == [("E216", "invoice_date", 2), ("E205", "service_start_date", 2)]
    for message in result.issues["message"]:
        assert "2026-11-30 (date_format = serial) or 2030-12-01 (date_format = serial-1904)." in message


def test_day_numbers_are_dates_where_they_are_declared(desk: Desk) -> None:
    result = desk.check_book(
        [desk.invoice(invoice_date=46356)], [desk.item(service_start_date="46356")], date_format="serial"
    )
    assert result.verdict == "accepted"
    (sent,) = desk.sent(result)
    assert sent["invoiceDate"] == sent["invoiceItems"][0]["serviceStartDate"] == "2026-11-30"
