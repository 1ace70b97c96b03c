"""The commands on the account list."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.common import FILES, FORMAT, SNAPSHOT, WORKSPACE, print_json, told_in_a_sentence


@click.group()
def accounts() -> None:
    """The customers: number, id, currency, name; optional, for checks and to look customers up."""


@accounts.command("load")
@FILES
@WORKSPACE
@FORMAT
@told_in_a_sentence
def accounts_load(files: tuple[Path, ...], workspace: Path, form: str) -> int:
    """Load FILES, a list of customers; earlier runs keep theirs.

    A list is a CSV file, a workbook, a Parquet file, or the saved answers (JSON) of a billing API's customers:
    all pages of them together.
    """
    from pipeline.flow import load_accounts
    from pipeline.report.catalog import load_summary, load_told

    load = load_accounts(*files, workspace=workspace)
    if form == "json":
        print_json(load_summary(load, "accounts"))
    else:
        click.echo(load_told(load, "account list"), nl=False)
    return 0 if load.snapshot else 3


@accounts.command("list")
@WORKSPACE
@FORMAT
@told_in_a_sentence
def accounts_list(workspace: Path, form: str) -> int:
    """List every account list that was loaded; the one in use is marked with a star."""
    from pipeline.flow.catalog_line import list_accounts
    from pipeline.report.catalog import list_summary, list_told

    known, used = list_accounts(workspace=workspace)
    if form == "json":
        print_json(list_summary(known, used))
    else:
        click.echo(list_told(known, used), nl=False)
    return 0


@accounts.command("info")
@SNAPSHOT
@WORKSPACE
@FORMAT
@told_in_a_sentence
def accounts_info(snapshot: str | None, workspace: Path, form: str) -> int:
    """Say what is in the account list in use, or in the one whose hash begins with SNAPSHOT."""
    from pipeline.flow.catalog_line import accounts_info as asked
    from pipeline.report.catalog import accounts_told, snapshot_summary

    info = asked(snapshot, workspace=workspace)
    if form == "json":
        print_json({"schema_version": 1, **snapshot_summary(info)})
    else:
        click.echo(accounts_told(info), nl=False)
    return 0
