"""The real shop of the issue: 541,909 lines, every figure known, however they are handed in."""

from __future__ import annotations

import gzip
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.large_workbook import write_workbook

import pipeline
from pipeline.flow import load_catalog
from pipeline.result import Result

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SUMMARY: dict[str, Any] = {
    "verdict": "partial",
    "invoices": {"in": 25_900, "accepted": 18_536, "rejected": 7_364, "skipped": 0},
    "items": {"in": 541_909, "accepted": 397_924, "rejected": 143_985, "skipped": 0, "amount_unread": 0},
    "money": {
        "GBP": {"in": "9747747.93", "accepted": "8911407.90", "rejected": "836340.03", "skipped": "0.00"}
    },
    "requests": 426,
}


@pytest.fixture(scope="module")
def shop(online_retail: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files, unpacked, and a workspace with the shop's catalog."""
    folder = tmp_path_factory.mktemp("shop")
    for name in ("invoices.csv", "items.csv", "catalog.csv"):
        with gzip.open(online_retail / f"{name}.gz") as packed, (folder / name).open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    load = load_catalog(folder / "catalog.csv", workspace=folder / "workspace")
    assert load.snapshot is not None
    assert load.snapshot.charges == 4_070
    return folder


def _check(shop: Path, *files: Path, **flags: Any) -> Result:
    return pipeline.check(*files, workspace=shop / "workspace", **flags)


def _is_the_shop(result: Result) -> None:
    assert {name: result.summary[name] for name in SUMMARY} == SUMMARY
    issues = result.summary["issues"]
    assert {code: issues[code] for code in ("E301", "E310", "E311")} == {
        "E301": 3710,
        "E310": 1,
        "E311": 3838,
    }
    _tells_all_reasons(result)


def _tells_all_reasons(result: Result) -> None:
    """Which invoices fall for what, and for how much."""
    frame = result.invoices
    frame = frame[frame["state"] == "rejected"]
    reasons = frame["reasons"].str
    no_account, negative = reasons.contains("E301"), reasons.contains("E311")
    assert (int((no_account & negative).sum()), int((no_account & reasons.contains("E310")).sum())) == (
        184,
        1,
    )
    kinds = {"no account": frame[no_account], "negative": frame[negative & ~no_account]}
    sums = {name: (len(f), int(f["items"].sum()), f"{f['amount'].sum():.2f}") for name, f in kinds.items()}
    assert sums == {
        "no account": (3_710, 135_080, "1447682.12"),
        "negative": (3_654, 8_905, "-611342.09"),
    }
    assert int(frame.loc[reasons.contains("E310"), "items"].iloc[0]) == 1_114


def test_the_pair(shop: Path) -> None:
    result = _check(shop, shop / "invoices.csv", shop / "items.csv")
    _is_the_shop(result)
    accepted = result.invoices[result.invoices["state"] == "prepared"]
    assert int((accepted["amount"] == 0).sum()) == 4
    assert int((accepted["request"].diff().dropna() < 0).sum()) == 0


def test_in_as_few_requests_as_can_be(shop: Path) -> None:
    result = _check(shop, shop / "invoices.csv", shop / "items.csv", batch_order="fewest")
    assert 398 <= result.summary["requests"] <= 402
    assert result.summary["money"] == SUMMARY["money"]


def test_the_pair_with_its_items_shuffled(shop: Path, tmp_path: Path) -> None:
    header, *rows = (shop / "items.csv").read_bytes().splitlines(keepends=True)
    assert len(rows) == 541_909
    random.Random(1).shuffle(rows)  # noqa: S311 - repeatable, not secret
    (tmp_path / "items.csv").write_bytes(b"".join([header, *rows]))
    _is_the_shop(_check(shop, shop / "invoices.csv", tmp_path / "items.csv"))


def test_one_workbook(shop: Path, tmp_path: Path) -> None:
    path = tmp_path / "shop.xlsx"
    sheets = {title: shop / f"{title.lower()}.csv" for title in ("Invoices", "Items")}
    write_workbook(path, sheets, numbers=("quantity", "unit_price", "amount"))
    _is_the_shop(_check(shop, path))
