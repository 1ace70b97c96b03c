"""Nearest names of unknown keys, search, and the catalog of a real shop."""

from __future__ import annotations

import os
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from pipeline.catalog import Catalog, Snapshot, build_snapshot, open_catalog, suggestions
from pipeline.catalog.snapshot_kinds import CATALOG_SCHEMA
from pipeline.model.sheets import SourceFile

SOURCE = SourceFile("products.csv", "ab" * 32, 123)
NAMES = {
    "85123A": "WHITE HANGING HEART T-LIGHT HOLDER",
    "85123C": "RED HANGING HEART T-LIGHT HOLDER",
    "84406B": "CREAM CUPID HEARTS COAT HANGER",
    "00123": "Café crème",
    "SUP-100": "Support, standard",
    "SUP-200": "Support, premium",
    "M": "Manual",
    "CONSULT": "Consulting day",
    "22423": "REGENCY CAKESTAND 3 TIER",
}


def shared(name: str) -> Path:
    """A file of the shared data, which is not there on every machine."""
    root = os.environ.get("SHARED_DATA")
    base = Path(root) if root else Path(__file__).resolve().parents[3] / "shared" / "data"
    if not (base / name).exists():
        pytest.skip(f"no {name}: set SHARED_DATA to the folder of the shared data")
    return base / name


def build_catalog(folder: Path, rows: dict[str, Any]) -> Snapshot:
    count = len(rows["sku"])
    rows = {"charge_model": ["Per Unit"] * count} | rows
    snapshot = build_snapshot(pa.table(rows), folder, SOURCE).snapshot
    assert snapshot is not None
    return snapshot


@pytest.fixture
def catalog(tmp_path: Path) -> Any:
    rows = {
        "sku": list(NAMES),
        "product_name": list(NAMES.values()),
        "product_rate_plan_charge_id": [
            f"402890555a87d7f5015a88c613c5{n * 4099:04x}" for n in range(len(NAMES))
        ],
        "charge_name": [f"{name} fee" for name in NAMES.values()],
    }
    with open_catalog(build_catalog(tmp_path, rows)) as catalog:
        yield catalog


def suggested(catalog: Catalog, key: str, limit: int = 3) -> list[str]:
    return [suggestion.value for suggestion in catalog.suggest_keys(pa.array([key]), "sku", limit)[key]]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("85123a", "85123A"),
        ("85123 a", "85123A"),
        ("85123-A", "85123A"),
        ("85123\u00a0A", "85123A"),
        ("0085123A", "85123A"),
        ("123", "00123"),
        ("0000123", "00123"),
        ("sup100", "SUP-100"),
        ("SUP\u2013100", "SUP-100"),
        ("SUP 0100", "SUP-100"),
        ("m", "M"),
        ("85123B", "85123A"),
        ("85123", "85123A"),
        ("85132A", "85123A"),
        ("CONSULTING", "CONSULT"),
        ("22432", "22423"),
    ],
)
def test_what_was_meant_comes_first(catalog: Catalog, typed: str, meant: str) -> None:
    assert suggested(catalog, typed)[0] == meant


def test_names_are_told(catalog: Catalog) -> None:
    assert catalog.suggest_keys(pa.array(["sup-100"]), "sku", limit=1) == {
        "sup-100": [suggestions.Suggestion("SUP-100", "Support, standard")]
    }


def test_limit(catalog: Catalog) -> None:
    assert suggested(catalog, "85123B") == ["85123A", "85123C"]
    assert suggested(catalog, "85123B", limit=1) == ["85123A"]
    assert suggested(catalog, "sup-100") == ["SUP-100", "SUP-200"]


@pytest.mark.parametrize("typed", ["zzz", "", "0", "99999999", "ü", "x" * 5000])
def test_nothing_near(catalog: Catalog, typed: str) -> None:
    assert suggested(catalog, typed) == []


def test_every_key_has_an_answer(catalog: Catalog) -> None:
    answers = catalog.suggest_keys(pa.array(["zzz", None, "sup100", "zzz"]), "sku")
    assert list(answers) == ["zzz", "sup100"]


def test_charges(catalog: Catalog) -> None:
    known = "402890555a87d7f5015a88c613c50000"
    for typed in (known.upper(), known[:-1] + "f", known[:-2] + "00 0", known[1:]):
        matches = catalog.suggest_keys(pa.array([typed]), "charge")[typed]
        assert matches[0] == suggestions.Suggestion(known, "WHITE HANGING HEART T-LIGHT HOLDER fee")


def test_work_is_bounded(tmp_path: Path) -> None:
    count = 50_000
    rows = {
        "sku": [f"SKU-{n * 7:06d}" for n in range(count)],
        "product_rate_plan_charge_id": [f"c{n}" for n in range(count)],
    }
    unknown = pa.array([f"sku-{n * 7 + 1:06d}" for n in range(20_000)])
    with open_catalog(build_catalog(tmp_path, rows)) as catalog:
        begun = time.perf_counter()
        answers = catalog.suggest_keys(unknown, "sku")
        assert time.perf_counter() - begun < 10  # 1 s here; every pair would be 1,000,000,000
    compared = suggestions.MAX_PAIRS // count
    assert [bool(answer) for answer in answers.values()] == [True] * compared + [False] * (
        len(unknown) - compared
    )


@pytest.mark.parametrize(
    ("typed", "kind", "skus"),
    [
        ("85123A", "exact", ["85123A"]),
        ("m", "exact", ["M"]),
        ("402890555a87d7f5015a88c613c50000", "exact", ["85123A"]),
        ("support, standard", "exact", ["SUP-100"]),
        ("85123", "part", ["85123A", "85123C"]),
        ("heart holder", "part", ["85123A", "85123C"]),
        ("CAFE creme", "part", ["00123"]),
        ("suport premum", "near", ["SUP-200"]),
        ("cakstand", "near", ["22423"]),
    ],
)
def test_search(catalog: Catalog, typed: str, kind: str, skus: list[str]) -> None:
    matches = catalog.search(typed)
    first = matches.filter(pc.equal(matches["match"], kind))
    assert first["sku"].to_pylist() == skus
    assert matches["match"][0].as_py() == kind
    assert matches.column_names == ["match", *CATALOG_SCHEMA.names]


@pytest.mark.parametrize("typed", ["", "   ", "qqqqqq", "%", "_"])
def test_search_finds_nothing(catalog: Catalog, typed: str) -> None:
    assert len(catalog.search(typed)) == 0


def test_search_limit(catalog: Catalog) -> None:
    assert len(catalog.search("e", limit=2)) == 2


def test_the_catalog_of_a_real_shop(tmp_path: Path) -> None:
    file = shared("online_retail/catalog.csv.gz")
    options = pa.csv.ConvertOptions(
        column_types=CATALOG_SCHEMA,
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
    )
    table = pa.csv.read_csv(file, convert_options=options)
    load = build_snapshot(table, tmp_path, SOURCE)
    assert load.contradictions == ()
    assert len(load.duplicates) == 0
    assert load.snapshot is not None
    assert (load.snapshot.charges, load.snapshot.products, load.snapshot.prices) == (4070, 4070, 3938)
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(len(table))))
    assert build_snapshot(shuffled, tmp_path, SOURCE).snapshot == load.snapshot
    skus = table["sku"].take(pa.array(np.random.default_rng(2).integers(0, len(table), 541_909)))
    with open_catalog(load.snapshot) as catalog:
        lookup = catalog.lookup(pa.chunked_array([*skus.chunks, ["85123Z"]]), pa.array([], pa.string()))
        assert len(lookup) == 4070
        assert lookup.unknown_skus.to_pylist() == ["85123Z"]
        prices = dict(zip(*(lookup.table[name].to_pylist() for name in ("sku", "list_price")), strict=True))
        assert prices["85123A"] == Decimal("2.95")
        assert catalog.suggest_keys(lookup.unknown_skus, "sku")["85123Z"][0].value.startswith("85123")
        assert catalog.search("white hanging heart")["sku"][0].as_py() == "85123A"
