"""What a person sees in a sheet otherwise than it is: hidden, merged, shown as another number, summed up."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from support.desk import Desk

import pipeline
from pipeline.read.formats.ooxml.exact_scan import scan_exactly
from pipeline.read.formats.ooxml.fast_scan import scan_fast
from pipeline.result import Result

INVOICES = ["Invoice ref", "Account number", "Invoice date", "Currency"]
ITEMS = ["Invoice ref", "Charge name", "Amount", "Service start date", "Quantity"]
Change = Callable[[Worksheet, Worksheet], None]


def _check(desk: Desk, change: Change, **flags: Any) -> Result:
    """A workbook of three invoices with an item of 10, 20 and 30 EUR each, changed before it is checked."""
    book = Workbook()
    invoices, items = book.active, book.create_sheet("Items")
    invoices.title = "Invoices"
    invoices.append(INVOICES)
    items.append(ITEMS)
    for number in (1, 2, 3):
        invoices.append([f"R{number}", "A1", date(2026, 11, 30), "EUR"])
        items.append([f"R{number}", "Day", 10 * number, date(2026, 11, 1), None])
    change(invoices, items)
    path = desk.folder / "book.xlsx"
    book.save(path)
    return pipeline.check(path, workspace=desk.workspace, **flags)


def _cells(result: Result) -> list[tuple[str, str]]:
    return sorted(zip(result.issues["code"], result.issues["cell"], strict=True))


def _accepted(result: Result) -> list[str]:
    frame = result.invoices
    return sorted(frame.loc[frame["state"] != "rejected", "invoice_ref"])


@pytest.mark.parametrize(
    ("value", "form", "sentence"),
    [
        (9.996, "0.00", 'Amount shows "10.00", but the cell holds "9.996".'),
        (0.19, "0%", 'Amount shows "19%", but the cell holds "0.19".'),
        (1500, '0,"k"', 'Amount shows "2", but the cell holds "1500".'),
        (9.5, "0", 'Amount shows "10", but the cell holds "9.5".'),
    ],
)
def test_an_amount_that_shows_another_number_is_an_error_that_gives_both(
    desk: Desk, value: float, form: str, sentence: str
) -> None:
    def change(_: Worksheet, items: Worksheet) -> None:
        items["C2"], items["C2"].number_format = value, form

    result = _check(desk, change)
    assert _cells(result) == [("E218", "C2")]
    assert result.issues["message"][0] == sentence
    assert _accepted(result) == ["R2", "R3"]


@pytest.mark.parametrize("form", ["#,##0.00", "0.00", "General", '0.00 "EUR"', "[Red]-0.00;0.00", "@"])
def test_a_number_that_shows_what_it_holds_is_no_fault(desk: Desk, form: str) -> None:
    def change(_: Worksheet, items: Worksheet) -> None:
        for cell, value in (("C2", 1234.5), ("C3", 0.1 + 0.2), ("C4", 30)):
            items[cell], items[cell].number_format = value, form

    assert _cells(_check(desk, change)) == []


def test_an_identifier_that_shows_zeros_it_does_not_hold_is_an_error_that_gives_both(desk: Desk) -> None:
    def change(invoices: Worksheet, _: Worksheet) -> None:
        invoices["B3"], invoices["B3"].number_format = 123, "00000"

    result = _check(desk, change)
    assert _cells(result) == [("E219", "B3")]
    assert result.issues["message"][0] == 'Account number shows "00123", but the cell holds "123".'


@pytest.mark.parametrize("number", [1234567890123456, 12345678901234567890, 1.5e300])
def test_an_identifier_whose_digits_are_lost_is_an_error(desk: Desk, number: float) -> None:
    def change(invoices: Worksheet, _: Worksheet) -> None:
        invoices["B3"] = float(number)

    assert _cells(_check(desk, change)) == [("E217", "B3")]


def test_hidden_rows_reject_their_invoices_unless_the_setting_takes_them(desk: Desk) -> None:
    def change(invoices: Worksheet, items: Worksheet) -> None:
        invoices.row_dimensions[2].hidden = items.row_dimensions[3].hidden = True
        items.auto_filter.ref = "A1:E4"
        items.auto_filter.add_filter_column(1, ["Day"])

    result = _check(desk, change)
    assert sorted(zip(result.issues["code"], result.issues["sheet"], result.issues["row"], strict=True)) == [
        ("E112", "Invoices", 2),
        ("E112", "Items", 3),
    ]
    assert "(by hand)" in result.issues["message"][0]
    assert "(a filter is set in this sheet)" in result.issues["message"][1]
    assert _accepted(result) == ["R3"]
    taken = _check(desk, change, hidden_rows="read")
    assert list(taken.issues["code"]) == ["W102", "W102"]
    assert _accepted(taken) == ["R1", "R2", "R3"]


def test_a_hidden_column_is_read_and_told(desk: Desk) -> None:
    def change(_: Worksheet, items: Worksheet) -> None:
        items.column_dimensions["C"].hidden = items.column_dimensions["E"].hidden = True  # E holds nothing

    result = _check(desk, change)
    assert _cells(result) == [("W103", "C1")]
    assert _accepted(result) == ["R1", "R2", "R3"]


def test_a_column_without_width_is_hidden() -> None:
    columns = (
        '<cols><col min="3" max="4" width="0" customWidth="1"/><col min="5" max="5" width="0.5"/></cols>'
    )
    sheet = f'<worksheet>{columns}<sheetData><row r="1"><c r="C1"><v>1</v></c></row></sheetData></worksheet>'
    for reader in (scan_fast, scan_exactly):
        assert reader(io.BytesIO(sheet.encode())).hidden_columns == {2, 3}


def test_a_cell_that_is_merged_away_is_an_error_whatever_it_still_holds(desk: Desk) -> None:
    def change(invoices: Worksheet, items: Worksheet) -> None:
        invoices.merge_cells("A1:A1")
        items.merge_cells("C3:C4")  # both rows seem to be 20
        items.merge_cells("E2:E4")  # holds nothing

    result = _check(desk, change)
    assert _cells(result) == [("E222", "C4")]
    assert "C3:C4" in result.issues["message"][0]
    assert _accepted(result) == ["R1", "R2"]


def test_a_reference_merged_over_several_rows_rejects_the_invoice_it_shows(desk: Desk) -> None:
    def change(_: Worksheet, items: Worksheet) -> None:
        items.merge_cells("A2:A3")  # both items seem to be R1's

    result = _check(desk, change)
    assert _cells(result) == [("E222", "A2"), ("E222", "A3"), ("E309", "")]
    assert _accepted(result) == ["R3"]


def test_titles_may_be_merged(desk: Desk) -> None:
    def change(invoices: Worksheet, _: Worksheet) -> None:
        invoices.insert_rows(1)
        invoices["A1"] = "Invoices of November"
        invoices.merge_cells("A1:D1")

    assert _cells(_check(desk, change)) == []


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ([["Total", None, 60]], []),
        ([["Total", None, 60.01]], [("W104", "C5")]),
        ([["Total", None, "60.00", None, 7]], [("W104", "E5")]),
        ([["Total", None, 60], ["R3", "More", 5, date(2026, 11, 1)], ["Sum", None, 5], ["Grand total", None, 65]],
         []),
        ([["Total", None, 60], ["R3", "More", 5, date(2026, 11, 1)], ["Grand total", None, 60]], [("W104", "C7")]),
        ([["Total", None, "=SUM(C2:C4)"]], []),
        ([["Summe", None, 61]], [("W104", "C5")]),
    ],
)  # fmt: skip
def test_a_totals_row_is_held_against_the_sum(
    desk: Desk, rows: list[list[Any]], faults: list[tuple[str, str]]
) -> None:
    def change(_: Worksheet, items: Worksheet) -> None:
        for row in rows:
            items.append(row)

    result = _check(desk, change)
    assert _cells(result) == faults
    assert result.totals["accepted"]["EUR"] >= Decimal(60)


def test_a_totals_row_of_a_csv_is_read_as_its_numbers_are(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "flat.csv"
    header = "Invoice ref;Account number;Invoice date;Currency;Charge name;Amount;Service start date\n"
    row = "R1;A1;2026-11-30;EUR;{};{};2026-11-01\n"
    path.write_text(
        header + row.format("Day", "1.000,50") + row.format("Night", "2,00") + "Total;;;;;1.003,50;\n"
    )
    result = pipeline.check(path, workspace=desk.workspace, decimal="comma")
    assert _cells(result) == [("W104", "F4")]
    message = 'The totals row says "1.003,50" under Amount, but the rows above it sum up to 1002.5.'
    assert result.issues["message"][0] == message


def test_two_sheets_that_are_known_by_half_are_an_error(desk: Desk) -> None:
    book = Workbook()
    invoices = book.active
    invoices.title = "Invoices"
    invoices.append(INVOICES)
    invoices.append(["R1", "A1", date(2026, 11, 30), "EUR"])
    for title in ("November", "December"):
        sheet = book.create_sheet(title)
        sheet.append(["Charge name", "Amount", "Service start date"])
        sheet.append(["Day", 10, date(2026, 11, 1)])
    path = desk.folder / "book.xlsx"
    book.save(path)
    result = pipeline.check(path, workspace=desk.workspace)
    assert "E107" in set(result.issues["code"])
    assert result.verdict == "rejected"


def test_an_issue_of_a_flat_sheet_stands_where_the_value_stands(desk: Desk) -> None:
    rows = [
        desk.invoice() | desk.item() | {"currency": ""},
        desk.invoice() | desk.item(charge_name="Night") | {"currency": "EURO"},
        desk.invoice() | desk.item(charge_name="Noon") | {"currency": "EURO"},
    ]
    result = pipeline.check(desk.csv("flat", rows), workspace=desk.workspace)
    (issue,) = (record for record in result.issues.to_dict("records") if record["code"] == "E220")
    assert (issue["cell"], issue["row"]) == ("D3", 3)
    assert "D4" in issue["message"]


@pytest.mark.parametrize("header", ["# Remark", "#"])
def test_the_word_of_a_totals_row_may_stand_in_a_column_that_is_left_out(
    desk: Desk, tmp_path: Path, header: str
) -> None:
    items = f"{header},invoice_ref,charge_name,amount,service_start_date\n,R1,Day,10.00,2026-11-01\n"
    path = tmp_path / "items.csv"
    path.write_text(items + "Total:,,,11.00,\ntotal,R1,Night,1.00,2026-11-01\nSum,,,12.00,\n")
    result = pipeline.check(desk.csv("invoices", [desk.invoice()]), path, workspace=desk.workspace)
    assert desk.told(result) == [("W104", "amount", 3), ("W104", "amount", 5)]
    assert result.summary["money"]["EUR"]["accepted"] == "11.00"
    assert result.summary["ignored_rows"]["total"] == 2


def test_a_row_with_a_reference_is_no_total_whatever_is_remarked(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("# Remark,invoice_ref,charge_name,amount\n,R1,Day,10.00\ntotal,1001,,10.00\n")
    result = pipeline.check(desk.csv("invoices", [desk.invoice()]), path, workspace=desk.workspace)
    assert result.summary["ignored_rows"]["total"] == 0


def test_what_a_totals_row_of_a_flat_sheet_says_under_an_invoices_column_is_no_sum(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "flat.csv"
    header = "Invoice ref;Charge name;Amount;Service start date;Account number;Invoice date;Currency\n"
    path.write_text(header + "R1;Day;10.00;2026-11-01;A1;2026-11-30;EUR\nTotal;;11.00;;1;;\n")
    result = pipeline.check(path, workspace=desk.workspace)
    assert _cells(result) == [("W104", "C3")]
