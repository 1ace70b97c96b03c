"""The command line as a person meets it: exit codes, what is printed where, and what stays untouched."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.command_line import PAIR, PRODUCTS, SAMPLE, SCRIPT, Ran, invoice_import, run_script, tree

from schemas.tables import TABLES

SUMMARY = [
    "schema_version", "run_id", "command", "target", "environment", "verdict", "invoices", "items", "money",
    "requests", "issues", "warnings", "ignored_rows", "sources", "catalog", "permissions", "accounts",
    "settings", "sheets", "differences", "control", "run_folder", "seconds", "plan",
]  # fmt: skip
"""The keys of the interface, in order: those of schema version 1."""

SHARES = ["in", "accepted", "rejected", "skipped"]


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


def pair(folder: Path, invoices: str, items: str) -> Path:
    """A pair of CSV files with the commonest columns."""
    folder.mkdir()
    (folder / "invoices.csv").write_text("invoice_ref,account_number,invoice_date,currency\n" + invoices)
    (folder / "items.csv").write_text("invoice_ref,charge_name,amount,service_start_date\n" + items)
    return folder


def run_folder(place: Path) -> Path:
    (folder,) = (place / "runs").glob("2*")
    return folder


@pytest.mark.slow
def test_the_exit_code_tells_the_verdict(place: Path, tmp_path: Path) -> None:
    assert invoice_import("check", PAIR, workspace=place).code == 0
    assert invoice_import("check", SAMPLE, workspace=place).code == 4
    bad = pair(tmp_path / "bad", "R1,,2026-11-01,EUR\n", "R1,Day,1,2026-11-01\n")
    assert invoice_import("check", bad, workspace=place).code == 3
    assert invoice_import("run", PAIR, workspace=place).code == 0
    assert invoice_import("run", PAIR, workspace=place).code == 9
    assert invoice_import("check", PAIR, workspace=place).code == 9
    assert invoice_import("check", PAIR, bad, workspace=place).code == 3
    assert invoice_import("check", tmp_path / "absent.csv", workspace=place).code == 2
    assert invoice_import("check", workspace=place).code == 2
    assert invoice_import("check", PAIR, "--nonsense", workspace=place).code == 2


@pytest.mark.slow
def test_json_is_the_interface(place: Path) -> None:
    ran = invoice_import("run", SAMPLE, "--format", "json", workspace=place)
    assert (ran.code, ran.err) == (4, "")
    summary = json.loads(ran.out)
    assert list(summary)[: len(SUMMARY)] == SUMMARY
    assert set(summary) <= {*SUMMARY, "copies", "ledger"}
    assert list(summary["invoices"]) == SHARES
    assert list(summary["items"]) == [*SHARES, "amount_unread"]
    assert list(summary["money"]) == ["EUR", "JPY", "XXX"]
    assert all(list(shares) == SHARES for shares in summary["money"].values())
    assert list(summary["ignored_rows"]) == ["example", "note", "total", "blank"]
    assert [list(source)[:3] for source in summary["sources"]] == [["name", "sha256", "rows"]]
    assert list(summary["catalog"]) == ["sha256", "charges"]
    assert list(summary["settings"]) == ["sha256"]
    assert (summary["schema_version"], summary["command"], summary["verdict"]) == (1, "run", "partial")
    written = json.loads((run_folder(place) / "summary.json").read_text())
    assert written["ledger"].keys() == {"events", "head"}
    assert {name: value for name, value in written.items() if name != "ledger"} == {
        name: value for name, value in summary.items() if name != "ledger"
    }


def test_json_of_a_check_names_no_run(place: Path) -> None:
    summary = json.loads(invoice_import("check", PAIR, "--format", "json", workspace=place).out)
    assert list(summary) == SUMMARY
    assert (summary["run_id"], summary["run_folder"], summary["command"]) == (None, None, "check")


@pytest.mark.parametrize(
    "words",
    [
        ["catalog", "info"],
        ["catalog", "search", "SUP-100"],
        ["ledger", "list"],
        ["ledger", "verify"],
        ["explain", "E401"],
    ],
)
def test_every_question_is_answered_as_json_too(words: list[str], place: Path) -> None:
    last = [] if words[0] == "explain" else ["--workspace", place]
    ran = invoice_import(*words, "--format", "json", *last)
    assert (ran.code, ran.err) == (0, "")
    json.loads(ran.out)


def test_results_go_to_stdout_and_nothing_else_when_nobody_watches(place: Path) -> None:
    ran = invoice_import("check", SAMPLE, workspace=place)
    assert ran.err == ""
    assert ran.out.startswith("PARTIAL  invoices.xlsx\n")
    assert "\x1b" not in ran.out


def test_help_waits_for_nothing_heavy() -> None:
    program = (
        "import sys; from pipeline.cli.command_line import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('pandas', 'pandera', 'pyarrow', 'numpy', 'duckdb') if name in sys.modules])"
    )
    for words in (["--help"], ["check", "--help"], ["catalog", "load", "--help"], ["--version"]):
        command = [sys.executable, "-c", program, *words]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert printed.endswith("\n[]\n"), words


@pytest.mark.slow
def test_a_check_changes_nothing(place: Path, tmp_path: Path) -> None:
    before = tree(tmp_path)
    for _ in range(2):
        assert invoice_import("check", SAMPLE, workspace=place).code == 4
        assert tree(tmp_path) == before
    assert invoice_import("run", PAIR, workspace=place).code == 0
    after = tree(tmp_path)
    assert invoice_import("check", SAMPLE, workspace=place).code == 3
    assert tree(tmp_path) == after


def test_a_check_without_a_workspace_makes_none(tmp_path: Path) -> None:
    assert invoice_import("check", PAIR, cwd=tmp_path).code == 3  # its products need a catalog
    assert invoice_import("check", SAMPLE, workspace=tmp_path / "a" / "b").code == 3
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_two_checks_and_a_run_leave_what_one_run_leaves(loaded: Path, tmp_path: Path) -> None:
    left = []
    for name, checks in (("one", 0), ("three", 2)):
        place = tmp_path / name
        shutil.copytree(loaded, place)
        for _ in range(checks):
            invoice_import("check", SAMPLE, workspace=place)
        assert invoice_import("run", SAMPLE, workspace=place).code == 4
        folder = run_folder(place)
        names = [path.replace(folder.name, "RUN") for path in tree(place)]
        reports = {
            file: (folder / file).read_bytes()
            for file in ("issues.csv", "ledger.csv", "payloads/0001.json", "payloads/manifest.json")
        }
        summary = json.loads((folder / "summary.json").read_text())
        for key in ("run_id", "run_folder", "seconds", "ledger"):
            del summary[key]
        left.append((names, reports, summary))
    assert left[0] == left[1]


@pytest.mark.slow
def test_a_report_of_a_check_goes_where_it_is_told(place: Path, tmp_path: Path) -> None:
    before = tree(place)
    ran = invoice_import("check", SAMPLE, "--report", tmp_path / "report", workspace=place)
    assert sorted(os.listdir(tmp_path / "report")) == [
        "invoices.marked.xlsx", "issues.csv", "ledger.csv", "rejected.xlsx", "report.html", "summary.json",
    ]  # fmt: skip
    assert f"\nReports: {tmp_path / 'report'}\n" in ran.out
    assert tree(place) == before


@pytest.mark.slow
def test_settings_flags_over_environment_over_file_over_default(place: Path, tmp_path: Path) -> None:
    files = pair(tmp_path / "pair", "R1,A1,2026-11-01,\n", "R1,Day,1,2026-11-01\n")
    environment = {"INVOICE_IMPORT_DEFAULT_CURRENCY": "USD"}

    def currencies(*flags: str, env: dict[str, str] | None = None) -> tuple[int, list[str]]:
        ran = invoice_import("check", files, "--format", "json", *flags, workspace=place, env=env)
        return ran.code, list(json.loads(ran.out)["money"])

    assert currencies() == (3, ["XXX"])
    (place / "settings.toml").write_text('default_currency = "EUR"\n')
    assert currencies() == (0, ["EUR"])
    assert currencies(env=environment) == (0, ["USD"])
    assert currencies("--default-currency", "GBP", env=environment) == (0, ["GBP"])


def test_the_workspace_may_be_named_in_the_environment(place: Path, tmp_path: Path) -> None:
    environment = {"INVOICE_IMPORT_WORKSPACE": str(place)}
    assert invoice_import("check", PAIR, cwd=tmp_path, env=environment).code == 0


@pytest.mark.slow
def test_all_or_nothing(place: Path) -> None:
    ran = invoice_import("run", SAMPLE, "--policy", "all-or-nothing", "--format", "json", workspace=place)
    assert ran.code == 3
    summary = json.loads(ran.out)
    assert (summary["invoices"]["accepted"], summary["issues"]["E502"]) == (0, 4)
    assert not list(run_folder(place).glob("payloads/0*.json"))


def test_fewest_requests(place: Path, tmp_path: Path) -> None:
    """600 + 600 + 400 + 400 items: three requests in the order of the sheet, two when they may be mixed."""
    sizes = {"R1": 600, "R2": 600, "R3": 400, "R4": 400}
    files = pair(
        tmp_path / "pair",
        "".join(f"{ref},A1,2026-11-01,EUR\n" for ref in sizes),
        "".join(f"{ref},Day,1,2026-11-01\n" * size for ref, size in sizes.items()),
    )

    def requests(*flags: str) -> int:
        ran = invoice_import("check", files, "--format", "json", *flags, workspace=place)
        count: int = json.loads(ran.out)["requests"]
        return count

    assert (requests(), requests("--batch-order", "fewest")) == (3, 2)


def test_discard_frees_the_references(place: Path) -> None:
    first = invoice_import("run", PAIR, workspace=place)
    run_id = run_folder(place).name
    assert f"To withdraw it: invoice-import discard {run_id} --workspace {place}\n" in first.out
    ran = invoice_import("discard", run_id, workspace=place)
    assert (ran.code, ran.err) == (0, "")
    assert "4 invoices" in ran.out
    assert invoice_import("discard", run_id, workspace=place).code != 0
    invoice_import("run", PAIR, workspace=place)
    (second,) = {folder.name for folder in (place / "runs").glob("2*")} - {run_id}
    told = json.loads(invoice_import("discard", second, "--format", "json", workspace=place).out)
    assert (told["run_id"], told["withdrawn"]["invoices"]) == (second, 4)
    assert "4 withdrawn" in invoice_import("ledger", "list", workspace=place).out
    assert invoice_import("run", PAIR, workspace=place).code == 0
    assert invoice_import("ledger", "verify", workspace=place).code == 0


@pytest.mark.slow
def test_the_ledger_shows_a_run(place: Path) -> None:
    invoice_import("run", SAMPLE, workspace=place)
    run_id = run_folder(place).name
    assert run_id in invoice_import("ledger", "list", workspace=place).out
    shown = invoice_import("ledger", "show", run_id, workspace=place)
    assert (shown.code, shown.err) == (0, "")
    assert "4 prepared, 11 rejected" in shown.out
    run = json.loads(invoice_import("ledger", "show", run_id, "--format", "json", workspace=place).out)
    assert run["states"] == {"prepared": 4, "rejected": 11}


def test_verify_finds_what_was_changed(place: Path) -> None:
    import sqlite3

    invoice_import("run", PAIR, workspace=place)
    (run_folder(place) / "payloads" / "0001.json").write_bytes(b"{}")
    assert invoice_import("ledger", "verify", workspace=place).code == 7
    with sqlite3.connect(place / "ledger.sqlite") as books:
        (count,) = books.execute("SELECT count(*) FROM invoices").fetchone()
    books.close()
    assert count == 4


def test_texts_that_start_like_a_formula_are_made_harmless(place: Path, tmp_path: Path) -> None:
    files = pair(
        tmp_path / "pair",
        "=1+1,A1,2026-11-01,EUR\n+1,A1,2026-11-01,EUR\n-2-3,A1,2026-11-01,EUR\n@x,,2026-11-01,EUR\n-4,A1,x,EUR\n",
        '=1+1,"=HYPERLINK(""http://x"")",1,2026-11-01\n+1,+a,1,2026-11-01\n-2-3,-a,1,2026-11-01\n'
        "@x,@SUM(1),1,2026-11-01\n-4,Day,-4,2026-11-01\n=9,Day,1,2026-11-01\n",
    )
    invoice_import("run", files, workspace=place)
    for name in ("issues.csv", "ledger.csv"):
        cells = re.split(r"[,\n]", (run_folder(place) / name).read_text().replace('"', ""))
        dangerous = {cell for cell in cells if cell.startswith(("=", "+", "@", "-"))}
        assert dangerous <= {"-4", "-4.00"}, name  # numbers are harmless
        assert any(cell.startswith("'=") for cell in cells), name
    assert '"=HYPERLINK(\\"http://x\\")"' in (run_folder(place) / "payloads" / "0001.json").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_what_is_written_is_readable_by_its_owner_alone(umask: int, tmp_path: Path) -> None:
    place = tmp_path / "workspace"

    def before() -> None:
        os.umask(umask)

    assert run_script("catalog", "load", PRODUCTS, workspace=place, before=before).code == 0
    assert run_script("run", SAMPLE, workspace=place, before=before).code == 4
    for path in [place, *place.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_no_error(place: Path) -> None:
    command = f"'{SCRIPT}' check '{SAMPLE}' --workspace '{place}' | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("PARTIAL  invoices.xlsx\n", "")


def test_explain_takes_codes_and_slugs_and_guesses() -> None:
    by_code = invoice_import("explain", "e401")
    assert by_code == invoice_import("explain", "sku-unknown")
    assert by_code.code == 0
    assert invoice_import("explain", "sku-unknwon") == Ran(
        2, "", "Error: There is no issue sku-unknwon. Did you mean sku-unknown?\n"
    )


def test_template_writes_a_pair_that_may_be_handed_in(tmp_path: Path) -> None:
    ran = invoice_import("template", "-o", tmp_path / "new", workspace=tmp_path / "none")
    assert (ran.code, ran.err) == (0, "")
    assert sorted(os.listdir(tmp_path / "new")) == sorted(f"{table.name}.csv" for table in TABLES)
    assert invoice_import("template", "-o", tmp_path / "new", workspace=tmp_path / "none").code == 2
    assert not (tmp_path / "none").exists()


def test_catalog_tells_what_is_in_it(place: Path) -> None:
    info = invoice_import("catalog", "info", workspace=place)
    assert "6 charges of 5 products with 7 prices" in info.out
    hits = invoice_import("catalog", "search", "SUP-100", workspace=place)
    assert hits.out.count("SUP-100") == 2
    charges: list[Any] = json.loads(
        invoice_import("catalog", "search", "sup", "--format", "json", workspace=place).out
    )
    assert {charge["sku"] for charge in charges} <= {"SUP-100"}
    nothing = invoice_import("catalog", "search", "zzzzzzzzzz", workspace=place)
    assert (nothing.code, nothing.out) == (0, "Nothing in the catalog is like it.\n")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a file that is always full")
def test_a_result_that_cannot_be_printed_is_no_success(place: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [str(SCRIPT), "run", str(PAIR), "--workspace", str(place)],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (ran.returncode, ran.stderr) == (
        141,
        "Error: The result could not be printed: No space left on device.\n",
    )
    assert invoice_import("run", PAIR, workspace=place).code == 9  # the run is in the ledger
