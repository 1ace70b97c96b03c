"""Yes and no, and choices: what the declarations accept has one meaning, and nothing else has any."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from support.desk import Desk

from pipeline.read import read_raw_sheets
from pipeline.result import Result
from pipeline.settings import Settings
from pipeline.targets import TARGETS
from pipeline.template import bind_target_tables, build_template
from pipeline.validate import check_table
from schemas.arrow.columns import decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.fields import Field, Kind
from schemas.notation.dates import DateNotation
from schemas.notation.numbers import NumberNotation
from schemas.tables import INVOICES
from schemas.tables.common import NO_WORDS, YES_WORDS

FLAGS = [field for field in INVOICES if field.kind is Kind.BOOLEAN]
CHOICES = [field for field in INVOICES if field.kind is Kind.CHOICE]
WORDED = [
    name
    for name in TARGETS
    if any(
        field.kind in (Kind.BOOLEAN, Kind.CHOICE)
        for table in bind_target_tables(Settings(target=name)).values()
        for field in table
    )
]
"""The targets whose templates offer such words."""
QUICK = settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
BLANKS = st.text(" \u00a0\u2009", max_size=3)
TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
    lambda text: not text.startswith(("#", "'"))
)


def spellings(words: Sequence[str]) -> Any:
    """One of the words in any case, with blanks around it; and the word."""

    def written(word: str) -> Any:
        letters = [st.sampled_from([letter.lower(), letter.upper()]) for letter in word]
        return st.tuples(BLANKS, st.tuples(*letters).map("".join), BLANKS).map(
            lambda parts: ("".join(parts), word)
        )

    return st.sampled_from(words).flatmap(written)


def checked(desk: Desk, field: Field, texts: Sequence[str]) -> Result:
    """A file with an invoice for each text."""
    refs = [f"R{at}" for at in range(len(texts))]
    invoices = [desk.invoice(ref, **{field.name: text}) for ref, text in zip(refs, texts, strict=True)]
    return desk.check(invoices, [desk.item(ref) for ref in refs])


def typed(result: Result, field: Field) -> list[Any]:
    values: list[Any] = decode_dictionary(
        arrow_column(result.assessment.sheets.valid.invoices[field.name])
    ).to_pylist()
    return values


def refused(result: Result) -> set[tuple[str, str, str]]:
    """Where something was refused: the column, the reference and the cell's value."""
    errors = result.issues[result.issues["level"] == "error"]
    return set(
        zip(errors["column"], errors["invoice_ref"], errors["cell"].str.lstrip("ABCDEFGH"), strict=True)
    )


@pytest.mark.parametrize("word", [*YES_WORDS, *NO_WORDS])
def test_no_word_means_yes_and_no(word: str) -> None:
    assert (word in YES_WORDS) + (word in NO_WORDS) == 1
    assert word == word.lower().strip()


@pytest.mark.parametrize("field", FLAGS, ids=lambda field: field.name)
@QUICK
@given(written=st.lists(spellings([*YES_WORDS, *NO_WORDS]), min_size=15, max_size=40))
def test_every_way_to_write_yes_or_no_has_its_value(
    desk: Desk, field: Field, written: list[tuple[str, str]]
) -> None:
    result = checked(desk, field, [text for text, _ in written])
    assert typed(result, field) == [word in YES_WORDS for _, word in written]
    assert "E210" not in desk.codes(result)


@pytest.mark.parametrize("field", CHOICES, ids=lambda field: field.name)
@QUICK
@given(data=st.data())
def test_every_choice_in_any_case_is_the_choice(desk: Desk, field: Field, data: st.DataObject) -> None:
    written = data.draw(st.lists(spellings(field.choices), min_size=15, max_size=40))
    result = checked(desk, field, [text for text, _ in written])
    assert typed(result, field) == [word for _, word in written]
    assert "E209" not in desk.codes(result)


@pytest.mark.parametrize("field", [*FLAGS, *CHOICES], ids=lambda field: field.name)
@QUICK
@given(data=st.data())
def test_any_other_word_is_an_error_of_its_cell_and_spoils_no_other(
    desk: Desk, field: Field, data: st.DataObject
) -> None:
    words = [choice.lower() for choice in field.choices] or [*YES_WORDS, *NO_WORDS]
    texts = data.draw(st.lists(TEXTS | st.sampled_from(words), min_size=15, max_size=40))
    result = checked(desk, field, texts)
    wrong = {at for at, text in enumerate(texts) if text.lower() not in words}
    assert refused(result) == {(field.name, f"R{at}", str(at + 2)) for at in wrong}
    assert [value is None for value in typed(result, field)] == [at in wrong for at in range(len(texts))]


@pytest.mark.slow
@pytest.mark.parametrize("target", WORDED)
def test_what_the_template_offers_is_read_as_it_is_offered(target: str, tmp_path: Path) -> None:
    """Each entry of each list that a cell drops down, picked by hand, is one of the values of its field."""
    chosen = Settings(target=target)
    tables, path = bind_target_tables(chosen), tmp_path / "filled.xlsx"
    book = load_workbook(io.BytesIO(build_template(chosen)))
    offered: dict[tuple[str, str], list[str]] = {}
    for table in tables.values():
        sheet = book[table.label]
        for column, field in enumerate(table, 1):
            if field.kind not in (Kind.BOOLEAN, Kind.CHOICE):
                continue
            letter = sheet.cell(1, column).column_letter
            (listed,) = (
                validation
                for validation in sheet.data_validations.dataValidation
                if f"{letter}2" in validation.sqref
            )
            offered[table.name, field.name] = listed.formula1.strip('"').split(",")
            for row, word in enumerate(offered[table.name, field.name], 3):
                sheet.cell(row, column, word)
    book.save(path)
    raw, _ = read_raw_sheets([path], tables)
    for (name, field_name), entries in offered.items():
        frame, issues = check_table(raw.tables[name], tables[name], DateNotation(), NumberNotation())
        values = [
            value
            for value in decode_dictionary(arrow_column(frame[field_name])).to_pylist()
            if value is not None
        ]
        field = tables[name][field_name]
        assert values == ([word.lower() in YES_WORDS for word in entries] if not field.choices else entries)
        assert not any(
            finding.field == field_name and finding.code in ("E209", "E210") for finding in issues.findings
        )
