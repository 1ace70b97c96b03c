"""What `discard` says: the invoices, items and money that were withdrawn.

In: a `Withdrawal`.
Out: a sentence in the language in use, or values for JSON.
Never: translates what is for machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.i18n import LANGUAGES, get_language, translate
from pipeline.report.text_layout import format_count
from schemas.arrow.money import format_money

if TYPE_CHECKING:
    from pipeline.ledger import Withdrawal


def export_withdrawal(run_id: str, withdrawal: Withdrawal) -> dict[str, Any]:
    """Return a withdrawal for machines: counts, and sums by currency as text."""
    return {
        "run_id": run_id,
        "withdrawn": {
            "invoices": withdrawal.invoices,
            "items": withdrawal.items,
            "money": _format_sums(withdrawal),
        },
    }


def render_withdrawal(withdrawal: Withdrawal) -> str:
    """Return a withdrawal as a sentence in the language in use."""
    decimal_mark = LANGUAGES[get_language()].decimals
    sums = [
        f"{amount.replace('.', decimal_mark)} {currency}"
        for currency, amount in _format_sums(withdrawal).items()
    ]
    sentence = translate(
        "Withdrawn: {invoices} with {items} ({sums}).",
        invoices=format_count(withdrawal.invoices, "invoice"),
        items=format_count(withdrawal.items, "item"),
        sums=", ".join(sums),
    )
    return f"{sentence}\n"


def _format_sums(withdrawal: Withdrawal) -> dict[str, str]:
    return {currency: format_money(total, currency) for currency, total in sorted(withdrawal.money.items())}
