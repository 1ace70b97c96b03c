"""The facts that an issue's sentence needs: limits, the other value, both readings, the nearest choice."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.issues import Findings
from pipeline.model.indices import Positions
from pipeline.model.sheets import RawTable
from pipeline.suggest import KnownNames, suggest_near
from pipeline.validate.possible_readings import suggest_dates, suggest_numbers, suggest_serial_dates
from schemas.arrow import money
from schemas.arrow.columns import arrow_column, decode_dictionary, to_series
from schemas.cell_kinds import CellKind
from schemas.currencies import CURRENCY_DIGITS
from schemas.fields import Field, Kind
from schemas.notation.dates import DateNotation
from schemas.notation.numbers import NumberNotation

if TYPE_CHECKING:
    from pipeline.validate.derived_columns import RuleInputs
    from pipeline.validate.requirements import Requirements

_MAX_SUGGESTED = 200
"""Distinct values for which the nearest choice is looked for: beyond, a suggestion helps nobody."""

_COMPARED_COLUMNS = {"E305": "invoice_date", "E306": "service_start_date", "W411": "account_currency"}
"""What a rule compares its column with."""

DECIMALS_WORDS = ("no decimals", "1 decimal", "2 decimals", "3 decimals", "4 decimals")
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


def collect_cell_facts(
    code: str, field: Field, raw: RawTable, rows: Positions, dates: DateNotation, numbers: NumberNotation
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
            return _collect_number_facts(raw, field, rows, numbers)
        case "E203":
            return {
                "integer_digits": str(field.integer_digits),
                "fraction_digits": str(field.fraction_digits),
            }
        case "E205":
            return {
                "readings": _map_distinct(raw, field, rows, suggest_dates),
                "declared": translate(" or {format}", format=dates.declared) if dates.declared else "",
            }
        case "E208":
            lengths = pc.utf8_length(_get_texts(raw, field, rows))
            return {"length": pc.cast(lengths, pa.string()), "max_length": str(field.max_length)}
        case "E209":
            return {
                "choices": ", ".join(field.choices),
                "near": _suggest_choices(raw, field, rows, field.choices),
            }
        case "E211":
            return {"form": translate(field.pattern.description) if field.pattern else ""}
        case "E216":
            held = raw.kinds[field.name][rows]
            needed, cell_format = NEEDED_WORDS[field.kind]
            words = [translate(HELD_WORDS.get(CellKind(kind), "something else")) for kind in held.tolist()]
            return {
                "needed": translate(needed),
                "format": translate(cell_format),
                "held": pa.array(words, pa.string()),
                "readings": _map_distinct(raw, field, rows, suggest_serial_dates)
                if field.kind is Kind.DATE
                else "",
            }
        case "E218" | "E219":
            return {"shown": raw.displayed[field.name].take(pa.array(rows))}
        case "E222":
            return {"merged": raw.merged[field.name].take(pa.array(rows))}
        case "E220":
            return {"near": _suggest_choices(raw, field, rows, tuple(CURRENCY_DIGITS))}
        case _:
            return {}


def _collect_number_facts(
    raw: RawTable, field: Field, rows: Positions, numbers: NumberNotation
) -> dict[str, Any]:
    return {
        "readings": _map_distinct(raw, field, rows, suggest_numbers),
        "example": "1234,56" if numbers.declared == "comma" else "1234.56",
    }


def build_rule_findings(  # noqa: PLR0912 - one case a code reads best
    code: str, name: str, field: str, rows: Positions, derived: RuleInputs, requirements: Requirements
) -> Findings:
    """A rule's failures with the facts for their sentence.

    Args:
        code: of the rule.
        name: the table.
        field: the column in which it is shown; empty for the row.
        rows: the failing rows.
        derived: columns and facts.
        requirements: what the sheets are held against.
    """
    frame = derived.frames[name]

    def get_texts(column: str) -> Any:
        return _format_values(arrow_column(frame[column]), rows)

    values, facts = None, dict[str, Any]()
    match code:
        case "E221":
            parents = derived.parent[rows]
            currencies = arrow_column(derived.frames["invoices"]["effective_currency"])
            facts = {"currency": pc.take(currencies, pa.array(parents))}
        case "E204":
            values, facts = get_texts(field), _collect_decimals_facts(derived, name, field, rows)
        case "E304" | "W304":
            expected = _format_sums(frame, "product", "digits", rows)
            facts = {"expected": pc.fill_null(expected, translate("longer than an amount may be"))}
        case "E305" | "E306" | "W411":
            facts = {"expected": get_texts(_COMPARED_COLUMNS[code])}
        case "E207":
            declared = requirements.tables[name][field]
            facts = {"earliest": declared.earliest.isoformat(), "latest": declared.latest.isoformat()}
        case "E310":
            facts = {"items": get_texts("item_count"), "limit": str(requirements.rule_settings.max_items)}
        case "E311" | "E351":
            digits = money.get_currency_digits(arrow_column(frame["effective_currency"]))
            facts = {
                "total": _format_sums(
                    frame.assign(total_digits=to_series(digits)), "total", "total_digits", rows
                )
            }
        case "E312":
            values = _get_typed_amounts(
                derived, _format_sums(frame, "effective_amount", "digits", rows), rows
            )
        case "E315":
            facts = {"other": get_texts(field.replace("same_as_bill_to", "contact_id"))}
        case "E308" | "E322":
            facts = {"near": _suggest_references(frame, rows, derived)}
        case "E323":
            facts = {"place": get_texts("place"), "limit": str(requirements.rule_settings.max_children[name])}
        case "E316":
            values = get_texts("number")
        case "E413" | "E414" | "E415":
            facts = _collect_account_facts(code, field, rows, derived, requirements)
        case "E317":
            form = requirements.tables["invoices"]["invoice_number"].pattern
            facts = {
                "form": translate(form.description) if form else "",
                "max_length": str(requirements.rule_settings.number_max_length),
            }
    return Findings(code, name, field, rows, values, facts)


def _collect_account_facts(
    code: str, field: str, rows: Positions, derived: RuleInputs, requirements: Requirements
) -> dict[str, Any]:
    """The facts for a rule on an invoice's account."""
    match code:
        case "E413":
            return {"near": derived.accounts.suggest_keys(field, rows)}
        case "E414":
            return {"accounts": derived.accounts.describe_accounts(rows)}
        case _:
            return {"reason": _explain_missing_customer(derived.frames["invoices"], rows, requirements)}


def _explain_missing_customer(frame: pd.DataFrame, rows: Positions, requirements: Requirements) -> Any:
    """Why it cannot be told whom an invoice bills."""
    is_named = pc.take(arrow_column(frame["account_named"]), pa.array(rows))
    listed = translate("the account list has none for its account")
    unlisted = translate("no account list is loaded to look it up")
    nothing = translate("nothing that an account list could look up")
    return pc.if_else(is_named, listed if requirements.accounts else unlisted, nothing)


def _get_typed_amounts(derived: RuleInputs, computed: Any, rows: Positions) -> Any:
    """The amounts as they stand in the sheet; where a cell is blank, as they were computed."""
    raw = derived.raw.tables["items"].frame
    if "amount" not in raw:
        return computed
    texts = decode_dictionary(pc.take(arrow_column(raw["amount"]), pa.array(rows)))
    return pc.if_else(pc.equal(texts, ""), computed, texts)


def _collect_decimals_facts(derived: RuleInputs, name: str, field: str, rows: Positions) -> dict[str, Any]:
    """The currency, its decimals, and what the amount would show as in a cell with so many."""
    frame, invoices = derived.frames[name], derived.frames["invoices"]
    digits = pc.take(arrow_column(frame["digits"]), rows)
    amounts = pc.take(arrow_column(frame[field]), rows)
    currencies = pc.take(
        arrow_column(invoices["effective_currency"]), derived.get_invoice_positions(name)[rows]
    )
    shown = [
        f"{amount:.{places}f}"
        for amount, places in zip(
            money.round_amounts(amounts, digits).to_pylist(), digits.to_pylist(), strict=True
        )
    ]
    return {
        "currency": currencies,
        "decimals": pc.take(pa.array(list(map(translate, DECIMALS_WORDS))), digits),
        "shown": pa.array(shown, pa.string()),
    }


def _format_sums(frame: pd.DataFrame, name: str, digits: str, rows: Positions) -> Any:
    """Sums of money of some rows, with the decimals of their currency."""
    indices = pa.array(rows)
    return money.format_amounts(
        pc.take(arrow_column(frame[name]), indices), pc.take(arrow_column(frame[digits]), indices)
    )


def _format_values(values: Any, rows: Positions) -> Any:
    """Values of some rows as a person reads them."""
    taken = pc.take(values, pa.array(rows))
    if pa.types.is_decimal(taken.type):
        return money.format_plain(taken)
    if isinstance(taken, pa.DictionaryArray):
        return taken.dictionary_decode()
    return pc.cast(taken, pa.string())


def _get_texts(raw: RawTable, field: Field, rows: Positions) -> Any:
    return decode_dictionary(pc.take(arrow_column(raw.frame[field.name]), pa.array(rows)))


def _map_distinct(raw: RawTable, field: Field, rows: Positions, describe: Any) -> Any:
    """What a function says of each distinct text, a row."""
    texts = _get_texts(raw, field, rows).dictionary_encode()
    sentences = pa.array([describe(text) for text in texts.dictionary.to_pylist()], pa.string())
    return pc.take(sentences, texts.indices)


def _suggest_choices(raw: RawTable, field: Field, rows: Positions, choices: tuple[str, ...]) -> Any:
    return _ask_nearest(_get_texts(raw, field, rows), choices)


def _suggest_references(frame: pd.DataFrame, rows: Positions, derived: RuleInputs) -> Any:
    """The reference of an invoice that is nearest to one that no invoice has."""
    wanted = pc.take(decode_dictionary(arrow_column(frame["invoice_ref"])), pa.array(rows))
    return _ask_nearest(
        wanted,
        decode_dictionary(arrow_column(derived.frames["invoices"]["invoice_ref"])).unique().to_pylist(),
    )


def _ask_nearest(values: Any, known: Collection[str | None]) -> Any:
    """Whether the nearest of some names was meant, a row; of the first different values."""
    texts = values.dictionary_encode()
    distinct = texts.dictionary.to_pylist()
    near = KnownNames(name for name in known if name).find_nearest(distinct[:_MAX_SUGGESTED])
    sentences = pa.array([suggest_near(text, near.get(text, "")) for text in distinct], pa.string())
    return pc.take(sentences, texts.indices)
