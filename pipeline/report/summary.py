"""`summary.json`: counts and money, and what they were made from.

In: the assessment and its tables.
Out: values for JSON. They are an interface: a change of their form changes `SCHEMA_VERSION`.
Never: translates anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipeline.acceptance.assessment import Assessment
from pipeline.acceptance.balance import Balance, ChildTotals
from pipeline.acceptance.control_totals import ControlResult, encode_expected
from pipeline.issues import Level
from pipeline.report.billing_plan import make_billing_plan
from schemas.arrow.money import format_money

SCHEMA_VERSION = 1
_SHARES = {"in": "came_in", "accepted": "accepted", "rejected": "rejected", "skipped": "skipped"}


def summarise_run(
    assessment: Assessment,
    invoice_table: pa.Table,
    command: str,
    run_id: str | None,
    folder: str | None,
    seconds: float,
) -> dict[str, Any]:
    """Summarise a check or run.

    Args:
        assessment: the end of a check.
        invoice_table: as `make_invoice_table` gives it.
        command: `check` or `run`.
        run_id: None for a check.
        folder: of the reports; None when there are none.
        seconds: since the start.
    """
    balance = assessment.balance
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "command": command,
        "target": assessment.target.name,
        "environment": assessment.settings.environment,
        "verdict": assessment.verdict,
        "invoices": _count_shares(balance, "invoices"),
        "items": _count_shares(balance, "items") | {"amount_unread": balance.came_in.unread},
        "money": {currency: _format_shares(balance, currency) for currency in balance.currencies},
        "requests": len(assessment.batches),
        "issues": assessment.issues.count_by_code(Level.ERROR),
        "warnings": assessment.issues.count_by_code(Level.WARNING),
        "ignored_rows": dict(assessment.raw.ignored),
        "sources": [
            {"name": source.name, "sha256": source.sha256, "rows": source.rows, "read_as": source.notes}
            for source in assessment.raw.sources
        ],
        "catalog": None
        if assessment.catalog is None
        else {"sha256": assessment.catalog.sha256, "charges": assessment.catalog.charges},
        "permissions": list(assessment.target.list_permissions(assessment.batches)),
        "accounts": None
        if assessment.accounts is None
        else {"sha256": assessment.accounts.sha256, "accounts": assessment.accounts.accounts},
        "settings": {"sha256": assessment.settings.sha256},
        "sheets": {name: _describe_child_sheet(balance, name) for name in balance.came_in.children},
        "differences": balance.differences,
        "control": _describe_control(assessment.control),
        # a byte of a path that is not UTF-8 becomes an escape
        "run_folder": folder and folder.encode("utf-8", "backslashreplace").decode(),
        "seconds": round(seconds, 3),
        "plan": make_billing_plan(assessment, invoice_table),
    }


def _describe_control(control: ControlResult) -> dict[str, Any]:
    """Return what the preparer expects, each number with what was read."""
    return {
        "holds": control.is_passed,
        "missing": control.missing or None,
        "totals": [
            {
                "what": comparison.expected.measure.lower(),
                "currency": comparison.expected.currency or None,
                "expected": encode_expected(comparison.expected.number, comparison.expected.currency),
                "found": encode_expected(comparison.actual, comparison.expected.currency),
                "difference": encode_expected(comparison.difference, comparison.expected.currency),
                "amount_unread": comparison.unread,
                "holds": comparison.is_met,
            }
            for comparison in control.comparisons
        ],
    }


def _count_shares(balance: Balance, counted: str) -> dict[str, int]:
    return {name: getattr(getattr(balance, share), counted) for name, share in _SHARES.items()}


def _describe_child_sheet(balance: Balance, name: str) -> dict[str, Any]:
    """Return a sheet of children (discounts, taxes, ...): its rows, and the money it adds to the totals."""
    totals = {share_name: getattr(balance, share).children[name] for share_name, share in _SHARES.items()}
    currencies = sorted(set().union(*(child_totals.money for child_totals in totals.values())))
    return {
        **{share_name: child_totals.rows for share_name, child_totals in totals.items()},
        "amount_unread": totals["in"].unread,
        "on_top": {currency: _format_child_sums(totals, currency) for currency in currencies},
    }


def _format_child_sums(totals: Mapping[str, ChildTotals], currency: str) -> dict[str, str]:
    return {
        share_name: format_money(child_totals.money.get(currency, Decimal(0)), currency)
        for share_name, child_totals in totals.items()
    }


def _format_shares(balance: Balance, currency: str) -> dict[str, str]:
    return {
        name: format_money(getattr(balance, share).money.get(currency, Decimal(0)), currency)
        for name, share in _SHARES.items()
    }
