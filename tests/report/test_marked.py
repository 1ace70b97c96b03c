"""The marked workbook: every fault marked where it is, everything else as it was, and the way back."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table
from python_calamine import CalamineWorkbook
from support.desk import Desk
from support.saved_workbooks import read_comments, read_parts, save_in_libreoffice, save_workbook

import pipeline
from pipeline.result import Result
from pipeline.spreadsheet.comments import COMMENT_START
from schemas.tables.common import ISSUES_TITLE

INVOICES = ["Invoice reference", "Account number", "Invoice date", "Currency", "My note"]
ITEMS = ["Invoice reference", "Charge name", "Quantity", "Unit price", "Amount", "Service start date"]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0"
    "f01f0005000201a5f645400000000049454e44ae426082"
)


def book() -> openpyxl.Workbook:
    """Three invoices as a person would type them; R2 has a bad date, R3 a bad amount."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    invoices = workbook.create_sheet("Invoices")
    invoices.append([*INVOICES[:4], "# My note"])
    for ref, date in (("R1", "2026-11-30"), ("R2", "30.11.26"), ("R3", "2026-11-30")):
        invoices.append([ref, "A1", date, "EUR", f"note {ref}"])
    items = workbook.create_sheet("Items")
    items.append(ITEMS)
    for ref, amount in (("R1", 10), ("R1", 12.5), ("R2", 20), ("R3", "thirty"), ("R3", 31)):
        items.append([ref, "Day", None, None, amount, "2026-11-01"])
    return workbook


def marked(desk: Desk, file: Path, out: str = "out", **flags: Any) -> tuple[Result, Path]:
    """Check a file; the marked copy that comes of it."""
    folder = desk.folder / out
    result = pipeline.check(file, workspace=desk.workspace, report=folder, **flags)
    (copy,) = folder.glob("*.marked.*")
    return result, copy


def colored(path: Path, sheet: str) -> dict[str, str]:
    """The cells that a rule of ours colors, and with what."""
    page = openpyxl.load_workbook(path)[sheet]
    return {
        str(formatting.sqref): rule.dxf.fill.bgColor.rgb
        for formatting in page.conditional_formatting
        for rule in formatting.rules
        if "invoice-import" in "".join(rule.formula)
    }


def column(path: Path, sheet: str, header: str) -> list[Any]:
    rows = list(openpyxl.load_workbook(path)[sheet].values)
    return [row[rows[0].index(header)] for row in rows[1:]]


def test_each_fault_is_colored_commented_and_told_beside_its_row(desk: Desk) -> None:
    result, copy = marked(desk, save_workbook(book(), desk.folder))
    assert copy.name == "mine.marked.xlsx"
    assert result.verdict == "partial"
    comments = read_comments(copy)
    assert set(comments) == {"Invoices!C3", "Items!E5"}
    assert comments["Items!E5"].startswith(f"{COMMENT_START} E202 Amount is not a number")
    assert '"thirty"' in comments["Items!E5"]
    assert "Fix: Write the number like 1234.56" in comments["Items!E5"]
    assert colored(copy, "Items") == {"E5": "FFFFC7CE"}
    assert column(copy, "Invoices", "#Status") == ["accepted", "rejected", "rejected"]
    assert column(copy, "Items", "#Status") == ["accepted", "accepted", "rejected", "rejected", "rejected"]
    reasons = column(copy, "Items", "#Reason")
    assert reasons[0] is None
    assert reasons[2] == "Rejected with its invoice because of Invoices C3 (E205)."
    assert reasons[3].startswith("E202: Amount is not a number")
    assert reasons[4] == "Rejected with its invoice because of Items E5 (E202)."


def test_a_warning_has_another_color_and_rejects_nothing(desk: Desk) -> None:
    workbook = book()
    workbook["Invoices"]["C3"] = "2026-11-30"
    workbook["Items"]["E5"] = 30
    workbook["Invoices"]["B2"] = " A1 "
    result, copy = marked(desk, save_workbook(workbook, desk.folder))
    assert result.verdict == "accepted"
    assert colored(copy, "Invoices") == {"B2": "FFFFEB9C"}
    assert column(copy, "Invoices", "#Reason")[0].startswith("W201: ")


def test_the_issues_sheet_groups_by_cause_and_links_to_the_cells(desk: Desk) -> None:
    _, copy = marked(desk, save_workbook(book(), desk.folder))
    page = openpyxl.load_workbook(copy)["Issues"]
    rows = list(page.values)
    assert rows[0][0] == ISSUES_TITLE
    assert rows[1][0] == "Invoices: 1 accepted, 2 rejected, 0 skipped."
    assert rows[2][0] == "2 causes explain 2 of 2 rejected invoices."
    assert ("E202", "Not a number (Amount)", 1, 1) in [row[:4] for row in rows]
    links = {cell.value: cell.hyperlink.location for (cell,) in page["B1:B40"] if cell.hyperlink}
    assert links == {"Invoices C3": "'Invoices'!C3", "Items E5": "'Items'!E5"}
    assert not any(cell.hyperlink.target for row in page.iter_rows() for cell in row if cell.hyperlink)


@pytest.mark.slow
def test_corrected_in_the_marked_copy_it_is_accepted(desk: Desk) -> None:
    """The round trip: the copy goes to the preparer, is corrected there and comes back as it is."""
    pipeline.run(save_workbook(book(), desk.folder), workspace=desk.workspace)
    _, copy = marked(desk, save_workbook(book(), desk.folder))
    fixed = openpyxl.load_workbook(copy)
    fixed["Invoices"]["C3"] = "2026-11-30"
    fixed["Items"]["E5"] = 30
    result = pipeline.run(save_workbook(fixed, desk.folder, "fixed.xlsx"), workspace=desk.workspace)
    assert result.verdict == "accepted"
    assert result.summary["invoices"] == {"in": 3, "accepted": 2, "rejected": 0, "skipped": 1}
    assert not desk.codes(result)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["xlsx", "ods"])
def test_corrected_in_libreoffice_it_is_accepted(desk: Desk, form: str) -> None:
    _, copy = marked(desk, save_workbook(book(), desk.folder))
    fixed = openpyxl.load_workbook(copy)
    fixed["Invoices"]["C3"] = "2026-11-30"
    fixed["Items"]["E5"] = 30
    again = save_in_libreoffice(save_workbook(fixed, desk.folder, "fixed.xlsx"), form, desk.folder)
    try:
        result = pipeline.check(again, workspace=desk.workspace)
    except pipeline.errors.SourceError as error:  # type: ignore[attr-defined]
        assert form == "ods"
        pytest.skip(str(error))
    assert result.verdict == "accepted"
    assert not desk.codes(result)


def test_marking_a_marked_workbook_is_marking_it_once(desk: Desk) -> None:
    _, once = marked(desk, save_workbook(rich(), desk.folder))
    _, twice = marked(desk, once, "again")
    assert once.read_bytes() == twice.read_bytes()


def test_marks_of_an_earlier_check_go_when_the_fault_is_gone(desk: Desk) -> None:
    _, copy = marked(desk, save_workbook(rich(), desk.folder))
    fixed = openpyxl.load_workbook(copy)
    fixed["Invoices"]["C3"] = "2026-11-30"
    _, again = marked(desk, save_workbook(fixed, desk.folder, "again.xlsx"), "again")
    comments = read_comments(again)
    assert [place for place, comment in comments.items() if COMMENT_START in comment] == ["Items!E5"]
    assert comments["Invoices!C3"].strip() == "please check"
    assert not colored(again, "Invoices")
    assert column(again, "Invoices", "#Status") == ["accepted", "accepted", "rejected"]
    assert openpyxl.load_workbook(again).sheetnames.count("Issues") == 1
    assert [cell.value for cell in openpyxl.load_workbook(again)["Invoices"][1]].count("#Status") == 1


def rich() -> openpyxl.Workbook:
    """The same three invoices, in a workbook with everything that people put into one."""
    workbook = book()
    invoices, items = workbook["Invoices"], workbook["Items"]
    for page in (invoices, items):
        page.freeze_panes = "A2"
        page.auto_filter.ref = page.dimensions
    invoices["C3"].comment = Comment("please check", "Anna")
    invoices["A2"].comment = Comment("first of the year", "Anna")
    invoices["A2"].font = Font(bold=True, color="FF00AA00")
    invoices["C3"].fill = PatternFill("solid", fgColor="FFDDEEFF")
    items.conditional_formatting.add(
        "E2:E99", CellIsRule(operator="lessThan", formula=["0"], fill=PatternFill(bgColor="FF00FF00"))
    )
    choices = DataValidation(type="list", formula1='"EUR,USD"')
    choices.add("D2:D99")
    invoices.add_data_validation(choices)
    workbook.defined_names["rate"] = DefinedName("rate", attr_text="Sums!$B$1")
    sums = workbook.create_sheet("Sums")
    sums.append(["total", "=SUM(Items!E2:E6)"])
    sums.append(["other", 2])
    chart = BarChart()
    chart.add_data(Reference(sums, min_col=2, min_row=1, max_row=2))
    sums.add_chart(chart, "D2")
    sums["A1"].hyperlink = "https://example.com/"
    sums.append([])
    lists = workbook.create_sheet("Lists")
    lists.append(["name", "size"])
    lists.append(["a", 1])
    lists.add_table(Table(displayName="Sizes", ref="A1:B2"))
    lists.sheet_state = "hidden"
    secret = workbook.create_sheet("Secret")
    secret.sheet_state = "veryHidden"
    return workbook


def richer(path: Path) -> Path:
    """Pictures, boxes, sparklines, buttons, a link and a picture in the header: what openpyxl cannot keep."""
    workbook = xlsxwriter.Workbook(path)
    workbook.set_calc_mode("manual")  # else it asks to be calculated when it is opened
    red, date = workbook.add_format({"bg_color": "red"}), workbook.add_format({"num_format": "yyyy-mm-dd"})
    for name, headers in (("Invoices", INVOICES[:4]), ("Items", ITEMS)):
        page = workbook.add_worksheet(name)
        page.write_row(0, 0, headers)
        page.insert_image("P5", "dot.png", {"image_data": BytesIO(PIXEL)})
        page.set_header("&L&G", {"image_left": "dot.png", "image_data_left": BytesIO(PIXEL)})
        page.insert_textbox("P9", "read me")
        page.add_sparkline("P2", {"range": "Items!E2:E3"})
        page.conditional_format("E2:E9", {"type": "data_bar", "data_bar_2010": True})
        page.conditional_format("D2:D9", {"type": "cell", "criteria": "==", "value": 1, "format": red})
        page.write_comment("A2", "by hand", {"author": "Anna"})
        page.insert_button("P14", {"macro": "go"})
        page.protect("secret")
    invoices, items = workbook.get_worksheet_by_name("Invoices"), workbook.get_worksheet_by_name("Items")
    invoices.write_row(1, 0, ["R1", "A1"])
    invoices.write_datetime(1, 2, datetime(2026, 11, 30), date)
    invoices.write(1, 3, "EURO")
    items.write_row(1, 0, ["R1", "Day", 1])
    items.write_formula(1, 4, "=C2*10", None, 10)
    items.write_string(1, 5, "2026-11-01")
    workbook.define_name("rate", "=Items!$C$2")
    workbook.close()
    return path


def test_nothing_of_the_preparers_is_lost(desk: Desk) -> None:
    """Part by part: what is not ours to change is the same byte for byte, and of the rest nothing goes."""
    file = save_workbook(rich(), desk.folder)
    _, copy = marked(desk, file)
    before, after = read_parts(file), read_parts(copy)
    assert set(before) <= set(after)
    touched = {name for name in before if before[name] != after[name]}
    assert touched <= {
        "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
        "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "xl/worksheets/_rels/sheet1.xml.rels",
        "xl/worksheets/_rels/sheet2.xml.rels", "xl/comments/comment1.xml", "xl/drawings/commentsDrawing1.vml",
        "xl/comments1.xml", "xl/drawings/vmlDrawing1.vml",
    }  # fmt: skip
    old, new = openpyxl.load_workbook(file), openpyxl.load_workbook(copy)
    assert new.sheetnames == [*old.sheetnames, "Issues"]
    assert [new[name].sheet_state for name in old.sheetnames] == [sheet.sheet_state for sheet in old]
    assert set(new.defined_names) == {"rate"}
    for page in old:
        for row in page.iter_rows():
            for cell in row:
                copied = new[page.title][cell.coordinate]
                assert (cell.value, cell.number_format) == (copied.value, copied.number_format)
                for style in ("font", "fill", "border", "alignment", "protection"):
                    assert repr(getattr(cell, style)) == repr(getattr(copied, style))
        assert page.auto_filter.ref == new[page.title].auto_filter.ref
        assert page.freeze_panes == new[page.title].freeze_panes
    assert [validation.formula1 for validation in new["Invoices"].data_validations.dataValidation] == [
        '"EUR,USD"'
    ]
    rules = [rule for formatting in new["Items"].conditional_formatting for rule in formatting.rules]
    assert {rule.type for rule in rules} == {"cellIs", "expression"}
    assert min(rules, key=lambda rule: rule.priority).type == "expression"
    comments = read_comments(copy)
    assert comments["Invoices!A2"] == "first of the year"
    assert comments["Invoices!C3"].startswith(f"please check\n\n{COMMENT_START} E205")


@pytest.mark.filterwarnings("ignore:.*extension is not supported")  # by openpyxl, which looks at the copy
def test_pictures_boxes_and_buttons_stay(desk: Desk) -> None:
    file = richer(desk.folder / "mine.xlsx")
    _, copy = marked(desk, file)
    before, after = read_parts(file), read_parts(copy)
    touched = {name for name in before if before[name] != after[name]}
    assert not [part for part in touched if "media" in part or "drawings/drawing" in part or "theme" in part]
    ours = re.compile(
        r"<conditionalFormatting [^>]*><cfRule [^>]*><formula>ISTEXT.*?</conditionalFormatting>"
    )
    ranks = re.compile(r'priority="\d+"')
    for at in (1, 2):
        old, new = (parts[f"xl/worksheets/sheet{at}.xml"].decode() for parts in (before, after))
        tails = [ranks.sub("", xml[xml.index("</sheetData>") :]) for xml in (old, ours.sub("", new))]
        assert tails[0] == tails[1]
    assert read_comments(copy)["Invoices!A2"] == read_comments(copy)["Items!A2"] == "by hand"
    assert set(read_comments(copy)) == {"Invoices!A2", "Items!A2", "Invoices!D2"}
    assert b"Button" in after["xl/drawings/vmlDrawing1.vml"]


def test_macros_come_back_untouched_and_unread(desk: Desk) -> None:
    file = save_workbook(book(), desk.folder, "plain.xlsx")
    macros = b"\xd0\xcf\x11\xe0 these are no macros, and nobody looks"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(desk.folder / "mine.xlsm", "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename == "[Content_Types].xml":
                data = data.replace(
                    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
                    b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
                )
            new.writestr(member, data)
        new.writestr("xl/vbaProject.bin", macros)
    _, copy = marked(desk, desk.folder / "mine.xlsm")
    assert copy.name == "mine.marked.xlsm"
    assert read_parts(copy)["xl/vbaProject.bin"] == macros
    assert b"macroEnabled" in read_parts(copy)["[Content_Types].xml"]


def rewritten(
    file: Path, name: str, change: Iterable[tuple[str, str]], part: str = r"xl/worksheets/.*\.xml"
) -> Path:
    """A workbook with its sheets' XML written in another way."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(file.with_name(name), "w") as new:
        for member in old.infolist():
            text = old.read(member).decode()
            if re.fullmatch(part, member.filename):
                for pattern, replacement in change:
                    text = re.sub(pattern, replacement, text)
            new.writestr(member.filename, text)
    return file.with_name(name)


@pytest.mark.parametrize(
    "change",
    [
        [(r"<(/?)(?=[a-zA-Z])", r"<\1x:"), (r"xmlns=", "xmlns:x=")],
        [(r'(<(?:row|c)) r="[A-Z]*\d+"', r"\1")],
        [("<sheetData>", "<!-- <row r='1'/> --><sheetData>"), ("</row>", "<!-- </row> --></row>")],
        [(r'="([^"<>]*)"', r"='\1'")],
        [(r"</row>", r"</row><row r='900'/>")],
    ],
    ids=["prefixed", "without addresses", "with comments", "single quotes", "empty rows"],
)
def test_sheets_written_in_other_ways_are_marked_as_well(desk: Desk, change: list[tuple[str, str]]) -> None:
    workbook = book()
    for row in workbook["Items"].iter_rows(min_row=2):
        row[2].value, row[3].value = 1, row[4].value  # a cell without an address stands after another
    file = rewritten(save_workbook(workbook, desk.folder), "odd.xlsx", change)
    if change[0][0] == r"</row>":
        file = rewritten(file, "odd2.xlsx", [(r"(?s)(<row r='900'/>)(?=.*\1)", "")])
    _, copy = marked(desk, file)
    assert set(read_comments(copy)) == {"Invoices!C3", "Items!D5", "Items!E5"}
    assert column(copy, "Invoices", "#Status")[:3] == ["accepted", "rejected", "rejected"]
    assert [name.strip() for name in CalamineWorkbook.from_path(copy).sheet_names] == [
        "Invoices",
        "Items",
        "Issues",
    ]


def test_csv_files_come_back_as_one_workbook_that_can_be_handed_in(desk: Desk) -> None:
    pair = desk.pair(
        [desk.invoice("007", **{"# mine": "x"}), desk.invoice("R2", invoice_date="soon")],
        [
            desk.item("007", amount="10.10"),
            desk.item("R2", charge_name="=1+1"),
            desk.item("R2", amount="1,5"),
        ],
    )
    out = desk.folder / "out"
    pipeline.check(*pair, workspace=desk.workspace, report=out)
    (copy,) = out.glob("*.marked.xlsx")
    assert copy.name == f"{pair[0].stem}.marked.xlsx"
    assert column(copy, "Invoices", "invoice_ref") == ["007", "R2"]
    assert column(copy, "Invoices", "# mine") == ["x", None]
    assert column(copy, "Items", "charge_name") == ["Day", "=1+1", "Day"]
    assert "<f>" not in read_parts(copy)["xl/worksheets/sheet2.xml"].decode()
    fixed = openpyxl.load_workbook(copy)
    fixed["Invoices"]["C3"] = "2026-11-30"
    fixed["Items"]["C4"] = "1.50"
    for cell in fixed["Items"]["B"]:
        cell.data_type = "s"  # openpyxl would make a formula of a text
    result = pipeline.run(save_workbook(fixed, desk.folder), workspace=desk.workspace)
    assert result.verdict == "accepted"
    assert [invoice["invoiceItems"][0]["chargeName"] for invoice in desk.sent(result)] == ["Day", "=1+1"]


@pytest.mark.parametrize("flat", [False, True])
def test_a_ragged_row_cannot_slip_through_its_marked_copy(desk: Desk, flat: bool) -> None:
    """In a workbook nobody sees that a cell was missing: the invoice is refused whole in the copy too."""
    items = desk.folder / "items.csv"
    if flat:
        files = [items]
        items.write_text(
            "invoice_ref,account_number,invoice_date,currency,charge_name,description,amount,service_start_date\n"
            "R1,A1,2026-11-30,EUR,Day,first,10.00,2026-11-01\n"
            "R1,A1,2026-11-30,EUR,Day,second,11.00,2026-11-01,surplus\n"
            "R2,A1,2026-11-30,EUR,Day,other,12.00,2026-11-01\n"
        )
    else:
        files = [desk.csv("invoices", [desk.invoice("R1"), desk.invoice("R2")]), items]
        items.write_text(
            "invoice_ref,charge_name,description,amount,service_start_date\n"
            "R1,Day,first,10.00,2026-11-01\n"
            "R1,Day,second,11.00,2026-11-01,surplus\n"
            "R2,Day,other,12.00,2026-11-01\n"
        )
    out = desk.folder / "out"
    pipeline.check(*files, workspace=desk.workspace, report=out)
    (copy,) = out.glob("*.marked.xlsx")
    again = pipeline.check(copy, workspace=desk.workspace)
    assert again.summary["invoices"] == {"in": 2, "accepted": 1, "rejected": 1, "skipped": 0}
    assert [invoice["invoiceItems"][0]["description"] for invoice in desk.sent(again)] == ["other"]
    fixed = openpyxl.load_workbook(copy)
    for page in fixed:
        for row in page.iter_rows():
            for cell in row:
                cell.value = str(cell.value).removeprefix("#? ") if cell.value is not None else None
    assert pipeline.check(save_workbook(fixed, desk.folder), workspace=desk.workspace).verdict == "accepted"


def test_a_control_file_comes_back_in_the_marked_copy(desk: Desk) -> None:
    folder = desk.folder / "batch"
    folder.mkdir()
    for path in desk.pair([desk.invoice(currency="EUX")], [desk.item()]):
        path.replace(folder / path.name)
    (folder / "invoices.control.csv").write_text("What,Currency,Expected\nInvoices,,1\n", "utf-8")
    out = desk.folder / "out"
    result = pipeline.check(folder, workspace=desk.workspace, report=out)
    assert result.summary["control"]["totals"][0]["holds"]
    (copy,) = out.glob("*.marked.xlsx")
    assert "Control" in openpyxl.load_workbook(copy).sheetnames
    again = pipeline.check(copy, workspace=desk.workspace)
    assert again.summary["control"] == result.summary["control"]


def test_control_characters_crash_no_report_and_come_back_as_faults(desk: Desk) -> None:
    nasty = "a\x01b\x0c\x1f_x0041_\ufffe"
    invoices = desk.csv("invoices", [desk.invoice("R1", account_number=nasty)])
    items = desk.csv("items", [desk.item("R1", description=nasty)])
    out = desk.folder / "out"
    first = pipeline.check(invoices, items, workspace=desk.workspace, report=out)
    (copy,) = out.glob("*.marked.xlsx")
    openpyxl.load_workbook(copy)
    again = pipeline.check(copy, workspace=desk.workspace)
    assert "E212" in desk.codes(first)
    assert desk.codes(again) == desk.codes(first)


def test_nothing_found_means_no_copy_and_an_old_one_goes(desk: Desk) -> None:
    workbook = book()
    file = save_workbook(workbook, desk.folder)
    _, copy = marked(desk, file)
    workbook["Invoices"]["C3"] = "2026-11-30"
    workbook["Items"]["E5"] = 30
    workbook.save(file)
    pipeline.check(file, workspace=desk.workspace, report=copy.parent)
    assert not copy.exists()


def test_a_report_is_not_written_over_what_was_handed_in(desk: Desk) -> None:
    _, copy = marked(desk, save_workbook(book(), desk.folder))
    before = copy.read_bytes()
    with pytest.raises(pipeline.errors.UsageError, match="would be overwritten"):  # type: ignore[attr-defined]
        pipeline.check(copy, workspace=desk.workspace, report=copy.parent)
    assert copy.read_bytes() == before


def test_more_rows_than_the_setting_allows_are_not_marked(desk: Desk) -> None:
    pipeline.check(
        save_workbook(book(), desk.folder),
        workspace=desk.workspace,
        report=desk.folder / "out",
        marked_rows=4,
    )
    assert not list((desk.folder / "out").glob("*.marked.*"))


def test_where_none_is_wanted_none_is_made_and_the_summary_says_why(desk: Desk) -> None:
    out = desk.folder / "out"
    result = pipeline.check(
        save_workbook(book(), desk.folder), workspace=desk.workspace, report=out, marked_rows=0
    )
    assert not list(out.glob("*.xlsx"))
    (copy,) = result.summary["copies"]
    assert copy["file"] == ""
    assert "marked_rows" in copy["reason"]


def test_more_faults_than_are_marked_are_counted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.report.marked.MAX_MARKS", 4)
    workbook = book()
    for _ in range(20):
        workbook["Items"].append(["R3", "Day", None, None, "much", "2026-11-01"])
    _, copy = marked(desk, save_workbook(workbook, desk.folder))
    comments = read_comments(copy)
    assert len(comments) == 4
    assert "Invoices!C3" in comments
    sentences = [row[0] for row in openpyxl.load_workbook(copy)["Issues"].values if row[0]]
    assert "Of 22 faults 4 are marked and listed here; issues.csv lists them all." in sentences


@pytest.mark.slow
def test_the_copy_opens_in_libreoffice(desk: Desk) -> None:
    _, copy = marked(desk, save_workbook(rich(), desk.folder))
    again = save_in_libreoffice(copy, "xlsx", desk.folder)
    comments = read_comments(again)
    assert COMMENT_START in comments["Items!E5"]
    assert colored(again, "Items")
    pages = CalamineWorkbook.from_path(again)
    assert pages.get_sheet_by_name("Issues").to_python()[0][0] == ISSUES_TITLE
