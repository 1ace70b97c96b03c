"""Questions to the ledger alone, and the withdrawal of a run.

In: the path of a workspace, a run id.
Out: the ledger's records.
Never: reads a sheet; makes a ledger.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipeline import ledger
from pipeline.flow.clock import Clock
from pipeline.ledger import Ledger, RunDetails, RunEntry, Withdrawal
from pipeline.settings import Settings, load_settings
from pipeline.workspace import Workspace, open_workspace


def open_ledger(workspace: Workspace, settings: Settings) -> Ledger:
    """Return the ledger of a workspace; the settings say how long it waits for another process."""
    return Ledger(workspace.ledger, workspace.runs, settings.ledger_seconds)


def _open_ledger_at(workspace: str | Path) -> Ledger:
    paths = open_workspace(workspace)
    return open_ledger(paths, load_settings({}, os.environ, paths.settings))


def list_runs(*, workspace: str | Path) -> list[RunEntry]:
    """Return all runs, oldest first; none when there is no ledger."""
    return ledger.list_run_entries(_open_ledger_at(workspace))


def show_run(run_id: str, *, workspace: str | Path) -> RunDetails:
    """Return one run.

    Raises:
        PipelineError: the ledger has no such run.
    """
    return ledger.read_run(_open_ledger_at(workspace), run_id)


def check_ledger(*, workspace: str | Path) -> list[str]:
    """Return what was changed, added or lost, one sentence each; empty when the ledger is whole."""
    return ledger.verify_ledger(_open_ledger_at(workspace))


def discard(run_id: str, *, workspace: str | Path) -> Withdrawal:
    """Withdraw what a run prepared and nothing has sent: its references are free again.

    Args:
        run_id: the run.
        workspace: the folder with the ledger.

    Raises:
        PipelineError: there is no such run, or nothing to withdraw.
    """
    return ledger.withdraw_run(_open_ledger_at(workspace), run_id, Clock().started)
