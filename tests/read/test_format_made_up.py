"""A new file format costs its parser, a test with a file of it, and one entry of the registry."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from support.card_parser import MAGIC
from support.desk import Desk

from pipeline.errors import SourceError
from pipeline.read.formats import FORMATS, Format
from pipeline.reference.reading_page import build_reading_page

CARDS = Format(
    title="Card file",
    suffixes=(".cards",),
    description="A sheet per card.",
    parse="support.card_parser:read_cards",
    starts_with=(MAGIC,),
)


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker finds the parser where the package itself would lie."""
    tests = str(Path(__file__).parents[1])
    paths = [tests, *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


def card(title: str, rows: Iterable[dict[str, Any]]) -> str:
    lines = [dict(row) for row in rows]
    return "\n".join([title, "|".join(lines[0]), *("|".join(map(str, line.values())) for line in lines)])


def write_cards(desk: Desk, *cards: str, name: str = "book.cards") -> Path:
    path = desk.workspace.parent / name
    path.write_bytes(MAGIC + "\n\n".join(cards).encode())
    return path


def pair(desk: Desk) -> list[str]:
    return [card("Invoices", [desk.invoice()]), card("Invoice items", [desk.item(amount="7.50")])]


@pytest.mark.parametrize("in_worker", [True, False])
def test_it_is_read_where_it_asks_to_be(desk: Desk, monkeypatch: pytest.MonkeyPatch, in_worker: bool) -> None:
    monkeypatch.setitem(FORMATS, "cards", replace(CARDS, in_worker=in_worker))
    result = desk.checked(write_cards(desk, *pair(desk)))
    assert desk.told(result) == []
    assert result.assessment.balance.accepted.items == 1
    (source,) = result.assessment.raw.sources
    assert (str(os.getpid()) in source.notes) is not in_worker
    assert source.package == b""  # the format does not say that a copy may be marked in place


def test_its_rows_are_addressed_by_sheet_and_row(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "cards", CARDS)
    cards = [card("Invoices", [desk.invoice()]), card("Invoice items", [desk.item(amount="seven")])]
    result = desk.checked(write_cards(desk, *cards))
    issue = result.issues.iloc[0]
    assert (issue["file"], issue["sheet"], issue["row"], issue["value"]) == (
        "book.cards",
        "Invoice items",
        2,
        "seven",
    )


def test_a_folder_is_searched_for_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "cards", CARDS)
    folder = desk.workspace.parent / "month"
    folder.mkdir()
    write_cards(desk, *pair(desk)).rename(folder / "book.cards")
    (folder / "notes.cardsx").write_text("not looked for")
    assert desk.told(desk.checked(folder)) == []


def test_a_file_that_has_only_its_name_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "cards", CARDS)
    path = desk.workspace.parent / "book.cards"
    path.write_text("no card")
    with pytest.raises(SourceError, match="named like a workbook"):
        desk.checked(path)


def test_its_refusals_and_its_death_are_sentences(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "cards", CARDS)
    with pytest.raises(SourceError, match=r"empty\.cards holds nothing but blanks"):
        desk.checked(write_cards(desk, "Invoices", name="empty.cards"))
    with pytest.raises(SourceError, match=r"made the parser stop \(code 3\)"):
        desk.checked(write_cards(desk, "fatal", name="fatal.cards"))


def test_the_reading_page_derives_from_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ".cards" not in build_reading_page()
    monkeypatch.setitem(FORMATS, "cards", CARDS)
    assert "| Card file | `.cards` | A sheet per card. |" in build_reading_page()


def test_formats_that_share_their_first_bytes_agree_on_the_process() -> None:
    def first_bytes(file_format: Format) -> tuple[bytes, ...]:
        return file_format.starts_with

    for _, alike in groupby(sorted(FORMATS.values(), key=first_bytes), key=first_bytes):
        formats = list(alike)
        assert len({file_format.in_worker for file_format in formats}) == 1
        assert len(formats) == 1 or all(file_format.recognise for file_format in formats)
