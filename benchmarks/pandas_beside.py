"""The pandas reference, but for the rules that reject: blanks, rows that are no data, warnings, the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from benchmarks.layout import SENTENCES, TOTAL_WORDS

TWIN_DAYS, PRICE_TOLERANCE = 5, 10
"""The settings `near_duplicate_days` and `price_tolerance`."""

IN_DANGER = r"'*[=+\-@\t\r\n]"
HARMLESS = r"'*-?[0-9]+(\.[0-9]+)?"
SIGN = "[$\u00a2-\u00a5\u20a0-\u20cf]?"
DIGITS_OF_TOTAL = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?"
    r"|\d{1,3}(?:[ '\u00a0\u2019\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)"
)
AMOUNT_OF_TOTAL = rf"[-+]?\s?{SIGN}\s?[-+]?{DIGITS_OF_TOTAL}\s?{SIGN}"
IN_TOTAL = re.compile(rf"{AMOUNT_OF_TOTAL}|\({AMOUNT_OF_TOTAL}\)")
SAID = re.compile(r"[-+]?([0-9]+(\.[0-9]+)?|\.[0-9]+)")


@dataclass(frozen=True)
class Warned:
    """A warning: its code, where it stands, for how many rows, and what fills its sentence."""

    code: str
    row: int
    field: str
    value: str
    invoice_ref: str
    facts: dict[str, str]
    rows: int = 1


def inert(texts: pd.Series) -> pd.Series:
    """Texts that no spreadsheet will run; numbers are exempt."""
    return texts.mask(_in_danger(texts), "'" + texts)


def _in_danger(texts: pd.Series) -> pd.Series:
    return texts.str.match(IN_DANGER) & ~texts.str.fullmatch(HARMLESS)


def visible(text: str) -> str:
    """A text in which no character breaks a report."""
    return re.sub("[\x00-\x1f\x7f-\x9f]", "\ufffd", text)


def shown(text: str) -> str:
    """A value as it stands in a sentence."""
    short = text if len(text) <= 80 else text[:80] + "…"
    return f'"{visible(short)}"' if text else "blank"


def clean(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Cells without blanks around them and without an apostrophe that kept them from being run.

    Returns:
        The cells, and by column where blanks were removed.
    """
    cleaned, blanks = {}, {}
    for name in frame:
        stripped = frame[name].str.strip()
        blanks[name] = stripped != frame[name]
        guarded = stripped.str.startswith("'") & _in_danger(stripped)
        cleaned[name] = stripped.mask(guarded, stripped.str[1:])
    return pd.DataFrame(cleaned), blanks


def ignored(frame: pd.DataFrame) -> pd.Series:
    """By what name a row is no data; None for data."""
    key = frame["invoice_ref"]
    likely = (
        (key == "")
        | key.str.startswith("#")
        | (key == "EXAMPLE")
        | key.str.lower().str.rstrip(": ").isin(TOTAL_WORDS)
    )
    kinds = {}
    for row in frame[likely].itertuples(name=None):
        kinds[row[0]] = _kind([cell for cell in row[1:] if cell], row[1])
    return pd.Series(kinds, dtype=object).reindex(frame.index)


def _kind(cells: list[str], key: str) -> str | None:
    if not cells:
        return "blank"
    first, *further = cells
    if first.startswith("#") and not further:
        return "note"
    if key == "EXAMPLE":
        return "example"
    is_total = first.lower().rstrip(": ") in TOTAL_WORDS and all(IN_TOTAL.fullmatch(cell) for cell in further)
    return "total" if is_total else None


def trimmed(frame: pd.DataFrame, blanks: dict[str, pd.Series]) -> Iterator[Warned]:
    """One warning a column: its first value that had blanks around it."""
    for name, changed in blanks.items():
        rows = frame.index[changed.reindex(frame.index) & (frame[name] != "")]
        if len(rows):
            first = frame.loc[rows[0]]
            yield Warned("W201", rows[0], name, first[name], first["invoice_ref"], {"label": name}, len(rows))


def totals(rows: pd.DataFrame, items: pd.DataFrame, unread: dict[str, pd.Index]) -> Iterator[Warned]:
    """The totals rows that are neither the sum since the one before nor that of all rows above."""
    before = -1
    for row in rows.sort_index().itertuples():
        for name, typed in (("quantity", "q"), ("unit_price", "p"), ("amount", "given")):
            text = getattr(row, name)
            if SAID.fullmatch(text) and not (unread[name] < row.Index).any():
                above = items.loc[: row.Index, typed].dropna()
                part, whole = sum(above.loc[before + 1 :], Decimal(0)), sum(above, Decimal(0))
                if Decimal(text) not in (part, whole):
                    facts = {"header": name, "sum": f"{part.normalize():f}"}
                    yield Warned("W104", row.Index, name, text, "", facts)
        before = row.Index


def twins(accepted: pd.DataFrame, amount: pd.Series) -> Iterator[Warned]:
    """Invoices of one account, currency and amount, a few days apart."""
    same = ["account_number", "currency", "total"]
    repeated = accepted[accepted.duplicated(same, keep=False) & (accepted["total"] != 0)]
    ordered = repeated.sort_values("dated", kind="stable")
    groups = ordered.groupby(same)
    ordered = ordered.assign(other=groups["invoice_ref"].shift(), other_date=groups["dated"].shift())
    near = ordered[(ordered["dated"] - ordered["other_date"]).dt.days <= TWIN_DAYS]
    for row in near.sort_index().itertuples():
        facts = {
            "amount": f"{amount[row.Index]} {row.currency}", "other": row.other,
            "date": f"{row.other_date:%Y-%m-%d}", "where": ", in this file",
        }  # fmt: skip
        yield Warned("W801", row.Index, "", row.invoice_ref, row.invoice_ref, facts)


def billed_twice(items: pd.DataFrame, accepted: pd.DataFrame) -> Iterator[Warned]:
    """Periods of an account and charge that overlap one of another invoice."""
    again = accepted[accepted.duplicated("account_number", keep=False)]
    mine = items[items["parent"].isin(again.index) & items["ends"].notna()]
    mine = mine.assign(account=mine["parent"].map(again["account_number"]))
    mine = mine[mine.duplicated(["account", "charge"], keep=False)].rename_axis("row").reset_index()
    for _, group in mine.groupby(["account", "charge"]):
        last = None
        for row in group.sort_values(["starts", "ends", "parent", "row"]).itertuples():
            if last is not None and last.ends >= row.starts and last.invoice_ref != row.invoice_ref:
                facts = {"other": last.invoice_ref, "where": ", in this file"}
                yield Warned(
                    "W803", row.row, "service_start_date", row.service_start_date, row.invoice_ref, facts
                )
            if last is None or row.ends >= last.ends:
                last = row


def prices(items: pd.DataFrame, accepted: pd.DataFrame) -> Iterator[Warned]:
    """One warning a charge: its first price that is away from the catalog's."""
    priced = items[items["listed"].notna() & items["p"].notna() & items["parent"].isin(accepted.index)]
    far = [
        abs(price - listed) * 100 > abs(listed) * PRICE_TOLERANCE
        for price, listed in zip(priced["p"], priced["listed"], strict=True)
    ]
    for _, group in priced[far].groupby("charge"):
        first = group.iloc[0]
        facts = {
            "label": "unit_price", "product": first["catalog_sku"], "expected": f"{first['listed'].normalize():f}",
        }  # fmt: skip
        yield Warned(
            "W805", group.index[0], "unit_price", first["unit_price"], first["invoice_ref"], facts, len(group)
        )


def warning_rows(file: str, header: list[str], warned: list[Warned]) -> Iterator[tuple[object, ...]]:
    """The lines of `issues.csv` for the warnings of one file."""
    for warning in warned:
        message, fix = SENTENCES[warning.code]
        for name, text in {**warning.facts, "value": shown(warning.value)}.items():
            message = message.replace(f"{{{name}}}", text)
        number = warning.row + 2
        cell = f"{chr(65 + header.index(warning.field))}{number}" if warning.field else ""
        yield (
            warning.code, "warning", file, file, number, warning.field, cell, warning.value, message, fix,
            warning.invoice_ref, warning.rows,
        )  # fmt: skip


def plan(accepted: pd.DataFrame, items: pd.DataFrame, amount: pd.Series, requests: int) -> dict[str, object]:
    """What the run bills, in a few numbers."""
    mine = items[items["parent"].isin(accepted.index)]
    accounts = accepted["account_number"].drop_duplicates()
    days = pd.concat([mine["starts"], mine["ends"]]).dropna()
    counts = accepted["currency"].value_counts()
    commonest = sorted(counts.index, key=lambda code: (-counts[code], code))[:3]
    largest = [
        row for code in commonest for row in _largest(accepted[accepted["currency"] == code]).itertuples()
    ]
    return {
        "invoices": len(accepted),
        "items": len(mine),
        "requests": requests,
        "accounts": len(accounts),
        "new_accounts": {"count": len(accounts), "first": accounts.head(10).tolist()},
        "invoice_dates": _span(accepted["dated"]),
        "service_dates": _span(days),
        "largest": [
            {
                "invoice_ref": row.invoice_ref, "account": row.account_number, "currency": row.currency,
                "invoice_date": f"{row.dated:%Y-%m-%d}", "items": int(row.items), "amount": amount[row.Index],
            }
            for row in largest
        ],
    }  # fmt: skip


def _largest(invoices: pd.DataFrame) -> pd.DataFrame:
    return invoices.sort_values("total", ascending=False, kind="stable").head(3)


def _span(days: pd.Series) -> dict[str, str] | None:
    return {"first": f"{days.min():%Y-%m-%d}", "last": f"{days.max():%Y-%m-%d}"} if len(days) else None
