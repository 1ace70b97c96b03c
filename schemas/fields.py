"""The vocabulary of declarations: Kind, Field, Table, Placement, Projection.

Frozen records. A limit is declared once; the pandera schemas (`pandera_schemas`), the parser
(`notation.parsing`), the templates, the documentation and the payloads are derived from it.

The first attributes of a record, which every declaration gives, go by position; all others by keyword.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

EARLIEST_DATE = date(1900, 1, 1)
LATEST_DATE = date(2199, 12, 31)


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
    """A regular expression that RE2 and Python read alike, and its description for a person."""

    regex: str
    description: str


@dataclass(frozen=True, kw_only=True)
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
        is_share: a part of a whole, which may be written in percent: 19 % is 0.19.
    """

    name: str = attribute(kw_only=False)
    label: str = attribute(kw_only=False)
    kind: Kind = attribute(kw_only=False)
    help: str
    example: str
    required: bool = False
    max_length: int | None = None
    pattern: Pattern | None = None
    choices: tuple[str, ...] = ()
    integer_digits: int = 15
    fraction_digits: int = 9
    earliest: date = EARLIEST_DATE
    latest: date = LATEST_DATE
    synonyms: tuple[str, ...] = ()
    is_share: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers under which the field is recognised."""
        return (self.name, self.label, *self.synonyms)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A sheet: its fields, its key, and its parent table.

    Attributes:
        name: `invoices`, `items`, ...
        label: the sheet's name in templates.
        fields: in template order.
        key: the fields that identify a row.
        parent: the table that its rows belong to (foreign key); None for invoices.
        synonyms: other sheet names that are recognised.
        prefixes: words before a header that name the table (`invoice item amount`).
        marker: the header of a column that says where a row of the table starts in a flat sheet.
        fallback_key: the field whose column is the key where a flat sheet has none.
        unsupported: fields that the target has no place for: their columns are reported and not sent.
        forbidden: fields that the target has no place for and that may not be left out.
        nearest_parent: the table that a row belongs to instead where the last field of its key is filled;
            empty for none.
        optional: a file may come without it.
        amount_field: the field whose money the balance counts; empty where there is none or it is computed.
        added_to_total: that money is added to the invoice's total and counted apart from it, like a tax.
        ignored_without: the field without which a row is ignored; empty where no row is.
    """

    name: str = attribute(kw_only=False)
    label: str = attribute(kw_only=False)
    fields: tuple[Field, ...] = attribute(kw_only=False)
    key: tuple[str, ...]
    parent: str | None = None
    synonyms: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    marker: str = ""
    fallback_key: str = ""
    unsupported: tuple[Field, ...] = ()
    forbidden: tuple[Field, ...] = ()
    nearest_parent: str = ""
    optional: bool = False
    amount_field: str = ""
    added_to_total: bool = False
    ignored_without: str = ""

    def __hash__(self) -> int:
        # tables are looked up once per row: the generated hash would hash all their fields each time
        return hash(self.name)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __getitem__(self, name: str) -> Field:
        return self.fields_by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self.fields_by_name

    @cached_property
    def fields_by_name(self) -> Mapping[str, Field]:
        """The fields by their names."""
        return {field.name: field for field in self.fields}

    def replace_fields(self, fields: Iterable[Field]) -> Table:
        """Return the table with other fields.

        Args:
            fields: in template order.
        """
        return replace(self, fields=tuple(fields))


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where one field goes in a target's payload, and what the target tightens.

    A placement may only tighten: a longer text, a looser pattern or a further choice than the field's own
    is a mistake in the declaration and raises ValueError when it is applied.

    Attributes:
        field: the field's name.
        payload_key: the key in the payload; None for what only we need (the reference, the look-up SKU).
        required: True makes a blank an error for this target.
        max_length: a shorter limit.
        choices: fewer choices.
        pattern: the pattern the target demands of a field that has none.
        label: the header in workbook templates, where the field means something narrower to this target.
        help: the sentence for who fills it, likewise.
        example: the example, likewise; None is the field's own.
    """

    field: str = attribute(kw_only=False)
    payload_key: str | None = attribute(kw_only=False)
    required: bool = False
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    pattern: Pattern | None = None
    label: str = ""
    help: str = ""
    example: str | None = None

    def tighten(self, declared: Field) -> Field:
        """Return the field as this target takes it.

        Args:
            declared: the field as it is declared for every target.

        Raises:
            ValueError: the placement would loosen the field.
        """
        self._refuse_loosening(declared)
        return replace(
            self._choose_texts(declared),
            required=declared.required or self.required,
            max_length=self.max_length or declared.max_length,
            choices=self.choices or declared.choices,
            pattern=self.pattern or declared.pattern,
        )

    def _refuse_loosening(self, declared: Field) -> None:
        if self.max_length and declared.max_length and self.max_length > declared.max_length:
            raise ValueError(f"{self.field}: a projection may not lengthen a field")
        if set(self.choices) - set(declared.choices):
            raise ValueError(f"{self.field}: a projection may not add a choice")
        if self.pattern and declared.pattern:
            raise ValueError(f"{self.field}: a projection may not replace a pattern")

    def _choose_texts(self, declared: Field) -> Field:
        """Return the field with the texts of this target; a label that is replaced stays a synonym."""
        return replace(
            declared,
            label=self.label or declared.label,
            help=self.help or declared.help,
            example=declared.example if self.example is None else self.example,
            synonyms=(*declared.synonyms, declared.label) if self.label else declared.synonyms,
        )


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Which fields a target takes, where each goes in its payload, and what is tighter.

    Attributes:
        target: the target's name.
        placements: per table name, in payload order.
        custom_tables: tables in which the tenant's own fields are sent too, under their own names.
        allow_astral: whether text may hold characters that need 4 bytes in UTF-8 (emoji, rare ideographs).
        catalog_fields: item fields the target reads from the charge, whatever the request says.
        rules: codes of the row and cross-sheet rules that apply.
        forbidden: fields without a place that may not be left out: without them other money would be billed.
        max_items: items one invoice may have.
        total_limit: what the absolute value of an invoice's total must lie below, in the unit that is sent;
            None for no limit.
        max_children: by table, rows that may belong to one row of its parent.
        optional_tables: further tables that a file may come without.
    """

    target: str = attribute(kw_only=False)
    placements: Mapping[str, tuple[Placement, ...]] = attribute(kw_only=False)
    custom_tables: tuple[str, ...] = ()
    allow_astral: bool = True
    catalog_fields: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    max_items: int = 1000
    total_limit: Decimal | None = None
    max_children: Mapping[str, int] = attribute(default_factory=dict)
    optional_tables: tuple[str, ...] = ()

    def bind(
        self, tables: Iterable[Table], custom_fields: Mapping[str, tuple[Field, ...]]
    ) -> dict[str, Table]:
        """Return the tables that this target takes, by name, as it takes them.

        Args:
            tables: as they are declared for every target.
            custom_fields: the tenant's own fields from the settings, by table name.
        """
        return {
            table.name: self._bind_table(table, self._get_custom_fields(table.name, custom_fields))
            for table in tables
            if table.name in self.placements
        }

    def _bind_table(self, table: Table, custom_fields: tuple[Field, ...]) -> Table:
        placements = self.placements[table.name]
        fields = [placement.tighten(table[placement.field]) for placement in placements]
        supported = table.replace_fields([*fields, *custom_fields])
        unplaced = [field for field in table if field.name not in supported]
        return replace(
            supported,
            unsupported=tuple(field for field in unplaced if field.name not in self.forbidden),
            forbidden=tuple(field for field in unplaced if field.name in self.forbidden),
            optional=table.optional or table.name in self.optional_tables,
        )

    def get_payload_keys(self, table: str, custom_fields: Mapping[str, tuple[Field, ...]]) -> dict[str, str]:
        """Return the payload key of each field that is sent, by field name, in payload order.

        Args:
            table: its name.
            custom_fields: the tenant's own fields, by table name.
        """
        keys = {
            placement.field: placement.payload_key
            for placement in self.placements[table]
            if placement.payload_key is not None
        }
        return keys | {field.name: field.name for field in self._get_custom_fields(table, custom_fields)}

    def _get_custom_fields(
        self, table: str, custom_fields: Mapping[str, tuple[Field, ...]]
    ) -> tuple[Field, ...]:
        return custom_fields.get(table, ()) if table in self.custom_tables else ()
