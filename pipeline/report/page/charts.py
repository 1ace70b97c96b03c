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

from pipeline.language import figure, say
from pipeline.report.billed import Ranking
from schemas.currencies import NO_CURRENCY

# the library hooks itself into every later import, for plug-ins with maps, in a way Python has given up
sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, pygal.PluginImportFixer)]

_FATE = ("accepted", "rejected", "skipped")
_WHOLE = 1000
_MOST = 12
_SMALL = 12
_SURPLUS = ("defs", "desc", "title")


def fate(money: Mapping[str, Mapping[str, str]]) -> Markup:
    """What became of the money: one bar a currency, in shares; empty when there is nothing to compare.

    Args:
        money: of the summary, by currency.
    """
    shares = {name: [Decimal(sums[each]) for each in _FATE] for name, sums in money.items()}
    drawn = {_named(name): each for name, each in shares.items() if min(each) >= 0 and any(each)}
    if not drawn or len(drawn) > _MOST:
        return Markup("")
    chart = pygal.HorizontalStackedBar(**_plain(len(drawn) * 34 + 70), show_y_guides=False)
    drawn = dict(reversed(drawn.items()))  # the first is drawn lowest
    chart.x_labels = list(drawn)
    chart.value_formatter = lambda tenths: f"{tenths // 10:.0f} %"
    chart.y_labels = [0, 250, 500, 750, _WHOLE]
    for place, name in enumerate(_FATE):
        chart.add(say(name), [int(_WHOLE * each[place] / sum(each, Decimal(0))) for each in drawn.values()])
    return _image(
        chart, say("Share of the money of each currency that is accepted, rejected or skipped"), "fate"
    )


def _named(currency: str) -> str:
    return say("no currency") if currency == NO_CURRENCY else currency


def months(ranking: Ranking, currency: str) -> Markup:
    """What is billed by month; empty when one month has it all.

    Args:
        ranking: by month.
        currency: of the amounts.
    """
    if len(ranking.rows) < 2:
        return Markup("")
    chart = pygal.Bar(**_plain(220), show_legend=False, x_label_rotation=45 if len(ranking.rows) > 8 else 0)
    chart.value_formatter = lambda units: figure(int(units))
    chart.x_labels = [each.name for each in ranking.rows]
    chart.add(currency, [int(each.amount) for each in ranking.rows])
    return _image(chart, say("{currency} billed by month of the invoice date", currency=currency), "months")


def _plain(height: int) -> dict[str, Any]:
    """How every chart is drawn: to be styled and described by the page."""
    return {
        "css": [],
        "js": [],
        "style": Style(label_font_size=_SMALL, major_label_font_size=_SMALL, legend_font_size=_SMALL),
        "width": 720,
        "height": height,
        "margin": 4,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": len(_FATE),
    }


def _image(chart: Any, words: str, name: str) -> Markup:
    """The drawing as one image with a name; its inner texts are not read out one by one."""
    root = chart.render_tree()
    _bare(root)
    root.attrib.pop("id", None)
    drawing = Markup(etree.tostring(root, encoding="unicode"))  # noqa: S704 - the library escapes every text
    return Markup(
        '<figure class="chart {}" role="img" aria-label="{}"><div aria-hidden="true">{}</div>'
        "<figcaption>{}</figcaption></figure>"
    ).format(name, words, drawing, words)


def _bare(node: Any) -> None:
    """The drawing alone: no script, style sheet, comment or place of a tooltip, which the library adds."""
    for child in list(node):
        surplus = not isinstance(child.tag, str) or child.tag in _SURPLUS
        if surplus or "tooltip-overlay" in child.get("class", ""):
            node.remove(child)
        else:
            child.attrib.pop("id", None)
            _bare(child)
