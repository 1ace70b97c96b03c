"""The vocabulary of declarations: Kind, Field, Table, Placement, Projection.

Plain frozen records. A limit stands here once; the pandera schemas (`frames`), the parser, the templates,
the documentation and the payload all derive from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from datetime import date
from decimal import Decimal
from enum import StrEnum

EARLIEST = date(1900, 1, 1)
LATEST = date(2199, 12, 31)


class Kind(StrEnum):
    """How a cell of a field is written and read."""

    TEXT = "text"
    IDENTIFIER = "identifier"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    DATETIME = "date and time"
    BOOLEAN = "yes or no"
    CHOICE = "choice"
    CURRENCY = "currency"


@dataclass(frozen=True)
class Pattern:
    """A regular expression (RE2 and Python read it alike) and the words a person needs instead of it."""

    regex: str
    words: str


@dataclass(frozen=True)
class Field:
    """One business field, declared once.

    Attributes:
        name: the field's name; also the header in CSV templates.
        label: the header in workbook templates.
        kind: how its cells are written and read.
        help: one sentence for the person who fills it.
        example: a value that passes every check.
        required: a blank cell is an error.
        max_length: characters, for text and identifiers.
        pattern: what the text must look like.
        choices: the only values allowed, as the target spells them.
        integer_digits: digits before the point, for numbers and money.
        fraction_digits: digits after the point; money is limited further by its currency.
        earliest: first date allowed.
        latest: last date allowed.
        synonyms: other headers under which the field is known.
        share: a part of a whole: 19 % is 0.19, and may be written so.
    """

    name: str
    label: str
    kind: Kind
    help: str
    example: str
    required: bool = False
    max_length: int | None = None
    pattern: Pattern | None = None
    choices: tuple[str, ...] = ()
    integer_digits: int = 15
    fraction_digits: int = 9
    earliest: date = EARLIEST
    latest: date = LATEST
    synonyms: tuple[str, ...] = ()
    share: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header under which the field is recognised."""
        return (self.name, self.label, *self.synonyms)


@dataclass(frozen=True)
class Table:
    """A sheet: its fields, its key, and the table it hangs on.

    Attributes:
        name: `invoices`, `items`, ...
        label: the sheet's name in templates.
        fields: in template order.
        key: the fields that identify a row.
        parent: the table its rows hang on; None for invoices.
        synonyms: other sheet names that are recognised.
        prefixes: words before a header that name the table (`invoice item amount`).
        marker: the header of a column that says where a row of the table starts in a flat sheet.
        stands_in: the field whose column is the key where a flat sheet has none.
        left_out: fields that the target has no place for: their columns are told and not sent.
        refused: fields that the target has no place for and that may not be left out.
        nearer: a table its rows hang on instead where the last field of the key is filled; empty for none.
        optional: a file may come without it.
        amount: the field whose money the books count; empty where there is none, or where it is computed.
        on_top: that money comes on top of the invoice's total and is counted beside it, like a tax.
        silent_without: the field without which a row says nothing; empty where every row says something.
    """

    name: str
    label: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    parent: str | None = None
    synonyms: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    marker: str = ""
    stands_in: str = ""
    left_out: tuple[Field, ...] = ()
    refused: tuple[Field, ...] = ()
    nearer: str = ""
    optional: bool = False
    amount: str = ""
    on_top: bool = False
    silent_without: str = ""

    def __hash__(self) -> int:
        return hash(self.name)  # tables are asked for by the row: all their fields would be hashed each time

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __getitem__(self, name: str) -> Field:
        return self.by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    @property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by their name."""
        return {each.name: each for each in self.fields}

    def with_fields(self, fields: Iterable[Field]) -> Table:
        """The same table with other fields."""
        return replace(self, fields=tuple(fields))


@dataclass(frozen=True)
class Placement:
    """Where one field goes in a target's payload, and what the target tightens.

    A placement may only tighten: a longer text, a looser pattern or a further choice than the field's own
    is a mistake in the declaration and raises ValueError when it is applied.

    Attributes:
        field: the field's name.
        key: the key in the payload; None for what only we need (the reference, the look-up SKU).
        required: True makes a blank an error for this target.
        max_length: a shorter limit.
        choices: fewer choices.
        pattern: the pattern the target demands of a field that has none.
        label: the header in workbook templates, where the field means something narrower to this target.
        help: the sentence for who fills it, likewise.
        example: the example, likewise; None is the field's own.
    """

    field: str
    key: str | None
    required: bool = False
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    pattern: Pattern | None = None
    label: str = ""
    help: str = ""
    example: str | None = None

    def tighten(self, declared: Field) -> Field:
        """The field as this target takes it."""
        if self.max_length and declared.max_length and self.max_length > declared.max_length:
            raise ValueError(f"{self.field}: a projection may not lengthen a field")
        if set(self.choices) - set(declared.choices):
            raise ValueError(f"{self.field}: a projection may not add a choice")
        if self.pattern and declared.pattern:
            raise ValueError(f"{self.field}: a projection may not replace a pattern")
        return replace(
            declared,
            required=declared.required or self.required,
            max_length=self.max_length or declared.max_length,
            choices=self.choices or declared.choices,
            pattern=self.pattern or declared.pattern,
            label=self.label or declared.label,
            help=self.help or declared.help,
            example=declared.example if self.example is None else self.example,
            synonyms=(*declared.synonyms, declared.label) if self.label else declared.synonyms,
        )


@dataclass(frozen=True)
class Projection:
    """Which fields a target takes, where each goes in its payload, and what is tighter.

    Attributes:
        target: the target's name.
        placements: per table name, in payload order.
        custom: tables in which a tenant's own fields may ride along under their own names.
        astral: whether text may hold characters that need 4 bytes in UTF-8 (emoji, rare ideographs).
        owned_by_catalog: item fields the target reads from the charge, whatever the request says.
        rules: codes of the row and cross-sheet rules that apply.
        refused: fields without a place that may not be left out: without them other money would be billed.
        most_items: items one invoice may have.
        total_below: what an invoice's total must lie below, either way, in the unit that is sent; None has none.
        most: by table, rows that may hang on one row of another.
        optional: further tables that a file may come without.
    """

    target: str
    placements: Mapping[str, tuple[Placement, ...]]
    custom: tuple[str, ...] = ()
    astral: bool = True
    owned_by_catalog: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    most_items: int = 1000
    total_below: Decimal | None = None
    most: Mapping[str, int] = attribute(default_factory=dict)
    optional: tuple[str, ...] = ()

    def bind(self, tables: Iterable[Table], custom: Mapping[str, tuple[Field, ...]]) -> dict[str, Table]:
        """The tables as this target takes them, custom fields of the settings included."""
        bound = {}
        for table in tables:
            if table.name in self.placements:
                fields = [placed.tighten(table[placed.field]) for placed in self.placements[table.name]]
                taken = table.with_fields([*fields, *self._own(table.name, custom)])
                others = [each for each in table if each.name not in taken]
                bound[table.name] = replace(
                    taken,
                    left_out=tuple(each for each in others if each.name not in self.refused),
                    refused=tuple(each for each in others if each.name in self.refused),
                    optional=table.optional or table.name in self.optional,
                )
        return bound

    def keys(self, table: str, custom: Mapping[str, tuple[Field, ...]]) -> dict[str, str]:
        """Field name to payload key, in payload order, for the fields that are sent."""
        placed = {p.field: p.key for p in self.placements[table] if p.key is not None}
        return placed | {each.name: each.name for each in self._own(table, custom)}

    def _own(self, table: str, custom: Mapping[str, tuple[Field, ...]]) -> tuple[Field, ...]:
        return custom.get(table, ()) if table in self.custom else ()
