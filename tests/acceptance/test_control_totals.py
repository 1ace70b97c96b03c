"""Control totals: what the preparer expected against what was read; a difference stops everything."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from openpyxl import load_workbook
from support.command_line import PAIR, SAMPLE, invoice_import, one_sentence
from support.desk import Desk
from support.workbooks import patched

import pipeline
from pipeline.acceptance.balance import Share
from pipeline.acceptance.control_totals import compare_totals, parse_expectation_flags
from pipeline.errors import UsageError
from pipeline.issues import Issues
from pipeline.result import Result


def pair(desk: Desk) -> list[Path]:
    """Two invoices in euro with 30.50, one in dollar with 7.00."""
    invoices = [desk.invoice(), desk.invoice("R2"), desk.invoice("R3", currency="USD")]
    items = [desk.item(), desk.item("R2", amount="20.50"), desk.item("R3", amount="7")]
    return desk.pair(invoices, items)


def check(desk: Desk, files: list[Path], **given: Any) -> Result:
    return pipeline.check(*files, workspace=desk.workspace, **given)


def beside(file: Path, *rows: tuple[str, str, str]) -> Path:
    """A control file beside a CSV file."""
    path = file.with_name(f"{file.stem}.control.csv")
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([("what", "currency", "expected"), *rows])
    return path


def with_control(desk: Desk, *rows: tuple[object, ...]) -> Path:
    """A workbook with a sound invoice of 10.00 euro and a Control sheet."""
    path = desk.workbook([desk.invoice()], [desk.item(amount=10)])
    book = load_workbook(path)
    sheet = book.create_sheet("Control")
    for row in (("What", "Currency", "Expected", "# Counted"), *rows):
        sheet.append(row)
    book.save(path)
    return path


def test_what_agrees_goes_on(desk: Desk) -> None:
    result = check(
        desk, pair(desk), expect_count=["3", "items=3"], expect_total=["EUR=30.50", "USD=7", "GBP=0"]
    )
    assert (result.verdict, result.exit_code) == ("accepted", 0)
    assert [total["holds"] for total in result.summary["control"]["totals"]] == [True] * 5


def test_a_difference_is_told_in_money_and_nothing_is_prepared(desk: Desk) -> None:
    files = pair(desk)
    result = pipeline.run(*files, workspace=desk.workspace, expect_count=["4"], expect_total=["EUR=1030.51"])
    assert (result.verdict, result.exit_code) == ("unbalanced", 7)
    assert list(result.issues["message"]) == [
        "Invoices: 4 expected, 3 read; 1 missing.",
        "Amount EUR: 1,030.51 expected, 30.50 read; 1,000.01 missing.",
    ]
    assert set(result.issues["file"]) == {"the command line"}
    assert not list((desk.workspace / "runs").glob("*"))
    again = pipeline.run(*files, workspace=desk.workspace, expect_total=["EUR=30.5"])
    assert (again.verdict, again.summary["requests"]) == ("accepted", 1)


def test_rejected_and_skipped_invoices_count_as_read(desk: Desk) -> None:
    files = desk.pair(
        [desk.invoice(), desk.invoice("R2", currency="EUX")], [desk.item(), desk.item("R2", amount="5")]
    )
    result = check(desk, files, expect_count=["2", "items=2"], expect_total=["EUR=10"])
    assert (result.verdict, result.exit_code) == ("partial", 4)


def test_an_amount_that_cannot_be_read_cannot_agree(desk: Desk) -> None:
    files = desk.pair([desk.invoice()], [desk.item(), desk.item(amount="1,5")])
    result = check(desk, files, expect_total=["EUR=10"])
    assert result.exit_code == 7
    assert "the amount of 1 item is unknown" in next(iter(result.issues["message"]))


def test_a_control_file_beside_the_csv_is_found(desk: Desk) -> None:
    files = pair(desk)
    path = beside(files[1], ("Invoices", "", "3"), ("amount", "EUR", "30.5"), ("Amount", "USD", ""))
    result = check(desk, files)
    assert (result.exit_code, len(result.summary["control"]["totals"])) == (0, 2)
    assert [source["name"] for source in result.summary["sources"]][-1] == path.name
    beside(files[1], ("Items", "", "5"))
    (issue,) = check(desk, files).issues.to_dict("records")
    assert (issue["code"], issue["file"], issue["cell"]) == ("E601", path.name, "C2")
    assert issue["message"] == "Items: 5 expected, 3 read; 2 missing."


@pytest.mark.slow
def test_a_csv_cut_short_is_noticed(desk: Desk) -> None:
    def last(amount: str) -> dict[str, Any]:
        item = desk.item()
        return {name: item[name] for name in sorted(item) if name != "amount"} | {"amount": amount}

    files = desk.pair([desk.invoice()], [last("10.00"), last("1234.56")])
    whole = files[1].read_bytes().rstrip()
    files[1].write_bytes(whole[:-1])  # 1234.5 is as good an amount as any
    assert check(desk, files).exit_code == 0
    beside(files[0], ("Items", "", "2"), ("Amount", "EUR", "1244.56"))
    for cut in range(1, 45, 4):
        files[1].write_bytes(whole[:-cut])
        assert check(desk, files).exit_code == 7, cut
    files[1].write_bytes(whole)
    assert check(desk, files).exit_code == 0


def test_the_control_sheet_of_a_workbook(desk: Desk) -> None:
    sound = with_control(
        desk, ("Invoices", None, 1, "=1+1"), ("Amount", "EUR", 10, None), ("Items", None, None)
    )
    result = check(desk, [sound])
    assert (result.verdict, len(result.summary["control"]["totals"])) == ("accepted", 2)
    differs = with_control(desk, ("Amount", "EUR", 10.01))
    (issue,) = check(desk, [differs]).issues.to_dict("records")
    assert (issue["code"], issue["sheet"], issue["cell"], issue["value"]) == (
        "E601",
        "Control",
        "C2",
        "10.01",
    )


def test_a_formula_is_no_expectation_even_with_a_stored_value(desk: Desk, tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, rows in (("Invoices", [desk.invoice()]), ("Items", [desk.item()])):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, rows[0])
            sheet.write_row(1, 0, rows[0].values())
        control = book.add_worksheet("Control")
        control.write_row(0, 0, ["What", "Currency", "Expected"])
        control.write(1, 0, "Invoices")
        control.write_formula(1, 2, "=COUNTA(Invoices!A2:A9)", None, 1)
    asking = check(desk, [path])  # the file asks to be calculated when it is opened: its values are not
    assert (Desk.told(asking), asking.exit_code) == ([("E215", "Expected", 2)], 7)
    calculated = patched(path, tmp_path / "saved.xlsx", "xl/workbook.xml", ' fullCalcOnLoad="1"', "")
    result = check(desk, [calculated])
    assert (Desk.told(result), result.exit_code) == ([("E602", "Expected", 2)], 7)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("Amount", None, 10), "E603"),
        (("Invoices", "EUR", 1), "E603"),
        (("Sum", "EUR", 10), "E209"),
        (("Amount", "EUR", "ten"), "E202"),
        ((None, "EUR", 10), "E201"),
    ],
)
def test_an_expectation_that_cannot_be_understood_stops_everything(
    desk: Desk, row: tuple[object, ...], code: str
) -> None:
    result = check(desk, [with_control(desk, row)])
    assert (Desk.codes(result), result.exit_code) == ([code], 7)


@pytest.mark.slow
def test_control_totals_can_be_demanded(desk: Desk) -> None:
    files, book = pair(desk), desk.workbook([desk.invoice()], [desk.item()])
    assert check(desk, files).summary["control"]["missing"] == "recommended"
    assert check(desk, [book]).summary["control"]["missing"] is None
    for setting, csv_code, book_code in (("csv", 7, 0), ("always", 7, 7), ("never", 0, 0)):
        desk.settings(f'require_control = "{setting}"')
        assert check(desk, files).exit_code == csv_code
        assert check(desk, [book]).exit_code == book_code
        assert check(desk, files, expect_count=["3"]).exit_code == 0


@pytest.mark.parametrize("text", ["", "x", "3.5", "lines=3", "items=", "-1", "٣"])
def test_a_count_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--expect-count"):
        parse_expectation_flags([text], [])


@pytest.mark.parametrize("text", ["", "12", "USD", "usd=1", "XYZ=1", "USD=1,000", "USD=1e3", "USD=1.00001"])
def test_a_total_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--expect-total"):
        parse_expectation_flags([], [text])


@given(some.decimals(-(10**12), 10**12, places=2), some.decimals(-(10**12), 10**12, places=2))
def test_to_the_cent(expected: Decimal, amount_read: Decimal) -> None:
    came_in = Share(1, 1, {"EUR": amount_read}, 0)
    control = compare_totals(parse_expectation_flags([], [f"EUR={expected:f}"]), came_in, Issues(), "")
    assert control.is_passed == (expected == amount_read)
    assert control.comparisons[0].expected.number + control.comparisons[0].difference == amount_read


@pytest.mark.slow
def test_what_was_expected_is_told_first_and_nothing_is_called_prepared(desk: Desk, tmp_path: Path) -> None:
    place, folder = tmp_path / "workspace", tmp_path / "reports"
    asked = ("check", SAMPLE, "--expect-count", "99", "--report", folder)
    ran = invoice_import(*map(str, asked), workspace=place)
    assert ran.code == 7
    _, _, corrections = ran.out.partition("What must be corrected\n")
    assert corrections.startswith("  E601  What was expected is not what was read\n")
    with (folder / "ledger.csv").open(encoding="utf-8-sig", newline="") as file:
        states = {row["state"] for row in csv.DictReader(file)}
    assert states <= {"not prepared", "rejected"}
    files = pair(desk)
    result = pipeline.check(*files, workspace=desk.workspace, expect_count=["99"])
    assert "not prepared" in set(result.invoices["state"])
    assert "prepared" not in set(result.invoices["state"])
    assert result.summary["plan"] == pipeline.check(*files, workspace=desk.workspace).summary["plan"]


def test_the_command_line(tmp_path: Path) -> None:
    ran = invoice_import("check", PAIR, "--expect-count", "4", "--expect-total", "JPY=1", workspace=tmp_path)
    assert ran.code == 7
    assert "UNBALANCED" in ran.out
    assert "Nothing is prepared: what was read is not what its preparer expected." in ran.out
    assert "Control totals: 1 of 2 agree." in ran.out
    assert "Amount JPY: 1 expected, 70,000 read; 69,999 too many." in ran.out
    assert "A run would prepare no request." in ran.out
    assert one_sentence(invoice_import("check", PAIR, "--expect-total", "9", workspace=tmp_path))
    assert "No control totals: a CSV file" in invoice_import("check", PAIR, workspace=tmp_path).out
