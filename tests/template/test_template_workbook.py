"""The workbook to fill: what it offers, what turns red, and that it comes back as it was meant."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from support.command_line import PRODUCTS, invoice_import
from support.desk import Desk

import pipeline
from pipeline.errors import WorkspaceError
from pipeline.flow import load_catalog
from pipeline.result import Result
from pipeline.settings import Settings
from pipeline.targets import TARGETS, get_target
from pipeline.template import bind_target_tables, build_template, write_template
from pipeline.template.cell_formats import build_cell_formats
from pipeline.template.named_ranges import LAST_ROW
from pipeline.template.row_formats import FormulaSettings, build_row_formats
from schemas.fields import Kind
from schemas.tables import TABLES
from schemas.tables.common import EXAMPLE_REF

pytestmark = pytest.mark.slow

_ROW = re.compile(r"(\$[A-Z]+)2\b")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the sample's catalog."""
    folder = tmp_path_factory.mktemp("template") / "workspace"
    load_catalog(PRODUCTS, workspace=folder)
    return folder


@pytest.fixture
def template(place: Path, tmp_path: Path) -> Path:
    (path,) = write_template(tmp_path / "fill me.xlsx", workspace=place)
    return path


def filled(path: Path, cells: dict[str, list[dict[str, Any]]]) -> Workbook:
    """The workbook with rows below the example, by label; a row of Control is known by What and Currency."""
    book = load_workbook(path)
    for name, rows in cells.items():
        sheet = book[name]
        at = {str(cell.value).removesuffix(" *"): cell.column for cell in sheet[1]}
        for row, values in enumerate(rows, 3):
            for label, value in values.items():
                sheet.cell(row, at[label], value)
    return book


def sound(ref: str = "0012", **over: Any) -> dict[str, list[dict[str, Any]]]:
    invoice = {
        "Invoice reference": ref, "Account number": "A1", "Invoice date": date(2026, 11, 30), "Currency": "EUR",
    }  # fmt: skip
    item = {
        "Invoice reference": ref, "Catalog SKU": "SUP-100", "Quantity": 2, "Unit price": 450, "Amount": 900,
        "Service start date": date(2026, 11, 1),
    }  # fmt: skip
    return {"Invoices": [invoice], "Items": [item | over]}


def check(book: Workbook, path: Path, place: Path) -> Result:
    book.save(path)
    return pipeline.check(path, workspace=place)


def converted(path: Path, form: str) -> Path:
    """The file as LibreOffice saves it; skips where that is not there."""
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice (soffice) is not installed")
    out = path.parent / "converted"
    home = f"-env:UserInstallation=file://{path.parent}/office"
    command = ["soffice", home, "--headless", "--convert-to", form, "--outdir", str(out), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return out / f"{path.stem}.{form.partition(':')[0]}"


@pytest.mark.parametrize("target", list(TARGETS))
def test_the_same_bytes_each_time_and_nothing_that_runs(target: str) -> None:
    book = build_template(Settings(target=target))
    assert book == build_template(Settings(target=target))
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        assert not [
            name for name in package.namelist() if "vba" in name.lower() or "external" in name.lower()
        ]


@pytest.mark.parametrize("target", list(TARGETS))
def test_every_field_has_its_header_its_help_and_its_format(target: str) -> None:
    chosen = Settings(target=target)
    book = load_workbook(io.BytesIO(build_template(chosen)))
    tables = bind_target_tables(chosen)
    assert book.sheetnames == [
        "Instructions",
        *(table.label for table in tables.values()),
        "Control",
        "Lists",
    ]
    assert book["Lists"].sheet_state == "veryHidden"
    instructions = " ".join(str(cell.value) for cell in book["Instructions"]["A"])
    assert all(table.label in instructions for table in tables.values())
    assert "Invoices, one row for each invoice, and Items, one row for each of its items" in instructions
    for table in tables.values():
        sheet = book[table.label]
        assert (sheet.freeze_panes, sheet.page_setup.orientation) == ("B2", "landscape")
        assert (sheet.print_title_rows, sheet.auto_filter.ref.partition(":")[0]) == ("$1:$1", "A1")
        for column, field in enumerate(table, 1):
            header = sheet.cell(1, column)
            assert header.value == field.label + (" *" if field.required else "")
            assert field.help in header.comment.text
            assert field.example in header.comment.text
            if field.kind in (Kind.IDENTIFIER, Kind.TEXT, Kind.CHOICE, Kind.CURRENCY):
                assert sheet.column_dimensions[get_column_letter(column)].width >= 10
                assert sheet.cell(2, column).number_format == "@"
        lists = {
            str(validation.sqref).rstrip("0123456789") for validation in sheet.data_validations.dataValidation
        }
        for column, field in enumerate(table, 1):
            if field.choices:
                letter = get_column_letter(column)
                assert f"{letter}2:{letter}" in lists


def test_the_catalog_drops_down(template: Path) -> None:
    book = load_workbook(template)
    names = book.defined_names
    assert {"catalog_catalog_sku", "catalog_product_rate_plan_charge_id", "currencies"} <= set(names)
    lists = book["Lists"]
    listed = {lists.cell(1, at).value: at for at in range(1, lists.max_column + 1)}
    column = listed["list of catalog_catalog_sku"]
    skus = [lists.cell(row, column).value for row in range(2, lists.max_row + 1)]
    assert [sku for sku in skus if sku] == sorted({"SUP-100", "CON-200", "TRN-300", "STO-400", "CAB-500"})


def test_a_new_template_holds_nothing_to_import(template: Path, place: Path) -> None:
    result = pipeline.check(template, workspace=place)
    assert (Desk.codes(result), result.summary["ignored_rows"]["example"]) == (["E102", "E102"], len(TABLES))


def test_filled_it_is_accepted_and_identifiers_stay(template: Path, place: Path) -> None:
    book = filled(template, sound())
    control = book["Control"]
    control["C2"], control["C3"], control["B4"], control["C4"] = 1, 1, "EUR", 900
    result = check(book, template, place)
    assert (result.verdict, Desk.codes(result)) == ("accepted", [])
    assert [total["holds"] for total in result.summary["control"]["totals"]] == [True] * 3
    assert list(result.invoices["invoice_ref"]) == ["0012"]
    control["C4"] = 900.01
    assert check(book, template, place).exit_code == 7


def test_an_old_template_is_told(template: Path, place: Path) -> None:
    book = filled(template, sound())
    book["Control"]["F2"] = "zuora-00000000"
    result = check(book, template, place)
    assert (result.verdict, Desk.codes(result)) == ("accepted", ["W601"])
    assert '"zuora-00000000"' in result.issues["message"][0]


def test_in_german_it_helps_in_german_and_is_read_the_same(place: Path, tmp_path: Path) -> None:
    (path,) = write_template(tmp_path / "t.xlsx", workspace=place, language="de")
    book = load_workbook(path)
    assert "Zeile" in "".join(str(cell.value) for cell in book["Instructions"]["A"])
    assert "Beispiel" in book["Invoices"]["A1"].comment.text
    assert check(filled(path, sound()), path, place).verdict == "accepted"


def test_libreoffice_opens_it_and_what_it_saves_is_read_the_same(template: Path, place: Path) -> None:
    book = filled(template, sound())
    book["Control"]["C2"] = 1
    book.save(template)
    again = converted(template, "xlsx")
    result = pipeline.check(again, workspace=place)
    assert (result.verdict, Desk.codes(result)) == ("accepted", [])
    assert result.summary["control"]["totals"][0]["holds"]
    assert list(result.invoices["invoice_ref"]) == ["0012"]
    values = load_workbook(again, data_only=True)["Control"]
    assert [values.cell(row, 4).value for row in (2, 3)] == [1, 1]


TAX = {
    "Tax name": "VAT", "Tax amount": 1, "Tax rate": 0.19, "Tax rate type": "Percentage", "Tax code": "STD",
    "Tax date": date(2026, 11, 30), "Tax mode": "TaxExclusive",
}  # fmt: skip
FAULTS: dict[str, list[dict[str, Any]]] = {
    "Invoices": [
        {
            "Invoice reference": "R1",
            "Account number": "A1",
            "Invoice date": date(2026, 11, 30),
            "Currency": "EUR",
        },
        {"Invoice reference": "R2", "Invoice date": date(2026, 11, 30), "Due date": date(2026, 11, 1)},
        {"Invoice reference": "R3", "Account number": "A" * 256, "Currency": "EUX", "Status": "Final"},
        {"Invoice reference": "R4", "Account number": "A1", "Invoice date": "soon", "Auto pay": "maybe"},
        {"Invoice reference": "R4", "Account number": "A1", "Invoice date": date(2300, 1, 1)},
        {
            "Invoice reference": "r1",
            "Account number": "A1",
            "Invoice date": date(2026, 11, 30),
            "Currency": "JPY",
        },
        {
            "Invoice reference": "1",
            "Account number": "A1",
            "Invoice date": date(2026, 11, 30),
            "Currency": "EUR",
        },
        {
            "Invoice reference": "001",
            "Account number": "A1",
            "Invoice date": date(2026, 11, 30),
            "Currency": "EUR",
        },
    ],
    "Items": [
        {"Invoice reference": "R1", "Charge name": "a", "Amount": 2.51, "Quantity": 1.5, "Unit price": 1.67},
        {"Invoice reference": "R1", "Charge name": "a", "Amount": 2.5, "Quantity": 1.5, "Unit price": 1.67},
        {"Invoice reference": "r1", "Charge name": "a", "Amount": 3, "Quantity": 1.5, "Unit price": 1.67},
        {"Invoice reference": "R1", "Charge name": "a", "Amount": 2.505},
        {"Invoice reference": "R1", "Charge name": "a", "Quantity": -2, "Unit price": 1.5},
        {"Invoice reference": "R1", "Charge name": "a", "Amount": -1},
        {"Invoice reference": "R2", "Amount": 1},
        {"Invoice reference": "R3", "Charge name": "a", "Quantity": 1},
        {"Invoice reference": "R4", "Charge name": "a", "Amount": "much", "Item number": "7"},
        {"Invoice reference": "R4", "Charge name": "a", "Amount": 1, "Item number": "7"},
        {"Invoice reference": "R9", "Charge name": "a", "Amount": 1},
        {
            "Invoice reference": "1",
            "Charge name": "b" * 131,
            "Amount": 1,
            "Service end date": date(2026, 10, 1),
        },
    ],
    "Discounts": [
        {"Invoice reference": "R1", "Item number": "1", "Discount amount": -1, "Discount name": "a"},
        {"Invoice reference": "R4", "Item number": "7", "Discount number": "1", "Discount amount": 5},
        {"Invoice reference": "R4", "Item number": "7", "Discount number": "1", "Discount amount": -5.125},
        {"Invoice reference": "R4", "Item number": "07", "Discount amount": -1, "Discount name": "a"},
        {"Invoice reference": "r4", "Item number": "7", "Discount amount": -1, "Discount name": "a"},
    ],
    "Taxes": [
        {**TAX, "Invoice reference": "R4", "Item number": "7", "Discount number": "2"},
        {
            **TAX,
            "Invoice reference": "1",
            "Item number": "7",
            "Tax amount": 1.001,
            "Tax mode": "TaxInclusive",
        },
    ],
    "Rates": [
        {"Invoice reference": "R1", "Rate currency": "USD", "Exchange rate": 1.1},
        {"Invoice reference": "R1", "Rate currency": "USD", "Exchange rate": 1.2},
        {"Invoice reference": "R7", "Rate currency": "GBP", "Exchange rate": "much"},
    ],
    "Contacts": [
        {"Invoice reference": "R1", "Contact role": "Bill-to", "First name": "A", "Last name": "B"},
        {"Invoice reference": "R1", "Contact role": "Bill-to", "First name": "A"},
        {"Invoice reference": "R3", "Contact role": "Owner", "First name": "A", "Last name": "B" * 101},
    ],
}
"""A fault of every kind that a formula can tell, and neighbours that only look like one."""


def test_control_counts_as_the_check_counts(template: Path, place: Path) -> None:
    """Given and computed amounts, discounts, two currencies, references that look like one another."""
    invoices = [
        sound(ref)["Invoices"][0] | {"Currency": of}
        for ref, of in (("1", "EUR"), ("001", "EUR"), ("2", "JPY"))
    ]
    items = [
        sound("1")["Items"][0] | {"Item number": "1"},
        sound("001", Quantity=3, Amount=None)["Items"][0],
        sound("001", **{"Quantity": 1.5, "Unit price": 0.33, "Amount": None})["Items"][0],
        sound("2", **{"Unit price": 450.4, "Amount": None})["Items"][0],
    ]
    discounts = [
        {"Invoice reference": "1", "Item number": "1", "Discount amount": -0.25, "Discount name": "a"}
    ]
    book = filled(template, {"Invoices": invoices, "Items": items, "Discounts": discounts})
    book["Control"]["B4"], book["Control"]["B5"] = "EUR", "JPY"
    book.save(template)
    counted = load_workbook(converted(template, "xlsx"), data_only=True)["Control"]
    money = check(book, template, place).summary["money"]
    assert [counted.cell(row, 4).value for row in (2, 3)] == [3, 4]
    for row, currency in ((4, "EUR"), (5, "JPY")):
        assert f"{counted.cell(row, 4).value:.2f}" == f"{Decimal(money[currency]['in']):.2f}"
    assert counted.cell(6, 4).value in ("", None)


def test_what_turns_red_is_what_the_check_refuses(template: Path, place: Path) -> None:
    """Each mirror is put beside its row as a formula; LibreOffice says where it is true."""
    chosen = Settings(default_currency="EUR")
    tables = bind_target_tables(chosen)
    rules = build_row_formats(tables, get_target(chosen).get_projection(chosen).rules, FormulaSettings())
    faults = {
        **FAULTS,
        "Items": [{"Service start date": date(2026, 11, 1)} | cells for cells in FAULTS["Items"]],
    }
    book = filled(template, faults)
    asked: dict[tuple[str, int, int], tuple[str, str]] = {}
    for name, table in tables.items():
        sheet = book[table.label]
        for column, mirror in enumerate(
            [*build_cell_formats(table), *rules.get(name, [])], len(table.fields) + 1
        ):
            sheet.cell(1, column, f"# {column}")
            for row in range(3, 3 + len(faults.get(table.label, ()))):
                sheet.cell(row, column, "=" + _ROW.sub(rf"\g<1>{row}", mirror.formula))
                asked[table.label, row, column] = (mirror.code, mirror.fields[0])
    book.save(template)
    values = load_workbook(converted(template, "xlsx"), data_only=True)
    red = {
        (sheet, row, code)
        for (sheet, row, column), (code, _) in asked.items()
        if values[sheet].cell(row, column).value is True
    }
    plain = template.parent / "plain.xlsx"
    result = check(filled(write_template(plain, workspace=place)[0], faults), plain, place)
    issues = result.issues[result.issues["level"] == "error"]
    reported = set(zip(issues["sheet"], issues["row"], issues["code"], strict=True))
    mirrored = {code for code, _ in asked.values()}
    assert red == {fault for fault in reported if fault[2] in mirrored}
    assert {"E201", "E202", "E205", "E207", "E208", "E209", "E210", "E220"} <= {fault[2] for fault in red}
    assert {
        "E204",
        "E312",
        "E301",
        "E302",
        "E303",
        "E304",
        "E305",
        "E306",
        "E307",
        "E308",
        "E309",
        "E313",
    } <= {fault[2] for fault in red}


def test_help_reaches_as_far_as_the_instructions_say(template: Path) -> None:
    lines = [str(cell.value) for cell in load_workbook(template)["Instructions"]["A"]]
    assert any(f"{LAST_ROW:,}" in line for line in lines)
    assert any(EXAMPLE_REF in line for line in lines)


def test_the_command_writes_a_workbook_and_never_over_one(tmp_path: Path) -> None:
    first = invoice_import("template", workspace=tmp_path / "none", cwd=tmp_path)
    assert (first.code, first.out) == (
        0,
        "Written: invoices.xlsx. The row EXAMPLE is ignored; it may stay.\n",
    )
    again = invoice_import("template", workspace=tmp_path / "none", cwd=tmp_path)
    assert (again.code, again.err) == (
        2,
        "Error: invoices.xlsx exists already; name another place with -o.\n",
    )


def test_invoices_without_a_currency_count_in_that_of_the_settings() -> None:
    book = load_workbook(io.BytesIO(build_template(Settings(default_currency="EUR"))))
    formulas = [str(cell.value) for cell in book["Control"]["D"] if "SUMPRODUCT" in str(cell.value)]
    assert [formula for formula in formulas if '($B4="EUR")*COUNTIFS' in formula]


def test_of_several_files_all_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "items.csv").symlink_to("nowhere")  # taken, though nothing is there
    with pytest.raises(WorkspaceError, match="The template cannot be written to"):
        write_template(tmp_path, workspace=tmp_path / "workspace")
    assert [path.name for path in tmp_path.iterdir()] == ["items.csv"]
