"""What the answers of every billing API share: bodies that may be anything, and reasons with their place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from pipeline.model.invoices import Batches, Request
from pipeline.model.outcomes import InvoiceOutcome, InvoiceState, RefusalCause, RefusalReason, Response
from schemas.fields import Projection

_MAX_MESSAGE_CHARACTERS = 300
"""Characters of a message that is kept: an API may answer with a whole page."""

NO_RESPONSE = "no answer came"
NOT_JSON = "the answer is no JSON"


def parse_body(response: Response) -> Any:
    """The body as JSON; None when it is none: a page of a proxy, plain text, or cut short."""
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None


def shorten_message(text: object) -> str:
    """A message in one line, no longer than a person reads."""
    line = " ".join(str(text).split())
    return line if len(line) <= _MAX_MESSAGE_CHARACTERS else line[:_MAX_MESSAGE_CHARACTERS] + "…"


class RequestLocator:
    """Where the parts of a request stand in the sheets."""

    def __init__(self, batches: Batches, projection: Projection) -> None:
        self._invoices = batches.invoices
        self._fields = {
            table: {
                placement.payload_key: placement.field for placement in placements if placement.payload_key
            }
            for table, placements in projection.placements.items()
        }

    def make_reason(
        self, invoice: int, message: object, code: object = "", key: str = "", item: int | None = None
    ) -> RefusalReason:
        """A reason about an invoice, or about one of its items.

        Args:
            invoice: position within `Invoices.positions`.
            message: the API's words.
            code: the API's code.
            key: the key in the request that it is about; one that is no field's means the row as a whole.
            item: which of the invoice's items, from 0; one that is not there means the invoice.
        """
        start, stop = self._invoices.offsets[invoice : invoice + 2].tolist()
        if item is not None and 0 <= item < stop - start:
            row, table = int(self._invoices.items[start + item]), "items"
        else:
            row, table = int(self._invoices.positions[invoice]), "invoices"
        return RefusalReason(
            str(code), shorten_message(message), table, self._fields[table].get(key, ""), row
        )

    def list_keys(self, table: str) -> Iterable[str]:
        """The keys of a table's fields in the request."""
        return self._fields[table]

    def make_same_outcomes(
        self, request: Request, state: InvoiceState, message: object, cause: RefusalCause = RefusalCause.NONE
    ) -> tuple[InvoiceOutcome, ...]:
        """The same outcome for every invoice of a request, for one reason."""
        return tuple(
            InvoiceOutcome(invoice, state, cause=cause, reasons=(self.make_reason(invoice, message),))
            for invoice in request.invoices.tolist()
        )
