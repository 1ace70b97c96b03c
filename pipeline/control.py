"""Control totals: what the preparer expected against what was read. A difference is told in money.

Input: the Control sheet as typed cells, the flags of the command, and what came in. Output: a `Control`: each
expectation with what was found, and the issues. Pure. It never reads a formula's result for an expectation:
that would agree with whatever stands in the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.balance import Share
from pipeline.errors import UsageError
from pipeline.issues import Findings, Issues, SheetIssue
from pipeline.language import counted, figure, say
from pipeline.model import Positions, RawSheets
from schemas.columns import cells_of, plain
from schemas.control import AMOUNT, CONTROL, INVOICES, ITEMS
from schemas.currencies import DIGITS
from schemas.money import with_digits

_COUNTS = {"invoices": INVOICES, "items": ITEMS}
_COUNT = re.compile(r"(?:(\w+)=)?([0-9]{1,15})")
_TOTAL = re.compile(r"([A-Z]{3})=(-?[0-9]{1,15}(?:\.[0-9]{1,4})?)")


NO_ISSUES = Issues()


class Place(NamedTuple):
    """Where an expectation stands; of a flag only the command line."""

    source: str
    sheet: str = ""
    row: int = 0
    column: str = ""


class Expected(NamedTuple):
    """One expectation: a number of invoices or items, or the amount in a currency."""

    measure: str
    currency: str
    number: Decimal
    place: Place


class Compared(NamedTuple):
    """An expectation beside what was read; the amounts of some items may be unknown."""

    expected: Expected
    found: Decimal
    unread: int

    @property
    def difference(self) -> Decimal:
        """What was read less what was expected."""
        return self.found - self.expected.number

    @property
    def holds(self) -> bool:
        """Whether both are the same, and all of it is known."""
        return not self.difference and not self.unread


@dataclass(frozen=True)
class Control:
    """What became of the preparer's expectations.

    Attributes:
        compared: each of them beside what was read.
        issues: differences, and expectations that cannot be used.
        missing: expectations were demanded, or would be good to have, and there are none: `demanded`,
            `recommended`, or empty.
    """

    compared: tuple[Compared, ...] = ()
    issues: Issues = NO_ISSUES
    missing: str = ""

    @property
    def holds(self) -> bool:
        """Whether everything may go on."""
        return not any(self.issues.errors)


def from_flags(counts: Sequence[str], totals: Sequence[str]) -> list[Expected]:
    """The expectations of the command line: `3`, `items=10`, `USD=1234.56`.

    Raises:
        UsageError: one of them makes no sense.
    """
    return [*map(_count, counts), *map(_total, totals)]


def _count(text: str) -> Expected:
    parts = _COUNT.fullmatch(text)
    measure = _COUNTS.get(parts[1] or "invoices") if parts else None
    if not parts or not measure:
        raise UsageError(
            say(
                "--expect-count is {value}: a whole number is needed, or items=12, or invoices=3.",
                value=repr(text),
            )
        )
    return Expected(measure, "", Decimal(parts[2]), Place(say("the command line")))


def _total(text: str) -> Expected:
    parts = _TOTAL.fullmatch(text)
    if not parts or parts[1] not in DIGITS:
        raise UsageError(
            say(
                "--expect-total is {value}: a currency and a plain number are needed, like USD=1234.56.",
                value=repr(text),
            )
        )
    return Expected(AMOUNT, parts[1], Decimal(parts[2]), Place(say("the command line")))


def from_sheet(raw: RawSheets, typed: pd.DataFrame, formulas: Positions) -> tuple[list[Expected], Issues]:
    """The expectations typed into Control sheets and control files.

    Args:
        raw: the sheets as read.
        typed: the rows of the table `control`, typed.
        formulas: its rows whose expected cell holds a formula.

    Returns:
        ok: what can be used.
        issues: formulas, and rows that do not say what they expect.
    """
    rows = list(_rows(typed))
    given = [at for at, (measure, _, number) in enumerate(rows) if measure and number is not None]
    computed = np.intersect1d(formulas, np.array(given, np.int64)).astype(np.int64)
    unclear = [at for at in given if (rows[at][0] == AMOUNT) != bool(rows[at][1])]
    issues = Issues(
        tuple(
            Findings(code, CONTROL.name, field, np.array(found, np.int64))
            for code, field, found in (("E602", "expected", computed), ("E603", "currency", unclear))
            if len(found)
        )
    )
    usable = [at for at in given if at not in set(unclear) | set(computed.tolist())]
    return [Expected(*_said(rows[at]), _place(raw, at)) for at in usable], issues


def _rows(typed: pd.DataFrame) -> Iterator[tuple[str, str, Decimal | None]]:
    columns = [
        plain(cells_of(typed[name])).to_pylist() if name in typed else [None] * len(typed)
        for name in ("measure", "currency", "expected")
    ]
    for measure, currency, number in zip(*columns, strict=True):
        yield measure or "", currency or "", number


def _said(row: tuple[str, str, Decimal | None]) -> tuple[str, str, Decimal]:
    measure, currency, number = row
    return measure, currency, Decimal(0) if number is None else number


def _place(raw: RawSheets, at: int) -> Place:
    table = raw.tables[CONTROL.name]
    sheet = table.sheets[table.sheet_of[at]]
    column = next((each.letter for each in sheet.columns if each.field == "expected"), "")
    return Place(raw.sources[sheet.source].name, sheet.name, int(table.row_of[at]), column)


def compared(expected: Iterable[Expected], came_in: Share, faults: Issues, missing: str) -> Control:
    """Hold the expectations against what came in.

    Args:
        expected: from flags and sheets.
        came_in: invoices, items and money as read.
        faults: what is wrong with the expectations themselves.
        missing: what it means that there are none.
    """
    both = tuple(_beside(each, came_in) for each in expected)
    differences = tuple(_issue(each) for each in both if not each.holds)
    missing = "" if both or faults.errors else missing
    demanded = (SheetIssue("E604", say("the command line")),) if missing == "demanded" else ()
    return Control(both, faults + Issues(sheets=(*differences, *demanded)), missing)


def _beside(expected: Expected, came_in: Share) -> Compared:
    if expected.measure == AMOUNT:
        return Compared(expected, came_in.money.get(expected.currency, Decimal(0)), came_in.unread)
    found = came_in.invoices if expected.measure == INVOICES else came_in.items
    return Compared(expected, Decimal(found), 0)


def _issue(both: Compared) -> SheetIssue:
    expected, place = both.expected, both.expected.place
    facts = {
        "header": "",
        "measure": say(expected.measure),
        "of": f" {expected.currency}" if expected.currency else "",
        "expected": shown(expected.number, expected.currency),
        "found": shown(both.found, expected.currency),
        "difference": _words(both),
    }
    value = written(expected.number, expected.currency)
    return SheetIssue("E601", place.source, place.sheet, place.row, place.column, value, facts)


def _words(both: Compared) -> str:
    """The difference, as one would say it."""
    size = shown(abs(both.difference), both.expected.currency)
    if both.unread:
        return counted(
            both.unread,
            "{difference} apart, and the amount of {count} item is unknown",
            "{difference} apart, and the amounts of {count} items are unknown",
            difference=size,
        )
    return say("{difference} too many" if both.difference > 0 else "{difference} missing", difference=size)


def shown(number: Decimal, currency: str) -> str:
    """A number as a person reads it, with the decimals of its currency."""
    return figure(Decimal(written(number, currency)))


def written(number: Decimal, currency: str) -> str:
    """A number for programs, with the decimals of its currency."""
    return with_digits(number, currency) if currency else f"{number.normalize():f}"


def versions(raw: RawSheets, typed: pd.DataFrame, current: str) -> Issues:
    """A warning for each workbook that was made from another template than the current one.

    Args:
        raw: the sheets as read.
        typed: the rows of the table `control`, typed.
        current: the name of the template as it is now.
    """
    if "template" not in typed:
        return Issues()
    made = plain(cells_of(typed["template"])).to_pylist()
    old = np.array([at for at, each in enumerate(made) if each and each != current], np.int64)
    facts = {"current": current}
    return Issues((Findings("W601", CONTROL.name, "template", old, facts=facts),) if len(old) else ())
