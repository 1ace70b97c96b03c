"""The corpus of odd and broken files: what our reader makes of each, and what another reader does.

`SHARED_DATA=... python tests/corpus.py` writes `tests/golden/corpus.csv` anew and keeps its explanations. A
line is a sheet, or a file that is refused. The other reader is openpyxl for .xlsx and .xlsm; LibreOffice,
asked to save the file as .xlsx, for every other workbook; and the csv module for text.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).parents[2]))

from pipeline.errors import PipelineError
from pipeline.read import ReadLimits
from pipeline.read.files.input_files import Blob, read_blobs
from pipeline.read.files.text_encoding import CODE_PAGES
from pipeline.read.formats.csv_file import read_csv
from pipeline.read.formats.parser_process import ParserProcess
from pipeline.read.grid import Grid
from schemas.cell_kinds import CellKind

GOLDEN = Path(__file__).parents[1] / "golden" / "corpus.csv"
LIMITS = ReadLimits(memory=1 << 30, seconds=20)
KINDS = ("text", "number", "date", "time", "boolean", "error", "formula")
COUNTS = ("rows", *KINDS, "hidden_rows", "merged")
OURS = ("file", "sheet", "hidden", *COUNTS, "notes", "ragged", "refused")
_OPENPYXL = {".xlsx", ".xlsm"}
HEADER = (*OURS, "reader", "difference", "because")
Line = dict[str, str]


def manifest(corpus: Path) -> list[Line]:
    """The files of the corpus, each with its trap and what a good importer does."""
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def golden() -> list[Line]:
    """The table in the repository."""
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ours(corpus: Path, name: str, parser: ParserProcess) -> list[Line]:
    """What our reader makes of a file: a line a sheet, or one with the sentence of its refusal."""
    blank = dict.fromkeys(OURS, "") | {"file": name}
    try:
        return [
            blank | _facts(grid)
            for blob in read_blobs(corpus / name, LIMITS)
            for grid in (
                _grids(blob, parser)
                or [Grid(name="", part="", columns=(), row_numbers=np.zeros(0, np.int32))]
            )
        ]
    except PipelineError as error:
        return [blank | {"refused": str(error)}]


def _grids(blob: Blob, parser: ParserProcess) -> list[Grid]:
    if blob.in_worker:
        return parser.parse(blob.name, blob.data)
    return [read_csv(blob.name, blob.data, lambda _: 0)]


def _facts(grid: Grid) -> Line:
    counts: Counter[str] = Counter()
    filled = np.zeros(len(grid), np.bool_)
    for at, column in enumerate(grid.columns):
        filled_cells = pc.greater(pc.binary_length(column), 0).to_numpy()
        filled |= filled_cells
        kinds = grid.kinds[at] if at in grid.kinds else filled_cells.astype(np.uint8)
        counts.update(CellKind(int(kind)).name.lower() for kind in kinds if kind)
    hidden_rows = int((grid.hidden_rows & filled).sum()) if grid.hidden_rows is not None else 0
    counts |= Counter(rows=int(filled.sum()), hidden_rows=hidden_rows, merged=len(grid.merges))
    ragged = int((grid.cell_counts != len(grid.columns)).sum()) if grid.cell_counts is not None else 0
    return {
        "sheet": grid.name,
        "hidden": "yes" if grid.is_hidden else "",
        **{name: str(counts[name] or "") for name in COUNTS},
        "notes": grid.notes,
        "ragged": str(ragged or ""),
    }


def read_by_other(
    path: Path, lines: list[Line], saved: Mapping[str, Path], name: str
) -> tuple[str, dict[str, Line] | str]:
    """The other reader's name, and what it makes of a file: counts by sheet, or why it cannot read it."""
    if name in saved:
        return "LibreOffice", _by_openpyxl(saved[name]) if saved[name].exists() else "cannot read it"
    if path.suffix.lower() in _OPENPYXL:
        return "openpyxl", _by_openpyxl(path)
    return "csv", _by_csv(path, lines[0])


def _saved(corpus: Path, folder: Path) -> dict[str, Path]:
    """Where LibreOffice saves the workbooks that openpyxl does not read, by name; some it cannot save."""
    saved = {}
    for at, case in enumerate(manifest(corpus)):
        path = corpus / case["file"]
        strict = path.suffix.lower() in _OPENPYXL and _by_openpyxl(path) in ({}, "cannot read it: TypeError")
        if (strict or path.suffix in {".xls", ".xlsb", ".ods"}) and "dos" not in path.name:
            shutil.copy(path, folder / f"{at}{path.suffix}")
            saved[case["file"]] = folder / "saved" / f"{at}.xlsx"
    command = [shutil.which("soffice") or "soffice", "--headless", "--convert-to", "xlsx"]
    files = [str(file) for file in folder.iterdir()]
    subprocess.run(
        [*command, "--outdir", str(folder / "saved"), *files], check=False, capture_output=True, timeout=500
    )
    return saved


def _by_openpyxl(path: Path) -> dict[str, Line] | str:
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = openpyxl.load_workbook(path, data_only=True)
            formulas = openpyxl.load_workbook(path)
    except Exception as error:  # whatever it says, it has not read the file
        return f"cannot read it: {type(error).__name__}"
    return {sheet.title: _counted(sheet, formulas[sheet.title]) for sheet in values.worksheets}


def _counted(sheet: Any, formulas: Any) -> Line:
    counts: Counter[str] = Counter(merged=len(sheet.merged_cells.ranges))
    for row, written in zip(sheet.iter_rows(), formulas.iter_rows(), strict=True):
        kinds = [kind for kind in map(_kind, row, written) if kind]
        counts.update(kinds)
        counts["rows"] += bool(kinds)
        counts["hidden_rows"] += bool(kinds) and bool(sheet.row_dimensions[row[0].row].hidden)
    return {name: str(counts[name] or "") for name in COUNTS} | {
        "hidden": "" if sheet.sheet_state == "visible" else "yes"
    }


def _kind(cell: Any, written: Any) -> str:
    value = cell.value
    if value is None:
        return "formula" if written.data_type == "f" else ""
    if cell.data_type == "e":
        return "error"
    for types, kind in (
        ((bool,), "boolean"),
        ((int, float), "number"),
        ((date,), "date"),
        ((time, timedelta), "time"),
    ):
        if isinstance(value, types):
            return kind
    return "text" if value != "" else ""


def _by_csv(path: Path, line: Line) -> dict[str, Line] | str:
    title, _, delimiter = line["notes"].partition(", ")
    if not delimiter:
        return "does not judge it"
    encodings = {"UTF-8": "utf-8-sig", "UTF-16": "utf-16", "UTF-32": "utf-32-le"}
    encoding = encodings.get(title) or CODE_PAGES[title][0]
    sign = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}[delimiter]
    if path.suffix == ".zip":
        return "does not judge it"
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline=""), delimiter=sign))
    counts = {"rows": sum(any(row) for row in rows), "text": sum(bool(cell) for row in rows for cell in row)}
    return {path.name: {name: str(counts.get(name) or "") for name in COUNTS} | {"hidden": ""}}


def difference(line: Line, reader: str, seen: dict[str, Line] | str) -> str:
    """In what the other reader differs, in words; "" when it agrees."""
    if isinstance(seen, str):
        return "" if line["refused"] else f"{reader} {seen}"
    if line["refused"]:
        return f"{reader} reads it"
    counts = seen.get(line["sheet"])
    if counts is None:
        return f"{reader} has no such sheet"
    return ", ".join(
        f"{name} {counts[name] or 0}"
        for name in ("hidden", *COUNTS)
        if (counts[name] or "0") != (line[name] or "0")
    )


def table(corpus: Path) -> Iterator[Line]:
    """Every line of the golden table, with the explanations there are."""
    known = {(row["file"], row["sheet"]): row["because"] for row in golden()} if GOLDEN.exists() else {}
    with tempfile.TemporaryDirectory() as folder, ParserProcess(LIMITS) as parser:
        saved = _saved(corpus, Path(folder))
        for case in manifest(corpus):
            lines = ours(corpus, case["file"], parser)
            reader, seen = read_by_other(corpus / case["file"], lines, saved, case["file"])
            for line in lines:
                words = difference(line, reader, seen)
                because = known.get((line["file"], line["sheet"]), "") if words else ""
                yield line | {"reader": reader, "difference": words, "because": because}


def write(corpus: Path) -> None:
    """The golden table, anew."""
    lines = list(table(corpus))
    with GOLDEN.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


if __name__ == "__main__":
    import os

    write(Path(os.environ["SHARED_DATA"]) / "messy")
