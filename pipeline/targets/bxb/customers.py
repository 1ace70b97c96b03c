"""Read saved answers of bxb's customer list as rows of an account list.

In: name and content of each file.
Out: one record per customer, or None when the files are no answers of this API.
Never: takes a list for complete that may have another page.

Source: the open-source server 0.7.0, `GET /v1/customers/`, observed 2026-11-20: a bare array, 100 customers
per page unless `limit` says otherwise, 1,000 at most; nothing in it says whether there are more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.errors import SourceError
from pipeline.i18n import translate
from pipeline.model.sheets import ApiRecord

_PAGE_SIZES = (100, 1000)
"""Customers on a full page, after which there may be another: the default and the maximum."""
_ACCOUNT_FIELDS = {
    "id": "customer_id",
    "external_id": "customer_external_id",
    "name": "name",
    "currency": "currency",
}


def read_customers(answers: Sequence[tuple[str, Any]]) -> list[ApiRecord] | None:
    """Read saved answers as rows of an account list.

    Args:
        answers: name and content of each file, in the order of the pages.

    Returns:
        The rows, in the order of the answers; None when one of them is not an answer of this API.

    Raises:
        SourceError: a further page may be missing.
    """
    # empty pages alone could be of any API
    if not all(_is_page(content) for _, content in answers) or not any(content for _, content in answers):
        return None
    # only the last page may be short: where the shortest is full, another may follow
    if min(len(content) for _, content in answers) in _PAGE_SIZES:
        raise SourceError(
            translate(
                "{name} holds exactly {count} customers, a full page, so that further ones may be missing;"
                " save the next page too, even if it is empty, and load them together.",
                name=answers[-1][0], count=str(len(answers[-1][1])),
            )
        )  # fmt: skip
    records = []
    for document_index, (_, content) in enumerate(answers):
        for number, customer in enumerate(content, 1):
            cells = {field: _to_text(customer.get(key)) for key, field in _ACCOUNT_FIELDS.items()}
            records.append(ApiRecord(document_index, number, cells))
    return records


def _is_page(content: Any) -> bool:
    return isinstance(content, list) and all(map(_is_customer, content))


def _is_customer(record: Any) -> bool:
    return isinstance(record, dict) and "id" in record and "external_id" in record


def _to_text(value: object) -> str | None:
    return None if value is None else str(value)
