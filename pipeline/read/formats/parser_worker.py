"""Stage 1, the child process: workbooks come in on stdin, sheets go out on stdout.

    python -P -m pipeline.read.parser MEMORY

In, for each workbook: a frame of JSON (name, limits and the reader's language) and a frame of the file's bytes.
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
from typing import IO, Any

import pyarrow as pa
from defusedxml.common import DefusedXmlException

from pipeline.errors import SourceError
from pipeline.i18n import translate, use_language
from pipeline.read.files.limits import ReadLimits
from pipeline.read.files.refusals import NOT_A_WORKBOOK, Refusal
from pipeline.read.formats import ods, parquet, xls, xlsb, xlsx
from pipeline.read.formats.ooxml.package_gate import DAMAGE_ERRORS, check_package, find_workbook_part
from pipeline.read.formats.ooxml.repair import repair_package
from pipeline.read.formats.parsed_sheet import ParsedSheet, encode_sheet
from pipeline.read.formats.wire import read_frame, write_frame

FOREIGN_FOLDERS = {"word": "a Word document", "ppt": "a PowerPoint file", "visio": "a Visio drawing"}
"""What else lies in a package as a workbook does, by the folder of its parts."""


def serve_requests() -> None:
    """Serve one workbook after the other until stdin is closed."""
    _limit_memory(int(sys.argv[1]))
    gc.disable()  # rows are lists by the million, none of them in a cycle
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up between the frames
    while (header := read_frame(requests)) is not None:
        request = json.loads(header)
        with use_language(request["language"]):
            _serve_request(request, read_frame(requests) or b"", answers)
        answers.flush()


def _limit_memory(size: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _serve_request(request: dict[str, Any], data: bytes, answers: IO[bytes]) -> None:
    name = request["name"]
    try:
        frames = [encode_sheet(sheet) for sheet in _read_sheets(name, data, ReadLimits(**request["limits"]))]
        answer: dict[str, Any] = {"sheets": [description for description, _ in frames]}
    except SourceError as error:
        frames, answer = [], {"error": str(error)}
    except DefusedXmlException:
        frames, answer = [], {"error": str(Refusal.ENTITIES(name))}
    except (*xlsx.XLSX_FAULTS, *xls.XLS_FAULTS, *DAMAGE_ERRORS) as error:
        frames, answer = [], {"error": str(Refusal.DAMAGED(name, why=f" ({_shorten_error(error)})"))}
    except BaseException as error:  # noqa: BLE001, RUF100 - a panic of the parser is no Exception
        sentence = str(Refusal.DAMAGED(name, why=f" ({_shorten_error(error)})"))
        frames, answer = [], {"memory": True} if _is_out_of_memory(error) else {"error": sentence}
    write_frame(answers, json.dumps(answer).encode())
    for _, table in frames:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        write_frame(answers, memoryview(sink.getvalue()))


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception is one of the faces that a lack of memory shows."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, (MemoryError, ImportError)) or "can't start new thread" in str(error)


def _shorten_error(error: BaseException) -> str:
    """The first words of an exception."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


def _read_sheets(name: str, data: bytes, limits: ReadLimits) -> Iterator[ParsedSheet]:
    """The sheets of a workbook, whatever its name says it is."""
    if data.startswith(parquet.PARQUET_MAGIC):
        yield from parquet.read_parquet_sheets(name, data, limits)
        return
    if not data.startswith(b"PK"):
        yield from xls.read_xls_sheets(name, data, limits)
        return
    received = zipfile.ZipFile(io.BytesIO(data))
    unusual = check_package(name, received, limits)
    data, package = repair_package(name, data, received, unusual.utf16)
    workbook = find_workbook_part(package)
    if "mimetype" not in package.NameToInfo and not workbook.startswith("xl/"):
        folder = workbook.partition("/")[0]
        raise Refusal.FOREIGN(name, what=translate(FOREIGN_FOLDERS.get(folder, NOT_A_WORKBOOK)))
    if "mimetype" in package.NameToInfo:
        yield from ods.read_ods_sheets(name, package, limits)
    elif workbook.lower().endswith(".bin"):
        yield from xlsb.read_xlsb_sheets(name, package, limits)
    else:
        for sheet in xlsx.read_xlsx_sheets(name, data, package, unusual.commented, limits):
            sheet.part += "" if package is received else " (mended)"  # it does not lie so in the file
            yield sheet


if __name__ == "__main__":
    serve_requests()
