"""File-system calls of the workspace: private folders, durable writes, the type of the file system.

In: paths.
Out: folders 0700 and files 0600 that are on the disk when a call returns; the system's errors as sentences.
Never: knows of runs or ledgers. It needs POSIX.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import WorkspaceError
from pipeline.i18n import translate

_MOUNTS_FILE = Path("/proc/self/mountinfo")
_SYNCFS_FILE_SYSTEMS = frozenset({"btrfs", "ext4", "xfs"})  # syncfs waits for the device and reports errors
_MIN_SYNCFS_FILES = 64  # from here one syncfs beats fsync file by file
_FLUSH_THREADS = 16


def detect_file_system(path: Path, mounts: str | None = None) -> str:
    """Return the type of the file system of a path, even one to be made; empty where it is unknown.

    Args:
        path: need not exist.
        mounts: text in the form of Linux's mountinfo; None asks the system.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS_FILE.read_text(errors="surrogateescape")
        except OSError:
            return ""
    resolved, longest, kind = path.resolve(), -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        mount_point = Path(
            # mountinfo writes a blank in a path as an octal escape
            re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), before.split(" ")[4])
        )
        if (
            resolved.is_relative_to(mount_point) and len(mount_point.parts) >= longest
        ):  # of two at one place the later covers
            longest, kind = len(mount_point.parts), after.split(" ")[0]
    return kind


@contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """Turn the system's errors into a sentence that names the path."""
    try:
        yield
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else path
        reason = (error.strerror or str(error)).lower()
        raise WorkspaceError(
            translate("The workspace cannot be used: {where}: {reason}.", where=str(where), reason=reason)
        ) from error


def make_folder(folder: Path) -> None:
    """Make one folder, 0700; another process may be quicker."""
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
        # the umask has taken its part from the mode of `mkdir`
        os.chmod(folder, 0o700)
    if not folder.is_dir():
        raise WorkspaceError(translate("{folder} is in the way: it is not a folder.", folder=str(folder)))


def flush_tree(root: Path, handle: int) -> None:
    """Make a folder durable with all that is in it, and readable by its owner alone.

    Args:
        root: the folder.
        handle: the folder's, opened before anything was written, so that `fsync` reports every error since.
    """
    files, folders = [], []
    for folder_path, _, names in os.walk(root):
        os.chmod(folder_path, 0o700)
        folders.append(Path(folder_path))
        files += [Path(folder_path, name) for name in names]
    for file in files:
        os.chmod(file, 0o600)
    if len(files) > _MIN_SYNCFS_FILES and flush_file_system(root, handle):
        return
    with ThreadPoolExecutor(_FLUSH_THREADS) as pool:
        list(pool.map(flush_path, files))
    # the deepest first: a folder is whole when those in it are
    for folder in reversed(folders):
        flush_path(folder)


def flush_file_system(root: Path, handle: int) -> bool:
    """Flush a whole file system; return False where that is no single call.

    Before Linux 5.8 syncfs did not report errors of writing.

    Args:
        root: a folder that lies on it.
        handle: as for `flush_tree`.
    """
    if detect_file_system(root) not in _SYNCFS_FILE_SYSTEMS:
        return False
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if sys.platform != "linux" or not release or (int(release[1]), int(release[2])) < (5, 8):
        return False
    # Python has no syncfs of its own
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return False
    if syncfs(handle) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True


def flush_path(path: Path) -> None:
    """Flush one file or folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
