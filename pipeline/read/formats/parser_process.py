"""The parser process as its parent sees it: a subprocess that parses the files that could kill a parser.

In: the bytes of a file, and limits.
Out: a `Grid` for each sheet.
Never: parses here; whatever the file does to the parser, it ends in grids or in one sentence.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from threading import Timer
from types import TracebackType
from typing import Any

from pipeline.errors import SourceError
from pipeline.i18n import get_language
from pipeline.process import get_child_environment
from pipeline.read.files.limits import ReadLimits
from pipeline.read.files.refusals import Refusal
from pipeline.read.formats import detect_formats
from pipeline.read.formats.wire import OUT_OF_MEMORY, decode_grid, read_frame, write_frame
from pipeline.read.grid import Grid


def start_worker(memory: int) -> subprocess.Popen[bytes]:
    """Start a worker process, which reads requests from its stdin and answers on its stdout.

    Args:
        memory: bytes that it may take.
    """
    # -P: no module of the current folder may take the place of one of ours or of a library
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-P", "-m", "pipeline.read.formats.parser_worker", str(memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=get_child_environment(),
    )


class ParserProcess:
    """A warm worker that parses one file after the other; started again when it dies."""

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
        """Start the worker, if it does not run, without waiting for it."""
        if self._process is None:
            self._process = start_worker(self._limits.memory)
        return self._process

    def close(self) -> None:
        """End the worker."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    # closing flushes what the dead worker never read; nobody needs it any more
                    with suppress(OSError):
                        stream.close()

    def parse(self, name: str, data: bytes) -> list[Grid]:
        """Parse the sheets of a file in the worker.

        Args:
            name: the file's name, for sentences.
            data: its bytes, which tell its format.

        Raises:
            SourceError: the file is refused, or was too much for the parser.
        """
        process = self.start()
        # filled by the timer's thread: the worker was killed for its time, it did not die by itself
        expirations: list[bool] = []

        def stop_worker() -> None:
            expirations.append(True)
            process.kill()

        timer = Timer(self._limits.seconds, stop_worker)
        timer.start()
        try:
            return self._send_file(process, name, data)
        except (_ParserDiedError, OSError) as error:
            raise self._explain_death(name, process, bool(expirations)) from error
        finally:
            timer.cancel()

    def _send_file(self, process: subprocess.Popen[bytes], name: str, data: bytes) -> list[Grid]:
        requests, answers = process.stdin, process.stdout
        if requests is None or answers is None:
            raise _ParserDiedError  # uncovered: the worker is always started with both pipes
        parsers = [file_format.reference for file_format in detect_formats(data)]
        header = {
            "name": name,
            "limits": asdict(self._limits),
            "language": get_language(),
            "parsers": parsers,
        }
        write_frame(requests, json.dumps(header).encode())
        write_frame(requests, data)
        requests.flush()
        answer: dict[str, Any] = json.loads(_require_frame(read_frame(answers)))
        if "error" in answer:
            raise SourceError(answer["error"])
        if "memory" in answer:
            # a worker at its limit has no room for the next file either
            self.close()
            raise Refusal.TOO_MUCH(name, most=self._limits.memory >> 20)
        return [
            decode_grid(description, _require_frame(read_frame(answers))) for description in answer["sheets"]
        ]

    def _explain_death(self, name: str, process: subprocess.Popen[bytes], has_expired: bool) -> SourceError:
        """Return the refusal of the file that the worker died of: by time, by memory, or by itself."""
        self.close()
        if has_expired:
            return Refusal.TOO_SLOW(name, seconds=f"{self._limits.seconds:g}")
        # killed by the system, aborted by a library whose allocation failed, or out of memory while sending
        if process.returncode in {-9, -6, OUT_OF_MEMORY}:
            return Refusal.TOO_MUCH(name, most=self._limits.memory >> 20)
        return Refusal.DEADLY(name, code=process.returncode)


class _ParserDiedError(Exception):
    """The worker is gone."""


def _require_frame(frame: bytes | None) -> bytes:
    if frame is None:
        raise _ParserDiedError
    return frame
