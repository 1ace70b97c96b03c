"""Sheets that nobody sees: none of them changes what is billed, and none is left out without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from support.command_line import DATA, invoice_import
from support.desk import Desk
from support.workbooks import xlsb

from pipeline.errors import SourceError
from pipeline.result import Result

HANGING = DATA / "hanging" / "invoices.xlsx"
CONTROL = [["What", "Currency", "Expected"], ["Invoices", None, 99]]
DISCOUNTS = [
    ["Invoice reference", "Item number", "Discount name", "Discount amount"],
    ["R1", "1", "Loyal", -1],
]
Sheets = dict[str, list[list[Any]]]


def book(desk: Desk, sheets: Sheets, hidden: str = "hidden") -> Path:
    """A sound workbook, further sheets beside it that nobody sees."""
    path = desk.workbook([desk.invoice()], [desk.item(item_no="1")])
    file = openpyxl.load_workbook(path)
    for name, rows in sheets.items():
        page = file.create_sheet(name)
        page.sheet_state = hidden
        for row in rows:
            page.append(row)
    file.save(path)
    return path


def hide(path: Path, to: Path, *names: str) -> Path:
    """The same workbook with some sheets hidden."""
    file = openpyxl.load_workbook(path)
    for name in names:
        file[name].sheet_state = "hidden"
    file.save(to / "hidden.xlsx")
    return to / "hidden.xlsx"


def list_issues(result: Result) -> list[tuple[str, str]]:
    return sorted(zip(result.issues["code"], result.issues["value"], strict=True))


@pytest.mark.parametrize("how", ["hidden", "veryHidden"])
@pytest.mark.parametrize("name", ["Discounts", "Nachlass"])
def test_discounts_in_a_hidden_sheet_reject_the_file(desk: Desk, how: str, name: str) -> None:
    result = desk.checked(book(desk, {name: DISCOUNTS}, how))
    assert (result.verdict, list_issues(result)) == ("rejected", [("E113", name)])
    (issue,) = result.issues.to_dict("records")
    assert (issue["sheet"], issue["file"]) == (name, result.summary["sources"][0]["name"])
    assert "no sheet that can be seen has rows of Discounts" in issue["message"]


@pytest.mark.parametrize("name", ["Discounts", "Taxes", "Rates", "Contacts"])
def test_so_does_every_sheet_that_hangs_on_invoices_or_items(desk: Desk, tmp_path: Path, name: str) -> None:
    assert desk.checked(HANGING).verdict == "partial"
    result = desk.checked(hide(HANGING, tmp_path, name))
    assert ("E113", name) in list_issues(result)
    assert result.verdict == "rejected"
    assert not result.assessment.batches


def test_a_hidden_control_sheet_that_expects_nothing_is_no_loss(desk: Desk) -> None:
    result = desk.checked(book(desk, {"Control": [["What", "Currency"], ["Invoices", "EUR"]]}))
    assert (result.verdict, desk.codes(result)) == ("accepted", [])


def test_hidden_items_are_told_once(desk: Desk, tmp_path: Path) -> None:
    result = desk.checked(hide(HANGING, tmp_path, "Items"))
    assert [issue for issue in list_issues(result) if issue[1] in ("Items", "")] == [("E113", "Items")]
    assert "E101" not in desk.codes(result)


@pytest.mark.slow
def test_hidden_sheets_are_read_where_the_setting_says_so(desk: Desk, tmp_path: Path) -> None:
    names = ("Discounts", "Taxes", "Items")
    shown = desk.checked(HANGING)
    result = desk.checked(hide(HANGING, tmp_path, *names), hidden_sheets="read")
    assert list_issues(result) == sorted([*list_issues(shown), *(("W105", name) for name in names)])
    assert desk.payloads(result) == desk.payloads(shown)


def test_hidden_sheets_are_left_out_where_the_setting_says_so(desk: Desk) -> None:
    result = desk.checked(book(desk, {"Discounts": DISCOUNTS}), hidden_sheets="ignore")
    assert (result.verdict, list_issues(result)) == ("accepted", [("W101", "Discounts")])
    assert "the settings leave hidden sheets out" in result.issues["message"][0]


def test_several_hidden_sheets_are_each_told_and_never_read_together(desk: Desk) -> None:
    path = book(desk, {"Jan": DISCOUNTS, "Feb": DISCOUNTS})
    assert list_issues(desk.checked(path)) == [("E113", "Feb"), ("E113", "Jan")]
    read = desk.checked(path, hidden_sheets="read")
    assert (read.verdict, list_issues(read)) == ("rejected", [("E107", "Feb"), ("W105", "Jan")])


@pytest.mark.parametrize("setting", ["error", "read"])
def test_a_hidden_sheet_beside_a_visible_one_of_its_kind_is_left_out(desk: Desk, setting: str) -> None:
    path = book(desk, {"Old items": [["invoice_ref", "charge_name", "amount"], ["R1", "Day", 5]]})
    result = desk.checked(path, hidden_sheets=setting)
    assert (result.verdict, list_issues(result)) == ("accepted", [("W101", "Old items")])
    assert result.summary["money"]["EUR"]["accepted"] == "10.00"


def test_a_visible_sheet_without_rows_does_not_stand_for_a_hidden_one(desk: Desk) -> None:
    path = book(desk, {"Nachlass": DISCOUNTS})
    file = openpyxl.load_workbook(path)
    file.create_sheet("Discounts").append(DISCOUNTS[0])
    file.save(path)
    assert list_issues(desk.checked(path)) == [("E113", "Nachlass")]


@pytest.mark.parametrize("state", ["visible", "hidden"])
def test_each_workbook_is_judged_by_itself(desk: Desk, state: str) -> None:
    """Discounts that are seen in one workbook do not stand for those that nobody sees in another."""
    first = book(desk, {"Discounts": DISCOUNTS})
    second = desk.workbook([desk.invoice("R2")], [desk.item("R2", item_no="1")])
    file = openpyxl.load_workbook(second)
    page = file.create_sheet("Discounts")
    page.sheet_state = state
    for row in DISCOUNTS:
        page.append(["R2" if cell == "R1" else cell for cell in row])
    file.save(second)
    hidden_issues = [issue for issue in list_issues(desk.checked(first, second)) if issue[0] == "E113"]
    assert hidden_issues == [("E113", "Discounts")] * (1 if state == "visible" else 2)


@pytest.mark.parametrize(
    "rows",
    [
        DISCOUNTS[:1],
        [*DISCOUNTS[:1], ["EXAMPLE", "1", "Loyal", -1]],
        [*DISCOUNTS[:1], ["# a note"], [None], ["Total", None, None, 5]],
        [["list of currencies"], ["EUR"], ["USD"]],
        [["Name", "City"], ["Ada", "London"]],
        [],
    ],
)
def test_hidden_sheets_without_rows_of_ours_are_harmless(desk: Desk, rows: list[list[Any]]) -> None:
    result = desk.checked(book(desk, {"Discounts" if rows[:1] == DISCOUNTS[:1] else "Lists": rows}))
    assert (result.verdict, list_issues(result)) == ("accepted", [])


def test_a_hidden_list_that_is_only_named_like_a_table_is_told_and_harmless(desk: Desk) -> None:
    result = desk.checked(book(desk, {"Contacts": [["Name", "Phone list"], ["Ada", "12"]]}))
    assert (result.verdict, list_issues(result)) == ("accepted", [("W101", "Contacts")])


def test_the_template_with_its_own_hidden_sheets_is_harmless(desk: Desk, tmp_path: Path) -> None:
    assert invoice_import("template", "-o", str(tmp_path / "t.xlsx"), workspace=desk.workspace).code == 0
    file = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert any(page.sheet_state == "veryHidden" for page in file)
    for name, row in (("Invoices", desk.invoice()), ("Items", desk.item())):
        headers = [str(cell.value).rstrip(" *") for cell in file[name][1]]
        labels = {"invoice_ref": "Invoice reference", "charge_name": "Charge name"}
        for field, value in row.items():
            label = labels.get(field, field.replace("_", " ").capitalize())
            file[name].cell(3, headers.index(label) + 1, value)
    for name in ("Discounts", "Taxes", "Rates", "Contacts", "Control"):
        file[name].sheet_state = "hidden"
    file.save(tmp_path / "t.xlsx")
    result = desk.checked(tmp_path / "t.xlsx")
    assert (result.verdict, list_issues(result)) == ("accepted", [])


def test_expectations_that_nobody_sees_are_told_as_well(desk: Desk) -> None:
    path = book(desk, {"Control": CONTROL})
    assert list_issues(desk.checked(path)) == [("E113", "Control")]
    result = desk.checked(path, hidden_sheets="read")
    assert (result.verdict, list_issues(result)[0][0]) == ("unbalanced", "E601")


@pytest.mark.parametrize("setting", ["error", "read"])
def test_a_hidden_sheet_of_another_target_is_refused_as_if_it_were_seen(desk: Desk, setting: str) -> None:
    result = desk.checked(
        book(desk, {"Discounts": DISCOUNTS}), target="bxb", money_unit="major", hidden_sheets=setting
    )
    assert ("E340", "Discounts") in list_issues(result)


def test_a_flat_sheet_that_is_hidden_feeds_both_tables_where_it_is_read(desk: Desk, tmp_path: Path) -> None:
    rows = [{**desk.invoice(), **desk.item()}]
    file = openpyxl.Workbook()
    file.active.title = "Guide"
    page = file.create_sheet("Data")
    page.append(list(rows[0]))
    page.append(list(rows[0].values()))
    page.sheet_state = "hidden"
    file.save(tmp_path / "flat.xlsx")
    with pytest.raises(SourceError, match="Data, hidden"):
        desk.checked(tmp_path / "flat.xlsx")
    result = desk.checked(tmp_path / "flat.xlsx", hidden_sheets="read")
    assert (result.verdict, list_issues(result)) == ("accepted", [("W105", "Data")])


@pytest.mark.parametrize("kind", ["xls", "xlsb"])
def test_other_formats_hide_no_discounts_either(desk: Desk, tmp_path: Path, kind: str) -> None:
    invoice, item = desk.invoice(), desk.item(item_no="1")
    sheets = {
        "Invoices": [list(invoice), list(invoice.values())],
        "Items": [list(item), list(item.values())],
        "Discounts": [[str(cell) for cell in row] for row in DISCOUNTS],
    }
    path = tmp_path / f"a.{kind}"
    if kind == "xlsb":
        xlsb(path, sheets, hidden=("Discounts",))
    else:
        file = xlwt.Workbook()
        for name, rows in sheets.items():
            page = file.add_sheet(name)
            page.visibility = 2 if name == "Discounts" else 0
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    page.write(at, column, cell)
        file.save(str(path))
    result = desk.checked(path)
    assert (result.verdict, list_issues(result)) == ("rejected", [("E113", "Discounts")])
