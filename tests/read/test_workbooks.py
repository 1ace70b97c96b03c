"""What the reader promises of workbooks: real files, made on the spot."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from support.workbooks import patched

from pipeline.errors import SourceError
from pipeline.issues import Issues
from pipeline.model.sheets import RawSheets
from pipeline.read import ReadLimits, read_raw_sheets
from pipeline.read.formats import detect_formats
from pipeline.read.formats.ooxml import fast_scan as child_scan
from pipeline.read.formats.ooxml.exact_scan import scan_exactly
from pipeline.read.formats.parser_process import ParserProcess
from pipeline.read.formats.wire import read_frame, write_frame
from schemas.cell_kinds import CellKind
from schemas.tables import INVOICES, ITEMS

TABLES = {"invoices": INVOICES, "items": ITEMS}
INVOICE_HEAD = ["invoice_ref", "account_number", "invoice_date"]
ITEM_HEAD = ["invoice_ref", "charge_name", "amount", "service_start_date"]


def read_one(path: Path, **limits: Any) -> tuple[RawSheets, Issues]:
    return read_raw_sheets([path], TABLES, ReadLimits(**limits))


def workbook(path: Path, invoices: list[list[Any]], items: list[list[Any]], **options: Any) -> Path:
    """A workbook of two sheets; dates become date cells."""
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"} | options) as book:
        for name, rows in (("Invoices", invoices), ("Items", items)):
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, str) and not value.startswith("="):
                        sheet.write_string(number, column, value)
                    else:
                        sheet.write(number, column, value)
    return path


def good(path: Path, **options: Any) -> Path:
    invoices: list[list[Any]] = [INVOICE_HEAD, ["R1", "A1", date(2026, 1, 2)]]
    items: list[list[Any]] = [ITEM_HEAD, ["R1", "Day", 10.5, date(2026, 1, 2)]]
    return workbook(path, invoices, items, **options)


def rows_replaced(tmp_path: Path, rows: str, sheet: int = 2) -> Path:
    """A good workbook, calculated, whose items sheet (or another) holds the given rows below its header."""
    base, calculated = good(tmp_path / "base.xlsx"), tmp_path / "calculated.xlsx"
    patched(base, calculated, "xl/workbook.xml", ' fullCalcOnLoad="1"', "")
    return patched(
        calculated, tmp_path / "patched.xlsx", f"xl/worksheets/sheet{sheet}.xml", r'<row r="2".*</row>', rows
    )


def column(raw: RawSheets, name: str, table: str = "items") -> list[str]:
    return raw.tables[table].frame[name].tolist()


def test_child_has_no_pandas() -> None:
    code = (
        "import sys, pipeline.read.formats.parser_worker;"
        "print('pandas' in sys.modules, 'pipeline.model' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_every_cell_stays_what_it_was(tmp_path: Path) -> None:
    texts = ["00123", "NA", "NULL", "10.10", "1e5", "TRUE", "2026-01-02"]
    numbers = [1, 1.5, 10.1 + 0.2, 12345678901234567, 123456789012345, 0.00001, -3]
    values: list[Any] = [*texts, *numbers, True, date(2026, 1, 2), None]
    items = [ITEM_HEAD] + [[f"R{n}", value, "1", "x"] for n, value in enumerate(values)]
    raw, _ = read_one(workbook(tmp_path / "a.xlsx", [INVOICE_HEAD, ["R1", "A", "x"]], items))
    expected = ["1", "1.5", "10.3", "1.23456789012346e+16", "123456789012345", "0.00001", "-3"]
    assert column(raw, "charge_name") == [*texts, *expected, "TRUE", "2026-01-02", ""]
    kinds = [CellKind.TEXT] * 7 + [CellKind.NUMBER] * 7 + [CellKind.BOOLEAN, CellKind.DATE, CellKind.BLANK]
    assert raw.tables["items"].kinds["charge_name"].tolist() == kinds
    assert raw.tables["items"].kinds.keys() == {"charge_name"}
    assert str(raw.tables["items"].frame.dtypes["charge_name"]) == "string[pyarrow]"
    assert raw.tables["items"].kinds["charge_name"].dtype == np.uint8


def test_a_column_of_numbers(tmp_path: Path) -> None:
    items = [ITEM_HEAD] + [[f"R{n}", n, n + 0.1, date(2026, 1, 1)] for n in range(5)]
    raw, issues = read_one(workbook(tmp_path / "a.xlsx", [INVOICE_HEAD, ["R1", "A", "x"]], items))
    assert column(raw, "charge_name") == ["0", "1", "2", "3", "4"]
    assert column(raw, "amount") == ["0.1", "1.1", "2.1", "3.1", "4.1"]
    assert column(raw, "service_start_date") == ["2026-01-01"] * 5
    assert issues == Issues()


@pytest.mark.parametrize("date_1904", [False, True])
def test_dates_in_both_systems(tmp_path: Path, date_1904: bool) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx", {"date_1904": date_1904}) as book:
        sheet = book.add_worksheet("Items")
        sheet.write_row(0, 0, ITEM_HEAD)
        day, moment, clock, long = (
            book.add_format({"num_format": f})
            for f in ("dd/mm/yyyy", "yyyy-mm-dd hh:mm:ss", "hh:mm:ss", "[h]:mm:ss")
        )
        sheet.write_string(1, 0, "R1")
        sheet.write_datetime(1, 1, date(2026, 2, 3), day)
        sheet.write_datetime(1, 2, datetime(2026, 2, 3, 4, 5, 6), moment)
        sheet.write_datetime(1, 3, time(4, 5, 6), clock)
        sheet.write_string(2, 0, "R2")
        sheet.write_datetime(2, 1, datetime(2026, 2, 3), moment)
        sheet.write_datetime(2, 3, timedelta(hours=36, minutes=1), long)
    raw, _ = read_one(tmp_path / "a.xlsx")
    frame = raw.tables["items"].frame
    assert frame.iloc[0].tolist() == ["R1", "2026-02-03", "2026-02-03 04:05:06", "04:05:06"]
    assert frame.iloc[1].tolist() == ["R2", "2026-02-03", "", "36:01:00"]
    kinds = raw.tables["items"].kinds
    assert [int(kinds[name][0]) for name in frame.columns[1:]] == [
        CellKind.DATE,
        CellKind.DATE,
        CellKind.TIME,
    ]


def test_error_cells_and_formulas_without_value(tmp_path: Path) -> None:
    path = rows_replaced(
        tmp_path,
        '<row r="2"><c r="A2" t="inlineStr"><is><t>R1</t></is></c><c r="B2" t="e"><v>#REF!</v></c>'
        '<c r="C2"><f>A1*2&gt;3</f></c><c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
        '<row r="3"><c r="A3" t="inlineStr"><is><t>R2</t></is></c><c r="B3" t="str"><f>""</f><v></v></c>'
        '<c r="C3"><f t="shared" si="0"/></c><c r="D3"><f>B1</f><v></v></c></row>'
        '<row r="4"><c r="D4"><f>B2</f><v/></c></row>',
    )
    raw, _ = read_one(path)
    frame, kinds = raw.tables["items"].frame, raw.tables["items"].kinds
    assert frame.iloc[0].tolist() == ["R1", "#REF!", "=A1*2>3", "#DIV/0!"]
    assert frame.iloc[1].tolist() == ["R2", "", "=", "=B1"]
    assert frame.iloc[2].tolist() == ["", "", "", "=B2"]
    assert kinds["charge_name"].tolist() == [CellKind.ERROR, CellKind.BLANK, CellKind.BLANK]
    assert kinds["amount"].tolist() == [CellKind.FORMULA, CellKind.FORMULA, CellKind.BLANK]
    assert kinds["service_start_date"].tolist() == [CellKind.ERROR, CellKind.FORMULA, CellKind.FORMULA]


@pytest.mark.parametrize(
    "rows",
    [
        '<row><c t="inlineStr"><is><t>R1</t></is></c><c t="e"><v>#N/A</v></c><c><f>A1</f></c></row>',
        "<row r='2'><c r='A2' t='inlineStr'><is><t>R1</t></is></c><c r='B2' t='e'><v>#N/A</v></c>"
        "<c r='C2'><f>A1</f></c></row>",
        '<!-- a note --><row r="2"><c r="A2" t="inlineStr"><is><t>R1</t></is></c>'
        '<c r="B2" t="e"><v>#N/A</v></c><c r="C2"><f>A1</f></c></row>',
    ],
)
def test_xml_written_unusually_reads_the_same(tmp_path: Path, rows: str) -> None:
    raw, _ = read_one(rows_replaced(tmp_path, rows))
    assert raw.tables["items"].frame.iloc[0].tolist() == ["R1", "#N/A", "=A1", ""]
    assert raw.tables["items"].row_numbers.tolist() == [2]


def test_fast_and_exact_scan_agree(tmp_path: Path) -> None:
    path = good(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path) as package:
        for sheet in ("xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"):
            fast = child_scan.scan_fast(io.BytesIO(package.read(sheet)))
            exact = scan_exactly(io.BytesIO(package.read(sheet)))
            assert (fast.rows, fast.valued_rows, fast.overlays) == (
                exact.rows,
                exact.valued_rows,
                exact.overlays,
            )


def test_rows_keep_the_number_excel_shows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Items"
    for column_, head in enumerate(ITEM_HEAD, 3):
        sheet.cell(4, column_, head)
    values: list[Any] = ["R1", "x", 1, date(2026, 1, 1)]
    for row in (6, 9):
        for column_, value in enumerate(values, 3):
            sheet.cell(row, column_, value)
    sheet.row_dimensions[7].height = 30
    sheet.row_dimensions[12].height = 30
    book.save(tmp_path / "a.xlsx")
    raw, issues = read_one(tmp_path / "a.xlsx")
    assert raw.tables["items"].row_numbers.tolist() == [6, 9]
    assert raw.tables["items"].sheets[0].header_row == 4
    assert [sheet_column.letter for sheet_column in raw.tables["items"].sheets[0].columns] == [
        "C",
        "D",
        "E",
        "F",
    ]
    assert raw.ignored["blank"] == 2
    assert {issue.code for issue in issues.sheet_issues} == {"E101"}


def test_sheets_parts_sources_and_strangers(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet("Instructions").write(0, 0, "Fill in the sheets")
        book.add_worksheet("Lines").write_row(0, 0, [*ITEM_HEAD])
        book.get_worksheet_by_name("Lines").write_row(1, 0, ["R1", "x", 1, "2026-01-01"])
        book.add_worksheet("Data").write_row(0, 0, ["Invoice\nReference *", "ACCOUNT-NUMBER", "Invoice date"])
        book.get_worksheet_by_name("Data").write_row(1, 0, ["R1", "A", "2026-01-01"])
        book.add_worksheet("Control").write_row(0, 0, ["Invoices", "Currency", "Total"])
        book.add_chartsheet("Chart")
        book.add_worksheet("Empty")
    raw, issues = read_one(tmp_path / "a.xlsx")
    assert issues == Issues()
    assert [(s.name, s.part) for s in raw.tables["items"].sheets] == [("Lines", "xl/worksheets/sheet2.xml")]
    assert [(s.name, s.part) for s in raw.tables["invoices"].sheets] == [("Data", "xl/worksheets/sheet3.xml")]
    assert raw.tables["invoices"].sheets[0].columns[0].header == "Invoice\nReference *"
    assert raw.sources[0].rows == 2
    assert len(raw.sources[0].sha256) == 64


def test_example_note_total_and_blank_rows(tmp_path: Path) -> None:
    items: list[list[Any]] = [
        ITEM_HEAD,
        ["EXAMPLE", "x", 1, date(2026, 1, 1)],
        ["# a note", "", "", ""],
        ["R1", "x", 1, date(2026, 1, 1)],
        ["Total", "real item", 5, date(2026, 1, 1)],
        ["", "", "", ""],
        ["Totals:", "", 6, ""],
        ["", "Grand Total", "=SUM(C2:C6)", ""],
        ["Example", "x", 1, date(2026, 1, 1)],
    ]
    raw, _ = read_one(workbook(tmp_path / "a.xlsx", [INVOICE_HEAD, ["R1", "A", "x"]], items))
    assert column(raw, "invoice_ref") == ["R1", "Total", "Example"]
    assert raw.ignored == {"example": 1, "note": 1, "total": 2, "blank": 1}
    assert raw.tables["items"].row_numbers.tolist() == [4, 5, 9]


def test_several_workbooks_share_a_warm_parser(tmp_path: Path) -> None:
    with ParserProcess(ReadLimits()) as parser:
        first = good(tmp_path / "a.xlsx")
        second = workbook(
            tmp_path / "b.xlsx", [INVOICE_HEAD, ["R2", "A1", "x"]], [ITEM_HEAD, ["R2", "Day", 1, "x"]]
        )
        raw, _ = read_raw_sheets([first, second], TABLES, parser=parser)
        assert raw.tables["items"].sheet_indices.tolist() == [0, 1]
        assert [sheet.source for sheet in raw.tables["items"].sheets] == [0, 1]
        process = parser.start()
        (tmp_path / "c.xlsx").write_bytes(first.read_bytes()[:-30])
        with pytest.raises(SourceError, match=r"c\.xlsx is damaged"):
            read_raw_sheets([tmp_path / "c.xlsx"], TABLES, parser=parser)
        read_raw_sheets([second], TABLES, parser=parser)
        assert parser.start() is process


def refused(path: Path, **limits: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read_one(path, **limits)
    sentence = str(caught.value)
    assert path.name in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_bytes_that_are_no_workbook(tmp_path: Path) -> None:
    whole = good(tmp_path / "good.xlsx").read_bytes()
    path = tmp_path / "a.xlsx"
    for data, words in (
        (b"", "empty"),
        (b"<html><table></table></html>", "web page"),
        (b"a,b\n1,2\n", "named like a workbook"),
        (b"%PDF-1.7", "a PDF"),
        (whole[: len(whole) // 2], "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (whole[:4] + b"\xff" * 200 + whole[204:], "damaged"),
    ):
        path.write_bytes(data)
        assert words in refused(path)


def test_the_gate(tmp_path: Path) -> None:
    base = good(tmp_path / "good.xlsx")
    sheet = "xl/worksheets/sheet2.xml"
    head = '<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet'
    assert "entities" in refused(patched(base, tmp_path / "e.xlsx", sheet, "<worksheet", head))
    for extra, words in (("../x.xml", "outside"), ("/x.xml", "outside"), ("XL/workbook.xml", "same name")):
        path = tmp_path / "n.xlsx"
        path.write_bytes(base.read_bytes())
        with zipfile.ZipFile(path, "a") as package:
            package.writestr(extra, "<x/>")
        assert words in refused(path)
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(base.read_bytes())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/image.bin", b"\0" * (40 << 20))
    assert "bomb" in refused(path)
    assert "unpacks to more" in refused(path, ratio=10_000, unpacked=20 << 20)
    assert "parts" in refused(base, members=3)


@pytest.mark.parametrize("cell", ["XFD1048576", "ZZZZZZZZ1", "A99999999", "ZZZ9"])
def test_cells_far_out_are_refused(tmp_path: Path, cell: str) -> None:
    row = int(re.sub("[A-Z]", "", cell))
    path = rows_replaced(tmp_path, f'<row r="{row}"><c r="{cell}"><v>1</v></c></row>')
    assert "far out" in refused(path)


def test_formatted_cells_far_out_are_nothing(tmp_path: Path) -> None:
    path = rows_replaced(
        tmp_path,
        '<row r="2"><c r="A2" t="inlineStr"><is><t>R1</t></is></c><c r="XFD2" s="0"/></row>'
        '<row r="1048576"><c r="XFD1048576" s="0"/></row>',
    )
    raw, _ = read_one(path)
    assert column(raw, "invoice_ref") == ["R1"]
    assert raw.ignored["blank"] == 1


def test_damage_that_would_lose_rows_is_refused(tmp_path: Path) -> None:
    twice = '<row r="3"><c r="A3"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>'
    assert "out of order" in refused(rows_replaced(tmp_path, twice))
    astray = '<row r="2"><c r="A5"><v>1</v></c></row>'
    assert "outside its rows" in refused(rows_replaced(tmp_path, astray))


@pytest.mark.slow
def test_time_and_memory_limits(tmp_path: Path) -> None:
    path = good(tmp_path / "a.xlsx")
    assert "within 0.01 seconds" in refused(path, seconds=0.01)
    assert "more than 1 MB" in refused(path, memory=1 << 20)
    many = [[f"R{n}", f"name {n}", n, date(2026, 1, 1)] for n in range(20_000)]
    large = workbook(tmp_path / "large.xlsx", [INVOICE_HEAD, ["R1", "A", "x"]], [ITEM_HEAD, *many])
    assert "more than 150 MB" in refused(large, memory=150 << 20)
    assert len(read_one(large)[0].tables["items"]) == 20_000


@pytest.mark.slow
def test_memory_that_ends_anywhere_is_called_by_its_name(tmp_path: Path) -> None:
    """Wherever the memory ends (parsing, encoding, sending), the file is read or refused for its size."""
    many = [[f"R{n}", f"name {n}", n, date(2026, 1, 1)] for n in range(20_000)]
    large = workbook(tmp_path / "large.xlsx", [INVOICE_HEAD, ["R1", "A", "x"]], [ITEM_HEAD, *many])
    outcomes = [read_within(large, megabytes) for megabytes in range(150, 500, 25)]
    assert set(outcomes) == {"read", "refused for its size"}


def test_the_worker_reads_without_pandas(tmp_path: Path) -> None:
    """Pandas would double its start, and pyarrow imports it where it is there."""
    data = good(tmp_path / "a.xlsx").read_bytes()
    parsers = [form.reference for form in detect_formats(data)]
    header = {"name": "a.xlsx", "limits": asdict(ReadLimits()), "language": "en", "parsers": parsers}
    requests = io.BytesIO()
    write_frame(requests, json.dumps(header).encode())
    write_frame(requests, data)
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-P",
        "-m",
        "pipeline.read.formats.parser_worker",
        str(1 << 32),
    ]
    ran = subprocess.run(command, input=requests.getvalue(), capture_output=True, check=True, timeout=60)
    assert len(json.loads(read_frame(io.BytesIO(ran.stdout)) or b"{}")["sheets"]) == 2
    modules = [line.rpartition("|")[2].strip() for line in ran.stderr.decode().splitlines()]
    assert "pyarrow.lib" in modules
    # an attempt that is turned away is listed as well, but nothing of what is inside
    assert [name for name in modules if name.startswith("pandas.")] == []


def read_within(path: Path, megabytes: int) -> str:
    try:
        read_one(path, memory=megabytes << 20)
    except SourceError as error:
        return "refused for its size" if f"more than {megabytes} MB" in str(error) else str(error)
    return "read"


def test_the_death_of_the_child_is_one_sentence(tmp_path: Path) -> None:
    path = good(tmp_path / "a.xlsx")
    with ParserProcess(ReadLimits()) as parser:
        parser.start().kill()
        with pytest.raises(SourceError, match=r"a\.xlsx"):
            read_raw_sheets([path], TABLES, parser=parser)
        raw, _ = read_raw_sheets([path], TABLES, parser=parser)
    assert len(raw.tables["items"]) == 1
