"""Facts that fill the sentence of an issue: limits, compared values, readings, suggestions.

In: the rows that failed a check or a rule.
Out: by placeholder one text, or one text per failing row.
Never: an issue code. Its record in the catalogue and its rule say which facts a sentence needs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.issues import CATALOGUE
from pipeline.model.indices import Positions
from pipeline.model.sheets import RawTable
from pipeline.suggest import KnownNames, suggest_near
from pipeline.validate.possible_readings import suggest_dates, suggest_numbers, suggest_serial_dates
from schemas.arrow import money
from schemas.arrow.columns import ArrowColumn, Decimals, Integers, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.cell_kinds import CellKind
from schemas.currencies import CURRENCY_DIGITS
from schemas.fields import Field, Kind
from schemas.notation.dates import DateNotation
from schemas.notation.numbers import NumberNotation
from schemas.rule import Computation, FactSource, Rule

if TYPE_CHECKING:
    from pipeline.validate.derived_columns import RuleInputs
    from pipeline.validate.requirements import Requirements

Fact: TypeAlias = str | Texts
"""One text for all failing rows, or one per row."""

_MAX_SUGGESTED = 200
"""Distinct values that a suggestion is looked for: with more unknown values the whole column is wrong."""

DECIMALS_WORDS = ("no decimals", "1 decimal", "2 decimals", "3 decimals", "4 decimals")
"""By the number of digits."""

HELD_WORDS = {
    CellKind.NUMBER: "a number",
    CellKind.DATE: "a date",
    CellKind.TIME: "a time",
    CellKind.BOOLEAN: "TRUE or FALSE",
    CellKind.TEXT: "a text",
}
"""What a cell held."""

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
"""What a kind of field needs, and the cell format of Excel that gives it."""


@dataclass(frozen=True)
class FailedCells:
    """The cells of one column that failed one check.

    Attributes:
        field: the declaration.
        raw: the table as read.
        rows: the failing rows.
        dates: how text dates are written.
        numbers: how texts write numbers.
    """

    field: Field
    raw: RawTable
    rows: Positions
    dates: DateNotation
    numbers: NumberNotation

    @property
    def texts(self) -> Texts:
        """The cells as text."""
        return decode_dictionary(pc.take(arrow_column(self.raw.frame[self.field.name]), pa.array(self.rows)))

    def map_distinct(self, describe: Callable[[str], str]) -> Texts:
        """Return per cell what a function says of its text; each distinct text is described once.

        Args:
            describe: from the text of a cell.
        """
        texts = self.texts.dictionary_encode()
        sentences = pa.array([describe(text) for text in texts.dictionary.to_pylist()], pa.string())
        return pc.take(sentences, texts.indices)


def collect_cell_facts(code: str, cells: FailedCells) -> dict[str, Fact]:
    """Return the facts for the sentence about cells that failed a check of their field.

    Args:
        code: of the check.
        cells: the failing cells.
    """
    needed = CATALOGUE[code].facts.items()
    return {name: _CELL_FACTS[fact](cells) for name, fact in needed if fact in _CELL_FACTS}


def _describe_readings(cells: FailedCells) -> Texts:
    is_number = cells.field.kind in (Kind.NUMBER, Kind.MONEY)
    return cells.map_distinct(suggest_numbers if is_number else suggest_dates)


def _describe_serial_readings(cells: FailedCells) -> Fact:
    return cells.map_distinct(suggest_serial_dates) if cells.field.kind is Kind.DATE else ""


def _describe_held(cells: FailedCells) -> Texts:
    kinds = cells.raw.kinds[cells.field.name][cells.rows].tolist()
    words = [translate(HELD_WORDS.get(CellKind(kind), "something else")) for kind in kinds]
    return pa.array(words, pa.string())


def _describe_date_format(cells: FailedCells) -> str:
    return translate(" or {format}", format=cells.dates.declared) if cells.dates.declared else ""


def _describe_form(cells: FailedCells) -> str:
    return translate(cells.field.pattern.description) if cells.field.pattern else ""


def _suggest_choices(cells: FailedCells) -> Texts:
    is_currency = cells.field.kind is Kind.CURRENCY
    return _ask_nearest(cells.texts, tuple(CURRENCY_DIGITS) if is_currency else cells.field.choices)


_CELL_FACTS: Mapping[str, Callable[[FailedCells], Fact]] = {
    "choices": lambda cells: ", ".join(cells.field.choices),
    "declared": _describe_date_format,
    "earliest": lambda cells: cells.field.earliest.isoformat(),
    "example": lambda cells: "1234,56" if cells.numbers.declared == "comma" else "1234.56",
    "form": _describe_form,
    "format": lambda cells: translate(NEEDED_WORDS[cells.field.kind][1]),
    "fraction_digits": lambda cells: str(cells.field.fraction_digits),
    "held": _describe_held,
    "integer_digits": lambda cells: str(cells.field.integer_digits),
    "latest": lambda cells: cells.field.latest.isoformat(),
    "length": lambda cells: pc.cast(pc.utf8_length(cells.texts), pa.string()),
    "max_length": lambda cells: str(cells.field.max_length),
    "merged": lambda cells: cells.raw.merged[cells.field.name].take(pa.array(cells.rows)),
    "near": _suggest_choices,
    "needed": lambda cells: translate(NEEDED_WORDS[cells.field.kind][0]),
    "readings": _describe_readings,
    "serial_readings": _describe_serial_readings,
    "shown": lambda cells: cells.raw.displayed[cells.field.name].take(pa.array(cells.rows)),
}
"""Facts of cells, by the names that the catalogue gives them."""


@dataclass(frozen=True)
class FailedRows:
    """The rows of one table that failed one rule.

    Attributes:
        rule: that failed.
        rows: the failing rows.
        inputs: typed and derived columns of all tables.
        requirements: what the sheets are checked against.
    """

    rule: Rule
    rows: Positions
    inputs: RuleInputs
    requirements: Requirements

    @property
    def frame(self) -> pd.DataFrame:
        """Typed and derived columns of the table."""
        return self.inputs.frames[self.rule.table]

    @property
    def currency(self) -> Texts:
        """Per row the currency of its invoice."""
        positions = self.rows
        if self.rule.table != "invoices":
            positions = self.inputs.get_invoice_positions(self.rule.table)[self.rows]
        return pc.take(
            arrow_column(self.inputs.frames["invoices"]["effective_currency"]), pa.array(positions)
        )

    def take(self, column: str) -> ArrowColumn:
        """Return a column of the failing rows.

        Args:
            column: typed or derived.
        """
        return pc.take(arrow_column(self.frame[column]), pa.array(self.rows))

    def get_fact(self, source: FactSource) -> Fact:
        """Return a fact.

        Args:
            source: where it comes from.
        """
        if isinstance(source, Computation):
            return _COMPUTATIONS[source](self)
        if isinstance(source, str):
            return _format_values(self.take(source))
        return source(self.requirements.rule_settings)


def collect_rule_facts(failed: FailedRows) -> dict[str, Fact]:
    """Return the facts for the sentence about rows that failed a rule.

    Args:
        failed: the failing rows.
    """
    return {name: failed.get_fact(source) for name, source in failed.rule.facts.items()}


def _describe_decimals(failed: FailedRows) -> Texts:
    return pc.take(pa.array(list(map(translate, DECIMALS_WORDS))), failed.take("digits"))


def _format_rounded(failed: FailedRows) -> Texts:
    """Write the amounts as a cell would show them with the decimals of their currency."""
    digits = failed.take("digits")
    amounts = money.round_amounts(failed.take(failed.rule.field), digits)
    pairs = zip(amounts.to_pylist(), digits.to_pylist(), strict=True)
    return pa.array([f"{amount:.{places}f}" for amount, places in pairs], pa.string())


def _format_product(failed: FailedRows) -> Texts:
    product = money.format_amounts(failed.take("product"), failed.take("digits"))
    return pc.fill_null(product, translate("longer than an amount may be"))


def _format_total(failed: FailedRows) -> Texts:
    digits: Integers = money.get_currency_digits(failed.take("effective_currency"))
    return money.format_amounts(failed.take("total"), digits)


def _get_typed_amounts(failed: FailedRows) -> Texts:
    """Return the amounts as they are in the sheet; if a cell is blank, as they were computed."""
    computed = money.format_amounts(failed.take("effective_amount"), failed.take("digits"))
    raw = failed.inputs.raw.tables[failed.rule.table].frame
    if "amount" not in raw:
        return computed
    texts = decode_dictionary(pc.take(arrow_column(raw["amount"]), pa.array(failed.rows)))
    return pc.if_else(pc.equal(texts, ""), computed, texts)


def _describe_number_form(failed: FailedRows) -> str:
    pattern = failed.requirements.tables["invoices"]["invoice_number"].pattern
    return translate(pattern.description) if pattern else ""


def _suggest_references(failed: FailedRows) -> Texts:
    """Suggest the nearest reference that an invoice has."""
    known = decode_dictionary(arrow_column(failed.inputs.frames["invoices"]["invoice_ref"]))
    return _ask_nearest(decode_dictionary(failed.take("invoice_ref")), known.unique().to_pylist())


def _explain_missing_customer(failed: FailedRows) -> Texts:
    listed = translate("the account list has none for its account")
    unlisted = translate("no account list is loaded to look it up")
    nothing = translate("nothing that an account list could look up")
    return pc.if_else(
        failed.take("account_named"), listed if failed.requirements.accounts else unlisted, nothing
    )


_COMPUTATIONS: Mapping[Computation, Callable[[FailedRows], Fact]] = {
    Computation.CURRENCY: lambda failed: failed.currency,
    Computation.CURRENCY_DECIMALS: _describe_decimals,
    Computation.ROUNDED_AMOUNT: _format_rounded,
    Computation.PRODUCT: _format_product,
    Computation.TOTAL: _format_total,
    Computation.TYPED_AMOUNT: _get_typed_amounts,
    Computation.NUMBER_FORM: _describe_number_form,
    Computation.NEAR_REFERENCE: _suggest_references,
    Computation.NEAR_ACCOUNT: lambda failed: failed.inputs.accounts.suggest_keys(
        failed.rule.field, failed.rows
    ),
    Computation.NAMED_ACCOUNTS: lambda failed: failed.inputs.accounts.describe_accounts(failed.rows),
    Computation.NO_CUSTOMER_REASON: _explain_missing_customer,
}


def _format_values(values: ArrowColumn) -> Texts:
    """Write values as a person reads them."""
    if pa.types.is_decimal(values.type):
        decimals: Decimals = values
        return money.format_plain(decimals)
    return pc.cast(values, pa.string())


def _ask_nearest(values: Texts, known: Collection[str | None]) -> Texts:
    """Ask per value whether the nearest of some names was meant; only for the first distinct values."""
    texts = values.dictionary_encode()
    distinct = texts.dictionary.to_pylist()
    # a suggestion compares with every known name, so the number of questions is limited
    near = KnownNames(_drop_blank(known)).find_nearest(distinct[:_MAX_SUGGESTED])
    sentences = pa.array([suggest_near(text, near.get(text, "")) for text in distinct], pa.string())
    return pc.take(sentences, texts.indices)


def _drop_blank(names: Collection[str | None]) -> Iterable[str]:
    return (name for name in names if name)
