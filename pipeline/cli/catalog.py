"""The commands on the product catalog."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.common import FILES, FORMAT, SNAPSHOT, WORKSPACE, print_json, told_in_a_sentence


@click.group()
def catalog() -> None:
    """The product catalog that items are looked up in."""


@catalog.command("load")
@FILES
@WORKSPACE
@FORMAT
@told_in_a_sentence
def catalog_load(files: tuple[Path, ...], workspace: Path, form: str) -> int:
    """Load FILES, a price list, as the catalog; earlier runs keep theirs.

    A price list is a CSV file, a workbook, a Parquet file, or the saved answers (JSON) of a billing API's
    catalog: all pages of them together.
    """
    from pipeline.flow import load_catalog
    from pipeline.report.catalog import load_summary, load_told

    load = load_catalog(*files, workspace=workspace)
    if form == "json":
        print_json(load_summary(load))
    else:
        click.echo(load_told(load), nl=False)
    return 0 if load.snapshot else 3


@catalog.command("search")
@click.argument("text")
@WORKSPACE
@FORMAT
@told_in_a_sentence
def catalog_search(text: str, workspace: Path, form: str) -> int:
    """Find charges by SKU, charge id or name; near matches when nothing matches."""
    from pipeline.flow.catalog_line import search_catalog
    from pipeline.report.catalog import found_told, plain_rows

    found = search_catalog(text, workspace=workspace)
    if form == "json":
        print_json(plain_rows(found))
    else:
        click.echo(found_told(found), nl=False)
    return 0


@catalog.command("list")
@WORKSPACE
@FORMAT
@told_in_a_sentence
def catalog_list(workspace: Path, form: str) -> int:
    """List every catalog that was loaded; the one in use is marked with a star."""
    from pipeline.flow.catalog_line import list_catalogs
    from pipeline.report.catalog import list_summary, list_told

    known, used = list_catalogs(workspace=workspace)
    if form == "json":
        print_json(list_summary(known, used))
    else:
        click.echo(list_told(known, used), nl=False)
    return 0


@catalog.command("info")
@SNAPSHOT
@WORKSPACE
@FORMAT
@told_in_a_sentence
def catalog_info(snapshot: str | None, workspace: Path, form: str) -> int:
    """Say what is in the catalog in use, or in the one whose hash begins with SNAPSHOT, as a run names it."""
    from pipeline.flow.catalog_line import catalog_info as asked
    from pipeline.report.catalog import info_summary, info_told

    info = asked(snapshot, workspace=workspace)
    if form == "json":
        print_json(info_summary(info))
    else:
        click.echo(info_told(info), nl=False)
    return 0
