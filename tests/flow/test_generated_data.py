"""Generated data whose truth is known: the line must find exactly that, whatever the traits."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import pipeline
from benchmarks.generate import Plan, generate
from pipeline.flow import load_catalog
from pipeline.result import Result

pytestmark = pytest.mark.slow

PLANS = {
    "as usual": Plan(items=4_000, invoices=500, seed=11, bad_share=0.03),
    "items far apart": Plan(items=4_000, invoices=500, seed=12, bad_share=0.01, shuffle=1.0),
    "small invoices, many faults": Plan(items=3_000, invoices=2_000, seed=13, bad_share=0.1, shuffle=0.0),
    "rows with a missing cell, lines without any": Plan(
        items=3_000, invoices=400, seed=18, bad_share=0.05, ragged=True
    ),
    "nothing told": Plan(items=2_000, invoices=300, seed=19, bad_share=0.03, told=0.0),
    "much told": Plan(items=6_000, invoices=2_000, seed=20, bad_share=0.01, told=0.05),
    "no fault": Plan(items=2_000, invoices=300, seed=14, bad_share=0.0),
    "invoices over the limit": Plan(items=40_000, invoices=1_000, seed=15, bad_share=0.002),
}


def _checked(folder: Path, *files: str) -> Result:
    workspace = folder / "workspace"
    if not workspace.exists():
        load = load_catalog(folder / "catalog.csv", workspace=workspace)
        assert load.snapshot is not None
    return pipeline.check(*(folder / name for name in files), workspace=workspace)


def _agrees(result: Result, expected: dict[str, Any]) -> None:
    """Counts, money, codes, requests and the accepted set are the generator's."""
    summary = result.summary
    assert summary["invoices"] == expected["invoices"]
    assert summary["items"] == expected["items"]
    assert summary["money"] == expected["money"]
    assert summary["issues"] == expected["issues"]
    assert summary["warnings"] == expected["warnings"]
    assert summary["ignored_rows"] == expected["ignored_rows"]
    assert summary["requests"] == expected["requests"]
    frame = result.invoices
    accepted = frame.loc[frame["state"] == "prepared", "invoice_ref"]
    digest = hashlib.sha256("".join(f"{ref}\n" for ref in accepted).encode()).hexdigest()
    assert digest == expected["accepted_sha256"]
    assert result.assessment.balance.differences == []


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_check_finds_exactly_what_the_generator_knows(tmp_path: Path, plan: Plan) -> None:
    expected = generate(tmp_path, plan)
    _agrees(_checked(tmp_path, "invoices.csv", "items.csv"), expected)


def test_a_workbook_gives_the_figures_of_the_pair(tmp_path: Path) -> None:
    expected = generate(tmp_path, Plan(items=2_000, invoices=250, seed=16, bad_share=0.05), workbook=True)
    _agrees(_checked(tmp_path, "book.xlsx"), expected)


def test_a_run_prepares_what_a_check_accepts_and_the_next_finds_nothing_left(tmp_path: Path) -> None:
    expected = generate(tmp_path, Plan(items=2_000, invoices=250, seed=17, bad_share=0.0))
    checked = _checked(tmp_path, "invoices.csv", "items.csv")
    files, workspace = (tmp_path / "invoices.csv", tmp_path / "items.csv"), tmp_path / "workspace"
    done = pipeline.run(*files, workspace=workspace)
    same = ("invoices", "items", "money", "requests", "issues", "warnings", "verdict")
    assert {name: done.summary[name] for name in same} == {name: checked.summary[name] for name in same}
    folder = Path(done.summary["run_folder"])
    manifest = json.loads((folder / "payloads" / "manifest.json").read_bytes())["requests"]
    assert len(manifest) == expected["requests"]
    for request in manifest:
        body = (folder / request["file"]).read_bytes()
        assert hashlib.sha256(body).hexdigest() == request["sha256"]
    again = pipeline.check(*files, workspace=workspace)
    assert (again.exit_code, again.summary["invoices"]["skipped"]) == (9, 250)
    assert again.summary["money"]["EUR"]["skipped"] == expected["money"]["EUR"]["accepted"]


def test_fewest_takes_no_more_requests(tmp_path: Path) -> None:
    expected = generate(tmp_path, PLANS["invoices over the limit"])
    load_catalog(tmp_path / "catalog.csv", workspace=tmp_path / "workspace")
    files = (tmp_path / "invoices.csv", tmp_path / "items.csv")
    result = pipeline.check(*files, workspace=tmp_path / "workspace", batch_order="fewest")
    assert result.summary["requests"] < expected["requests"]
    _agrees(result, expected | {"requests": result.summary["requests"]})
