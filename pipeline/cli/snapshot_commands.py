"""The commands on the product catalog and the account list: load, list, info, search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from pipeline.cli.console import emit, exit_with_sentence
from pipeline.cli.parameters import FILES_ARGUMENT, FORMAT_OPTION, SNAPSHOT_ARGUMENT, WORKSPACE_OPTION


@dataclass(frozen=True, kw_only=True)
class _SnapshotTexts:
    """What the commands on one kind of snapshot say of themselves.

    Attributes:
        title: the list's name in a sentence.
        group: the help of the group, and so on for each command.
    """

    title: str
    group: str
    load: str
    list: str
    info: str


_CATALOG_TEXTS = _SnapshotTexts(
    title="catalog",
    group="The product catalog that items are looked up in.",
    load="""Load FILES, a price list, as the catalog; earlier runs keep theirs.

    A price list is a CSV file, a workbook, a Parquet file, or the saved answers (JSON) of a billing API's
    catalog: all pages of them together.
    """,
    list="List every catalog that was loaded; the one in use is marked with a star.",
    info="Say what is in the catalog in use, or in the one whose hash begins with SNAPSHOT, as a run names"
    " it.",
)
_ACCOUNTS_TEXTS = _SnapshotTexts(
    title="account list",
    group="The customers: number, id, currency, name; optional, for checks and to look customers up.",
    load="""Load FILES, a list of customers; earlier runs keep theirs.

    A list is a CSV file, a workbook, a Parquet file, or the saved answers (JSON) of a billing API's
    customers: all pages of them together.
    """,
    list="List every account list that was loaded; the one in use is marked with a star.",
    info="Say what is in the account list in use, or in the one whose hash begins with SNAPSHOT.",
)


def snapshot_commands(
    kind: Literal["catalog", "accounts"],
    texts: _SnapshotTexts,
    print_info: Callable[[str | None, Path, str], None],
) -> click.Group:
    """Return the group of commands on one kind of snapshot.

    Args:
        kind: which, and the name of the group.
        texts: the help of the commands.
        print_info: prints what is in one snapshot, given the beginning of its hash (None: the one in use),
            the workspace and the form.
    """
    group = click.Group(kind, help=texts.group)

    @group.command("load", help=texts.load)
    @FILES_ARGUMENT
    @WORKSPACE_OPTION
    @FORMAT_OPTION
    @exit_with_sentence
    def load_command(files: tuple[Path, ...], workspace: Path, form: str) -> int:
        from pipeline.flow.reference_data import load_list
        from pipeline.report.catalog_text import export_load, render_load

        loaded = load_list(kind, files, workspace=workspace)
        emit(form, lambda: export_load(loaded, kind), lambda: render_load(loaded, texts.title))
        return 0 if loaded.snapshot else 3

    @group.command("list", help=texts.list)
    @WORKSPACE_OPTION
    @FORMAT_OPTION
    @exit_with_sentence
    def list_command(workspace: Path, form: str) -> int:
        from pipeline.flow.reference_data import list_loaded
        from pipeline.report.catalog_text import export_snapshots, render_snapshots

        snapshots, current = list_loaded(kind, workspace=workspace)
        emit(
            form,
            lambda: export_snapshots(snapshots, current),
            lambda: render_snapshots(snapshots, current),
        )
        return 0

    @group.command("info", help=texts.info)
    @SNAPSHOT_ARGUMENT
    @WORKSPACE_OPTION
    @FORMAT_OPTION
    @exit_with_sentence
    def info_command(snapshot: str | None, workspace: Path, form: str) -> int:
        print_info(snapshot, workspace, form)
        return 0

    return group


def _print_catalog(sha256: str | None, workspace: Path, form: str) -> None:
    from pipeline.flow.reference_data import get_catalog_info
    from pipeline.report.catalog_text import export_catalog_info, render_catalog_info

    info = get_catalog_info(sha256, workspace=workspace)
    emit(form, lambda: export_catalog_info(info), lambda: render_catalog_info(info))


def _print_account_list(sha256: str | None, workspace: Path, form: str) -> None:
    from pipeline.flow.reference_data import get_accounts_snapshot
    from pipeline.report.catalog_text import export_snapshot, render_account_list

    snapshot = get_accounts_snapshot(sha256, workspace=workspace)
    emit(
        form,
        lambda: {"schema_version": 1, **export_snapshot(snapshot)},
        lambda: render_account_list(snapshot),
    )


catalog_group = snapshot_commands("catalog", _CATALOG_TEXTS, _print_catalog)
accounts_group = snapshot_commands("accounts", _ACCOUNTS_TEXTS, _print_account_list)


@catalog_group.command("search")
@click.argument("text")
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def search_command(text: str, workspace: Path, form: str) -> int:
    """Find charges by SKU, charge id or name; near matches when nothing matches."""
    from pipeline.flow.reference_data import search_catalog
    from pipeline.report.catalog_text import export_catalog_rows, render_catalog_rows

    matches = search_catalog(text, workspace=workspace)
    emit(form, lambda: export_catalog_rows(matches), lambda: render_catalog_rows(matches))
    return 0
