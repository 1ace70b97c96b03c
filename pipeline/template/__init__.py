"""Templates to fill: a workbook, or a CSV file for each table of a target.

In: the settings in effect, and the catalog in use.
Out: files with headers and an example row, which the reader recognises and ignores.
Never: states a limit of its own, or overwrites a file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pipeline import catalog
from pipeline.errors import UsageError, WorkspaceError
from pipeline.i18n import translate, use_language
from pipeline.settings import Settings, load_settings
from pipeline.targets import get_target
from pipeline.template.field_limits import build_csv_template, describe_limits
from pipeline.template.row_formats import FormulaSettings
from pipeline.template.workbook import MAX_LISTED_KEYS, CatalogChoices, build_template_workbook
from pipeline.workspace import Workspace, open_workspace
from schemas.fields import Table
from schemas.rule import RuleSettings
from schemas.rules import select_error_codes
from schemas.tables import TABLES
from schemas.template_version import compute_template_version

__all__ = [
    "bind_target_tables",
    "build_csv_template",
    "build_template",
    "build_workspace_template",
    "describe_limits",
    "write_template",
]


def write_template(
    place: str | Path, *, workspace: str | Path, target: str | None = None, language: str | None = None
) -> list[Path]:
    """Write a workbook to fill, or a CSV file for each table of a target; all of them or none.

    Args:
        place: a workbook that ends in `.xlsx`, or a folder for CSV files, made when it is not there.
        workspace: the folder whose settings and catalog count; it need not exist.
        target: over the settings; None leaves it to them.
        language: the same.

    Returns:
        The files, in the order of the tables.

    Raises:
        UsageError: there is no such target, or a file of that name is there already.
        WorkspaceError: the files cannot be written.
    """
    paths = open_workspace(workspace)
    effective_settings = load_settings({"target": target, "language": language}, os.environ, paths.settings)
    place = Path(place)
    if place.suffix.lower() == ".xlsx":
        with use_language(effective_settings.language):
            return _write_new_files(
                {place: build_workspace_template(effective_settings, paths)}, place.parent
            )
    texts = {
        place / f"{name}.csv": build_csv_template(table).encode()
        for name, table in bind_target_tables(effective_settings).items()
    }
    return _write_new_files(texts, place)


def _write_new_files(contents: Mapping[Path, bytes], folder: Path) -> list[Path]:
    """Write files that are not there yet, all or none."""
    for path in contents:
        if path.exists():
            raise UsageError(translate("{path} exists already; name another place with -o.", path=str(path)))
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in contents.items():
            # `x`: a file that another process made meanwhile is not overwritten either
            with path.open("xb") as file:
                written.append(path)
                file.write(data)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        message = translate(
            "The template cannot be written to {folder}: {reason}.", folder=str(folder), reason=reason
        )
        raise WorkspaceError(message) from error
    return written


def bind_target_tables(settings: Settings) -> Mapping[str, Table]:
    """Return the tables as a target takes them, custom fields included, by name.

    Args:
        settings: with the target.
    """
    return get_target(settings).get_projection(settings).bind(TABLES, settings.custom_fields)


def build_template(settings: Settings, choices: CatalogChoices | None = None) -> bytes:
    """Return the workbook of a target.

    Args:
        settings: with the target.
        choices: what drops down from the catalog; None for nothing.
    """
    target, tables = get_target(settings), bind_target_tables(settings)
    rule_settings = RuleSettings(mismatch_is_warning=settings.amount_mismatch == "warning")
    rules = select_error_codes(target.get_projection(settings).rules, rule_settings)
    formula_settings = FormulaSettings(
        settings.default_currency, settings.amount_tolerance, settings.allow_negative_items
    )
    name = compute_template_version(target.name, tables)
    return build_template_workbook(
        target.title, name, tables, rules, choices or CatalogChoices({}), formula_settings
    )


def build_workspace_template(settings: Settings, paths: Workspace) -> bytes:
    """Return the workbook of a target, with lists of the workspace's catalog.

    Args:
        settings: with the target.
        paths: the workspace.
    """
    return build_template(settings, _read_catalog_choices(paths))


def _read_catalog_choices(paths: Workspace) -> CatalogChoices:
    """Return the SKUs and charge ids of the catalog in use."""
    snapshot = catalog.get_current_snapshot(paths.catalog)
    if snapshot is None:
        return CatalogChoices({})
    with catalog.open_catalog(snapshot) as opened:
        return CatalogChoices(opened.list_keys(MAX_LISTED_KEYS))
