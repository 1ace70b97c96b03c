"""The records that a run brings to the ledger and the ledger gives back: the columns of its tables.

In: nothing.
Out: records whose fields are in the order of the columns.
Never: checks a value.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """What a run says about itself; `summary` is JSON text, see `add_ledger_head`."""

    run_id: str
    started: str
    target: str
    environment: str
    verdict: str
    catalog_sha256: str | None
    settings_sha256: str
    manifest_sha256: str | None
    summary: str

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> RunRow:
        """Return the record of a row of the table `runs`."""
        return cls(**_name_columns(cls, row))

    def to_row(self) -> tuple[Any, ...]:
        """Return the record as a row of the table `runs`."""
        return tuple(vars(self).values())


class SourceRow(NamedTuple):
    """A file as it was handed in."""

    name: str
    sha256: str
    size: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class InvoiceRow:
    """An invoice as a run leaves it.

    `amount` is a decimal's text; `reasons` issue codes with blanks between; `request` a number or None. What
    its items are `read_items` gives.
    """

    position: int
    ref: str
    account: str | None
    currency: str | None
    invoice_date: str | None
    item_count: int
    amount: str | None
    state: str
    fingerprint: str
    request: int | None
    reasons: str

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> InvoiceRow:
        """Return the record of a row of the table `invoices`, without its id and run."""
        return cls(**_name_columns(cls, row))


class RequestRow(NamedTuple):
    """A request; `file` lies in the run folder (`payloads/0001.json`), `totals` is JSON text by currency."""

    number: int
    file: str
    sha256: str
    invoices: int
    items: int
    totals: str


def _name_columns(record: Any, row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row's values by the names of the record's fields."""
    return dict(zip((field.name for field in fields(record)), row, strict=True))
