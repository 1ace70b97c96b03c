"""What cannot be done: one clear sentence, the right exit code, no traceback, and nothing half-written."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command_line import (
    PAIR,
    PRODUCTS,
    SAMPLE,
    SCRIPT,
    invoice_import,
    one_sentence,
    run_script,
    tree,
)

INVOICES = "invoice_ref,account_number,invoice_date,currency\n"
ITEMS = "invoice_ref,charge_name,amount,service_start_date\n"
BOTH = ("check", "run")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the sample's catalog; to be copied, not used."""
    place = tmp_path_factory.mktemp("loaded") / "workspace"
    assert invoice_import("catalog", "load", PRODUCTS, workspace=place).code == 0
    return place


@pytest.fixture
def place(loaded: Path, tmp_path: Path) -> Path:
    """A workspace of one's own with the sample's catalog."""
    shutil.copytree(loaded, tmp_path / "workspace")
    return tmp_path / "workspace"


@pytest.fixture
def used(place: Path) -> Path:
    """A workspace in which something was run."""
    assert invoice_import("run", PAIR, workspace=place).code == 0
    return place


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


def absent(folder: Path) -> Path:
    return folder / "absent.csv"


def text_as_workbook(folder: Path) -> Path:
    (folder / "text.xlsx").write_text("hello")
    return folder / "text.xlsx"


def html_as_csv(folder: Path) -> Path:
    (folder / "page.csv").write_text("<html><table><tr><td>invoice_ref</td></tr></table></html>")
    return folder / "page.csv"


def empty_file(folder: Path) -> Path:
    (folder / "empty.csv").write_text("")
    return folder / "empty.csv"


def other_sheets(folder: Path) -> Path:
    return workbook(folder / "other.xlsx", Budget=[["Month", "Sum"], ["May", 12]])


def cut_short(folder: Path) -> Path:
    (folder / "cut.xlsx").write_bytes(SAMPLE.read_bytes()[:4000])
    return folder / "cut.xlsx"


def in_no_language(folder: Path) -> Path:
    (folder / "odd.csv").write_bytes(INVOICES.encode() + b"R1,M\xff\x81\xfeller,2026-11-01,EUR\n")
    return folder / "odd.csv"


def no_spreadsheet_inside(folder: Path) -> Path:
    (folder / "nothing").mkdir()
    return folder / "nothing"


@pytest.mark.parametrize("command", BOTH)
@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (absent, 2, "There is no file"),
        (text_as_workbook, 3, "text.xlsx is named like a workbook but is none"),
        (html_as_csv, 3, "page.csv is a web page or XML"),
        (empty_file, 3, "empty.csv is empty"),
        (other_sheets, 3, "other.xlsx holds nothing that can be imported"),
        (cut_short, 3, "cut.xlsx is damaged"),
        (in_no_language, 3, "odd.csv is not written in UTF-8 (line 2"),
        (no_spreadsheet_inside, 3, "holds no workbook and no CSV file"),
    ],
)
def test_a_file_that_cannot_be_read(
    make: Callable[[Path], Path], code: int, words: str, command: str, tmp_path: Path
) -> None:
    file = make(tmp_path)
    before = tree(tmp_path)
    ran = invoice_import(command, file, workspace=tmp_path / "workspace")
    assert (ran.code, one_sentence(ran)) == (code, True), ran
    assert words in ran.err
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("sheets", "code"),
    [
        (
            {
                "Invoices": [
                    ["Invoice reference", "Account number", "Invoice date"],
                    ["R1", "A1", "2026-11-01"],
                ]
            },
            "E101",
        ),
        (
            {
                "Invoices": [["Invoice reference", "Account number", "Invoice date"]],
                "Items": [["Invoice reference", "Charge name", "Amount", "Service start date"]],
            },
            "E102",
        ),
        (
            {
                "Invoices": [["Invoice reference", "Account number"], ["R1", "A1"]],
                "Items": [["Invoice reference", "Amount"], ["R1", 1]],
            },
            "E103",
        ),
        (
            {
                "Invoices": [
                    ["Invoice reference", "Acount number", "Invoice date"],
                    ["R1", "A1", "2026-11-01"],
                ],
                "Items": [["Invoice reference", "Amount", "Service start date"], ["R1", 1, "2026-11-01"]],
            },
            "E104",
        ),
    ],
)
def test_a_sheet_or_column_that_is_missing_or_wrong_is_an_issue_with_its_place(
    sheets: dict[str, list[list[object]]], code: str, tmp_path: Path
) -> None:
    file = workbook(tmp_path / "book.xlsx", **sheets)
    ran = invoice_import("check", file, workspace=tmp_path / "workspace")
    assert (ran.code, ran.err) == (3, "")
    assert f"\n  {code}  " in ran.out
    assert "\n        book.xlsx" in ran.out


HOLD = """
import sqlite3, sys, time
books = sqlite3.connect(sys.argv[1])
books.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(60)
"""


def test_a_ledger_that_another_process_holds(used: Path, tmp_path: Path) -> None:
    (used / "settings.toml").write_text("ledger_seconds = 1\n")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(used / "ledger.sqlite")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        ran = invoice_import("run", SAMPLE, workspace=used)
        assert (ran.code, one_sentence(ran)) == (8, True), ran
        assert len(list((used / "runs").glob("2*"))) == 1
        assert invoice_import("check", SAMPLE, workspace=used).code in (3, 4), "a reader need not wait"
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert invoice_import("run", SAMPLE, workspace=used).code in (3, 4)


@pytest.mark.parametrize("words", [("check", PAIR), ("run", PAIR), ("ledger", "list"), ("discard", "x")])
def test_a_broken_ledger(words: tuple[object, ...], used: Path) -> None:
    (used / "ledger.sqlite").write_bytes(b"no ledger at all " * 500)
    before = tree(used)
    ran = invoice_import(*words, workspace=used)
    assert (ran.code, one_sentence(ran)) == (3, True), ran
    assert "ledger.sqlite" in ran.err
    assert tree(used) == before


@pytest.mark.parametrize("words", [("check", PAIR), ("run", PAIR)])
def test_a_lost_ledger(words: tuple[object, ...], used: Path) -> None:
    for path in used.glob("ledger.sqlite*"):
        path.unlink()
    before = tree(used)
    ran = invoice_import(*words, workspace=used)
    assert (ran.code, one_sentence(ran)) == (3, True), ran
    assert tree(used) == before


def test_a_damaged_catalog(place: Path) -> None:
    (snapshot,) = (place / "catalog").glob("*.duckdb")
    snapshot.chmod(0o600)
    snapshot.write_bytes(snapshot.read_bytes()[:100_000] + b"x" * 1000)
    before = tree(place)
    for command in BOTH:
        ran = invoice_import(command, PAIR, workspace=place)
        assert (ran.code, one_sentence(ran)) == (3, True), ran
        assert tree(place) == before


@pytest.mark.parametrize("limit", [1, 3000, 40_000])
def test_a_disk_that_is_full(limit: int, place: Path) -> None:
    """No file may grow beyond a limit: the folder, its reports or the ledger cannot be written."""

    def before() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    there = tree(place)
    ran = run_script("run", SAMPLE, workspace=place, before=before)
    assert (ran.code, one_sentence(ran)) == (3, True), ran
    left = {path for path in tree(place) if path not in there}
    assert {path for path in left if not path.startswith("ledger.sqlite")} <= {"runs/.head"}
    assert invoice_import("ledger", "list", workspace=place).out == "The ledger has no runs.\n"
    assert invoice_import("run", SAMPLE, workspace=place).code == 4, "with room again it goes on"
    assert invoice_import("ledger", "verify", workspace=place).code == 0


def test_a_disk_that_is_full_loads_no_catalog(place: Path) -> None:
    def before() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    there = tree(place)
    changed = place.parent / "products.csv"
    changed.write_text(PRODUCTS.read_text().replace("333.33", "333.34"))
    ran = run_script("catalog", "load", changed, workspace=place, before=before)
    assert (ran.code, one_sentence(ran)) == (3, True), ran
    assert tree(place) == there


def test_a_workspace_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for command in BOTH:
        ran = invoice_import(command, PAIR, workspace=tmp_path / "file" / "below")
        assert ran.code in (2, 3)
        assert "Traceback" not in ran.err
        assert invoice_import(command, PAIR, workspace=tmp_path / "file").code == 2


def test_a_report_that_cannot_be_written(place: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = invoice_import("check", PAIR, "--report", tmp_path / "file" / "below", workspace=place)
    assert (ran.code, one_sentence(ran)) == (3, True), ran


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('polcy = "whole-invoices"', "The setting polcy in settings.toml is not known. Did you mean policy?"),
        ('policy = "all"', "one of whole-invoices, all-or-nothing is needed"),
        ("policy = ", "cannot be read"),
        ("ledger_seconds = -1", "a whole number is needed"),
        ("amount_tolerance = 0.1", "in quotes"),
        ('custom_fields = "x"', "a table per sheet is needed"),
        ('[custom_fields.items]\nRegion = "text"', "ends in __c"),
        ('target = "nobody"', "There is no target nobody"),
    ],
)
def test_a_setting_that_makes_no_sense(text: str, words: str, place: Path) -> None:
    (place / "settings.toml").write_text(text + "\n")
    before = tree(place)
    ran = invoice_import("run", PAIR, workspace=place)
    assert (ran.code, one_sentence(ran)) == (2, True), ran
    assert words in ran.err
    assert tree(place) == before


def test_what_is_not_there_is_said(place: Path) -> None:
    for words in (("ledger", "show", "nothing"), ("discard", "nothing"), ("explain", "E999")):
        last = [] if words[0] == "explain" else ["--workspace", place]
        ran = invoice_import(*words, *last)
        assert (ran.code, one_sentence(ran)) == (2, True), ran


def test_no_catalog_is_said(tmp_path: Path) -> None:
    for words in (("catalog", "info"), ("catalog", "search", "x")):
        ran = invoice_import(*words, workspace=tmp_path / "none")
        assert (ran.code, one_sentence(ran)) == (3, True), ran
    assert not list(tmp_path.iterdir())


def many(folder: Path, invoices: int = 6_000) -> Path:
    """A pair that keeps a run busy for a while."""
    folder.mkdir()
    rows = range(invoices)
    (folder / "invoices.csv").write_text(INVOICES + "".join(f"R{at},A1,2026-11-01,EUR\n" for at in rows))
    (folder / "items.csv").write_text(
        ITEMS + "".join(f"R{at},Day {item},1,2026-11-01\n" for at in rows for item in range(4))
    )
    return folder


@pytest.mark.parametrize("moment", [0.5, 0.9, 1.2, "folder"])
def test_an_interrupted_run_leaves_nothing_half_written(moment: float | str, tmp_path: Path) -> None:
    files, place = many(tmp_path / "pair"), tmp_path / "workspace"
    command = [str(SCRIPT), "run", str(files), "--workspace", str(place)]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    if isinstance(moment, float):
        time.sleep(moment)
    else:
        while running.poll() is None and not list((place / "runs").glob(".*.partial")):
            time.sleep(0.005)
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert "Traceback" not in err
    finished = running.returncode == 0 or (
        (running.returncode == -signal.SIGINT and "Run:" in out) or "Reports:" in out
    )
    if not finished:  # it may have been quicker, down to the last breath of the interpreter
        assert (running.returncode, out, err) == (130, "", "Interrupted; nothing half-written was left.\n")
        assert not list((place / "runs").glob("*-*"))
        assert invoice_import("ledger", "list", workspace=place).out == "The ledger has no runs.\n"
    assert invoice_import("run", files, workspace=place).code == (9 if finished else 0)
    assert invoice_import("ledger", "verify", workspace=place).code == 0
    assert not list((place / "runs").glob(".*.partial"))


STARTED = "from pipeline.cli import program; print('started', flush=True); program()"
"""The console script, which says when Python itself has started: before that an interrupt is Python's own."""


def test_an_interrupted_reading_of_a_workbook_is_quiet(tmp_path: Path) -> None:
    rows: list[list[object]] = [[f"R{at}", "A1", "2026-11-01", "EUR"] for at in range(20_000)]
    items: list[list[object]] = [[f"R{at}", "Day", 1, "2026-11-01"] for at in range(20_000)]
    file = workbook(
        tmp_path / "book.xlsx",
        Invoices=[INVOICES.strip().split(","), *rows],
        Items=[ITEMS.strip().split(","), *items],
    )
    for moment in (0.05, 0.2, 0.4, 0.6):  # while modules are imported, and while the file is read
        running = subprocess.Popen(
            [sys.executable, "-c", STARTED, "check", str(file), "--workspace", str(tmp_path / "none")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert running.stdout is not None
        assert running.stdout.readline() == "started\n"
        time.sleep(moment)
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=60)
        assert "Traceback" not in err
        assert running.returncode in (0, 130)
