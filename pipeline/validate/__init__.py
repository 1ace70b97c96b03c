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

from pipeline.issues import CATALOGUE, Findings, Issues, Level, collect_findings
from pipeline.model.indices import Mask
from pipeline.model.sheets import RawSheets, RawTable
from pipeline.model.valid import ValidSheets
from pipeline.process import open_thread_pool
from pipeline.validate import derived_columns, issue_facts, parse_columns
from pipeline.validate.requirements import Requirements
from pipeline.validate.totals_check import check_totals
from schemas.arrow.columns import to_series
from schemas.cell_facts import FACT_SUFFIXES
from schemas.fields import Field, Table
from schemas.notation.dates import DateNotation
from schemas.notation.numbers import NumberNotation
from schemas.rule import Rule, RuleSettings
from schemas.tables import TABLES

_SKIPPED_WITHOUT = (("E308", "invoices"), ("E322", "invoices"), ("E309", "items"))
"""Rules about another sheet, and that sheet."""

if TYPE_CHECKING:
    from schemas.pandera_schemas import Failure


def load_pandera() -> None:
    """Load pandera, which takes a second: the conductor lets it happen while the files are read."""
    from schemas import pandera_schemas

    table = TABLES[0]
    name = table.key[0]
    schema = pandera_schemas.build_text_schema(
        table, [name], [], allow_astral=False, date_notation=DateNotation()
    )
    list(pandera_schemas.iter_failures(schema, pd.DataFrame({name: to_series(pa.array([""]))})))


def validate(raw: RawSheets, requirements: Requirements) -> tuple[ValidSheets, Issues]:
    """Judge and type every row.

    Args:
        raw: as read.
        requirements: what the sheets are held against.

    Returns:
        ok: every row, typed; the conductor keeps the whole invoices that no error falls on.
        issues: one a bad cell or failed rule, ordered by table, column and row.
    """
    tables = {name: table for name, table in requirements.tables.items() if _is_used(table, raw)}
    cells = {
        name: parse_columns.prepare_cells(raw.tables[name], table, requirements.number_format)
        for name, table in tables.items()
    }
    texts = {name: _check_texts(raw.tables[name], cells[name], requirements) for name in tables}
    unreadable = {name: _mark_unreadable(texts[name], raw.tables[name]) for name in tables}
    values = {
        name: parse_columns.parse_table(table, cells[name], unreadable[name], requirements.date_format)
        for name, table in tables.items()
    }
    derived = derived_columns.derive_columns(raw, cells, values, unreadable, requirements)
    customers = to_series(derived.accounts.customer_id)
    valid = ValidSheets(
        raw=raw,
        invoices=values["invoices"].assign(
            effective_currency=derived.get_column("invoices", "effective_currency")
        ),
        items=values["items"].assign(effective_amount=derived.get_column("items", "effective_amount")),
        unread_masks=unreadable,
        invoice_of_item=derived.parent,
        digits=derived.digits,
        accounts=pd.DataFrame({"customer_id": customers}, index=values["invoices"].index),
        children=derived.children,
    )
    value_findings = [
        finding
        for name in tables
        for finding in _check_values(name, derived, unreadable[name], texts[name], requirements)
    ]
    total_issues = tuple(
        check_totals(raw, requirements.tables, values, unreadable, requirements.number_format)
    )
    return valid, collect_findings(
        [*(finding for column_findings in texts.values() for finding in column_findings), *value_findings]
    ) + Issues(sheet_issues=total_issues)


def _is_used(table: Table, raw: RawSheets) -> bool:
    """A sheet that a file may come without costs nothing where it is not there."""
    return (
        not table.optional or len(raw.tables[table.name]) > 0 or table.name in derived_columns.PARENT_TABLES
    )


def check_table(
    raw: RawTable, table: Table, dates: DateNotation, numbers: NumberNotation
) -> tuple[pd.DataFrame, Issues]:
    """Judge and type one table on its own, without rules across rows: a catalog, say.

    Args:
        raw: the table as read.
        table: its declaration.
        dates: how text dates are written.
        numbers: how texts write numbers.
    """
    cells = parse_columns.prepare_cells(raw, table, numbers)
    texts = _check_text_columns(table, raw, cells, dates, numbers, astral=True)
    unreadable = _mark_unreadable(texts, raw)
    return parse_columns.parse_table(table, cells, unreadable, dates), collect_findings(texts)


def _check_texts(raw: RawTable, cells: pd.DataFrame, requirements: Requirements) -> list[Findings]:
    return _check_text_columns(
        requirements.tables[raw.name],
        raw,
        cells,
        requirements.date_format,
        requirements.number_format,
        astral=requirements.projection.allow_astral,
    )


def _check_text_columns(
    table: Table,
    raw: RawTable,
    cells: pd.DataFrame,
    dates: DateNotation,
    numbers: NumberNotation,
    *,
    astral: bool,
) -> list[Findings]:
    """The failures of the cells as text, column after column, some columns side by side."""
    from schemas import pandera_schemas

    def check_column(name: str) -> list[Findings]:
        fact_columns = [name + suffix for suffix in FACT_SUFFIXES if name + suffix in cells]
        schema = pandera_schemas.build_text_schema(
            table, [name], fact_columns, allow_astral=astral, date_notation=dates
        )
        columns = [*fact_columns, name]
        return _collect_column_findings(
            table[name], raw, list(pandera_schemas.iter_failures(schema, cells[columns])), dates, numbers
        )

    with open_thread_pool() as pool:
        return [
            finding for column_findings in pool.map(check_column, raw.fields) for finding in column_findings
        ]


def _collect_column_findings(
    field: Field,
    raw: RawTable,
    failures: list[Failure],
    dates: DateNotation,
    numbers: NumberNotation,
) -> list[Findings]:
    """The failures of one column; a cell counts under the first check that it fails."""
    findings = []
    reported = np.zeros(len(raw), bool)
    reported[raw.ragged_rows] = True  # told as ragged; what its cells hold cannot be told
    for failure in failures:
        rows = failure.rows[~reported[failure.rows]]
        reported[rows] = True
        facts = issue_facts.collect_cell_facts(failure.code, field, raw, rows, dates, numbers)
        findings.append(Findings(failure.code, raw.name, field.name, rows, facts=facts))
    return findings


def _mark_unreadable(findings: list[Findings], raw: RawTable) -> dict[str, Mask]:
    """Per field, the rows whose cell could not be read; of a ragged row, every cell."""
    masks = _mark_rows_by_field(findings, len(raw))
    if len(raw.ragged_rows):
        for name in raw.fields:
            masks.setdefault(name, np.zeros(len(raw), bool))[raw.ragged_rows] = True
    return masks


def _mark_rows_by_field(findings: list[Findings], rows: int) -> dict[str, Mask]:
    """Per field, the rows that a finding stands on."""
    masks: dict[str, Mask] = {}
    for finding in findings:
        masks.setdefault(finding.field, np.zeros(rows, bool))[finding.rows] = True
    return masks


def _check_values(
    name: str,
    derived: derived_columns.RuleInputs,
    unreadable: Mapping[str, Mask],
    texts: list[Findings],
    requirements: Requirements,
) -> Iterator[Findings]:
    """The failures of values and rules; unknown where a cell they need could not be read."""
    rules = [
        rule
        for rule in requirements.get_rules(name)
        if rule.code not in _find_skipped_codes(derived.raw)
        and (not rule.only_with or rule.only_with in derived.frames)
    ]
    inputs = {(rule.code, rule.field): rule.inputs for rule in rules}
    row_count = len(derived.frames[name])
    reported = _mark_rows_by_field(texts, row_count)
    unknown_cells = dict(unreadable)
    for failure in _collect_failures(requirements.tables[name], derived, rules, requirements.rule_settings):
        rule_inputs = inputs.get((failure.code, failure.field))
        unknown_masks = [unknown_cells[field] for field in rule_inputs or () if field in unknown_cells]
        if failure.field:
            unknown_masks.append(reported.setdefault(failure.field, np.zeros(row_count, bool)))
        rows = failure.rows
        for mask in unknown_masks:
            rows = rows[~mask[rows]]
        if failure.field and CATALOGUE[failure.code].level is Level.ERROR:  # a warning hides no error
            reported[failure.field][rows] = True
        if rule_inputs is None:  # a value that cannot be meant: rules that need the cell are not asked
            unknown_cells[failure.field] = reported[failure.field].copy()
        yield issue_facts.build_rule_findings(failure.code, name, failure.field, rows, derived, requirements)


def _find_skipped_codes(raw: RawSheets) -> set[str]:
    """Rules that every row would fail because the other sheet is missing or empty: that is told once, of it."""
    return {code for code, sheet in _SKIPPED_WITHOUT if not len(raw.tables[sheet])}


def _collect_failures(
    table: Table, derived: derived_columns.RuleInputs, rules: list[Rule], settings: RuleSettings
) -> list[Failure]:
    """Every column's values and every rule, some side by side; in the order of declaration."""
    from schemas import pandera_schemas

    frame = derived.frames[table.name]
    parts = [
        ([name], pandera_schemas.build_value_schema(table, [name], [], settings))
        for name in derived.present_fields[table.name]
    ]
    parts += [
        (
            list(dict.fromkeys((*rule.inputs, *rule.derived))),
            pandera_schemas.build_value_schema(table, [], [rule], settings),
        )
        for rule in rules
    ]

    def check_part(part: tuple[list[str], Any]) -> list[Failure]:
        columns, schema = part
        return list(pandera_schemas.iter_failures(schema, frame[columns]))

    with open_thread_pool() as pool:
        return [failure for failures in pool.map(check_part, parts) for failure in failures]
