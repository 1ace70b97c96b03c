"""Possible readings of an ambiguous number or date, for the sentence that refuses it.

In: the text of a cell.
Out: a sentence with every reading; empty without one.
Never: prefers one of two.
"""

from __future__ import annotations

import re
from datetime import date

from pipeline.i18n import translate
from schemas.notation.dates import SERIAL_EPOCHS, parse_serial_date
from schemas.notation.numbers import find_number_readings

_TWO_READINGS = re.compile(r"^([0-9]{1,2})[./ -]([0-9]{1,2})[./ -]([0-9]{4})$")


def suggest_numbers(text: str) -> str:
    """Return a sentence with what a text means with a decimal point and with a comma; empty if nothing.

    Args:
        text: of the cell.
    """
    numbers = find_number_readings(text)
    if len(numbers) == 2 and len(set(numbers.values())) == 2:
        return translate(
            " It could mean {first} (with decimal = point) or {second} (with decimal = comma).",
            first=numbers["point"],
            second=numbers["comma"],
        )
    if len(numbers) == 1:
        ((mark, number),) = numbers.items()
        return translate(" It could mean {number} (with decimal = {mark}).", number=number, mark=mark)
    return (
        translate(" It could mean {number}, once decimal is declared.", number=numbers["point"])
        if numbers
        else ""
    )


def suggest_serial_dates(text: str) -> str:
    """Return a sentence with the dates that a number is as a serial date; empty if it is none.

    Args:
        text: of the cell.
    """
    first, second = (parse_serial_date(text, system) for system in SERIAL_EPOCHS)
    if first is None or second is None:
        return ""
    return translate(
        " As a spreadsheet's day number it could be {first} (date_format = serial)"
        " or {second} (date_format = serial-1904).",
        first=first.isoformat(),
        second=second.isoformat(),
    )


def suggest_dates(text: str) -> str:
    """Return a sentence with the dates that a text means day first and month first; empty if it is none.

    Args:
        text: of the cell.
    """
    parts = _TWO_READINGS.match(text)
    if not parts:
        return suggest_serial_dates(text)
    first, second, year = (int(part) for part in parts.groups())
    dates = []
    for day, month in ((first, second), (second, first)):
        try:
            dates.append(f"{date(year, month, day):%Y-%m-%d}")
        except ValueError:
            continue
    if len(set(dates)) < 2:
        return translate(" It could mean {date}.", date=dates[0]) if dates else ""
    return translate(
        " It could mean {first} (day first) or {second} (month first).", first=dates[0], second=dates[1]
    )
