"""Where everything lies that a user owns: the workspace's folders, made on first use.

In: a path.
Out: a `Workspace`.
Never: makes anything when it is opened for reading, or writes on a network mount.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import WorkspaceError
from pipeline.i18n import translate
from pipeline.workspace.disk import detect_file_system, flush_path, make_folder, translate_os_errors

# fmt: off
NETWORK_FILE_SYSTEMS = frozenset({
    "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "ocfs2", "orangefs", "prl_fs", "pvfs2", "smb2", "smb3", "smbfs", "vboxsf", "vmhgfs",
    "fuse.ceph", "fuse.davfs", "fuse.davfs2", "fuse.gcsfuse", "fuse.glusterfs", "fuse.juicefs",
    "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "fuse.vmhgfs-fuse",
})
# fmt: on
"""File systems shared between hosts, where SQLite's write-ahead log cannot work."""


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


def open_workspace(path: str | Path) -> Workspace:
    """Return the workspace at a path, for reading: nothing is made or changed, and it may be absent."""
    workspace = Workspace(Path(path))
    with translate_os_errors(workspace.path):
        if workspace.path.exists() and not workspace.path.is_dir():
            raise WorkspaceError(translate("The workspace {path} is not a folder.", path=str(path)))
    return workspace


def prepare_workspace(path: str | Path) -> Workspace:
    """Return the workspace at a path, for writing: made when it is absent.

    Raises:
        WorkspaceError: it lies on a network mount, or cannot be made or written.
    """
    workspace = open_workspace(path)
    kind = detect_file_system(workspace.path)
    if kind in NETWORK_FILE_SYSTEMS:
        raise WorkspaceError(
            translate(
                "The workspace {path} lies on a network mount ({kind}), where the ledger cannot work; take "
                "a local"
                " folder.",
                path=str(path), kind=kind,
            )
        )  # fmt: skip
    with translate_os_errors(workspace.path):
        workspace.path.parent.mkdir(parents=True, exist_ok=True)
        for folder in (workspace.path, workspace.catalog, workspace.runs):
            if not folder.is_dir():
                make_folder(folder)
                flush_path(folder.parent)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise WorkspaceError(
                    translate("The workspace folder {folder} cannot be written.", folder=str(folder))
                )
    return workspace
