"""The commands on the books."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.common import FORMAT_OPTION, WORKSPACE_OPTION, exit_with_sentence, print_json


@click.group()
def ledger() -> None:
    """The books: what was prepared, rejected, skipped and withdrawn."""


@ledger.command("list")
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def list_ledger_runs(workspace: Path, form: str) -> int:
    """List the runs."""
    from pipeline.flow.ledger_access import list_runs
    from pipeline.report.ledger_text import render_runs

    runs = list_runs(workspace=workspace)
    if form == "json":
        print_json([entry.__dict__ for entry in runs])
    else:
        click.echo(render_runs(runs), nl=False)
    return 0


@ledger.command("show")
@click.argument("run_id", metavar="RUN")
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def show_ledger_run(run_id: str, workspace: Path, form: str) -> int:
    """Show what RUN left, and the state of its invoices now."""
    from pipeline.flow.ledger_access import show_run
    from pipeline.report.ledger_text import export_run, render_run

    details = show_run(run_id, workspace=workspace)
    if form == "json":
        print_json(export_run(details))
    else:
        click.echo(render_run(details), nl=False)
    return 0


@ledger.command("verify")
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def verify_ledger_file(workspace: Path, form: str) -> int:
    """Show that nothing in the ledger was changed, added or lost."""
    from pipeline.flow.ledger_access import check_ledger

    faults = check_ledger(workspace=workspace)
    if form == "json":
        print_json({"faults": faults})
    else:
        click.echo("\n".join(faults) or "The ledger is whole: nothing was changed, added or lost.")
    return 7 if faults else 0
