"""Serial dates: the epochs, and the day that Excel invented."""

from __future__ import annotations

from datetime import date, timedelta

from pipeline.spreadsheet.serial_dates import (
    EPOCH_1900,
    EPOCH_1904,
    FIRST_RELIABLE_SERIAL,
    UNIX_EPOCH_SERIAL,
    get_first_reliable_serial,
)


def test_the_first_reliable_serial_follows_the_invented_day() -> None:
    assert FIRST_RELIABLE_SERIAL == 61
    assert EPOCH_1900 + timedelta(FIRST_RELIABLE_SERIAL) == date(1900, 3, 1)
    assert get_first_reliable_serial(EPOCH_1900) == 61
    assert get_first_reliable_serial(EPOCH_1904) == 0


def test_the_epochs_are_the_known_ones() -> None:
    assert UNIX_EPOCH_SERIAL == 25_569
    assert (EPOCH_1904 - EPOCH_1900).days == 1462
