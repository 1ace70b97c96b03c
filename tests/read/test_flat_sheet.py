"""A flat sheet whose invoice columns repeat: the invoices of a pair, or an error that names both cells."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from support.desk import Desk

import pipeline
from pipeline.result import Result

HEAD = "invoice_ref,account_number,invoice_date,currency,charge_name,amount,service_start_date\n"


def checked(desk: Desk, text: str, **flags: Any) -> Result:
    path = desk.folder / "flat.csv"
    path.write_text(text, encoding="utf-8")
    return pipeline.check(path, workspace=desk.workspace, **flags)


def test_a_flat_file_gives_the_payloads_of_the_pair(desk: Desk) -> None:
    result = checked(
        desk,
        HEAD + "R1,A1,2026-11-30,EUR,Day,10.00,2026-11-01\nR2,A2,2026-11-30,EUR,Day,1.00,2026-11-01\n"
        "R1,A1,2026-11-30,EUR,Night,5.00,2026-11-01\n",
    )
    pair = desk.check(
        [desk.invoice("R1"), desk.invoice("R2", account_number="A2")],
        [
            desk.item("R1"),
            desk.item("R2", amount="1.00"),
            desk.item("R1", charge_name="Night", amount="5.00"),
        ],
    )
    assert result.verdict == pair.verdict == "accepted"
    assert desk.payloads(result) == desk.payloads(pair)
    assert [(source["name"], source["rows"]) for source in result.summary["sources"]] == [("flat.csv", 3)]


def test_a_disagreement_names_both_cells_and_rejects_that_invoice_alone(desk: Desk) -> None:
    result = checked(
        desk,
        HEAD + "R1,A1,2026-11-30,EUR,Day,10.00,2026-11-01\nR2,A2,2026-11-30,EUR,Day,1.00,2026-11-01\n"
        "R1,A1,2026-12-01,EUR,Night,5.00,2026-11-01\n",
    )
    (issue,) = result.issues.to_dict("records")
    assert (issue["code"], issue["cell"], issue["invoice_ref"]) == ("E110", "C4", "R1")
    assert '"2026-12-01" here, but 2026-11-30 in C2, which belongs to the same invoice.' in issue["message"]
    assert result.summary["invoices"] == {"in": 2, "accepted": 1, "rejected": 1, "skipped": 0}


def test_blank_cells_are_no_value_whichever_row_leaves_them_blank(desk: Desk) -> None:
    result = checked(
        desk,
        HEAD + "R1,,2026-11-30,,Day,10.00,2026-11-01\nR1,A1,,EUR,Night,5.00,2026-11-01\n",
    )
    assert result.verdict == "accepted"
    (sent,) = desk.sent(result)
    assert (sent["accountNumber"], sent["invoiceDate"], sent["currency"]) == ("A1", "2026-11-30", "EUR")


def test_a_row_without_a_reference_belongs_to_no_invoice(desk: Desk) -> None:
    result = checked(desk, HEAD + "R1,A1,2026-11-30,EUR,Day,10.00,2026-11-01\n,,,,Night,5.00,2026-11-01\n")
    assert [(code, row) for code, _, row in desk.told(result)] == [("E201", 3)]
    assert result.summary["items"] == {
        "in": 2, "accepted": 1, "rejected": 1, "skipped": 0, "amount_unread": 0,
    }  # fmt: skip


def test_faults_of_an_invoice_are_told_once_at_its_first_row_and_unknown_columns_once(desk: Desk) -> None:
    result = checked(
        desk,
        HEAD.replace("currency", "curency") + "R1,,30/11/2026,EUR,Day,10.00,2026-11-01\n" * 3,
        default_currency="EUR",
    )
    assert desk.told(result) == [("E104", "curency", 1), ("E205", "invoice_date", 2), ("E301", "", 2)]


LOADER = (
    "Account NUMBER*,Invoice Date*,Invoice Number,Invoice Comments,IsNewInvoice,IsNewInvoiceItem,"
    "Invoice Item Charge Name,Invoice Item Amount*,Invoice Item Service Start Date\n"
)


def test_a_data_loaders_labels_and_marks_are_taken_as_they_are(desk: Desk) -> None:
    text = LOADER + (
        "A1,2026-11-30,INV-1,Thanks,TRUE,TRUE,Day,10.00,2026-11-01\n"
        ",,,,,TRUE,Night,5.00,2026-11-01\n"
        "A2,2026-11-30,INV-2,,TRUE,TRUE,Day,1.00,2026-11-01\n"
        ",,,,FALSE,TRUE,Day,2.00,2026-11-01\n"
    )
    result = checked(desk, text, default_currency="EUR")
    assert result.verdict == "accepted"
    first, second = desk.sent(result)
    assert (first["invoiceNumber"], first["comments"], len(first["invoiceItems"])) == ("INV-1", "Thanks", 2)
    assert [item["amount"] for item in second["invoiceItems"]] == [1, 2]


@pytest.mark.parametrize(
    "row",
    [
        ",,INV-9,,,TRUE,Night,5.00,2026-11-01",  # goes on with another invoice than the one above
        "A1,2026-11-30,INV-1,Thanks,TRUE,TRUE,Night,5.00,2026-11-01",  # starts the same invoice again
        ",,,,perhaps,TRUE,Night,5.00,2026-11-01",
        ",,,,,,Night,5.00,2026-11-01",  # no item
    ],
)
def test_a_mark_that_makes_no_sense_is_an_error(desk: Desk, row: str) -> None:
    text = LOADER + f"A1,2026-11-30,INV-1,Thanks,TRUE,TRUE,Day,10.00,2026-11-01\n{row}\n"
    result = checked(desk, text, default_currency="EUR")
    assert ("E111", "", 3) in desk.told(result)
    assert result.verdict != "accepted"


def test_a_flat_sheet_of_a_workbook_keeps_kinds_blanks_and_what_its_cells_show(desk: Desk) -> None:
    book = Workbook()
    page = book.active
    page.append([*HEAD.strip().split(","), "comments"])
    page.append(["R1", 7, date(2026, 11, 30), "EUR", "Day", 10, date(2026, 11, 1), " Thanks "])
    page.append(["R1", 7, date(2026, 11, 30), "EUR", "Night", 5, date(2026, 11, 1), None])
    for row in (2, 3):
        page.cell(row, 2).number_format = "0000"
    book.save(desk.folder / "flat.xlsx")
    result = pipeline.check(desk.folder / "flat.xlsx", workspace=desk.workspace)
    assert desk.told(result) == [("W201", "comments", 2), ("E219", "account_number", 2)]
    assert result.assessment.sheets.valid.invoices["invoice_date"].tolist() == [date(2026, 11, 30)]


def test_flat_files_with_different_columns_feed_one_table(desk: Desk) -> None:
    first, second = desk.folder / "first.csv", desk.folder / "second.csv"
    first.write_text(
        HEAD.strip() + ",comments\n"
        "R1,A1,2026-11-30,EUR,Day,10.00,2026-11-01,#N/A\nR1,A1,2026-11-30,EUR,Day,10.00,2026-11-01,#N/A\n"
    )
    second.write_text(HEAD + "R2,A2,2026-11-30,EUR,Day,1.00,2026-11-01\n")
    result = pipeline.check(first, second, workspace=desk.workspace)
    cells = [(issue["code"], issue["file"], issue["cell"]) for issue in result.issues.to_dict("records")]
    assert cells == [("E214", "first.csv", "H2")]
    assert [invoice["accountNumber"] for invoice in desk.sent(result)] == ["A2"]


def test_many_rows_that_repeat_a_wrong_value_are_counted(desk: Desk) -> None:
    result = checked(desk, HEAD + "R1,A1,30/11/2026,EUR,Day,10.00,2026-11-01\n" * 40)
    (message,) = result.issues["message"]
    assert "The same stands in C3, C4," in message
    assert message.endswith(" more.")


def test_titles_above_the_header(desk: Desk) -> None:
    text = "Invoices of November\n\n" + HEAD + "R1,A1,2026-11-30,EUR,Day,10.00,2026-11-01\n"
    result = checked(desk, text)
    assert result.verdict == "accepted"
    assert result.assessment.raw.tables["items"].row_numbers.tolist() == [4]


def test_a_pair_with_a_column_too_many_is_no_flat_file(desk: Desk) -> None:
    result = desk.check([desk.invoice(amount="10.00", charge_name="x")], [desk.item()])
    assert desk.told(result) == [("E104", "amount", 1), ("E104", "charge_name", 1)]


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABC"), st.sampled_from(["EUR", "USD", ""]), st.sampled_from(["N1", "N2", ""])
        ),
        max_size=8,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_every_row_is_accounted_for_and_no_value_wins_over_another(
    tmp_path: Path, rows: list[tuple[str, str, str]]
) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["invoice_ref", "account_number", "invoice_date", "currency", "charge_name", "amount",
                     "service_start_date", "comments"])  # fmt: skip
    for ref, currency, note in rows:
        writer.writerow([ref, "A1", "2026-11-30", currency, "Day", "1.00", "2026-11-01", note])
    path = tmp_path / "flat.csv"
    path.write_text(out.getvalue())
    result = pipeline.check(path, workspace=tmp_path / "w", default_currency="EUR")
    raw = result.assessment.raw.tables
    assert len(raw["items"]) == len(rows)
    assert len(raw["invoices"]) == len({ref for ref, _, _ in rows})
    torn = {
        ref
        for ref in {row[0] for row in rows}
        for at in (1, 2)
        if len({row[at] for row in rows if row[0] == ref and row[at]}) > 1
    }
    assert {ref for ref in result.issues["invoice_ref"][result.issues["level"] == "error"] if ref} == torn
