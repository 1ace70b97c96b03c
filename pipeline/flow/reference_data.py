"""Loading and querying the product catalog and the account list.

    read -> check each cell -> look for contradictions -> a new snapshot

In: files of a price list or of customers, the path of a workspace.
Out: a `CatalogLoad`, snapshots, rows.
Never: loads a part of a list: a list with faults is not loaded at all, and the one in use stays.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

import pyarrow as pa

from pipeline import catalog
from pipeline.catalog import CHARGES, CUSTOMERS, CatalogInfo, Contradiction, Snapshot, SnapshotKind
from pipeline.errors import CatalogError, UsageError
from pipeline.flow.assess import build_read_limits, build_read_options
from pipeline.i18n import translate
from pipeline.issues import Findings, Issues
from pipeline.model.sheets import RawSheets, SourceFile
from pipeline.read import read_raw_sheets
from pipeline.read.files.api_answers import build_record_sheets, is_json, read_json_documents
from pipeline.report.issue_table import make_issue_table
from pipeline.result import CatalogLoad
from pipeline.settings import Settings, load_settings
from pipeline.targets import read_saved_list
from pipeline.validate import check_table
from pipeline.workspace import Workspace, open_workspace, prepare_workspace
from schemas.arrow.columns import decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.fields import Table
from schemas.notation.dates import DateNotation
from schemas.notation.numbers import NumberNotation

ListName = Literal["catalog", "accounts"]
"""The kinds of lists that can be loaded, as the commands are called."""
_KINDS: Mapping[ListName, SnapshotKind] = {"catalog": CHARGES, "accounts": CUSTOMERS}


def load_catalog(*files: str | Path, workspace: str | Path) -> CatalogLoad:
    """Load a price list as the product catalog; it counts from the next check or run.

    Args:
        files: CSV, workbook or Parquet, one row a charge and price; or saved answers (JSON) of a billing API.
        workspace: the folder that the catalog belongs to; made when it is not there.

    Raises:
        PipelineError: a file cannot be read, or the catalog cannot be written.
    """
    return load_list("catalog", files, workspace=workspace)


def load_accounts(*files: str | Path, workspace: str | Path) -> CatalogLoad:
    """Load a list of customers as the account list; it counts from the next check or run.

    Args:
        files: CSV, workbook or Parquet, one row an account; or saved answers (JSON) of a billing API.
        workspace: the folder that the list belongs to; made when it is not there.

    Raises:
        PipelineError: a file cannot be read, or the list cannot be written.
    """
    return load_list("accounts", files, workspace=workspace)


def load_list(name: ListName, files: Sequence[str | Path], *, workspace: str | Path) -> CatalogLoad:
    """Load a list of either kind; see `load_catalog` and `load_accounts`.

    Raises:
        PipelineError: a file cannot be read, or the list cannot be written.
    """
    kind = _KINDS[name]
    table = kind.table
    settings = load_settings({}, os.environ, open_workspace(workspace).settings)
    raw, issues, notation = _read_list([Path(path) for path in files], table, settings)
    sheet = raw.tables[table.name]
    frame, cell_issues = check_table(sheet, table, notation.dates, notation.numbers)
    issues += cell_issues
    snapshot, duplicates = None, 0
    if not any(issues.errors):
        rows = pa.table({str(field): decode_dictionary(arrow_column(frame[field])) for field in frame})
        folder = _get_folder(prepare_workspace(workspace), kind)
        loaded = catalog.build_snapshot(rows, folder, _merge_sources(raw.sources), kind)
        findings = [_make_finding(contradiction, table.name) for contradiction in loaded.contradictions]
        issues += Issues(tuple(findings))
        snapshot, duplicates = loaded.snapshot, len(loaded.duplicates)
    return CatalogLoad(snapshot, len(sheet), duplicates, make_issue_table(issues, raw, {table.name: table}))


class _ListNotation(NamedTuple):
    """How the files write dates and numbers as text."""

    dates: DateNotation
    numbers: NumberNotation


def _read_list(
    paths: Sequence[Path], table: Table, settings: Settings
) -> tuple[RawSheets, Issues, _ListNotation]:
    """Read sheets as people write them, or saved answers of an API.

    In the answers of an API numbers and dates have one notation, whatever the settings say.
    """
    json_flags = [is_json(path) for path in paths]
    if any(json_flags):
        if not all(json_flags):
            raise UsageError(
                translate("Saved answers (JSON) and sheets cannot be loaded together; load one kind.")
            )
        saved_answers = read_json_documents(paths, build_read_limits(settings))
        records = read_saved_list(
            table.name, [(document.source.name, document.content) for document in saved_answers]
        )
        notation = _ListNotation(DateNotation(), NumberNotation(allow_marks=False))
        return *build_record_sheets(saved_answers, records, table), notation
    raw, read_issues = read_raw_sheets(
        paths, {table.name: table}, build_read_limits(settings), options=build_read_options(settings)
    )
    numbers = NumberNotation(settings.decimal, allow_marks=False)  # the currency has a column of its own
    return raw, read_issues, _ListNotation(DateNotation(settings.date_format), numbers)


def _merge_sources(sources: Sequence[SourceFile]) -> SourceFile:
    """Return one source for several files: named by the first, hashed over their sorted hashes."""
    if len(sources) == 1:
        return sources[0]
    name = translate("{name} and {count} more", name=sources[0].name, count=str(len(sources) - 1))
    # sorted, so that the order in which files are given does not matter
    hashes = "".join(sorted(source.sha256 for source in sources))
    return SourceFile(name, sha256(hashes.encode()).hexdigest(), sum(source.size for source in sources))


def _get_folder(workspace: Workspace, kind: SnapshotKind) -> Path:
    return workspace.catalog if kind is CHARGES else workspace.accounts


_CONTRADICTION_CODES = {"identity": "E410", "validity": "E411", "key": "E412"}


def _make_finding(contradiction: Contradiction, table: str) -> Findings:
    """Return rows that contradict each other as an issue of the column in which they do."""
    facts = {"charge": contradiction.keys, "other": contradiction.other_values}
    return Findings(
        _CONTRADICTION_CODES[contradiction.kind],
        table,
        contradiction.field,
        contradiction.rows,
        contradiction.values,
        facts,
    )


def search_catalog(text: str, *, workspace: str | Path) -> pa.Table:
    """Return the rows of the catalog that a text may mean; see `Catalog.search`.

    Raises:
        CatalogError: no catalog is loaded, or it is damaged.
    """
    with catalog.open_catalog(_require_current(workspace)) as opened_catalog:
        return opened_catalog.search(text)


def get_catalog_info(sha256: str | None = None, *, workspace: str | Path) -> CatalogInfo:
    """Return what is in the catalog.

    Args:
        sha256: the beginning of the hash of a snapshot, as a run shows it; None means the one in use.
        workspace: the folder that the catalog belongs to.

    Raises:
        PipelineError: no catalog is loaded, there is none of that name, or it is damaged.
    """
    with catalog.open_catalog(_select_snapshot(sha256, CHARGES, workspace)) as opened_catalog:
        return opened_catalog.get_info()


def get_accounts_snapshot(sha256: str | None = None, *, workspace: str | Path) -> Snapshot:
    """Return the account list in use, or the one whose hash begins so; see `get_catalog_info`.

    Raises:
        PipelineError: no list is loaded, there is none of that name, or it is damaged.
    """
    return _select_snapshot(sha256, CUSTOMERS, workspace)


def list_loaded(name: ListName, *, workspace: str | Path) -> tuple[list[Snapshot], Snapshot | None]:
    """Return every list of one kind that was loaded, the oldest first, and the one in use.

    Raises:
        CatalogError: one is damaged.
    """
    kind = _KINDS[name]
    folder = _get_folder(open_workspace(workspace), kind)
    return catalog.list_snapshots(folder, kind), catalog.get_current_snapshot(folder, kind)


def _select_snapshot(sha256: str | None, kind: SnapshotKind, workspace: str | Path) -> Snapshot:
    if sha256 is None:
        return _require_current(workspace, kind)
    return catalog.find_snapshot(_get_folder(open_workspace(workspace), kind), sha256, kind)


def _require_current(workspace: str | Path, kind: SnapshotKind = CHARGES) -> Snapshot:
    snapshot = catalog.get_current_snapshot(_get_folder(open_workspace(workspace), kind), kind)
    if snapshot is None:
        raise CatalogError(
            translate("No {called} is loaded: {command}.", called=translate(kind.title), command=kind.command)
        )
    return snapshot
