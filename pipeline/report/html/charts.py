"""The pictures of the page: SVG drawn by pygal, without colours, scripts or fonts of their own.

The page's own style sheet colours them, so that they follow light, dark and paper. What a picture shows stands
as a table beside it: the picture is one labelled image to a screen reader, and a shortcut to everybody else.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pygal
from markupsafe import Markup
from pygal.etree import etree
from pygal.style import Style

from pipeline.i18n import format_number, translate
from pipeline.report.billing_summary import Ranking
from schemas.currencies import NO_CURRENCY

# the library hooks itself into every later import, for plug-ins with maps, in a way Python has given up
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

_OUTCOMES = ("accepted", "rejected", "skipped")
_SCALE = 1000
_MAX_BARS = 12
_FONT_SIZE = 12
_EXTRA_TAGS = ("defs", "desc", "title")


def draw_outcome_chart(money: Mapping[str, Mapping[str, str]]) -> Markup:
    """What became of the money: one bar a currency, in shares; empty when there is nothing to compare.

    Args:
        money: of the summary, by currency.
    """
    shares = {name: [Decimal(sums[outcome]) for outcome in _OUTCOMES] for name, sums in money.items()}
    bars = {
        _name_currency(name): amounts
        for name, amounts in shares.items()
        if min(amounts) >= 0 and any(amounts)
    }
    if not bars or len(bars) > _MAX_BARS:
        return Markup("")
    chart = pygal.HorizontalStackedBar(**_make_chart_options(len(bars) * 34 + 70), show_y_guides=False)
    bars = dict(reversed(bars.items()))  # the first is drawn lowest
    chart.x_labels = list(bars)
    chart.value_formatter = lambda tenths: f"{tenths // 10:.0f} %"
    chart.y_labels = [0, 250, 500, 750, _SCALE]
    for index, name in enumerate(_OUTCOMES):
        chart.add(
            translate(name),
            [int(_SCALE * amounts[index] / sum(amounts, Decimal(0))) for amounts in bars.values()],
        )
    return _make_figure(
        chart, translate("Share of the money of each currency that is accepted, rejected or skipped"), "fate"
    )


def _name_currency(currency: str) -> str:
    return translate("no currency") if currency == NO_CURRENCY else currency


def draw_month_chart(ranking: Ranking, currency: str) -> Markup:
    """What is billed by month; empty when one month has it all.

    Args:
        ranking: by month.
        currency: of the amounts.
    """
    if len(ranking.rows) < 2:
        return Markup("")
    chart = pygal.Bar(
        **_make_chart_options(220), show_legend=False, x_label_rotation=45 if len(ranking.rows) > 8 else 0
    )
    chart.value_formatter = lambda units: format_number(int(units))
    chart.x_labels = [month.name for month in ranking.rows]
    chart.add(currency, [int(month.amount) for month in ranking.rows])
    return _make_figure(
        chart, translate("{currency} billed by month of the invoice date", currency=currency), "months"
    )


def _make_chart_options(height: int) -> dict[str, Any]:
    """How every chart is drawn: to be styled and described by the page."""
    return {
        "css": [],
        "js": [],
        "style": Style(
            label_font_size=_FONT_SIZE, major_label_font_size=_FONT_SIZE, legend_font_size=_FONT_SIZE
        ),
        "width": 720,
        "height": height,
        "margin": 4,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": len(_OUTCOMES),
    }


def _make_figure(chart: Any, caption: str, name: str) -> Markup:
    """The drawing as one image with a name; its inner texts are not read out one by one."""
    root = chart.render_tree()
    _strip_extras(root)
    root.attrib.pop("id", None)
    drawing = Markup(etree.tostring(root, encoding="unicode"))  # noqa: S704 - the library escapes every text
    return Markup(
        '<figure class="chart {}" role="img" aria-label="{}"><div aria-hidden="true">{}</div>'
        "<figcaption>{}</figcaption></figure>"
    ).format(name, caption, drawing, caption)


def _strip_extras(node: Any) -> None:
    """The drawing alone: no script, style sheet, comment or place of a tooltip, which the library adds."""
    for child in list(node):
        surplus = not isinstance(child.tag, str) or child.tag in _EXTRA_TAGS
        if surplus or "tooltip-overlay" in child.get("class", ""):
            node.remove(child)
        else:
            child.attrib.pop("id", None)
            _strip_extras(child)
