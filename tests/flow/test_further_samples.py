"""The samples of what hangs on items and of changes to drafts: what they show, and what would be sent."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from support.command_line import DATA, PRODUCTS, invoice_import
from support.golden_files import agrees, scrubbed, scrubbed_summary

pytestmark = pytest.mark.slow

SAMPLES = {"hanging": ("zuora", "HANGING"), "drafts": ("zuora-drafts", "CHANGES")}
"""By folder the target, and the name of its sheets in the maker."""


@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_sample_shows(name: str, tmp_path: Path) -> None:
    place = tmp_path / "workspace"
    invoice_import("catalog", "load", PRODUCTS, workspace=place)
    ran = invoice_import("run", DATA / name / "invoices.xlsx", "--target", SAMPLES[name][0], workspace=place)
    assert (ran.code, ran.err) == (4, "")
    assert agrees(f"{name}/terminal.txt", scrubbed(ran.out, place))
    (folder,) = (place / "runs").glob("2*")
    payloads = sorted(folder.glob("payloads/0*.json"))
    assert [path.name for path in payloads] == ["0001.json"]
    assert agrees(f"{name}/0001.json", payloads[0].read_text("utf-8"))
    written = (folder / "summary.json").read_text("utf-8")
    assert agrees(f"{name}/summary.json", scrubbed_summary(written, place))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_what_its_maker_makes(name: str) -> None:
    sheets: dict[str, list[list[Any]]] = runpy.run_path(str(DATA / "make.py"))[SAMPLES[name][1]]
    book = openpyxl.load_workbook(DATA / name / "invoices.xlsx")
    assert book.sheetnames == list(sheets)
    for title, rows in sheets.items():
        there = [
            [str(cell)[:10] if hasattr(cell, "year") else cell for cell in row] for row in book[title].values
        ]
        assert there == [[str(cell) if hasattr(cell, "year") else cell for cell in row] for row in rows]
