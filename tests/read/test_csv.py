"""What the reader promises of CSV files, folders and zips, and of headers and rows whatever the file."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import NoSuchFileError, SourceError
from pipeline.issues import Findings, Issues, SheetIssue
from pipeline.model.sheets import RawSheets
from pipeline.read import ReadLimits, ReadOptions, read_raw_sheets
from pipeline.read.files.text_encoding import decode_to_utf8
from schemas.catalog import CATALOG
from schemas.tables import INVOICES, ITEMS

TABLES = {"invoices": INVOICES, "items": ITEMS}
INVOICE_CSV = "invoice_ref,account_number,invoice_date\nR1,A1,2026-01-02\n"
HEAD = "invoice_ref,charge_name,amount,service_start_date\n"


def items(tmp_path: Path, content: str | bytes, name: str = "items.csv") -> tuple[RawSheets, Issues]:
    """Read a pair whose items are given."""
    (tmp_path / "invoices.csv").write_text(INVOICE_CSV)
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_raw_sheets([tmp_path / "invoices.csv", path], TABLES)


def rows(raw: RawSheets, table: str = "items") -> list[list[str]]:
    return raw.tables[table].frame.to_numpy().tolist()


def get_issue(issues: Issues, code: str) -> SheetIssue:
    (match,) = [issue for issue in issues.sheet_issues if issue.code == code]
    return match


def finding(issues: Issues, code: str) -> Findings:
    (match,) = [findings for findings in issues.findings if findings.code == code]
    return match


def test_importing_the_package_is_light() -> None:
    code = "import sys, pipeline.read; print('pandas' in sys.modules or 'pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_type_is_inferred(tmp_path: Path) -> None:
    values = ["00123", "NA", "NULL", "nan", "10.10", "true", "1e5", "2026-01-02", "", "N/A", "-0"]
    raw, issues = items(tmp_path, HEAD + "".join(f"R1,{value},1,2\n" for value in values))
    assert raw.tables["items"].frame["charge_name"].tolist() == values
    assert raw.tables["items"].kinds == {}
    assert issues == Issues()
    assert "string" in str(raw.tables["items"].frame.dtypes["amount"])
    assert [(s.name, s.rows, s.notes) for s in raw.sources] == [
        ("invoices.csv", 1, "UTF-8, comma"),
        ("items.csv", len(values), "UTF-8, comma"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_delimiters_and_line_ends(tmp_path: Path, end: str, delimiter: str, encoding: str) -> None:
    text = (HEAD + "R1,Tür,1.5,2026-01-01\nR2,x,2,2026-01-02").replace(",", delimiter).replace("\n", end)
    raw, issues = items(tmp_path, text.encode(encoding))
    assert rows(raw) == [["R1", "Tür", "1.5", "2026-01-01"], ["R2", "x", "2", "2026-01-02"]]
    assert raw.tables["items"].row_numbers.tolist() == [2, 3]
    assert issues == Issues()


def test_quotes_and_embedded_line_ends(tmp_path: Path) -> None:
    raw, issues = items(tmp_path, HEAD + 'R1,"a, ""b""\nc",1,2\nR2,"","""",2\nR3,x,1,2')
    assert [row[:3] for row in rows(raw)] == [["R1", 'a, "b"\nc', "1"], ["R2", "", '"'], ["R3", "x", "1"]]
    assert raw.tables["items"].row_numbers.tolist() == [2, 3, 4]
    assert issues == Issues()


def test_a_quote_inside_an_unquoted_cell_is_a_character(tmp_path: Path) -> None:
    raw, _ = items(tmp_path, HEAD + 'R1,5" pipe,1,2\nR2,7" pipe,1,2\nR3,x,1,2\n')
    assert raw.tables["items"].frame["charge_name"].tolist() == ['5" pipe', '7" pipe', "x"]


@pytest.mark.parametrize("tail", ['R1,"open,1,2\nR2,x,1,2\n', 'R1,"a"b,1,2\n'])
def test_an_unclosed_quote_is_an_error(tmp_path: Path, tail: str) -> None:
    with pytest.raises(SourceError, match=r"items\.csv has a quote in row 2 that is not closed"):
        items(tmp_path, HEAD + tail)


def test_ragged_rows_are_kept_and_named(tmp_path: Path) -> None:
    raw, issues = items(tmp_path, HEAD + "R1,x,2,000.00,2026-01-01\nR2,x\n\nR3,x,1,2026-01-01\n")
    assert [row[0] for row in rows(raw)] == ["R1", "R2", "R3"]
    assert rows(raw)[1] == ["R2", "x", "", ""]
    assert raw.tables["items"].row_numbers.tolist() == [2, 3, 5]
    assert raw.ignored["blank"] == 1
    ragged = finding(issues, "E106")
    assert (ragged.table, ragged.field, ragged.rows.tolist()) == ("items", "", [0, 1])
    assert {name: fact.to_pylist() for name, fact in ragged.facts.items()} == {  # type: ignore[union-attr]
        "cells": ["5", "2"],
        "expected": ["4", "4"],
    }


def test_trailing_commas_do_not_shift_columns(tmp_path: Path) -> None:
    raw, issues = items(tmp_path, HEAD + "R1,x,1,2026-01-01,\nR2,y,2,2026-01-02,\n")
    assert rows(raw) == [["R1", "x", "1", "2026-01-01"], ["R2", "y", "2", "2026-01-02"]]
    assert len(finding(issues, "E106")) == 2


def test_rows_that_are_no_data(tmp_path: Path) -> None:
    raw, _ = items(
        tmp_path,
        HEAD
        + 'EXAMPLE,x,1,2\n# note\nTotal:,,1.00,\n,Sum,"1,000.00",\n,,,\n\n'
        + "Total,x,1,2\nexample,x,1,2\nTotal,,,\n",
    )
    assert raw.ignored == {"example": 1, "note": 1, "total": 3, "blank": 2}
    assert raw.tables["items"].frame["invoice_ref"].tolist() == ["Total", "example"]
    assert raw.tables["items"].row_numbers.tolist() == [8, 9]


def test_leading_blank_lines_keep_the_row_numbers(tmp_path: Path) -> None:
    raw, _ = items(tmp_path, "\n,,,\n" + HEAD + "R1,x,1,2\n")
    assert raw.tables["items"].row_numbers.tolist() == [4]
    assert raw.tables["items"].sheets[0].header_row == 3
    assert raw.ignored["blank"] == 2


def test_blanks_around_values_are_trimmed_with_one_notice_a_column(tmp_path: Path) -> None:
    raw, issues = items(tmp_path, HEAD + "R1,é,1,2\n R2,x ,1,   \nR3,\u00a0y\u00a0,1,2\n")
    assert rows(raw) == [["R1", "é", "1", "2"], ["R2", "x", "1", ""], ["R3", "y", "1", "2"]]
    by_field = {findings.field: findings for findings in issues.findings}
    assert by_field.keys() == {"invoice_ref", "charge_name"}
    name = by_field["charge_name"]
    assert name.values is not None
    assert name.row_counts is not None
    assert (name.rows.tolist(), name.values.to_pylist(), name.row_counts.tolist()) == ([1], ["x"], [2])
    assert issues.sheet_issues == ()


def test_header_issues(tmp_path: Path) -> None:
    text = "item_no,charge_nme,Amount,#note,AMOUNT,,Quantity\n1,x,1,n,2,stray,3\n"
    _, issues = items(tmp_path, text)
    missing, twice = get_issue(issues, "E103"), get_issue(issues, "E105")
    assert missing.facts == {"label": "Invoice reference", "table": "Items"}
    assert (twice.column, twice.value) == ("E", "AMOUNT")
    assert twice.facts == {"first": "column C", "second": "column E", "table": "Items"}
    unknown = [issue for issue in issues.sheet_issues if issue.code == "E104"]
    assert [(issue.column, issue.value, issue.facts["near"]) for issue in unknown] == [
        ("B", "charge_nme", " Did you mean charge_name (one character is missing or too many)?"),
        ("F", "column F", ""),
    ]
    assert all(issue.source == "items.csv" and issue.row == 1 for issue in issues.sheet_issues)


def test_a_table_without_sheet_or_rows(tmp_path: Path) -> None:
    (tmp_path / "invoices.csv").write_text(INVOICE_CSV)
    raw, issues = read_raw_sheets([tmp_path / "invoices.csv"], TABLES)
    assert len(raw.tables["items"]) == 0
    lost = get_issue(issues, "E101")
    assert lost.facts["table"] == "Items"
    assert lost.facts["found"] == "invoices.csv"
    raw, issues = items(tmp_path, HEAD)
    assert get_issue(issues, "E102").source == "items.csv"
    assert raw.tables["items"].frame.columns.tolist() == HEAD.strip().split(",")


def test_files_that_are_refused(tmp_path: Path) -> None:
    for content, words in (
        (b"", "empty"),
        (b" \n \n", "nothing but blanks"),
        (HEAD.encode() + b"R1,\xff,1,2\n", "line 2"),
        (HEAD.encode() + b"R1,\0,1,2\n", "NUL"),
        (b"colour,size\nred,1\n", "nothing that can be imported"),
        (b"<!doctype html>", "web page"),
    ):
        with pytest.raises(SourceError, match=words) as caught:
            items(tmp_path, content)
        assert "items.csv" in str(caught.value)


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFileError, match="no file"):
        read_raw_sheets([tmp_path / "missing.csv"], TABLES)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceError, match="no ordinary file"):
        read_raw_sheets([tmp_path / "pipe.csv"], TABLES)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no"):
        read_raw_sheets([tmp_path / "empty"], TABLES)


def test_a_folder_and_a_zip_hold_a_pair(tmp_path: Path) -> None:
    pair = tmp_path / "pair"
    pair.mkdir()
    (pair / "a.csv").write_text(INVOICE_CSV)
    (pair / "b.csv").write_text(HEAD + "R1,x,1,2\n")
    (pair / "catalog.csv").write_text("sku,charge_name,uom,tax_code\nS,x,day,STD\n")
    (pair / "notes.md").write_text("nothing")
    raw, issues = read_raw_sheets([pair], TABLES)
    assert [len(raw.tables[name]) for name in TABLES] == [1, 1]
    assert issues == Issues()
    with zipfile.ZipFile(tmp_path / "pair.zip", "w") as package:
        package.write(pair / "a.csv", "in/a.csv")
        package.write(pair / "b.csv", "in/b.csv")
    raw, issues = read_raw_sheets([tmp_path / "pair.zip"], TABLES)
    assert [source.name for source in raw.sources] == ["pair.zip/a.csv", "pair.zip/b.csv"]
    assert issues == Issues()
    with pytest.raises(SourceError, match="unpacks to more"):
        read_raw_sheets([tmp_path / "pair.zip"], TABLES, ReadLimits(unpacked=50))


def test_several_files_feed_one_table(tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("invoice_ref,amount,service_start_date,sku\nR9,5, 3,S\n")
    (tmp_path / "first.csv").write_text(HEAD + "R1, x,1,2\n")
    raw, issues = read_raw_sheets([tmp_path / "first.csv", tmp_path / "more.csv"], {"items": ITEMS})
    frame = raw.tables["items"].frame
    assert frame["charge_name"].tolist() == ["x", ""]
    assert frame["sku"].tolist() == ["", "S"]
    assert raw.tables["items"].sheet_indices.tolist() == [0, 1]
    assert {findings.field: findings.rows.tolist() for findings in issues.findings} == {
        "charge_name": [0],
        "service_start_date": [1],
    }


def test_a_catalog_is_read_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(
        "sku,product_rate_plan_charge_id,charge_name,charge_model,price\nS-1,C1,Support,Per Unit,10.10\n"
    )
    raw, issues = read_raw_sheets([tmp_path / "products.csv"], {"catalog": CATALOG})
    assert raw.tables["catalog"].frame["list_price"].tolist() == ["10.10"]
    assert issues == Issues()


def test_fast_and_exact_paths_agree(tmp_path: Path) -> None:
    body = "".join(f'R{n},"name, {n}",{n}.50,2026-01-01\n' for n in range(300))
    fast, _ = items(tmp_path, HEAD + body)
    exact, _ = items(tmp_path, HEAD + body + "\n")
    assert fast.tables["items"].frame.equals(exact.tables["items"].frame)
    assert exact.ignored["blank"] == 1


@pytest.mark.parametrize(
    ("text", "encoding", "title"),
    [
        ("Müller & Straße, 5 €", "cp1252", "windows-1252"),
        ("España, inglés, Málaga", "cp1252", "windows-1252"),
        ("café à la crème, forêt", "cp1252", "windows-1252"),
        ("£5, 7°, ©", "cp1252", "windows-1252"),
        ("¿5?", "cp1252", "windows-1252"),
        ("10 € bar", "iso8859-15", "iso-8859-15"),
        ("Łódź, święto", "cp1250", "windows-1250"),
        ("Łódź, święto", "iso8859-2", "iso-8859-2"),
        ("Счёт на оплату", "cp1251", "windows-1251"),
        ("Счёт на оплату", "koi8-r", "koi8-r"),
        ("café", "mac-roman", "mac-roman"),
        ("Müller", "cp850", "cp850"),
        ("Tür", "utf-16-le", "UTF-16"),
        ("Tür", "utf-16-be", "UTF-16"),
        ("Tür", "utf-32-le", "UTF-32"),
    ],
)
def test_an_encoding_is_found_where_one_reading_makes_sense(
    tmp_path: Path, text: str, encoding: str, title: str
) -> None:
    raw, _ = items(tmp_path, (HEAD + f'R1,"{text}",1,2\n').encode(encoding))
    assert raw.tables["items"].frame["charge_name"].tolist() == [text]
    assert raw.sources[1].notes == f"{title}, comma"


@pytest.mark.parametrize(
    ("text", "encoding", "words"),
    [
        ("Cañón", "cp1252", r'line 2 could be read as "Cañón" \(windows-1252\) or "Cańón" \(windows-1250\)'),
        ("ışık", "cp1254", r'"ýþýk" \(windows-1252\) or "ışık" \(windows-1254\)'),
        ("請求書の", "shift-jis", "line 2 is the first that cannot be read"),
    ],
)
def test_an_encoding_is_not_guessed(tmp_path: Path, text: str, encoding: str, words: str) -> None:
    data = (HEAD + f"R1,{text},1,2\n").encode(encoding)
    with pytest.raises(SourceError, match=words):
        items(tmp_path, data)
    name = {"cp1252": "windows-1252", "cp1254": "windows-1254"}.get(encoding, encoding)
    paths = [tmp_path / "items.csv"]
    raw, _ = read_raw_sheets(paths, TABLES, options=ReadOptions(encoding=name))
    assert raw.tables["items"].frame["charge_name"].tolist() == [text]


def test_a_declared_encoding_that_does_not_fit_is_told(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_bytes((HEAD + "R1,Tür,1,2\n").encode("cp1252"))
    with pytest.raises(SourceError, match=r"items\.csv is not valid utf-8 \(line 2"):
        read_raw_sheets([tmp_path / "items.csv"], TABLES, options=ReadOptions(encoding="utf-8"))


def test_a_declared_encoding_lets_no_nul_through(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_bytes(HEAD.encode() + b"R1,\0,1,2\n")
    with pytest.raises(SourceError, match=r"NUL bytes \(the first in line 2\)"):
        read_raw_sheets([tmp_path / "items.csv"], TABLES, options=ReadOptions(encoding="utf-8"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_declared_encoding_takes_the_mark_with_it(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "items.csv").write_bytes((HEAD + "R1,Tür,1,2\n").encode(encoding))
    raw, _ = read_raw_sheets(
        [tmp_path / "items.csv"], TABLES, options=ReadOptions(encoding=encoding.removesuffix("-sig"))
    )
    assert rows(raw) == [["R1", "Tür", "1", "2"]]


def test_a_declared_delimiter_goes_over_what_is_found(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("invoice_ref|charge_name|amount,x|service_start_date\nR1|a,b|1|2\n")
    raw, _ = read_raw_sheets([tmp_path / "items.csv"], TABLES, options=ReadOptions(delimiter="pipe"))
    assert raw.tables["items"].frame["charge_name"].tolist() == ["a,b"]


@pytest.mark.parametrize("data", [b"a,b\n1,\0\n", b"\0" * 40, b"a\0b\0,\0c", b"\xff\xfea"])
def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SourceError, match=r"(NUL bytes \(the first in line|not valid UTF-16)"):
        items(tmp_path, data)


@given(
    text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1),
    mark=st.booleans(),
)
def test_utf8_is_always_read_as_utf8(text: str, mark: bool) -> None:
    data = text.encode("utf-8-sig" if mark else "utf-8")
    assert decode_to_utf8("a.csv", data) == ("UTF-8", text.encode())


@given(
    words=st.lists(st.sampled_from(["Müller", "Straße", "Größe", "Öl", "über", "Ärger"]), min_size=1),
    page=st.sampled_from(["cp1252", "cp1250", "iso8859-2", "iso8859-15", "cp1254"]),
)
def test_german_reads_the_same_whatever_the_code_page(words: list[str], page: str) -> None:
    assert decode_to_utf8("a.csv", ", ".join(words).encode(page))[1].decode() == ", ".join(words)
