"""Zuora's product catalog as its APIs answer it: saved answers become rows of a catalog.

Source: Zuora API reference, read 2026-11-20: `GET /v1/catalog/products` (products with plans and charges inside,
at most 300 of each; since version 230.0 the plans are only an address) and `GET /object-query/...` of products,
product-rate-plans and product-rate-plan-charges (each on its own, or nested, where the children of one parent
are cut off at 99 without a word). A charge has no SKU: it is its product's. Keys are spelt sKU or sku, uOM or
uom, as they come.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from pipeline.errors import SourceError
from pipeline.i18n import translate
from pipeline.model.sheets import ApiRecord

_MAX_NESTED = {"products": 300, "data": 99}
"""Children of one parent that an answer holds at most, by the key of its list."""
_MODEL_NAMES = {"flatfee": "Flat Fee", "perunit": "Per Unit"}
_PLANS, _CHARGES, _TIERS = "productrateplans", "productrateplancharges", "productrateplanchargetiers"
_PAGE_REGEX = re.compile(r"[?&]page=(\d+)")

_RecordFields = dict[str, Any]


class _CatalogRecords(NamedTuple):
    """What the answers hold: products and plans by id, charges each with the number of its answer."""

    products: dict[str, _RecordFields]
    plans: dict[str, _RecordFields]
    charges: list[tuple[int, _RecordFields]]


class _AnswerPage(NamedTuple):
    """An answer: its position and name, the key of its list, the records in it, and what names the next."""

    document_index: int
    name: str
    kind: str
    records: list[_RecordFields]
    next_page: str


def read_product_catalog(answers: Sequence[tuple[str, Any]]) -> list[ApiRecord] | None:
    """Saved answers as rows of a catalog, one a charge and currency.

    Args:
        answers: name and content of each file, numbers as text.

    Returns:
        The rows, in the order of the answers; None when one of them is no answer of this API.

    Raises:
        SourceError: an answer is not complete, or a charge cannot be tied to its product.
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
    """An answer, if it is one."""
    answer = _normalize_keys(content)
    if isinstance(answer.get(_PLANS), list):
        raise SourceError(
            translate(
                "{name} does not say of which product its plans are, so that no SKU is known; save the answer of the"
                " object query for charges, with those for plans and products, instead.",
                name=name,
            )
        )
    kind = next((key for key in ("products", "data") if isinstance(answer.get(key), list)), None)
    if kind is None:
        return None
    records = [_normalize_keys(record) for record in answer[kind]]
    return _AnswerPage(document_index, name, kind, records, str(answer.get("nextpage") or ""))


def _normalize_keys(value: Any) -> _RecordFields:
    """A record with its keys in lower case; what is none is an empty one."""
    return {str(key).lower(): content for key, content in value.items()} if isinstance(value, dict) else {}


def _require_all_pages(pages: Sequence[_AnswerPage]) -> None:
    """Of the pages of one query all but one name a next page, and those that name its number name each."""
    queries: dict[str, list[str]] = {}
    for page in pages:
        record_kind = _classify_record(page.records[0]) if page.records else ""
        queries.setdefault(f"{page.kind} {record_kind}", []).append(page.next_page)
    for next_pages in queries.values():
        named_pages = [next_page for next_page in next_pages if next_page]
        numbers = sorted(
            int(match[1]) for next_page in named_pages if (match := _PAGE_REGEX.search(next_page))
        )
        gap = numbers and numbers != list(range(2, len(next_pages) + 1))
        if named_pages and (len(named_pages) != len(next_pages) - 1 or gap):
            raise SourceError(
                translate(
                    "The answer is not complete: it names a further page, and {count} of its pages were handed in."
                    " Save every page, to the last, and load them together.",
                    count=str(len(next_pages)),
                )
            )


def _classify_record(record: _RecordFields) -> str:
    if "productrateplanid" in record or "chargemodel" in record:
        return "charge"
    return "plan" if "productid" in record else "product"


def _collect_record(records: _CatalogRecords, page: _AnswerPage, record: _RecordFields) -> None:
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
        records.plans.setdefault(str(plan["id"]), plan)
    records.charges.append((page.document_index, charge))


def _iter_children(page: _AnswerPage, parent: _RecordFields, key: str) -> Iterator[_RecordFields]:
    """The records inside another; refused where they are an address, or as many as an answer can hold."""
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
                "{name}: {parent} holds {count} entries, as many as such an answer can hold, so that further ones"
                " may be cut off; save charges, plans and products each with a query of their own.",
                name=page.name, parent=parent_name, count=str(len(records)),
            )
        )  # fmt: skip
    yield from map(_normalize_keys, records)


def _iter_records(records: _CatalogRecords) -> Iterator[ApiRecord]:
    """A row a charge and currency, numbered by charge within its answer."""
    counts: dict[int, int] = {}
    for document_index, charge in records.charges:
        counts[document_index] = counts.get(document_index, 0) + 1
        for cells in _iter_charge_rows(records, charge):
            yield ApiRecord(document_index, counts[document_index], cells)


def _iter_charge_rows(records: _CatalogRecords, charge: _RecordFields) -> Iterator[dict[str, str | None]]:
    """A row a currency."""
    plan = records.plans.get(str(charge.get("productrateplanid")), {})
    product = records.products.get(str(plan.get("productid")))
    if product is None:
        raise SourceError(
            translate(
                "The charge {charge} cannot be tied to its product, so its SKU is not known; load the answers for"
                " products and for plans together with that for charges.",
                charge=str(charge.get("id")),
            )
        )
    cells = {name: _to_text(value) for name, value in _collect_cells(product, plan, charge).items()}
    for currency, price in _list_prices(charge) or [(None, None)]:
        yield cells | {"currency": currency, "list_price": price}


def _collect_cells(product: _RecordFields, plan: _RecordFields, charge: _RecordFields) -> dict[str, Any]:
    """What is the same in every currency, by the names of both APIs."""
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
    """Currency and price; a charge whose price depends on tiers has none that holds for one."""
    prices = charge.get("pricing") or charge.get(_TIERS) or []
    price_records = (
        [_normalize_keys(price_record) for price_record in prices] if isinstance(prices, list) else []
    )
    active = [price_record for price_record in price_records if price_record.get("active") is not False]
    currencies = [_to_text(price_record.get("currency")) for price_record in active]
    return [
        (
            currency,
            _to_text(price_record.get("price"))
            if currencies.count(currency) == 1 and not price_record.get("tiers")
            else None,
        )
        for currency, price_record in dict(zip(currencies, active, strict=True)).items()
    ]


def _to_text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _pick_day(
    choose: Callable[[list[str]], str], product: _RecordFields, plan: _RecordFields, key: str
) -> str | None:
    """The narrower of the product's and the plan's days."""
    days = [str(record[key])[:10] for record in (product, plan) if record.get(key)]
    return choose(days) if days else None
