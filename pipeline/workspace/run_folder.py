"""Run folders, which appear whole or not at all.

In: the files a run writes.
Out: run folders under `runs/`, flushed to the disk before they get their name.
Never: reads what lies in those files, looks at the clock, opens the ledger, or removes a folder that a living
process is filling: locks on folders distinguish a living run from a dead one.
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
from pipeline.i18n import translate
from pipeline.workspace.disk import (
    flush_file_system,
    flush_path,
    flush_tree,
    make_folder,
    translate_os_errors,
)
from pipeline.workspace.paths import Workspace

_RUN_ID_REGEX = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_PARTIAL_NAME_REGEX = re.compile(rf"\.({_RUN_ID_REGEX.pattern})\.partial")


def generate_run_id(now: datetime) -> str:
    """Return a name for a run and its folder: sortable by time (UTC), safe as a file name, unique."""
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
        self._handle = _claim_folder(self.path)

    def prepare_path(self, name: str) -> Path:
        """Return the path of a file inside, for writers that open it themselves; make its folder."""
        path = self.path / name
        with translate_os_errors(path):
            if not path.parent.is_dir():
                make_folder(path.parent)
        return path

    def create(self, name: str) -> BinaryIO:
        """Create a new file inside (`payloads/0001.json`), open for writing, 0600."""
        path = self.prepare_path(name)
        with translate_os_errors(path):
            # `x`: nothing in the folder is ever written twice
            return open(path, "xb", opener=lambda file_path, flags: os.open(file_path, flags, 0o600))

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file inside (`payloads/0001.json`), 0600."""
        with translate_os_errors(self.path / name), self.create(name) as file:
            file.write(content)

    def flush_ahead(self) -> None:
        """Flush what is written so far, where that is one call: `publish` has less to wait for."""
        with translate_os_errors(self.path):
            flush_file_system(self.path, self._handle)

    def publish(self) -> Path:
        """Flush everything to the disk and give the folder its name; return its path."""
        with translate_os_errors(self.path):
            if self._final.exists():
                raise WorkspaceError(
                    translate("The run folder {folder} exists already.", folder=str(self._final))
                )
            flush_tree(self.path, self._handle)
            os.rename(self.path, self._final)
            self.path = self._final
            flush_path(self._final.parent)
            self._published = True
        return self.path

    def close(self) -> None:
        """Let go of the folder; remove it unless it was published whole."""
        try:
            if not self._published:
                _remove_folder(self.path)
        finally:
            os.close(self._handle)


@contextmanager
def fill_run_folder(workspace: Workspace, run_id: str) -> Iterator[RunFolder]:
    """Open a run folder to fill; without `publish`, or on any error before it is done, no trace stays.

    An `OSError` of the caller's own writing becomes a sentence, too.

    Raises:
        WorkspaceError: the disk is full, broken or cannot be written.
    """
    folder = RunFolder(workspace.runs, run_id)
    try:
        with translate_os_errors(folder.path):
            yield folder
    finally:
        folder.close()


def remove_orphans(workspace: Workspace, recorded: Container[str]) -> tuple[str, ...]:
    """Remove what broken runs left; to be called only while the ledger's write lock is held.

    Folders get their name under that lock, so a folder the ledger does not know then is nobody's. A partial
    folder is removed when no living process holds it. Other names are left alone.

    Args:
        workspace: where.
        recorded: the run ids in the ledger.

    Returns:
        The run ids of what was removed.
    """
    removed = []
    with translate_os_errors(workspace.runs):
        for name in sorted(os.listdir(workspace.runs)):
            path, partial = workspace.runs / name, _PARTIAL_NAME_REGEX.fullmatch(name)
            if partial and _remove_unheld(path):
                removed.append(partial[1])
            elif _RUN_ID_REGEX.fullmatch(name) and name not in recorded and path.is_dir():
                _remove_folder(path)
                removed.append(name)
    return tuple(removed)


def _claim_folder(path: Path) -> int:
    """Make a partial folder and lock it; the lock is a handle, and ends with its process."""
    with translate_os_errors(path):
        while True:
            make_folder(path)
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.stat(path), os.fstat(handle)):
                    return handle
            os.close(handle)  # uncovered: it was taken for dead and removed between making and locking it


def _remove_unheld(path: Path) -> bool:
    """Remove a partial folder unless a living process holds it."""
    try:
        # a link is not followed: what it leads to is no leftover of ours
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:  # uncovered: another process removed it after it was listed
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        _remove_folder(path)
        return True
    finally:
        os.close(handle)


def _remove_folder(path: Path) -> None:
    """Remove a folder; it loses its name first, so that no half of it is ever taken for a run's."""
    with suppress(FileNotFoundError):
        if not path.name.startswith("."):
            path = path.rename(path.with_name(f".{path.name}.partial"))
        shutil.rmtree(path)
