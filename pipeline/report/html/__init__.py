"""`report.html`: one file to read on a screen, on paper and with a screen reader.

In: the assessment, its tables and its summary.
Out: bytes of HTML.
Never: a script, or anything that is loaded from elsewhere; a policy in the head of the page forbids both.
Whatever a cell holds is escaped text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import quote

import jinja2
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup, escape

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import fill_placeholders, format_number, get_language, translate, translate_count
from pipeline.report.billing_summary import summarise_billing
from pipeline.report.causes import IssueGroups, describe_place, get_unmentioned_reference, group_issues
from pipeline.report.html import charts
from pipeline.report.request_plan import list_planned_requests
from pipeline.report.sentences import (
    SHARES,
    describe_control_totals,
    describe_ignored_rows,
    describe_verdict,
    list_alerts,
    list_unread_amounts,
)
from pipeline.report.text_layout import format_count, replace_unprintable
from schemas.arrow import formula_guard
from schemas.arrow.money import format_money
from schemas.currencies import NO_CURRENCY

_MAX_CAUSES = 50
_MAX_PLACES = 5
_MAX_REQUESTS = 20
_MAX_LENGTH = 300


def render_html(
    assessment: Assessment,
    invoice_table: pa.Table,
    issues: pa.Table,
    summary: Mapping[str, Any],
    marked: Mapping[tuple[str, str], tuple[str, str]] | None = None,
) -> bytes:
    """Render the page.

    Args:
        assessment: the end of a check.
        invoice_table: as `make_invoice_table` gives it.
        issues: as `make_issue_table` gives them.
        summary: as `summary.json` has it, but for the seconds.
        marked: by file and sheet the marked workbook in the same folder, and its sheet.

    Returns:
        The file's content, in UTF-8.
    """
    context: dict[str, Any] = {
        "summary": summary,
        "sentence": describe_verdict(summary["verdict"], summary["invoices"], summary.get("control")),
        "errors": _group_issues(issues, "error"),
        "warnings": _group_issues(issues, "warning"),
        "outcome_chart": charts.draw_outcome_chart(summary["money"]),
        "billed": [
            (billing, charts.draw_month_chart(billing.months, billing.currency))
            for billing in summarise_billing(assessment, invoice_table)
        ],
        "requests": list_planned_requests(assessment, invoice_table, _MAX_REQUESTS),
        "no_currency": NO_CURRENCY,
    }
    template = _make_environment().get_template("page.html")
    # a lone surrogate, from a file's name that is not UTF-8, cannot be encoded
    return template.render(context, link=_make_linker(marked or {})).encode("utf-8", "replace")


def _group_issues(issues: pa.Table, level: str) -> IssueGroups:
    return group_issues(issues.filter(pc.equal(issues["level"], level)), _MAX_CAUSES, _MAX_PLACES)


@cache
def _make_environment() -> jinja2.Environment:
    """Return the environment of the templates in this folder; templates call functions by their own names."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report.html", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "user_text": _format_user_text,
        "amount": _format_amount,
        "number": format_number,
        "pixels": _format_pixels,
    }
    functions: tuple[Callable[..., Any], ...] = (
        describe_control_totals,
        describe_ignored_rows,
        describe_place,
        format_count,
        get_language,
        get_unmentioned_reference,
        list_alerts,
        list_unread_amounts,
        translate_count,
    )
    environment.globals |= {function.__name__: function for function in functions}
    environment.globals |= {"translate": _translate_html, "shares": SHARES}
    return environment


def _translate_html(text: str, **facts: object) -> Markup:
    """Translate a text; a fact may be markup of the page, everything else is escaped."""
    escaped_facts = {name: str(escape(fact)) for name, fact in facts.items()}
    # the text is escaped before it is filled, so that markup among the facts stays markup
    html = fill_placeholders(str(escape(translate(text))), escaped_facts)
    return Markup(html)  # noqa: S704 - the text and its facts are escaped


def _format_user_text(text: object) -> str:
    """Show a text of the user's: hidden characters visible, formulas escaped, shortened."""
    visible_text = formula_guard.escape_formula(replace_unprintable(str(text)))
    return visible_text if len(visible_text) <= _MAX_LENGTH else visible_text[:_MAX_LENGTH] + "…"


def _format_amount(value: str | Decimal, currency: str = "") -> str:
    """Format an amount as the reader's language writes it."""
    return format_number(Decimal(format_money(value, currency) if isinstance(value, Decimal) else value))


def _format_pixels(value: float) -> str:
    """Format a coordinate: three decimals are finer than any screen."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _make_linker(
    marked: Mapping[tuple[str, str], tuple[str, str]],
) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that links an issue to its cell in the marked workbook; empty without one."""

    def link(issue: Mapping[str, Any]) -> str:
        file, sheet = marked.get((issue["file"], issue["sheet"]), ("", ""))
        if not file:
            return ""
        # a quote in the name of a sheet is doubled within its quotes
        sheet = sheet.replace("'", "''")
        cell = issue["cell"] or (f"A{issue['row']}" if issue["row"] else "A1")
        return f"{quote(file, safe='')}#" + quote(f"'{sheet}'!{cell}", safe="!'")

    return link
