"""What the reader promises of every workbook format: the same cells, the same facts, the same refusals."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt
from support.workbooks import Marked, ods, ods_cell, table, xlsb

from pipeline.errors import SourceError
from pipeline.read import ReadLimits, read_raw_sheets
from pipeline.read.formats.parser_process import ParserProcess
from pipeline.read.grid import Grid
from schemas.cell_kinds import CellKind
from schemas.tables import INVOICES, ITEMS

FORMATS = ("xlsx", "xls", "xlsb", "ods")
SERIAL = {date(2026, 1, 2): 46024.0, datetime(2026, 1, 2, 3, 4, 5): 46024.12783564815}
ROWS: list[list[Any]] = [
    ["Reference", "Amount", "Date", "Yes"],
    ["00123", 10.5, date(2026, 1, 2), True],
    [None, None, None, None],
    ["R&D <é>", -3, datetime(2026, 1, 2, 3, 4, 5), False],
    ["x", 0.1 + 0.2, Marked("#REF!"), Marked("#DIV/0!")],
]
HELD = [
    ["Reference", "Amount", "Date", "Yes"],
    ["00123", "10.5", "2026-01-02", "TRUE"],
    ["R&D <é>", "-3", "2026-01-02 03:04:05", "FALSE"],
    ["x", "0.3", "#REF!", "#DIV/0!"],
]


@pytest.fixture(scope="module")
def parser() -> Iterator[ParserProcess]:
    with ParserProcess(ReadLimits()) as process:
        yield process


def grids(parser: ParserProcess, path: Path) -> list[Grid]:
    return parser.parse(path.name, path.read_bytes())


def texts(grid: Grid) -> list[list[str]]:
    return [row for row in grid.get_texts(0, len(grid)) if any(row)]


def _xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Data")
        day, moment, cents, zeros, share = (
            book.add_format({"num_format": code})
            for code in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "0.00", "00000", "0%")
        )
        for at, row in enumerate(ROWS):
            for column, value in enumerate(row):
                if isinstance(value, Marked):
                    sheet.write_formula(at, column, "=1/0", None, value)
                elif isinstance(value, date):
                    sheet.write_datetime(at, column, value, moment if isinstance(value, datetime) else day)
                else:
                    sheet.write(at, column, value)
        for column, (value, form) in enumerate([(9.996, cents), (123, zeros), (0.19, share), (10.5, cents)]):
            sheet.write_number(5, column, value, form)
        sheet.set_row(3, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})
        sheet.merge_range(6, 0, 7, 1, "merged")
        book.add_worksheet("Hidden").hide()


def _xls(path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    day, moment, cents, zeros, share = (
        xlwt.easyxf(num_format_str=code)
        for code in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "0.00", "00000", "0%")
    )
    for at, row in enumerate(ROWS):
        for column, value in enumerate(row):
            if isinstance(value, Marked):
                sheet.row(at).set_cell_error(column, str(value))
            elif isinstance(value, date):
                sheet.write(at, column, value, moment if isinstance(value, datetime) else day)
            elif value is not None:
                sheet.write(at, column, value)
    for column, (value, form) in enumerate([(9.996, cents), (123, zeros), (0.19, share), (10.5, cents)]):
        sheet.write(5, column, value, form)
    sheet.row(3).hidden = True
    sheet.col(1).hidden = True
    sheet.write_merge(6, 7, 0, 1, "merged")
    book.add_sheet("Hidden").visibility = 1
    book.save(str(path))


def _xlsb(path: Path) -> None:
    rows = [[SERIAL.get(value, value) if isinstance(value, date) else value for value in row] for row in ROWS]
    rows += [[9.996, 123, 0.19, 10.5], ["merged", None]]
    xlsb(
        path,
        {"Data": rows, "Hidden": []},
        formats=("General", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "0.00", "00000", "0%"),
        styles={(1, 2): 1, (3, 2): 2, (5, 0): 3, (5, 1): 4, (5, 2): 5, (5, 3): 3},
        hidden=("Hidden",),
        hidden_rows=(4,),
        hidden_columns=(1,),
        merges=((6, 7, 0, 1),),
    )


ODS_STYLES = """
<number:number-style style:name="N1"><number:number number:decimal-places="2" number:min-integer-digits="1"/>
</number:number-style><number:number-style style:name="N2"><number:number number:decimal-places="0"
number:min-integer-digits="5"/></number:number-style><number:percentage-style style:name="N3"><number:number
number:decimal-places="0" number:min-integer-digits="1"/></number:percentage-style>
<style:style style:name="cents" style:family="table-cell" style:data-style-name="N1"/>
<style:style style:name="zeros" style:family="table-cell" style:data-style-name="N2"/>
<style:style style:name="share" style:family="table-cell" style:data-style-name="N3"/>
<style:style style:name="seen" style:family="table"><style:table-properties table:display="true"/></style:style>
<style:style style:name="unseen" style:family="table"><style:table-properties table:display="false"/></style:style>
"""


def _ods(path: Path) -> None:
    unseen = 'table:visibility="collapse"'
    rows = "".join(
        f"<table:table-row {unseen if at == 3 else ''}>{''.join(map(ods_cell, row))}</table:table-row>"
        for at, row in enumerate(ROWS)
    )
    share = '<table:table-cell office:value-type="percentage" office:value="0.19" table:style-name="share"/>'
    rows += "<table:table-row>" + ods_cell(9.996, 'table:style-name="cents"')
    rows += ods_cell(123, 'table:style-name="zeros"') + share + ods_cell(10.5, 'table:style-name="cents"')
    span = 'table:number-columns-spanned="2" table:number-rows-spanned="2"'
    rows += f"</table:table-row><table:table-row>{ods_cell('merged', span)}</table:table-row>"
    columns = '<table:table-column/><table:table-column table:visibility="collapse"/><table:table-column/>'
    ods(
        path,
        f'<table:table table:name="Data" table:style-name="seen">{columns}{rows}</table:table>'
        + table("Hidden", [], 'table:style-name="unseen"'),
        ODS_STYLES,
    )


WRITERS: dict[str, Callable[[Path], None]] = {"xlsx": _xlsx, "xls": _xls, "xlsb": _xlsb, "ods": _ods}


@pytest.fixture(params=FORMATS)
def sheet(request: pytest.FixtureRequest, tmp_path: Path, parser: ParserProcess) -> Grid:
    path = tmp_path / f"book.{request.param}"
    WRITERS[request.param](path)
    data, hidden = grids(parser, path)
    assert (data.name, data.is_hidden, hidden.name, hidden.is_hidden) == ("Data", False, "Hidden", True)
    assert data.notes == f"{request.param} workbook"
    assert data.part != hidden.part
    return data


def test_every_format_holds_the_same_cells(sheet: Grid) -> None:
    assert texts(sheet)[:4] == HELD
    filled = [int(row) for at, row in enumerate(sheet.row_numbers) if any(sheet.get_texts(at, at + 1)[0])]
    assert filled[:4] == [1, 2, 4, 5]
    at = sheet.row_numbers.tolist().index(5)
    assert [int(sheet.kinds[column][at]) for column in (1, 2, 3)] == [
        CellKind.NUMBER,
        CellKind.ERROR,
        CellKind.ERROR,
    ]
    assert int(sheet.kinds[2][sheet.row_numbers.tolist().index(2)]) == CellKind.DATE
    assert int(sheet.kinds[3][sheet.row_numbers.tolist().index(2)]) == CellKind.BOOLEAN


def test_every_format_tells_what_is_hidden_and_merged(sheet: Grid) -> None:
    assert sheet.hidden_rows is not None
    assert sheet.row_numbers[sheet.hidden_rows].tolist() == [4]
    assert sheet.hidden_columns == {1}
    (merge,) = sheet.merges.tolist()
    assert merge[:3] == [7, 8, 0] or merge == [7, 7, 0, 1]
    assert not sheet.is_filtered


def test_every_format_tells_what_a_number_shows(sheet: Grid) -> None:
    at = sheet.row_numbers.tolist().index(6)
    assert [column[at].as_py() for column in sheet.columns] == ["9.996", "123", "0.19", "10.5"]
    shown = [sheet.displayed[column][at].as_py() if column in sheet.displayed else "" for column in range(4)]
    assert shown == ["10.00", "00123", "19%", ""]


INVOICE_HEAD = ["invoice_ref", "account_number", "invoice_date"]
ITEM_HEAD = ["invoice_ref", "charge_name", "amount", "service_start_date"]


def test_a_pair_of_sheets_feeds_its_tables_in_every_format(tmp_path: Path) -> None:
    invoices, items = (
        [INVOICE_HEAD, ["R1", "A1", "2026-01-02"]],
        [ITEM_HEAD, ["R1", "Day", 10.5, "2026-01-02"]],
    )
    sheets = {"Invoices": invoices, "Summary": items, "Items": items}
    xlsb(tmp_path / "a.xlsb", sheets)
    ods(tmp_path / "a.ods", "".join(table(name, rows) for name, rows in sheets.items()))
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        page = book.add_sheet(name)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                page.write(at, column, value)
    book.save(str(tmp_path / "a.xls"))
    for kind in ("xls", "xlsb", "ods"):
        raw, issues = read_raw_sheets([tmp_path / f"a.{kind}"], {"invoices": INVOICES, "items": ITEMS})
        assert [page.name for page in raw.tables["items"].sheets] == ["Items"]
        assert raw.tables["items"].frame["amount"].tolist() == ["10.5"]
        assert [issue.code for issue in issues.sheet_issues] == ["W101"]
        assert raw.sources[0].package == b""


def test_ods_keeps_blanks_and_leaves_notes_and_shapes_alone(tmp_path: Path, parser: ParserProcess) -> None:
    cell = (
        '<table:table-cell office:value-type="string"><office:annotation><text:p>a note</text:p></office:annotation>'
        "<draw:frame><draw:text-box><text:p>a shape</text:p></draw:text-box></draw:frame>"
        '<text:p>a<text:s text:c="3"/>b<text:tab/><text:span>c<text:line-break/>d</text:span></text:p>'
        "<text:p>e</text:p></table:table-cell>"
    )
    rows = f"<table:table-row>{cell}</table:table-row>"
    (grid,) = grids(parser, ods(tmp_path / "a.ods", f'<table:table table:name="A">{rows}</table:table>'))
    assert texts(grid) == [["a   b\tc\nd\ne"]]


def test_ods_repeats_what_is_repeated_and_no_more(tmp_path: Path, parser: ParserProcess) -> None:
    rows = (
        '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2" '
        'office:value-type="float" office:value="7"><text:p>7</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="16382"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048573"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    (grid,) = grids(parser, ods(tmp_path / "a.ods", f'<table:table table:name="A">{rows}</table:table>'))
    assert (texts(grid), grid.row_numbers.tolist()) == ([["7", "7"]] * 3, [1, 2, 3])


def test_ods_that_would_fill_the_memory_is_refused(tmp_path: Path, parser: ParserProcess) -> None:
    cell = (
        '<table:table-cell table:number-columns-repeated="%d" office:value-type="string"><text:p>x</text:p>'
    )
    row = '<table:table-row table:number-rows-repeated="%d">' + cell + "</table:table-cell></table:table-row>"
    for size in ((999_999_999, 999_999_999), (1_048_576, 16_384)):
        path = ods(tmp_path / "a.ods", f'<table:table table:name="A">{row % size}</table:table>')
        with pytest.raises(SourceError, match="far out"):
            grids(parser, path)


def test_a_formula_without_a_value_is_told_in_ods(tmp_path: Path, parser: ParserProcess) -> None:
    (grid,) = grids(parser, ods(tmp_path / "a.ods", table("A", [[Marked("=A2*2"), 1]])))
    assert texts(grid) == [["=A2*2", "1"]]
    assert grid.kinds[0].tolist() == [CellKind.FORMULA]


@pytest.mark.parametrize(
    ("manifest", "mime", "words"),
    [
        ("<x><manifest:encryption-data/></x>", "", "protected with a password"),
        ("<x/>", "application/vnd.oasis.opendocument.text", "no spreadsheet"),
    ],
)
def test_ods_that_cannot_be_read_is_told_why(
    tmp_path: Path, parser: ParserProcess, manifest: str, mime: str, words: str
) -> None:
    path = ods(tmp_path / "a.ods", table("A", [["x"]]), **{"META-INF/manifest.xml": manifest})
    if mime:
        with zipfile.ZipFile(path, "w") as package:
            package.writestr("mimetype", mime)
            package.writestr("content.xml", "<x/>")
    with pytest.raises(SourceError, match=words):
        grids(parser, path)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_workbook_cut_off_is_one_sentence(tmp_path: Path, parser: ParserProcess, kind: str) -> None:
    path = tmp_path / f"book.{kind}"
    WRITERS[kind](path)
    whole = path.read_bytes()
    for share in (1, 2, 3):
        path.write_bytes(whole[: len(whole) * share // 4])
        with pytest.raises(SourceError, match=rf"^book\.{kind} is damaged"):
            grids(parser, path)


def test_dates_of_1904_in_a_binary_workbook(tmp_path: Path, parser: ParserProcess) -> None:
    path = xlsb(
        tmp_path / "a.xlsb", {"A": [[44562.0]]}, formats=("dd/mm/yyyy",), styles={(0, 0): 0}, date_1904=True
    )
    (grid,) = grids(parser, path)
    assert (texts(grid), grid.notes) == ([["2026-01-02"]], "xlsb workbook, dates from 1904")


def test_a_day_that_never_was_stays_a_number(tmp_path: Path, parser: ParserProcess) -> None:
    rows = [[60.0], [61.0], [-1.0], [3_000_000.0]]
    path = xlsb(tmp_path / "a.xlsb", {"A": rows}, formats=("dd/mm/yyyy",))
    (grid,) = grids(parser, path)
    assert [row[0] for row in texts(grid)] == ["60", "1900-03-01", "-1", "3000000"]
    assert grid.kinds[0].tolist() == [CellKind.NUMBER, CellKind.DATE, CellKind.NUMBER, CellKind.NUMBER]
