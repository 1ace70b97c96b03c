"""For `submit`, not called yet: what the responses of all APIs share, and the cell of a reason.

In: responses whose body may be anything, and the `Batches` that the requests were made from.
Out: outcomes of invoices, with the sheet's row and field of each reason.
Never: raises over what a body holds; what is not understood leaves an invoice in doubt.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from pipeline.model.indices import AcceptedPosition
from pipeline.model.invoices import Batches, Request
from pipeline.model.outcomes import InvoiceOutcome, InvoiceState, RefusalCause, RefusalReason, Response
from schemas.fields import Projection

_MAX_MESSAGE_CHARACTERS = 300
"""Characters of a message that is kept: an API may answer with a whole page."""

NO_RESPONSE = "no answer came"
NOT_JSON = "the answer is no JSON"

InvoiceOutcomes = tuple[InvoiceOutcome, ...]


def parse_body(response: Response) -> Any:
    """Parse the body as JSON; None where it is not: a page of a proxy, plain text, or cut short."""
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None


def shorten_message(text: object) -> str:
    """Return a message in one line of at most 300 characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= _MAX_MESSAGE_CHARACTERS else line[:_MAX_MESSAGE_CHARACTERS] + "…"


class RequestLocator:
    """Finds the row and field of a sheet that a part of a request was made from."""

    def __init__(self, batches: Batches, projection: Projection) -> None:
        """Index the fields by their key in the request.

        Args:
            batches: that the requests were made from.
            projection: of the target.
        """
        self._invoices = batches.invoices
        self._fields: dict[str, dict[str, str]] = {}
        for table, placements in projection.placements.items():
            keyed = [placement for placement in placements if placement.payload_key]
            self._fields[table] = {str(placement.payload_key): placement.field for placement in keyed}

    def make_reason(
        self,
        invoice: AcceptedPosition,
        message: object,
        code: object = "",
        key: str = "",
        item: int | None = None,
    ) -> RefusalReason:
        """Build a reason about an invoice, or about one of its items.

        Args:
            invoice: which of the accepted invoices.
            message: the API's words.
            code: the API's code.
            key: the key in the request that it is about; an unknown key means the row as a whole.
            item: which of the invoice's items, from 0; an unknown item means the invoice.
        """
        rows, table = self._invoices.get_item_rows(invoice), "items"
        # what an API names that was not sent is said of the invoice as a whole
        if item is None or not 0 <= item < len(rows):
            rows, table, item = self._invoices.get_invoice_row(invoice), "invoices", 0
        field = self._fields[table].get(key, "")
        return RefusalReason(str(code), shorten_message(message), table, field, int(rows[item]))

    def list_keys(self, table: str) -> Iterable[str]:
        """Return the keys of a table's fields in the request."""
        return self._fields[table]

    def make_doubt(self, invoice: AcceptedPosition, message: object) -> InvoiceOutcome:
        """Build the outcome of an invoice that may have been created, with the one reason for the doubt."""
        return InvoiceOutcome(invoice, InvoiceState.IN_DOUBT, reasons=(self.make_reason(invoice, message),))

    def make_same_outcomes(
        self, request: Request, state: InvoiceState, message: object, cause: RefusalCause = RefusalCause.NONE
    ) -> InvoiceOutcomes:
        """Build the same outcome, for one reason, for every invoice of a request."""
        return tuple(
            InvoiceOutcome(invoice, state, cause=cause, reasons=(self.make_reason(invoice, message),))
            for invoice in request.invoices
        )

    def make_redirect_outcomes(self, request: Request, response: Response) -> InvoiceOutcomes:
        """Build the outcomes of a redirect: refused, as the address of the API is wrong."""
        location = response.headers.get("location", "elsewhere")
        message = f"the address leads to {location}"
        return self.make_same_outcomes(request, InvoiceState.REFUSED, message, RefusalCause.ACCESS)
