"""A line of its own: settings -> target -> tables -> files to fill.

Input: the settings in effect, and the catalog in use. Output: a workbook, or for each table a CSV file; each with
an example row, which the reader recognises and ignores. Everything is told by the declarations; it never states
a limit, and never writes over a file that is there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pipeline import catalog
from pipeline.config import Settings, settings
from pipeline.errors import UsageError, WorkspaceError
from pipeline.language import say, speaking
from pipeline.targets import of
from pipeline.template.fields import csv_text, fields_text, limits
from pipeline.template.mirrors import Habits
from pipeline.template.target_page import target_page
from pipeline.template.workbook import MOST_LISTED, Offer, workbook
from pipeline.workspace import Workspace, existing
from schemas.edition import edition
from schemas.fields import Table
from schemas.tables import TABLES

__all__ = [
    "csv_text", "fields_text", "limits", "tables_of", "target_page", "template_for", "workbook_of",
    "write_template",
]  # fmt: skip


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
    own = existing(workspace)
    chosen = settings({"target": target, "language": language}, os.environ, own.settings)
    place = Path(place)
    if place.suffix.lower() == ".xlsx":
        with speaking(chosen.language):
            return _written({place: template_for(chosen, own)}, place.parent)
    texts = {place / f"{name}.csv": csv_text(each).encode() for name, each in tables_of(chosen).items()}
    return _written(texts, place)


def _written(contents: Mapping[Path, bytes], folder: Path) -> list[Path]:
    for path in contents:
        if path.exists():
            raise UsageError(say("{path} exists already; name another place with -o.", path=str(path)))
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in contents.items():
            with path.open("xb") as file:
                made.append(path)
                file.write(data)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        said = say("The template cannot be written to {folder}: {reason}.", folder=str(folder), reason=reason)
        raise WorkspaceError(said) from error
    return made


def tables_of(chosen: Settings) -> Mapping[str, Table]:
    """The tables as the target of the settings takes them, custom fields included, by name."""
    return of(chosen).projection(chosen).bind(TABLES, chosen.custom_fields)


def workbook_of(chosen: Settings, offer: Offer | None = None) -> bytes:
    """The workbook of the settings' target.

    Args:
        chosen: the settings.
        offer: what drops down from the catalog; None for nothing.
    """
    target, tables = of(chosen), tables_of(chosen)
    rules = target.projection(chosen).rules
    habits = Habits(chosen.default_currency, chosen.amount_tolerance, chosen.allow_negative_items)
    if chosen.amount_mismatch == "warning":  # it would not be refused, so it does not turn red
        rules = tuple(each for each in rules if each != "E304")
    name = edition(target.name, tables)
    return workbook(target.title, name, tables, rules, offer or Offer({}), habits)


def template_for(chosen: Settings, own: Workspace) -> bytes:
    """The workbook of the settings' target, with lists of the workspace's catalog.

    Args:
        chosen: the settings.
        own: the workspace.
    """
    return workbook_of(chosen, _offer(own))


def _offer(own: Workspace) -> Offer:
    """SKUs and charge ids of the catalog in use."""
    snapshot = catalog.current(own.catalog)
    if snapshot is None:
        return Offer({})
    with catalog.opened(snapshot) as opened:
        return Offer(opened.listed(MOST_LISTED))
