"""Text that a spreadsheet would run: inert in every file we write, and the same value when it comes back."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import Desk

import pipeline
from schemas.arrow import formula_guard

PAYLOADS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://e.example","x")', "'=1+1",
    "''=1+1", "--1", "-", "+49 40 123", "=", "'@",
]  # fmt: skip
NUMBERS = ["-5", "-5.25", "17", "'-5"]
TEXTS = st.one_of(st.text("'=+-@\t\r\n1a.", max_size=6), st.text(max_size=8))


def one(change: object, text: str) -> str:
    changed: str = change(pa.array([text], pa.string()))[0].as_py()  # type: ignore[operator]
    return changed


@given(TEXTS)
def test_what_is_written_is_read_as_it_was(text: str) -> None:
    assert one(formula_guard.unescape_formulas, one(formula_guard.escape_formulas, text)) == text
    assert one(formula_guard.unescape_formulas, one(formula_guard.escape_apostrophes, text)) == text


@given(TEXTS)
def test_nothing_written_begins_like_a_formula_unless_it_is_a_number(text: str) -> None:
    written = one(formula_guard.escape_formulas, text)
    assert not re.match(r"[=+\-@\t\r\n]", written) or re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", written)


@pytest.mark.parametrize("text", [*NUMBERS, "abc", "", "'abc", "O'Neill", "'tis"])
def test_numbers_and_other_texts_stay(text: str) -> None:
    assert one(formula_guard.escape_formulas, text) == one(formula_guard.unescape_formulas, text) == text


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_text_of_ours_comes_back_as_the_same_value(desk: Desk, text: str) -> None:
    """From a CSV and from a workbook alike: the apostrophe is not the customer's."""
    rows = [desk.invoice()], [desk.item(description=one(formula_guard.escape_formulas, text))]
    for result in (desk.check(*rows), desk.check_book(*rows)):
        (invoice,) = desk.sent(result)
        assert invoice["invoiceItems"][0]["description"] == text
        assert not desk.codes(result)


def test_it_is_taken_off_where_blanks_are_taken_off_too(desk: Desk) -> None:
    result = desk.check([desk.invoice()], [desk.item(description=" '=1+1 ")])
    assert desk.sent(result)[0]["invoiceItems"][0]["description"] == "=1+1"


@pytest.mark.parametrize("text", PAYLOADS)
def test_no_report_in_csv_begins_a_cell_like_a_formula(desk: Desk, text: str, tmp_path: Path) -> None:
    files = desk.pair([desk.invoice(account_number=text)], [desk.item(amount=text, description=text)])
    pipeline.check(*files, workspace=desk.workspace, report=tmp_path / "out")
    for name in ("issues.csv", "ledger.csv"):
        content = (tmp_path / "out" / name).read_text("utf-8")
        assert not re.search(r'(?m)(?:^|,)"?(?:[=+@\t\r]|-(?![0-9.]+[",\n]))', content), content


@pytest.mark.parametrize("refused", ["-5% loyalty, as agreed", "=1+1, once", "'tis, once"])
def test_a_refused_text_like_a_formula_is_told_in_the_reports(desk: Desk, refused: str) -> None:
    """A row with a cell too many: its text is unknown, and every report is written all the same."""
    invoices, items = desk.pair([desk.invoice()], [desk.item(description="DESCRIPTION", amount="5")])
    items.write_text(items.read_text("utf-8").replace("DESCRIPTION", refused), "utf-8")
    out = desk.folder / "out"
    result = desk.checked(invoices, items, report=out)
    assert result.verdict == "rejected"
    assert "E106" in desk.codes(result)
    assert (out / "ledger.csv").is_file()
