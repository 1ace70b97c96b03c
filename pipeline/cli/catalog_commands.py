"""The commands on the product catalog."""

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
def catalog() -> None:
    """The product catalog that items are looked up in."""


@catalog.command("load")
@FILES_ARGUMENT
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def load_price_list(files: tuple[Path, ...], workspace: Path, form: str) -> int:
    """Load FILES, a price list, as the catalog; earlier runs keep theirs.

    A price list is a CSV file, a workbook, a Parquet file, or the saved answers (JSON) of a billing API's
    catalog: all pages of them together.
    """
    from pipeline.flow import load_catalog
    from pipeline.report.catalog_text import export_load, render_load

    load = load_catalog(*files, workspace=workspace)
    if form == "json":
        print_json(export_load(load))
    else:
        click.echo(render_load(load), nl=False)
    return 0 if load.snapshot else 3


@catalog.command("search")
@click.argument("text")
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def search_charges(text: str, workspace: Path, form: str) -> int:
    """Find charges by SKU, charge id or name; near matches when nothing matches."""
    from pipeline.flow.reference_data import search_catalog
    from pipeline.report.catalog_text import export_catalog_rows, render_catalog_rows

    matches = search_catalog(text, workspace=workspace)
    if form == "json":
        print_json(export_catalog_rows(matches))
    else:
        click.echo(render_catalog_rows(matches), nl=False)
    return 0


@catalog.command("list")
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def list_catalog_snapshots(workspace: Path, form: str) -> int:
    """List every catalog that was loaded; the one in use is marked with a star."""
    from pipeline.flow.reference_data import list_catalogs
    from pipeline.report.catalog_text import export_snapshots, render_snapshots

    snapshots, current = list_catalogs(workspace=workspace)
    if form == "json":
        print_json(export_snapshots(snapshots, current))
    else:
        click.echo(render_snapshots(snapshots, current), nl=False)
    return 0


@catalog.command("info")
@SNAPSHOT_ARGUMENT
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def show_catalog(snapshot: str | None, workspace: Path, form: str) -> int:
    """Say what is in the catalog in use, or in the one whose hash begins with SNAPSHOT, as a run names it."""
    from pipeline.flow.reference_data import get_catalog_info as asked
    from pipeline.report.catalog_text import export_catalog_info, render_catalog_info

    info = asked(snapshot, workspace=workspace)
    if form == "json":
        print_json(export_catalog_info(info))
    else:
        click.echo(render_catalog_info(info), nl=False)
    return 0
