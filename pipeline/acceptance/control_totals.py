"""Control totals: the counts and amounts that the preparer expects, compared with what was read.

In: the Control sheet as typed cells, the flags of the command, and the counts and amounts of the input.
Out: a `ControlResult`: each expectation with its actual number, and the issues.
Never: takes a formula's result for an expectation: it would agree with whatever is in the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.acceptance.balance import Share
from pipeline.errors import UsageError
from pipeline.i18n import format_number, translate, translate_count
from pipeline.issues import Findings, Issues, SheetIssue
from pipeline.model.indices import Positions
from pipeline.model.sheets import RawSheets
from schemas.arrow.columns import decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.arrow.money import format_money
from schemas.control import CONTROL, MEASURE_AMOUNT, MEASURE_INVOICES, MEASURE_ITEMS
from schemas.currencies import CURRENCY_DIGITS

_COUNT_MEASURES = {"invoices": MEASURE_INVOICES, "items": MEASURE_ITEMS}
_COUNT_FLAG = re.compile(r"(?:(\w+)=)?([0-9]{1,15})")
_TOTAL_FLAG = re.compile(r"([A-Z]{3})=(-?[0-9]{1,15}(?:\.[0-9]{1,4})?)")


NO_CONTROL_ISSUES = Issues()


class ExpectationPlace(NamedTuple):
    """The place of an expectation; for a flag only `source`, the command line."""

    source: str
    sheet: str = ""
    row: int = 0
    column: str = ""


class Expectation(NamedTuple):
    """One expectation: a number of invoices or items, or the amount in a currency."""

    measure: str
    currency: str
    number: Decimal
    place: ExpectationPlace


class Comparison(NamedTuple):
    """An expectation and the actual number; `unread` items have an unknown amount."""

    expected: Expectation
    actual: Decimal
    unread: int

    @property
    def difference(self) -> Decimal:
        """What was read less what was expected."""
        return self.actual - self.expected.number

    @property
    def is_met(self) -> bool:
        """Whether both are the same, and all of it is known."""
        return not self.difference and not self.unread


@dataclass(frozen=True)
class ControlResult:
    """What became of the preparer's expectations.

    Attributes:
        comparisons: each of them with what was read.
        issues: differences, and expectations that cannot be used.
        missing: expectations were demanded, or would be good to have, and there are none: `demanded`,
            `recommended`, or empty.
    """

    comparisons: tuple[Comparison, ...] = ()
    issues: Issues = NO_CONTROL_ISSUES
    missing: str = ""

    @property
    def is_passed(self) -> bool:
        """Whether everything may go on."""
        return not any(self.issues.errors)


def parse_expectation_flags(counts: Sequence[str], totals: Sequence[str]) -> list[Expectation]:
    """Parse the expectations of the command line: `3`, `items=10`, `USD=1234.56`.

    Args:
        counts: numbers of invoices or items.
        totals: amounts with their currency.

    Raises:
        UsageError: one of them cannot be parsed.
    """
    return [*map(_parse_count, counts), *map(_parse_total, totals)]


def _parse_count(text: str) -> Expectation:
    parts = _COUNT_FLAG.fullmatch(text)
    measure = _COUNT_MEASURES.get(parts[1] or "invoices") if parts else None
    if not parts or not measure:
        raise UsageError(
            translate(
                "--expect-count is {value}: a whole number is needed, or items=12, or invoices=3.",
                value=repr(text),
            )
        )
    return Expectation(measure, "", Decimal(parts[2]), ExpectationPlace(translate("the command line")))


def _parse_total(text: str) -> Expectation:
    parts = _TOTAL_FLAG.fullmatch(text)
    if not parts or parts[1] not in CURRENCY_DIGITS:
        raise UsageError(
            translate(
                "--expect-total is {value}: a currency and a plain number are needed, like USD=1234.56.",
                value=repr(text),
            )
        )
    return Expectation(
        MEASURE_AMOUNT, parts[1], Decimal(parts[2]), ExpectationPlace(translate("the command line"))
    )


def read_control_sheet(
    raw: RawSheets, typed: pd.DataFrame, formula_rows: Positions
) -> tuple[list[Expectation], Issues]:
    """Read the expectations typed into Control sheets and control files.

    Args:
        raw: the sheets as read.
        typed: the rows of the table `control`, typed.
        formula_rows: its rows whose expected cell holds a formula.

    Returns:
        The usable expectations; the issues of formulas and of rows whose measure and currency do not fit.
    """
    rows = list(_iter_control_rows(typed))
    given_rows = [row for row, (measure, _, number) in enumerate(rows) if measure and number is not None]
    computed_rows = np.intersect1d(formula_rows, np.array(given_rows, np.int64)).tolist()
    # An amount needs a currency, and a count must not have one.
    unclear_rows = [row for row in given_rows if (rows[row][0] == MEASURE_AMOUNT) != bool(rows[row][1])]
    findings = []
    for code, field, flagged_rows in (
        ("E602", "expected", computed_rows),
        ("E603", "currency", unclear_rows),
    ):
        if flagged_rows:
            findings.append(Findings(code, CONTROL.name, field, np.array(flagged_rows, np.int64)))
    unusable = {*unclear_rows, *computed_rows}
    expectations = [
        Expectation(*_require_number(rows[row]), _locate_expectation(raw, row))
        for row in given_rows
        if row not in unusable
    ]
    return expectations, Issues(tuple(findings))


def _iter_control_rows(typed: pd.DataFrame) -> Iterator[tuple[str, str, Decimal | None]]:
    columns = [
        decode_dictionary(arrow_column(typed[name])).to_pylist() if name in typed else [None] * len(typed)
        for name in ("measure", "currency", "expected")
    ]
    for measure, currency, number in zip(*columns, strict=True):
        yield measure or "", currency or "", number


def _require_number(row: tuple[str, str, Decimal | None]) -> tuple[str, str, Decimal]:
    measure, currency, number = row
    return measure, currency, Decimal(0) if number is None else number


def _locate_expectation(raw: RawSheets, position: int) -> ExpectationPlace:
    table = raw.tables[CONTROL.name]
    sheet = table.sheets[table.sheet_indices[position]]
    column = next((column.letter for column in sheet.columns if column.field == "expected"), "")
    return ExpectationPlace(
        raw.sources[sheet.source].name, sheet.name, int(table.row_numbers[position]), column
    )


def compare_totals(
    expectations: Iterable[Expectation], came_in: Share, expectation_issues: Issues, missing: str
) -> ControlResult:
    """Compare the expectations with what was read.

    Args:
        expectations: from flags and sheets.
        came_in: invoices, items and money as read.
        expectation_issues: issues of the expectations themselves.
        missing: `demanded` or `recommended`, if there should be expectations; else empty.
    """
    comparisons = tuple(_compare_expectation(expectation, came_in) for expectation in expectations)
    differences = tuple(
        _make_difference_issue(comparison) for comparison in comparisons if not comparison.is_met
    )
    missing = "" if comparisons or expectation_issues.errors else missing
    demanded_issues = (SheetIssue("E604", translate("the command line")),) if missing == "demanded" else ()
    return ControlResult(
        comparisons, expectation_issues + Issues(sheet_issues=(*differences, *demanded_issues)), missing
    )


def _compare_expectation(expectation: Expectation, came_in: Share) -> Comparison:
    if expectation.measure == MEASURE_AMOUNT:
        # an amount that could not be read may be of this currency
        return Comparison(expectation, came_in.money.get(expectation.currency, Decimal(0)), came_in.unread)
    actual = came_in.invoices if expectation.measure == MEASURE_INVOICES else came_in.items
    return Comparison(expectation, Decimal(actual), 0)


def _make_difference_issue(comparison: Comparison) -> SheetIssue:
    expected, place = comparison.expected, comparison.expected.place
    facts = {
        "header": "",
        "measure": translate(expected.measure),
        "of": f" {expected.currency}" if expected.currency else "",
        "expected": format_expected(expected.number, expected.currency),
        "found": format_expected(comparison.actual, expected.currency),
        "difference": _describe_difference(comparison),
    }
    value = encode_expected(expected.number, expected.currency)
    return SheetIssue("E601", place.source, place.sheet, place.row, place.column, value=value, facts=facts)


def _describe_difference(comparison: Comparison) -> str:
    """Return the difference as part of a sentence."""
    size = format_expected(abs(comparison.difference), comparison.expected.currency)
    if comparison.unread:
        return translate_count(
            comparison.unread,
            "{difference} apart, and the amount of {count} item is unknown",
            "{difference} apart, and the amounts of {count} items are unknown",
            difference=size,
        )
    return translate(
        "{difference} too many" if comparison.difference > 0 else "{difference} missing", difference=size
    )


def format_expected(number: Decimal, currency: str) -> str:
    """Format a number for people, with the decimals of its currency.

    Args:
        number: a count or an amount.
        currency: of the amount; empty for a count.
    """
    return format_number(Decimal(encode_expected(number, currency)))


def encode_expected(number: Decimal, currency: str) -> str:
    """Format a number for programs, with the decimals of its currency.

    Args:
        number: a count or an amount.
        currency: of the amount; empty for a count.
    """
    return format_money(number, currency) if currency else f"{number.normalize():f}"


def find_other_templates(raw: RawSheets, typed: pd.DataFrame, current_template: str) -> Issues:
    """Return a warning for each workbook that was made from another template than the current one.

    Args:
        raw: the sheets as read.
        typed: the rows of the table `control`, typed.
        current_template: the name of the template as it is now.
    """
    if "template" not in typed:
        return Issues()
    template_names = decode_dictionary(arrow_column(typed["template"])).to_pylist()
    old_rows = np.array(
        [
            row
            for row, template_name in enumerate(template_names)
            if template_name and template_name != current_template
        ],
        np.int64,
    )
    facts = {"current": current_template}
    return Issues(
        (Findings("W601", CONTROL.name, "template", old_rows, facts=facts),) if len(old_rows) else ()
    )
