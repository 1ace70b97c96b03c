"""`report.html`: one file for reading, on a screen, on paper and with a screen reader.

Input: the end of the line, its tables and its summary. Output: bytes. The page holds everything it shows: no
script, nothing from elsewhere; a policy in its head forbids both. Whatever a cell holds is text in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import quote

import jinja2
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup, escape

from pipeline.language import counted, figure, filled, say, spoken
from pipeline.line import Line
from pipeline.report.billed import what_is_billed
from pipeline.report.causes import Causes, by_cause, place, whose
from pipeline.report.page import charts
from pipeline.report.requests import requests
from pipeline.report.terminal import (
    SHARES,
    alerts,
    control_told,
    count_of,
    left_out,
    sentence,
    unread,
    visible,
)
from schemas import inert
from schemas.currencies import NO_CURRENCY
from schemas.money import with_digits

_CAUSES = 50
_PLACES = 5
_REQUESTS = 20
_LONGEST = 300


def page(
    line: Line,
    table: pa.Table,
    issues: pa.Table,
    summary: Mapping[str, Any],
    marked: Mapping[tuple[str, str], tuple[str, str]] | None = None,
) -> bytes:
    """The page.

    Args:
        line: the end of the line.
        table: as `entries.invoice_table` gives it.
        issues: as `issue_table` gives them.
        summary: as `summary.json` has it, but for the seconds.
        marked: by file and sheet the workbook beside the page in which they are marked, and its sheet.
    """
    told: dict[str, Any] = {
        "summary": summary,
        "sentence": sentence(summary["verdict"], summary["invoices"], summary.get("control")),
        "errors": _causes(issues, "error"),
        "warnings": _causes(issues, "warning"),
        "fate": charts.fate(summary["money"]),
        "billed": [(each, charts.months(each.months, each.currency)) for each in what_is_billed(line, table)],
        "requests": requests(line, table, _REQUESTS),
        "no_currency": NO_CURRENCY,
    }
    template = _environment().get_template("page.html")
    return template.render(told, link=_linker(marked or {})).encode("utf-8", "replace")


def _causes(issues: pa.Table, level: str) -> Causes:
    return by_cause(issues.filter(pc.equal(issues["level"], level)), _CAUSES, _PLACES)


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report.page", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"shown": _shown, "amount": _amount, "units": with_digits, "number": figure}
    made.globals |= {"alerts": alerts, "control_told": control_told, "left_out": left_out, "unread": unread}
    made.globals |= {"say": _said, "counted": counted, "count_of": count_of, "spoken": spoken}
    made.globals |= {"place": place, "whose": whose, "shares": SHARES}
    return made


def _said(text: str, **facts: object) -> Markup:
    """A text in the reader's language; a fact may be a piece of the page, all else is escaped."""
    holes = {name: str(escape(each)) for name, each in facts.items()}
    return Markup(filled(str(escape(say(text))), holes))  # noqa: S704 - both are escaped


def _shown(text: object) -> str:
    """A text of the user's: nothing in it is hidden, no spreadsheet runs it, and it has an end."""
    told = inert.said(visible(str(text)))
    return told if len(told) <= _LONGEST else told[:_LONGEST] + "…"


def _amount(value: str | Decimal, currency: str = "") -> str:
    """An amount as the language writes it."""
    return figure(Decimal(with_digits(value, currency) if isinstance(value, Decimal) else value))


def _linker(marked: Mapping[tuple[str, str], tuple[str, str]]) -> Any:
    """The address of a cell in the marked workbook; empty where there is none."""

    def link(issue: Mapping[str, Any]) -> str:
        file, sheet = marked.get((issue["file"], issue["sheet"]), ("", ""))
        if not file:
            return ""
        sheet = sheet.replace("'", "''")
        cell = issue["cell"] or (f"A{issue['row']}" if issue["row"] else "A1")
        return f"{quote(file, safe='')}#" + quote(f"'{sheet}'!{cell}", safe="!'")

    return link
