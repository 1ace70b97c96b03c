"""Every limit of the gate is a setting: what is beyond is refused in one sentence, what is within is read."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from support.desk import Desk

import pipeline
from pipeline.errors import SourceError
from pipeline.flow.assess import build_read_limits
from pipeline.read import ReadLimits
from pipeline.read.files.limits import MAX_ROWS
from pipeline.read.formats.parser_process import ParserProcess
from pipeline.settings import Settings

MEBIBYTE = 1 << 20
Maker = Callable[[Desk], list[Path]]


def _zip(desk: Desk, parts: dict[str, bytes]) -> Path:
    path = desk.folder / "pair.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def _pair(desk: Desk) -> list[bytes]:
    return [path.read_bytes() for path in desk.pair([desk.invoice()], [desk.item()])]


def _remarks(size: int) -> bytes:
    """Rows that are no data, of a text that no zip makes much smaller."""
    lines = (b"# " + random.Random(row).randbytes(500).hex().encode() for row in range(size // 1000 + 1))  # noqa: S311
    return b"\n".join(lines)


def _large_text(desk: Desk) -> list[Path]:
    invoices, items = desk.pair([desk.invoice()], [desk.item()])
    items.write_bytes(items.read_bytes() + _remarks(MEBIBYTE))
    return [invoices, items]


def _large_member(desk: Desk) -> list[Path]:
    invoices, items = _pair(desk)
    return [_zip(desk, {"invoices.csv": invoices, "items.csv": items + _remarks(3 * MEBIBYTE)})]


def _bomb(desk: Desk) -> list[Path]:
    invoices, items = _pair(desk)
    return [
        _zip(
            desk,
            {
                "invoices.csv": invoices,
                "items.csv": items + (b"#" + b"x" * 100_000 + b"\n") * 115,
            },
        )
    ]


def _bomb_in_a_book(desk: Desk) -> list[Path]:
    path = desk.workbook([desk.invoice()], [desk.item()])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/image1.png", bytes(11 * MEBIBYTE))
    return [path]


def _parts(desk: Desk) -> list[Path]:
    invoices, items = _pair(desk)
    return [
        _zip(desk, {"invoices.csv": invoices, "items.csv": items} | {f"{at}.md": b"" for at in range(10)})
    ]


def _far_cell(desk: Desk) -> list[Path]:
    from openpyxl import load_workbook

    path = desk.workbook([desk.invoice()], [desk.item()])
    book = load_workbook(path)
    book["Items"]["CV1000"] = 1
    book.save(path)
    return [path]


BEYOND: dict[str, tuple[str, int, int, Maker, str]] = {
    "a text": ("file_mebibytes", 1, 2, _large_text, "more than 1 MB"),
    "a zip": ("file_mebibytes", 2, 8, _large_member, "more than 2 MB"),
    "a bomb in a zip": ("file_ratio", 200, 100_000, _bomb, "zip bomb"),
    "a bomb in a workbook": ("file_ratio", 200, 100_000, _bomb_in_a_book, "zip bomb"),
    "parts": ("file_parts", 10, 20, _parts, "at most 10"),
    "a cell far out": ("sheet_cells", 50_000, 200_000, _far_cell, r"\(CV1000\)"),
}


@pytest.mark.parametrize("case", BEYOND)
def test_a_limit_is_a_setting(desk: Desk, case: str) -> None:
    name, small, large, make, words = BEYOND[case]
    files = make(desk)
    with pytest.raises(SourceError, match=words):
        pipeline.check(*files, workspace=desk.workspace, **{name: small})
    within = pipeline.check(*files, workspace=desk.workspace, **{name: large})
    assert len(within.assessment.raw.tables["invoices"]) == 1


def test_every_limit_comes_from_a_setting() -> None:
    """Each limit changes when some setting does."""
    default, changed_limits = build_read_limits(Settings()), set[str]()
    for setting in fields(Settings):
        if isinstance(setting.default, int) and not isinstance(setting.default, bool):
            changed = build_read_limits(Settings(**{setting.name: setting.default + 1}))
            changed_limits |= {
                limit.name
                for limit in fields(ReadLimits)
                if getattr(changed, limit.name) != getattr(default, limit.name)
            }
    assert changed_limits == {limit.name for limit in fields(ReadLimits)}


def test_a_sheet_as_long_as_excel_has_them_is_read_by_default_and_none_longer() -> None:
    with ParserProcess(build_read_limits(Settings())) as parser:
        (grid,) = parser.parse("book.xlsx", _long(MAX_ROWS))
        assert grid.row_numbers.tolist() == [1, MAX_ROWS]
        with pytest.raises(SourceError, match=f"A{MAX_ROWS + 1}"):
            parser.parse("book.xlsx", _long(MAX_ROWS + 1))


def _long(last: int) -> bytes:
    sink: Any = io.BytesIO()
    book = Workbook()
    book.active["A1"] = "first"
    book.active["A2"] = "last"
    book.save(sink)
    changed = io.BytesIO()
    with zipfile.ZipFile(sink) as old, zipfile.ZipFile(changed, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            if part.endswith("sheet1.xml"):
                content = content.replace(b'r="A2"', b'r="A%d"' % last).replace(b'r="2"', b'r="%d"' % last)
            new.writestr(part, content)
    return changed.getvalue()
