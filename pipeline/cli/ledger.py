"""The commands on the books."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.common import FORMAT, WORKSPACE, print_json, told_in_a_sentence


@click.group()
def ledger() -> None:
    """The books: what was prepared, rejected, skipped and withdrawn."""


@ledger.command("list")
@WORKSPACE
@FORMAT
@told_in_a_sentence
def ledger_list(workspace: Path, form: str) -> int:
    """List the runs."""
    from pipeline.flow.books import list_runs
    from pipeline.report.books import runs_told

    runs = list_runs(workspace=workspace)
    if form == "json":
        print_json([each.__dict__ for each in runs])
    else:
        click.echo(runs_told(runs), nl=False)
    return 0


@ledger.command("show")
@click.argument("run_id", metavar="RUN")
@WORKSPACE
@FORMAT
@told_in_a_sentence
def ledger_show(run_id: str, workspace: Path, form: str) -> int:
    """Show what RUN left, and the state of its invoices now."""
    from pipeline.flow.books import show_run
    from pipeline.report.books import run_summary, run_told

    shown = show_run(run_id, workspace=workspace)
    if form == "json":
        print_json(run_summary(shown))
    else:
        click.echo(run_told(shown), nl=False)
    return 0


@ledger.command("verify")
@WORKSPACE
@FORMAT
@told_in_a_sentence
def ledger_verify(workspace: Path, form: str) -> int:
    """Show that nothing in the ledger was changed, added or lost."""
    from pipeline.flow.books import verify_books

    faults = verify_books(workspace=workspace)
    if form == "json":
        print_json({"faults": faults})
    else:
        click.echo("\n".join(faults) or "The ledger is whole: nothing was changed, added or lost.")
    return 7 if faults else 0
