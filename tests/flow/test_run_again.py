"""The same files again: accepted is skipped, rejected gets a new chance, different is a conflict."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.command_line import PAIR, PRODUCTS, invoice_import
from support.desk import Desk

from pipeline import Result, check, run
from pipeline.acceptance.assessment import format_run_argument
from pipeline.errors import BusyError, PipelineError, UsageError
from pipeline.flow import discard, load_catalog
from pipeline.flow.ledger_access import check_ledger
from pipeline.ledger import IdentityTakenError
from pipeline.run_output import RunRecorder


def states(result: Result) -> dict[str, int]:
    return {name: count for name, count in result.summary["invoices"].items() if count and name != "in"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def changed(folder: Path, old: str, new: str) -> Path:
    """The pair in another folder, with a text in its files replaced."""
    shutil.copytree(PAIR, folder)
    for path in folder.iterdir():
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    return folder


@pytest.mark.slow
def test_what_was_rejected_gets_a_new_chance_once_the_product_is_loaded(place: Path) -> None:
    first = run(PAIR, workspace=place)
    assert (first.verdict, set(first.summary["issues"])) == ("rejected", {"E408"})
    load_catalog(PRODUCTS, workspace=place)
    assert states(run(PAIR, workspace=place)) == {"accepted": 4}
    last = run(PAIR, workspace=place)
    assert (last.verdict, last.exit_code, states(last)) == ("duplicate", 9, {"skipped": 4})


def test_the_same_invoice_in_another_file_is_skipped(place: Path, tmp_path: Path) -> None:
    load_catalog(PRODUCTS, workspace=place)
    run(PAIR, workspace=place)
    assert run(changed(tmp_path / "other", "no such text", ""), workspace=place).verdict == "duplicate"


def test_numbers_and_blanks_written_differently_are_the_same_content(place: Path, tmp_path: Path) -> None:
    load_catalog(PRODUCTS, workspace=place)
    run(PAIR, workspace=place)
    assert run(changed(tmp_path / "other", ",450,", ", 450.00,"), workspace=place).verdict == "duplicate"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Workshop", "Work shop"),
        ("A00000101", "A00000901"),
        ("2026-11-12,\n2026-1002", "2026-11-13,\n2026-1002"),
    ],
)
def test_other_content_under_the_same_reference_is_a_conflict(
    old: str, new: str, place: Path, tmp_path: Path
) -> None:
    load_catalog(PRODUCTS, workspace=place)
    run(PAIR, workspace=place)
    result = run(changed(tmp_path / "other", old, new), workspace=place)
    assert result.summary["issues"] == {"E501": 1}
    assert states(result) == {"rejected": 1, "skipped": 3}
    assert result.exit_code == 3


@pytest.mark.slow
def test_the_fix_of_a_conflict_withdraws_the_right_run_as_it_is_written(place: Path, tmp_path: Path) -> None:
    """Whoever copies the command hits the workspace in which the invoice is."""
    load_catalog(PRODUCTS, workspace=place)
    run(PAIR, workspace=place)
    result = run(changed(tmp_path / "other", "Workshop", "Work shop"), workspace=place)
    (fix,) = result.issues["fix"]
    command = shlex.split(fix.partition("(")[2].partition(")")[0])
    ran = invoice_import(*command[1:])
    assert (command[0], ran.code, ran.err) == ("invoice-import", 0, "")
    assert run(PAIR, workspace=place).summary["invoices"]["skipped"] == 0


def test_where_the_workspace_is_the_default_one_it_is_not_named() -> None:
    assert format_run_argument("R", Path("invoice-import")) == "R"
    assert format_run_argument("R", Path("my books")) == "R --workspace 'my books'"


@pytest.mark.slow
def test_after_discard_a_corrected_file_may_come(place: Path, tmp_path: Path) -> None:
    load_catalog(PRODUCTS, workspace=place)
    first = run(PAIR, workspace=place)
    discard(first.summary["run_id"], workspace=place)
    result = run(changed(tmp_path / "other", "Workshop", "Work shop"), workspace=place)
    assert states(result) == {"accepted": 4}
    assert run(PAIR, workspace=place).summary["issues"] == {"E501": 1}
    assert check_ledger(workspace=place) == []


def test_discard_of_nothing_is_refused(place: Path) -> None:
    load_catalog(PRODUCTS, workspace=place)
    first = run(PAIR, workspace=place)
    discard(first.summary["run_id"], workspace=place)
    with pytest.raises(PipelineError, match="nothing left to withdraw"):
        discard(first.summary["run_id"], workspace=place)
    with pytest.raises(UsageError):
        discard("20261120-170000-0a1b2c", workspace=place)


def test_another_environment_knows_nothing_of_the_first(place: Path) -> None:
    load_catalog(PRODUCTS, workspace=place)
    run(PAIR, workspace=place)
    assert check(PAIR, workspace=place, environment="sandbox").verdict == "accepted"


def test_shuffled_items_are_the_same_content(place: Path, tmp_path: Path) -> None:
    load_catalog(PRODUCTS, workspace=place)
    run(PAIR, workspace=place)
    shuffled = changed(tmp_path / "other", "no such text", "")
    header, *rows = (shuffled / "items.csv").read_text().splitlines()
    (shuffled / "items.csv").write_text("\n".join([header, *reversed(rows)]) + "\n")
    assert run(shuffled, workspace=place).verdict == "duplicate"


@pytest.mark.slow
def test_books_balance_in_every_case(place: Path, tmp_path: Path) -> None:
    load_catalog(PRODUCTS, workspace=place)
    for folder in (PAIR, PAIR, changed(tmp_path / "other", "Workshop", "x")):
        summary = run(folder, workspace=place).summary
        for what in ("invoices", "items"):
            books = summary[what]
            assert books["in"] == books["accepted"] + books["rejected"] + books["skipped"]
        assert summary["differences"] == []


@pytest.mark.parametrize("times", [1, 99])
def test_a_run_that_is_overtaken_tries_again_and_in_the_end_gives_up(
    times: int, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken, record = iter(range(times)), RunRecorder.record

    def lose(*arguments: Any) -> Any:
        if next(overtaken, None) is not None:
            raise IdentityTakenError(("R1",))
        return record(*arguments)

    monkeypatch.setattr(RunRecorder, "record", lose)
    if times == 1:
        assert desk.run([desk.invoice()], [desk.item()]).verdict == "accepted"
        return
    with pytest.raises(BusyError, match="Other processes keep preparing the same invoices"):
        desk.run([desk.invoice()], [desk.item()])
