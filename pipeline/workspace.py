"""The workspace: the one folder that holds what a user owns, and run folders that appear whole or not at all.

Input: a path, and the files a run writes. Output: a `Workspace`; run folders under `runs/`, flushed to the
disk before they get their name. It never reads what lies in those files, never looks at the clock, never
opens the ledger, and never removes a folder that a living process is filling. Folders are made
0700 and files 0600 whatever the umask. It needs POSIX: locks on folders tell a living run from a dead one.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import secrets
import shutil
import sys
from collections.abc import Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import WorkspaceError
from pipeline.language import say

# fmt: off
NETWORK = frozenset({
    "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "ocfs2", "orangefs", "prl_fs", "pvfs2", "smb2", "smb3", "smbfs", "vboxsf", "vmhgfs",
    "fuse.ceph", "fuse.davfs", "fuse.davfs2", "fuse.gcsfuse", "fuse.glusterfs", "fuse.juicefs",
    "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "fuse.vmhgfs-fuse",
})
# fmt: on
"""File systems shared between hosts, where SQLite's write-ahead log cannot work."""

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_PARTIAL = re.compile(rf"\.({_RUN_ID.pattern})\.partial")
_MOUNTS = Path("/proc/self/mountinfo")
_FLUSHED_AT_ONCE = frozenset({"btrfs", "ext4", "xfs"})  # syncfs waits for the device and reports errors
_MANY = 64  # from here one syncfs beats fsync file by file
_FLUSHERS = 16


@dataclass(frozen=True)
class Workspace:
    """Where everything lies. The path need not exist."""

    path: Path

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.path / "settings.toml"

    @property
    def catalog(self) -> Path:
        """The folder of catalog snapshots."""
        return self.path / "catalog"

    @property
    def accounts(self) -> Path:
        """The folder of snapshots of the account list."""
        return self.path / "accounts"

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.path / "ledger.sqlite"

    @property
    def runs(self) -> Path:
        """The folder of run folders."""
        return self.path / "runs"


def existing(path: str | Path) -> Workspace:
    """The workspace at a path, for reading: nothing is made or changed, and it may be absent."""
    workspace = Workspace(Path(path))
    with _told(workspace.path):
        if workspace.path.exists() and not workspace.path.is_dir():
            raise WorkspaceError(say("The workspace {path} is not a folder.", path=str(path)))
    return workspace


def prepared(path: str | Path) -> Workspace:
    """The workspace at a path, for writing: made when it is absent.

    Raises:
        WorkspaceError: it lies on a network mount, or cannot be made or written.
    """
    workspace = existing(path)
    kind = file_system(workspace.path)
    if kind in NETWORK:
        raise WorkspaceError(
            say(
                "The workspace {path} lies on a network mount ({kind}), where the ledger cannot work; take a local"
                " folder.",
                path=str(path), kind=kind,
            )
        )  # fmt: skip
    with _told(workspace.path):
        workspace.path.parent.mkdir(parents=True, exist_ok=True)
        for folder in (workspace.path, workspace.catalog, workspace.runs):
            if not folder.is_dir():
                _make(folder)
                _flush(folder.parent)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise WorkspaceError(
                    say("The workspace folder {folder} cannot be written.", folder=str(folder))
                )
    return workspace


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
        with _told(path):
            if not path.parent.is_dir():
                _make(path.parent)
        return path

    def create(self, name: str) -> BinaryIO:
        """A new file inside (`payloads/0001.json`), open for writing, 0600."""
        path = self.file(name)
        with _told(path):
            return open(path, "xb", opener=lambda given, flags: os.open(given, flags, 0o600))

    def write(self, name: str, content: bytes) -> None:
        """A whole file inside (`payloads/0001.json`), 0600."""
        with _told(self.path / name), self.create(name) as file:
            file.write(content)

    def flush_ahead(self) -> None:
        """Flushes what is written so far, where that is one call: `publish` has less to wait for."""
        with _told(self.path):
            if file_system(self.path) in _FLUSHED_AT_ONCE:
                _flush_at_once(self._handle)

    def publish(self) -> Path:
        """Flushes everything to the disk and gives the folder its name; returns its path."""
        with _told(self.path):
            if self._final.exists():
                raise WorkspaceError(say("The run folder {folder} exists already.", folder=str(self._final)))
            _flush_tree(self.path, self._handle)
            os.rename(self.path, self._final)
            self.path = self._final
            _flush(self._final.parent)
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
        with _told(folder.path):
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
    with _told(workspace.runs):
        for name in sorted(os.listdir(workspace.runs)):
            path, partial = workspace.runs / name, _PARTIAL.fullmatch(name)
            if partial and _remove_unheld(path):
                removed.append(partial[1])
            elif _RUN_ID.fullmatch(name) and name not in recorded and path.is_dir():
                _remove(path)
                removed.append(name)
    return tuple(removed)


def file_system(path: Path, mounts: str | None = None) -> str:
    """The type of the file system a path lies on, or would; empty where the system does not tell.

    Args:
        path: need not exist.
        mounts: text in the form of Linux's mountinfo; None asks the system.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(errors="surrogateescape")
        except OSError:
            return ""
    place, best, kind = path.resolve(), -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), before.split(" ")[4]))
        if place.is_relative_to(point) and len(point.parts) >= best:  # of two at one place the later covers
            best, kind = len(point.parts), after.split(" ")[0]
    return kind


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turns the system's errors into a sentence that names the path."""
    try:
        yield
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else path
        reason = (error.strerror or str(error)).lower()
        raise WorkspaceError(
            say("The workspace cannot be used: {where}: {reason}.", where=str(where), reason=reason)
        ) from error


def _make(folder: Path) -> None:
    """Makes one folder, 0700; another process may be quicker."""
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
        os.chmod(folder, 0o700)
    if not folder.is_dir():
        raise WorkspaceError(say("{folder} is in the way: it is not a folder.", folder=str(folder)))


def _claimed(path: Path) -> int:
    """Makes a partial folder and locks it; the lock is a handle, and ends with its process."""
    with _told(path):
        while True:
            _make(path)
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


def _flush_tree(root: Path, handle: int) -> None:
    """Makes a folder durable with all that is in it, and readable by its owner alone.

    Args:
        root: the folder.
        handle: the folder's, opened before anything was written, so that it tells of every error since.
    """
    files, folders = [], []
    for place, _, names in os.walk(root):
        os.chmod(place, 0o700)
        folders.append(Path(place))
        files += [Path(place, name) for name in names]
    for file in files:
        os.chmod(file, 0o600)
    if len(files) > _MANY and file_system(root) in _FLUSHED_AT_ONCE and _flush_at_once(handle):
        return
    with ThreadPoolExecutor(_FLUSHERS) as pool:
        list(pool.map(_flush, files))
    for folder in reversed(folders):
        _flush(folder)


def _flush_at_once(handle: int) -> bool:
    """Flushes a whole file system; False where the kernel would not tell of errors (before 5.8)."""
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if sys.platform != "linux" or not release or (int(release[1]), int(release[2])) < (5, 8):
        return False
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return False
    if syncfs(handle) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True


def _flush(path: Path) -> None:
    """Flushes one file or folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
