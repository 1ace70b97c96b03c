"""Questions to the books, and the withdrawal of a run: what needs the ledger alone."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline import ledger
from pipeline.config import Settings, settings
from pipeline.flow.clock import Clock
from pipeline.ledger import Ledger, RunEntry, RunShown, Withdrawn
from pipeline.workspace import Workspace, existing


def books_of(place: Workspace, chosen: Settings) -> Ledger:
    """The ledger of a workspace, with the patience of the settings."""
    return Ledger(place.ledger, place.runs, chosen.ledger_seconds)


def _books(workspace: str | Path) -> Ledger:
    place = existing(workspace)
    return books_of(place, settings({}, os.environ, place.settings))


def list_runs(*, workspace: str | Path) -> list[RunEntry]:
    """All runs, oldest first; none when there is no ledger."""
    return ledger.runs(_books(workspace))


def show_run(run_id: str, *, workspace: str | Path) -> RunShown:
    """One run.

    Raises:
        PipelineError: the ledger has no such run.
    """
    return ledger.show(_books(workspace), run_id)


def verify_books(*, workspace: str | Path) -> list[str]:
    """What was changed, added or lost, one sentence each; empty when the ledger is whole."""
    return ledger.verify(_books(workspace))


def discard(run_id: str, *, workspace: str | Path) -> Withdrawn:
    """Withdraw what a run prepared and nothing has sent: its references are free again.

    Args:
        run_id: the run.
        workspace: the folder with the ledger.

    Raises:
        PipelineError: there is no such run, or nothing to withdraw.
    """
    return ledger.discard(_books(workspace), run_id, Clock().started)
