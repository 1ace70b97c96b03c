"""The generator is deterministic and knows the truth; both references find exactly that."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from benchmarks import bench, reference_duckdb, reference_pandas
from benchmarks.generate import FAULTS, NO_CURRENCY, Catalog, Plan, generate, money_text
from schemas.catalog import CATALOG
from schemas.currencies import DIGITS
from schemas.tables import INVOICES, ITEMS

SMALL = Plan(items=3_000, invoices=375, seed=1, bad_share=0.03, shuffle=0.05)
PLANS = [
    SMALL,
    Plan(items=3_000, invoices=375, seed=2, bad_share=0.01, shuffle=1.0),
    Plan(items=3_000, invoices=2_000, seed=3, bad_share=0.1, shuffle=0.0),
    Plan(items=20_000, invoices=2_500, seed=4, bad_share=0.02, shuffle=0.02),
    Plan(items=20_000, invoices=600, seed=5, bad_share=0.005, shuffle=0.2),
]


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    generate(folder, SMALL)
    return folder


def test_the_same_plan_gives_the_same_bytes(small, tmp_path):
    generate(tmp_path, SMALL)
    assert _files(tmp_path) == _files(small)


def test_another_seed_gives_other_rows(small, tmp_path):
    generate(tmp_path, Plan(SMALL.items, SMALL.invoices, 99, SMALL.bad_share, SMALL.shuffle))
    assert (tmp_path / "items.csv").read_bytes() != (small / "items.csv").read_bytes()


def test_the_headers_are_declared_fields(small):
    for name, table in (("invoices", INVOICES), ("items", ITEMS), ("catalog", CATALOG)):
        header = list(_rows(small / f"{name}.csv")[0])
        assert set(header) <= set(table.by_name)
        assert {each.name for each in table if each.required} <= set(header)


def test_every_designed_fault_is_there_and_each_code_is_known(small):
    expected = json.loads((small / "expected.json").read_text())
    assert set(expected["issues"]) == {code for codes in FAULTS.values() for code in codes} | {"E308", "E312"}


def test_row_counts_are_those_of_the_plan(small):
    assert len(_rows(small / "invoices.csv")) == SMALL.invoices
    assert len(_rows(small / "items.csv")) == SMALL.items


def _amount(item: dict[str, str], digits: int | None) -> Decimal | None:
    """An amount by Decimal alone, half away from zero by hand."""
    if item["amount"]:
        try:
            return Decimal(item["amount"])
        except ArithmeticError:
            return None
    if not item["unit_price"] or digits is None:
        return None
    exact = Decimal(item["quantity"]) * Decimal(item["unit_price"]) * 10**digits
    size = int(abs(exact) + Decimal("0.5"))
    return (Decimal(size) if exact >= 0 else -Decimal(size)) / 10**digits


def test_money_in_is_what_decimal_adds_up(small):
    currencies: dict[str, str] = {}
    for row in _rows(small / "invoices.csv"):
        currencies.setdefault(row["invoice_ref"], row["currency"])
    sums: dict[str, Decimal] = defaultdict(Decimal)
    unread = 0
    for item in _rows(small / "items.csv"):
        code = currencies.get(item["invoice_ref"], "")
        amount = _amount(item, DIGITS.get(code))
        unread += amount is None
        sums[code if code in DIGITS else NO_CURRENCY] += amount or 0
    expected = json.loads((small / "expected.json").read_text())
    assert {code: Decimal(each["in"]) for code, each in expected["money"].items()} == sums
    assert expected["items"]["amount_unread"] == unread


def test_ties_of_either_sign_and_scattered_items_occur(small):
    signs = Counter()
    refs = []
    for item in _rows(small / "items.csv"):
        refs.append(item["invoice_ref"])
        try:
            exact = Decimal(item["quantity"]) * Decimal(item["unit_price"])
        except ArithmeticError:
            continue
        for digits in (0, 2, 3):
            if abs(exact * 10**digits) % 1 == Decimal("0.5"):
                signs[exact > 0] += 1
    assert signs[True] > 20
    assert signs[False] > 2
    places = {ref: place for place, ref in enumerate(refs)}
    firsts = {ref: place for place, ref in reversed(list(enumerate(refs)))}
    assert max(places[ref] - firsts[ref] for ref in places) > SMALL.items // 2


def test_an_invoice_with_too_many_items_and_one_with_just_enough(tmp_path):
    generate(tmp_path, PLANS[3])
    sizes = Counter(item["invoice_ref"] for item in _rows(tmp_path / "items.csv"))
    (first, most), (_, second) = sizes.most_common(2)
    assert most > 1000
    assert second == 1000
    assert first.startswith("INV-")


def test_chunks_give_what_the_plan_asks_for():
    chunks = list(Plan(items=2_500_000, invoices=300_001).chunks())
    assert sum(items for _, _, _, items in chunks) == 2_500_000
    assert sum(count for _, _, count, _ in chunks) == 300_001
    assert [first for _, first, _, _ in chunks] == [0, 100_000, 200_000]


def test_several_chunks_agree_with_the_truth(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.generate.CHUNK_ITEMS", 1_000)
    expected = generate(tmp_path / "in", SMALL)
    summary = reference_duckdb.Pipeline(tmp_path / "out").run(*_inputs(tmp_path / "in"))
    assert bench.differences(expected, summary, tmp_path / "out" / "ledger.csv") == []


def test_the_workbook_holds_the_same_rows(tmp_path):
    generate(tmp_path, Plan(items=500, invoices=60, bad_share=0.1), workbook=True)
    book = CalamineWorkbook.from_path(str(tmp_path / "book.xlsx"))
    for sheet, name in (("Invoices", "invoices.csv"), ("Items", "items.csv")):
        header, *rows = book.get_sheet_by_name(sheet).to_python()
        plain = _rows(tmp_path / name)
        assert header == list(plain[0])
        assert [row[0] for row in rows] == [row["invoice_ref"] for row in plain]


def test_catalog_skus_differ_also_by_case_alone():
    skus = Catalog.for_items(3_000).skus()
    assert len(set(skus)) == len(skus)
    assert len({sku.lower() for sku in skus}) < len(skus)


@pytest.mark.parametrize(
    ("units", "currency", "text"),
    [
        (123_400, "EUR", "12.34"),
        (0, "JPY", "0"),
        (5, "EUR", "0.0005"),
        (-15000, "JPY", "-1.5"),
    ],
)
def test_money_is_written_with_the_digits_it_needs(units, currency, text):
    assert money_text(units, currency) == text


def _inputs(folder: Path) -> tuple[Path, Path, Path]:
    return folder / "invoices.csv", folder / "items.csv", folder / "catalog.csv"


def _billed(folder: Path) -> tuple[dict[str, Decimal], Counter[str], int]:
    """Sums per currency, counts, and the number of payloads."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    counts: Counter[str] = Counter()
    payloads = sorted((folder / "payloads").iterdir())
    for path in payloads:
        body = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)
        assert 1 <= len(body["invoices"]) <= 50
        assert sum(len(invoice["invoiceItems"]) for invoice in body["invoices"]) <= 1000
        for invoice in body["invoices"]:
            counts.update(invoices=1, items=len(invoice["invoiceItems"]))
            sums[invoice["currency"]] += sum(item["amount"] for item in invoice["invoiceItems"])
    return sums, counts, len(payloads)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.items}-{plan.seed}")
def test_both_references_find_the_truth(plan, tmp_path):
    expected = generate(tmp_path / "in", plan)
    found = {
        "duckdb": reference_duckdb.Pipeline(tmp_path / "duckdb").run(
            *_inputs(tmp_path / "in"),
        ),
        "pandas": reference_pandas.run(*_inputs(tmp_path / "in"), tmp_path / "pandas"),
    }
    accepted = {code: Decimal(each["accepted"]) for code, each in expected["money"].items()}
    for name, summary in found.items():
        folder = tmp_path / name
        assert bench.differences(expected, summary, folder / "ledger.csv") == []
        sums, counts, payloads = _billed(folder)
        assert sums == {code: total for code, total in accepted.items() if total}
        assert counts["invoices"] == expected["invoices"]["accepted"]
        assert counts["items"] == expected["items"]["accepted"]
        assert payloads == expected["requests"]
        assert len(_rows(folder / "issues.csv")) == sum(expected["issues"].values())
    assert _issues(tmp_path / "duckdb") == _issues(tmp_path / "pandas")


def _issues(folder: Path) -> list[tuple[str, ...]]:
    return sorted(
        (row["sheet"], row["row"], row["field"], row["code"], row["value"])
        for row in _rows(folder / "issues.csv")
    )


def test_the_bench_tells_a_difference(small):
    expected = json.loads((small / "expected.json").read_text())
    assert bench.differences(expected, expected, None) == []
    other = json.loads(json.dumps(expected))
    other["issues"]["E304"] += 1
    other["money"]["EUR"]["in"] = "1"
    assert len(bench.differences(expected, other, None)) == 2
