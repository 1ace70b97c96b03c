"""What makes a run impossible. Faults in the user's data are issues (`issues`), never exceptions.

    PipelineError                 exit 3
    ├── SourceError               a file cannot be read
    ├── CatalogError              a catalog cannot be loaded or opened
    ├── LedgerError               the ledger cannot be read or written, or is broken
    ├── WorkspaceError            the workspace cannot be made or used
    ├── UsageError                exit 2: the command or the settings make no sense
    │   └── NoSuchFileError       a path that does not exist
    └── BusyError                 exit 8: another process holds what we need for too long

Each carries one sentence for the person who reads it.
"""

from __future__ import annotations

from typing import ClassVar


class PipelineError(Exception):
    """The run cannot go on; nothing was changed."""

    exit_code: ClassVar[int] = 3


class SourceError(PipelineError):
    """A file cannot be read."""


class CatalogError(PipelineError):
    """A catalog cannot be loaded or opened."""


class LedgerError(PipelineError):
    """The ledger cannot be read or written, or is broken."""


class WorkspaceError(PipelineError):
    """The workspace cannot be made or used."""


class UsageError(PipelineError):
    """The command or the settings make no sense."""

    exit_code = 2


class NoSuchFileError(UsageError):
    """A path that does not exist."""


class BusyError(PipelineError):
    """Another process holds what we need for too long."""

    exit_code = 8
