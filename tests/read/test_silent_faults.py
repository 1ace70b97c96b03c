"""The values that spreadsheet readers get wrong in silence: each is read exactly here, or refused by name."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlwt
from openpyxl import Workbook
from support.desk import Desk, Row
from support.workbooks import Calculated, xlsb
from xlwt.CompoundDoc import XlsDoc

import pipeline
from pipeline.errors import PipelineError
from pipeline.result import Result
from schemas.cell_kinds import ERROR_TEXTS

ITEMS = "invoice_ref,charge_name,amount,service_start_date"
INVOICES = "invoice_ref,account_number,invoice_date,currency\nR1,A1,2026-11-30,EUR\n"


def _csv(desk: Desk, items: str, invoices: str = INVOICES, **flags: Any) -> Result:
    paths = []
    for name, text in (("invoices", invoices), ("items", items)):
        path = desk.folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return pipeline.check(*paths, workspace=desk.workspace, **flags)


@pytest.mark.parametrize(
    "text", ["NA", "N/A", "NULL", "None", "nan", "NaN", "null", "n/a", "-nan", "<NA>", "inf"]
)
def test_words_for_nothing_are_text(desk: Desk, text: str) -> None:
    result = _csv(desk, f"{ITEMS}\nR1,{text},10.00,2026-11-01\n", INVOICES.replace("A1", text))
    (sent,) = desk.sent(result)
    assert sent["accountNumber"] == text
    assert sent["invoiceItems"][0]["chargeName"] == text


@pytest.mark.parametrize("text", ["NA", "nan", "NULL", "inf", "Infinity", "1e3", "1_000", "0x1F", "-"])
def test_words_for_nothing_are_no_amount(desk: Desk, text: str) -> None:
    assert desk.codes(_csv(desk, f"{ITEMS}\nR1,Day,{text},2026-11-01\n")) == ["E202"]


@pytest.mark.parametrize("text", ["00123", "1.10", "1e5", "TRUE", "2026-01-01", "+49", "007.0"])
def test_identifiers_that_look_like_numbers_stay_text(desk: Desk, text: str) -> None:
    (sent,) = desk.sent(_csv(desk, f"{ITEMS}\nR1,Day,10.00,2026-11-01\n", INVOICES.replace("A1", text)))
    assert sent["accountNumber"] == text


def test_a_delimiter_behind_every_row_shifts_nothing(desk: Desk) -> None:
    result = _csv(desk, f"{ITEMS}\nR1,Day,10.00,2026-11-01,\n")
    assert desk.codes(result) == ["E106"]
    assert _csv(desk, f"{ITEMS},\nR1,Day,10.00,2026-11-01,\n").verdict == "accepted"


def test_an_amount_with_a_delimiter_in_it_is_a_row_with_a_cell_too_many(desk: Desk) -> None:
    result = _csv(desk, f"{ITEMS}\nR1,Day,2,000.00,2026-11-01\n")
    assert desk.told(result) == [("E106", "", 2)]


def test_a_number_keeps_its_zeros_and_every_digit(desk: Desk) -> None:
    items = "invoice_ref,charge_name,quantity,unit_price,service_start_date\nR1,Day,3,123456789012.10,2026-11-01\n"
    (sent,) = desk.sent(_csv(desk, items))
    assert sent["invoiceItems"][0]["unitPrice"] == Decimal("123456789012.10")


BOOKED = {
    "an error cell is no blank": ("amount", "#DIV/0!", ["E214"]),
    "nor is one in an optional column": ("quantity", "#N/A", ["E214"]),
    "a formula without a value is no blank": ("quantity", "=1+1", ["E215"]),
    "a boolean is no amount": ("amount", True, ["E216"]),
    "a date is no amount": ("amount", date(2026, 11, 30), ["E216"]),
    "a time is no amount": ("amount", time(8, 30), ["E216"]),
    "a number is no day": ("service_start_date", 46356, ["E216"]),
    "a time is no day": ("service_start_date", time(8, 30), ["E216"]),
    "nor is a day with a time": ("service_start_date", datetime(2026, 11, 30, 8, 30), ["E205"]),
    "nor an error": ("service_start_date", "#REF!", ["E214"]),
    "16 digits are not all there": ("invoice_ref", 1234567890123456, ["E217", "E309"]),
    "a thin space is not a blank": ("amount", "1\u2009000.00", ["E202"]),
    "a minus of print is declared first": ("amount", "\u22125.00", ["E202"]),
    "a minus behind as well": ("amount", "10.00-", ["E202"]),
    "and parentheses": ("amount", "(45.00)", ["E202"]),
    "and a currency": ("amount", "$10.00", ["E202"]),
    "and a decimal comma": ("amount", "1.234,56", ["E202"]),
    "full-width digits too": ("amount", "\uff11\uff10", ["E202"]),
    "a bell is no character": ("charge_name", "Day\N{ZERO WIDTH SPACE}", []),
    "three decimals are no euro": ("amount", 10.005, ["E204"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BOOKED)
def test_a_cell_of_a_workbook(desk: Desk, case: str) -> None:
    name, value, codes = BOOKED[case]
    result = desk.check_book(
        [desk.invoice()], [desk.item(**{"amount": 10, "quantity": None} | {name: value})]
    )
    assert desk.codes(result) == codes


def test_binary_noise_is_no_fault_and_no_amount(desk: Desk) -> None:
    (sent,) = desk.sent(desk.check_book([desk.invoice()], [desk.item(amount=0.1 + 0.2)]))
    assert sent["invoiceItems"][0]["amount"] == Decimal("0.3")


@pytest.mark.parametrize("epoch", [1900, 1904])
def test_days_are_the_days_that_excel_shows(tmp_path: Path, desk: Desk, epoch: int) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = Workbook()
    if epoch == 1904:
        book.epoch = CALENDAR_MAC_1904
    invoices, items = book.active, book.create_sheet("Items")
    invoices.title = "Invoices"
    for row in (
        ["invoice_ref", "account_number", "invoice_date", "currency"],
        ["R1", "A1", date(2026, 11, 30), "EUR"],
    ):
        invoices.append(row)
    for row in (ITEMS.split(","), ["R1", "Day", 10, date(2026, 2, 28)]):
        items.append(row)
    book.save(path := tmp_path / "book.xlsx")
    (sent,) = desk.sent(pipeline.check(path, workspace=desk.workspace))
    assert (sent["invoiceDate"], sent["invoiceItems"][0]["serviceStartDate"]) == ("2026-11-30", "2026-02-28")


def _with_character(desk: Desk, character: str) -> Result:
    path = desk.folder / "items.csv"
    path.write_bytes(f"{ITEMS}\nR1,D{character}y,10.00,2026-11-01\n".encode(errors="surrogatepass"))
    return pipeline.check(desk.csv("invoices", [desk.invoice()]), path, workspace=desk.workspace)


@pytest.mark.parametrize("character", ["\x07", "\x1b", "\x7f", "\x85"])
def test_a_control_character_is_an_error_of_its_cell(desk: Desk, character: str) -> None:
    assert desk.codes(_with_character(desk, character)) == ["E212"]


@pytest.mark.parametrize("character", ["\x00", chr(0xD800) + "x", "x" + chr(0xDFFF)])
def test_what_is_no_character_is_an_error_of_its_file(desk: Desk, character: str) -> None:
    with pytest.raises(PipelineError, match=r"^items\.csv .*line 2"):
        _with_character(desk, character)


@pytest.mark.parametrize("stored", ["0", "12.5"])
def test_a_result_that_nobody_has_calculated_is_none(desk: Desk, stored: str) -> None:
    """Programs that do not calculate store 0, or an older result, and ask Excel to calculate on opening.

    Excel itself tells, where it calculates only when asked, that it had not done so when the file was saved.
    """
    for asks in ("0", "1", '0" calcCompleted="1', '0" calcCompleted="0'):
        path = desk.folder / "book.xlsx"
        amount = f"<f>5+5</f><v>{stored}</v>"
        with zipfile.ZipFile(desk.workbook([desk.invoice()], [desk.item(amount=10)])) as old:
            parts = {part: old.read(part).decode() for part in old.namelist()}
        parts["xl/worksheets/sheet2.xml"] = parts["xl/worksheets/sheet2.xml"].replace("<v>10</v>", amount)
        calculate = f'fullCalcOnLoad="{asks}"'
        parts["xl/workbook.xml"] = re.sub('fullCalcOnLoad="."', calculate, parts["xl/workbook.xml"])
        with zipfile.ZipFile(path, "w") as new:
            for part, content in parts.items():
                new.writestr(part, content)
        result = pipeline.check(path, workspace=desk.workspace)
        assert desk.codes(result) == (["E215"] if asks in ("1", '0" calcCompleted="0') else [])


def _with_cell(desk: Desk, cell: str, place: str = "C2") -> Path:
    """A workbook of two invoices with one cell of the items' sheet written by hand."""
    items = [desk.item(ref, amount=10) for ref in ("R1", "R2")]
    with zipfile.ZipFile(desk.workbook([desk.invoice("R1"), desk.invoice("R2")], items)) as old:
        parts = {part: old.read(part).decode() for part in old.namelist()}
    sheet = re.sub(rf'<c r="{place}"[^>]*>.*?</c>', cell, parts["xl/worksheets/sheet2.xml"])
    with zipfile.ZipFile(path := desk.folder / "book.xlsx", "w") as new:
        for part, content in (parts | {"xl/worksheets/sheet2.xml": sheet}).items():
            new.writestr(part, content)
    return path


@pytest.mark.parametrize("error", [*ERROR_TEXTS, "#LATER!", "#SPILL! &amp; more"])
def test_an_error_that_excel_learnt_later_is_an_error_of_its_cell(desk: Desk, error: str) -> None:
    result = desk.checked(_with_cell(desk, f'<c r="C2" t="e"><v>{error}</v></c>'))
    faults = result.issues[["code", "cell", "invoice_ref", "value"]].values.tolist()
    assert faults == [["E214", "C2", "R1", error.replace("&amp;", "&")]]
    assert (result.verdict, result.summary["invoices"]["accepted"]) == ("partial", 1)


def test_an_error_that_is_unknown_spoils_no_cell_beside_it(desk: Desk) -> None:
    cells = (
        '<c r="C2"><v>7.25</v></c><c r="E2" t="e"/><c r="F2"><v>5</v></c><c r="G2" t="e"><v>#SPILL!</v></c>'
    )
    result = desk.checked(_with_cell(desk, cells))
    amounts = result.assessment.sheets.valid.raw.tables["items"].frame["amount"]
    assert amounts.tolist() == ["7.25", "10"]


@pytest.mark.parametrize("error", ERROR_TEXTS)
@pytest.mark.parametrize("field", ["charge_name", "amount", "service_start_date"])
def test_an_error_that_was_exported_as_a_text_is_one_still(desk: Desk, error: str, field: str) -> None:
    """Nobody is billed for #N/A."""
    result = desk.check(
        [desk.invoice("R1"), desk.invoice("R2")], [desk.item("R1", **{field: error}), desk.item("R2")]
    )
    assert desk.told(result) == [("E214", field, 2)]
    assert result.verdict == "partial"


def test_a_text_that_only_looks_like_an_error_is_a_text(desk: Desk) -> None:
    (sent,) = desk.sent(desk.check([desk.invoice()], [desk.item(charge_name="#1 support, #N/A for trials")]))
    assert sent["invoiceItems"][0]["chargeName"] == "#1 support, #N/A for trials"


def _old_workbook(path: Path, sheets: Mapping[str, Sequence[Row]], pending: bool) -> Path:
    """An .xls, its formulas with results; pending, Excel says in a sheet that it had not calculated."""
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        page = book.add_sheet(name)
        for at, row in enumerate([list(rows[0]), *(list(cells.values()) for cells in rows)]):
            for column, value in enumerate(row):
                page.write(at, column, xlwt.Formula("5+5") if value == "=5+5" else value)
    data, at = bytearray(book.get_biff_data()), 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        if kind == 0x0006:
            struct.pack_into("<dH", data, at + 10, 10.0, 0)
        elif kind == 0x000C and pending:  # how often to iterate: as long as the record that is needed
            struct.pack_into("<HHH", data, at, 0x005E, length, 0)
        at += 4 + length
    stream = io.BytesIO()
    XlsDoc().save(stream, bytes(data))
    path.write_bytes(stream.getvalue())
    return path


@pytest.mark.parametrize("pending", [False, True])
def test_nor_is_it_in_an_old_workbook(desk: Desk, pending: bool) -> None:
    sheets = {"Invoices": [desk.invoice()], "Items": [desk.item(amount="=5+5")]}
    result = desk.checked(_old_workbook(desk.folder / "book.xls", sheets, pending))
    assert desk.codes(result) == (["E215"] if pending else [])
    if pending:
        assert list(result.issues["cell"]) == ["C2"]
    else:
        assert result.summary["money"]["EUR"]["accepted"] == "10.00"


@pytest.mark.parametrize(("calculation", "codes"), [(0x6A, []), (0x6B, ["E215"]), (0x7A, ["E215"])])
def test_nor_is_it_in_a_binary_workbook(desk: Desk, calculation: int, codes: list[str]) -> None:
    invoice, item = desk.invoice(), desk.item(amount=Calculated(10))
    sheets = {"Invoices": [list(invoice), [*invoice.values()]], "Items": [list(item), [*item.values()]]}
    path = xlsb(desk.folder / "book.xlsb", sheets, calculation=calculation)
    assert desk.codes(desk.checked(path)) == codes
