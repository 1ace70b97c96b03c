"""How few causes stand behind how many rejected invoices: the sentence that tells where to begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.issues import CATALOGUE, Findings, Level
from pipeline.language import counted, figure, say
from pipeline.line import Line
from pipeline.model import Positions

_ENOUGH = 9, 10
"""Of the rejected invoices so many are explained by the causes that are named first."""


@dataclass(frozen=True)
class Cause:
    """One code in one column.

    Attributes:
        code: of the catalogue.
        title: what is wrong, with the column.
        table: the table's name; empty for a fault of a sheet or file.
        field: the field's name; empty when the row or sheet as a whole is meant.
        faults: rows it stands for.
        invoices: positions of the invoices that have it.
    """

    code: str
    title: str
    table: str
    field: str
    faults: int
    invoices: Positions


def causes(line: Line) -> list[Cause]:
    """Every cause: errors first, then those with the most invoices.

    Args:
        line: the end of the line.
    """
    found = [*_of_sheets(line), *(_of_rows(each, line) for each in line.issues.findings)]
    return sorted(found, key=lambda each: (each.code[0] != "E", -len(each.invoices), each.code, each.field))


def _of_sheets(line: Line) -> Iterator[Cause]:
    codes = [each.code for each in line.issues.sheets]
    everything = np.arange(len(line.rejected))
    for code in dict.fromkeys(codes):
        fallen = everything if CATALOGUE[code].level is Level.ERROR else everything[:0]
        yield Cause(code, say(CATALOGUE[code].title), "", "", codes.count(code), fallen)


def _of_rows(found: Findings, line: Line) -> Cause:
    title, table = say(CATALOGUE[found.code].title), line.tables[found.table]
    if found.field in table:
        title = f"{title} ({table[found.field].label})"
    parents = line.sheets.valid.invoice_of(found.table)[found.rows]
    return Cause(
        found.code, title, found.table, found.field, found.stands_for, np.unique(parents[parents >= 0])
    )


def sentence(line: Line, found: list[Cause]) -> str:
    """How many causes explain how many of the rejected invoices; empty when none was rejected.

    An invoice is explained by the causes that, once they are gone, leave no error on it.

    Args:
        line: the end of the line.
        found: as `causes` gives them.
    """
    rejected = int(line.rejected.sum())
    worst = np.full(len(line.rejected), -1)
    for rank, each in enumerate(one for one in found if one.code.startswith("E")):
        worst[each.invoices] = rank
    ranks = worst[line.rejected & (worst >= 0)]
    if not len(ranks):
        return ""
    explained = np.cumsum(np.bincount(ranks))
    few = int(np.argmax(explained * _ENOUGH[1] >= explained[-1] * _ENOUGH[0])) + 1
    return counted(
        few,
        "{count} cause explains {explained} of {rejected} rejected invoices.",
        "{count} causes explain {explained} of {rejected} rejected invoices.",
        explained=figure(int(explained[few - 1])), rejected=figure(rejected),
    )  # fmt: skip
