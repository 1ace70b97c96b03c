"""Stage 1: what becomes of sheets that nobody sees, though their headers say that they would feed a table.

In: the rows of the visible sheets and those of the hidden ones.
Out: the hidden sheets that are read, where the setting says so, and what is told of the others.
Never: adds a hidden sheet to a visible one, or leaves one out without a word that alone has rows of its table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow.compute as pc

from pipeline.issues import SheetIssue
from pipeline.language import filled, say
from pipeline.read.declared import HIDDEN_IGNORED, HIDDEN_READ
from pipeline.read.layout import left_out
from pipeline.read.rows import Body
from schemas.fields import Table

_FEW = 2
"""A sheet with fewer columns that are known has only the name of a table, like a list for drop-downs."""


@dataclass
class Hidden:
    """What became of hidden sheets.

    Attributes:
        read: those that feed their table like any other.
        issues: what is told of all of them.
        withheld: the tables, by name, whose rows stand in a hidden sheet alone and are not read.
    """

    read: list[Body] = field(default_factory=list)
    issues: list[SheetIssue] = field(default_factory=list)
    withheld: set[str] = field(default_factory=set)


def judged(
    hidden: Iterable[Body],
    visible: Sequence[Body],
    tables: Mapping[str, Table],
    names: Sequence[str],
    groups: Sequence[int],
    setting: str,
) -> Hidden:
    """Judge each hidden sheet by whether a visible one of its workbook has rows of the same table.

    Args:
        hidden: the rows of sheets that nobody sees; a sheet without any is of no consequence.
        visible: the rows of those that feed a table.
        tables: the tables wanted.
        names: of the files.
        groups: of the files; a workbook is a group of its own.
        setting: what a hidden sheet is, one of `HIDDEN_SHEETS`.
    """
    found = Hidden()
    fed = {(groups[e.placed.source], name): "" for e in visible if len(e.rows) for name in _fed(e)}
    for each in filter(_speaks, hidden):
        source, name = names[each.placed.source], each.placed.grid.name
        own = [(groups[each.placed.source], table) for table in _fed(each)]
        others = [fed[one] for one in own if one in fed]
        if setting == HIDDEN_IGNORED:
            reason = say("it is hidden, and the settings leave hidden sheets out")
            found.issues.append(left_out(each.placed.grid, each.placed.table, source, reason))
        elif not any(table in tables for _, table in own):
            found.issues.append(SheetIssue("E340", source, name, value=name))
        elif any(others):
            found.issues.append(_ambiguous(each, source, others))
        elif others or len(each.placed.columns) < _FEW:
            found.issues.append(left_out(each.placed.grid, each.placed.table, source, say("it is hidden")))
        elif setting == HIDDEN_READ:
            fed |= dict.fromkeys(own, name)
            found.read.append(each)
            found.issues.append(_told("W105", each, source))
        else:
            found.withheld.update(table for _, table in own)
            found.issues.append(_told("E113", each, source))
    return found


def _fed(own: Body) -> Collection[str]:
    """The tables that a sheet feeds, by name."""
    return [each.name for each in (own.placed.table, own.placed.beside) if each]


def _speaks(own: Body) -> bool:
    """Whether any row says something: not so a sheet that was left as the template gave it."""
    field = own.placed.table.silent_without
    if not field:
        return len(own.rows) > 0
    return field in own.columns and bool(pc.any(pc.not_equal(own.columns[field], "")).as_py())


def _told(code: str, own: Body, source: str) -> SheetIssue:
    name, facts = own.placed.grid.name, {"table": own.placed.table.label}
    return SheetIssue(code, source, name, value=name, facts=facts)


def _ambiguous(own: Body, source: str, others: Sequence[str]) -> SheetIssue:
    """A second hidden sheet of a table of which one was read."""
    what = say("the sheet {name}")
    told = ", ".join(filled(what, {"name": each}) for each in dict.fromkeys(filter(None, others)))
    facts = {"table": own.placed.table.label, "others": told}
    return SheetIssue("E107", source, own.placed.grid.name, value=own.placed.grid.name, facts=facts)
