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
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from benchmarks import bench, beside, layout, reference_duckdb, reference_pandas
from benchmarks.generate import FAULTS, NO_CURRENCY, Catalog, Plan, generate, money_text
from pipeline.issues import CATALOGUE
from pipeline.report.issue_table import ISSUE_SCHEMA
from schemas.catalog import CATALOG
from schemas.cell_kinds import ERROR_TEXTS
from schemas.currencies import CURRENCY_DIGITS
from schemas.tables import INVOICES, ITEMS
from schemas.tables.common import TOTAL_WORDS

pytestmark = pytest.mark.slow

NO_DATA = (beside.NOTE, beside.EXAMPLE)
OUT_OF_REACH = {
    "a file, a sheet or a header is at fault": "E101 E102 E103 E104 E105 E107 E340 E352 W101 W412",
    "only a workbook or a flat sheet has that": "E110 E111 E112 E113 W102 W103 W105 E215 E216 E218 E219 E222",
    "the made-up sheets have no such column or sheet": "E209 E210 E211 E315 E316 E320 E321 E322 E323 E324 E325 E326 "
    "E327 E328 E402 E406 E407 W301 W320 W401 W806",
    "another target asks for it": "E330 E331 E332 E333 E334 E335 E336 E337 E338 E339 E351 E415",
    "a setting asks for it": "E221 E317 E502 W304 W403 W804 E804 W807",
    "an account list is needed": "E412 E413 E414 W411",
    "a catalog is loaded, without contradictions": "E408 E410 E411 W402",
    "a ledger with a past is needed": "E501 W802 W808",
    "control totals or a template are needed": "E601 E602 E603 E604 W601",
    "the billing system said it": "E361 E362 E363 E364",
}
"""Why a code is not planted: nothing else may excuse the bench from a rule."""

SMALL = Plan(items=3_000, invoices=375, seed=1, bad_share=0.03, shuffle=0.05, told=0.01)
PLANS = [
    SMALL,
    Plan(items=3_000, invoices=375, seed=2, bad_share=0.01, shuffle=1.0, told=0.02),
    Plan(items=3_000, invoices=2_000, seed=3, bad_share=0.1, shuffle=0.0, told=0.05),
    Plan(items=20_000, invoices=2_500, seed=4, bad_share=0.02, shuffle=0.02),
    Plan(items=8_000, invoices=240, seed=5, bad_share=0.005, shuffle=0.2),
]


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _data(path: Path) -> list[dict[str, str]]:
    """The rows that are data, each cell without blanks around it."""
    rows = [{name: cell.strip() for name, cell in row.items()} for row in _rows(path)]
    return [
        row for row in rows if any(row.values()) and row["invoice_ref"] not in (*NO_DATA, *beside.TOTAL_WORDS)
    ]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    generate(folder, SMALL)
    return folder


def test_the_same_plan_gives_the_same_bytes(small, tmp_path):
    generate(tmp_path, SMALL)
    assert _files(tmp_path) == _files(small)


def test_another_seed_gives_other_rows(small, tmp_path):
    generate(tmp_path, replace(SMALL, seed=99))
    assert (tmp_path / "items.csv").read_bytes() != (small / "items.csv").read_bytes()


def test_the_headers_are_declared_fields(small):
    for name, table in (("invoices", INVOICES), ("items", ITEMS), ("catalog", CATALOG)):
        header = list(_rows(small / f"{name}.csv")[0])
        assert set(header) <= set(table.fields_by_name)
        assert {field.name for field in table if field.required} <= set(header)


def test_every_designed_fault_is_there_and_each_code_is_known(small):
    expected = json.loads((small / "expected.json").read_text())
    planted = {code for codes in FAULTS.values() for code in codes} | {"E308", "E312"}
    assert set(expected["issues"]) == planted - {"E106"}
    assert set(expected["warnings"]) == {"W104", "W201", "W801", "W803", "W805"}
    assert all(expected["ignored_rows"].values())


def test_every_code_is_planted_and_told_or_out_of_reach(small):
    expected = json.loads((small / "expected.json").read_text())
    planted = {*expected["issues"], *expected["warnings"]} | {"E310"}  # in files of more items
    excused = [code for codes in OUT_OF_REACH.values() for code in codes.split()]
    assert sorted([*planted, "E106", *excused]) == sorted(CATALOGUE)
    assert planted == set(layout.SENTENCES)


def test_row_counts_are_those_of_the_plan(small):
    assert len(_data(small / "invoices.csv")) == SMALL.invoices
    assert len(_data(small / "items.csv")) == SMALL.items
    ignored = json.loads((small / "expected.json").read_text())["ignored_rows"]
    every = sum(len(_rows(small / f"{name}.csv")) for name in ("invoices", "items"))
    assert every == SMALL.invoices + SMALL.items + sum(ignored.values())


def _amount(item: dict[str, str], digits: int | None) -> Decimal | None:
    """An amount by Decimal alone, half away from zero by hand; with at most 15 digits before the point."""
    if item["amount"]:
        try:
            given = Decimal(item["amount"])
        except ArithmeticError:
            return None
        return given if given < 10**15 else None
    if not item["unit_price"] or digits is None:
        return None
    exact = Decimal(item["quantity"]) * Decimal(item["unit_price"]) * 10**digits
    size = int(abs(exact) + Decimal("0.5"))
    return (Decimal(size) if exact >= 0 else -Decimal(size)) / 10**digits


def test_money_in_is_what_decimal_adds_up(small):
    currencies: dict[str, str] = {}
    for row in _data(small / "invoices.csv"):
        currencies.setdefault(row["invoice_ref"], row["currency"])
    sums: dict[str, Decimal] = defaultdict(Decimal)
    unread = 0
    for item in _data(small / "items.csv"):
        code = currencies.get(item["invoice_ref"], "")
        amount = _amount(item, CURRENCY_DIGITS.get(code))
        unread += amount is None
        sums[code if code in CURRENCY_DIGITS else NO_CURRENCY] += amount or 0
    expected = json.loads((small / "expected.json").read_text())
    assert {code: Decimal(amounts["in"]) for code, amounts in expected["money"].items()} == sums
    assert expected["items"]["amount_unread"] == unread


def test_ties_of_either_sign_and_scattered_items_occur(small):
    signs = Counter()
    refs = []
    for item in _data(small / "items.csv"):
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
    sizes = Counter(item["invoice_ref"] for item in _data(tmp_path / "items.csv"))
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
    assert [folder / request["file"] for request in listed] == payloads
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
    summaries = {
        "duckdb": reference_duckdb.Pipeline(tmp_path / "duckdb").run(
            *_inputs(tmp_path / "in"),
        ),
        "pandas": reference_pandas.run(*_inputs(tmp_path / "in"), tmp_path / "pandas"),
    }
    accepted = {code: Decimal(amounts["accepted"]) for code, amounts in expected["money"].items()}
    for name, summary in summaries.items():
        folder = tmp_path / name
        assert bench.differences(expected, summary, folder / "ledger.csv") == []
        sums, counts, payloads = _billed(folder)
        assert sums == {code: total for code, total in accepted.items() if total}
        assert counts["invoices"] == expected["invoices"]["accepted"]
        assert counts["items"] == expected["items"]["accepted"]
        assert payloads == expected["requests"]
        rows_by_code: Counter[str] = Counter()
        for row in _rows(folder / "issues.csv"):
            rows_by_code[row["code"]] += int(row["rows"])
        assert rows_by_code == expected["issues"] | expected["warnings"]
    for name in ("ledger.csv", "issues.csv"):
        assert _lines(tmp_path / "duckdb", name) == _lines(tmp_path / "pandas", name)
    assert _manifest(tmp_path / "duckdb") == _manifest(tmp_path / "pandas")
    assert summaries["duckdb"]["plan"] == summaries["pandas"]["plan"]


def _lines(folder: Path, name: str) -> list[list[str]]:
    """The header, then the sorted lines; of `ledger.csv` in their order, which is that of the sheet."""
    with (folder / name).open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    return [header, *(lines if name == "ledger.csv" else sorted(lines))]


def _manifest(folder: Path) -> list[dict[str, object]]:
    """The requests without the hashes: the references write numbers in different ways."""
    requests = json.loads((folder / "payloads" / "manifest.json").read_text(encoding="utf-8"))["requests"]
    return [{key: value for key, value in request.items() if key != "sha256"} for request in requests]


def _run(folder: Path, workspace: Path) -> Path:
    """The folder of our own run of a pair, of which something is faulty."""
    command = Path(bench.our_command()[0])
    if not command.exists():
        pytest.skip("invoice-import is not installed beside this Python")
    invoices, items, catalog = map(str, _inputs(folder))
    place = ["--workspace", str(workspace)]
    subprocess.run([command, "catalog", "load", catalog, *place], check=True, capture_output=True)
    done = subprocess.run(
        [command, "run", invoices, items, "--format", "json", *place], check=False, capture_output=True
    )
    assert done.returncode == bench.EXIT_FAULTY_INPUT, done.stderr.decode()
    return Path(json.loads(done.stdout)["run_folder"])


@pytest.fixture(scope="module")
def our_run(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of our own run of the small plan."""
    return _run(small, tmp_path_factory.mktemp("ours") / "workspace")


@pytest.mark.parametrize("name", ["duckdb", "pandas"])
def test_the_references_leave_what_our_run_leaves(name, small, our_run, tmp_path):
    summary = {
        "duckdb": lambda: reference_duckdb.Pipeline(tmp_path / "out").run(*_inputs(small)),
        "pandas": lambda: reference_pandas.run(*_inputs(small), tmp_path / "out"),
    }[name]()
    ours, theirs = _lines(our_run, "ledger.csv"), _lines(tmp_path / "out", "ledger.csv")
    assert ours[0] == theirs[0] == list(layout.LEDGER_COLUMNS)
    assert ours == theirs
    assert _told(our_run) == _told(tmp_path / "out")
    assert _manifest(our_run) == _manifest(tmp_path / "out")
    known = json.loads((our_run / "summary.json").read_text())
    same = ("name", "sha256", "rows")
    assert [[source[name] for name in same] for source in summary["sources"][:2]] == [
        [source[name] for name in same] for source in known["sources"]
    ]
    assert (summary["plan"], summary["verdict"]) == (known["plan"], known["verdict"])
    assert bench.facts(summary) == bench.facts(known)


def _told(folder: Path) -> list[list[str]]:
    """The issues, without suggested names and readings, which the references do not look for."""
    rows = _lines(folder, "issues.csv")
    return [
        rows[0],
        *sorted(
            [cell.split(" Did you mean ")[0].split(" It could mean ")[0] for cell in row] for row in rows[1:]
        ),
    ]


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
        ((live, once),) = books.execute("SELECT count(*), count(DISTINCT ref) FROM live").fetchall()
        ((digest, head),) = books.execute("SELECT digest, hash FROM events").fetchall()
        ((stored,),) = books.execute("SELECT summary FROM runs").fetchall()
        sources = books.execute("SELECT name, rows FROM sources ORDER BY name").fetchall()
    assert invoices == summary["invoices"]["in"]
    assert hashes > invoices * 0.9
    assert items == summary["items"]["accepted"]
    assert requests == summary["requests"]
    assert live == once == summary["invoices"]["accepted"]
    assert sources == [("invoices.csv", SMALL.invoices), ("items.csv", SMALL.items)]
    written = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (len(digest), written.pop("ledger")) == (64, {"events": 1, "head": head})
    assert written == json.loads(stored) == {key: value for key, value in summary.items() if key != "seconds"}


def test_the_references_leave_the_fingerprint_alone_when_items_change_places(small, tmp_path):
    invoices, items, catalog = _inputs(small)
    header, *lines = items.read_text(encoding="utf-8").splitlines()
    (tmp_path / "items.csv").write_text("\n".join([header, *reversed(lines)]) + "\n", encoding="utf-8")
    contents = []
    for name, path in (("one", items), ("other", tmp_path / "items.csv")):
        reference_duckdb.Pipeline(tmp_path / name).run(invoices, path, catalog)
        with closing(duckdb.connect(str(tmp_path / name / "ledger.duckdb"), read_only=True)) as books:
            contents.append(books.execute("SELECT row, content FROM invoices ORDER BY row").fetchall())
    assert contents[0] == contents[1]


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


INVOICE_ROWS = """
invoice_ref,account_number,invoice_date,due_date,currency,comments
"# a note, with a comma",,,,,
A1 ,  ACC1,2026-01-01,2026-02-01,EUR," plain	"
A2,ACC1\u00a0,2026-01-04,,EUR,'=1+1
'=A3,ACC1,2026-01-09,,EUR,''-x
"  ",\u00a0,,,,
A4,1.5E+07,2026-01-01,,EUR,
A5,ACC\u00ad5,2026-01-01,,USD,
A6,ACC\ue000,2026-01-01,,USD,
A7,\u212b1,2026-01-01,,USD,"two
lines"
A8,\U0001f600,2026-01-01,2025-01-01,E\u0007R,\U0001f600\u0007
A9,"line
break",2226-01-01,2026-01-01,eur,\x7f
EXAMPLE,ACC1,2026-01-01,,EUR,
example,ACC2,2026-01-01,,EUR,
Total,,,,,12
Total,,,,,twelve
A10,,0000-01-01,2026-02-30,,
,ACC9,2026-01-01,,EUR,
A\u200b11,ACC9,1899-12-31,2026-1-11,EUR,
{long},ACC9,2026-01-01,,EUR,
A12,ACC12,2026-01-01,,\U0001f600,#N/A
A12,ACC12,2026-01-01,,EUR,
A13,ACC13,2026-01-01,,JPY,
A14,ACC1,2026-01-12,,EUR,
A15,ACC13,2026-01-01,,EUR,
A16,1E10,2026-01-01,,EUR,-5
A17,ACC17,2026-01-01,,EUR,=5
A18,ACC18,2026-01-01,,EUR,
A19,#N/A,#VALUE!,#REF!,#NAME?,#Err:502
#N/A,ACC19,2026-01-01,,EUR,
A20,ACC20,2026-01-01,,EUR,
A21,ACC21,2026-01-01,,EUR,
"""

ITEM_ROWS = """
invoice_ref,item_no,catalog_sku,description,quantity,unit_price,amount,service_start_date,service_end_date
A1,1,SKU-000002,"a ""b"", c\\d",1,3.50,3.50,2026-01-01,2026-01-31
 A1,2,SKU-000002,\u2028x\u2029,2,3.50,7,2026-01-05,2026-01-31
Subtotal,,,,3,,10.5,,
A2\u00a0,1,SKU-000002,'+49,1,3.50,10.50,2026-02-01,2026-03-31
A2,1,SKU-000004,,1,5.5,,2026-02-01,
A2,,SKU-000004,,1,5.5,5.50,2026-02-01,
=A3,,SKU-000002,#REF!,3,3.50,10.50,2026-01-31,2026-02-01
TOTAL:,,,,,,1,000.00,
,,Summe,,,,37.00,,
Summe,,,,,,38,,
A4,1,SKU-000002,,1,3.50,3.50,2026-01-01,
A5,1,SKU-000002,,1,3.50,3.50,2026-01-01,
A6,1,SKU-000002,,1,3.50,3.50,2026-01-01,
A7,1,SKU-000002,\u0007,1,3.50,3.50,2226-01-01,2026-01-01
A8,1.2E+33,SKU-00\u00ad0002,,1,3.50,3.50,1899-12-31,2199-12-31
A9,,SKU-000002,,+1,1e3,.5,2026-01-01 ,2026-13-01
A10,,1E+05,,007,0.50,3.5,2026-01-01,
A10,,,,,,,,
A11,,SKU-000002,,1,3.50,3.50,2026-01-01,
A\u200b11,1,SKU-000002,,1,3.50,3.50,2026-01-01,
a1,1,SKU-000002,,1,3.50,3.50,2026-01-01,
{long},1,SKU-000002,,1,3.50,3.50,2026-01-01,
A12,1,SKU-000002,,1,3.50,3.50,2026-01-01,
A13,1,SKU-000002,,"1,5",3.50,5,2026-01-01,
A13,2,SKU-000002,,1.234,,-5,2026-01-01,
A13,3,SKU-000002,,abc,,,2026-01-01,
A13,4,SKU-000002,,1,2,,2026-01-01,
A14,1,SKU-000002,,3,3.50,10.50,2026-02-28,2026-02-28
A15,1,SKU-000002,,1,9.99,9.99,2026-01-01,
A15,2,SKU-000002,,2,9.99,19.98,2026-01-01,
A15,3,SKU-000001,,1,1.2,1.20,2026-01-01,
A16,1,sku-000002,,1,9.99,9.99,2026-01-01,
A16,01,SKU-000002 x,,1,9.99,9.99,,
A17,7E10,#N/A,,1,2,3,2026-01-01,
A17,7E10,#N/A,,1,2,-3,2026-01-01,
A17,\u2003,SKU-000002,,1,2,2,2026-01-01,
A18,1,SKU-000002,#SPILL,0,0,0,2026-01-01,
A19,#NULL!,#DIV/0!,#1,#NUM!,#N/A,#REF!,#VALUE!,#VALUE!
#N/A,1,SKU-000002,,000.50,0002.00,1.00,2026-01-01,
A20,1,SKU-000002,,-1,-2,,2026-01-01,
A20,2,SKU-000002,,-0.5,2.0010,,2026-01-01,
A20,3,SKU-000002,,0.10,0.10,0.01,2026-01-01,
A21,1,SKU-000020,,1,21.5,21.5,,
A21,2,SKU-000001,,1,3,3,x,
,1,SKU-000002,,1,1,1,2026-01-01,
Total,,,,100,,,,
"""


@pytest.fixture(scope="module")
def odd_pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pair in which every other cell is odd in a way of its own, beside the catalog of a made-up one."""
    folder = tmp_path_factory.mktemp("odd")
    generate(folder, Plan(items=500, invoices=60, bad_share=0.1))
    for name, rows in (("invoices", INVOICE_ROWS), ("items", ITEM_ROWS)):
        (folder / f"{name}.csv").write_text(
            rows.lstrip().replace("{long}", "L" * 101), encoding="utf-8", newline=""
        )
    return folder


def test_references_and_run_agree_on_every_odd_cell(odd_pair, tmp_path):
    ours = _run(odd_pair, tmp_path / "workspace")
    summaries = {
        "duckdb": reference_duckdb.Pipeline(tmp_path / "duckdb").run(*_inputs(odd_pair)),
        "pandas": reference_pandas.run(*_inputs(odd_pair), tmp_path / "pandas"),
    }
    summary = json.loads((ours / "summary.json").read_text())
    for name, reference in summaries.items():
        assert _told(tmp_path / name) == _told(ours)
        assert _lines(tmp_path / name, "ledger.csv") == _lines(ours, "ledger.csv")
        assert _billed(tmp_path / name) == _billed(ours)
        assert bench.facts(reference) == bench.facts(summary)
        assert reference["plan"] == summary["plan"]


def test_the_sentences_and_columns_are_the_catalogues():
    assert (layout.TOTAL_WORDS, layout.ERRORS) == (TOTAL_WORDS, ERROR_TEXTS)
    known = {code: (CATALOGUE[code].template, CATALOGUE[code].fix) for code in layout.SENTENCES}
    assert known == layout.SENTENCES
    assert list(layout.ISSUE_COLUMNS) == ISSUE_SCHEMA.names


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
    changed = json.loads(json.dumps(expected))
    changed["issues"]["E304"] += 1
    changed["warnings"]["W805"] += 1
    changed["ignored_rows"]["note"] -= 1
    changed["money"]["EUR"]["in"] = "1"
    assert len(bench.differences(expected, changed, None)) == 4
