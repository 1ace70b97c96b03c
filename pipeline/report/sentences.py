"""Sentences about a check or run, for all its reports: the verdict, the control totals, what is billed.

In: the summary, as `summary.json` has it.
Out: sentences in the language in use.
Never: sums money up: the sums are in the summary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pipeline.i18n import format_number, translate, translate_count
from pipeline.report.text_layout import format_count

SHARES = ("in", "accepted", "rejected", "skipped")
COUNTED_RECORDS = ("invoices", "items")
IGNORED_NOUNS = {"example": "example", "note": "note", "total": "totals", "blank": "blank"}
_MAX_ACCOUNTS = 3


def describe_verdict(
    verdict: str, invoices: Mapping[str, int], control: Mapping[str, Any] | None = None
) -> str:
    """Return the verdict as a sentence with numbers.

    Args:
        verdict: as the summary has it.
        invoices: the invoices that came in and what became of them.
        control: the control totals, as the summary has them.
    """
    if verdict == "unbalanced" and control and not control["holds"]:
        return translate("Nothing is prepared: what was read is not what its preparer expected.")
    if verdict == "unbalanced":
        return translate(
            "The books do not balance: nothing was prepared. This is a fault of the program; report it."
        )
    if verdict == "duplicate":
        return translate("Nothing is left to do: every invoice was accepted before.")
    if not invoices["in"]:
        return translate("Nothing is accepted: no invoice was found.")
    return _describe_outcome(invoices)


def _describe_outcome(invoices: Mapping[str, int]) -> str:
    """Return what became of the invoices that came in."""
    accepted, rejected, skipped = (invoices[share] for share in ("accepted", "rejected", "skipped"))
    if not skipped and invoices["in"] in (accepted, rejected):
        return translate("Every invoice is accepted." if accepted else "Every invoice is rejected.")
    parts = [
        translate_count(accepted, "{count} is accepted", "{count} are accepted"),
        translate_count(rejected, "{count} is rejected", "{count} are rejected"),
    ]
    if skipped:
        parts.append(translate_count(skipped, "{count} was accepted before", "{count} were accepted before"))
    return translate_count(
        invoices["in"], "Of {count} invoice {parts}.", "Of {count} invoices {parts}.", parts=", ".join(parts)
    )


def list_alerts(summary: Mapping[str, Any]) -> Iterator[str]:
    """List what must not be overlooked, for the top of a report.

    Args:
        summary: as `summary.json` has it.
    """
    charged = summary["warnings"].get("W806", 0)
    if charged:
        yield translate_count(
            charged,
            "Attention: {count} invoice is posted with auto pay: money will be taken from the customer.",
            "Attention: {count} invoices are posted with auto pay: money will be taken from the customers.",
        )


def list_unread_amounts(summary: Mapping[str, Any]) -> Iterator[str]:
    """List what is missing in the sums because its amount could not be read.

    Args:
        summary: as `summary.json` has it.
    """
    count = summary["items"]["amount_unread"]
    if count:
        yield translate_count(
            count,
            "The amount of {count} item is unknown and not in these sums.",
            "The amount of {count} items is unknown and not in these sums.",
        )
    for name, counts in summary["sheets"].items():
        if counts["amount_unread"]:
            yield translate(
                "The amount of {count} of the {sheet} is unknown and not in these sums.",
                count=format_number(counts["amount_unread"]), sheet=translate(name),
            )  # fmt: skip


def describe_control_totals(control: Mapping[str, Any] | None) -> Iterator[str]:
    """Say whether what was read is what was expected; the differences themselves are issues.

    Args:
        control: of the summary; nothing is said without one.
    """
    control = control or {}
    totals = control.get("totals", ())
    agreeing = sum(total["holds"] for total in totals)
    if totals:
        yield translate_count(
            len(totals),
            "Control totals: {agree} of {count} agrees.",
            "Control totals: {agree} of {count} agree.",
            agree=format_number(agreeing),
        )
    elif control.get("missing") == "recommended":
        yield translate(
            "No control totals: a CSV file that was cut short may pass unnoticed. Give them with"
            " --expect-count and --expect-total, or in a control file."
        )


def describe_requests(command: str, count: int, target: str) -> str:
    """Say how many requests a run would prepare, or has prepared.

    Args:
        command: `check` or `run`.
        count: of requests.
        target: the name of the target.
    """
    if not count:
        return translate(
            "A run would prepare no request." if command == "check" else "No request was prepared."
        )
    if command == "check":
        return translate_count(
            count,
            "A run would prepare {count} request for {target}.",
            "A run would prepare {count} requests for {target}.",
            target=target,
        )
    return translate_count(
        count,
        "{count} request for {target} was prepared; nothing has been sent.",
        "{count} requests for {target} were prepared; nothing has been sent.",
        target=target,
    )


def describe_billing(plan: Mapping[str, Any]) -> Iterator[str]:
    """Describe what is billed: to whom, dated when, and the largest invoices.

    Args:
        plan: of the summary; nothing is said of an empty one.
    """
    if not plan["invoices"]:
        return
    if plan["accounts"]:  # a change of drafts bills nobody anew
        yield _describe_dates(plan)
    new_accounts = plan["new_accounts"]
    if new_accounts["count"]:
        names = ", ".join(new_accounts["first"][:_MAX_ACCOUNTS])
        yield translate_count(
            new_accounts["count"],
            "{count} account was never billed from this ledger: {accounts}.",
            "{count} accounts were never billed from this ledger: {accounts}.",
            accounts=f"{names} …" if new_accounts["count"] > _MAX_ACCOUNTS else names,
        )
    largest: dict[str, Mapping[str, Any]] = {}
    for invoice in plan["largest"]:
        largest.setdefault(
            invoice["currency"], invoice
        )  # they are sorted: the first of a currency is its largest
    amounts = (
        f"{invoice['invoice_ref']} ({format_number(Decimal(invoice['amount']))} {currency})"
        for currency, invoice in largest.items()
    )
    yield translate("The largest: {invoices}.", invoices=", ".join(amounts))


def _describe_dates(plan: Mapping[str, Any]) -> str:
    accounts = format_count(plan["accounts"], "account")
    dates = plan["invoice_dates"]
    if not dates:  # a target may have no invoice date
        return translate("Billed: {accounts}.", accounts=accounts)
    first, last = dates["first"], dates["last"]
    if first == last:
        return translate("Billed: {accounts}, dated {date}.", accounts=accounts, date=first)
    return translate(
        "Billed: {accounts}, dated {first} to {last}.", accounts=accounts, first=first, last=last
    )


def describe_ignored_rows(ignored: Mapping[str, int]) -> str:
    """Describe the rows that are no data; empty when there are none.

    Args:
        ignored: of the summary: counts by kind of row.
    """
    rows = [
        f"{format_number(count)} {translate(IGNORED_NOUNS.get(name, name))}"
        for name, count in ignored.items()
        if count
    ]
    return translate("Rows left out, because they are no data: {rows}.", rows=", ".join(rows)) if rows else ""
