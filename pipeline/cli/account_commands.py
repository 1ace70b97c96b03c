"""The commands on the account list."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.common import (
    FILES_ARGUMENT,
    FORMAT_OPTION,
    SNAPSHOT_ARGUMENT,
    WORKSPACE_OPTION,
    exit_with_sentence,
    print_json,
)


@click.group()
def accounts() -> None:
    """The customers: number, id, currency, name; optional, for checks and to look customers up."""


@accounts.command("load")
@FILES_ARGUMENT
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def load_customer_list(files: tuple[Path, ...], workspace: Path, form: str) -> int:
    """Load FILES, a list of customers; earlier runs keep theirs.

    A list is a CSV file, a workbook, a Parquet file, or the saved answers (JSON) of a billing API's customers:
    all pages of them together.
    """
    from pipeline.flow import load_accounts
    from pipeline.report.catalog_text import export_load, render_load

    load = load_accounts(*files, workspace=workspace)
    if form == "json":
        print_json(export_load(load, "accounts"))
    else:
        click.echo(render_load(load, "account list"), nl=False)
    return 0 if load.snapshot else 3


@accounts.command("list")
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def list_account_snapshots(workspace: Path, form: str) -> int:
    """List every account list that was loaded; the one in use is marked with a star."""
    from pipeline.flow.reference_data import list_accounts
    from pipeline.report.catalog_text import export_snapshots, render_snapshots

    snapshots, current = list_accounts(workspace=workspace)
    if form == "json":
        print_json(export_snapshots(snapshots, current))
    else:
        click.echo(render_snapshots(snapshots, current), nl=False)
    return 0


@accounts.command("info")
@SNAPSHOT_ARGUMENT
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def show_account_list(snapshot: str | None, workspace: Path, form: str) -> int:
    """Say what is in the account list in use, or in the one whose hash begins with SNAPSHOT."""
    from pipeline.flow.reference_data import get_accounts_snapshot as asked
    from pipeline.report.catalog_text import export_snapshot, render_account_list

    info = asked(snapshot, workspace=workspace)
    if form == "json":
        print_json({"schema_version": 1, **export_snapshot(info)})
    else:
        click.echo(render_account_list(info), nl=False)
    return 0
