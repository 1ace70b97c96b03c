"""Workbooks of every format with some of their bytes changed: grids or one sentence, and the child lives on.

`FUZZ=2000` changes each format that many times; the seed of a failure is in its message.
"""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_formats import FORMATS, WRITERS

from pipeline.errors import SourceError
from pipeline.read import ReadLimits
from pipeline.read.formats.parser_process import ParserProcess

TIMES = int(os.environ.get("FUZZ", "40"))
LIMITS = ReadLimits(memory=1 << 30, seconds=20)
NASTY = (
    b"",
    b"\0",
    b"\xff\xff\xff\xff",
    b"<",
    b"-1",
    b"999999999",
    b"ZZZZZZZZ1",
    b'"',
    b"&#0;",
    b"]]>",
    b"1e999",
    b"nan",
)


@pytest.fixture(scope="module")
def parser() -> Iterator[ParserProcess]:
    with ParserProcess(LIMITS) as process:
        yield process


def _changed(data: bytes, chance: random.Random) -> bytes:
    """Some bytes cut out, put in, or turned into what no writer writes."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        length = chance.choice((0, 1, 1, 4, 16))
        new = chance.choice((chance.randbytes(length), chance.choice(NASTY), data[at // 2 : at // 2 + 8]))
        data = data[:at] + new + data[at + length :]
    return data


def _packed_anew(data: bytes, chance: random.Random) -> bytes:
    """The package with one of its parts changed: what a zip's checksum would else catch."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
        parts = [name for name in old.namelist() if not name.endswith("/")]
        chosen = chance.choice([name for name in parts if "sheet" in name or "content" in name] + parts)
        for part in parts:
            new.writestr(part, _changed(old.read(part), chance) if part == chosen else old.read(part))
    return sink.getvalue()


def _end(parser: ParserProcess, name: str, data: bytes) -> bool:
    """Whether reading ends in whole grids or in one sentence."""
    try:
        grids = parser.parse(name, data)
    except SourceError as error:
        return str(error).startswith(name) and "\n" not in str(error)
    return all(len(grid.row_numbers) == len(column) for grid in grids for column in grid.columns)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_changed_workbook_ends_in_grids_or_a_sentence(
    tmp_path: Path, parser: ParserProcess, kind: str
) -> None:
    path = tmp_path / f"book.{kind}"
    WRITERS[kind](path)
    whole, deaths = path.read_bytes(), 0
    for seed in range(TIMES):
        chance = random.Random(f"{kind} {seed}")  # noqa: S311 - what breaks must break again
        inside = kind != "xls" and chance.random() < 0.8
        data = _packed_anew(whole, chance) if inside else _changed(whole, chance)
        process = parser.start()
        assert _end(parser, path.name, data), seed
        deaths += parser.start() is not process
    assert deaths <= TIMES // 20
