"""The commands on the ledger: list its runs, show one, verify that nothing was changed."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.console import emit, exit_with_sentence
from pipeline.cli.parameters import FORMAT_OPTION, RUN_ARGUMENT, WORKSPACE_OPTION

_FAULTS_EXIT_CODE = 7


@click.group("ledger")
def ledger_group() -> None:
    """The books: what was prepared, rejected, skipped and withdrawn."""


@ledger_group.command("list")
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def list_command(workspace: Path, form: str) -> int:
    """List the runs."""
    from pipeline.flow.ledger_access import list_runs
    from pipeline.report.ledger_text import render_runs

    runs = list_runs(workspace=workspace)
    emit(form, lambda: [vars(run) for run in runs], lambda: render_runs(runs))
    return 0


@ledger_group.command("show")
@RUN_ARGUMENT
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def show_command(run_id: str, workspace: Path, form: str) -> int:
    """Show what RUN left, and the state of its invoices now."""
    from pipeline.flow.ledger_access import show_run
    from pipeline.report.ledger_text import export_run, render_run

    details = show_run(run_id, workspace=workspace)
    emit(form, lambda: export_run(details), lambda: render_run(details))
    return 0


@ledger_group.command("verify")
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def verify_command(workspace: Path, form: str) -> int:
    """Show that nothing in the ledger was changed, added or lost."""
    from pipeline.flow.ledger_access import check_ledger
    from pipeline.report.ledger_text import render_faults

    faults = check_ledger(workspace=workspace)
    emit(form, lambda: {"faults": faults}, lambda: render_faults(faults))
    return _FAULTS_EXIT_CODE if faults else 0
