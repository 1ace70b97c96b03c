"""Read saved answers of Zuora's catalog APIs as rows of a catalog.

In: name and content of each file.
Out: one record per charge and currency, or None when the files are no answers of this API.
Never: takes an answer for complete that the API may have cut off.

Source: Zuora API reference, read 2026-11-20: `GET /v1/catalog/products` (products with plans and charges
inside, at most 300 of each; since version 230.0 the plans are only an address) and `GET /object-query/...` of
products, product-rate-plans and product-rate-plan-charges (each on its own, or nested, where the children of
one parent are cut off at 99 without notice). A charge has no SKU of its own, only its product has. Keys are
spelt sKU or sku, uOM or uom, depending on the API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from pipeline.errors import SourceError
from pipeline.i18n import translate
from pipeline.model.sheets import ApiRecord

_MAX_NESTED = {"products": 300, "data": 99}
"""Most children of one parent that an answer holds, by the key of its list."""
_MODEL_NAMES = {"flatfee": "Flat Fee", "perunit": "Per Unit"}
_PLANS, _CHARGES, _TIERS = "productrateplans", "productrateplancharges", "productrateplanchargetiers"
_PAGE_REGEX = re.compile(r"[?&]page=(\d+)")

_RecordFields = dict[str, Any]


class _CatalogRecords(NamedTuple):
    """The records of all answers: products and plans by id, each charge with the index of its answer."""

    products: dict[str, _RecordFields]
    plans: dict[str, _RecordFields]
    charges: list[tuple[int, _RecordFields]]


class _AnswerPage(NamedTuple):
    """An answer: its index and name, the key of its list, its records, and the address of the next page."""

    document_index: int
    name: str
    kind: str
    records: list[_RecordFields]
    next_page: str


def read_product_catalog(answers: Sequence[tuple[str, Any]]) -> list[ApiRecord] | None:
    """Read saved answers as rows of a catalog, one per charge and currency.

    Args:
        answers: name and content of each file, numbers as text.

    Returns:
        The rows, in the order of the answers; None when one of them is not an answer of this API.

    Raises:
        SourceError: an answer is incomplete, or a charge cannot be tied to its product.
    """
    pages = [_read_page(document_index, *answer) for document_index, answer in enumerate(answers)]
    known_pages = [page for page in pages if page is not None]
    if len(known_pages) < len(pages):
        return None
    _require_all_pages(known_pages)
    records = _CatalogRecords({}, {}, [])
    for page in known_pages:
        for record in page.records:
            _collect_record(records, page, record)
    if not records.charges:
        raise SourceError(
            translate(
                "The answers hold no charges; save that of the query for charges too, and load them together."
            )
        )
    return list(_iter_records(records))


def _read_page(document_index: int, name: str, content: Any) -> _AnswerPage | None:
    """Recognise an answer by the key of its list; None when it has neither list."""
    answer = _normalize_keys(content)
    if isinstance(answer.get(_PLANS), list):
        raise SourceError(
            translate(
                "{name} does not say of which product its plans are, so that no SKU is known; save the answer"
                " of the object query for charges, with those for plans and products, instead.",
                name=name,
            )
        )
    kind = next((key for key in ("products", "data") if isinstance(answer.get(key), list)), None)
    if kind is None:
        return None
    records = [_normalize_keys(record) for record in answer[kind]]
    return _AnswerPage(document_index, name, kind, records, str(answer.get("nextpage") or ""))


def _normalize_keys(value: Any) -> _RecordFields:
    """Return a record with its keys in lower case; an empty one for anything that is not a record."""
    return {str(key).lower(): content for key, content in value.items()} if isinstance(value, dict) else {}


def _require_all_pages(pages: Sequence[_AnswerPage]) -> None:
    """Raise if a page of a query is missing.

    All pages but one name a next page, and where they name its number, no number is left out.
    """
    queries: dict[str, list[str]] = {}
    for page in pages:
        # pages of several queries may be handed in together
        record_kind = _classify_record(page.records[0]) if page.records else ""
        queries.setdefault(f"{page.kind} {record_kind}", []).append(page.next_page)
    for next_pages in queries.values():
        if _is_incomplete(next_pages):
            raise SourceError(
                translate(
                    "The answer is not complete: it names a further page, and {count} of its pages were"
                    " handed in. Save every page, to the last, and load them together.",
                    count=str(len(next_pages)),
                )
            )


def _is_incomplete(next_pages: Sequence[str]) -> bool:
    """Return whether the pages of one query, by the address of the page after each, are incomplete."""
    addresses = [address for address in next_pages if address]
    matches = [_PAGE_REGEX.search(address) for address in addresses]
    numbers = sorted(int(match[1]) for match in matches if match)
    # the first page has no number of its own, so the addresses begin with 2
    if numbers and numbers != list(range(2, len(next_pages) + 1)):
        return True
    return bool(addresses) and len(addresses) != len(next_pages) - 1


def _classify_record(record: _RecordFields) -> str:
    """Tell charge, plan and product apart by the keys that only one of them has."""
    if "productrateplanid" in record or "chargemodel" in record:
        return "charge"
    return "plan" if "productid" in record else "product"


def _collect_record(records: _CatalogRecords, page: _AnswerPage, record: _RecordFields) -> None:
    """Add a record and the ones nested in it."""
    record_kind = _classify_record(record)
    if record_kind == "charge":
        _add_charge(records, page, record)
    elif record_kind == "plan":
        _add_plan(records, page, record)
    else:
        records.products[str(record.get("id"))] = record
        for plan in _iter_children(page, record, _PLANS):
            _add_plan(records, page, plan | {"productid": record.get("id")})


def _add_plan(records: _CatalogRecords, page: _AnswerPage, plan: _RecordFields) -> None:
    records.plans[str(plan.get("id"))] = plan
    for charge in _iter_children(page, plan, _CHARGES):
        _add_charge(records, page, charge | {"productrateplanid": plan.get("id")})


def _add_charge(records: _CatalogRecords, page: _AnswerPage, charge: _RecordFields) -> None:
    plan = _normalize_keys(charge.get("productrateplan"))
    if plan.get("id"):
        # a plan nested in its charge does not replace the plan's own answer
        records.plans.setdefault(str(plan["id"]), plan)
    records.charges.append((page.document_index, charge))


def _iter_children(page: _AnswerPage, parent: _RecordFields, key: str) -> Iterator[_RecordFields]:
    """Yield the records inside another; raise if they are an address, or may have been cut off."""
    records = parent.get(key) or []
    parent_name = str(parent.get("name") or parent.get("id"))
    if isinstance(records, str):
        raise SourceError(
            translate(
                "{name}: the plans of {parent} are only an address ({address}); save the answer of the object"
                " query for charges, with those for plans and products, instead.",
                name=page.name, parent=parent_name, address=records,
            )
        )  # fmt: skip
    if len(records) >= _MAX_NESTED[page.kind]:
        raise SourceError(
            translate(
                "{name}: {parent} holds {count} entries, as many as such an answer can hold, so that further"
                " ones may be cut off; save charges, plans and products each with a query of their own.",
                name=page.name, parent=parent_name, count=str(len(records)),
            )
        )  # fmt: skip
    yield from map(_normalize_keys, records)


def _iter_records(records: _CatalogRecords) -> Iterator[ApiRecord]:
    """Yield a record per charge and currency, numbered by charge within its answer."""
    counts: dict[int, int] = {}
    for document_index, charge in records.charges:
        counts[document_index] = counts.get(document_index, 0) + 1
        for cells in _iter_charge_rows(records, charge):
            yield ApiRecord(document_index, counts[document_index], cells)


def _iter_charge_rows(records: _CatalogRecords, charge: _RecordFields) -> Iterator[dict[str, str | None]]:
    """Yield the cells of one row per currency of a charge."""
    plan = records.plans.get(str(charge.get("productrateplanid")), {})
    product = records.products.get(str(plan.get("productid")))
    if product is None:
        raise SourceError(
            translate(
                "The charge {charge} cannot be tied to its product, so its SKU is not known; load the answers"
                " for products and for plans together with that for charges.",
                charge=str(charge.get("id")),
            )
        )
    cells = {name: _to_text(value) for name, value in _collect_cells(product, plan, charge).items()}
    for currency, price in _list_prices(charge) or [(None, None)]:
        yield cells | {"currency": currency, "list_price": price}


def _collect_cells(product: _RecordFields, plan: _RecordFields, charge: _RecordFields) -> dict[str, Any]:
    """Collect the cells that are the same in every currency, from the keys of either API."""
    finance = _normalize_keys(charge.get("financeinformation"))
    model = str(charge.get("chargemodel") or charge.get("model") or "").removesuffix(" Pricing")
    return {
        "product_id": product.get("id"),
        "product_name": product.get("name"),
        "sku": product.get("sku"),
        "product_rate_plan_charge_id": charge.get("id"),
        "charge_name": charge.get("name"),
        "uom": charge.get("uom"),
        "charge_model": _MODEL_NAMES.get(model.lower(), model),
        "tax_code": charge.get("taxcode"),
        "tax_mode": charge.get("taxmode"),
        "accounting_code": charge.get("accountingcode") or finance.get("accountingcode"),
        "deferred_revenue_accounting_code": charge.get("deferredrevenueaccount")
        or finance.get("deferredrevenueaccountingcode"),
        "recognized_revenue_accounting_code": charge.get("recognizedrevenueaccount")
        or finance.get("recognizedrevenueaccountingcode"),
        "effective_from": _pick_day(max, product, plan, "effectivestartdate"),
        "effective_to": _pick_day(min, product, plan, "effectiveenddate"),
    }


def _list_prices(charge: _RecordFields) -> list[tuple[str | None, str | None]]:
    """List the currencies of a charge with its price; None where the price depends on tiers."""
    prices = charge.get("pricing") or charge.get(_TIERS) or []
    records = [_normalize_keys(price) for price in prices] if isinstance(prices, list) else []
    active = [record for record in records if record.get("active") is not False]
    records_by_currency: dict[str | None, list[_RecordFields]] = {}
    for record in active:
        records_by_currency.setdefault(_to_text(record.get("currency")), []).append(record)
    return [(currency, _get_single_price(tiers)) for currency, tiers in records_by_currency.items()]


def _get_single_price(records: list[_RecordFields]) -> str | None:
    """Return the price of a currency's only record; None with tiers, as records or inside the record."""
    return _to_text(records[0].get("price")) if len(records) == 1 and not records[0].get("tiers") else None


def _to_text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _pick_day(
    choose: Callable[[list[str]], str], product: _RecordFields, plan: _RecordFields, key: str
) -> str | None:
    """Choose between the product's and the plan's day: the charge is sold while both are."""
    # ISO days in their first ten characters: as text they sort by time
    days = [str(record[key])[:10] for record in (product, plan) if record.get(key)]
    return choose(days) if days else None
