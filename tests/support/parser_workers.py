"""Workers of the parser, forked from a server that imported the parsers once.

A worker starts in 0.7 seconds, nearly all of them imports; one that is forked starts in some milliseconds and is
a process of its own all the same, under the same memory limit. What is about the start itself takes
`parser_process.start_worker`.
"""

from __future__ import annotations

import os
import signal
from functools import cache
from pathlib import Path

from support.fork_server import ForkServer


_TESTS = Path(__file__).parents[1]
"""A format made up by a test lies there."""


class ForkedWorker:
    """A worker as `subprocess.Popen` shows one, as far as `ParserProcess` looks."""

    def __init__(self, memory: int) -> None:
        request_end, requests = os.pipe()
        answers, answer_end = os.pipe()
        null = os.open(os.devnull, os.O_WRONLY)
        self.pid = _get_server().fork([memory], {0: request_end, 1: answer_end, 2: null})
        for descriptor in (request_end, answer_end, null):
            os.close(descriptor)
        self.stdin, self.stdout = os.fdopen(requests, "wb"), os.fdopen(answers, "rb")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        self.returncode = _get_server().poll(self.pid)
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        self.returncode = _get_server().wait_for(self.pid)
        return self.returncode


@cache
def _get_server() -> ForkServer:
    return ForkServer("pipeline.read.formats.parser_worker:run_worker", *_get_parser_modules(), folders=[_TESTS])


def _get_parser_modules() -> list[str]:
    from pipeline.read.formats import FORMATS

    return [form.parse.partition(":")[0] for form in FORMATS.values() if form.in_worker]
