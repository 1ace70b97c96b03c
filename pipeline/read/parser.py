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
from pipeline.language import say, speaking
from pipeline.read import ods, parquet, refuse, xls, xlsb, xlsx
from pipeline.read.frames import read_frame, write_frame
from pipeline.read.limits import ReadLimits
from pipeline.read.mend import mended
from pipeline.read.package import DAMAGE, gate, workbook_part
from pipeline.read.taken import Taken, framed

STRANGERS = {"word": "a Word document", "ppt": "a PowerPoint file", "visio": "a Visio drawing"}
"""What else lies in a package as a workbook does, by the folder of its parts."""


def main() -> None:
    """Serve one workbook after the other until stdin is closed."""
    _limit_memory(int(sys.argv[1]))
    gc.disable()  # rows are lists by the million, none of them in a cycle
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up between the frames
    while (head := read_frame(requests)) is not None:
        request = json.loads(head)
        with speaking(request["language"]):
            _serve(request, read_frame(requests) or b"", answers)
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
        frames = [framed(each) for each in _sheets(name, data, ReadLimits(**request["limits"]))]
        answer: dict[str, Any] = {"sheets": [about for about, _ in frames]}
    except SourceError as error:
        frames, answer = [], {"error": str(error)}
    except DefusedXmlException:
        frames, answer = [], {"error": str(refuse.ENTITIES(name))}
    except (*xlsx.FAULTS, *xls.FAULTS, *DAMAGE) as error:
        frames, answer = [], {"error": str(refuse.DAMAGED(name, why=f" ({_short(error)})"))}
    except BaseException as error:  # noqa: BLE001, RUF100 - a panic of the parser is no Exception
        sentence = str(refuse.DAMAGED(name, why=f" ({_short(error)})"))
        frames, answer = [], {"memory": True} if _starved(error) else {"error": sentence}
    write_frame(answers, json.dumps(answer).encode())
    for _, table in frames:
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


def _sheets(name: str, data: bytes, limits: ReadLimits) -> Iterator[Taken]:
    """The sheets of a workbook, whatever its name says it is."""
    if data.startswith(parquet.MAGIC):
        yield from parquet.sheets(name, data, limits)
        return
    if not data.startswith(b"PK"):
        yield from xls.sheets(name, data, limits)
        return
    original = zipfile.ZipFile(io.BytesIO(data))
    odd = gate(name, original, limits)
    data, package = mended(name, data, original, odd.wide)
    workbook = workbook_part(package)
    if "mimetype" not in package.NameToInfo and not workbook.startswith("xl/"):
        folder = workbook.partition("/")[0]
        raise refuse.FOREIGN(name, what=say(STRANGERS.get(folder, refuse.NO_WORKBOOK)))
    if "mimetype" in package.NameToInfo:
        yield from ods.sheets(name, package, limits)
    elif workbook.lower().endswith(".bin"):
        yield from xlsb.sheets(name, package, limits)
    else:
        for each in xlsx.sheets(name, data, package, odd.commented, limits):
            each.part += "" if package is original else " (mended)"  # it does not lie so in the file
            yield each


if __name__ == "__main__":
    main()
