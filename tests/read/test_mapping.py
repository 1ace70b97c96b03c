"""A foreign sheet is read with a saved mapping, each cell at its own address, or refused in a sentence."""

from __future__ import annotations

import csv
import gzip
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from support.command_line import DATA, invoice_import
from support.desk import Desk

import pipeline
from pipeline.errors import PipelineError
from pipeline.result import Result

ERP = "Export of the ERP\nBeleg-Nr;Kunde;Tag;Betrag;Art;Stand;Intern\nR1;A1;30.11.2026 08:15;1.234,50;Day;offen;x\n"
MAPPING = """
decimal = "comma"
date_format = "dd.mm.yyyy"
[columns]
"Beleg-Nr" = "invoice_ref"
Kunde = "account_number"
Tag = ["invoice_date", "service_start_date"]
Betrag = "amount"
Art = "charge_name"
Stand = "status"
Intern = "#"
[constants]
currency = "EUR"
[values.status]
offen = "Draft"
[take]
invoice_date = "date"
service_start_date = "date"
"""


def checked(desk: Desk, text: str = ERP, mapping: str = MAPPING, **flags: Any) -> Result:
    file, saved = desk.folder / "erp.csv", desk.folder / "erp.toml"
    file.write_text(text, encoding="utf-8")
    saved.write_text(mapping, encoding="utf-8")
    return pipeline.check(file, workspace=desk.workspace, mapping=str(saved), **flags)


def test_renames_constants_value_maps_and_days(desk: Desk) -> None:
    result = checked(desk)
    assert result.verdict == "accepted"
    (sent,) = desk.sent(result)
    (item,) = sent.pop("invoiceItems")
    assert sent == {"accountNumber": "A1", "invoiceDate": "2026-11-30", "currency": "EUR", "status": "Draft"}
    assert item == {"chargeName": "Day", "amount": Decimal("1234.50"), "serviceStartDate": "2026-11-30"}


def test_the_mapping_is_a_source_with_its_hash(desk: Desk) -> None:
    sources = {source["name"]: source["sha256"] for source in checked(desk).summary["sources"]}
    assert list(sources) == ["erp.csv", "erp.toml"]
    changed = checked(desk, mapping=MAPPING + "\n# another\n").summary["sources"][1]["sha256"]
    assert changed != sources["erp.toml"]


def test_an_issue_stands_where_the_cell_stands_in_the_file_under_the_files_own_header(desk: Desk) -> None:
    result = checked(desk, ERP.replace("1.234,50", "1.234,5O").replace("offen", "zu"))
    cells = [(issue["code"], issue["column"], issue["cell"]) for issue in result.issues.to_dict("records")]
    assert cells == [("E209", "Stand", "F3"), ("E202", "Betrag", "D3")]


def test_a_column_that_the_mapping_does_not_name_is_told(desk: Desk) -> None:
    result = checked(desk, ERP.replace("Intern", "Rabatt"), MAPPING.replace('Intern = "#"\n', ""))
    assert [code for code, _, _ in desk.told(result)] == ["E104"]


def test_ragged_rows_are_counted_by_the_files_own_columns(desk: Desk) -> None:
    result = checked(desk, ERP + "R2;A1;1.1.2026;5\n")
    assert "This row has 4 cells where the header has 7." in set(result.issues["message"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("[columns]", "[colums]"), "colums is not known in the mapping"),
        (('"account_number"', '"acount_number"'), "no field acount_number; did you mean account_number"),
        (("Kunde =", "Kundin ="), "does not fit: no sheet has all its columns; missing: Kundin"),
        (('"comma"', '"dot"'), "The setting decimal in erp.toml is 'dot': one of point, comma is needed"),
        (('= "date"', '= "time"'), 'take.invoice_date can only be "date"'),
        (('"EUR"', "5"), "currency must be a text in quotes"),
        (("Kunde = ", "Kunde = = "), "is no TOML"),
        (('Intern = "#"', "Intern = []"), "the column Intern needs a field, a list of fields, or '#'"),
        (("[values.status]\noffen", "[values]\nstatus"), "values.status must be a table"),
        (("[take]", "[columns.Tag2]"), "the column Tag2 needs a field, a list of fields, or '#'"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_one_sentence(
    desk: Desk, change: tuple[str, str], sentence: str
) -> None:
    with pytest.raises(PipelineError) as refused:
        checked(desk, mapping=MAPPING.replace(*change))
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ('columns = "x"', "columns must be a table, like [columns]"),
        ("decimal = 'point'", "[columns] is needed: header in the file = field"),
    ],
)
def test_a_mapping_without_columns_is_one_sentence(desk: Desk, mapping: str, sentence: str) -> None:
    with pytest.raises(PipelineError) as refused:
        checked(desk, mapping=mapping)
    assert sentence in str(refused.value)


def test_a_folder_is_no_mapping(desk: Desk) -> None:
    files, folder = desk.pair([desk.invoice()], [desk.item()]), desk.folder / "maps"
    folder.mkdir()
    with pytest.raises(PipelineError, match=r"The mapping maps cannot be read: Is a directory\."):
        pipeline.check(*files, workspace=desk.workspace, mapping=str(folder))


BOOK_MAPPING = """
sheet = "Export"
[columns]
Beleg = "invoice_ref"
Kunde = "account_number"
Tag = ["invoice_date", "service_start_date"]
Betrag = "amount"
Art = "charge_name"
[constants]
currency = "EUR"
"""


def test_the_cells_of_a_workbook_keep_their_kind_and_what_they_show(desk: Desk) -> None:
    """A number that is shown as another one is told as in a sheet of our own; other sheets are left alone."""
    book = Workbook()
    book.active.title = "Notes"
    book.active.append(["Beleg", "Kunde", "Tag", "Betrag", "Art"])
    page = book.create_sheet("Export")
    page.append(["Beleg", "Kunde", "Tag", "Betrag", "Art"])
    page.append(["R1", 7, date(2026, 11, 30), 10.5, "Day"])
    page.append(["R2", "A2", date(2026, 11, 30), 20, "Day"])
    page["B2"].number_format = "0000"
    book.save(desk.folder / "erp.xlsx")
    (desk.folder / "erp.toml").write_text(BOOK_MAPPING)
    result = pipeline.check(
        desk.folder / "erp.xlsx", workspace=desk.workspace, mapping=str(desk.folder / "erp.toml")
    )
    cells = [(issue["code"], issue["column"], issue["cell"]) for issue in result.issues.to_dict("records")]
    assert cells == [("E219", "Kunde", "B2")]
    assert [invoice["invoiceDate"] for invoice in desk.sent(result)] == ["2026-11-30"]


def test_a_mapping_and_a_setting_that_contradict_each_other(desk: Desk) -> None:
    with pytest.raises(
        PipelineError, match=r"The mapping erp\.toml says decimal is comma, but the setting says"
    ):
        checked(desk, decimal="point")
    with pytest.raises(PipelineError, match="There is no mapping file"):
        pipeline.check(desk.folder / "erp.csv", workspace=desk.workspace, mapping="nowhere.toml")


HEADERS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)


def raw_retail(online_retail: Path, path: Path, lines: int) -> tuple[int, int, Decimal]:
    """The shop's own export, as published; invoices, items and money of it."""
    with gzip.open(online_retail / "invoices.csv.gz", "rt", encoding="utf-8", newline="") as file:
        invoices = {row["invoice_ref"]: row for row in csv.DictReader(file)}
    refs, total, rows = set(), Decimal(0), []
    with gzip.open(online_retail / "items.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in islice(csv.DictReader(file), lines):
            invoice = invoices[row["invoice_ref"]]
            day = datetime.fromisoformat(invoice["invoice_date"])
            when = f"{day.month}/{day.day}/{day.year} 8:26"
            price = (row["quantity"], when, row["unit_price"], invoice["account_number"], invoice["#country"])
            rows.append((row["invoice_ref"], row["catalog_sku"], row["description"], *price))
            refs.add(row["invoice_ref"])
            total += Decimal(row["amount"])
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([HEADERS, *rows])
    return len(refs), len(rows), total


def test_the_raw_online_retail_export_is_read_as_it_is(desk: Desk, online_retail: Path) -> None:
    path = desk.folder / "retail.csv"
    invoices, items, total = raw_retail(online_retail, path, 5_000)
    catalog = desk.folder / "catalog.csv"
    catalog.write_bytes(gzip.decompress((online_retail / "catalog.csv.gz").read_bytes()))
    ran = invoice_import("catalog", "load", catalog, workspace=desk.workspace)
    assert ran.code == 0, ran.err
    result = pipeline.check(path, workspace=desk.workspace, mapping=str(DATA / "online_retail.toml"))
    assert result.summary["invoices"]["in"] == invoices
    assert result.summary["items"]["in"] == items
    assert Decimal(result.summary["money"]["GBP"]["in"]) == total
    assert set(result.issues["code"]) <= {"E301", "E311", "E312", "W402", "W801", "W805"}
    assert result.summary["invoices"]["accepted"] > 100


ALIKE = """
decimal = "comma"
date_format = "dd.mm.yyyy"
[columns]
"Beleg-Nr" = {ref}
Kunde = "#"
Tag = "#"
Betrag = "amount"
Art = "charge_name"
Stand = "#"
Intern = "#"
[constants]
currency = "EUR"
account_number = "A1"
invoice_date = "2026-11-30"
service_start_date = "2026-11-01"
"""


@pytest.mark.parametrize("column", [0, 1, 2, 4, 5, 6])
@pytest.mark.parametrize("constant", [False, True])
def test_a_totals_row_is_none_of_the_items_wherever_its_word_stands(
    desk: Desk, column: int, constant: bool
) -> None:
    """What the mapping says of every row, like the currency or even the reference, makes no item of it.

    Behind the numbers it may be an item's name: without a reference the row is an error then.
    """
    row = [""] * 7
    row[column], row[3] = "Summe", "1.234,50"
    mapping = ALIKE.replace("{ref}", '"#"' if constant else '"invoice_ref"')
    if constant:
        mapping += 'invoice_ref = "R1"\n'
    result = checked(desk, ERP + ";".join(row) + "\n", mapping)
    unclear = column == 4 and not constant
    assert desk.codes(result) == (["E201"] if unclear else [])
    assert result.summary["money"]["EUR"]["accepted"] == "1234.50"
    assert result.summary["ignored_rows"]["total"] == (not unclear)
