"""The generator is deterministic and knows the truth; both references find exactly that."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from benchmarks import bench, layout, reference_duckdb, reference_pandas
from benchmarks.generate import FAULTS, NO_CURRENCY, Catalog, Plan, generate, money_text
from pipeline.issues import CATALOGUE
from pipeline.report.issue_table import SCHEMA
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
    listed = json.loads((folder / "payloads" / "manifest.json").read_text(encoding="utf-8"))["requests"]
    payloads = sorted((folder / "payloads").glob("[0-9]*.json"))
    assert [folder / each["file"] for each in listed] == payloads
    for path, entry in zip(payloads, listed, strict=True):
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        body = json.loads(content, parse_float=Decimal, parse_int=Decimal)
        assert len(body["invoices"]) == entry["invoices"] == len(entry["invoice_refs"])
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
    for name in ("ledger.csv", "issues.csv"):
        assert _lines(tmp_path / "duckdb", name) == _lines(tmp_path / "pandas", name)
    assert _manifest(tmp_path / "duckdb") == _manifest(tmp_path / "pandas")


def _lines(folder: Path, name: str) -> list[list[str]]:
    """The header, then the sorted lines; of `ledger.csv` in their order, which is that of the sheet."""
    with (folder / name).open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    return [header, *(lines if name == "ledger.csv" else sorted(lines))]


def _manifest(folder: Path) -> list[dict[str, object]]:
    """The requests without the hashes: the references write numbers in different ways."""
    requests = json.loads((folder / "payloads" / "manifest.json").read_text(encoding="utf-8"))["requests"]
    return [{key: value for key, value in each.items() if key != "sha256"} for each in requests]


@pytest.fixture(scope="module")
def our_run(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of our own run of the small plan."""
    command = Path(bench.our_command()[0])
    if not command.exists():
        pytest.skip("invoice-import is not installed beside this Python")
    invoices, items, catalog = map(str, _inputs(small))
    workspace = ["--workspace", str(tmp_path_factory.mktemp("ours") / "workspace")]
    subprocess.run([command, "catalog", "load", catalog, *workspace], check=True, capture_output=True)
    done = subprocess.run(
        [command, "run", invoices, items, "--format", "json", *workspace], check=False, capture_output=True
    )
    assert done.returncode == bench.EXIT_FAULTY_INPUT, done.stderr.decode()
    return Path(json.loads(done.stdout)["run_folder"])


@pytest.mark.parametrize("name", ["duckdb", "pandas"])
def test_the_references_leave_what_our_run_leaves(name, small, our_run, tmp_path):
    made = {
        "duckdb": lambda: reference_duckdb.Pipeline(tmp_path / "out").run(*_inputs(small)),
        "pandas": lambda: reference_pandas.run(*_inputs(small), tmp_path / "out"),
    }[name]()
    ours, theirs = _lines(our_run, "ledger.csv"), _lines(tmp_path / "out", "ledger.csv")
    assert ours[0] == theirs[0] == list(layout.LEDGER_COLUMNS)
    assert ours == theirs
    assert _told(our_run) == _told(tmp_path / "out")
    assert _manifest(our_run) == _manifest(tmp_path / "out")
    known = json.loads((our_run / "summary.json").read_text())["sources"]
    assert [each["sha256"] for each in made["sources"][:2]] == [each["sha256"] for each in known]


def _told(folder: Path) -> list[list[str]]:
    """The issues, without the nearest names that the references do not look for."""
    rows = _lines(folder, "issues.csv")
    return [rows[0], *sorted([cell.split(" Did you mean ")[0] for cell in row] for row in rows[1:])]


@pytest.mark.parametrize("name", ["duckdb", "pandas"])
def test_the_ledgers_hold_what_was_prepared(name, small, tmp_path):
    if name == "duckdb":
        summary = reference_duckdb.Pipeline(tmp_path / "out").run(*_inputs(small))
        books = duckdb.connect(str(tmp_path / "out" / "ledger.duckdb"), read_only=True)
    else:
        summary = reference_pandas.run(*_inputs(small), tmp_path / "out")
        books = sqlite3.connect(tmp_path / "out" / "ledger.sqlite")
    with closing(books):
        ((invoices, hashes),) = books.execute(
            "SELECT count(*), count(DISTINCT content) FROM invoices WHERE length(content) = 64"
        ).fetchall()
        ((items,),) = books.execute("SELECT count(*) FROM items WHERE charge IS NOT NULL").fetchall()
        ((requests,),) = books.execute("SELECT count(*) FROM requests WHERE length(sha256) = 64").fetchall()
    assert invoices == summary["invoices"]["in"]
    assert hashes > invoices * 0.9
    assert items == summary["items"]["accepted"]
    assert requests == summary["requests"]


def test_the_references_leave_the_fingerprint_alone_when_items_change_places(small, tmp_path):
    invoices, items, catalog = _inputs(small)
    header, *lines = items.read_text(encoding="utf-8").splitlines()
    (tmp_path / "items.csv").write_text("\n".join([header, *reversed(lines)]) + "\n", encoding="utf-8")
    found = []
    for name, path in (("one", items), ("other", tmp_path / "items.csv")):
        reference_duckdb.Pipeline(tmp_path / name).run(invoices, path, catalog)
        with closing(duckdb.connect(str(tmp_path / name / "ledger.duckdb"), read_only=True)) as books:
            found.append(books.execute("SELECT row, content FROM invoices ORDER BY row").fetchall())
    assert found[0] == found[1]


def test_a_text_that_could_run_in_a_spreadsheet_is_made_inert(tmp_path):
    rows = {
        "invoices.csv": [
            "invoice_ref,account_number,invoice_date,due_date,currency,comments",
            "=A1,+x,2026-01-01,,EUR,",
        ],
        "items.csv": [
            "invoice_ref,item_no,catalog_sku,description,quantity,unit_price,amount,"
            "service_start_date,service_end_date",
            '=A1,-7,SKU-000002,"@a, ""b""",1,2.50,,2026-01-01,',
        ],
    }
    for name, lines in rows.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    generate(tmp_path / "in", Plan(items=500, invoices=60, bad_share=0.1))
    (tmp_path / "catalog.csv").write_bytes((tmp_path / "in" / "catalog.csv").read_bytes())
    reference_duckdb.Pipeline(tmp_path / "duckdb").run(*_inputs(tmp_path))
    reference_pandas.run(*_inputs(tmp_path), tmp_path / "pandas")
    (line,) = _rows(tmp_path / "duckdb" / "ledger.csv")
    assert (line["invoice_ref"], line["account"], line["item_no"]) == ("'=A1", "'+x", "-7")
    assert (line["description"], line["amount"], line["state"]) == ('\'@a, "b"', "2.50", "prepared")
    assert _lines(tmp_path / "duckdb", "ledger.csv") == _lines(tmp_path / "pandas", "ledger.csv")


def test_the_sentences_and_columns_are_the_catalogues():
    known = {code: (CATALOGUE[code].template, CATALOGUE[code].fix) for code in layout.SENTENCES}
    assert known == layout.SENTENCES
    assert list(layout.ISSUE_COLUMNS) == SCHEMA.names


def test_a_quick_bench_measures_and_does_not_enforce(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "PLACE", tmp_path / "bench")
    monkeypatch.setattr(bench, "QUICK_ITEMS", 1_000)
    monkeypatch.setattr(bench, "main_budgets", lambda _: [bench.Budget("never held", 0, 1)])
    monkeypatch.setattr(sys, "argv", ["bench", "--quick", "--only", "duckdb"])
    with pytest.raises(SystemExit) as ended:
        bench.main()
    assert ended.value.code == 0
    assert "never held" in capsys.readouterr().out


def test_the_bench_tells_a_difference(small):
    expected = json.loads((small / "expected.json").read_text())
    assert bench.differences(expected, expected, None) == []
    other = json.loads(json.dumps(expected))
    other["issues"]["E304"] += 1
    other["money"]["EUR"]["in"] = "1"
    assert len(bench.differences(expected, other, None)) == 2
