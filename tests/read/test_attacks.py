"""What an attack on the reader found: sheets added on top, rows dropped, values lost in unusual XML."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from pipeline.errors import SourceError
from pipeline.issues import Issues, SheetIssue
from pipeline.model.sheets import RawSheets
from pipeline.read import read_raw_sheets
from pipeline.read.formats.ooxml.fast_scan import UnusualXmlError, scan_fast
from schemas.tables import INVOICES, ITEMS

TABLES = {"invoices": INVOICES, "items": ITEMS}
INVOICE_HEAD = ["invoice_ref", "account_number", "invoice_date"]
ITEM_HEAD = ["invoice_ref", "charge_name", "amount", "service_start_date"]
INVOICE_ROWS: list[list[Any]] = [INVOICE_HEAD, ["R1", "A1", "2026-01-02"]]
ITEM_ROWS: list[list[Any]] = [ITEM_HEAD, ["R1", "Day", 10, "2026-01-02"]]
HEAD = ",".join(ITEM_HEAD) + "\n"
INVOICE_CSV = ",".join(INVOICE_HEAD) + "\nR1,A1,2026-01-02\n"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PAIR: dict[str, list[list[Any]]] = {"Invoices": INVOICE_ROWS, "Items": ITEM_ROWS}


def book(
    path: Path,
    sheets: dict[str, list[list[Any]]],
    hide: Callable[[Any], None] | None = None,
    hidden: tuple[str, ...] = (),
) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as file:
        for name, rows in sheets.items():
            sheet = file.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if hide and name in hidden:
                hide(sheet)
    return path


def facts_of(issues: Issues, code: str) -> list[tuple[str, dict[str, str]]]:
    return [(issue.value, dict(issue.facts)) for issue in issues.sheet_issues if issue.code == code]


def amounts(raw: RawSheets) -> list[str]:
    texts: list[str] = raw.tables["items"].frame["amount"].tolist()
    return texts


def column(path: Path, name: str) -> list[str]:
    texts: list[str] = read_raw_sheets([path], TABLES)[0].tables["items"].frame[name].tolist()
    return texts


def amounts_or_sentence(path: Path) -> list[str] | str:
    try:
        return column(path, "amount")
    except SourceError as error:
        return str(error)


def items_of(tmp_path: Path, content: str) -> tuple[RawSheets, Issues]:
    (tmp_path / "invoices.csv").write_text(INVOICE_CSV)
    (tmp_path / "items.csv").write_text(content)
    return read_raw_sheets([tmp_path / "invoices.csv", tmp_path / "items.csv"], TABLES)


@pytest.mark.parametrize("how", ["hide", "very_hidden"])
@pytest.mark.parametrize("name", ["Old", "Invoice items"])
def test_a_hidden_sheet_feeds_nothing(tmp_path: Path, how: str, name: str) -> None:
    path = book(tmp_path / "a.xlsx", PAIR | {name: ITEM_ROWS}, lambda sheet: getattr(sheet, how)(), (name,))
    raw, issues = read_raw_sheets([path], TABLES)
    assert amounts(raw) == ["10"]
    assert facts_of(issues, "W101") == [(name, {"table": "Items", "reason": "it is hidden"})]
    assert [issue.code for issue in issues.sheet_issues] == ["W101"]


def test_a_workbook_whose_only_items_are_hidden_is_told_so(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", {"Guide": [["x"]], "Items": ITEM_ROWS}, lambda s: s.hide(), ("Items",))
    with pytest.raises(SourceError, match="Items, hidden"):
        read_raw_sheets([path], TABLES)


def test_a_sheet_named_like_the_table_beats_one_that_shows_its_key(tmp_path: Path) -> None:
    summary = [[*ITEM_HEAD, "Whatever"], ["R1", "Day", 10, "2026-01-02", "x"]]
    path = book(tmp_path / "a.xlsx", {"Summary": summary} | PAIR)
    raw, issues = read_raw_sheets([path], TABLES)
    assert amounts(raw) == ["10"]
    assert [issue.code for issue in issues.sheet_issues] == ["W101"]
    assert facts_of(issues, "W101") == [("Summary", {"table": "Items", "reason": "the sheet Items is Items"})]


def test_two_sheets_named_like_one_table_are_an_error(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", PAIR | {"Invoice items": ITEM_ROWS})
    raw, issues = read_raw_sheets([path], TABLES)
    assert amounts(raw) == ["10"]
    assert issues.sheet_issues == (
        SheetIssue(
            "E107", "a.xlsx", "Items", value="Items",
            facts={"table": "Items", "others": "the sheet Invoice items"},
        ),
    )  # fmt: skip


def test_several_sheets_by_key_and_none_by_name_are_an_error(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx", {"Invoices": INVOICE_ROWS, "Jan": ITEM_ROWS, "Feb": ITEM_ROWS, "Mar": ITEM_ROWS}
    )
    raw, issues = read_raw_sheets([path], TABLES)
    assert amounts(raw) == ["10"]
    assert facts_of(issues, "E107") == [("Jan", {"table": "Items", "others": "the sheet Feb, the sheet Mar"})]


def test_one_sheet_by_key_still_feeds(tmp_path: Path) -> None:
    raw, issues = read_raw_sheets(
        [book(tmp_path / "a.xlsx", {"One": INVOICE_ROWS, "Two": ITEM_ROWS})], TABLES
    )
    assert (amounts(raw), issues) == (["10"], Issues())


@pytest.mark.parametrize("zipped", [False, True])
def test_files_of_one_folder_do_not_add_up(tmp_path: Path, zipped: bool) -> None:
    folder = tmp_path / "pair"
    folder.mkdir()
    files = {"a.csv": INVOICE_CSV, "b.csv": HEAD + "R1,Day,1,x\n", "c.csv": HEAD + "R1,Day,2,x\n"}
    for name, content in files.items():
        (folder / name).write_text(content)
    path = folder
    if zipped:
        path = tmp_path / "pair.zip"
        with zipfile.ZipFile(path, "w") as package:
            for name, content in files.items():
                package.writestr(name, content)
    raw, issues = read_raw_sheets([path], TABLES)
    inside = "pair.zip/" if zipped else ""
    assert amounts(raw) == ["1"]
    assert facts_of(issues, "E107") == [
        (f"{inside}b.csv", {"table": "Items", "others": f"the file {inside}c.csv"})
    ]


def test_files_the_user_named_do_add_up(tmp_path: Path) -> None:
    for name, content in {"a": INVOICE_CSV, "b": HEAD + "R1,D,1,x\n", "c": HEAD + "R1,D,2,x\n"}.items():
        (tmp_path / f"{name}.csv").write_text(content)
    raw, issues = read_raw_sheets([tmp_path / f"{name}.csv" for name in "abc"], TABLES)
    assert (amounts(raw), issues) == (["1", "2"], Issues())


def test_a_row_with_values_behind_the_mark_is_no_note(tmp_path: Path) -> None:
    raw, _ = items_of(tmp_path, HEAD + "#R1,Day,1,x\n# a note,,,\n,#1 Day,2,x\n,,,# note\nR1,D,3,x\n")
    assert amounts(raw) == ["1", "2", "3"]
    assert raw.ignored["note"] == 2


@pytest.mark.parametrize(
    "row",
    [
        "R1,Total,5,", "Total,Day,5,2026-01-02", "Total,,5,01.01.2026", "Total,,5,2026-01-01",
        "Total,,5,01/01/2026", "Total,,5,01 02 2026", "Total,,5,1-2-26", "Total,,12a,", "R1,Total,,",
    ],
)  # fmt: skip
def test_an_item_is_no_totals_row(tmp_path: Path, row: str) -> None:
    raw, _ = items_of(tmp_path, f"{HEAD}{row}\nR1,D,3,x\n")
    assert (len(raw.tables["items"]), raw.ignored["total"]) == (2, 0)


@pytest.mark.parametrize(
    "row",
    [
        "Total,,5,", "Grand total:,,,", ",Total,5,", 'Sum,,"1,234.50",', "total,,(5),", "total,,-5,", "total,,€ 5.5,",
        "total,,5 $,", "total,,1 234 567.5,", 'total,,"1.234,50",',
    ],
)  # fmt: skip
def test_a_totals_row_is_ignored(tmp_path: Path, row: str) -> None:
    raw, _ = items_of(tmp_path, f"{HEAD}{row}\nR1,D,3,x\n")
    assert (len(raw.tables["items"]), raw.ignored["total"]) == (1, 1)


def test_a_date_cell_and_a_text_elsewhere_make_a_row_an_item(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [*ITEM_HEAD, ""],
        ["Total", None, 5, date(2026, 1, 1)],
        ["Total", None, 5, None, "why"],
    ]
    rows += [["Total", None, 5], ["R1", "D", 1, "x"]]
    book(tmp_path / "a.xlsx", {"Invoices": INVOICE_ROWS, "Items": rows})
    raw, _ = read_raw_sheets([tmp_path / "a.xlsx"], TABLES)
    assert (len(raw.tables["items"]), raw.ignored["total"]) == (3, 1)


def patched(tmp_path: Path, old: str, new: str, part: str = "xl/worksheets/sheet2.xml") -> Path:
    source, target = book(tmp_path / "base.xlsx", PAIR), tmp_path / "patched.xlsx"
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            data = before.read(name).decode()
            if name == part:
                assert old in data
                data = data.replace(old, new)
            after.writestr(name, data)
    return target


CELL = '<c r="C2"><v>10</v></c>'


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="C2" t = "e"><v>#REF!</v></c>', "<c r='C2' t='e'><v>#REF!</v></c>",
        '<c r="C2"><v><![CDATA[10]]></v></c>', '<c r="C2"><v>&#49;0</v></c>', '<c r="C2"><v>10</v><f>A1</f></c>',
        '<c r="C2"><v>1<!--x-->0</v></c>', '<c r="C2"><v>1<?x y?>0</v></c>', '<c r="C2"\n><v>10</v>\n<f>A1</f></c>',
        '<c r="C2" t="str"><f>A1</f><v>1<![CDATA[0]]></v></c>',
        '<c r="C2" t="inlineStr"><is><t><![CDATA[10]]></t></is></c>',
        '<c r="C2"><v/><f>A1</f></c>', f'<x:c xmlns:x="{MAIN}" r="C2"><x:v>10</x:v></x:c>',
        '<c r="C2" t="s"><v><![CDATA[0]]></v></c>',
    ],
)  # fmt: skip
def test_a_value_in_unusual_xml_is_read_or_refused(tmp_path: Path, cell: str) -> None:
    path = patched(tmp_path, CELL, cell)
    expected = "#REF!" if "#REF!" in cell else "=A1" if "<v/>" in cell else "10"
    shown = amounts_or_sentence(path)
    assert shown in (
        ["invoice_ref" if 't="s"' in cell else expected],
        "patched.xlsx, sheet Items, cell C2 has a value that cannot be read exactly; save the file anew in Excel.",
    )


@pytest.mark.parametrize("twin", ['<c r="C2"><v>99</v></c>', '<c r="C2" t="inlineStr"><is><t>x</t></is></c>'])
@pytest.mark.parametrize("form", ["{twin}{cell}", "{cell}{twin}"])
def test_two_cells_of_one_address_are_refused(tmp_path: Path, form: str, twin: str) -> None:
    path = patched(tmp_path, CELL, form.format(twin=twin, cell=CELL))
    assert "cell C2 has a value that cannot be read exactly" in str(amounts_or_sentence(path))


def test_an_empty_text_is_no_lost_value(tmp_path: Path) -> None:
    path = patched(tmp_path, "<v>10</v></c>", '<v>10</v></c><c r="E2" t="inlineStr"><is><t></t></is></c>')
    assert amounts_or_sentence(path) == ["10"]


def test_a_shared_text_in_unusual_xml_is_read_or_refused(tmp_path: Path) -> None:
    path = patched(tmp_path, "<t>Day</t>", "<t>D<![CDATA[ay]]></t>", "xl/sharedStrings.xml")
    assert "cell B2" in str(amounts_or_sentence(path)) or column(path, "charge_name") == ["Day"]


def test_unusual_xml_beyond_any_sample_is_seen(tmp_path: Path) -> None:
    rows = [f'<row r="{at}"><c r="A{at}"><v>1</v></c></row>' for at in range(1, 5000)]
    for odd in (
        "<c r='B1' t=\"e\"><v>1</v></c>",
        '<c r="B1" t ="e"/>',
        '<c r="B1" t=\n"e"/>',
        '<c r="B1"><v>1</v><f>A1</f></c>',
    ):
        all_rows = [*rows, f'<row r="5000">{odd}</row>']
        (tmp_path / "x.xml").write_text("".join(all_rows))
        with (tmp_path / "x.xml").open("rb") as stream, pytest.raises(UnusualXmlError):
            scan_fast(stream)


def test_an_equals_sign_in_a_text_keeps_the_fast_scan() -> None:
    rows = [
        f'<row r="{at}"><c r="A{at}" t="str"><f>B1 = 2</f><v>a = b &gt; c</v></c></row>' for at in range(1, 9)
    ]
    rows.append('<row r="9"><c r="A9" t="inlineStr"><is><t>x > y = z</t></is></c></row>')
    assert scan_fast(io.BytesIO("".join(rows).encode())).valued_rows == list(range(1, 10))
    for odd in ('<c r = "A10"><v>1</v></c>', '<c r="A10" t ="e"/>', '<c r="A10" t=\n"e"/>'):
        with pytest.raises(UnusualXmlError):
            scan_fast(io.BytesIO("".join([*rows, f'<row r="10">{odd}</row>']).encode()))


def test_an_unusual_sheet_with_every_kind_of_cell_is_read(tmp_path: Path) -> None:
    values = [
        "a b",
        "  x ",
        "",
        1.1,
        0.1 + 0.2,
        12345678901234567,
        True,
        date(2026, 1, 2),
        -5,
        "é_x000D_",
        "a\nb",
    ]
    rows: list[list[Any]] = [ITEM_HEAD, *([f"R{at}", value, at, "x"] for at, value in enumerate(values))]
    book(tmp_path / "a.xlsx", {"Invoices": INVOICE_ROWS, "Items": rows})
    usual, _ = read_raw_sheets([tmp_path / "a.xlsx"], TABLES)
    with zipfile.ZipFile(tmp_path / "a.xlsx") as before, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(b"<sheetData>", b"<!-- x --><sheetData>"))
    unusual, _ = read_raw_sheets([tmp_path / "b.xlsx"], TABLES)
    assert unusual.tables["items"].frame.equals(usual.tables["items"].frame)


def test_a_file_name_is_text_that_can_be_printed(tmp_path: Path) -> None:
    folder = tmp_path / "pair"
    folder.mkdir()
    for name, content in ((b"a\xff.csv", INVOICE_CSV), (b"b.csv", HEAD + "R1,D,1,x\n")):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text(content)
    for paths in ([folder], sorted(folder.iterdir())):
        raw, _ = read_raw_sheets(paths, TABLES)
        assert sorted(source.name for source in raw.sources) == ["a\\xff.csv", "b.csv"]
    bad = Path(os.fsdecode(os.fsencode(tmp_path) + b"/c\xff.csv"))
    bad.touch()
    with pytest.raises(SourceError, match=r"c\\xff.csv"):
        read_raw_sheets([bad], TABLES)


@pytest.mark.parametrize("content", ["x" * 200_000 + "\n", "x" * 200_000, f'{HEAD}R1,"{"y" * 200_000},1,x\n'])
def test_a_line_or_cell_beyond_all_measure_is_told(tmp_path: Path, content: str) -> None:
    with pytest.raises(SourceError, match=r"items.csv"):
        items_of(tmp_path, content)


def test_a_long_cell_in_a_ragged_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"more than 131072 characters in row 3"):
        items_of(tmp_path, f"{HEAD}R1,D,1\nR1,{'y' * 200_000},1,x\n")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
def test_excels_own_first_line_tells_the_delimiter(tmp_path: Path, first: str, end: str) -> None:
    head = HEAD.strip().replace(",", ";")
    raw, issues = items_of(tmp_path, end.join([first, head, "R1;a,b;1;x", ""]))
    assert raw.tables["items"].frame.to_numpy().tolist() == [["R1", "a,b", "1", "x"]]
    assert raw.tables["items"].sheets[0].header_row == 2
    assert raw.tables["items"].row_numbers.tolist() == [3]
    assert issues == Issues()
