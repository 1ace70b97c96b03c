"""Serial dates: the day numbers that spreadsheets store, their epochs, the day that Excel invented.

`schemas.notation.dates` owns the numbers, since a mapping may declare them (`serial`, `serial-1904`).
"""

from __future__ import annotations

from datetime import date

from schemas.notation.dates import FALSE_LEAP_DAY, SERIAL_EPOCHS

EPOCH_1900, EPOCH_1904 = SERIAL_EPOCHS["serial"], SERIAL_EPOCHS["serial-1904"]
"""The day with serial 0, in the calendar of Windows and in the older one of the Macintosh."""

FIRST_RELIABLE_SERIAL = FALSE_LEAP_DAY + 1
"""1 March 1900. Excel counts a 29 February 1900 that never was, so earlier serials are a day off."""

UNIX_EPOCH_SERIAL = (date(1970, 1, 1) - EPOCH_1900).days
"""Days from the epoch of 1900 to that of Unix and Arrow: 25,569."""


def get_first_reliable_serial(epoch: date) -> int:
    """Return the lowest serial that is the day it says; the calendar of 1904 has no invented day.

    Args:
        epoch: `EPOCH_1900` or `EPOCH_1904`.
    """
    return FIRST_RELIABLE_SERIAL if epoch == EPOCH_1900 else 0
