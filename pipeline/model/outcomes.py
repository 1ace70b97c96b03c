"""What came back from an API, and what it means for each invoice: created, refused, or in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from pipeline.model.indices import AcceptedPosition


class Response(NamedTuple):
    """What came back for a request.

    Attributes:
        status: HTTP status.
        headers: their names in lower case.
        body: as it came, whatever it is.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class InvoiceState(StrEnum):
    """What became of an invoice that was sent."""

    CREATED = "created"
    REFUSED = "refused"  # the API did not take it, for certain
    IN_DOUBT = "in doubt"  # it may be there: look before anything is sent again


class RefusalCause(StrEnum):
    """Why an invoice was refused, by what has to be done."""

    NONE = ""
    DATA = "data"  # the sheet must be corrected
    ACCESS = "access"  # credentials, permissions, address or the request itself
    BUSY = "busy"  # the same request may be sent again later


class RefusalReason(NamedTuple):
    """One reason that the API gave.

    Attributes:
        code: the API's own; empty without one.
        message: the API's own words, or ours where it had none.
        table: `invoices` or `items`.
        field: the field it is about; empty when the row as a whole is.
        row: position in the table's frame.
    """

    code: str
    message: str
    table: str
    field: str
    row: int


class InvoiceOutcome(NamedTuple):
    """What became of one invoice of a request.

    Attributes:
        invoice: which of the accepted invoices.
        state: created, refused or in doubt.
        id: the API's id of the invoice; empty unless created.
        number: the invoice's number; empty when the API gave none.
        cause: of a refusal.
        reasons: of a refusal or doubt, leading back to the sheet.
    """

    invoice: AcceptedPosition
    state: InvoiceState
    id: str = ""
    number: str = ""
    cause: RefusalCause = RefusalCause.NONE
    reasons: tuple[RefusalReason, ...] = ()
