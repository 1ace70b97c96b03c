"""Stage 3: each item meets the charge it names.

Input: `ValidSheets` and the `Knowledge` that the catalog answered to `keys`. Output: `EnrichedSheets` and
the issues of charges that are unknown, not valid at the date of service, ambiguous or unusable, and of sheet
values that the catalog overrules. It never asks the catalog itself and never drops a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.enrich import choose, prices
from pipeline.enrich.choose import Choice, grouped
from pipeline.issues import Findings, Issues, found
from pipeline.language import say
from pipeline.model import EnrichedSheets, Knowledge, Positions, RawSheets, ValidSheets
from schemas.catalog import USABLE_MODELS
from schemas.columns import cells_of, plain, series
from schemas.tables import ITEMS
from schemas.terms import Terms

SKU, CHARGE, FREE = "catalog_sku", "product_rate_plan_charge_id", "sku"


@dataclass(frozen=True)
class Ways:
    """How the settings and the target want it.

    Attributes:
        owned: item fields that the target reads from the charge.
        terms: what the settings say about rules.
        catalog_prices: the catalog's price fills a blank unit price.
    """

    owned: tuple[str, ...]
    terms: Terms
    catalog_prices: bool = False


class Keys(NamedTuple):
    """What the catalog is asked for: texts, each once."""

    skus: pa.Array
    charges: pa.Array
    free_skus: pa.Array


def keys(raw: RawSheets) -> Keys:
    """The keys that the items name, as they are written."""
    return Keys(*(_distinct(raw.tables["items"].frame, name) for name in (SKU, CHARGE, FREE)))


def _distinct(items: pd.DataFrame, name: str) -> Any:
    texts = pc.drop_null(plain(pc.unique(_column(items, name))))
    return texts.filter(pc.not_equal(texts, ""))


def _column(items: pd.DataFrame, name: str) -> Any:
    return cells_of(items[name]) if name in items else pa.nulls(len(items), pa.string())


def enrich(valid: ValidSheets, knowledge: Knowledge | None, ways: Ways) -> tuple[EnrichedSheets, Issues]:
    """Tie every item to its charge.

    Args:
        valid: typed sheets.
        knowledge: the catalog's answers; None when no catalog is loaded.
        ways: how the settings and the target want it.

    Returns:
        ok: all rows, with charge id and catalog values where a charge was found.
        issues: errors one an item; warnings one a cause.
    """
    if knowledge is None:
        empty = pd.DataFrame(index=valid.items.index)
        return EnrichedSheets(valid, valid.items, empty), found([*_without_catalog(valid, ways)])
    skus, charges = _column(valid.items, SKU), _column(valid.items, CHARGE)
    choice = choose.choose(valid, knowledge.candidates, plain(skus), plain(charges))
    charge_id = choice.column(CHARGE)
    if charges.null_count < len(charges):
        charge_id = pc.coalesce(plain(charge_id), plain(charges))
    items = valid.items.assign(**{CHARGE: series(charge_id)})
    catalog = pd.DataFrame(
        {name: series(choice.column(name)) for name in (*ways.owned, "product_id", "product_name")}
    )
    if "unit_price" in valid.items:
        catalog["list_price"] = series(prices.listed(valid, choice))
    findings = [
        *_faults(valid, knowledge, choice, plain(skus), plain(charges)),
        *_overruled(valid.items, choice, ways.owned),
        _misplaced(valid.items, knowledge, charge_id),
    ]
    if ways.catalog_prices:
        items, priced = prices.fill(valid, items, choice, ways.terms)
        findings += priced
    return EnrichedSheets(valid, items, catalog, ways.catalog_prices), found(findings)


def _without_catalog(valid: ValidSheets, ways: Ways) -> Iterator[Findings]:
    """A SKU or a price cannot be looked up; a charge id is sent as it is, and that is told once."""
    skus, charges = _column(valid.items, SKU), _column(valid.items, CHARGE)
    lost = pc.and_(pc.is_valid(skus), pc.is_null(charges)).to_numpy(zero_copy_only=False)
    yield Findings("E408", "items", SKU, np.flatnonzero(lost))
    unchecked = np.flatnonzero(pc.is_valid(charges).to_numpy(zero_copy_only=False))
    yield Findings(
        "W402", "items", CHARGE, unchecked[:1], counts=np.array([len(unchecked)])[: len(unchecked)]
    )
    if ways.catalog_prices:
        yield Findings("E302", "items", "amount", unchecked[prices.waiting(valid)[unchecked]])


def _faults(
    valid: ValidSheets, knowledge: Knowledge, choice: Choice, skus: Any, charges: Any
) -> Iterator[Findings]:
    """The items whose charge cannot be put on the invoice."""
    for kind, code, field, texts in (("sku", "E401", SKU, skus), ("charge", "E402", CHARGE, charges)):
        rows = choice.unknown_by(kind)
        yield _finding(code, field, rows, texts, near=_near(knowledge, kind, texts, rows))
    for by_charge, field, texts in ((False, SKU, skus), (True, CHARGE, charges)):
        for code, rows, facts in choice.faults(by_charge):
            more = {"date": _dates(valid, rows)} if code == "E403" else {}
            if code == "E405":
                more = {"models": say(" and ").join(USABLE_MODELS), "near": ""}
            yield _finding(code, field, rows, texts, **facts, **more)
    differ = choice.other_sku(skus)
    yield _finding("E406", SKU, differ, skus, expected=plain(pc.take(choice.column("sku"), pa.array(differ))))


def _finding(code: str, field: str, rows: Positions, texts: Any, **facts: Any) -> Findings:
    return Findings(code, "items", field, rows, pc.take(texts, pa.array(rows)), facts)


def _dates(valid: ValidSheets, rows: Positions) -> Any:
    return pc.cast(pc.take(_column(valid.items, "service_start_date"), pa.array(rows)), pa.string())


def _near(knowledge: Knowledge, kind: str, texts: Any, rows: Positions) -> Any:
    """The nearest names of each unknown key, in words."""
    asked = pc.take(texts, pa.array(rows)).dictionary_encode()
    said = [knowledge.near.get((kind, each), "") for each in asked.dictionary.to_pylist()]
    words = [say(" Did you mean {near}?", near=each) if each else "" for each in said]
    return pc.take(pa.array(words, pa.string()), asked.indices)


def _overruled(items: pd.DataFrame, choice: Choice, owned: tuple[str, ...]) -> Iterator[Findings]:
    """Sheet values that the charge's own will replace: one warning a pair of values."""
    for name in owned:
        if name not in items:
            continue
        mine, theirs = plain(cells_of(items[name])), plain(choice.column(name))
        differs = pc.and_(pc.is_valid(mine), pc.fill_null(pc.not_equal(mine, theirs), True))
        rows = np.flatnonzero(pc.and_(differs, pa.array(choice.row >= 0)).to_numpy(zero_copy_only=False))
        if len(rows):
            there = pc.fill_null(pc.take(theirs, pa.array(rows)), say("blank"))
            yield grouped("W401", name, rows, pc.take(mine, pa.array(rows)), there)


def _misplaced(items: pd.DataFrame, knowledge: Knowledge, charge_id: Any) -> Findings | None:
    """A product's SKU in the free SKU column of an item without a charge."""
    if FREE not in items:
        return None
    free = plain(cells_of(items[FREE]))
    product = pc.is_in(free, value_set=knowledge.free_skus, skip_nulls=True)
    rows = pc.and_(product, pc.is_null(charge_id)).to_numpy(zero_copy_only=False)
    named = pc.is_null(_column(items, SKU)).to_numpy(zero_copy_only=False)
    return _finding("E407", FREE, np.flatnonzero(rows & named), free, column=ITEMS[SKU].label)
