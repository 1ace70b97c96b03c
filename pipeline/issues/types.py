"""The record of an issue type: everything that is known about one code of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from string import Formatter


class Level(StrEnum):
    """An error rejects its invoice; a warning is reported, and the invoice is accepted."""

    ERROR = "error"
    WARNING = "warning"


class Chapter(Enum):
    """A chapter of the catalogue; the second character of a code gives its chapter's number."""

    FILES = 1, "Files, sheets and headers"
    CELLS = 2, "Cells"
    ROWS = 3, "Rows and invoices"
    LISTS = 4, "Catalog and accounts"
    LEDGER = 5, "Ledger and policy"
    CONTROL = 6, "Control totals and templates"
    REVIEW = 8, "A second look"

    def __init__(self, number: int, title: str) -> None:
        self.number = number
        self.title = title


class Scope(Enum):
    """What an issue is about, hence how it is counted and what an error rejects."""

    FILE = "a file or its header: an error rejects every invoice"
    SHEET = "one sheet of a file, listed with the issues of files"
    ROW = "a row, or a cell of it: an error rejects the row's invoice"
    LIST = "a catalog or an account list: an error keeps the list from being loaded"
    CONTROL = "control totals: an error stops the run, whatever the invoices are like"


class CopyLoss(Enum):
    """When a copy of the rows no longer shows the fault, so that the copy would pass with it."""

    NEVER = "every copy shows it"
    REWRITTEN = "lost as soon as the sheet's rows are written anew"
    SPLIT = "lost only when invoices and items are written to sheets of their own"


@dataclass(frozen=True, kw_only=True)
class IssueType:
    """One code of the catalogue.

    Attributes:
        code: stable and never reused; `E` for errors, `W` for warnings, then the chapter's number.
        slug: a readable name of the code, to search for.
        title: what is wrong, in a few words, for lists grouped by code.
        template: the sentence; `{label}` is the column, `{value}` the cell's value, others are facts.
        fix: what to do; may use the same placeholders.
        cause: how the fault comes about most often, with an example.
        chapter: of the catalogue.
        scope: what the issue is about.
        lost_if: when a copy of the rows no longer shows the fault.
        fact_names: placeholders that are filled from a fact of another name, with that name.
    """

    code: str
    slug: str
    title: str
    template: str
    fix: str
    cause: str
    chapter: Chapter
    scope: Scope = Scope.ROW
    lost_if: CopyLoss = CopyLoss.NEVER
    fact_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def level(self) -> Level:
        """Error or warning, from the first letter of the code."""
        return Level.ERROR if self.code.startswith("E") else Level.WARNING

    @cached_property
    def facts(self) -> Mapping[str, str]:
        """By placeholder of the sentence and the fix the name of the fact that fills it."""
        parsed = (*Formatter().parse(self.template), *Formatter().parse(self.fix))
        return {name: self.fact_names.get(name, name) for _, name, _, _ in parsed if name}
