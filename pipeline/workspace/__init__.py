"""The workspace: the one folder that holds what a user owns, and run folders that appear whole or not at all.

Input: a path, and the files a run writes. Output: a `Workspace`; run folders under `runs/`. Folders are made 0700
and files 0600 whatever the umask.
"""

from __future__ import annotations

from pipeline.workspace.disk import file_system
from pipeline.workspace.place import NETWORK, Workspace, existing, prepared
from pipeline.workspace.run_folder import RunFolder, filling, new_run_id, remove_orphans

__all__ = [
    "NETWORK",
    "RunFolder",
    "Workspace",
    "existing",
    "file_system",
    "filling",
    "new_run_id",
    "prepared",
    "remove_orphans",
]
