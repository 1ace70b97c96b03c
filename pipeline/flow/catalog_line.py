"""The short line: a price list becomes the product catalog.

    read -> check each cell -> look for contradictions -> a new snapshot

A price list is loaded whole or not at all.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa

from pipeline import catalog
from pipeline.catalog import CatalogInfo, Contradiction, Snapshot
from pipeline.config import settings
from pipeline.errors import CatalogError
from pipeline.flow.prepare import limits
from pipeline.issues import Findings, Issues
from pipeline.read import read
from pipeline.report.issue_table import issue_table
from pipeline.result import CatalogLoad
from pipeline.validate import check_table
from pipeline.workspace import existing, prepared
from schemas.catalog import CATALOG
from schemas.columns import cells_of, plain
from schemas.kinds import DateFormat


def load_catalog(file: str | Path, *, workspace: str | Path) -> CatalogLoad:
    """Load a price list as the product catalog; it counts from the next check or run.

    Args:
        file: CSV or workbook, one row a charge and price.
        workspace: the folder that the catalog belongs to; made when it is not there.

    Raises:
        PipelineError: the file cannot be read, or the catalog cannot be written.
    """
    chosen = settings({}, os.environ, existing(workspace).settings)
    raw, unread = read([Path(file)], {CATALOG.name: CATALOG}, limits(chosen))
    sheet = raw.tables[CATALOG.name]
    frame, faults = check_table(sheet, CATALOG, DateFormat(chosen.date_format))
    issues = unread + faults
    snapshot, duplicates = None, 0
    if not any(issues.errors):
        table = pa.table({str(name): plain(cells_of(frame[name])) for name in frame})
        load = catalog.build(table, prepared(workspace).catalog, raw.sources[0])
        issues += Issues(tuple(_finding(each) for each in load.contradictions))
        snapshot, duplicates = load.snapshot, len(load.duplicates)
    return CatalogLoad(snapshot, len(sheet), duplicates, issue_table(issues, raw, {CATALOG.name: CATALOG}))


def _finding(clash: Contradiction) -> Findings:
    """Rows that contradict each other, as an issue of the column in which they do."""
    return Findings(
        "E410" if clash.kind == "identity" else "E411",
        CATALOG.name,
        clash.field,
        clash.rows,
        clash.values,
        {"charge": clash.charges, "other": clash.other_values},
    )


def search_catalog(text: str, *, workspace: str | Path) -> pa.Table:
    """Rows of the catalog that a text may mean; see `Catalog.search`.

    Raises:
        CatalogError: no catalog is loaded, or it is damaged.
    """
    with catalog.opened(_in_use(workspace)) as opened:
        return opened.search(text)


def catalog_info(*, workspace: str | Path) -> CatalogInfo:
    """What is in the catalog.

    Raises:
        CatalogError: no catalog is loaded, or it is damaged.
    """
    with catalog.opened(_in_use(workspace)) as opened:
        return opened.info()


def _in_use(workspace: str | Path) -> Snapshot:
    snapshot = catalog.current(existing(workspace).catalog)
    if snapshot is None:
        raise CatalogError("No catalog is loaded: invoice-import catalog load FILE.")
    return snapshot
