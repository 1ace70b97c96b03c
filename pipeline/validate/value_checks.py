"""Checks of typed values and of the rules that a target names.

In: typed and derived columns, and the cells that could not be read.
Out: `Findings` by column and rule.
Never: an answer where a cell that a rule needs is unknown: unknown does not fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.issues import CATALOGUE, Findings, Level
from pipeline.model.indices import Mask, Positions
from pipeline.process import open_thread_pool
from pipeline.validate.cell_checks import mark_rows_by_field
from pipeline.validate.derived_columns import RuleInputs
from pipeline.validate.issue_facts import FailedCells, FailedRows, collect_cell_facts, collect_rule_facts
from pipeline.validate.requirements import Requirements
from schemas.fields import Table
from schemas.rule import Rule, RuleSettings

if TYPE_CHECKING:
    from schemas.pandera_schemas import Failure


class _CheckedColumns(NamedTuple):
    """A part of a table's checks: the columns that they read, and their pandera schema."""

    columns: list[str]
    schema: Any


class _CellStates:
    """What is known of the cells of a table while its failures are collected."""

    def __init__(self, unreadable: Mapping[str, Mask], findings: list[Findings], row_count: int) -> None:
        self._unknown = dict(unreadable)
        self._reported = mark_rows_by_field(findings, row_count)
        self._row_count = row_count

    def keep_known(self, failure: Failure, rule: Rule | None) -> npt.NDArray[np.int64]:
        """Return the failing rows whose cells are known and whose shown cell has no error yet.

        Args:
            failure: of a rule, or of a check of the value.
            rule: the rule that failed; None for a check of the value.
        """
        masks = [self._unknown[field] for field in rule.inputs if field in self._unknown] if rule else []
        if failure.field:
            masks.append(self._get_reported(failure.field))
        rows = failure.rows
        for mask in masks:
            rows = rows[~mask[rows]]
        return rows

    def record(self, failure: Failure, rule: Rule | None, rows: Positions) -> None:
        """Record that rows are reported.

        Args:
            failure: of a rule, or of a check of the value.
            rule: the rule that failed; None for a check of the value.
            rows: that are reported.
        """
        if not failure.field:
            return
        if CATALOGUE[failure.code].level is Level.ERROR:  # a warning hides no error
            self._get_reported(failure.field)[rows] = True
        if rule is None:  # an implausible value: rules that need the cell are skipped
            # a copy, since later findings report the cell without making it unknown
            self._unknown[failure.field] = self._get_reported(failure.field).copy()

    def _get_reported(self, field: str) -> Mask:
        return self._reported.setdefault(field, np.zeros(self._row_count, bool))


def check_values(
    table: Table,
    inputs: RuleInputs,
    unreadable: Mapping[str, Mask],
    findings: list[Findings],
    requirements: Requirements,
) -> Iterator[Findings]:
    """Yield the failures of values and rules of a table, in the order of declaration.

    Args:
        table: its declaration.
        inputs: typed and derived columns.
        unreadable: per field a mask of the rows whose cell could not be read.
        findings: of the cells as text.
        requirements: what the sheets are checked against.
    """
    settings = requirements.rule_settings
    rules = [rule for rule in requirements.get_rules(table.name) if _can_apply(rule, inputs)]
    # a failure brings back the name of its check alone: code and field
    rules_by_check = {(rule.get_code(settings), rule.field): rule for rule in rules}
    states = _CellStates(unreadable, findings, len(inputs.frames[table.name]))
    for failure in _collect_failures(table, inputs, rules, settings):
        rule = rules_by_check.get((failure.code, failure.field))
        rows = states.keep_known(failure, rule)
        states.record(failure, rule, rows)
        if rule:
            yield _build_rule_findings(failure.code, FailedRows(rule, rows, inputs, requirements))
        else:
            cells = FailedCells(
                table[failure.field],
                inputs.raw.tables[table.name],
                rows,
                requirements.date_format,
                requirements.number_format,
            )
            facts = collect_cell_facts(failure.code, cells)
            yield Findings(failure.code, table.name, failure.field, rows, facts=facts)


def _build_rule_findings(code: str, failed: FailedRows) -> Findings:
    rule = failed.rule
    values = failed.get_fact(rule.value) if rule.value is not None else None
    return Findings(code, rule.table, rule.field, failed.rows, values, collect_rule_facts(failed))


def _can_apply(rule: Rule, inputs: RuleInputs) -> bool:
    """Return whether the other table that a rule is about has rows.

    Without them every row would fail, and the missing or empty sheet is reported once already.
    """
    table = rule.only_with
    return not table or (table in inputs.frames and len(inputs.raw.tables[table]) > 0)


def _collect_failures(
    table: Table, inputs: RuleInputs, rules: list[Rule], settings: RuleSettings
) -> list[Failure]:
    """Run every check of values and every rule, several in parallel."""
    from schemas import pandera_schemas

    frame = inputs.frames[table.name]
    parts = [
        _CheckedColumns([name], pandera_schemas.build_value_schema(table, [name], [], settings))
        for name in inputs.present_fields[table.name]
    ]
    parts += [
        _CheckedColumns(rule.columns, pandera_schemas.build_value_schema(table, [], [rule], settings))
        for rule in rules
    ]

    def check_part(part: _CheckedColumns) -> list[Failure]:
        return list(pandera_schemas.iter_failures(part.schema, frame[part.columns]))

    failures = []
    with open_thread_pool() as pool:
        for part_failures in pool.map(check_part, parts):
            failures += part_failures
    return failures
