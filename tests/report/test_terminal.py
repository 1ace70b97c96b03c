"""The report in the terminal, as an accountant reads it: numbers, nouns, places, and lines that fit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.command_line import PRODUCTS, SAMPLE

from pipeline import check
from pipeline.flow import load_catalog
from pipeline.report.issue_table import ISSUE_SCHEMA, make_issue_table
from pipeline.report.terminal import render_causes, render_report
from pipeline.report.text_layout import format_count, wrap_lines


def summary(accepted: int = 0, rejected: int = 0, skipped: int = 0, **over: Any) -> dict[str, Any]:
    """A summary as a check has it."""
    shares = {"accepted": accepted, "rejected": rejected, "skipped": skipped}
    books = {"in": sum(shares.values()), **shares}
    return {
        "run_id": None,
        "command": "check",
        "target": "t",
        "verdict": "partial",
        "invoices": books,
        "items": books | {"amount_unread": 0},
        "money": {},
        "requests": 1,
        "sheets": {},
        "issues": {},
        "warnings": {},
        "ignored_rows": {},
        "sources": [{"name": "a.xlsx"}],
        "catalog": None,
        "accounts": None,
        "permissions": [],
        "differences": [],
        "run_folder": None,
        "plan": {"invoices": 0},
        **over,
    }


def issue(code: str = "E202", **over: Any) -> dict[str, Any]:
    """An issue in a cell."""
    place = {"file": "a.xlsx", "sheet": "Items", "row": 3, "column": "Amount", "cell": "H3", "value": "x"}
    words = {"message": "Amount is x.", "fix": "Write digits.", "invoice_ref": "R1", "rows": 1}
    return {"code": code, "level": "error" if code[0] == "E" else "warning", **place, **words, **over}


def lines_of(*issues: dict[str, Any]) -> list[str]:
    return list(render_causes(pa.Table.from_pylist(list(issues), ISSUE_SCHEMA)))


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [
        ((3, 0, 0), "Every invoice is accepted."),
        ((0, 1, 0), "Every invoice is rejected."),
        ((0, 0, 0), "Nothing is accepted: no invoice was found."),
        ((1, 2, 0), "Of 3 invoices 1 is accepted, 2 are rejected."),
        ((0, 1, 1), "Of 2 invoices 0 are accepted, 1 is rejected, 1 was accepted before."),
        (
            (1000, 0, 2000),
            "Of 3,000 invoices 1,000 are accepted, 0 are rejected, 2,000 were accepted before.",
        ),
    ],
)
def test_the_verdict_is_a_sentence_with_numbers(shares: tuple[int, int, int], sentence: str) -> None:
    assert render_report(summary(*shares), ISSUE_SCHEMA.empty_table()).splitlines()[1] == sentence


def test_duplicates_and_unbalanced_books_have_their_own_sentences() -> None:
    empty = ISSUE_SCHEMA.empty_table()
    assert "Nothing is left to do" in render_report(summary(0, 0, 2, verdict="duplicate"), empty)
    broken = render_report(
        summary(1, verdict="unbalanced", differences=["EUR: 2 came in, 1 accounted for"]), empty
    )
    assert "a fault of the program" in broken
    assert "\nDoes not balance: EUR: 2 came in, 1 accounted for\n" in broken


def test_money_has_a_line_for_each_currency_and_columns_that_line_up() -> None:
    sums = {"in": "1234.50", "accepted": "1000.00", "rejected": "234.50", "skipped": "0.00"}
    money = {"EUR": sums, "JPY": dict.fromkeys(sums, "70000"), "XXX": sums}
    text = render_report(
        summary(1, money=money, items={**summary(1)["items"], "amount_unread": 1}), ISSUE_SCHEMA.empty_table()
    )
    table = text.split("\n\n")[1].splitlines()
    assert [line.split("  ")[0] for line in table[1:6]] == ["invoices", "items", "EUR", "JPY", "no currency"]
    assert len({len(line) for line in table[:6]}) == 1
    assert table[3].split() == ["EUR", "1,234.50", "1,000.00", "234.50", "0.00"]
    assert table[6] == "The amount of 1 item is unknown and not in these sums."


def test_one_and_many() -> None:
    assert [format_count(count, "row") for count in (0, 1, 2, 2000)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "2,000 rows",
    ]
    assert format_count(2, "row repeats", "rows repeat") == "2 rows repeat"
    for requests, line in ((0, "No request was"), (1, "1 request for t was"), (2, "2 requests for t were")):
        text = render_report(summary(1, command="run", requests=requests), ISSUE_SCHEMA.empty_table())
        assert f"\n{line} prepared" in text


def test_a_cause_names_code_place_invoice_message_and_fix() -> None:
    assert lines_of(issue()) == [
        "  E202  Not a number (Amount): 1 row",
        "        a.xlsx Items H3, invoice R1: Amount is x.",
        "        Fix: Write digits.",
    ]


def test_a_row_a_csv_file_and_a_whole_file_are_places_too() -> None:
    row = lines_of(issue("E301", column="", cell="", message="No account."))
    assert row[1] == "        a.xlsx Items row 3, invoice R1: No account."
    pair = lines_of(issue(file="items.csv", sheet="items.csv"))
    assert pair[1].startswith("        items.csv H3, invoice R1: ")
    file = lines_of(
        issue("E101", sheet="", row=None, column="", cell="", invoice_ref="", message="No sheet.")
    )
    assert file[:2] == ["  E101  A sheet is missing", "        a.xlsx: No sheet."]


def test_an_invoice_that_the_message_names_is_not_named_twice() -> None:
    (_, line, _) = lines_of(issue("E309", cell="", column="", message='The invoice "R1" has no items.'))
    assert line == '        a.xlsx Items row 3: The invoice "R1" has no items.'


def test_many_of_a_kind_are_counted_and_the_commonest_come_first() -> None:
    lines = lines_of(issue("E205", column="Date"), *(issue(row=at, cell=f"H{at}") for at in range(5)))
    assert [line for line in lines if line.startswith("  E")] == [
        "  E202  Not a number (Amount): 5 rows",
        "  E205  Not a date (Date): 1 row",
    ]
    assert "        … and 2 more, all of them in issues.csv" in lines


def test_a_fault_of_the_file_comes_before_all_others() -> None:
    lines = lines_of(
        *(issue(row=at) for at in range(9)), issue("E103", column="", cell="", message="No column.")
    )
    assert lines[0] == "  E103  A mandatory column is missing"


def test_different_fixes_stand_with_their_lines() -> None:
    lines = lines_of(issue("E204", fix="Type 2 decimals."), issue("E204", fix="Type 0 decimals."))
    assert [line.strip() for line in lines if "Fix: " in line] == [
        "Fix: Type 2 decimals.",
        "Fix: Type 0 decimals.",
    ]


def test_a_warning_that_stands_for_many_rows_says_so() -> None:
    (title, line, _) = lines_of(issue("W201", rows=12, message="Amount had blanks."))
    assert title.endswith(": 12 rows")
    assert line.endswith("Amount had blanks. (and 11 more rows)")


def test_no_more_causes_than_anybody_reads() -> None:
    lines = lines_of(*(issue(column=f"C{at}") for at in range(30)))
    assert lines[-1] == "  … and 5 more causes, all of them in issues.csv"


def test_lines_fit_the_terminal_and_hang_under_their_beginning() -> None:
    text = "        " + "word " * 40
    lines = list(wrap_lines([text.rstrip(), "short"], 80))
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith(" " * 10 + "word")
    assert lines[-1] == "short"
    assert list(wrap_lines([text], 0)) == [text]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, pa.Table]:
    place = tmp_path_factory.mktemp("report") / "workspace"
    load_catalog(PRODUCTS, workspace=place)
    result = check(SAMPLE, workspace=place)
    table = make_issue_table(result.assessment.issues, result.assessment.raw, result.assessment.tables)
    return render_report(result.summary, table), table


def test_every_issue_of_the_sample_is_shown_with_its_place(sample: tuple[str, pa.Table]) -> None:
    text, table = sample
    for row in table.to_pylist():
        place = row["cell"] or f"row {row['row']}"
        assert re.search(rf"\n        invoices\.xlsx {row['sheet']} {place}\b.*: ", text), row
        assert row["message"] in text
        assert row["fix"] in text


def test_a_name_cannot_forge_a_line_or_colour(tmp_path: Path) -> None:
    from support.command_line import invoice_import

    ran = invoice_import("check", tmp_path / "a\nError: all is well\x1b[31m.csv")
    assert (ran.code, len(ran.err.splitlines()), "\x1b" in ran.err) == (2, 1, False)
    text = render_report(
        summary(1, sources=[{"name": "a\nACCEPTED\x1b[2J\u202e.csv"}]), ISSUE_SCHEMA.empty_table()
    )
    assert text.startswith("PARTIAL  a\ufffdACCEPTED\ufffd[2J\ufffd.csv\n")
