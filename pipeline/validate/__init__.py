"""Stage 2: raw sheets become typed sheets, and every fault of every cell and row is found in one pass.

Input: `RawSheets`. Output: `ValidSheets` with all rows (a faulty row is needed for the books) and the
`Issues` that say which invoices fall. It never changes a value, never reads a file, a clock or a setting of
the environment, and judges no cell itself: every judgement is a check of a compiled pandera schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.issues import CATALOGUE, Findings, Issues, Level, found
from pipeline.language import threads
from pipeline.model import Mask, RawSheets, RawTable, ValidSheets
from pipeline.validate import facts, typed, words
from pipeline.validate.demands import Demands
from pipeline.validate.totals import differences
from schemas.beside import BESIDE
from schemas.columns import series
from schemas.dates import DateFormat
from schemas.fields import Field, Table
from schemas.numbers import NumberFormat
from schemas.tables import TABLES
from schemas.terms import Rule, Terms

_OF_THE_SHEET = (("E308", "invoices"), ("E322", "invoices"), ("E309", "items"))
"""Rules about another sheet, and that sheet."""

if TYPE_CHECKING:
    from schemas.frames import Failure


def warm_up() -> None:
    """Load pandera, which takes a second: the conductor lets it happen while the files are read."""
    from schemas import frames

    table = TABLES[0]
    name = table.key[0]
    schema = frames.text_schema(table, [name], [], astral=False, dates=DateFormat())
    list(frames.failures(schema, pd.DataFrame({name: series(pa.array([""]))})))


def validate(raw: RawSheets, demands: Demands) -> tuple[ValidSheets, Issues]:
    """Judge and type every row.

    Args:
        raw: as read.
        demands: what the sheets are held against.

    Returns:
        ok: every row, typed; the conductor keeps the whole invoices that no error falls on.
        issues: one a bad cell or failed rule, ordered by table, column and row.
    """
    tables = {name: each for name, each in demands.tables.items() if _asked(each, raw)}
    cells = {name: typed.prepared(raw.tables[name], table, demands.numbers) for name, table in tables.items()}
    texts = {name: _text_findings(raw.tables[name], cells[name], demands) for name in tables}
    unread = {name: _unread(texts[name], raw.tables[name]) for name in tables}
    values = {
        name: typed.frame(table, cells[name], unread[name], demands.dates) for name, table in tables.items()
    }
    gathered = facts.gather(raw, cells, values, unread, demands)
    ok = ValidSheets(
        raw,
        values["invoices"].assign(effective_currency=gathered.column("invoices", "effective_currency")),
        values["items"].assign(effective_amount=gathered.column("items", "effective_amount")),
        unread,
        gathered.parent,
        gathered.digits,
        pd.DataFrame({"customer_id": series(gathered.accounts.customer_id)}, index=values["invoices"].index),
        gathered.branches,
    )
    judged = [
        each
        for name in tables
        for each in _value_findings(name, gathered, unread[name], texts[name], demands)
    ]
    totals = tuple(differences(raw, demands.tables, values, unread, demands.numbers))
    return ok, found([*(each for some in texts.values() for each in some), *judged]) + Issues(sheets=totals)


def _asked(table: Table, raw: RawSheets) -> bool:
    """A sheet that a file may come without costs nothing where it is not there."""
    return not table.optional or len(raw.tables[table.name]) > 0 or table.name in facts.TRUNK


def check_table(
    raw: RawTable, table: Table, dates: DateFormat, numbers: NumberFormat
) -> tuple[pd.DataFrame, Issues]:
    """Judge and type one table on its own, without rules across rows: a catalog, say.

    Args:
        raw: the table as read.
        table: its declaration.
        dates: how text dates are written.
        numbers: how texts write numbers.
    """
    cells = typed.prepared(raw, table, numbers)
    texts = _findings(table, raw, cells, dates, numbers, astral=True)
    unread = _unread(texts, raw)
    return typed.frame(table, cells, unread, dates), found(texts)


def _text_findings(raw: RawTable, cells: pd.DataFrame, demands: Demands) -> list[Findings]:
    return _findings(
        demands.tables[raw.name], raw, cells, demands.dates, demands.numbers, astral=demands.projection.astral
    )


def _findings(
    table: Table,
    raw: RawTable,
    cells: pd.DataFrame,
    dates: DateFormat,
    numbers: NumberFormat,
    *,
    astral: bool,
) -> list[Findings]:
    """The failures of the cells as text, column after column, some columns side by side."""
    from schemas import frames

    def of_column(name: str) -> list[Findings]:
        beside = [name + each for each in BESIDE if name + each in cells]
        schema = frames.text_schema(table, [name], beside, astral=astral, dates=dates)
        mine = [*beside, name]
        return _of_column(table[name], raw, list(frames.failures(schema, cells[mine])), dates, numbers)

    with threads() as side_by_side:
        return [each for some in side_by_side.map(of_column, raw.fields) for each in some]


def _of_column(
    field: Field,
    raw: RawTable,
    failures: list[Failure],
    dates: DateFormat,
    numbers: NumberFormat,
) -> list[Findings]:
    """The failures of one column; a cell counts under the first check that it fails."""
    made = []
    seen = np.zeros(len(raw), bool)
    seen[raw.ragged] = True  # told as ragged; what its cells hold cannot be told
    for failure in failures:
        rows = failure.rows[~seen[failure.rows]]
        seen[rows] = True
        facts = words.of_cell(failure.code, field, raw, rows, dates, numbers)
        made.append(Findings(failure.code, raw.name, field.name, rows, facts=facts))
    return made


def _unread(findings: list[Findings], raw: RawTable) -> dict[str, Mask]:
    """Per field, the rows whose cell could not be read; of a ragged row, every cell."""
    masks = _rows_by_field(findings, len(raw))
    if len(raw.ragged):
        for name in raw.fields:
            masks.setdefault(name, np.zeros(len(raw), bool))[raw.ragged] = True
    return masks


def _rows_by_field(findings: list[Findings], rows: int) -> dict[str, Mask]:
    """Per field, the rows that a finding stands on."""
    masks: dict[str, Mask] = {}
    for each in findings:
        masks.setdefault(each.field, np.zeros(rows, bool))[each.rows] = True
    return masks


def _value_findings(
    name: str, gathered: facts.Facts, unread: Mapping[str, Mask], texts: list[Findings], demands: Demands
) -> Iterator[Findings]:
    """The failures of values and rules; unknown where a cell they need could not be read."""
    applied = [
        each
        for each in demands.rules(name)
        if each.code not in _said_of_the_sheet(gathered.raw)
        and (not each.beside or each.beside in gathered.frames)
    ]
    needs = {(rule.code, rule.field): rule.needs for rule in applied}
    rows_in = len(gathered.frames[name])
    reported = _rows_by_field(texts, rows_in)
    unknown_cells = dict(unread)
    for failure in _value_failures(demands.tables[name], gathered, applied, demands.terms):
        asked = needs.get((failure.code, failure.field))
        unknown = [unknown_cells[each] for each in asked or () if each in unknown_cells]
        if failure.field:
            unknown.append(reported.setdefault(failure.field, np.zeros(rows_in, bool)))
        rows = failure.rows
        for mask in unknown:
            rows = rows[~mask[rows]]
        if failure.field and CATALOGUE[failure.code].level is Level.ERROR:  # a warning hides no error
            reported[failure.field][rows] = True
        if asked is None:  # a value that cannot be meant: rules that need the cell are not asked
            unknown_cells[failure.field] = reported[failure.field].copy()
        yield words.of_rule(failure.code, name, failure.field, rows, gathered, demands)


def _said_of_the_sheet(raw: RawSheets) -> set[str]:
    """Rules that every row would fail because the other sheet is missing or empty: that is told once, of it."""
    return {code for code, other in _OF_THE_SHEET if not len(raw.tables[other])}


def _value_failures(table: Table, gathered: facts.Facts, applied: list[Rule], terms: Terms) -> list[Failure]:
    """Every column's values and every rule, some side by side; in the order of declaration."""
    from schemas import frames

    frame = gathered.frames[table.name]
    parts = [([name], frames.value_schema(table, [name], [], terms)) for name in gathered.found[table.name]]
    parts += [
        (list(dict.fromkeys((*rule.needs, *rule.uses))), frames.value_schema(table, [], [rule], terms))
        for rule in applied
    ]

    def judged(part: tuple[list[str], Any]) -> list[Failure]:
        columns, schema = part
        return list(frames.failures(schema, frame[columns]))

    with threads() as side_by_side:
        return [each for some in side_by_side.map(judged, parts) for each in some]
