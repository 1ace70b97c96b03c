"""Stage 1: the bytes of a workbook -> grids, by a child process.

In: bytes and limits.
Out: a `Grid` for each worksheet.
Never: parses here; whatever the file does to the parser, it ends in a grid or in one sentence.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from threading import Timer
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import SourceError
from pipeline.language import spoken
from pipeline.read import refuse
from pipeline.read.frames import read_frame, write_frame
from pipeline.read.grid import Grid
from pipeline.read.limits import ReadLimits


class Parser:
    """A warm child process that parses one workbook after the other; started again when it dies."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Parser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the child, if it does not run, without waiting for it."""
        if self._process is None:
            small = {
                "ARROW_DEFAULT_MEMORY_POOL": "system",
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
            }
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", "pipeline.read.parser", str(self._limits.memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | small,
            )
        return self._process

    def close(self) -> None:
        """End the child."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    try:
                        stream.close()
                    except OSError:  # what it did not take is of no interest any more
                        continue

    def parse(self, name: str, data: bytes) -> list[Grid]:
        """The sheets of a workbook.

        Raises:
            SourceError: the workbook is refused, or was too much for the parser.
        """
        process = self.start()
        expired: list[bool] = []

        def expire() -> None:
            expired.append(True)
            process.kill()

        timer = Timer(self._limits.seconds, expire)
        timer.start()
        try:
            return self._exchange(process, name, data)
        except (_DiedError, OSError) as error:
            raise self._obituary(name, process, bool(expired)) from error
        finally:
            timer.cancel()

    def _exchange(self, process: subprocess.Popen[bytes], name: str, data: bytes) -> list[Grid]:
        requests, answers = process.stdin, process.stdout
        if requests is None or answers is None:
            raise _DiedError
        about = {"name": name, "limits": asdict(self._limits), "language": spoken()}
        write_frame(requests, json.dumps(about).encode())
        write_frame(requests, data)
        requests.flush()
        answer: dict[str, Any] = json.loads(_alive(read_frame(answers)))
        if "error" in answer:
            raise SourceError(answer["error"])
        if "memory" in answer:
            self.close()
            raise refuse.TOO_MUCH(name, most=self._limits.memory >> 20)
        return [_grid(about, _alive(read_frame(answers))) for about in answer["sheets"]]

    def _obituary(self, name: str, process: subprocess.Popen[bytes], expired: bool) -> SourceError:
        self.close()
        if expired:
            return refuse.TOO_SLOW(name, seconds=f"{self._limits.seconds:g}")
        if process.returncode in {-9, -6}:
            return refuse.TOO_MUCH(name, most=self._limits.memory >> 20)
        return refuse.DEADLY(name, code=process.returncode)


class _DiedError(Exception):
    """The child is gone."""


def _alive(frame: bytes | None) -> bytes:
    if frame is None:
        raise _DiedError
    return frame


def _grid(about: dict[str, Any], frame: bytes) -> Grid:
    with pa.ipc.open_stream(pa.py_buffer(frame)) as reader:
        table = reader.read_all()
    width = range(about["columns"])
    kinds = {
        at: table[f"k{at}"].to_numpy().astype(np.uint8) for at in width if f"k{at}" in table.column_names
    }
    return Grid(
        about["name"], about["part"], tuple(table[f"c{at}"] for at in width), table["row"].to_numpy(), kinds,
        about["blank_after"], notes=about["notes"], hidden=about["hidden"],
        hidden_rows=table["hidden"].to_numpy() if "hidden" in table.column_names else None,
        hidden_columns=frozenset(about["hidden_columns"]), filtered=about["filtered"],
        merges=np.array(about["merges"], np.int32).reshape(-1, 4),
        shown={at: table[f"s{at}"] for at in width if f"s{at}" in table.column_names},
    )  # fmt: skip
