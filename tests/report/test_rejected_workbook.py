"""`rejected.xlsx`: only the rejected invoices, whole, in the template's form; corrected, it runs as it is."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from support.desk import Desk
from support.saved_workbooks import read_comments, save_in_libreoffice, save_workbook

import pipeline
from pipeline.report.marked import uncertain_rows
from pipeline.result import Result

pytestmark = pytest.mark.slow

PAYLOADS = [
    "=1+1",
    "+1+1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "-1+1",
    "'=1+1",
    "''=1+1",
    '=HYPERLINK("x","y")',
]


def rejected(desk: Desk, *files: Path, out: str = "out", **flags: Any) -> tuple[Result, Path]:
    """Check files; the workbook of what was rejected."""
    result = pipeline.check(*files, workspace=desk.workspace, report=desk.folder / out, **flags)
    return result, desk.folder / out / "rejected.xlsx"


def of_book(desk: Desk, invoices: list[Any], items: list[Any], **flags: Any) -> tuple[Result, Path]:
    return rejected(desk, desk.workbook(invoices, items), **flags)


def rows(path: Path, sheet: str) -> list[dict[str, Any]]:
    """The rows of a sheet, blank cells left out."""
    head, *body = openpyxl.load_workbook(path)[sheet].values
    return [{str(h): v for h, v in zip(head, row, strict=True) if v is not None} for row in body]


def errors(result: Result) -> list[tuple[str, str]]:
    """Code and invoice of every error."""
    frame = result.issues[result.issues["level"] == "error"]
    return sorted(zip(frame["code"], frame["invoice_ref"], strict=True))


def test_only_the_rejected_invoices_whole_as_they_were_written(desk: Desk) -> None:
    result, file = of_book(
        desk,
        [
            desk.invoice("R1"),
            desk.invoice("007", account_number="00123", invoice_date=date(2026, 11, 30), comments="=1+1"[1:]),
        ],
        [
            desk.item("R1"),
            desk.item("007", amount=12.5),
            desk.item("007", amount="twelve", item_no="010"),
            desk.item("lost", amount=7),
        ],
    )
    assert result.verdict == "partial"
    (invoice,) = rows(file, "Invoices")
    assert invoice["Invoice reference *"] == "007"
    assert invoice["Account number"] == "00123"
    assert invoice["Invoice date *"] == datetime(2026, 11, 30)
    assert invoice["#Status"] == "rejected"
    items = rows(file, "Items")
    assert [item["Invoice reference *"] for item in items] == ["007", "007", "lost"]
    assert [item["Amount"] for item in items] == [12.5, "twelve", 7]
    assert items[1]["Item number"] == "010"
    assert items[0]["#Reason"] == "Rejected with its invoice because of Items I3 (E202)."
    assert items[1]["#Reason"].startswith("E202: ")
    assert items[2]["#Reason"].startswith("E308: ")
    comments = read_comments(file)
    assert "E202" in comments["Items!I3"]
    assert "E308" in comments["Items!A4"]


def test_it_has_the_templates_own_form(desk: Desk) -> None:
    """Sheet by sheet the template: lists, colours and Control; nothing of it is told as strange."""
    desk.catalog(desk.charge("SUP-100", "c1"))
    result, file = of_book(desk, [desk.invoice()], [desk.sku("SUP-10O")])
    pipeline.template.write_template(desk.folder / "t.xlsx", workspace=desk.workspace)  # type: ignore[attr-defined]
    template, written = (openpyxl.load_workbook(path) for path in (desk.folder / "t.xlsx", file))
    assert written.sheetnames == [*template.sheetnames, "Issues"]
    assert written["Lists"].sheet_state == "veryHidden"
    assert [tuple(row) for row in written["Lists"].values] == [tuple(row) for row in template["Lists"].values]
    for name in ("Invoices", "Items"):
        old, new = template[name], written[name]
        width = old.max_column
        assert [cell.value for cell in new[1]] == [*(cell.value for cell in old[1]), "#Status", "#Reason"]
        assert [cell.comment and cell.comment.text for cell in new[1][:width]] == [
            cell.comment.text for cell in old[1]
        ]
        assert len(new.data_validations.dataValidation) == len(old.data_validations.dataValidation)
        ours = [r for formatting in old.conditional_formatting for r in formatting.rules]
        theirs = [r for formatting in new.conditional_formatting for r in formatting.rules]
        assert len(theirs) == len(ours) + (1 if name == "Items" else 0)
        assert (new.freeze_panes, new.auto_filter.ref) == (old.freeze_panes, old.auto_filter.ref)
    assert rows(file, "Invoices")[0]["Invoice reference *"] == "R1"
    again = pipeline.check(file, workspace=desk.workspace)
    assert errors(again) == errors(result)
    assert not again.summary["warnings"]
    assert again.summary["ignored_rows"]["example"] == 0


FAULTS: dict[str, dict[str, Any]] = {
    "a text for a number": {"amount": "ten"},
    "too many decimals": {"amount": 9.996},
    "an error": {"amount": "#N/A"},
    "a time in a text": {"description": time(8, 30)},
    "a date in a text": {"charge_name": datetime(2026, 11, 1)},
    "a date in a number": {"quantity": datetime(2026, 11, 1), "unit_price": 10},
    "a number in a date": {"service_start_date": 46000},
    "yes in a number": {"amount": True},
    "a long number in an identifier": {"item_no": 12345678901234567890},
    "a control character": {"description": "a\tb"},
    "a date with a time": {"service_start_date": datetime(2026, 11, 1, 8, 30)},
    "an emoji": {"charge_name": "Cleaning 🧹"},
    "too long": {"description": "x" * 501},
}


@pytest.mark.parametrize("cells", FAULTS.values(), ids=list(FAULTS))
def test_no_fault_is_cured_by_being_written_anew(desk: Desk, cells: dict[str, Any]) -> None:
    invoices, items = [desk.invoice(), desk.invoice("R2")], [desk.item(), desk.item("R2", **cells)]
    first, file = of_book(desk, invoices, items)
    if first.verdict == "accepted":  # then it is no fault, and nothing is made
        assert not file.exists()
        return
    again = pipeline.check(file, workspace=desk.workspace)
    assert again.verdict == "rejected"
    assert errors(again) == errors(first)


def test_a_formula_without_a_value_is_an_error_afterwards(desk: Desk) -> None:
    first, file = of_book(desk, [desk.invoice()], [desk.item(amount="=1+1")])
    again = pipeline.check(file, workspace=desk.workspace)
    assert (desk.codes(first), desk.codes(again)) == (["E215"], ["E214"])


@pytest.mark.parametrize(
    "row", ["R1,A1,2026-11-30,EUR,Day,11.00,2026-11-01,surplus", "R1,A1,2026-12-01,EUR,Day,11.00,2026-11-01"]
)
def test_rows_that_cannot_be_shown_are_refused_until_somebody_looked(desk: Desk, row: str) -> None:
    """A cell too many, or two dates for one invoice: sheets of their own cannot show it, a mark does."""
    flat = desk.folder / "flat.csv"
    flat.write_text(
        "invoice_ref,account_number,invoice_date,currency,charge_name,amount,service_start_date\n"
        f"R1,A1,2026-11-30,EUR,Day,10.00,2026-11-01\n{row}\nR2,A1,2026-11-30,EUR,Day,10.00,2026-11-01\n"
    )
    _, file = rejected(desk, flat)
    (invoice,) = rows(file, "Invoices")
    assert invoice["Invoice date *"] == f"{uncertain_rows.UNCERTAIN_MARK}2026-11-30"
    assert any(
        uncertain_rows.UNCERTAIN_MARK in str(row[0]) for row in openpyxl.load_workbook(file)["Issues"].values
    )
    assert pipeline.check(file, workspace=desk.workspace).verdict == "rejected"
    book = openpyxl.load_workbook(file)
    book["Invoices"]["D2"] = "2026-11-30"
    result = pipeline.check(save_workbook(book, desk.folder, "seen.xlsx"), workspace=desk.workspace)
    assert (result.verdict, result.summary["items"]["accepted"]) == ("accepted", 2)


def _hide(invoices: Worksheet, _: Worksheet) -> None:
    invoices.row_dimensions[2].hidden = True


def _merge(_: Worksheet, items: Worksheet) -> None:
    items.merge_cells("A2:A3")


def _round(_: Worksheet, items: Worksheet) -> None:
    column = next(cell.column for cell in items[1] if cell.value == "amount")
    items.cell(2, column, 10.5).number_format = "0"


def _pad(invoices: Worksheet, _: Worksheet) -> None:
    column = next(cell.column for cell in invoices[1] if cell.value == "account_number")
    invoices.cell(2, column, 123).number_format = "00000"


@pytest.mark.parametrize("change", [_hide, _merge, _round, _pad])
def test_what_a_sheet_hid_is_refused_until_somebody_looked(
    desk: Desk, change: Callable[[Worksheet, Worksheet], None]
) -> None:
    """A sheet made anew shows the row, and a cell shows what it holds: nothing would be told."""
    book = openpyxl.load_workbook(desk.workbook([desk.invoice()], [desk.item(), desk.item()]))
    change(*book.worksheets[:2])
    first, file = rejected(desk, save_workbook(book, desk.folder))
    assert first.verdict == "rejected"
    (invoice,) = rows(file, "Invoices")
    assert str(invoice["Invoice date *"]).startswith(uncertain_rows.UNCERTAIN_MARK)
    assert pipeline.check(file, workspace=desk.workspace).verdict == "rejected"


@pytest.mark.parametrize("way", ["as it is", "by LibreOffice"])
def test_corrected_it_runs_and_the_whole_file_is_then_skipped(desk: Desk, way: str) -> None:
    """Both ways round: the rejected alone, and afterwards the whole corrected file."""
    invoices = [desk.invoice("R1"), desk.invoice("R2", account_number="00123", invoice_date="30.11.26")]
    items = [desk.item("R1"), desk.item("R2", description="=1+1"[1:]), desk.item("R2", amount="12,5")]
    ran = desk.run(invoices, items)
    file = desk.workspace / "runs" / ran.summary["run_id"] / "rejected.xlsx"
    book = openpyxl.load_workbook(file)
    book["Invoices"]["D2"] = date(2026, 11, 30)
    book["Items"]["I3"] = 12.5
    fixed = save_workbook(book, desk.folder, "fixed.xlsx")
    if way == "by LibreOffice":
        fixed = save_in_libreoffice(fixed, "xlsx", desk.folder)
    second = pipeline.run(fixed, workspace=desk.workspace)
    assert second.verdict == "accepted", second.issues.to_string()
    assert second.summary["invoices"] == {"in": 1, "accepted": 1, "rejected": 0, "skipped": 0}
    assert desk.sent(second)[0]["accountNumber"] == "00123"
    invoices[1]["invoice_date"], items[2]["amount"] = "2026-11-30", "12.50"
    whole = desk.run(invoices, items)
    assert whole.verdict == "duplicate"
    assert whole.summary["invoices"]["skipped"] == 2


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_text_like_a_formula_is_none_and_comes_back_as_it_was(desk: Desk, text: str) -> None:
    import pyarrow as pa

    from schemas.arrow import formula_guard

    typed = formula_guard.escape_formulas(pa.array([text]))[0].as_py()
    _, file = rejected(
        desk,
        *desk.pair([desk.invoice(invoice_date="soon")], [desk.item(description=typed, charge_name=typed)]),
    )
    with zipfile.ZipFile(file) as package:
        sheets = [package.read(name).decode() for name in package.namelist() if "worksheets/sheet" in name]
    assert not [
        formula for xml in sheets[1:3] for formula in re.findall("<f>.*?</f>", xml.split("<conditional")[0])
    ]
    book = openpyxl.load_workbook(file)
    book["Invoices"]["D2"] = "2026-11-30"
    for row in book["Items"].iter_rows(min_row=2):
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    result = pipeline.check(save_workbook(book, desk.folder, "fixed.xlsx"), workspace=desk.workspace)
    item = desk.sent(result)[0]["invoiceItems"][0]
    assert (item["description"], item["chargeName"]) == (text, text)


@pytest.mark.parametrize("name", ["issues.csv", "ledger.csv", "report.html", "rejected.xlsx", "marked"])
def test_nothing_is_run_by_libreoffice_in_any_report(desk: Desk, name: str) -> None:
    """Every report as a spreadsheet would open it: what is no sheet of the template's own has no formula."""
    items = [desk.item(description=text, charge_name=text) for text in PAYLOADS]
    items += [desk.item("R2", amount=text, description=text) for text in PAYLOADS]
    items += [desk.item("R3", charge_name="=1+1")]
    bad = [desk.invoice(invoice_date="=soon"), desk.invoice("R2", account_number="=1+1")]
    files = desk.pair([*bad, desk.invoice("R3", account_number="=1+1")], items)
    pipeline.check(*files, workspace=desk.workspace, report=desk.folder / "out")
    (file,) = [path for path in (desk.folder / "out").iterdir() if name in path.name]
    book = openpyxl.load_workbook(save_in_libreoffice(file, "xlsx", desk.folder))
    pages = [page for page in book if page.title not in ("Control", "Lists")]
    cells = [cell for page in pages for row in page.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert any("=1+1" in str(cell.value) for cell in cells), "what was typed can still be read"


def test_where_a_header_is_wrong_the_file_itself_must_be_corrected(desk: Desk) -> None:
    result, file = rejected(desk, *desk.pair([desk.invoice(wrong="x")], [desk.item()]))
    assert not file.exists()
    (copy,) = [listed for listed in result.summary["copies"] if listed["holds"] == "rejected"]
    assert "the file as a whole is rejected" in copy["reason"]


def test_more_rejected_rows_than_the_setting_allows_are_told(desk: Desk) -> None:
    items = [desk.item(amount="x"), desk.item(), desk.item("R2")]
    result, file = rejected(desk, *desk.pair([desk.invoice(), desk.invoice("R2")], items), marked_rows=2)
    assert not file.exists()
    assert [copy["reason"][:13] for copy in result.summary["copies"] if copy["holds"] == "rejected"] == [
        "it has 3 rows"
    ]
    _, file = rejected(desk, *desk.pair([desk.invoice(), desk.invoice("R2")], items), marked_rows=3)
    assert file.exists()


def test_nothing_rejected_means_no_workbook_and_an_old_one_goes(desk: Desk) -> None:
    _, file = rejected(desk, *desk.pair([desk.invoice()], [desk.item(amount="x")]))
    assert file.exists()
    rejected(desk, *desk.pair([desk.invoice()], [desk.item()]))
    assert not file.exists()


def test_it_is_not_written_over_itself_when_it_is_handed_in(desk: Desk) -> None:
    _, file = rejected(desk, *desk.pair([desk.invoice()], [desk.item(amount="x")]))
    before = file.read_bytes()
    with pytest.raises(pipeline.errors.UsageError, match="would be overwritten"):  # type: ignore[attr-defined]
        rejected(desk, file)
    assert file.read_bytes() == before


def test_of_a_foreign_layout_it_holds_what_was_meant(desk: Desk) -> None:
    """Without the mapping nobody could read the dates and numbers of that file any more."""
    foreign = desk.folder / "foreign.csv"
    foreign.write_text(
        "No;Kunde;Datum;Text;Betrag\nR1;A1;30.11.2026;Tag;1.234,50\nR2;A1;30.11.2026;Tag;viel\nR2;A1;30.11.2026;Tag;2,5\n"
    )
    mapping = desk.folder / "foreign.toml"
    mapping.write_text(
        'decimal = "comma"\ndate_format = "dd.mm.yyyy"\n[constants]\ncurrency = "EUR"\n[columns]\n'
        'No = "invoice_ref"\nKunde = "account_number"\n'
        'Datum = ["invoice_date", "service_start_date"]\nText = "charge_name"\n'
        'Betrag = "amount"\n'
    )
    result, file = rejected(desk, foreign, mapping=str(mapping))
    assert result.verdict == "partial"
    assert rows(file, "Invoices")[0]["Invoice date *"] == datetime(2026, 11, 30)
    assert [item["Amount"] for item in rows(file, "Items")] == ["viel", 2.5]
    book = openpyxl.load_workbook(file)
    book["Items"]["I2"] = 10
    assert pipeline.check(save_workbook(book, desk.folder), workspace=desk.workspace).verdict == "accepted"


def test_what_hangs_on_the_items_comes_along(desk: Desk) -> None:
    """A wrong tax rejects its invoice; in the workbook the taxes stand on a sheet of their own again."""
    invoices, items = (
        [desk.invoice("R1"), desk.invoice("R2")],
        [desk.item("R1", item_no=1), desk.item("R2", item_no=1)],
    )
    book = openpyxl.load_workbook(desk.workbook(invoices, items))
    page = book.create_sheet("Taxes")
    headers = "invoice_ref item_no tax_name tax_amount tax_code tax_date tax_mode tax_rate_type tax_rate"
    page.append(headers.split())
    for ref, amount in (("R1", 1.9), ("R2", "much")):
        page.append([ref, "1", "VAT", amount, "STD", "2026-11-30", "TaxExclusive", "Percentage", 0.19])
    result, file = rejected(desk, save_workbook(book, desk.folder))
    assert result.summary["invoices"]["rejected"] == 1, result.issues.to_string()
    (tax,) = rows(file, "Taxes")
    assert tax["#Reason"].startswith("E202: ")
    assert rows(file, "Items")[0]["#Reason"].startswith("Rejected with its invoice because of Taxes ")
    assert errors(pipeline.check(file, workspace=desk.workspace)) == errors(result)
