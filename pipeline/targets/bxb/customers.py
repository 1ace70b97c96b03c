"""bxb's customers as the server answers them: saved answers become rows of an account list.

Source: the open-source server 0.7.0, `GET /v1/customers/`, observed 2026-11-20: a bare array, 100 customers a
page unless `limit` says otherwise, 1,000 at most; nothing in it tells whether there are more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.errors import SourceError
from pipeline.i18n import translate
from pipeline.model.sheets import ApiRecord

_PAGE_SIZES = (100, 1000)
"""Customers of a page after which there may be another: the default and the most."""
_ACCOUNT_FIELDS = {
    "id": "customer_id",
    "external_id": "customer_external_id",
    "name": "name",
    "currency": "currency",
}


def read_customers(answers: Sequence[tuple[str, Any]]) -> list[ApiRecord] | None:
    """Saved answers as rows of an account list.

    Args:
        answers: name and content of each file, in the order of the pages.

    Returns:
        The rows, in the order of the answers; None when one of them is no answer of this API.

    Raises:
        SourceError: a further page may be missing.
    """
    if not all(_is_page(content) for _, content in answers) or not any(content for _, content in answers):
        return None
    if min(len(content) for _, content in answers) in _PAGE_SIZES:
        raise SourceError(
            translate(
                "{name} holds exactly {count} customers, a full page, so that further ones may be missing; save the"
                " next page too, even if it is empty, and load them together.",
                name=answers[-1][0], count=str(len(answers[-1][1])),
            )
        )  # fmt: skip
    return [
        ApiRecord(
            document_index,
            number,
            {field: _to_text(customer.get(key)) for key, field in _ACCOUNT_FIELDS.items()},
        )
        for document_index, (_, content) in enumerate(answers)
        for number, customer in enumerate(content, 1)
    ]


def _is_page(content: Any) -> bool:
    return isinstance(content, list) and all(
        isinstance(customer, dict) and "id" in customer and "external_id" in customer for customer in content
    )


def _to_text(value: object) -> str | None:
    return None if value is None else str(value)
