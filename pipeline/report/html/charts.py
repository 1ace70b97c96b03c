"""Bar charts of the HTML report: positions of bars, guides and labels, which `chart.html` draws.

In: amounts by currency, or by month.
Out: a `Chart` in the coordinates of its own view box, or None where there is nothing to compare.
Never: markup, colors or fonts. The style sheet of the page has those, so that a chart follows light, dark and
paper. What a chart shows is also in a table of the page: to a screen reader it is one labelled image.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from pipeline.i18n import format_number, translate
from pipeline.report.billing_summary import Ranking
from schemas.currencies import NO_CURRENCY

OUTCOMES = ("accepted", "rejected", "skipped")
_MAX_CURRENCIES = 12
_WIDTH = 720
_BAR_HEIGHT = 34
_MONTHS_HEIGHT = 220
_MARGIN = 4
_GAP = 10
_FONT_SIZE = 12
_CHARACTER = 0.6 * _FONT_SIZE
"""Width of a character, as a guess: nothing measures text before the browser does."""
_PADDING = 0.02
"""Free space at both ends of an axis, as a share of its range."""
_BAR_MARGIN = 0.06
_SHARE_STEPS = 10**9
_MAX_UPRIGHT_LABELS = 8
"""Months whose labels fit in one row; labels of more months are rotated."""
_TURN = 45
_MAX_TICKS, _MIN_TICKS = 20, 4


class Tick(NamedTuple):
    """A label of an axis, and its position along the axis."""

    position: float
    label: str


class Bar(NamedTuple):
    """A rectangle, and the number of the series that colors it."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing in pixels of its view box; ticks and bars count from the corner of the plot.

    Attributes:
        name: class of the figure, for the style sheet.
        caption: what it shows, in the reader's language.
        height: of the view box.
        left: margin to the left of the plot.
        plot_width: of the area in which bars lie.
        plot_height: the same.
        x_ticks: below the plot.
        y_ticks: to the left of the plot.
        y_guides: whether a line runs through each tick of the y axis.
        turn: of the labels of the x axis, in degrees.
        bars: in the order in which they are drawn.
        legend: the series, with the position of each; empty where there is one series.
    """

    name: str
    caption: str
    height: float
    left: float
    plot_width: float
    plot_height: float
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    y_guides: bool
    turn: int
    bars: Sequence[Bar]
    legend: Sequence[Tick]
    width: int = _WIDTH
    top: int = _MARGIN


def draw_outcome_chart(money: Mapping[str, Mapping[str, str]]) -> Chart | None:
    """Draw what became of the money: a bar for each currency, in shares.

    Args:
        money: of the summary, by currency.

    Returns:
        None when no currency has amounts, or too many have.
    """
    rows = _select_amounts(money)
    if not rows or len(rows) > _MAX_CURRENCIES:
        return None
    height = len(rows) * _BAR_HEIGHT + 70
    left = _get_left_margin(list(rows))
    width = _WIDTH - left - _MARGIN
    plot_height = height - 2 * _MARGIN - 2 * (_GAP + _FONT_SIZE)
    bands = _split_axis(plot_height, len(rows))
    bars: list[Bar] = []
    for band, row in zip(bands, rows.values(), strict=True):
        bars += _stack_bars(row, band, width)
    return Chart(
        name="fate",
        caption=translate("Share of the money of each currency that is accepted, rejected or skipped"),
        height=height,
        left=left,
        plot_width=width,
        plot_height=plot_height,
        x_ticks=[Tick(_scale(part / 4, width), f"{part * 25} %") for part in range(5)],
        y_ticks=_label_bands(bands, rows),
        y_guides=False,
        turn=0,
        bars=bars,
        legend=[Tick(width * index / len(OUTCOMES), translate(name)) for index, name in enumerate(OUTCOMES)],
    )


def draw_month_chart(ranking: Ranking, currency: str) -> Chart | None:
    """Draw what is billed by month.

    Args:
        ranking: by month.
        currency: of the amounts.

    Returns:
        None when one month has it all.
    """
    if len(ranking.rows) < 2:
        return None
    amounts = [row.amount for row in ranking.rows]
    names = [row.name for row in ranking.rows]
    low, high = min(Decimal(0), *amounts), max(Decimal(0), *amounts)
    # all amounts may be 0: a range of nothing cannot be divided by
    high = high if high > low else low + 1
    values = _choose_ticks(low, high)
    labels = [format_number(value) for value in values]
    turn = _TURN if len(names) > _MAX_UPRIGHT_LABELS else 0
    label_width, label_height = _measure_labels(names, turn)
    left = _get_left_margin(labels)
    width = _WIDTH - left - label_width
    plot_height = _MONTHS_HEIGHT - 2 * _MARGIN - _GAP - label_height
    bands = _split_axis(width, len(names))

    def to_y(amount: Decimal) -> float:
        return plot_height - _scale(_get_share(amount - low, high - low), plot_height)

    return Chart(
        name="months",
        caption=translate("{currency} billed by month of the invoice date", currency=currency),
        height=_MONTHS_HEIGHT,
        left=left,
        plot_width=width,
        plot_height=plot_height,
        x_ticks=_label_bands(bands, names),
        y_ticks=[Tick(to_y(Decimal(value)), label) for value, label in zip(values, labels, strict=True)],
        y_guides=True,
        turn=turn,
        bars=[
            _draw_column(band, to_y(Decimal(0)), to_y(amount))
            for band, amount in zip(bands, amounts, strict=True)
        ],
        legend=(),
    )


def _select_amounts(money: Mapping[str, Mapping[str, str]]) -> dict[str, list[Decimal]]:
    """Return the amounts of the outcomes by name of currency, where they can be shares of a sum."""
    rows = {}
    for currency, sums in money.items():
        amounts = [Decimal(sums[outcome]) for outcome in OUTCOMES]
        if min(amounts) >= 0 and any(amounts):  # credits and charges cancel each other out
            rows[_name_currency(currency)] = amounts
    return rows


def _name_currency(currency: str) -> str:
    return translate("no currency") if currency == NO_CURRENCY else currency


def _get_left_margin(labels: Sequence[str]) -> float:
    """Return the room for the labels of the y axis."""
    return _MARGIN + _GAP + max(max(map(len, labels)) * _CHARACTER, _FONT_SIZE)


def _measure_labels(labels: Sequence[str], turn: int) -> tuple[float, float]:
    """Return the room that labels below an axis need to the right of their tick, and below it."""
    length, angle = max(map(len, labels)) * _CHARACTER, math.radians(turn)
    width = length * math.cos(angle) if turn else 0  # an upright label is centered
    return max(width, _MARGIN), max(length * math.sin(angle), _FONT_SIZE)


def _label_bands(bands: Sequence[tuple[float, float]], labels: Iterable[str]) -> list[Tick]:
    return [Tick(start + size / 2, label) for (start, size), label in zip(bands, labels, strict=True)]


def _get_share(part: Decimal, total: Decimal) -> float:
    """Return a part of a sum as the coordinate it gets: exact money is rounded to a billionth of the axis."""
    # exact money becomes a whole number of steps before it is a float
    return int(part * _SHARE_STEPS / total) / _SHARE_STEPS


def _scale(share: float, length: float) -> float:
    """Return where a share of an axis' range lies on the axis."""
    return length * (share + _PADDING) / (1 + 2 * _PADDING)


def _split_axis(length: float, count: int) -> list[tuple[float, float]]:
    """Return the bands of an axis, one for each bar: where it starts, and how wide it is."""
    size = length / (1 + 2 * _PADDING) / count
    return [(_scale(index / count, length), size) for index in range(count)]


def _narrow(band: tuple[float, float]) -> tuple[float, float]:
    start, size = band
    return start + _BAR_MARGIN * size, size * (1 - 2 * _BAR_MARGIN)


def _draw_column(band: tuple[float, float], zero: float, end: float) -> Bar:
    start, size = _narrow(_narrow(band))
    return Bar(start, min(zero, end), size, abs(zero - end), 0)


def _stack_bars(amounts: Sequence[Decimal], band: tuple[float, float], length: float) -> Iterator[Bar]:
    """Draw shares of one sum, one behind the other, each in the color of its series."""
    y, height = _narrow(band)
    total, before = sum(amounts, Decimal(0)), Decimal(0)
    for series, amount in enumerate(amounts):
        start = _scale(_get_share(before, total), length)
        # from the sums before and after, so that no gap comes of rounding each width
        end = _scale(_get_share(before + amount, total), length)
        if amount:
            yield Bar(start, y, end - start, height, series)
        before += amount


def _choose_ticks(low: Decimal, high: Decimal) -> list[int]:
    """Return between 4 and 20 round numbers, in whole units of the currency."""
    # the order of magnitude below the largest amount, as a first guess of a step
    order = round(math.log10(max(abs(low), abs(high)))) - 1
    while (high - low) / Decimal(10) ** order < _MIN_TICKS:
        order -= 1
    step = Decimal(10) ** order
    while (high - low) / step >= _MAX_TICKS:
        step *= 2
    whole = max(round(step), 1)
    return list(range(math.ceil(low / whole) * whole, math.floor(high) + 1, whole))
