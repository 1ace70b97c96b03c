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
from pipeline.i18n import get_language
from pipeline.read.files.limits import ReadLimits
from pipeline.read.files.refusals import Refusal
from pipeline.read.formats.wire import read_frame, write_frame
from pipeline.read.grid import Grid


class ParserProcess:
    """A warm child process that parses one workbook after the other; started again when it dies."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ParserProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the child, if it does not run, without waiting for it."""
        if self._process is None:
            worker_environment = {
                "ARROW_DEFAULT_MEMORY_POOL": "system",
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
            }
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", "pipeline.read.formats.parser_worker", str(self._limits.memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | worker_environment,
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
        expirations: list[bool] = []

        def expire() -> None:
            expirations.append(True)
            process.kill()

        timer = Timer(self._limits.seconds, expire)
        timer.start()
        try:
            return self._exchange(process, name, data)
        except (_ParserDiedError, OSError) as error:
            raise self._explain_death(name, process, bool(expirations)) from error
        finally:
            timer.cancel()

    def _exchange(self, process: subprocess.Popen[bytes], name: str, data: bytes) -> list[Grid]:
        requests, answers = process.stdin, process.stdout
        if requests is None or answers is None:
            raise _ParserDiedError
        header = {"name": name, "limits": asdict(self._limits), "language": get_language()}
        write_frame(requests, json.dumps(header).encode())
        write_frame(requests, data)
        requests.flush()
        answer: dict[str, Any] = json.loads(_require_frame(read_frame(answers)))
        if "error" in answer:
            raise SourceError(answer["error"])
        if "memory" in answer:
            self.close()
            raise Refusal.TOO_MUCH(name, most=self._limits.memory >> 20)
        return [
            _decode_grid(description, _require_frame(read_frame(answers))) for description in answer["sheets"]
        ]

    def _explain_death(self, name: str, process: subprocess.Popen[bytes], has_expired: bool) -> SourceError:
        self.close()
        if has_expired:
            return Refusal.TOO_SLOW(name, seconds=f"{self._limits.seconds:g}")
        if process.returncode in {-9, -6}:
            return Refusal.TOO_MUCH(name, most=self._limits.memory >> 20)
        return Refusal.DEADLY(name, code=process.returncode)


class _ParserDiedError(Exception):
    """The child is gone."""


def _require_frame(frame: bytes | None) -> bytes:
    if frame is None:
        raise _ParserDiedError
    return frame


def _decode_grid(description: dict[str, Any], frame: bytes) -> Grid:
    with pa.ipc.open_stream(pa.py_buffer(frame)) as reader:
        table = reader.read_all()
    positions = range(description["columns"])
    kinds = {
        position: table[f"k{position}"].to_numpy().astype(np.uint8)
        for position in positions
        if f"k{position}" in table.column_names
    }
    return Grid(
        description["name"], description["part"], tuple(table[f"c{position}"] for position in positions), table["row"].to_numpy(), kinds,
        description["blank_after"], notes=description["notes"], is_hidden=description["hidden"],
        hidden_rows=table["hidden"].to_numpy() if "hidden" in table.column_names else None,
        hidden_columns=frozenset(description["hidden_columns"]), is_filtered=description["filtered"],
        merges=np.array(description["merges"], np.int32).reshape(-1, 4),
        displayed={position: table[f"s{position}"] for position in positions if f"s{position}" in table.column_names},
    )  # fmt: skip
