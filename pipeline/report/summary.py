"""`summary.json`: counts and money, and what they were made from. An interface: see `schema_version`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipeline.balance import Balance
from pipeline.control import Control, written
from pipeline.issues import Level
from pipeline.line import Line
from pipeline.report.plan import plan
from schemas.money import with_digits

SCHEMA_VERSION = 1
_SHARES = {"in": "came_in", "accepted": "accepted", "rejected": "rejected", "skipped": "skipped"}


def summary(
    line: Line, table: pa.Table, command: str, run_id: str | None, folder: str | None, seconds: float
) -> dict[str, Any]:
    """The summary of a check or run.

    Args:
        line: the end of the line.
        table: as `entries.invoice_table` gives it.
        command: `check` or `run`.
        run_id: None for a check.
        folder: where the reports lie; None when there are none.
        seconds: since the start.
    """
    books = line.balance
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "command": command,
        "target": line.target.name,
        "environment": line.settings.environment,
        "verdict": line.verdict,
        "invoices": _counts(books, "invoices"),
        "items": _counts(books, "items") | {"amount_unread": books.came_in.unread},
        "money": {currency: _money(books, currency) for currency in books.currencies},
        "requests": len(line.batches),
        "issues": line.issues.counts(Level.ERROR),
        "warnings": line.issues.counts(Level.WARNING),
        "ignored_rows": dict(line.raw.ignored),
        "sources": [
            {"name": each.name, "sha256": each.sha256, "rows": each.rows, "read_as": each.notes}
            for each in line.raw.sources
        ],
        "catalog": None
        if line.catalog is None
        else {"sha256": line.catalog.sha256, "charges": line.catalog.charges},
        "permissions": list(line.target.permissions(line.batches)),
        "accounts": None
        if line.accounts is None
        else {"sha256": line.accounts.sha256, "accounts": line.accounts.accounts},
        "settings": {"sha256": line.settings.sha256},
        "sheets": {name: _sheet(books, name) for name in books.came_in.branches},
        "differences": books.differences,
        "control": _control(line.control),
        # a byte of a path that is not UTF-8 becomes an escape
        "run_folder": folder and folder.encode("utf-8", "backslashreplace").decode(),
        "seconds": round(seconds, 3),
        "plan": plan(line, table),
    }


def _control(control: Control) -> dict[str, Any]:
    """The preparer's expectations, each beside what was read."""
    return {
        "holds": control.holds,
        "missing": control.missing or None,
        "totals": [
            {
                "what": each.expected.measure.lower(),
                "currency": each.expected.currency or None,
                "expected": written(each.expected.number, each.expected.currency),
                "found": written(each.found, each.expected.currency),
                "difference": written(each.difference, each.expected.currency),
                "amount_unread": each.unread,
                "holds": each.holds,
            }
            for each in control.compared
        ],
    }


def _counts(books: Balance, what: str) -> dict[str, int]:
    return {name: getattr(getattr(books, share), what) for name, share in _SHARES.items()}


def _sheet(books: Balance, name: str) -> dict[str, Any]:
    """What hangs on items and invoices: rows, and the money that comes on top of the totals."""
    twigs = {told: getattr(books, share).branches[name] for told, share in _SHARES.items()}
    currencies = sorted({code for each in twigs.values() for code in each.money})
    return {
        **{told: each.rows for told, each in twigs.items()},
        "amount_unread": twigs["in"].unread,
        "on_top": {
            code: {told: with_digits(each.money.get(code, Decimal(0)), code) for told, each in twigs.items()}
            for code in currencies
        },
    }


def _money(books: Balance, currency: str) -> dict[str, str]:
    return {
        name: with_digits(getattr(books, share).money.get(currency, Decimal(0)), currency)
        for name, share in _SHARES.items()
    }
