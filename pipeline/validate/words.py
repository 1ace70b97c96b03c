"""The facts that an issue's sentence needs: limits, the other value, both readings, the nearest choice."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.language import say
from pipeline.model import Positions, RawTable
from pipeline.near import Names, question
from pipeline.validate.readings import as_day_number, both_readings, number_readings
from schemas import money
from schemas.cells import CellKind
from schemas.columns import cells_of, plain, series
from schemas.currencies import DIGITS
from schemas.dates import DateFormat
from schemas.fields import Field, Kind
from schemas.numbers import NumberFormat

if TYPE_CHECKING:
    from pipeline.validate.demands import Demands
    from pipeline.validate.facts import Facts

_MOST_SUGGESTED = 200
"""Distinct values for which the nearest choice is looked for: beyond, a suggestion helps nobody."""

_COMPARED = {"E305": "invoice_date", "E306": "service_start_date", "W411": "account_currency"}
"""What a rule compares its column with."""

DECIMALS = ("no decimals", "1 decimal", "2 decimals", "3 decimals", "4 decimals")
"""By the number of digits."""

HELD_WORDS = {
    CellKind.NUMBER: "a number",
    CellKind.DATE: "a date",
    CellKind.TIME: "a time",
    CellKind.BOOLEAN: "TRUE or FALSE",
    CellKind.TEXT: "a text",
}
NEEDED_WORDS = {
    Kind.TEXT: ("a text", "Text"),
    Kind.IDENTIFIER: ("a text", "Text"),
    Kind.NUMBER: ("a number", "Number"),
    Kind.MONEY: ("an amount", "Number"),
    Kind.DATE: ("a date", "Date"),
    Kind.DATETIME: ("a date with a time", "Date"),
    Kind.BOOLEAN: ("yes or no", "General"),
    Kind.CHOICE: ("one of the choices", "Text"),
    Kind.CURRENCY: ("a currency", "Text"),
}


def of_cell(
    code: str, field: Field, raw: RawTable, rows: Positions, dates: DateFormat, numbers: NumberFormat
) -> dict[str, Any]:
    """The facts for a cell that failed a check as text.

    Args:
        code: of the check.
        field: the declaration.
        raw: the table as read.
        rows: the failing rows.
        dates: the declared date format.
        numbers: how texts write numbers.
    """
    match code:
        case "E202":
            return _of_number(raw, field, rows, numbers)
        case "E203":
            return {
                "integer_digits": str(field.integer_digits),
                "fraction_digits": str(field.fraction_digits),
            }
        case "E205":
            return {
                "readings": _mapped(raw, field, rows, both_readings),
                "declared": say(" or {format}", format=dates.declared) if dates.declared else "",
            }
        case "E208":
            lengths = pc.utf8_length(_texts(raw, field, rows))
            return {"length": pc.cast(lengths, pa.string()), "max_length": str(field.max_length)}
        case "E209":
            return {"choices": ", ".join(field.choices), "near": _nearest(raw, field, rows, field.choices)}
        case "E211":
            return {"form": say(field.pattern.words) if field.pattern else ""}
        case "E216":
            held = raw.kinds[field.name][rows]
            needed, cell_format = NEEDED_WORDS[field.kind]
            words = [say(HELD_WORDS.get(CellKind(each), "something else")) for each in held.tolist()]
            return {
                "needed": say(needed),
                "format": say(cell_format),
                "held": pa.array(words, pa.string()),
                "readings": _mapped(raw, field, rows, as_day_number) if field.kind is Kind.DATE else "",
            }
        case "E218" | "E219":
            return {"shown": raw.shown[field.name].take(pa.array(rows))}
        case "E222":
            return {"merged": raw.merged[field.name].take(pa.array(rows))}
        case "E220":
            return {"near": _nearest(raw, field, rows, tuple(DIGITS))}
        case _:
            return {}


def _of_number(raw: RawTable, field: Field, rows: Positions, numbers: NumberFormat) -> dict[str, Any]:
    return {
        "readings": _mapped(raw, field, rows, number_readings),
        "example": "1234,56" if numbers.declared == "comma" else "1234.56",
    }


def of_rule(  # noqa: PLR0912 - one case a code reads best
    code: str, name: str, field: str, rows: Positions, gathered: Facts, demands: Demands
) -> Findings:
    """A rule's failures with the facts for their sentence.

    Args:
        code: of the rule.
        name: the table.
        field: the column in which it is shown; empty for the row.
        rows: the failing rows.
        gathered: columns and facts.
        demands: what the sheets are held against.
    """
    frame = gathered.frames[name]

    def told(column: str) -> Any:
        return _told(cells_of(frame[column]), rows)

    values, facts = None, dict[str, Any]()
    match code:
        case "E221":
            parents = gathered.parent[rows]
            currencies = cells_of(gathered.frames["invoices"]["effective_currency"])
            facts = {"currency": pc.take(currencies, pa.array(parents))}
        case "E204":
            values, facts = told(field), _too_many_decimals(gathered, name, field, rows)
        case "E304" | "W304":
            expected = _sums(frame, "product", "digits", rows)
            facts = {"expected": pc.fill_null(expected, say("longer than an amount may be"))}
        case "E305" | "E306" | "W411":
            facts = {"expected": told(_COMPARED[code])}
        case "E207":
            declared = demands.tables[name][field]
            facts = {"earliest": declared.earliest.isoformat(), "latest": declared.latest.isoformat()}
        case "E310":
            facts = {"items": told("item_count"), "limit": str(demands.terms.most_items)}
        case "E311" | "E351":
            digits = money.digits_of(cells_of(frame["effective_currency"]))
            facts = {"total": _sums(frame.assign(total_digits=series(digits)), "total", "total_digits", rows)}
        case "E312":
            values = _as_typed(gathered, _sums(frame, "effective_amount", "digits", rows), rows)
        case "E315":
            facts = {"other": told(field.replace("same_as_bill_to", "contact_id"))}
        case "E308" | "E322":
            facts = {"near": _nearest_reference(frame, rows, gathered)}
        case "E323":
            facts = {"place": told("place"), "limit": str(demands.terms.most[name])}
        case "E316":
            values = told("number")
        case "E413" | "E414" | "E415":
            facts = _of_account(code, field, rows, gathered, demands)
        case "E317":
            form = demands.tables["invoices"]["invoice_number"].pattern
            facts = {"form": say(form.words) if form else "", "max_length": str(demands.terms.number_length)}
    return Findings(code, name, field, rows, values, facts)


def _of_account(code: str, field: str, rows: Positions, gathered: Facts, demands: Demands) -> dict[str, Any]:
    """The facts for a rule on an invoice's account."""
    match code:
        case "E413":
            return {"near": gathered.accounts.near(field, rows)}
        case "E414":
            return {"accounts": gathered.accounts.told_apart(rows)}
        case _:
            return {"reason": _why_no_customer(gathered.frames["invoices"], rows, demands)}


def _why_no_customer(frame: pd.DataFrame, rows: Positions, demands: Demands) -> Any:
    """Why it cannot be told whom an invoice bills."""
    named = pc.take(cells_of(frame["account_named"]), pa.array(rows))
    listed = say("the account list has none for its account")
    unlisted = say("no account list is loaded to look it up")
    nothing = say("nothing that an account list could look up")
    return pc.if_else(named, listed if demands.accounts else unlisted, nothing)


def _as_typed(gathered: Facts, computed: Any, rows: Positions) -> Any:
    """The amounts as they stand in the sheet; where a cell is blank, as they were computed."""
    raw = gathered.raw.tables["items"].frame
    if "amount" not in raw:
        return computed
    texts = plain(pc.take(cells_of(raw["amount"]), pa.array(rows)))
    return pc.if_else(pc.equal(texts, ""), computed, texts)


def _too_many_decimals(gathered: Facts, name: str, field: str, rows: Positions) -> dict[str, Any]:
    """The currency, its decimals, and what the amount would show as in a cell with so many."""
    frame, invoices = gathered.frames[name], gathered.frames["invoices"]
    digits = pc.take(cells_of(frame["digits"]), rows)
    amounts = pc.take(cells_of(frame[field]), rows)
    currencies = pc.take(cells_of(invoices["effective_currency"]), gathered.invoice_of(name)[rows])
    shown = [
        f"{each:.{places}f}"
        for each, places in zip(money.round_to(amounts, digits).to_pylist(), digits.to_pylist(), strict=True)
    ]
    return {
        "currency": currencies,
        "decimals": pc.take(pa.array(list(map(say, DECIMALS))), digits),
        "shown": pa.array(shown, pa.string()),
    }


def _sums(frame: pd.DataFrame, name: str, digits: str, rows: Positions) -> Any:
    """Sums of money of some rows, with the decimals of their currency."""
    at = pa.array(rows)
    return money.text(pc.take(cells_of(frame[name]), at), pc.take(cells_of(frame[digits]), at))


def _told(values: Any, rows: Positions) -> Any:
    """Values of some rows as a person reads them."""
    some = pc.take(values, pa.array(rows))
    if pa.types.is_decimal(some.type):
        return money.plain_text(some)
    if isinstance(some, pa.DictionaryArray):
        return some.dictionary_decode()
    return pc.cast(some, pa.string())


def _texts(raw: RawTable, field: Field, rows: Positions) -> Any:
    return plain(pc.take(cells_of(raw.frame[field.name]), pa.array(rows)))


def _mapped(raw: RawTable, field: Field, rows: Positions, tell: Any) -> Any:
    """What a function says of each distinct text, a row."""
    texts = _texts(raw, field, rows).dictionary_encode()
    said = pa.array([tell(each) for each in texts.dictionary.to_pylist()], pa.string())
    return pc.take(said, texts.indices)


def _nearest(raw: RawTable, field: Field, rows: Positions, choices: tuple[str, ...]) -> Any:
    return _questions(_texts(raw, field, rows), choices)


def _nearest_reference(frame: pd.DataFrame, rows: Positions, gathered: Facts) -> Any:
    """The reference of an invoice that is nearest to one that no invoice has."""
    wanted = pc.take(plain(cells_of(frame["invoice_ref"])), pa.array(rows))
    return _questions(
        wanted, plain(cells_of(gathered.frames["invoices"]["invoice_ref"])).unique().to_pylist()
    )


def _questions(values: Any, known: Collection[str | None]) -> Any:
    """Whether the nearest of some names was meant, a row; of the first different values."""
    texts = values.dictionary_encode()
    asked = texts.dictionary.to_pylist()
    near = Names(each for each in known if each).nearest(asked[:_MOST_SUGGESTED])
    said = pa.array([question(each, near.get(each, "")) for each in asked], pa.string())
    return pc.take(said, texts.indices)
