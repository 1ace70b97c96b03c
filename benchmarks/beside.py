"""What stands in a made-up sheet beside data and faults: blanks, texts like formulas, rows that are no data.

Nothing here rejects an invoice. Blanks around a value are told (W201); rows that are no data are counted
under their name; a totals row is held against the rows above it (W104).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BLANKS = ((" ", ""), ("", " "), ("", "\N{NO-BREAK SPACE}"), ("\t", "  "))
"""Before and behind a value."""

FORMULAS = ("=SUM(A1:A9)", "'+49 30 1234", "@home", "-5.5", "'=1+1", "''=1+1", "#1 of 2")
"""Descriptions that a spreadsheet would run: texts like any other."""

TOTAL_WORDS = ("Subtotal", "TOTAL:", "Summe")
NOTE = "# checked by the accounts department"
EXAMPLE = "EXAMPLE"
_AT_TOP = 8


def put(column: pa.Array, at: np.ndarray, texts: pa.Array | str) -> pa.Array:
    """The column with other texts at some places.

    Args:
        column: a string array.
        at: the places, each once.
        texts: one for all, or one a place.
    """
    mask = np.zeros(len(column), bool)
    mask[at] = True
    if isinstance(texts, str):
        return pc.if_else(pa.array(mask), texts, column)
    return pc.replace_with_mask(column, pa.array(mask), texts.take(pa.array(np.argsort(at, kind="stable"))))


def blanks(rng: np.random.Generator, columns: dict[str, pa.Array], names: Sequence[str], share: float) -> int:
    """Put blanks around a share of the values of some columns, and make a share of the blank cells blanks.

    Returns:
        How many values have blanks around them.
    """
    count = 0
    for name in names:
        column = columns[name]
        at = np.flatnonzero(rng.random(len(column)) < share)
        before, behind = (pa.array(texts) for texts in zip(*BLANKS, strict=True))
        how = pa.array(rng.integers(0, len(BLANKS), len(at)))
        chosen = column.take(pa.array(at))
        count += int(pc.sum(pc.not_equal(chosen, "")).as_py() or 0)
        wider = pc.binary_join_element_wise(before.take(how), chosen, behind.take(how), "")
        columns[name] = put(column, at, wider)
    return count


def formulas(rng: np.random.Generator, column: pa.Array, share: float, spared: np.ndarray) -> pa.Array:
    """A share of the texts replaced by texts that look like formulas, but for those that are spared."""
    at = np.flatnonzero((rng.random(len(column)) < share) & ~spared)
    return put(column, at, pa.array(FORMULAS).take(pa.array(rng.integers(0, len(FORMULAS), len(at)))))


def with_rows_that_are_none(
    rng: np.random.Generator, table: pa.Table, times: int, ignored: Counter[str]
) -> pa.Table:
    """The table with examples, notes, blank rows and totals rows without a number, each so many times.

    Args:
        rng: decides where they stand.
        table: its first column holds the reference.
        times: of each.
        ignored: counts them by name.
    """
    kinds = {"example": EXAMPLE, "note": NOTE, "blank": "", "total": TOTAL_WORDS[0]}
    rows = [_row(table, text) | (_filled(table) if name == "example" else {}) for name, text in kinds.items()]
    if times:
        rows.append(dict.fromkeys(table.column_names, " "))
        ignored["blank"] += times
    ignored.update(dict.fromkeys(kinds, times))
    added = pa.Table.from_pylist(rows * times, table.schema)
    return _placed(table, added, np.sort(rng.integers(0, len(table) + 1, len(added))))


def with_totals_at_top(table: pa.Table, ignored: Counter[str], warnings: Counter[str]) -> pa.Table:
    """The items with two totals rows near the top: the first is right, the second is not (W104).

    Below a cell that cannot be read nobody can add up, so they stand before the first.
    """
    amounts = [_amount(text) for text in table["amount"].slice(0, _AT_TOP).to_pylist()]
    readable = next((at for at, amount in enumerate(amounts) if amount is None), len(amounts))
    if readable < 2:
        return table
    half, wrong = sum(amounts[: readable // 2], Decimal(0)), sum(amounts[:readable], Decimal("1000000.5"))
    rows = [
        _row(table, word) | {"amount": f"{total:f}"}
        for word, total in zip(TOTAL_WORDS[1:], (half, wrong), strict=True)
    ]
    ignored["total"] += len(rows)
    warnings["W104"] += 1
    return _placed(table, pa.Table.from_pylist(rows, table.schema), np.array([readable // 2, readable]))


def _amount(text: str) -> Decimal | None:
    """Return a cell's amount, 0 where it is blank; None where it is unreadable or its row may be ignored."""
    if not text:
        return Decimal(0)
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _row(table: pa.Table, first: str) -> dict[str, str]:
    """A row with nothing but its first cell."""
    return dict.fromkeys(table.column_names, "") | {table.column_names[0]: first}


def _filled(table: pa.Table) -> Mapping[str, str]:
    """The further cells of an example row: those of the first row."""
    return {name: table[name][0].as_py() for name in table.column_names[1:]}


def _placed(table: pa.Table, added: pa.Table, before: np.ndarray) -> pa.Table:
    """The table with added rows before some of its rows; `before` ascends."""
    order = np.insert(np.arange(len(table)), before, len(table) + np.arange(len(added)))
    return pa.concat_tables([table, added]).take(pa.array(order)).combine_chunks()
