"""The Python interface: the same results as the command line, as frames and totals; silent."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from support.command_line import PAIR, PRODUCTS, SAMPLE, invoice_import, tree

import pipeline
from pipeline import Result, check, run
from pipeline.acceptance.assessment import EXIT_CODES
from pipeline.errors import NoSuchFileError, PipelineError, UsageError
from pipeline.flow import discard, load_catalog


@pytest.fixture
def place(tmp_path: Path) -> Path:
    load_catalog(PRODUCTS, workspace=tmp_path / "workspace")
    return tmp_path / "workspace"


def test_only_three_names_are_public() -> None:
    assert sorted(pipeline.__all__) == ["Result", "check", "run"]
    assert all(getattr(pipeline, name) is not None for name in pipeline.__all__)
    with pytest.raises(AttributeError, match="no attribute 'submit'"):
        pipeline.submit  # noqa: B018 - looking it up is what must fail


@pytest.mark.slow
def test_it_gives_what_the_command_prints(place: Path) -> None:
    printed = json.loads(invoice_import("check", SAMPLE, "--format", "json", workspace=place).out)
    given = dict(check(SAMPLE, workspace=place).summary)
    for summary in (printed, given):
        del summary["seconds"]
    assert given == printed


@pytest.mark.slow
def test_it_prints_nothing_and_exits_nothing(
    place: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for result in (
        check(SAMPLE, workspace=place),
        run(SAMPLE, workspace=place),
        run(SAMPLE, workspace=place),
    ):
        assert result.exit_code == EXIT_CODES[result.verdict]
        assert [len(result.invoices), len(result.items)] == [15, 23]
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_frames_tell_of_every_invoice_and_item(place: Path) -> None:
    result = check(SAMPLE, workspace=place)
    assert isinstance(result, Result)
    assert (result.verdict, result.exit_code) == ("partial", 4)
    assert result.invoices["state"].value_counts().to_dict() == {"rejected": 11, "prepared": 4}
    assert list(result.invoices["invoice_ref"][:3]) == ["2026-1001", "2026-1002", "2026-1003"]
    assert result.items["state"].value_counts().to_dict() == {"rejected": 17, "prepared": 6}
    for frame in (result.invoices, result.items, result.issues):
        assert all(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes)
    bad = result.issues[result.issues["code"] == "E401"].iloc[0]
    assert (bad["file"], bad["sheet"], bad["row"], bad["cell"], bad["value"]) == (
        "invoices.xlsx", "Items", 19, "C19", "SUP-10O",
    )  # fmt: skip


def test_totals_are_exact_and_add_up(place: Path) -> None:
    totals = check(SAMPLE, workspace=place).totals
    assert list(totals.columns) == ["in", "accepted", "rejected", "skipped"]
    assert list(totals.index) == ["EUR", "JPY", "XXX"]
    assert all(isinstance(value, Decimal) for value in totals.to_numpy().ravel())
    assert (totals["in"] == totals["accepted"] + totals["rejected"] + totals["skipped"]).all()
    assert totals.loc["EUR", "in"] == Decimal("10920.224")


def test_a_check_changes_nothing(place: Path) -> None:
    before = tree(place)
    check(SAMPLE, workspace=place)
    assert tree(place) == before


def test_settings_are_keywords(place: Path) -> None:
    assert check(SAMPLE, workspace=place, policy="all-or-nothing").verdict == "rejected"
    with pytest.raises(UsageError, match="Did you mean batch_order"):
        check(SAMPLE, workspace=place, batchorder="fewest")


def test_progress_is_told_to_who_asks(place: Path) -> None:
    steps: list[str] = []
    run(PAIR, workspace=place, progress=steps.append)
    assert steps[:3] == ["reading", "checking and looking up the catalog", "tying items to the catalog"]


def test_what_cannot_be_done_is_one_exception(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFileError, match="There is no file"):
        check(tmp_path / "absent.csv", workspace=tmp_path / "none")
    with pytest.raises(PipelineError):
        check(workspace=tmp_path / "none")
    assert not list(tmp_path.iterdir())


def test_paths_may_be_text(place: Path) -> None:
    assert check(str(PAIR), workspace=str(place)).verdict == "accepted"


def test_discard_frees_what_a_run_prepared(place: Path) -> None:
    first = run(PAIR, workspace=place)
    assert run(PAIR, workspace=place).verdict == "duplicate"
    taken = discard(first.summary["run_id"], workspace=place)
    assert (taken.invoices, taken.items) == (4, 6)
    assert run(PAIR, workspace=place).verdict == "accepted"
