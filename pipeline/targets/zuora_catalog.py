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
from pipeline.language import say
from pipeline.model import Record

_MOST_NESTED = {"products": 300, "data": 99}
"""Children of one parent that an answer holds at most, by the key of its list."""
_MODELS = {"flatfee": "Flat Fee", "perunit": "Per Unit"}
_PLANS, _CHARGES, _TIERS = "productrateplans", "productrateplancharges", "productrateplanchargetiers"
_PAGE = re.compile(r"[?&]page=(\d+)")

_Fields = dict[str, Any]


class _Found(NamedTuple):
    """What the answers hold: products and plans by id, charges each with the number of its answer."""

    products: dict[str, _Fields]
    plans: dict[str, _Fields]
    charges: list[tuple[int, _Fields]]


class _Page(NamedTuple):
    """An answer: its position and name, the key of its list, the records in it, and what names the next."""

    number: int
    name: str
    kind: str
    records: list[_Fields]
    further: str


def rows(answers: Sequence[tuple[str, Any]]) -> list[Record] | None:
    """Saved answers as rows of a catalog, one a charge and currency.

    Args:
        answers: name and content of each file, numbers as text.

    Returns:
        The rows, in the order of the answers; None when one of them is no answer of this API.

    Raises:
        SourceError: an answer is not complete, or a charge cannot be tied to its product.
    """
    pages = [_page(number, *each) for number, each in enumerate(answers)]
    known = [each for each in pages if each is not None]
    if len(known) < len(pages):
        return None
    _all_there(known)
    found = _Found({}, {}, [])
    for page in known:
        for record in page.records:
            _gather(found, page, record)
    if not found.charges:
        raise SourceError(
            say(
                "The answers hold no charges; save that of the query for charges too, and load them together."
            )
        )
    return list(_numbered(found))


def _page(number: int, name: str, content: Any) -> _Page | None:
    """An answer, if it is one."""
    told = _lowered(content)
    if isinstance(told.get(_PLANS), list):
        raise SourceError(
            say(
                "{name} does not say of which product its plans are, so that no SKU is known; save the answer of the"
                " object query for charges, with those for plans and products, instead.",
                name=name,
            )
        )
    kind = next((each for each in ("products", "data") if isinstance(told.get(each), list)), None)
    if kind is None:
        return None
    records = [_lowered(each) for each in told[kind]]
    return _Page(number, name, kind, records, str(told.get("nextpage") or ""))


def _lowered(value: Any) -> _Fields:
    """A record with its keys in lower case; what is none is an empty one."""
    return {str(key).lower(): each for key, each in value.items()} if isinstance(value, dict) else {}


def _all_there(pages: Sequence[_Page]) -> None:
    """Of the pages of one query all but one name a next page, and those that name its number name each."""
    queries: dict[str, list[str]] = {}
    for page in pages:
        sort = _sort(page.records[0]) if page.records else ""
        queries.setdefault(f"{page.kind} {sort}", []).append(page.further)
    for further in queries.values():
        named = [each for each in further if each]
        numbers = sorted(int(at[1]) for each in named if (at := _PAGE.search(each)))
        gap = numbers and numbers != list(range(2, len(further) + 1))
        if named and (len(named) != len(further) - 1 or gap):
            raise SourceError(
                say(
                    "The answer is not complete: it names a further page, and {count} of its pages were handed in."
                    " Save every page, to the last, and load them together.",
                    count=str(len(further)),
                )
            )


def _sort(record: _Fields) -> str:
    if "productrateplanid" in record or "chargemodel" in record:
        return "charge"
    return "plan" if "productid" in record else "product"


def _gather(found: _Found, page: _Page, record: _Fields) -> None:
    sort = _sort(record)
    if sort == "charge":
        _charge(found, page, record)
    elif sort == "plan":
        _plan(found, page, record)
    else:
        found.products[str(record.get("id"))] = record
        for plan in _children(page, record, _PLANS):
            _plan(found, page, plan | {"productid": record.get("id")})


def _plan(found: _Found, page: _Page, plan: _Fields) -> None:
    found.plans[str(plan.get("id"))] = plan
    for charge in _children(page, plan, _CHARGES):
        _charge(found, page, charge | {"productrateplanid": plan.get("id")})


def _charge(found: _Found, page: _Page, charge: _Fields) -> None:
    plan = _lowered(charge.get("productrateplan"))
    if plan.get("id"):
        found.plans.setdefault(str(plan["id"]), plan)
    found.charges.append((page.number, charge))


def _children(page: _Page, parent: _Fields, key: str) -> Iterator[_Fields]:
    """The records inside another; refused where they are an address, or as many as an answer can hold."""
    inside = parent.get(key) or []
    called = str(parent.get("name") or parent.get("id"))
    if isinstance(inside, str):
        raise SourceError(
            say(
                "{name}: the plans of {parent} are only an address ({address}); save the answer of the object"
                " query for charges, with those for plans and products, instead.",
                name=page.name, parent=called, address=inside,
            )
        )  # fmt: skip
    if len(inside) >= _MOST_NESTED[page.kind]:
        raise SourceError(
            say(
                "{name}: {parent} holds {count} entries, as many as such an answer can hold, so that further ones"
                " may be cut off; save charges, plans and products each with a query of their own.",
                name=page.name, parent=called, count=str(len(inside)),
            )
        )  # fmt: skip
    yield from map(_lowered, inside)


def _numbered(found: _Found) -> Iterator[Record]:
    """A row a charge and currency, numbered by charge within its answer."""
    counts: dict[int, int] = {}
    for document, charge in found.charges:
        counts[document] = counts.get(document, 0) + 1
        for cells in _rows(found, charge):
            yield Record(document, counts[document], cells)


def _rows(found: _Found, charge: _Fields) -> Iterator[dict[str, str | None]]:
    """A row a currency."""
    plan = found.plans.get(str(charge.get("productrateplanid")), {})
    product = found.products.get(str(plan.get("productid")))
    if product is None:
        raise SourceError(
            say(
                "The charge {charge} cannot be tied to its product, so its SKU is not known; load the answers for"
                " products and for plans together with that for charges.",
                charge=str(charge.get("id")),
            )
        )
    own = {name: _text(value) for name, value in _cells(product, plan, charge).items()}
    for currency, price in _prices(charge) or [(None, None)]:
        yield own | {"currency": currency, "list_price": price}


def _cells(product: _Fields, plan: _Fields, charge: _Fields) -> dict[str, Any]:
    """What is the same in every currency, by the names of both APIs."""
    finance = _lowered(charge.get("financeinformation"))
    model = str(charge.get("chargemodel") or charge.get("model") or "").removesuffix(" Pricing")
    return {
        "product_id": product.get("id"),
        "product_name": product.get("name"),
        "sku": product.get("sku"),
        "product_rate_plan_charge_id": charge.get("id"),
        "charge_name": charge.get("name"),
        "uom": charge.get("uom"),
        "charge_model": _MODELS.get(model.lower(), model),
        "tax_code": charge.get("taxcode"),
        "tax_mode": charge.get("taxmode"),
        "accounting_code": charge.get("accountingcode") or finance.get("accountingcode"),
        "deferred_revenue_accounting_code": charge.get("deferredrevenueaccount")
        or finance.get("deferredrevenueaccountingcode"),
        "recognized_revenue_accounting_code": charge.get("recognizedrevenueaccount")
        or finance.get("recognizedrevenueaccountingcode"),
        "effective_from": _day(max, product, plan, "effectivestartdate"),
        "effective_to": _day(min, product, plan, "effectiveenddate"),
    }


def _prices(charge: _Fields) -> list[tuple[str | None, str | None]]:
    """Currency and price; a charge whose price depends on tiers has none that holds for one."""
    told = charge.get("pricing") or charge.get(_TIERS) or []
    each_price = [_lowered(each) for each in told] if isinstance(told, list) else []
    active = [each for each in each_price if each.get("active") is not False]
    currencies = [_text(each.get("currency")) for each in active]
    return [
        (
            currency,
            _text(each.get("price")) if currencies.count(currency) == 1 and not each.get("tiers") else None,
        )
        for currency, each in dict(zip(currencies, active, strict=True)).items()
    ]


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _day(narrower: Callable[[list[str]], str], product: _Fields, plan: _Fields, key: str) -> str | None:
    """The narrower of the product's and the plan's days."""
    days = [str(each[key])[:10] for each in (product, plan) if each.get(key)]
    return narrower(days) if days else None
