"""A server that imports once and forks a process for each call: a start without its second of imports.

In: a function without parameters, and for each call its arguments, environment and folder.
Out: the exit code and the output of a process of its own, which ends as one that a shell started: by its own
exit, or by a signal.
Never: threads in the server (a fork takes only the thread that forks), or state that a call leaves to the
next.

What is about the start itself (the console script, imports, limits that are set before) needs a real process.
Run as a program this module is the server.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

_SET_TRACER, _ANY_TRACER = 0x59616D61, ctypes.c_ulong(-1)
"""`PR_SET_PTRACER`: a debugger that is no parent may attach, also where the Yama module forbids it."""
_SINGLE_THREADED = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Environment of the server in which its libraries start no thread when they are imported."""


class Ran(NamedTuple):
    """A finished process: its exit code (negative: the signal that killed it), and what it wrote."""

    code: int
    out: str
    err: str


class Child(NamedTuple):
    """A process that runs."""

    pid: int
    out: IO[bytes]
    err: IO[bytes]


class ForkServer:
    """Starts processes that call `function`, which finds its arguments in `sys.argv`."""

    def __init__(self, function: str, *modules: str, folders: Sequence[Path] = (), prepare: str = "") -> None:
        """Start the server.

        Args:
            function: `module:name`; the process exits with what it returns.
            modules: further ones that are imported once.
            folders: put in front of `sys.path`.
            prepare: `module:name` of what each process calls before the function.
        """
        self._socket, remote = socket.socketpair()
        options = {"function": function, "modules": modules, "folders": [str(path) for path in folders]}
        options["prepare"] = prepare
        self._server = subprocess.Popen(
            [sys.executable, __file__, str(remote.fileno()), json.dumps(options)],
            pass_fds=[remote.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **_SINGLE_THREADED},
        )
        remote.close()
        self._answers = self._socket.makefile("r", encoding="utf-8")
        self._codes: dict[int, int] = {}
        self._lock = threading.Lock()
        atexit.register(self.close)

    def start(
        self,
        *words: object,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        stopped: bool = False,
    ) -> Child:
        """Start a process.

        Args:
            words: its arguments.
            env: its whole environment; without it that of this process.
            folder: its working directory; without it that of this process.
            stopped: whether it stops (SIGSTOP) before it calls the function; returns when it has.
        """
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - `wait` closes them
        streams = {1: out.fileno(), 2: err.fileno()}
        child = Child(self.fork(words, streams, env=env, folder=folder, stopped=stopped), out, err)
        while stopped and "\nState:\tT" not in Path(f"/proc/{child.pid}/status").read_text():
            time.sleep(0.001)
        return child

    def fork(
        self,
        words: Sequence[object],
        streams: Mapping[int, int],
        *,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        stopped: bool = False,
    ) -> int:
        """Fork a process and return its id.

        Args:
            words, env, folder, stopped: as in `start`, which returns when the process has stopped.
            streams: by file descriptor of the process (0, 1, 2) the one of this process that it takes.
        """
        call = {
            "words": [str(word) for word in words],
            "env": dict(os.environ if env is None else env),
            "folder": str(folder or Path.cwd()),
            "stopped": stopped,
            "streams": list(streams),
        }
        pid = self._ask(call, list(streams.values()))
        self._codes.pop(pid, None)  # the system gives a number again
        return pid

    def wait(self, child: Child, seconds: float = 120) -> Ran:
        """Wait for a process; kill it when it takes too long."""
        in_time = child.pid in self._codes or _await_end(child.pid, seconds)
        if not in_time:
            os.kill(child.pid, signal.SIGKILL)
        ran = Ran(self.wait_for(child.pid), _read(child.out), _read(child.err))
        if not in_time:
            raise TimeoutError(f"more than {seconds} seconds: {ran}")
        return ran

    def wait_for(self, pid: int, seconds: float = 10) -> int:
        """Return the exit code of a process that ends."""
        if pid not in self._codes:
            _await_end(pid, seconds)
        while (code := self.poll(pid)) is None:  # a debugger is told first, and then its parent
            time.sleep(0.001)
        return code

    def poll(self, pid: int) -> int | None:
        """Return the exit code of a process, or None while it runs."""
        if pid not in self._codes:
            code = self._ask({"pid": pid})
            if code == _RUNNING:
                return None
            self._codes[pid] = code
        return self._codes[pid]

    def run(self, *words: object, **options: Any) -> Ran:
        """Start a process and wait for it."""
        return self.wait(self.start(*words, **options))

    def close(self) -> None:
        """End the server."""
        self._answers.close()
        self._socket.close()
        self._server.wait(10)

    def _ask(self, request: Mapping[str, object], files: Sequence[int] = ()) -> int:
        message = json.dumps(request).encode()
        header = len(message).to_bytes(4, "big")
        with self._lock:  # a timer that kills a process asks from a thread of its own
            if files:
                socket.send_fds(self._socket, [header], files)
            else:
                self._socket.sendall(header)
            self._socket.sendall(message)
            return int(self._answers.readline())


_RUNNING = 1 << 16
"""No exit code, and no signal."""


def _await_end(pid: int, seconds: float) -> bool:
    """Wait until a process has ended, which need not be a child of this one; False after some seconds."""
    descriptor = os.pidfd_open(pid)
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def _read(file: IO[bytes]) -> str:
    with file:
        file.seek(0)
        return file.read().decode()


def _serve(connection: socket.socket) -> bool:
    """Answer until the other side hangs up; returns True in a forked process, which goes on with its call."""
    while True:
        header, files, _, _ = socket.recv_fds(connection, 4, 3)
        if not header:
            return False
        size, message = int.from_bytes(header, "big"), b""
        while len(message) < size:
            message += connection.recv(size - len(message))
        request = json.loads(message)
        if "pid" in request:
            pid, status = os.waitpid(request["pid"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else _RUNNING
        else:
            answer = os.fork()
            if not answer:
                connection.close()
                _take_over(request, files)
                return True
            for file in files:
                os.close(file)
        connection.sendall(f"{answer}\n".encode())


def _take_over(request: dict[str, Any], files: Sequence[int]) -> None:
    """Take the arguments, environment, folder and output of a call."""
    for file, standard in zip(files, request["streams"], strict=True):
        os.dup2(file, standard)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["folder"])
    sys.argv[1:] = request["words"]
    if request["stopped"]:
        ctypes.CDLL(None).prctl(_SET_TRACER, _ANY_TRACER, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)


def _import_function(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _main() -> int:
    descriptor, text = sys.argv[1:]
    options = json.loads(text)
    sys.path[:0] = options["folders"]
    for name in options["modules"]:
        importlib.import_module(name)
    function = _import_function(options["function"])
    prepare = _import_function(options["prepare"]) if options["prepare"] else None
    threads = os.listdir("/proc/self/task")
    if len(threads) > 1:
        sys.exit(f"{len(threads)} threads: a fork would take only one")
    gc.collect()
    gc.freeze()  # what was imported is not looked through, nor its pages copied, in each child
    if not _serve(socket.socket(fileno=int(descriptor))):
        return 0
    if prepare:
        prepare()
    code = function()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)  # the console script does not tidy up either


if __name__ == "__main__":
    sys.exit(_main())
