"""Workers of the parser that are forked from a process which imported the parsers before.

A worker starts in 0.7 seconds, nearly all of them imports; one that is forked starts in some milliseconds and
is a process of its own all the same, under the same memory limit. What is about the start itself takes
`parser_process.start_worker`, or the console script.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from pipeline.read.formats import FORMATS, parser_process
from support.fork_server import ForkServer

_TESTS = Path(__file__).parents[1]
"""A format made up by a test lies there."""


class ForkedWorker:
    """A worker as `subprocess.Popen` shows one, as far as `ParserProcess` looks; a server forks it."""

    def __init__(self, memory: int) -> None:
        request_end, requests = os.pipe()
        answers, answer_end = os.pipe()
        null = os.open(os.devnull, os.O_WRONLY)
        self.pid = self._fork(memory, {0: request_end, 1: answer_end, 2: null})
        for descriptor in (request_end, answer_end, null):
            os.close(descriptor)
        self.stdin, self.stdout = os.fdopen(requests, "wb"), os.fdopen(answers, "rb")
        self.returncode: int | None = None

    def _fork(self, memory: int, streams: dict[int, int]) -> int:
        return _get_server().fork([memory], streams)

    def poll(self) -> int | None:
        self.returncode = _get_server().poll(self.pid)
        return self.returncode

    def kill(self) -> None:
        # coverage writes what it saw when a process ends, and nothing when it is killed
        if "coverage" in sys.modules:
            self._end()
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _end(self) -> None:
        """Let the worker end by itself, as it does when nothing more comes; wait for it for two seconds."""
        with suppress(OSError):
            self.stdin.close()
        deadline = time.monotonic() + 2
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)

    def wait(self) -> int:
        self.returncode = _get_server().wait_for(self.pid)
        return self.returncode


_WAITING = threading.Lock()


class ForkedHere(ForkedWorker):
    """The same, forked by the process that wants it, which is itself forked and has all modules."""

    def _fork(self, memory: int, streams: dict[int, int]) -> int:
        pid = os.fork()
        if pid:
            return pid
        try:
            for standard, descriptor in streams.items():
                os.dup2(descriptor, standard)
            os.closerange(3, 1024)  # the other ends of the pipes: the worker ends when they are closed
            signal.signal(signal.SIGINT, signal.default_int_handler)
            sys.argv[1:] = [str(memory)]
            from pipeline.read.formats.parser_worker import run_worker

            run_worker()
        finally:
            os._exit(1 if sys.exc_info()[0] else 0)

    def poll(self) -> int | None:
        with _WAITING:  # the timer asks from a thread of its own, and a child can be waited for once
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
            return self.returncode

    def wait(self) -> int:
        while (code := self.poll()) is None:
            time.sleep(0.001)
        return code


def fork_workers_here() -> None:
    """Let the workers of this process be forked from it."""
    parser_process.start_worker = ForkedHere  # type: ignore[assignment]


@cache
def _get_server() -> ForkServer:
    modules = [form.parse.partition(":")[0] for form in FORMATS.values() if form.in_worker]
    return ForkServer("pipeline.read.formats.parser_worker:run_worker", *modules, folders=[_TESTS])
