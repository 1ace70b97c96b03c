"""Stage 3: look up the charge of each item and the values that the catalog owns.

In: `ValidSheets`, and the `CatalogAnswers` to `collect_catalog_keys`.
Out: `EnrichedSheets`, and issues of charges that are unknown, not valid on the date of service, ambiguous or
    unusable, and of sheet values that the catalog overrules.
Never: queries the catalog itself or drops a row.
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
from schemas.arrow.columns import ArrowColumn, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column, to_series
from schemas.catalog import USABLE_CHARGE_MODELS
from schemas.rule import RuleSettings
from schemas.tables import ITEMS

_CATALOG_SKU, _CHARGE_ID, _FREE_SKU = "catalog_sku", "product_rate_plan_charge_id", "sku"


@dataclass(frozen=True)
class EnrichOptions:
    """Options of this stage, from the settings and the target.

    Attributes:
        catalog_fields: item fields that the target takes from the charge.
        rule_settings: settings that rules depend on.
        use_catalog_prices: the catalog's price fills a blank unit price.
    """

    catalog_fields: tuple[str, ...]
    rule_settings: RuleSettings
    use_catalog_prices: bool = False


class CatalogKeys(NamedTuple):
    """The keys that the catalog is queried for, each once."""

    skus: pa.Array
    charges: pa.Array
    free_skus: pa.Array


def collect_catalog_keys(raw: RawSheets) -> CatalogKeys:
    """Collect the distinct keys that the items name, as written in the sheet."""
    return CatalogKeys(
        *(
            _collect_distinct(raw.tables["items"].frame, name)
            for name in (_CATALOG_SKU, _CHARGE_ID, _FREE_SKU)
        )
    )


def _collect_distinct(items: pd.DataFrame, name: str) -> Texts:
    texts = pc.drop_null(decode_dictionary(pc.unique(_get_column(items, name))))
    return texts.filter(pc.not_equal(texts, ""))


def _get_column(items: pd.DataFrame, name: str) -> ArrowColumn:
    return arrow_column(items[name]) if name in items else pa.nulls(len(items), pa.string())


def enrich_items(
    valid: ValidSheets, answers: CatalogAnswers | None, options: EnrichOptions
) -> tuple[EnrichedSheets, Issues]:
    """Match every item to its charge and add the catalog's values.

    Args:
        valid: typed sheets.
        answers: the catalog's answers; None when no catalog is loaded.
        options: of this stage.

    Returns:
        All rows, with charge id and catalog values where a charge was found; errors, one per item, and
        warnings, one per cause.
    """
    if answers is None:
        empty = pd.DataFrame(index=valid.items.index)
        return EnrichedSheets(valid, valid.items, empty), collect_findings([*_find_unchecked(valid, options)])
    skus, charges = _get_column(valid.items, _CATALOG_SKU), _get_column(valid.items, _CHARGE_ID)
    matches = charge_match.match_charges(
        valid, answers.candidates, decode_dictionary(skus), decode_dictionary(charges)
    )
    charge_id = matches.get_column(_CHARGE_ID)
    if charges.null_count < len(charges):
        # where no charge was found the sheet's own id stays
        charge_id = pc.coalesce(decode_dictionary(charge_id), decode_dictionary(charges))
    items = valid.items.assign(**{_CHARGE_ID: to_series(charge_id)})
    catalog = _build_catalog_frame(valid, matches, options.catalog_fields)
    findings = [
        *_find_faults(valid, answers, matches, decode_dictionary(skus), decode_dictionary(charges)),
        *_find_overruled(valid.items, matches, options.catalog_fields),
        _find_misplaced(valid.items, answers, charge_id),
    ]
    if options.use_catalog_prices:
        items, price_findings = prices.fill_prices(valid, items, matches, options.rule_settings)
        findings += price_findings
    return EnrichedSheets(valid, items, catalog, options.use_catalog_prices), collect_findings(findings)


def _build_catalog_frame(
    valid: ValidSheets, matches: ChargeMatches, catalog_fields: tuple[str, ...]
) -> pd.DataFrame:
    """Build the frame of the catalog's values, one row per item, null without a charge."""
    names = (*catalog_fields, "product_id", "product_name")
    catalog = pd.DataFrame({name: to_series(matches.get_column(name)) for name in names})
    if "unit_price" in valid.items:
        catalog["list_price"] = to_series(prices.get_list_prices(valid, matches))
    return catalog


def _find_unchecked(valid: ValidSheets, options: EnrichOptions) -> Iterator[Findings]:
    """Report what cannot be looked up without a catalog: SKUs, prices, and once the unchecked charge ids."""
    skus, charges = _get_column(valid.items, _CATALOG_SKU), _get_column(valid.items, _CHARGE_ID)
    is_lost = pc.and_(pc.is_valid(skus), pc.is_null(charges)).to_numpy(zero_copy_only=False)
    yield Findings("E408", "items", _CATALOG_SKU, np.flatnonzero(is_lost))
    unchecked = np.flatnonzero(pc.is_valid(charges).to_numpy(zero_copy_only=False))
    # without a row there is no count either
    yield Findings(
        "W402", "items", _CHARGE_ID, unchecked[:1], row_counts=np.array([len(unchecked)])[: len(unchecked)]
    )
    if options.use_catalog_prices:
        yield prices.report_missing_amounts(unchecked[prices.find_waiting_items(valid)[unchecked]])


def _find_faults(
    valid: ValidSheets, answers: CatalogAnswers, matches: ChargeMatches, skus: Texts, charges: Texts
) -> Iterator[Findings]:
    """Report the items whose charge cannot be billed."""
    for kind, code, field, texts in (
        ("sku", "E401", _CATALOG_SKU, skus),
        ("charge", "E402", _CHARGE_ID, charges),
    ):
        rows = matches.find_unknown(kind)
        yield _build_finding(code, field, rows, texts, near=_suggest_names(answers, kind, texts, rows))
    for by_charge, field, texts in ((False, _CATALOG_SKU, skus), (True, _CHARGE_ID, charges)):
        for code, rows, facts in matches.iter_faults(by_charge):
            extra_facts = {"date": _format_dates(valid, rows)} if code == "E403" else {}
            if code == "E405":
                extra_facts = {"models": translate(" and ").join(USABLE_CHARGE_MODELS), "near": ""}
            yield _build_finding(code, field, rows, texts, **facts, **extra_facts)
    mismatched = matches.find_other_sku(skus)
    yield _build_finding(
        "E406",
        _CATALOG_SKU,
        mismatched,
        skus,
        expected=decode_dictionary(pc.take(matches.get_column("sku"), pa.array(mismatched))),
    )


def _build_finding(code: str, field: str, rows: Positions, texts: Texts, **facts: Any) -> Findings:
    return Findings(code, "items", field, rows, pc.take(texts, pa.array(rows)), facts)


def _format_dates(valid: ValidSheets, rows: Positions) -> Texts:
    return pc.cast(pc.take(_get_column(valid.items, "service_start_date"), pa.array(rows)), pa.string())


def _suggest_names(answers: CatalogAnswers, kind: str, texts: Texts, rows: Positions) -> Texts:
    """Build a "Did you mean" question for each unknown key; empty without a near name."""
    keys = pc.take(texts, pa.array(rows)).dictionary_encode()
    names = [answers.suggestions.get((kind, key), "") for key in keys.dictionary.to_pylist()]
    questions = [translate(" Did you mean {near}?", near=name) if name else "" for name in names]
    return pc.take(pa.array(questions, pa.string()), keys.indices)


def _find_overruled(
    items: pd.DataFrame, matches: ChargeMatches, catalog_fields: tuple[str, ...]
) -> Iterator[Findings]:
    """Report sheet values that the charge's value replaces: one warning per pair of values."""
    for name in catalog_fields:
        if name not in items:
            continue
        sheet_values, catalog_values = (
            decode_dictionary(arrow_column(items[name])),
            decode_dictionary(matches.get_column(name)),
        )
        # a blank of the catalog overrules the sheet as well: comparing with it gives null
        differs = pc.and_(
            pc.is_valid(sheet_values), pc.fill_null(pc.not_equal(sheet_values, catalog_values), True)
        )
        rows = np.flatnonzero(
            pc.and_(differs, pa.array(matches.candidate_of_item >= 0)).to_numpy(zero_copy_only=False)
        )
        if len(rows):
            shown = pc.fill_null(pc.take(catalog_values, pa.array(rows)), translate("blank"))
            yield group_findings("W401", name, rows, pc.take(sheet_values, pa.array(rows)), shown)


def _find_misplaced(items: pd.DataFrame, answers: CatalogAnswers, charge_id: Texts) -> Findings | None:
    """Report a product's SKU in the free SKU column of an item without a charge."""
    if _FREE_SKU not in items:
        return None
    free_skus = decode_dictionary(arrow_column(items[_FREE_SKU]))
    is_product = pc.is_in(free_skus, value_set=answers.free_skus, skip_nulls=True)
    rows = pc.and_(is_product, pc.is_null(charge_id)).to_numpy(zero_copy_only=False)
    has_no_sku = pc.is_null(_get_column(items, _CATALOG_SKU)).to_numpy(zero_copy_only=False)
    return _build_finding(
        "E407", _FREE_SKU, np.flatnonzero(rows & has_no_sku), free_skus, column=ITEMS[_CATALOG_SKU].label
    )
