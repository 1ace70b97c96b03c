"""The workspace: the folder that holds what a user owns, and its run folders.

In: a path, and the files a run writes.
Out: a `Workspace`; run folders under `runs/`, which appear whole or not at all.
Never: makes a folder or file that others can read: folders are 0700 and files 0600, whatever the umask.
"""

from __future__ import annotations

from pipeline.workspace.disk import detect_file_system
from pipeline.workspace.paths import NETWORK_FILE_SYSTEMS, Workspace, open_workspace, prepare_workspace
from pipeline.workspace.run_folder import RunFolder, fill_run_folder, generate_run_id, remove_orphans

__all__ = [
    "NETWORK_FILE_SYSTEMS",
    "RunFolder",
    "Workspace",
    "detect_file_system",
    "fill_run_folder",
    "generate_run_id",
    "open_workspace",
    "prepare_workspace",
    "remove_orphans",
]
