"""Which invoices fall: any error on them or on one of their items, and no warning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.desk import Desk

from pipeline.acceptance import accept
from pipeline.issues import Findings, Issues, SheetIssue
from pipeline.model.valid import ValidSheets


@pytest.fixture
def valid(desk: Desk) -> ValidSheets:
    """Invoices R1, R2, R3; items of R2, R1, nobody, R2, R3."""
    refs = ["R2", "R1", "R9", "R2", "R3"]
    return desk.valid([desk.invoice(f"R{n}") for n in (1, 2, 3)], [desk.item(ref) for ref in refs])


def _found(code: str, table: str, *rows: int, **more: Any) -> Findings:
    return Findings(code, table, "", np.array(rows, np.int64), **more)


def test_an_error_on_an_item_falls_on_its_invoice(valid: ValidSheets) -> None:
    fallen = accept.find_rejected_invoices(valid, Issues((_found("E202", "items", 3),)))
    assert fallen.tolist() == [False, True, False]


def test_an_error_on_an_invoice_falls_on_it_alone(valid: ValidSheets) -> None:
    assert accept.find_rejected_invoices(valid, Issues((_found("E301", "invoices", 2),))).tolist() == [
        False,
        False,
        True,
    ]


def test_an_error_on_an_orphan_falls_on_no_invoice(valid: ValidSheets) -> None:
    assert not accept.find_rejected_invoices(valid, Issues((_found("E308", "items", 2),))).any()


def test_a_warning_rejects_nothing(valid: ValidSheets) -> None:
    issues = Issues((_found("W401", "items", 0, 1), _found("W301", "invoices", 0)))
    assert not accept.find_rejected_invoices(valid, issues).any()


def test_an_error_in_a_header_rejects_everything(valid: ValidSheets) -> None:
    assert accept.find_rejected_invoices(valid, Issues(sheet_issues=(SheetIssue("E104", "items.csv"),))).all()


def test_whole_invoices_keep_all_their_items_in_the_order_of_the_sheet(valid: ValidSheets) -> None:
    items, offsets = accept.gather_items(valid.invoice_of_item, np.array([1, 2]), 3)
    assert (items.tolist(), offsets.tolist()) == ([0, 3, 4], [0, 2, 3])
    items, offsets = accept.gather_items(valid.invoice_of_item, np.array([0, 1, 2]), 3)
    assert (items.tolist(), offsets.tolist()) == ([1, 0, 3, 4], [0, 1, 3, 4])
    items, offsets = accept.gather_items(valid.invoice_of_item, np.zeros(0, np.int64), 3)
    assert (items.tolist(), offsets.tolist()) == ([], [0])


def test_skipped_invoices_keep_their_warnings_and_lose_their_errors(valid: ValidSheets) -> None:
    issues = Issues(
        (_found("E202", "items", 0, 1, 2), _found("W401", "items", 0), _found("E301", "invoices", 1))
    )
    left = accept.drop_errors_of(issues, valid, np.array([False, True, False]))
    assert [(finding.code, finding.rows.tolist()) for finding in left.findings] == [
        ("E202", [1, 2]),
        ("W401", [0]),
    ]


def test_with_all_or_nothing_an_orphan_rejects_everything(desk: Desk) -> None:
    pair = [desk.invoice("R1")], [desk.item("R1"), desk.item("R9")]
    assert desk.check(*pair).verdict == "partial"
    result = desk.check(*pair, policy="all-or-nothing")
    assert (desk.codes(result), result.verdict) == (["E308", "E502"], "rejected")


def test_with_all_or_nothing_faultless_sheets_are_accepted(desk: Desk) -> None:
    result = desk.check([desk.invoice()], [desk.item()], policy="all-or-nothing")
    assert result.verdict == "accepted"


def test_references_are_null_where_they_cannot_be_read(desk: Desk) -> None:
    valid = desk.valid([desk.invoice("R1"), desk.invoice(""), desk.invoice("x" * 101)], [desk.item("R1")])
    assert accept.get_references(valid).to_pylist() == ["R1", None, None]
