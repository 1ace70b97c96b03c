"""The short line: a price list becomes the product catalog, a list of customers the account list.

    read -> check each cell -> look for contradictions -> a new snapshot

A list is loaded whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from pipeline import catalog
from pipeline.catalog import CHARGES, CUSTOMERS, CatalogInfo, Contradiction, Shape, Snapshot
from pipeline.config import Settings, settings
from pipeline.errors import CatalogError, UsageError
from pipeline.flow.prepare import declared, limits
from pipeline.issues import Findings, Issues
from pipeline.language import say
from pipeline.model import RawSheets, Source
from pipeline.read import read
from pipeline.read.documents import documents, is_json, tabled
from pipeline.report.issue_table import issue_table
from pipeline.result import CatalogLoad
from pipeline.targets import listed
from pipeline.validate import check_table
from pipeline.workspace import Workspace, existing, prepared
from schemas.columns import cells_of, plain
from schemas.dates import DateFormat
from schemas.fields import Table
from schemas.numbers import NumberFormat


def load_catalog(*files: str | Path, workspace: str | Path) -> CatalogLoad:
    """Load a price list as the product catalog; it counts from the next check or run.

    Args:
        files: CSV, workbook or Parquet, one row a charge and price; or saved answers (JSON) of a billing API.
        workspace: the folder that the catalog belongs to; made when it is not there.

    Raises:
        PipelineError: a file cannot be read, or the catalog cannot be written.
    """
    return _load(files, CHARGES, workspace)


def load_accounts(*files: str | Path, workspace: str | Path) -> CatalogLoad:
    """Load a list of customers as the account list; it counts from the next check or run.

    Args:
        files: CSV, workbook or Parquet, one row an account; or saved answers (JSON) of a billing API.
        workspace: the folder that the list belongs to; made when it is not there.

    Raises:
        PipelineError: a file cannot be read, or the list cannot be written.
    """
    return _load(files, CUSTOMERS, workspace)


def _load(files: Sequence[str | Path], shape: Shape, workspace: str | Path) -> CatalogLoad:
    table = shape.table
    chosen = settings({}, os.environ, existing(workspace).settings)
    raw, issues, written = _read([Path(each) for each in files], table, chosen)
    sheet = raw.tables[table.name]
    frame, faults = check_table(sheet, table, written.dates, written.numbers)
    issues += faults
    snapshot, duplicates = None, 0
    if not any(issues.errors):
        rows = pa.table({str(name): plain(cells_of(frame[name])) for name in frame})
        load = catalog.build(rows, _folder(prepared(workspace), shape), _together(raw.sources), shape)
        issues += Issues(tuple(_finding(each, table.name) for each in load.contradictions))
        snapshot, duplicates = load.snapshot, len(load.duplicates)
    return CatalogLoad(snapshot, len(sheet), duplicates, issue_table(issues, raw, {table.name: table}))


class _Written(NamedTuple):
    """How the texts of the files write dates and numbers."""

    dates: DateFormat
    numbers: NumberFormat


def _read(paths: Sequence[Path], table: Table, chosen: Settings) -> tuple[RawSheets, Issues, _Written]:
    """Sheets as people write them, or answers of an API, in which no setting says how a number is written."""
    answers = [is_json(each) for each in paths]
    if any(answers):
        if not all(answers):
            raise UsageError(say("Saved answers (JSON) and sheets cannot be loaded together; load one kind."))
        known = documents(paths, limits(chosen))
        records = listed(table.name, [(each.source.name, each.content) for each in known])
        return *tabled(known, records, table), _Written(DateFormat(), NumberFormat(marks=False))
    raw, unread = read(paths, {table.name: table}, limits(chosen), declared=declared(chosen))
    numbers = NumberFormat(chosen.decimal, marks=False)  # a price's currency has a column of its own
    return raw, unread, _Written(DateFormat(chosen.date_format), numbers)


def _together(sources: Sequence[Source]) -> Source:
    """Where the rows come from, as one: several files are named by the first, and hashed by their hashes."""
    if len(sources) == 1:
        return sources[0]
    name = say("{name} and {count} more", name=sources[0].name, count=str(len(sources) - 1))
    hashes = "".join(sorted(each.sha256 for each in sources))
    return Source(name, sha256(hashes.encode()).hexdigest(), sum(each.size for each in sources))


def _folder(place: Workspace, shape: Shape) -> Path:
    return place.catalog if shape is CHARGES else place.accounts


_CODES = {"identity": "E410", "validity": "E411", "key": "E412"}


def _finding(clash: Contradiction, table: str) -> Findings:
    """Rows that contradict each other, as an issue of the column in which they do."""
    facts = {"charge": clash.of, "other": clash.other_values}
    return Findings(_CODES[clash.kind], table, clash.field, clash.rows, clash.values, facts)


def search_catalog(text: str, *, workspace: str | Path) -> pa.Table:
    """Rows of the catalog that a text may mean; see `Catalog.search`.

    Raises:
        CatalogError: no catalog is loaded, or it is damaged.
    """
    with catalog.opened(_in_use(workspace)) as opened:
        return opened.search(text)


def catalog_info(sha256: str | None = None, *, workspace: str | Path) -> CatalogInfo:
    """What is in the catalog.

    Args:
        sha256: the beginning of the hash of a snapshot, as a run shows it; None means the one in use.
        workspace: the folder that the catalog belongs to.

    Raises:
        PipelineError: no catalog is loaded, there is none of that name, or it is damaged.
    """
    with catalog.opened(_snapshot(sha256, CHARGES, workspace)) as opened:
        return opened.info()


def accounts_info(sha256: str | None = None, *, workspace: str | Path) -> Snapshot:
    """What is in the account list; see `catalog_info`.

    Raises:
        PipelineError: no list is loaded, there is none of that name, or it is damaged.
    """
    return _snapshot(sha256, CUSTOMERS, workspace)


def list_catalogs(*, workspace: str | Path) -> tuple[list[Snapshot], Snapshot | None]:
    """Every catalog that was loaded, the oldest first, and the one in use.

    Raises:
        CatalogError: one is damaged.
    """
    return _list(CHARGES, workspace)


def list_accounts(*, workspace: str | Path) -> tuple[list[Snapshot], Snapshot | None]:
    """Every account list that was loaded; see `list_catalogs`.

    Raises:
        CatalogError: one is damaged.
    """
    return _list(CUSTOMERS, workspace)


def _list(shape: Shape, workspace: str | Path) -> tuple[list[Snapshot], Snapshot | None]:
    folder = _folder(existing(workspace), shape)
    return catalog.known(folder, shape), catalog.current(folder, shape)


def _snapshot(sha256: str | None, shape: Shape, workspace: str | Path) -> Snapshot:
    if sha256 is None:
        return _in_use(workspace, shape)
    return catalog.named(_folder(existing(workspace), shape), sha256, shape)


def _in_use(workspace: str | Path, shape: Shape = CHARGES) -> Snapshot:
    snapshot = catalog.current(_folder(existing(workspace), shape), shape)
    if snapshot is None:
        raise CatalogError(
            say("No {called} is loaded: {command}.", called=say(shape.called), command=shape.command)
        )
    return snapshot
