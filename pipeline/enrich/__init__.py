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

from pipeline.enrich import charge_match, prices
from pipeline.enrich.charge_match import ChargeMatches, group_findings
from pipeline.i18n import translate
from pipeline.issues import Findings, Issues, collect_findings
from pipeline.model.enriched import CatalogAnswers, EnrichedSheets
from pipeline.model.indices import Positions
from pipeline.model.sheets import RawSheets
from pipeline.model.valid import ValidSheets
from schemas.arrow.columns import arrow_column, decode_dictionary, to_series
from schemas.catalog import USABLE_CHARGE_MODELS
from schemas.rule import RuleSettings
from schemas.tables import ITEMS

CATALOG_SKU, CHARGE_ID, FREE_SKU = "catalog_sku", "product_rate_plan_charge_id", "sku"


@dataclass(frozen=True)
class EnrichOptions:
    """How the settings and the target want it.

    Attributes:
        catalog_fields: item fields that the target reads from the charge.
        rule_settings: what the settings say about rules.
        use_catalog_prices: the catalog's price fills a blank unit price.
    """

    catalog_fields: tuple[str, ...]
    rule_settings: RuleSettings
    use_catalog_prices: bool = False


class CatalogKeys(NamedTuple):
    """What the catalog is asked for: texts, each once."""

    skus: pa.Array
    charges: pa.Array
    free_skus: pa.Array


def collect_catalog_keys(raw: RawSheets) -> CatalogKeys:
    """The keys that the items name, as they are written."""
    return CatalogKeys(
        *(_collect_distinct(raw.tables["items"].frame, name) for name in (CATALOG_SKU, CHARGE_ID, FREE_SKU))
    )


def _collect_distinct(items: pd.DataFrame, name: str) -> Any:
    texts = pc.drop_null(decode_dictionary(pc.unique(_get_column(items, name))))
    return texts.filter(pc.not_equal(texts, ""))


def _get_column(items: pd.DataFrame, name: str) -> Any:
    return arrow_column(items[name]) if name in items else pa.nulls(len(items), pa.string())


def enrich_items(
    valid: ValidSheets, answers: CatalogAnswers | None, options: EnrichOptions
) -> tuple[EnrichedSheets, Issues]:
    """Tie every item to its charge.

    Args:
        valid: typed sheets.
        answers: the catalog's answers; None when no catalog is loaded.
        options: how the settings and the target want it.

    Returns:
        ok: all rows, with charge id and catalog values where a charge was found.
        issues: errors one an item; warnings one a cause.
    """
    if answers is None:
        empty = pd.DataFrame(index=valid.items.index)
        return EnrichedSheets(valid, valid.items, empty), collect_findings([*_find_unchecked(valid, options)])
    skus, charges = _get_column(valid.items, CATALOG_SKU), _get_column(valid.items, CHARGE_ID)
    matches = charge_match.match_charges(
        valid, answers.candidates, decode_dictionary(skus), decode_dictionary(charges)
    )
    charge_id = matches.get_column(CHARGE_ID)
    if charges.null_count < len(charges):
        charge_id = pc.coalesce(decode_dictionary(charge_id), decode_dictionary(charges))
    items = valid.items.assign(**{CHARGE_ID: to_series(charge_id)})
    catalog = pd.DataFrame(
        {
            name: to_series(matches.get_column(name))
            for name in (*options.catalog_fields, "product_id", "product_name")
        }
    )
    if "unit_price" in valid.items:
        catalog["list_price"] = to_series(prices.get_list_prices(valid, matches))
    findings = [
        *_find_faults(valid, answers, matches, decode_dictionary(skus), decode_dictionary(charges)),
        *_find_overruled(valid.items, matches, options.catalog_fields),
        _find_misplaced(valid.items, answers, charge_id),
    ]
    if options.use_catalog_prices:
        items, price_findings = prices.fill_prices(valid, items, matches, options.rule_settings)
        findings += price_findings
    return EnrichedSheets(valid, items, catalog, options.use_catalog_prices), collect_findings(findings)


def _find_unchecked(valid: ValidSheets, options: EnrichOptions) -> Iterator[Findings]:
    """A SKU or a price cannot be looked up; a charge id is sent as it is, and that is told once."""
    skus, charges = _get_column(valid.items, CATALOG_SKU), _get_column(valid.items, CHARGE_ID)
    is_lost = pc.and_(pc.is_valid(skus), pc.is_null(charges)).to_numpy(zero_copy_only=False)
    yield Findings("E408", "items", CATALOG_SKU, np.flatnonzero(is_lost))
    unchecked = np.flatnonzero(pc.is_valid(charges).to_numpy(zero_copy_only=False))
    yield Findings(
        "W402", "items", CHARGE_ID, unchecked[:1], row_counts=np.array([len(unchecked)])[: len(unchecked)]
    )
    if options.use_catalog_prices:
        yield prices.report_missing_amounts(unchecked[prices.find_waiting_items(valid)[unchecked]])


def _find_faults(
    valid: ValidSheets, answers: CatalogAnswers, matches: ChargeMatches, skus: Any, charges: Any
) -> Iterator[Findings]:
    """The items whose charge cannot be put on the invoice."""
    for kind, code, field, texts in (
        ("sku", "E401", CATALOG_SKU, skus),
        ("charge", "E402", CHARGE_ID, charges),
    ):
        rows = matches.find_unknown(kind)
        yield _build_finding(code, field, rows, texts, near=_suggest_names(answers, kind, texts, rows))
    for by_charge, field, texts in ((False, CATALOG_SKU, skus), (True, CHARGE_ID, charges)):
        for code, rows, facts in matches.iter_faults(by_charge):
            extra_facts = {"date": _format_dates(valid, rows)} if code == "E403" else {}
            if code == "E405":
                extra_facts = {"models": translate(" and ").join(USABLE_CHARGE_MODELS), "near": ""}
            yield _build_finding(code, field, rows, texts, **facts, **extra_facts)
    mismatched = matches.find_other_sku(skus)
    yield _build_finding(
        "E406",
        CATALOG_SKU,
        mismatched,
        skus,
        expected=decode_dictionary(pc.take(matches.get_column("sku"), pa.array(mismatched))),
    )


def _build_finding(code: str, field: str, rows: Positions, texts: Any, **facts: Any) -> Findings:
    return Findings(code, "items", field, rows, pc.take(texts, pa.array(rows)), facts)


def _format_dates(valid: ValidSheets, rows: Positions) -> Any:
    return pc.cast(pc.take(_get_column(valid.items, "service_start_date"), pa.array(rows)), pa.string())


def _suggest_names(answers: CatalogAnswers, kind: str, texts: Any, rows: Positions) -> Any:
    """The nearest names of each unknown key, in words."""
    keys = pc.take(texts, pa.array(rows)).dictionary_encode()
    names = [answers.suggestions.get((kind, key), "") for key in keys.dictionary.to_pylist()]
    questions = [translate(" Did you mean {near}?", near=name) if name else "" for name in names]
    return pc.take(pa.array(questions, pa.string()), keys.indices)


def _find_overruled(
    items: pd.DataFrame, matches: ChargeMatches, catalog_fields: tuple[str, ...]
) -> Iterator[Findings]:
    """Sheet values that the charge's own will replace: one warning a pair of values."""
    for name in catalog_fields:
        if name not in items:
            continue
        sheet_values, catalog_values = (
            decode_dictionary(arrow_column(items[name])),
            decode_dictionary(matches.get_column(name)),
        )
        differs = pc.and_(
            pc.is_valid(sheet_values), pc.fill_null(pc.not_equal(sheet_values, catalog_values), True)
        )
        rows = np.flatnonzero(
            pc.and_(differs, pa.array(matches.candidate_of_item >= 0)).to_numpy(zero_copy_only=False)
        )
        if len(rows):
            shown = pc.fill_null(pc.take(catalog_values, pa.array(rows)), translate("blank"))
            yield group_findings("W401", name, rows, pc.take(sheet_values, pa.array(rows)), shown)


def _find_misplaced(items: pd.DataFrame, answers: CatalogAnswers, charge_id: Any) -> Findings | None:
    """A product's SKU in the free SKU column of an item without a charge."""
    if FREE_SKU not in items:
        return None
    free_skus = decode_dictionary(arrow_column(items[FREE_SKU]))
    is_product = pc.is_in(free_skus, value_set=answers.free_skus, skip_nulls=True)
    rows = pc.and_(is_product, pc.is_null(charge_id)).to_numpy(zero_copy_only=False)
    has_no_sku = pc.is_null(_get_column(items, CATALOG_SKU)).to_numpy(zero_copy_only=False)
    return _build_finding(
        "E407", FREE_SKU, np.flatnonzero(rows & has_no_sku), free_skus, column=ITEMS[CATALOG_SKU].label
    )
