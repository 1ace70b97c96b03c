"""The sample in `data/`: what it shows is fixed as golden files, and the README tells it as it is.

UPDATE_GOLDEN=1 writes the golden files anew; look at what changed before taking it.
"""

from __future__ import annotations

import runpy
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from support.command_line import DATA, PAIR, PRODUCTS, SAMPLE, Ran, invoice_import
from support.golden_files import agrees, scrubbed, scrubbed_summary

import pipeline

README = (DATA.parent / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sample") / "workspace"


@pytest.fixture(scope="module")
def loaded(place: Path) -> Ran:
    return invoice_import("catalog", "load", PRODUCTS, workspace=place)


@pytest.fixture(scope="module")
def ran(place: Path, loaded: Ran) -> Ran:
    assert loaded.code == 0
    return invoice_import("run", SAMPLE, workspace=place)


@pytest.fixture(scope="module")
def folder(place: Path, ran: Ran) -> Path:
    assert ran.code == 4, ran.err
    (run_folder,) = (place / "runs").glob("2*")
    return run_folder


@pytest.mark.slow
def test_what_the_terminal_says(ran: Ran, place: Path) -> None:
    assert (ran.code, ran.err) == (4, "")
    assert agrees("sample.txt", scrubbed(ran.out, place))


@pytest.mark.parametrize("name", ["issues.csv", "ledger.csv", "payloads/0001.json", "payloads/manifest.json"])
def test_what_the_run_writes(name: str, folder: Path, place: Path) -> None:
    assert agrees(f"sample/{name}", scrubbed((folder / name).read_text("utf-8"), place))


def test_the_summary(folder: Path, place: Path) -> None:
    assert agrees(
        "sample/summary.json", scrubbed_summary((folder / "summary.json").read_text("utf-8"), place)
    )


def test_the_run_folder_holds_nothing_else(folder: Path) -> None:
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "issues.csv", "ledger.csv", "report.html", "summary.json", "payloads/0001.json",
        "payloads/manifest.json", "invoices.marked.xlsx", "rejected.xlsx",
    }  # fmt: skip


def test_the_readme_shows_what_is_printed(loaded: Ran, ran: Ran, place: Path) -> None:
    """Line by line; `[...]` stands for lines left out."""
    block = README.split("```console\n")[1].split("```")[0]
    printed = f"$ invoice-import catalog load data/products.csv\n{loaded.out}"
    printed += f"$ invoice-import run data/invoices.xlsx\n{ran.out}"
    printed = scrubbed(printed, place.parent).replace("WORKSPACE/workspace", "invoice-import")
    rest = printed
    for part in block.split("[...]\n"):
        assert part in rest
        rest = rest.split(part, 1)[1]
    assert printed.startswith(block.split("[...]\n", maxsplit=1)[0])
    assert rest == ""


def test_the_sample_is_what_its_maker_makes(tmp_path: Path) -> None:
    maker = runpy.run_path(str(DATA / "make.py"))
    assert PRODUCTS.read_text("utf-8") == maker["PRODUCTS"]
    book, rebuilt = openpyxl.load_workbook(SAMPLE), maker["workbook"]()
    rebuilt.save(tmp_path / "made.xlsx")
    again = openpyxl.load_workbook(tmp_path / "made.xlsx")
    assert book.sheetnames == again.sheetnames
    for name in book.sheetnames:
        assert list(book[name].values) == list(again[name].values)


def test_the_pair_is_the_sound_part(place: Path, tmp_path: Path, ran: Ran) -> None:
    assert ran.code == 4
    alone = tmp_path / "workspace"
    invoice_import("catalog", "load", PRODUCTS, workspace=alone)
    result = pipeline.check(PAIR, workspace=alone)
    assert result.verdict == "accepted"
    assert result.totals["accepted"].to_dict() == {"EUR": Decimal("4689.90"), "JPY": Decimal(70000)}
    sample = pipeline.check(SAMPLE, workspace=alone)
    assert sample.totals["accepted"].equals(
        result.totals["accepted"].reindex(sample.totals.index, fill_value=Decimal("0.00"))
    )
