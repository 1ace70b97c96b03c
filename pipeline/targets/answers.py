"""What the answers of every billing API share: bodies that may be anything, and reasons with their place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from pipeline.model import Batches, Request
from pipeline.outcome import Cause, Outcome, Reason, Response, State
from schemas.fields import Projection

_MOST = 300
"""Characters of a message that is kept: an API may answer with a whole page."""

NO_ANSWER = "no answer came"
NO_JSON = "the answer is no JSON"


def parsed(response: Response) -> Any:
    """The body as JSON; None when it is none: a page of a proxy, plain text, or cut short."""
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None


def short(text: object) -> str:
    """A message in one line, no longer than a person reads."""
    words = " ".join(str(text).split())
    return words if len(words) <= _MOST else words[:_MOST] + "…"


class Places:
    """Where the parts of a request stand in the sheets."""

    def __init__(self, batches: Batches, projection: Projection) -> None:
        self._invoices = batches.invoices
        self._fields = {
            table: {each.key: each.field for each in placed if each.key}
            for table, placed in projection.placements.items()
        }

    def reason(
        self, invoice: int, message: object, code: object = "", key: str = "", item: int | None = None
    ) -> Reason:
        """A reason about an invoice, or about one of its items.

        Args:
            invoice: position within `Invoices.positions`.
            message: the API's words.
            code: the API's code.
            key: the key in the request that it is about; one that is no field's means the row as a whole.
            item: which of the invoice's items, from 0; one that is not there means the invoice.
        """
        first, after = self._invoices.offsets[invoice : invoice + 2].tolist()
        if item is not None and 0 <= item < after - first:
            row, table = int(self._invoices.items[first + item]), "items"
        else:
            row, table = int(self._invoices.positions[invoice]), "invoices"
        return Reason(str(code), short(message), table, self._fields[table].get(key, ""), row)

    def keys(self, table: str) -> Iterable[str]:
        """The keys of a table's fields in the request."""
        return self._fields[table]

    def all_same(
        self, request: Request, state: State, message: object, cause: Cause = Cause.NONE
    ) -> tuple[Outcome, ...]:
        """The same outcome for every invoice of a request, for one reason."""
        return tuple(
            Outcome(each, state, cause=cause, reasons=(self.reason(each, message),))
            for each in request.invoices.tolist()
        )
