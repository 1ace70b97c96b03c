"""The reply: a short text to the person who prepared the file, in words they would use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.command_line import PRODUCTS, SAMPLE, invoice_import
from support.desk import Desk
from support.golden_files import agrees

import pipeline
from pipeline.report import reply
from pipeline.report.issue_table import make_issue_table
from pipeline.result import Result


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de"])
def test_what_the_preparer_of_the_sample_is_told(tmp_path: Path, language: str) -> None:
    place, out = tmp_path / "workspace", tmp_path / "out"
    invoice_import("catalog", "load", PRODUCTS, workspace=place)
    options = ["--language", language, "--reply", "--report", str(out)]
    ran = invoice_import("check", SAMPLE, *options, workspace=place)
    assert ran.code == 4, ran.err
    text = (out / "reply.txt").read_text("utf-8")
    assert agrees(f"reply_{language}.txt", text)
    assert max(map(len, text.splitlines())) <= 90


def test_a_check_without_a_folder_prints_it_alone(desk: Desk) -> None:
    files = map(str, desk.pair([desk.invoice()], [desk.item(amount="x")]))
    ran = invoice_import("check", *files, "--reply", workspace=desk.workspace)
    assert ran.out.startswith("Hello,\n\nwe have read ")
    assert "Please correct it in your own file and send the whole back." in ran.out
    assert "REJECTED" not in ran.out


def test_a_run_writes_it_beside_the_marked_workbook(desk: Desk) -> None:
    result = desk.run(
        [desk.invoice(), desk.invoice("R2")], [desk.item(), desk.item("R2", amount="x")], reply=True
    )
    folder = Path(result.summary["run_folder"])
    text = (folder / "reply.txt").read_text("utf-8")
    (copy,) = folder.glob("*.marked.xlsx")
    assert f"Enclosed is {copy.name}" in text
    assert "rejected.xlsx" in text
    assert "nothing is billed twice" in " ".join(text.split())


def test_nobody_who_did_not_ask_gets_one_and_an_old_one_goes(desk: Desk) -> None:
    files, out = desk.pair([desk.invoice()], [desk.item()]), desk.folder / "out"
    pipeline.check(*files, workspace=desk.workspace, report=out, reply=True)
    assert (out / "reply.txt").read_text("utf-8").endswith("Nothing has to be corrected.\n")
    pipeline.check(*files, workspace=desk.workspace, report=out)
    assert not (out / "reply.txt").exists()


def test_many_causes_are_counted_and_what_cannot_be_seen_is_shown(desk: Desk) -> None:
    items = [desk.item(amount=f"x\x1b[31m{number}") for number in range(9)]
    pipeline.check(
        *desk.pair([desk.invoice()], items), workspace=desk.workspace, report=desk.folder, reply=True
    )
    text = (desk.folder / "reply.txt").read_text("utf-8")
    assert "- … and 4 more rows" in text
    assert "\x1b" not in text


def told(result: Result, **changes: Any) -> str:
    """The reply to a check, with some of its summary said otherwise."""
    assessment = result.assessment
    issues = make_issue_table(assessment.issues, assessment.raw, assessment.tables)
    return reply.render_reply({**result.summary, **changes}, issues)


def test_more_causes_than_a_mail_holds_are_counted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "_MAX_CAUSES", 1)
    result = desk.check([desk.invoice(currency="EUX")], [desk.item(amount="x"), desk.item("")])
    assert "… and 2 more causes." in told(result)


def test_each_place_has_its_own_remedy_where_they_differ(desk: Desk) -> None:
    items = [desk.item(charge_name=""), desk.item(service_start_date="")]
    lines = told(desk.check([desk.invoice()], items)).splitlines()
    assert [line.strip() for line in lines if "What to do" in line] != []


def test_what_does_not_balance_has_no_sums(desk: Desk) -> None:
    result = desk.check([desk.invoice()], [desk.item()])
    assert "Accepted: 1 invoice" in told(result)
    assert "Accepted:" not in told(result, verdict="unbalanced")
