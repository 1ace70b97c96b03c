"""Stage 1, the child process: workbooks come in on stdin, sheets go out on stdout.

    python -P -m pipeline.read.parser MEMORY

In, for each workbook: a frame of JSON (name and limits) and a frame of the file's bytes.
Out: a frame of JSON (the sheets, or the sentence of a refusal), then a frame of Arrow IPC a sheet.
A frame is 8 bytes of length, little-endian, and as many bytes.
Never: imports pandas, opens a path, or takes more memory than it was given; the parser it calls may abort
the process at any time, and then only this one dies.
"""

from __future__ import annotations

import errno
import gc
import io
import json
import os
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from pipeline.errors import SourceError
from pipeline.read.cells import Columns
from pipeline.read.compare import lost_cell
from pipeline.read.frames import read_frame, write_frame
from pipeline.read.limits import ReadLimits
from pipeline.read.package import DAMAGE, DefusedXmlException, gate, shared_texts, sheet_parts
from pipeline.read.scan import Scan, UnusualError, scan, scan_exactly

Frame = tuple[dict[str, Any], pa.Table]


def main() -> None:
    """Serve one workbook after the other until stdin is closed."""
    _limit_memory(int(sys.argv[1]))
    gc.disable()  # rows are lists by the million, none of them in a cycle
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up between the frames
    while (head := read_frame(requests)) is not None:
        _serve(json.loads(head), read_frame(requests) or b"", answers)
        answers.flush()


def _limit_memory(size: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _serve(request: dict[str, Any], data: bytes, answers: IO[bytes]) -> None:
    name = request["name"]
    try:
        sheets = list(_sheets(name, data, ReadLimits(**request["limits"])))
        answer: dict[str, Any] = {"sheets": [about for about, _ in sheets]}
    except SourceError as error:
        sheets, answer = [], {"error": str(error)}
    except DefusedXmlException:
        sheets, answer = [], {"error": f"{name} declares XML entities; save it anew in Excel."}
    except (CalamineError, *DAMAGE) as error:
        sentence = f"{name} is damaged ({_short(error)}); open it in Excel, let Excel repair it, and save it."
        sheets, answer = [], {"error": sentence}
    except BaseException as error:  # noqa: BLE001, RUF100 - a panic of the parser is no Exception
        sentence = f"{name} cannot be read ({_short(error)}); open it in Excel and save it."
        sheets, answer = [], {"memory": True} if _starved(error) else {"error": sentence}
    write_frame(answers, json.dumps(answer).encode())
    for _, table in sheets:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        write_frame(answers, memoryview(sink.getvalue()))


def _starved(error: BaseException) -> bool:
    """Whether an exception is one of the faces that a lack of memory shows."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, (MemoryError, ImportError)) or "can't start new thread" in str(error)


def _short(error: BaseException) -> str:
    """The first words of an exception."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


def _sheets(name: str, data: bytes, limits: ReadLimits) -> Iterator[Frame]:
    package = zipfile.ZipFile(io.BytesIO(data))
    odd = gate(name, package, limits)
    parts = sheet_parts(package)
    odd_texts = any(part.lower().endswith("sharedstrings.xml") for part in odd)
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    with ThreadPoolExecutor(1) as pool:
        for meta in book.sheets_metadata:
            part = parts.get(meta.name, "")
            if meta.typ == SheetTypeEnum.WorkSheet and part in package.NameToInfo:
                scanned = pool.submit(
                    _scan, package, part, part in odd or odd_texts
                )  # while the parser works outside Python's lock
                sheet = book.get_sheet_by_name(meta.name)
                about, table = _sheet(name, part, sheet, scanned.result(), package)
                yield about | {"hidden": meta.visible != SheetVisibleEnum.Visible}, table


def _scan(package: zipfile.ZipFile, part: str, odd: bool) -> Scan:
    try:
        with package.open(part) as stream:
            return scan_exactly(stream) if odd else scan(stream)
    except UnusualError:
        with package.open(part) as stream:
            return scan_exactly(stream)


def _sheet(name: str, part: str, sheet: CalamineSheet, found: Scan, package: zipfile.ZipFile) -> Frame:
    """One sheet: the rows that stand in the file, checked against the XML."""
    columns = Columns(sheet.start[1] if sheet.start else 0, sheet.iter_rows())
    texts, kinds = columns.finished(found.overlays)
    rows = np.array(found.rows, np.int64)
    place = f"{name}, sheet {sheet.name},"
    if (np.diff(rows) <= 0).any():
        raise SourceError(f"{place} has rows out of order, so the file is damaged; save it anew in Excel.")
    filled = np.zeros(max(columns.rows, rows[-1] if len(rows) else 0) + 1, np.bool_)
    for text in texts:
        filled[1 : columns.rows + 1] |= pc.binary_length(text).to_numpy(zero_copy_only=False) > 0
    if not set(np.flatnonzero(filled).tolist()) <= set(found.rows):
        raise SourceError(
            f"{place} has cells outside its rows, so the file is damaged; save it anew in Excel."
        )
    if found.cells is None and not all(filled[row] for row in found.valued):
        with package.open(part) as stream:  # an empty text is the only excuse
            found = scan_exactly(stream)
    if found.cells and (cell := lost_cell(found.cells, texts, kinds, lambda: shared_texts(package))):
        raise SourceError(
            f"{place} cell {cell} has a value that cannot be read exactly; save the file anew in Excel."
        )
    within = rows[rows <= columns.rows]
    taken = pa.table(
        {f"c{at}": text for at, text in enumerate(texts)} | {f"k{at}": k for at, k in kinds.items()}
    )
    if len(within) < columns.rows:
        taken = taken.take(pa.array(within - 1))
    about = {"name": sheet.name, "part": part, "columns": len(texts), "blank_after": len(rows) - len(within)}
    return about, taken.append_column("row", pa.array(within, pa.int32()))


if __name__ == "__main__":
    main()
