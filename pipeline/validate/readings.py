"""What a text that was refused could mean: every reading there is, so that a person can tell which is meant."""

from __future__ import annotations

import re
from datetime import date

from pipeline.language import say
from schemas.dates import SERIALS, of_serial
from schemas.numbers import readings

_TWO_READINGS = re.compile(r"^([0-9]{1,2})[./ -]([0-9]{1,2})[./ -]([0-9]{4})$")


def number_readings(text: str) -> str:
    """What a text means with a point and with a comma before the decimals, as far as it means anything."""
    found = readings(text)
    if len(found) == 2 and len(set(found.values())) == 2:
        return say(
            " It could mean {first} (with decimal = point) or {second} (with decimal = comma).",
            first=found["point"],
            second=found["comma"],
        )
    if len(found) == 1:
        ((mark, number),) = found.items()
        return say(" It could mean {number} (with decimal = {mark}).", number=number, mark=mark)
    return say(" It could mean {number}, once decimal is declared.", number=found["point"]) if found else ""


def as_day_number(text: str) -> str:
    """The days that a number stands for where a spreadsheet counts them."""
    first, second = (of_serial(text, each) for each in SERIALS)
    if first is None or second is None:
        return ""
    return say(
        " As a spreadsheet's day number it could be {first} (date_format = serial)"
        " or {second} (date_format = serial-1904).",
        first=first.isoformat(),
        second=second.isoformat(),
    )


def both_readings(text: str) -> str:
    """The two dates that a text could mean, day first and month first; empty when there are not two."""
    parts = _TWO_READINGS.match(text)
    if not parts:
        return as_day_number(text)
    first, second, year = (int(each) for each in parts.groups())
    dates = []
    for day, month in ((first, second), (second, first)):
        try:
            dates.append(f"{date(year, month, day):%Y-%m-%d}")
        except ValueError:
            continue
    if len(set(dates)) < 2:
        return say(" It could mean {date}.", date=dates[0]) if dates else ""
    return say(
        " It could mean {first} (day first) or {second} (month first).", first=dates[0], second=dates[1]
    )
