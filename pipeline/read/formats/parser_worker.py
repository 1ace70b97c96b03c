"""The worker process: files come in on stdin, their sheets go out on stdout.

    python -P -m pipeline.read.formats.parser_worker MEMORY

In: for each file a frame of JSON (name, limits, the reader's language and the parsers that may read it) and a
frame of the file's bytes.
Out: a frame of JSON (the sheets, or the sentence of a refusal), then a frame of Arrow IPC per sheet.
Never: imports pandas, opens a path, or takes more memory than it was given; a parser may abort the process at
any time, and then only this one dies.
"""

from __future__ import annotations

import errno
import gc
import io
import json
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.abc import MetaPathFinder
from typing import IO, Any

import pyarrow as pa
from defusedxml.common import DefusedXmlException

from pipeline.errors import SourceError
from pipeline.i18n import translate, use_language
from pipeline.read.files.limits import ReadLimits
from pipeline.read.files.refusals import NOT_A_WORKBOOK, Refusal
from pipeline.read.formats import (
    FORMATS,
    ZIP_MAGIC,
    FormatInput,
    ParserReference,
    choose_parser,
    parse_sheets,
)
from pipeline.read.formats.ooxml.package_gate import check_package
from pipeline.read.formats.ooxml.package_parts import find_workbook_part
from pipeline.read.formats.ooxml.repair import repair_package
from pipeline.read.formats.wire import OUT_OF_MEMORY, encode_grid, read_frame, write_frame
from pipeline.read.grid import Grid

FOREIGN_FOLDERS = {"word": "a Word document", "ppt": "a PowerPoint file", "visio": "a Visio drawing"}
"""What else is packed as a workbook is, by the folder of its parts."""


def serve_requests() -> None:
    """Serve one file after the other until stdin is closed."""
    sys.meta_path.insert(0, _PandasBlocker())
    _import_parsers()  # before the limit: what the libraries take is not the file's
    _limit_memory(int(sys.argv[1]))
    gc.disable()  # rows are lists by the million, none of them in a cycle
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up between the frames
    while (header := read_frame(requests)) is not None:
        request = json.loads(header)
        with use_language(request["language"]):
            _serve_request(request, read_frame(requests) or b"", answers)
        answers.flush()


class _PandasBlocker(MetaPathFinder):
    """Hides pandas: `pa.array` of a list imports it where it is there, 0.5 seconds for the first file."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def _limit_memory(size: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _import_parsers() -> None:
    """Import the parsers before the first file comes: the parent is still importing pandas then."""
    for file_format in FORMATS.values():
        if file_format.in_worker:
            import_module(file_format.parse.partition(":")[0])


def _serve_request(request: dict[str, Any], data: bytes, answers: IO[bytes]) -> None:
    file = FormatInput(name=request["name"], data=data, limits=ReadLimits(**request["limits"]))
    parsers = [ParserReference(*reference) for reference in request["parsers"]]
    frames: list[tuple[dict[str, Any], pa.Table]] = []
    try:
        # all sheets before the answer: a file is refused for its last sheet as for its first
        frames = [encode_grid(grid) for grid in _parse_file(file, parsers)]
        answer: dict[str, Any] = {"sheets": [description for description, _ in frames]}
    except SourceError as error:
        answer = {"error": str(error)}
    except DefusedXmlException:
        answer = {"error": str(Refusal.ENTITIES(file.name))}
    except BaseException as error:  # noqa: BLE001, RUF100 - a panic of the parser is no Exception
        sentence = str(Refusal.DAMAGED(file.name, why=f" ({_shorten_error(error)})"))
        answer = {"memory": True} if _is_out_of_memory(error) else {"error": sentence}
    write_frame(answers, json.dumps(answer).encode())
    for _, table in frames if "sheets" in answer else []:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        # the buffer itself: as bytes the sheet would be in memory twice
        write_frame(answers, memoryview(sink.getvalue()))


def _is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception is one of the faces that a lack of memory shows."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # a library that cannot be mapped into memory shows as an ImportError, of all things
    return isinstance(error, (MemoryError, ImportError)) or "can't start new thread" in str(error)


def _shorten_error(error: BaseException) -> str:
    """Return the first words of an exception."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


def _parse_file(file: FormatInput, parsers: Sequence[ParserReference]) -> Iterator[Grid]:
    """Parse the sheets of a file, whatever its name says it is."""
    is_repaired = False
    if file.data.startswith(ZIP_MAGIC):
        file, is_repaired = _open_package(file)
    parser = choose_parser(parsers, file)
    if parser is None:
        folder = find_workbook_part(file.require_package()).partition("/")[0]
        raise Refusal.FOREIGN(file.name, what=translate(FOREIGN_FOLDERS.get(folder, NOT_A_WORKBOOK)))
    for grid in parse_sheets(parser, file):
        # a repaired part is not what the file holds, so a copy of the file cannot be patched there
        yield replace(grid, is_patchable=parser.patchable and not is_repaired)


def _open_package(file: FormatInput) -> tuple[FormatInput, bool]:
    """Check and repair the zip that a file is; also return whether it was repaired."""
    received = zipfile.ZipFile(io.BytesIO(file.data))
    unusual = check_package(file.name, received, file.limits)
    data, package = repair_package(file.name, file.data, received, unusual.utf16)
    commented_parts = frozenset(unusual.commented)
    opened = replace(file, data=data, package=package, commented_parts=commented_parts)
    return opened, package is not received


def run_worker() -> None:
    """Serve requests; exit with `OUT_OF_MEMORY` where no answer can say so any more."""
    try:
        serve_requests()
    except BaseException as error:
        if not _is_out_of_memory(error):
            raise
        os._exit(OUT_OF_MEMORY)  # sheets were being sent: too late for an answer, and no memory for more


if __name__ == "__main__":
    run_worker()
