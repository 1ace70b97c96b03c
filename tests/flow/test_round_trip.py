"""A template, filled with faults, comes back marked, is corrected in the copy, and is accepted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest
from support.desk import Desk
from support.saved_workbooks import read_comments, read_parts, save_in_libreoffice, save_workbook

import pipeline
from pipeline.template import write_template

pytestmark = pytest.mark.slow

WAYS = ["as it is", "by LibreOffice"]


def filled(desk: Desk) -> Path:
    """The template, filled as a person would: three invoices, of which one is right."""
    desk.catalog(desk.charge("SUP-100", "c1"))
    write_template(desk.folder / "template.xlsx", workspace=desk.workspace)
    book = openpyxl.load_workbook(desk.folder / "template.xlsx")
    invoices = {"Invoice reference": "0", "Account number": "00123", "Currency": "EUR"}
    for row, (ref, day) in enumerate(
        (("R1", date(2026, 11, 30)), ("R2", "30/11/2026"), ("R3", date(2026, 11, 30))), 3
    ):
        typed(book, "Invoices", row, {**invoices, "Invoice reference": ref, "Invoice date": day})
    items = [
        ("R1", "SUP-100", 900),
        ("R2", "SUP-100", 900),
        ("R3", "SUP-10O", 900),
        ("R3", "SUP-100", "nine"),
    ]
    for row, (ref, sku, amount) in enumerate(items, 3):
        cells = {
            "Invoice reference": ref,
            "Catalog SKU": sku,
            "Quantity": 2,
            "Unit price": 450,
            "Amount": amount,
        }
        typed(book, "Items", row, {**cells, "Service start date": date(2026, 11, 1), "Description": "=1+1"})
    typed(book, "Control", 2, {"Expected": 3})
    return save_workbook(book, desk.folder, "november.xlsx")


def typed(book: openpyxl.Workbook, sheet: str, row: int, cells: dict[str, object]) -> None:
    """Type values under their headers; a text stays a text, whatever it begins with."""
    places = {str(cell.value).removesuffix(" *"): cell.column for cell in book[sheet][1]}
    for header, value in cells.items():
        cell = book[sheet].cell(row, places[header], value)
        if isinstance(value, str):
            cell.data_type = "s"


def texts_kept(book: openpyxl.Workbook) -> openpyxl.Workbook:
    """openpyxl would make formulas of texts that it has read."""
    for row in book["Items"].iter_rows(min_row=2):
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    return book


def by(way: str, file: Path, desk: Desk) -> Path:
    return file if way == "as it is" else save_in_libreoffice(file, "xlsx", desk.folder / file.stem)


@pytest.mark.parametrize("way", WAYS)
def test_corrected_in_the_marked_workbook_it_is_accepted(desk: Desk, way: str) -> None:
    file, out = by(way, filled(desk), desk), desk.folder / "out"
    first = pipeline.check(file, workspace=desk.workspace, report=out)
    assert first.summary["invoices"] == {"in": 3, "accepted": 1, "rejected": 2, "skipped": 0}
    assert desk.codes(first) == ["E202", "E205", "E401"]
    marked = out / "november.marked.xlsx"
    comments = {
        place: comment for place, comment in read_comments(marked).items() if "invoice-import:" in comment
    }
    assert set(comments) == {"Invoices!D4", "Items!C5", "Items!I6"}
    if way == "as it is":
        book = texts_kept(openpyxl.load_workbook(marked))
        typed(book, "Invoices", 4, {"Invoice date": date(2026, 11, 30)})
        typed(book, "Items", 5, {"Catalog SKU": "SUP-100"})
        typed(book, "Items", 6, {"Amount": 900})
        fixed = save_workbook(book, desk.folder, "fixed.xlsx")
    else:
        book = texts_kept(openpyxl.load_workbook(by(way, marked, desk)))
        typed(book, "Invoices", 4, {"Invoice date": date(2026, 11, 30)})
        typed(book, "Items", 5, {"Catalog SKU": "SUP-100"})
        typed(book, "Items", 6, {"Amount": 900})
        fixed = by(way, save_workbook(book, desk.folder, "fixed.xlsx"), desk)
    result = pipeline.run(fixed, workspace=desk.workspace)
    assert result.verdict == "accepted", result.issues.to_string()
    assert not result.summary["issues"]
    assert result.summary["control"]["holds"]
    assert {invoice["accountNumber"] for invoice in desk.sent(result)} == {"00123"}
    descriptions = {item["description"] for invoice in desk.sent(result) for item in invoice["invoiceItems"]}
    assert descriptions == {"=1+1"}


@pytest.mark.parametrize("way", WAYS)
def test_corrected_in_rejected_it_is_accepted_and_the_rest_is_skipped(desk: Desk, way: str) -> None:
    file = filled(desk)
    ran = pipeline.run(file, workspace=desk.workspace)
    rejected = by(way, Path(ran.summary["run_folder"]) / "rejected.xlsx", desk)
    book = texts_kept(openpyxl.load_workbook(rejected))
    typed(book, "Invoices", 2, {"Invoice date": date(2026, 11, 30)})
    typed(book, "Items", 3, {"Catalog SKU": "SUP-100"})
    typed(book, "Items", 4, {"Amount": 900})
    fixed = by(way, save_workbook(book, desk.folder, "fixed.xlsx"), desk)
    second = pipeline.run(fixed, workspace=desk.workspace)
    assert second.summary["invoices"] == {"in": 2, "accepted": 2, "rejected": 0, "skipped": 0}
    whole = texts_kept(openpyxl.load_workbook(file))
    typed(whole, "Invoices", 4, {"Invoice date": date(2026, 11, 30)})
    typed(whole, "Items", 5, {"Catalog SKU": "SUP-100"})
    typed(whole, "Items", 6, {"Amount": 900})
    third = pipeline.run(save_workbook(whole, desk.folder, "whole.xlsx"), workspace=desk.workspace)
    assert third.verdict == "duplicate"
    assert third.summary["invoices"]["skipped"] == 3


def test_the_template_is_all_there_in_its_marked_copy(desk: Desk) -> None:
    """Lists, hidden sheets, comments, colours: of the parts that are not touched not a byte differs."""
    file, out = filled(desk), desk.folder / "out"
    pipeline.check(file, workspace=desk.workspace, report=out)
    before, after = read_parts(file), read_parts(out / "november.marked.xlsx")
    touched = {name for name in before if before[name] != after[name]}
    book = openpyxl.load_workbook(file)
    sheets = {f"xl/worksheets/sheet{book.sheetnames.index(name) + 1}.xml" for name in ("Invoices", "Items")}
    other_sheets = {name for name in before if "worksheets/sheet" in name} - sheets
    assert set(before) <= set(after)
    assert not touched & other_sheets
    again = pipeline.check(
        out / "november.marked.xlsx", workspace=desk.workspace, report=desk.folder / "again"
    )
    assert desk.codes(again) == ["E202", "E205", "E401"]
    assert (desk.folder / "again" / "november.marked.xlsx").read_bytes() == (
        out / "november.marked.xlsx"
    ).read_bytes()
