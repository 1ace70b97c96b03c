"""Stage 2: type raw sheets, and find every fault of every cell and row in one pass.

In: `RawSheets`.
Out: `ValidSheets` with all rows, also the faulty ones, as balances count them, and the `Issues` that tell
which invoices are rejected.
Never: a changed value, a file, a clock, a setting of the environment, or a judgement that is not a check of a
compiled pandera schema.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from pipeline.issues import Findings, Issues, collect_findings
from pipeline.model.sheets import RawSheets, RawTable
from pipeline.model.valid import ValidSheets
from pipeline.validate.cell_checks import TextNotation, check_cells, mark_unreadable
from pipeline.validate.derived_columns import PARENT_TABLES, ReadTables, RuleInputs, derive_columns
from pipeline.validate.parse_columns import parse_table, prepare_cells
from pipeline.validate.requirements import Requirements
from pipeline.validate.totals_check import check_totals
from pipeline.validate.value_checks import check_values
from schemas.arrow.frames import to_series
from schemas.fields import Table
from schemas.notation.dates import DateNotation
from schemas.notation.numbers import NumberNotation
from schemas.tables import TABLES


def load_pandera() -> None:
    """Import pandera, which takes a second, and run one check; the flow does so while files are read."""
    from schemas import pandera_schemas

    table = TABLES[0]
    name = table.key[0]
    schema = pandera_schemas.build_text_schema(
        table, [name], [], allow_astral=False, date_notation=DateNotation()
    )
    list(pandera_schemas.iter_failures(schema, pd.DataFrame({name: to_series(pa.array([""]))})))


def validate(raw: RawSheets, requirements: Requirements) -> tuple[ValidSheets, Issues]:
    """Check and type every row.

    Args:
        raw: as read.
        requirements: what the sheets are checked against.

    Returns:
        Every row, typed, from which the flow takes the invoices without an error, and the issues: one per
        bad cell or broken rule, ordered by table, column and row.
    """
    tables = {name: table for name, table in requirements.tables.items() if _is_used(table, raw)}
    read, cell_findings = _read_tables(raw, tables, requirements)
    inputs = derive_columns(raw, read, requirements)
    findings: list[Findings] = []
    for table_findings in cell_findings.values():
        findings += table_findings
    for name, table in tables.items():
        findings += check_values(table, inputs, read.unreadable[name], cell_findings[name], requirements)
    total_issues = check_totals(raw, tables, read.values, read.unreadable, requirements.number_format)
    return _build_valid_sheets(raw, read, inputs), collect_findings(findings) + Issues(
        sheet_issues=tuple(total_issues)
    )


def _is_used(table: Table, raw: RawSheets) -> bool:
    """Return whether a table is checked: a sheet that may be missing costs nothing if it is."""
    return not table.optional or len(raw.tables[table.name]) > 0 or table.name in PARENT_TABLES


def _read_tables(
    raw: RawSheets, tables: dict[str, Table], requirements: Requirements
) -> tuple[ReadTables, dict[str, list[Findings]]]:
    """Check the cells of all tables as text, and type those that can be read."""
    numbers, dates = requirements.number_format, requirements.date_format
    notation = TextNotation(dates, numbers, requirements.projection.allow_astral)
    cells = {name: prepare_cells(raw.tables[name], table, numbers) for name, table in tables.items()}
    findings = {
        name: check_cells(table, raw.tables[name], cells[name], notation) for name, table in tables.items()
    }
    unreadable = {name: mark_unreadable(findings[name], raw.tables[name]) for name in tables}
    values = {
        name: parse_table(table, cells[name], unreadable[name], dates) for name, table in tables.items()
    }
    return ReadTables(cells, values, unreadable), findings


def _build_valid_sheets(raw: RawSheets, read: ReadTables, inputs: RuleInputs) -> ValidSheets:
    invoices, items = read.values["invoices"], read.values["items"]
    customers = to_series(inputs.accounts.customer_id)
    return ValidSheets(
        raw=raw,
        invoices=invoices.assign(effective_currency=inputs.get_column("invoices", "effective_currency")),
        items=items.assign(effective_amount=inputs.get_column("items", "effective_amount")),
        unread_masks=read.unreadable,
        invoice_of_item=inputs.parent,
        digits=inputs.digits,
        accounts=pd.DataFrame({"customer_id": customers}, index=invoices.index),
        children=inputs.children,
    )


def check_table(
    raw: RawTable, table: Table, dates: DateNotation, numbers: NumberNotation
) -> tuple[pd.DataFrame, Issues]:
    """Check and type one table on its own, without rules across rows: a catalog, for example.

    Args:
        raw: the table as read.
        table: its declaration.
        dates: how text dates are written.
        numbers: how texts write numbers.

    Returns:
        The typed frame, and the issues of its cells.
    """
    cells = prepare_cells(raw, table, numbers)
    findings = check_cells(table, raw, cells, TextNotation(dates, numbers))
    unreadable = mark_unreadable(findings, raw)
    return parse_table(table, cells, unreadable, dates), collect_findings(findings)
