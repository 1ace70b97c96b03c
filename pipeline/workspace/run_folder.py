"""Run folders, which appear whole or not at all.

Input: the files a run writes. Output: run folders under `runs/`, flushed to the disk before they get their name. It
never reads what lies in those files, never looks at the clock, never opens the ledger, and never removes a folder
that a living process is filling: locks on folders tell a living run from a dead one.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import WorkspaceError
from pipeline.language import say
from pipeline.workspace.disk import flush, flush_at_once, flush_tree, make, told
from pipeline.workspace.place import Workspace

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_PARTIAL = re.compile(rf"\.({_RUN_ID.pattern})\.partial")


def new_run_id(now: datetime) -> str:
    """A name for a run and its folder: sortable by time (UTC), safe as a file name, never the same twice."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


class RunFolder:
    """A run's folder while it is filled; see `filling`.

    Attributes:
        path: where it lies now: `runs/.<run id>.partial`, once published `runs/<run id>`.
    """

    def __init__(self, runs: Path, run_id: str) -> None:
        self._final = runs / run_id
        self.path = runs / f".{run_id}.partial"
        self._published = False
        self._handle = _claimed(self.path)

    def file(self, name: str) -> Path:
        """The path of a file inside, for writers that open it themselves; its folder is made."""
        path = self.path / name
        with told(path):
            if not path.parent.is_dir():
                make(path.parent)
        return path

    def create(self, name: str) -> BinaryIO:
        """A new file inside (`payloads/0001.json`), open for writing, 0600."""
        path = self.file(name)
        with told(path):
            return open(path, "xb", opener=lambda given, flags: os.open(given, flags, 0o600))

    def write(self, name: str, content: bytes) -> None:
        """A whole file inside (`payloads/0001.json`), 0600."""
        with told(self.path / name), self.create(name) as file:
            file.write(content)

    def flush_ahead(self) -> None:
        """Flushes what is written so far, where that is one call: `publish` has less to wait for."""
        with told(self.path):
            flush_at_once(self.path, self._handle)

    def publish(self) -> Path:
        """Flushes everything to the disk and gives the folder its name; returns its path."""
        with told(self.path):
            if self._final.exists():
                raise WorkspaceError(say("The run folder {folder} exists already.", folder=str(self._final)))
            flush_tree(self.path, self._handle)
            os.rename(self.path, self._final)
            self.path = self._final
            flush(self._final.parent)
            self._published = True
        return self.path

    def close(self) -> None:
        """Lets go of the folder; removes it unless it was published whole."""
        try:
            if not self._published:
                _remove(self.path)
        finally:
            os.close(self._handle)


@contextmanager
def filling(workspace: Workspace, run_id: str) -> Iterator[RunFolder]:
    """A run folder to fill; without `publish`, or on any error before it is done, no trace stays.

    An `OSError` of the caller's own writing becomes a sentence, too.

    Raises:
        WorkspaceError: the disk is full, broken or cannot be written.
    """
    folder = RunFolder(workspace.runs, run_id)
    try:
        with told(folder.path):
            yield folder
    finally:
        folder.close()


def remove_orphans(workspace: Workspace, recorded: Container[str]) -> tuple[str, ...]:
    """Removes what broken runs left; to be called only while the ledger's write lock is held.

    Folders get their name under that lock, so a folder the ledger does not know then is nobody's. A partial
    folder is removed when no living process holds it. Other names are left alone.

    Args:
        workspace: where.
        recorded: the run ids the ledger knows.

    Returns:
        The run ids of what was removed.
    """
    removed = []
    with told(workspace.runs):
        for name in sorted(os.listdir(workspace.runs)):
            path, partial = workspace.runs / name, _PARTIAL.fullmatch(name)
            if partial and _remove_unheld(path):
                removed.append(partial[1])
            elif _RUN_ID.fullmatch(name) and name not in recorded and path.is_dir():
                _remove(path)
                removed.append(name)
    return tuple(removed)


def _claimed(path: Path) -> int:
    """Makes a partial folder and locks it; the lock is a handle, and ends with its process."""
    with told(path):
        while True:
            make(path)
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.stat(path), os.fstat(handle)):
                    return handle
            os.close(handle)  # taken for dead and removed between making and locking it


def _remove_unheld(path: Path) -> bool:
    """Removes a partial folder unless a living process holds it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        _remove(path)
        return True
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    """Removes a folder; it loses its name first, so that no half of it is ever taken for a run's."""
    with suppress(FileNotFoundError):
        if not path.name.startswith("."):
            path = path.rename(path.with_name(f".{path.name}.partial"))
        shutil.rmtree(path)
